"""A forward proxy: what it opens, what it passes unread, and what it refuses, with raw sockets."""
import contextlib
import socket
import ssl
import threading

import pytest

import vaurien
from tests.support.daemon import run_to_end
from tests.support.hosting import eventually, hosted, spec_for
from tests.support.http2 import Client
from tests.support.http2 import server as http2_server
from tests.support.peers import Backend, black_hole, connect, echo, ending, free_port, read_exactly, read_to_end, reset
from tests.support.tls import certificates, client_context, server_context, spoken
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.client import RefusedError
from vaurien.config import configure
from vaurien.net.tls.authority import Authority, use_authority
from vaurien.spec import ANY, INTERCEPTED, FaultSpec, ToxicSpec

ESTABLISHED = b'HTTP/1.1 200 Connection established\r\n\r\n'
HELLO = b'\5\1\0'
PAGE = b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
ASKED = b'GET /a?b HTTP/1.1\r\nHost: api.test\r\n\r\n'


def forward(intercept='', mix='', **fields):
    return hosted(spec_for(ANY, mix, protocol=INTERCEPTED, intercept=intercept, **{**certificates().both, **fields}))


def connect_request(where):
    return f'CONNECT {where} HTTP/1.1\r\nHost: {where}\r\n\r\n'.encode()


def socks_request(host, port):
    return HELLO + b'\5\1\0\3' + bytes([len(host)]) + host.encode() + port.to_bytes(2, 'big')


def dialled(sock, way, host, port):
    """Ask for a tunnel, and read that it is there."""
    if way == 'http':
        sock.sendall(connect_request(f'{host}:{port}'))
        assert read_exactly(sock, len(ESTABLISHED)) == ESTABLISHED
    else:
        sock.sendall(socks_request(host, port))
        assert read_exactly(sock, 12) == b'\5\0' + b'\5\0\0\1' + b'\0' * 6


def pages(sock):
    """Answer each request with what it has got."""
    while True:
        data = b''
        while not data.endswith(b'\r\n\r\n'):
            piece = sock.recv(65536)
            if not piece:
                return
            data += piece
        sock.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' % len(data) + data)


def secure(handler):
    def handle(sock):
        with contextlib.suppress(OSError), spoken(server_context(), sock) as wrapped:
            handler(wrapped)
    return handle


def response(sock):
    """Read one response with a length; return its status line and its body."""
    data = b''
    while b'\r\n\r\n' not in data:
        piece = sock.recv(65536)
        assert piece, data
        data += piece
    head, _, body = data.partition(b'\r\n\r\n')
    length = next(int(line[15:]) for line in head.split(b'\r\n') if line.lower().startswith(b'content-length:'))
    return head.split(b'\r\n')[0].decode(), body + read_exactly(sock, length - len(body))


@pytest.mark.parametrize('way', ['http', 'socks'])
@pytest.mark.parametrize('host', ['127.0.0.1', 'localhost'])
def test_what_is_not_named_passes_as_it_is_in_both_directions(way, host):
    data = bytes(range(256)) * 4096
    with Backend(echo) as backend, forward('api.test', '100:error') as proxy, connect(proxy.port) as sock:
        dialled(sock, way, host, backend.port)
        threading.Thread(target=sock.sendall, args=(data,), daemon=True).start()
        assert read_exactly(sock, len(data)) == data
        assert not proxy.call(lambda: list(proxy.fleet.journal.since()))
        assert proxy.call(proxy.proxy.totals)[0] == 0, 'what is not read counts as no exchange'


@pytest.mark.parametrize('way', ['http', 'socks'])
def test_each_direction_of_a_tunnel_ends_by_itself_and_a_reset_is_one(way):
    def half(sock):
        sock.sendall(b'bye')
        sock.shutdown(socket.SHUT_WR)
        assert read_to_end(sock) == b'and more'
        done.set()
    done = threading.Event()
    with Backend(half) as backend, forward() as proxy, connect(proxy.port) as sock:
        dialled(sock, way, '127.0.0.1', backend.port)
        assert read_to_end(sock) == b'bye'
        sock.sendall(b'and more')
        sock.shutdown(socket.SHUT_WR)
        assert done.wait(PATIENCE)
    def reset_when_asked(sock):
        assert read_exactly(sock, 1)
        reset(sock)
    with Backend(reset_when_asked) as backend, forward() as proxy, connect(proxy.port) as sock:
        dialled(sock, way, '127.0.0.1', backend.port)
        sock.sendall(b'x')
        assert ending(sock) == 'RST'


def test_what_comes_with_the_request_for_a_tunnel_belongs_to_the_tunnel():
    with Backend(echo) as backend, forward() as proxy, connect(proxy.port) as sock:
        sock.sendall(connect_request(f'127.0.0.1:{backend.port}') + b'early')
        assert read_exactly(sock, len(ESTABLISHED) + 5) == ESTABLISHED + b'early'
    with Backend(echo) as backend, forward() as proxy, connect(proxy.port) as sock:
        for byte in socks_request('127.0.0.1', backend.port) + b'early':
            sock.sendall(bytes([byte]))
        assert read_exactly(sock, 17)[12:] == b'early'


@pytest.mark.parametrize('way', ['http', 'socks'])
def test_a_named_host_is_opened_and_its_requests_say_who_it_is(way):
    with Backend(pages) as backend, forward(f'api.test:80=127.0.0.1:{backend.port}', '100:error',
                                            settings={'error': {'kind': '503', 'match': r'^POST http://api\.test/'}}) as proxy:
        with connect(proxy.port) as sock:
            dialled(sock, way, 'api.test', 80)
            sock.sendall(ASKED)
            assert response(sock) == ('HTTP/1.1 200 OK', ASKED)
            sock.sendall(ASKED.replace(b'GET', b'POST'))
            assert response(sock)[0] == 'HTTP/1.1 503 Service Unavailable'
        assert [fault.request for fault in proxy.call(lambda: list(proxy.fleet.journal.since()))] == ['POST http://api.test/a?b']


@pytest.mark.parametrize('way', ['http', 'socks'])
def test_a_named_host_is_opened_inside_tls_on_both_sides(way):
    with Backend(secure(pages)) as backend, \
            forward(f'localhost:443=127.0.0.1:{backend.port}', '100:error',
                    settings={'error': {'kind': '503', 'match': 'POST'}}) as proxy, connect(proxy.port) as plain:
        dialled(plain, way, 'localhost', 443)
        with client_context().wrap_socket(plain, server_hostname='localhost') as sock:
            sock.sendall(ASKED)
            assert response(sock) == ('HTTP/1.1 200 OK', ASKED)
            sock.sendall(ASKED.replace(b'GET', b'POST'))
            assert response(sock)[0] == 'HTTP/1.1 503 Service Unavailable'
        assert [fault.request for fault in proxy.call(lambda: list(proxy.fleet.journal.since()))] == ['POST https://localhost/a?b']


def test_each_stream_of_http2_inside_a_tunnel_is_a_request_that_says_its_server():
    inside, context = server_context(), client_context()
    inside.set_alpn_protocols(['h2'])
    context.set_alpn_protocols(['h2', 'http/1.1'])
    with http2_server(context=inside) as backend, \
            forward(f'localhost:443={backend.address}', '100:error',
                    settings={'error': {'kind': '503', 'match': '^GET https://localhost/echo$'}}) as proxy, \
            connect(proxy.port) as plain:
        dialled(plain, 'http', 'localhost', 443)
        with context.wrap_socket(plain, server_hostname='localhost') as sock:
            assert sock.selected_alpn_protocol() == 'h2'
            client = Client(0, sock=sock)
            assert [client.get(path).status for path in ('/bytes/1', '/echo', '/bytes/1')] == [200, 503, 200]
        assert [fault.request for fault in proxy.call(lambda: list(proxy.fleet.journal.since()))] == ['GET https://localhost/echo']


def test_a_plan_means_a_request_by_its_server():
    plan = FaultSpec(request='GET https://localhost/a*', name='500', nth=2)
    with Backend(secure(pages)) as backend, \
            forward(f'localhost:443=127.0.0.1:{backend.port}') as proxy:
        proxy.call(lambda: proxy.fleet.plan.replace((plan,)))
        with connect(proxy.port) as plain:
            dialled(plain, 'http', 'localhost', 443)
            with client_context().wrap_socket(plain, server_hostname='localhost') as sock:
                found = []
                for _ in range(3):
                    sock.sendall(ASKED)
                    found.append(response(sock)[0][9:12])
                assert found == ['200', '500', '200']


def test_a_server_may_be_another_one_that_speaks_in_the_clear():
    with Backend(pages) as backend, forward(f'localhost=http://127.0.0.1:{backend.port}') as proxy, \
            connect(proxy.port) as plain:
        dialled(plain, 'http', 'localhost', 443)
        with client_context().wrap_socket(plain, server_hostname='localhost') as sock:
            sock.sendall(ASKED)
            assert response(sock) == ('HTTP/1.1 200 OK', ASKED)


def test_a_server_that_cannot_be_verified_resets_its_client():
    with Backend(secure(pages)) as backend, \
            forward(f'other.test:443=127.0.0.1:{backend.port}') as proxy, connect(proxy.port) as plain:
        dialled(plain, 'http', 'other.test', 443)
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            client_context().wrap_socket(plain, server_hostname='other.test')
        eventually(lambda: proxy.proxy.stats.backend_errors == 1)


@pytest.mark.parametrize('named', [True, False])
def test_a_request_in_absolute_form_goes_to_its_server_and_ends_the_connection(named):
    with Backend(pages) as backend:
        where = f'127.0.0.1:{backend.port}'
        with forward(where if named else '', '100:error', settings={'error': {'kind': '503', 'match': '/b$'}}) as proxy:
            with connect(proxy.port) as sock:
                sock.sendall(f'GET http://{where}/a HTTP/1.1\r\nHost: x\r\nProxy-Connection: keep-alive\r\n\r\n'.encode())
                status, body = response(sock)
                assert status == 'HTTP/1.1 200 OK'
                assert body.split(b'\r\n')[0] == b'GET /a HTTP/1.1'
                assert {b'Connection: close', b'Host: ' + where.encode()} <= set(body.split(b'\r\n'))
                assert b'Proxy' not in body
            with connect(proxy.port) as sock:
                sock.sendall(f'GET http://{where}/b HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
                status, _ = response(sock)
                assert status == ('HTTP/1.1 503 Service Unavailable' if named else 'HTTP/1.1 200 OK')
                if named:
                    assert ending(sock) == 'FIN'
                    assert [fault.request for fault in proxy.call(lambda: list(proxy.fleet.journal.since()))] == \
                        [f'GET http://{where}/b']


@pytest.mark.parametrize('named', [True, False])
def test_clients_are_told_that_a_connection_is_for_one_request(named):
    with Backend(pages) as backend, forward(f'127.0.0.1:{backend.port}' if named else '') as proxy, connect(proxy.port) as sock:
        sock.sendall(f'GET http://127.0.0.1:{backend.port}/a HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
        head, _, body = read_to_end(sock).partition(b'\r\n\r\n')
        assert b'Connection: close' in head.split(b'\r\n')
        assert body.count(b'Connection: close') == 1


@pytest.mark.parametrize('named', [True, False])
def test_a_request_for_https_in_absolute_form_is_sent_inside_tls(named):
    with Backend(secure(pages)) as backend:
        where = f'localhost:{backend.port}'
        with forward(where if named else '') as proxy, connect(proxy.port) as sock:
            sock.sendall(f'GET https://{where}/a HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
            status, body = response(sock)
            assert (status, body.split(b'\r\n')[0]) == ('HTTP/1.1 200 OK', b'GET /a HTTP/1.1')


def test_toxics_and_changes_of_a_mix_are_about_what_is_named_alone():
    slow = ToxicSpec(type='timeout', attributes={'timeout': 0})
    with Backend(pages) as backend, forward('api.test', toxics=(slow,)) as proxy, connect(proxy.port) as sock:
        dialled(sock, 'http', '127.0.0.1', backend.port)
        proxy.mix('100:hang')
        proxy.change(toxics=(slow, ToxicSpec(type='timeout', name='other')))
        sock.sendall(ASKED)
        assert response(sock) == ('HTTP/1.1 200 OK', ASKED)


UNREACHED = {'refused': (502, 5), 'unknown': (502, 4), 'silent': (504, 6)}


@pytest.mark.parametrize('case', UNREACHED)
@pytest.mark.parametrize('named', [True, False])
def test_a_server_that_is_not_reached_is_told_as_real_proxies_tell_it(case, named):
    with black_hole() as silent:
        host, port = {'refused': ('127.0.0.1', free_port()), 'unknown': ('no-such-host.invalid', 443),
                      'silent': ('127.0.0.1', silent)}[case]
        status, code = UNREACHED[case]

        def asked(proxy, request):
            """Ask for the server when the client is there: the time that it has for that is not what is to be short."""
            proxy.change(timeout=30.0)
            sock = connect(proxy.port)
            eventually(lambda: len(proxy.proxy.arrivals))
            proxy.change(timeout=5 * MS if case == 'silent' else 30.0)
            sock.sendall(request)
            return sock
        with forward(f'{host}:{port}' if named else '') as proxy:
            with asked(proxy, connect_request(f'{host}:{port}')) as sock:
                assert response(sock)[0].startswith(f'HTTP/1.1 {status} ')
                assert ending(sock) == 'FIN'
            eventually(lambda: proxy.proxy.empty)
            upload = f'POST http://{host}:{port}/ HTTP/1.1\r\nContent-Length: 100000\r\n\r\n'.encode() + b'x' * 100000
            with asked(proxy, upload) as sock:
                assert response(sock)[0].startswith(f'HTTP/1.1 {status} ')
            eventually(lambda: proxy.proxy.empty)
            with asked(proxy, socks_request(host, port)) as sock:
                assert read_exactly(sock, 4) == b'\5\0\5' + bytes([code])
                assert ending(sock) == 'FIN'
            assert eventually(lambda: proxy.proxy.empty)
            assert proxy.proxy.stats.backend_errors == (3 if named else 0)


def test_a_proxy_that_is_asked_for_itself_refuses():
    with forward() as proxy, connect(proxy.port) as sock:
        sock.sendall(connect_request(f'127.0.0.1:{proxy.port}'))
        status, body = response(sock)
        assert (status, b'itself' in body) == ('HTTP/1.1 502 Bad Gateway', True)


REFUSED = {
    'origin form': (b'GET / HTTP/1.1\r\nHost: a\r\n\r\n', b'HTTP/1.1 400 Bad Request'),
    'TLS': (b'\x16\x03\x01\x02\x00\x01', b'HTTP/1.1 400 Bad Request'),
    'SOCKS4': (b'\4\1\0\x50\x7f\0\0\1\0', b'HTTP/1.1 400 Bad Request'),
    'BIND': (HELLO + b'\5\2\0\1\x7f\0\0\1\0\x50', b'\5\0\5\7'),
}


@pytest.mark.parametrize('case', REFUSED)
def test_what_is_no_request_to_a_proxy_is_refused_in_words(case):
    data, beginning = REFUSED[case]
    with forward('*') as proxy, connect(proxy.port) as sock:
        sock.sendall(data)
        assert read_exactly(sock, len(beginning)) == beginning
        sock.shutdown(socket.SHUT_WR)
        assert eventually(lambda: proxy.proxy.empty)


@pytest.mark.parametrize('data', [b'', b'CONNECT', HELLO], ids=['nothing', 'a half of HTTP', 'a half of SOCKS'])
def test_a_client_that_asks_for_nothing_is_let_go(data):
    with forward(timeout=5 * MS) as proxy, connect(proxy.port) as sock:
        with contextlib.suppress(OSError):
            sock.sendall(data)
        assert ending(sock) in ('FIN', 'RST'), 'what comes after its time is not read'
        assert eventually(lambda: proxy.proxy.empty)
    with forward() as proxy:
        for end in (socket.socket.close, reset):
            sock = connect(proxy.port)
            sock.sendall(data)
            eventually(lambda: not proxy.proxy.empty)
            end(sock)
            assert eventually(lambda: proxy.proxy.empty)


def test_nothing_is_left_of_clients_that_leave_at_any_moment_and_of_a_proxy_that_ends():
    with Backend(echo) as backend, forward('localhost') as proxy:
        before = proxy.state()
        whole = connect_request(f'127.0.0.1:{backend.port}') + b'x'
        for size in range(0, len(whole), 3):
            with connect(proxy.port) as sock:
                sock.sendall(whole[:size])
        for _ in range(5):
            connect(proxy.port).close()
        eventually(lambda: proxy.proxy.empty)
        eventually(lambda: proxy.state()['fds'] <= before['fds'])
        half, tunnel = connect(proxy.port), connect(proxy.port)
        half.sendall(b'CONNECT')
        dialled(tunnel, 'http', '127.0.0.1', backend.port)
        assert proxy.call(proxy.proxy.abort) == 2
        assert [ending(sock) for sock in (half, tunnel)] == ['RST', 'RST']
        half.close()
        tunnel.close()


def test_the_faults_of_a_seed_do_not_depend_on_tunnels():
    def faults(tunnels):
        with Backend(pages) as backend, forward(f'api.test:80=127.0.0.1:{backend.port}', '50:error',
                                                settings={'error': {'kind': '503'}}) as proxy:
            found = []
            for _ in range(12):
                for _ in range(tunnels):
                    with connect(proxy.port) as sock:
                        dialled(sock, 'http', '127.0.0.1', backend.port)
                with connect(proxy.port) as sock:
                    dialled(sock, 'http', 'api.test', 80)
                    sock.sendall(ASKED)
                    found.append(response(sock)[0])
            return found
    assert faults(0) == faults(2)


def test_a_forward_proxy_that_is_open_to_other_machines_is_warned_of(caplog):
    with forward('localhost', proxy='0.0.0.0:0') as proxy:
        assert [record.getMessage() for record in caplog.records if 'other machines' in record.getMessage()] == \
            [f'default is a forward proxy at 0.0.0.0:{proxy.port}: other machines reach through it whatever this one does']
        caplog.clear()
        proxy.change(proxy='127.0.0.1:0')
    assert 'other machines' not in caplog.text


def test_an_authority_of_vaurien_issues_a_certificate_for_each_name_and_address():
    use_authority(made := Authority.make('test', ['api.test']))
    try:
        with Backend(secure(pages)) as backend, \
                forward(f'api.test=https://127.0.0.1:{backend.port},127.0.0.1=https://127.0.0.1:{backend.port}',
                        tls_cert='', tls_key='', tls_server_name='localhost') as proxy:
            context = ssl.create_default_context(cadata=made.certificate.decode())
            for name in ('api.test', '127.0.0.1'):
                with connect(proxy.port) as plain:
                    dialled(plain, 'http', name, 443)
                    with context.wrap_socket(plain, server_hostname=name) as sock:
                        sock.sendall(ASKED)
                        assert response(sock)[0] == 'HTTP/1.1 200 OK'
    finally:
        use_authority(None)


def test_a_forward_proxy_is_made_in_a_test_over_http_and_by_a_file(tmp_path):
    with Backend(pages) as backend:
        entry = f'API.test:80=127.0.0.1:{backend.port}'
        with vaurien.running(intercept=entry, mix='100:error', settings={'error': {'kind': '503'}}) as proxy:
            with connect(proxy.port) as sock:
                dialled(sock, 'http', 'api.test', 80)
                sock.sendall(ASKED)
                assert response(sock)[0] == 'HTTP/1.1 503 Service Unavailable'
            assert [fault.request for fault in proxy.faults] == ['GET http://api.test/a?b']
            shown = proxy.client.show('default')
            assert (shown['intercept'], shown['backend'], shown['protocol']) == (entry, 'any', 'http')
            refused = {'no host': {'intercept': 'a b'}, 'a backend': {'intercept': 'a.test', 'backend': 'localhost:80'},
                       'a protocol': {'intercept': 'a.test', 'protocol': 'redis'}, 'nothing': {}}
            for case, fields in refused.items():
                with pytest.raises(RefusedError, match={'no host': 'hosts with commas', 'a backend': 'no backend beside it',
                                                        'a protocol': 'which is what a forward proxy opens',
                                                        'nothing': 'missing required field `backend`'}[case]):
                    proxy.client.create('other', **fields)
            proxy.client.change('default', intercept='other.test')
            with pytest.raises(RefusedError, match='hosts with commas'):
                proxy.client.change('default', intercept='a b')
        path = tmp_path / 'vaurien.ini'
        path.write_text(f'[vaurien]\nfleet_only = true\nhttp = true\n[proxy:api]\nintercept = {entry}\n')
        proxy = configure(['--config', str(path)], {}).spec.proxies[0]
        assert (proxy.backend, proxy.protocol, proxy.intercept) == ('any', 'http', entry.lower())


def test_clients_that_leave_are_worth_no_warning(caplog):
    with forward() as proxy:
        for data in (b'', b'CONNECT', HELLO):
            with connect(proxy.port) as sock:
                sock.sendall(data)
                eventually(lambda: not proxy.proxy.empty)
            eventually(lambda: proxy.proxy.empty)
    assert not [record for record in caplog.records if record.levelname == 'WARNING']


HANDSHAKES = {'expired-certificate': 'certificate has expired', 'wrong-host': 'Hostname mismatch',
              'alert-internal-error': 'internal error'}


@pytest.mark.parametrize('kind', HANDSHAKES)
def test_a_handshake_with_a_named_host_fails_as_tls_fails(kind):
    use_authority(made := Authority.make('test'))
    try:
        with Backend(secure(pages)) as backend, \
                forward(f'api.test=https://127.0.0.1:{backend.port}', '100:error', settings={'error': {'kind': kind}},
                        tls_cert='', tls_key='', tls_server_name='localhost') as proxy, connect(proxy.port) as plain:
            dialled(plain, 'http', 'api.test', 443)
            with pytest.raises(ssl.SSLError, match=HANDSHAKES[kind]):
                ssl.create_default_context(cadata=made.certificate.decode()).wrap_socket(plain, server_hostname='api.test')
            plain.close()
            assert eventually(lambda: proxy.proxy.empty)
            assert [fault.kind for fault in proxy.call(lambda: list(proxy.fleet.journal.since()))] == [kind]
    finally:
        use_authority(None)


WRONG = {
    'a host that is none': (['--intercept', 'a b'], "--intercept: 'a b' is not valid, expected hosts with commas between them"),
    'a backend beside it': (['--intercept', 'a.test', '--backend', 'localhost:80'],
                            "--backend: 'localhost:80' is not valid, expected any, which it is anyway beside --intercept"),
    'a protocol beside it': (['--intercept', 'a.test', '--protocol', 'redis'],
                             "--protocol: 'redis' is not valid, expected http, which it is anyway beside --intercept"),
    'TLS before it': (['--intercept', 'a.test', '--proxy', 'tls://localhost:0', '--tls-cert', certificates().cert, '--tls-key',
                       certificates().key], 'no tls:// before it beside --intercept'),
    'no http': (['--backend', 'any', '--protocol', 'tcp'],
                "--protocol: 'tcp' is not valid, expected http, which it is anyway beside --backend"),
}


@pytest.mark.parametrize('case', WRONG)
def test_what_does_not_go_together_is_one_line(case):
    argv, words = WRONG[case]
    done = run_to_end('--proxy', 'localhost:0', *argv)
    assert (done.returncode, done.stdout) == (2, '')
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
