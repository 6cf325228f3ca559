"""TLS on either side of a proxy, as users ask for it: command line, file and HTTP, with real clients and real servers."""
import contextlib
import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from tests.support.daemon import daemon, run_to_end
from tests.support.hosting import Hosted, eventually, hosted, spec_for
from tests.support.peers import Backend, connect, echo, ending, fate, free_port, read_exactly, read_to_end
from tests.support.processes import HOST
from tests.support.tls import Talk, certificates, client_context, server_context
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.client import Client
from vaurien.net.tls.contexts import FILES
from vaurien.spec import BehaviorSpec, ToxicSpec
from vaurien.testing import Daemon

LONG = bytes(range(256)) * 4096 * 8     # 8 MiB
SIDES = {'neither': ('', ''), 'client': ('tls://', ''), 'backend': ('', 'tls://'), 'both': ('tls://', 'tls://')}


def inside(handler: Any, context: ssl.SSLContext) -> Any:
    """Make of a handler one that speaks TLS."""
    def handle(sock: socket.socket) -> None:
        with contextlib.suppress(ssl.SSLError), context.wrap_socket(sock, server_side=True) as wrapped:
            handler(wrapped)
    return handle


@contextlib.contextmanager
def tls_echo(context: ssl.SSLContext | None = None) -> Iterator[Backend]:
    with Backend(inside(echo, context or server_context())) as backend:
        yield backend


@contextlib.contextmanager
def proxied(backend: Any, sides: tuple[str, str] = SIDES['both'], mix: Any = '', **fields: Any) -> Iterator[Hosted]:
    """Run a proxy with TLS on the sides whose prefix says so."""
    with hosted(spec_for(sides[1] + backend.address, mix, **{'proxy': f'{sides[0]}127.0.0.1:0', **certificates().both,
                                                            **fields})) as host:
        yield host


@contextlib.contextmanager
def client_of(port: int, name: str = 'localhost', context: ssl.SSLContext | None = None) -> Iterator[ssl.SSLSocket]:
    with connect(port) as sock, (context or client_context()).wrap_socket(sock, server_hostname=name) as wrapped:
        yield wrapped


class Clear:
    """A conversation without TLS."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    def ask(self, data: bytes) -> bytes:
        sender = threading.Thread(target=self.sock.sendall, args=(data,))
        sender.start()
        found = read_exactly(self.sock, len(data))
        sender.join()
        return found


# -- what passes

@pytest.mark.parametrize('sides', SIDES)
def test_bulk_and_single_bytes_pass_whichever_side_speaks_tls(sides):
    prefixes = SIDES[sides]
    backend = tls_echo() if prefixes[1] else Backend(echo)
    with backend as server, proxied(server, prefixes) as host:
        with connect(host.port) as sock:
            talk = Talk(sock, client_context(), 'localhost') if prefixes[0] else Clear(sock)
            for byte in b'single bytes':
                assert talk.ask(bytes((byte,))) == bytes((byte,))
            assert talk.ask(LONG) == LONG
        host.wait_idle()


def test_bulk_passes_while_nobody_reads_for_a_while():
    def slow(sock):
        time.sleep(100 * MS)
        assert read_exactly(sock, len(LONG)) == LONG
        sock.sendall(LONG)
    with Backend(inside(slow, server_context())) as server, proxied(server) as host, client_of(host.port) as client:
        client.sendall(LONG)
        time.sleep(100 * MS)
        assert read_exactly(client, len(LONG)) == LONG


@pytest.mark.parametrize('version', ['1.2', '1.3'])
def test_the_version_is_the_one_that_is_allowed(version):
    with tls_echo() as server, proxied(server, tls_min=version, tls_max=version) as host, client_of(host.port) as client:
        assert client.version() == f'TLSv{version}'


def test_a_version_that_is_not_allowed_is_refused_with_an_alert():
    old = client_context()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with tls_echo() as server, proxied(server, tls_min='1.3') as host:
        with pytest.raises(ssl.SSLError, match='PROTOCOL_VERSION'), client_of(host.port, context=old):
            pass
        eventually(lambda: host.proxy.empty, 'its end')


def test_a_session_is_resumed_with_its_ticket():
    context = client_context()
    with tls_echo() as server, proxied(server) as host:
        with connect(host.port) as sock, context.wrap_socket(sock, server_hostname='localhost') as first:
            first.sendall(b'x')
            assert first.recv(1) == b'x'    # the ticket has come before it
            ticket = first.session
        with connect(host.port) as sock, context.wrap_socket(sock, server_hostname='localhost', session=ticket) as second:
            assert second.session_reused


def test_toxics_and_behaviors_work_inside():
    toxics = (ToxicSpec(type='slicer', attributes={'average_size': 1000}), ToxicSpec(type='latency', stream='upstream',
                                                                                     attributes={'latency': 1}))
    with tls_echo() as server, proxied(server, toxics=toxics) as host, client_of(host.port) as client:
        client.sendall(LONG[:200_000])
        assert read_exactly(client, 200_000) == LONG[:200_000]
    abort = (BehaviorSpec(name='abort'),)
    with tls_echo() as server, proxied(server, mix=abort) as host, connect(host.port) as sock:
        talk = Talk(sock, client_context(), 'localhost')    # SSLSocket of Python 3.11 takes a reset for an end
        talk.send(b'x')
        assert talk.read_to_end() == (b'', 'RST')
        eventually(lambda: host.proxy.empty, 'its end')
        assert sum(host.proxy.stats.faults.values()) == 1


# -- in step with the backend

@pytest.mark.parametrize('offered, known, chosen', [
    (['h2', 'http/1.1'], ['http/1.1'], 'http/1.1'), (['h2', 'http/1.1'], ['h2', 'http/1.1'], 'h2'), (['h2'], ['h3'], None)])
def test_name_and_protocols_reach_the_backend_and_its_choice_the_client(offered, known, chosen):
    names: list[Any] = []
    context, asking = server_context(), client_context()
    context.set_alpn_protocols(known)
    context.sni_callback = lambda tls, name, _: names.append(name)
    asking.set_alpn_protocols(offered)
    asking.check_hostname = False
    with tls_echo(context) as server, proxied(server, tls_verify=False) as host:
        with client_of(host.port, 'other.example', asking) as client:
            assert client.selected_alpn_protocol() == chosen
        host.wait_idle()
    assert names == ['other.example']


def test_a_client_hello_in_single_bytes_is_understood():
    class Slow(Talk):
        def _flush(self):
            if self.sock.getpeername() and (data := self._out.read()):
                for byte in data:
                    self.sock.sendall(bytes((byte,)))
    with tls_echo() as server, proxied(server) as host, connect(host.port) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        talk = Slow(sock, client_context(), 'localhost')
        talk.send(b'hello')
        assert talk.read_exactly(5) == b'hello'


# -- what goes wrong

def reasons(caplog: pytest.LogCaptureFixture) -> str:
    return '\n'.join(record.getMessage() for record in caplog.records if record.levelname == 'WARNING')


@pytest.mark.parametrize('fields, words', [
    ({'tls_backend_ca': ''}, 'certificate verify failed: unable to get local issuer certificate'),
    ({'tls_server_name': 'other.example'}, "certificate verify failed: Hostname mismatch, certificate is not valid for "
                                           "'other.example'.")])
@pytest.mark.parametrize('sides', ['backend', 'both'])
def test_a_client_is_reset_where_the_backends_certificate_does_not_verify_and_a_warning_says_why(caplog, sides, fields, words):
    with tls_echo() as server, proxied(server, SIDES[sides], **fields) as host:
        for _ in range(3):
            with connect(host.port) as sock:
                if SIDES[sides][0]:
                    with pytest.raises(ConnectionResetError):
                        Talk(sock, client_context(), 'localhost')
                else:
                    assert ending(sock) == 'RST'
        eventually(lambda: host.proxy.empty, 'their end')
        assert host.proxy.stats.backend_errors == 3
    assert reasons(caplog).count(words) == 1


def test_a_backend_that_is_not_verified_is_not_looked_at():
    fields = {'tls_backend_ca': '', 'tls_verify': False}
    with tls_echo() as server, proxied(server, SIDES['backend'], **fields) as host, connect(host.port) as client:
        client.sendall(b'hello')
        assert read_exactly(client, 5) == b'hello'


def test_certificates_are_asked_for_and_shown():
    files, asking = certificates(), server_context()
    asking.verify_mode = ssl.CERT_REQUIRED
    asking.load_verify_locations(files.ca)
    ours = {'tls_client_ca': files.ca, 'tls_backend_cert': files.cert, 'tls_backend_key': files.key}
    showing = client_context()
    showing.load_cert_chain(files.cert, files.key)
    with tls_echo(asking) as server, proxied(server, **ours) as host:
        with client_of(host.port, context=showing) as client:
            client.sendall(b'hello')
            assert read_exactly(client, 5) == b'hello'
        context = client_context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2    # where it is told of it in the handshake
        with pytest.raises(ssl.SSLError, match='HANDSHAKE_FAILURE'), client_of(host.port, context=context):
            pass


@pytest.mark.parametrize('sent', [
    b'', b'\x16', b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', b'\x16\x03\x01\x40\x00'], ids=str)
def test_a_handshake_that_does_not_go_on_ends_after_the_timeout(sent):
    with tls_echo() as server, proxied(server, timeout=200 * MS) as host, connect(host.port) as sock:
        sock.sendall(sent)
        assert ending(sock) == 'RST'
        eventually(lambda: host.proxy.empty, 'its end')
        assert server.accepted == []


def test_a_backend_that_says_nothing_to_the_handshake_is_given_up_after_the_timeout(caplog):
    with Backend(read_to_end) as server, proxied(server, SIDES['backend'], timeout=200 * MS) as host:
        assert fate(host.port) == 'RST'
        eventually(lambda: host.proxy.stats.backend_errors == 1, 'its count')
    assert 'no TLS handshake within' in reasons(caplog)


@pytest.mark.parametrize('sent', [b'GET / HTTP/1.1\r\n\r\n', b'\x00' * 100, b'\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03'], ids=str)
def test_what_is_no_client_hello_ends_its_own_connection_and_reaches_no_backend(sent, caplog):
    with tls_echo() as server, proxied(server) as host:
        with connect(host.port) as sock, client_of(host.port) as other:
            sock.sendall(sent)
            assert ending(sock) == 'FIN'
            other.sendall(b'hello')
            assert read_exactly(other, 5) == b'hello'
        assert len(server.accepted) == 1
    assert 'no TLS with the client' in reasons(caplog)


def test_a_broken_record_in_the_midst_is_told_by_an_alert_and_ends_its_session_alone():
    with tls_echo() as server, proxied(server) as host, client_of(host.port) as other:
        with connect(host.port) as sock:
            talk = Talk(sock, client_context(), 'localhost')
            talk.send(b'hello')
            assert talk.read_exactly(5) == b'hello'
            sock.sendall(b'\x17\x03\x03\x00\x20' + bytes(32))
            with pytest.raises(ssl.SSLError, match='ALERT_BAD_RECORD_MAC'):
                talk.read_to_end()
        other.sendall(b'hello')
        assert read_exactly(other, 5) == b'hello'
        assert host.proxy.stats.handler_errors == 0


def test_clients_in_the_midst_of_their_handshakes_count_and_end_with_the_proxy():
    with tls_echo() as server, proxied(server, max_connections=2) as host, connect(host.port) as one, connect(host.port) as two:
        eventually(lambda: len(host.proxy.arrivals) == 2, 'two clients')
        assert fate(host.port) == 'RST'
        host.change(enabled=False)
        assert [ending(one), ending(two)] == ['RST', 'RST']


def test_half_open_handshakes_leave_nothing():
    with tls_echo() as server, proxied(server, timeout=300 * MS) as host:
        with client_of(host.port) as client:
            client.sendall(b'x')
            assert client.recv(1) == b'x'
        host.wait_idle()
        before = host.state()
        with contextlib.ExitStack() as stack:
            socks = [stack.enter_context(connect(host.port)) for _ in range(100)]
            for number, sock in enumerate(socks):
                sock.sendall(b'\x16\x03\x01\x02\x00'[:number % 6])
            eventually(lambda: host.proxy.stats.accepted == 101, 'all of them')
            eventually(lambda: host.proxy.empty, 'their end')
        after = host.state()
        assert (after['fds'], after['watchers']) == (before['fds'], before['watchers'])


# -- how it is asked for

@pytest.mark.parametrize('argv, line', [
    (['--tls-cert', '/no/such'], "--tls-cert: '/no/such' is not valid, expected a file with a certificate in PEM, "
                                 "but: No such file or directory"),
    (['--tls-backend-ca', '/no/such'], "--tls-backend-ca: '/no/such' is not valid, expected a file with certificates of "
                                       "authorities in PEM, but: No such file or directory"),
    (['--tls-min', '1.1'], "--tls-min: '1.1' is not valid, expected one of 1.2, 1.3"),
    (['--tls-min', '1.3', '--tls-max', '1.2'], "--tls-min: '1.3' is not valid, expected at most 1.2, which is the greatest one"),
    (['--tls-server-name', '.x'], "--tls-server-name: '.x' is not valid, expected the name of a host"),
    (['--http-host', 'tls://x'], "--http-host: 'tls://x' is not valid, expected a host name or an address"),
])
def test_a_wrong_value_is_one_line_and_status_2(argv, line):
    done = run_to_end(*argv)
    assert (done.returncode, done.stdout, done.stderr) == (2, '', f'vaurien: {line}\n')


def test_a_file_says_it_for_each_of_its_proxies(tmp_path):
    files = certificates()
    with tls_echo() as server:
        (tmp_path / 'chaos.ini').write_text(
            f'[vaurien]\nproxy = 127.0.0.1:0\nbackend = tls://{server.address}\ntls_backend_ca = {files.ca}\n'
            f'[proxy:other]\nproxy = tls://127.0.0.1:0\nbackend = {server.address}\ntls-cert = {files.cert}\n'
            f'tls-key = {files.key}\n')
        with daemon('--config', 'chaos.ini', cwd=tmp_path) as running:
            running.wait_for('vaurien: proxy .* listening', 2)
            (_, first), (_, second) = running.proxies.values()
            with connect(first) as client:
                client.sendall(b'hello')
                assert read_exactly(client, 5) == b'hello'
            with client_of(second) as outer, contextlib.suppress(OSError):
                outer.sendall(b'no TLS')
                assert not outer.recv(10).startswith(b'no TLS')
        (tmp_path / 'chaos.ini').write_text(
            f'[proxy:other]\nproxy = tls://127.0.0.1:0\ntls_cert = {files.cert}\ntls_key = /no\n')
        done = run_to_end('--config', 'chaos.ini', cwd=tmp_path)
        assert done.returncode == 2
        assert done.stderr.startswith("vaurien: chaos.ini [proxy:other] tls_key: '/no' is not valid, expected a file with a")


def test_it_is_said_and_changed_over_http_with_the_files_of_the_command_line():
    files = certificates()
    flags = [f'--{name.replace("_", "-")}={value}' for name, value in files.both.items()]
    with tls_echo() as server, daemon('--http', '--http-port', '0', *flags) as running:
        running.wait_for('control server on')
        host, _, port = running.control.removeprefix('http://').rpartition(':')
        control = Client(host, int(port))
        made = control.create('inside', backend=f'tls://{server.address}', proxy='tls://127.0.0.1:0')
        assert (made['proxy'], made['backend']) == ('tls://127.0.0.1:0', f'tls://{server.address}')
        assert (made['tls_cert'], made['tls_verify']) == (files.cert, True)
        with client_of(int(made['address'].rpartition(':')[2])) as client:
            client.sendall(b'hello')
            assert read_exactly(client, 5) == b'hello'
            control.change('inside', mix='100:delay', settings={'delay': {'sleep': 0.001}})
            client.sendall(b'still')
            assert read_exactly(client, 5) == b'still'
        with connect(server.port), pytest.raises(ValueError, match='tls_min'):
            control.change('inside', tls_min='1.3', tls_max='1.2')
        assert 'PRIVATE KEY' not in json.dumps(control.show('inside'))


@pytest.mark.parametrize('field', FILES)
def test_no_request_names_a_file(daemon: Daemon, field):
    with pytest.raises(ValueError, match=field):
        daemon.client.create('inside', backend='tls://127.0.0.1:1', **{field: certificates().cert})


# -- real ones

@contextlib.contextmanager
def tls_redis(folder: Any) -> Iterator[str]:
    program = shutil.which('redis-server')
    if program is None:
        pytest.skip('redis-server is not installed')
    files, path = certificates(), folder / 'port'
    port = free_port()
    process = subprocess.Popen([program, '--port', '0', '--tls-port', str(port), '--tls-cert-file', files.cert, '--tls-key-file',
                                files.key, '--tls-ca-cert-file', files.ca, '--tls-auth-clients', 'no', '--save', '', '--bind',
                                HOST, '--dir', str(path.parent)], stdout=subprocess.DEVNULL)
    try:
        def answers() -> bool:
            with contextlib.suppress(OSError):
                connect(port).close()
                return True
            return False
        eventually(answers, 'redis-server')
        yield f'{HOST}:{port}'
    finally:
        process.terminate()
        process.wait(PATIENCE)


def test_redis_inside_tls_on_both_sides(tmp_path):
    error = (BehaviorSpec(name='error', settings={'kind': 'readonly', 'match': '^SET doomed$'}),)
    with tls_redis(tmp_path) as address, hosted(spec_for(f'tls://{address}', error, proxy='tls://127.0.0.1:0', protocol='redis',
                                                         **certificates().both)) as host:
        with redis.Redis('localhost', host.port, ssl=True, ssl_ca_certs=certificates().ca, retry=None) as client:
            assert client.set('big', LONG)
            assert client.get('big') == LONG
            with client.pipeline(transaction=False) as pipe:
                for number in range(500):
                    pipe.set(f'key{number}', number)
                assert pipe.execute() == [True] * 500
            with pytest.raises(redis.exceptions.ReadOnlyError):
                client.set('doomed', 1)
        done = subprocess.run(['redis-cli', '--tls', '--cacert', certificates().ca, '-h', 'localhost', '-p', str(host.port),
                               'get', 'key7'], capture_output=True, text=True, check=True)
        assert done.stdout == '7\n'


@pytest.mark.skipif(shutil.which('curl') is None, reason='curl is not installed')
def test_curl_verifies_and_is_failed_inside_tls():
    error = (BehaviorSpec(name='error', settings={'kind': '503', 'match': '^GET /doomed$'}),)
    with hosted(spec_for('embedded', error, proxy='tls://127.0.0.1:0', protocol='http', **certificates().ours)) as host:
        def curl(path: str) -> str:
            command = ['curl', '-sS', '--noproxy', '*', '--cacert', certificates().ca, '-w', '%{http_code} %{http_version}']
            return subprocess.run([*command, '-o', '/dev/null', f'https://localhost:{host.port}{path}'],
                                  capture_output=True, text=True, check=True).stdout
        assert curl('/') == '200 1.1'
        assert curl('/doomed') == '503 1.1'


# -- no certificate needed

def test_without_what_the_extra_brings_a_proxy_says_what_there_is_to_do(tmp_path, monkeypatch):
    (tmp_path / 'cryptography.py').write_text('raise ImportError("it is not there")')
    monkeypatch.setenv('PYTHONPATH', str(tmp_path))
    done = run_to_end('--proxy', 'tls://localhost:0')
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr == ("vaurien: --proxy: 'tls://localhost:0' is not valid, expected a certificate beside it, as --tls-cert; "
                           "without one: certificates of vaurien's own need what vaurien[tls] brings: pip install "
                           '"vaurien[tls]"\n')


def trusting(certificate: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate)


def test_a_proxy_without_a_certificate_is_believed_for_every_name_by_those_who_trust_its_authority(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_DATA_HOME', str(tmp_path))
    with Backend(echo) as backend, daemon('--proxy', 'tls://localhost:0', '--backend', backend.address) as running:
        context = trusting(str(tmp_path / 'vaurien' / 'ca' / 'ca.pem'))
        for name in ('localhost', '127.0.0.1', 'api.example', 'API.Example'):
            with client_of(running.port, name, context) as client:
                client.sendall(b'hello')
                assert read_exactly(client, 5) == b'hello'
        with pytest.raises(ssl.SSLCertVerificationError), client_of(running.port):
            pass    # whose certificate is of another authority


def test_a_client_goes_on_by_its_ticket_under_an_authority_of_vaurien(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_DATA_HOME', str(tmp_path))
    with Backend(echo) as backend, daemon('--proxy', 'tls://localhost:0', '--backend', backend.address) as running:
        context = trusting(str(tmp_path / 'vaurien' / 'ca' / 'ca.pem'))
        with client_of(running.port, 'api.example', context) as client:
            client.sendall(b'hello')
            read_exactly(client, 5)
            session = client.session
        with connect(running.port) as sock, \
                context.wrap_socket(sock, server_hostname='api.example', session=session) as client:
            assert client.session_reused
