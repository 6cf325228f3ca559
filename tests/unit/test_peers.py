"""What the tests' own peers promise: a test can only see a fault that its peer does not make itself."""
import socket

import pytest

from tests.support import peers
from tests.support.processes import folder


def test_echo_server_answers_several_clients(echo_server):
    with peers.connect(echo_server.port) as one, peers.connect(echo_server.port) as other:
        assert [peers.ask(sock, data) for sock, data in ((one, b'one'), (other, b'other'))] == [b'one', b'other']


@pytest.mark.parametrize('leave, seen', [(lambda sock: sock.close(), 'FIN'), (peers.reset, 'RST')])
def test_ending_tells_fin_from_rst(leave, seen):
    def leave_when_asked(sock):     # a reset that comes too soon is met by connecting already
        sock.recv(1)
        leave(sock)

    with peers.Backend(leave_when_asked) as backend, peers.connect(backend.port) as client:
        client.sendall(b'x')
        assert peers.ending(client) == seen


def test_source_half_closes_and_still_reads():
    with peers.Backend(peers.source(b'all of it')) as backend, peers.connect(backend.port) as client:
        assert peers.read_to_end(client) == b'all of it'
        client.sendall(b'the other direction is open')


def test_script_that_meets_other_bytes_fails_the_test():
    backend = peers.Backend(peers.script((b'EHLO', b'250 OK'))).__enter__()
    with peers.connect(backend.port) as client:
        client.sendall(b'HELO')
        assert peers.read_to_end(client) == b''
    with pytest.raises(AssertionError, match='expected'):
        backend.__exit__(None)


def test_backend_listens_on_ipv6_and_unix_sockets():
    with folder() as where:
        path = str(where / 'socket')
        with peers.echo_server('::1') as six, peers.echo_server(path) as unix, socket.socket(socket.AF_UNIX) as client:
            assert (six.address, unix.address) == (f'[::1]:{six.port}', f'unix:{path}')
            client.connect(path)
            assert peers.ask(client, b'hello') == b'hello'
            with peers.connect(six.port, '::1') as other:
                assert peers.ask(other, b'hello') == b'hello'


def test_black_hole_neither_accepts_nor_refuses():
    with peers.black_hole() as port, socket.socket() as sock:
        sock.settimeout(0.05)
        with pytest.raises(TimeoutError):
            sock.connect(('127.0.0.1', port))


def test_free_port_refuses():
    with pytest.raises(ConnectionRefusedError):
        peers.connect(peers.free_port())
