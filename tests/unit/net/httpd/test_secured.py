"""The control server over TLS, on the wire: what a slow or a wrong client meets, and that others do not notice."""
import contextlib
import gc
import socket
import ssl
import time

import pytest

from tests.support.control_client import steering
from tests.support.hosting import eventually, spec_for
from tests.support.peers import ending, read_to_end
from tests.support.tls import Talk, certificates, client_context
from tests.support.unit_of_time import MS
from vaurien.net.httpd import room, secured

SPEC = spec_for('127.0.0.1:9')
FILES = (certificates().cert, certificates().key)
HEALTH = b'GET /health HTTP/1.1\r\nHost: localhost:%d\r\nConnection: close\r\n\r\n'


@pytest.fixture
def server():
    with steering(SPEC, files=FILES) as running:
        yield running
        assert healthy(running)     # whatever happened, it lives


def asked(server, request, context=None):
    """Ask in TLS, and return the response and how the connection ends."""
    with server.connect() as sock:
        talk = Talk(sock, context or client_context(), 'localhost')
        talk.send(request)
        return talk.read_to_end()


def healthy(server):
    return asked(server, HEALTH % server.port)[0].startswith(b'HTTP/1.1 200 OK')


@pytest.mark.parametrize('version', [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=['1.2', '1.3'])
def test_a_response_ends_with_a_close_notify(server, version):
    context = client_context()
    context.maximum_version = version
    response, end = asked(server, HEALTH % server.port, context)
    assert response.endswith(b'"sessions":0}')
    assert end == 'notify'


def test_two_requests_share_a_connection(server):
    request = HEALTH.replace(b'Connection: close\r\n', b'') % server.port
    with server.connect() as sock:
        talk = Talk(sock, client_context(), 'localhost')
        for _ in range(2):
            talk.send(request)
            answer = b''
            while not answer.endswith(b'}'):
                answer += talk.read()
            assert answer.startswith(b'HTTP/1.1 200 OK')


def test_a_request_in_the_clear_is_told_that_tls_is_spoken(server):
    answer = server.send(HEALTH % server.port)
    assert answer.startswith(b'HTTP/1.1 400 Bad Request\r\n')
    assert answer.endswith(b'TLS is spoken here: https://\n')


@pytest.mark.parametrize('origin, status', [('https://localhost:PORT', b'200'), ('http://localhost:PORT', b'403')])
def test_its_own_origin_is_that_of_its_scheme(server, origin, status):
    head = b'Origin: %b\r\n\r\n' % origin.replace('PORT', str(server.port)).encode()
    response, _ = asked(server, (HEALTH % server.port)[:-2] + head)
    assert response.split(b' ')[1] == status


@pytest.mark.parametrize('sent', [b'', b'\x16', b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'], ids=str)
def test_a_handshake_that_does_not_go_on_ends_and_holds_nobody_up(server, monkeypatch, sent):
    monkeypatch.setattr(secured, 'HANDSHAKE_TIMEOUT', 300 * MS)
    with server.connect() as sock:
        sock.sendall(sent)
        assert healthy(server)
        assert ending(sock) in ('FIN', 'RST')


@pytest.mark.parametrize('sent', [b'\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03', b'\x16' + bytes(range(200)),
                                  b'\x16\x03\x01\x40\x00\x01\x00\x3f\xfc' + bytes(16380)], ids=['short', 'nonsense', 'long'])
def test_a_broken_handshake_ends_its_own_connection(server, sent):
    with server.connect() as sock, contextlib.suppress(ConnectionError):
        sock.sendall(sent)
        read_to_end(sock)
    with server.connect() as sock:
        sock.sendall(sent[:3])


def test_broken_records_after_the_handshake_end_their_own_connection(server):
    with server.connect() as sock:
        Talk(sock, client_context(), 'localhost')
        with contextlib.suppress(ConnectionError):
            sock.sendall(b'\x17\x03\x03\x00\x20' + bytes(32))
            read_to_end(sock)


def test_handshakes_without_end_leave_room_for_others(server, monkeypatch):
    monkeypatch.setattr(room, 'MAX_CONNECTIONS', 20)
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(server.connect()) for _ in range(50)]
        for sock in socks:
            sock.sendall(b'\x16\x03\x01')
        eventually(lambda: ended(socks[0]), 'the end of the oldest one')
        assert healthy(server)
        assert len(server.server._server.room.seats) <= 20


def ended(sock):
    sock.settimeout(MS)
    try:
        return sock.recv(1) == b''
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def test_connections_leave_nothing(server):
    def fill():
        for _ in range(5):
            assert healthy(server)
            assert server.send(HEALTH % server.port)
            with server.connect() as sock:
                sock.sendall(b'\x16\x03\x01')
            with contextlib.suppress(ssl.SSLError), server.connect() as sock:
                Talk(sock, ssl.create_default_context(), 'localhost')
        eventually(lambda: not server.server._server.room.seats, 'the end of all connections')
        gc.collect()
    fill()
    before = server.host.state()
    fill()
    eventually(lambda: server.host.state()['fds'] <= before['fds'], 'as many descriptors as before')
    assert server.host.state()['watchers'] <= before['watchers']


def test_an_address_that_may_not_connect_is_refused_before_its_handshake():
    with steering(SPEC, files=FILES, token='secret', at='0.0.0.0', allow=('10.1.2.3',)) as running:
        running.host.call(lambda: setattr(running.server._server, 'welcomes', lambda client: False))
        with running.connect() as sock:
            started = time.monotonic()
            assert sock.recv(100).startswith(b'HTTP/1.1 403 ')
            assert time.monotonic() - started < secured.HANDSHAKE_TIMEOUT
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
