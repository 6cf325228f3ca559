"""Real clients in front of a proxy that ends TLS and begins it anew, with verification on: node, redis-cli, and gRPC by ALPN."""
import contextlib
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.integration.test_tls import tls_redis
from tests.support.hosting import hosted, spec_for
from tests.support.processes import HOST, program
from tests.support.servers import nginx_server
from tests.support.tls import certificates
from tests.support.unit_of_time import PATIENCE
from vaurien.spec import BehaviorSpec

LONG = b'0123456789abcdef' * 65536      # 1 MiB
NODE = """
const https = require('https');
const agent = new https.Agent({keepAlive: true, maxSockets: 2});
const ask = (path) => new Promise((resolve, reject) => https.get({host: 'localhost', port: PORT, path, agent}, (response) => {
    let size = 0;
    response.on('data', (data) => { size += data.length; });
    response.on('end', () => resolve(`${response.statusCode} ${size}`));
}).on('error', (error) => resolve(error.code)));
Promise.all(['/large', '/large', '/doomed', '/'].map(ask)).then((all) => { console.log(all.join(',')); agent.destroy(); });
"""


@contextlib.contextmanager
def through(address, **fields):
    """Run a proxy with TLS on both sides."""
    with hosted(spec_for(f'tls://{address}', **{'proxy': f'tls://{HOST}:0', **certificates().both, **fields})) as host:
        yield host
        host.wait_idle()


def said(command, **environ):
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, env=environ or None, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_node_verifies_keeps_its_connections_and_is_failed():
    error = (BehaviorSpec(name='error', settings={'kind': '503', 'match': '^GET /doomed$'}),)
    with nginx_server(files=certificates().files) as server:
        (server.folder / 'www' / 'large').write_bytes(LONG)
        with through(server.address, mix=error, protocol='http') as host:
            script = NODE.replace('PORT', str(host.port))
            found = said([program('node'), '-e', script], NODE_EXTRA_CA_CERTS=certificates().ca)
            assert found.split(',')[:3] == [f'200 {len(LONG)}', f'200 {len(LONG)}', found.split(',')[2]]
            assert found.split(',')[2].startswith('503 ')
            assert host.proxy.stats.accepted <= 3   # the one that met the error was closed
            assert said([program('node'), '-e', script]).split(',')[0] == 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'


def test_redis_cli_sends_masses(tmp_path):
    with tls_redis(tmp_path) as address, through(address, protocol='redis') as host:
        cli = [program('redis-cli'), '--tls', '--cacert', certificates().ca, '-h', 'localhost', '-p', str(host.port)]
        masses = '\n'.join(f'SET mass{number} {"x" * number}' for number in range(1, 1001))
        done = subprocess.run([*cli, '--pipe'], input=masses.replace('\n', '\r\n') + '\r\n', capture_output=True, text=True,
                              timeout=PATIENCE, check=True)
        assert 'errors: 0, replies: 1000' in done.stdout
        assert said([*cli, 'STRLEN', 'mass999']) == '999\n'


def test_grpc_gets_its_alpn_and_speaks_http_2_through_a_proxy_that_reads_bytes():
    grpc = pytest.importorskip('grpc', reason='there is no grpcio in this environment')

    class Echo(grpc.GenericRpcHandler):
        def service(self, details):
            return grpc.unary_unary_rpc_method_handler(lambda request, context: request)

    files = [Path(path).read_bytes() for path in (certificates().key, certificates().cert, certificates().ca)]
    server = grpc.server(ThreadPoolExecutor(2), handlers=[Echo()])
    port = server.add_secure_port(f'{HOST}:0', grpc.ssl_server_credentials([(files[0], files[1])]))
    server.start()
    try:
        with through(f'{HOST}:{port}') as host, grpc.secure_channel(
                f'localhost:{host.port}', grpc.ssl_channel_credentials(files[2]), [('grpc.enable_http_proxy', 0)]) as channel:
            call = channel.unary_unary('/echo.Echo/Say')
            for message in (b'', b'hello', LONG):
                assert call(message, timeout=PATIENCE) == message
        with through(f'{HOST}:{port}', mix=(BehaviorSpec(name='blackout'),)) as host, grpc.secure_channel(
                f'localhost:{host.port}', grpc.ssl_channel_credentials(files[2]), [('grpc.enable_http_proxy', 0)]) as channel:
            with pytest.raises(grpc.RpcError) as caught:
                channel.unary_unary('/echo.Echo/Say')(b'hello', timeout=PATIENCE)
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    finally:
        server.stop(0).wait(PATIENCE)
