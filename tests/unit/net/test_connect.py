"""Connecting, and the raw sockets below it: each address in turn, in time, and with nothing left behind."""
import contextlib
import errno
import socket

import gevent
import pytest
from gevent.event import AsyncResult

from tests.support.peers import black_hole, free_port, listener
from tests.support.trap import Trap
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.address import Address
from vaurien.net import connect, sockets
from vaurien.net.connect import Connecting


def outcome(address: Address, timeout: float = PATIENCE) -> socket.socket:
    """Connect, and return the socket or raise why not."""
    result = AsyncResult()
    Connecting(address, timeout, lambda sock, error: result.set(sock) if error is None else result.set_exception(error))
    return result.get(timeout=2 * PATIENCE)


def listening(address: Address) -> socket.socket:
    """Listen as a proxy does."""
    return sockets.listen(sockets.place_of(address), 5)


def test_numeric_address_is_connected_at_once_without_a_greenlet():
    with listener('127.0.0.1') as server:
        done = []
        Connecting(Address(*server.getsockname()), 1.0, lambda *outcome: done.append(outcome))
        assert [(sock.getpeername(), error) for sock, error in done] == [(server.getsockname(), None)]
        done[0][0].close()


def test_refused_connection_says_why():
    with pytest.raises(connect.BackendError, match='Connection refused'):
        outcome(Address('127.0.0.1', free_port()))


def test_silence_ends_with_the_timeout():
    with black_hole() as port, pytest.raises(connect.BackendError, match='no connection within 0.0'):
        outcome(Address('127.0.0.1', port), 20 * MS + 0.001)


def test_cancelled_connection_calls_nobody():
    with black_hole() as port:
        called = []
        connecting = Connecting(Address('127.0.0.1', port), 10 * MS, lambda *outcome: called.append(outcome))
        connecting.cancel()
        gevent.sleep(30 * MS)
        assert called == []


def test_each_address_of_a_name_is_tried_in_turn(monkeypatch):
    with listener('127.0.0.1') as server:
        both = [(socket.AF_INET6, ('::1', free_port('::1'))), (socket.AF_INET, server.getsockname())]
        monkeypatch.setattr(connect, 'resolve', lambda address: both)
        sock = outcome(Address('both.test', 1))
        assert sock.getpeername() == server.getsockname()
        sock.close()


def test_remembered_addresses_of_a_name_are_not_used_up():
    with listener('127.0.0.1') as server:
        sockets._names.clear()
        for _ in range(3):
            outcome(Address('localhost', server.getsockname()[1])).close()
        assert len(sockets._names) == 1


def test_names_are_forgotten_once_they_are_out_of_date(monkeypatch):
    sockets._names.clear()
    monkeypatch.setattr(sockets, 'NAMES_KEPT', 0.0)
    for port in range(1, 4):
        sockets.resolve(Address('localhost', port))
    assert list(sockets._names) == [('localhost', 3)]


def test_error_that_the_second_look_meets_is_not_taken_for_a_connection(monkeypatch):
    """The system tells an error once: anyone who asks again afterwards hears that all is well."""
    class Told:
        codes = [errno.EINPROGRESS, errno.ECONNREFUSED]
        fileno = close = getsockopt = setsockopt = lambda self, *_: 0

        def connect_ex(self, address):
            return self.codes.pop(0)
    monkeypatch.setattr(connect, 'open_socket', lambda family: Told())
    with pytest.raises(connect.BackendError, match='Connection refused'):
        outcome(Address('127.0.0.1', 1))


def test_lack_of_descriptors_is_a_backend_error(monkeypatch):
    def none(family):
        raise OSError(errno.EMFILE, 'Too many open files')
    monkeypatch.setattr(connect, 'open_socket', none)
    with pytest.raises(connect.BackendError, match='Too many open files'):
        outcome(Address('127.0.0.1', 1))


@pytest.mark.parametrize('host', ['a..b', 'x' * 64, 'x' * 64 + '.test'])
def test_what_is_no_name_is_an_error_of_the_system(host):
    with pytest.raises(OSError, match='not a name'):
        sockets.resolve(Address(host, 80))


@pytest.mark.parametrize('host', ['127.0.0.1', '::1'])
def test_socket_that_is_connected_to_itself_is_refused_and_leaves_the_port(monkeypatch, host):
    """With nothing at a port the system may pick this very port to connect from; TCP lets such a socket talk to itself."""
    port, opened = free_port(host), sockets.open_socket

    def unlucky(family):
        sock = opened(family)
        sock.bind((host, port))
        return sock
    monkeypatch.setattr(connect, 'open_socket', unlucky)
    with pytest.raises(connect.BackendError, match='Connection refused'):
        outcome(Address(host, port))
    with socket.socket(socket.AF_INET6 if ':' in host else socket.AF_INET) as backend:
        backend.bind((host, port))  # without SO_REUSEADDR


def test_stale_unix_socket_is_replaced_and_one_in_use_is_not(tmp_path):
    path = tmp_path / 'socket'
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(str(path))
    with listening(Address(str(path), None)) as server:
        with pytest.raises(OSError, match='in use'):
            listening(Address(str(path), None))
        assert sockets.bound_address(server) == Address(str(path), None)
    path.unlink()
    path.write_text('a file of somebody')
    with pytest.raises(OSError, match='in use'):
        listening(Address(str(path), None))
    assert path.read_text() == 'a file of somebody'


def test_no_client_is_seen_where_a_path_is_found_to_be_in_use(tmp_path):
    address = Address(str(tmp_path / 'socket'), None)
    with listening(address) as server:
        with pytest.raises(OSError, match='in use'):
            listening(address)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_path_is_found_to_be_in_use_without_waiting_for_room_in_its_backlog(tmp_path):
    address = Address(str(tmp_path / 'socket'), None)
    with Trap() as trap, contextlib.ExitStack() as clients, sockets.listen(sockets.place_of(address), 0):
        code = 0
        while code != errno.EAGAIN:
            client = clients.enter_context(socket.socket(socket.AF_UNIX))
            client.setblocking(False)
            code = client.connect_ex(address.host)
        with pytest.raises(OSError, match='in use'):
            listening(address)
    assert not trap.calls, str(trap)


def test_localhost_is_listened_on_where_clients_of_127_0_0_1_come():
    with listening(Address('localhost', 0)) as server:
        assert sockets.bound_address(server).host == '127.0.0.1'


def test_empty_host_listens_on_ipv4_and_ipv6():
    with listening(Address('', 0)) as server:
        port = server.getsockname()[1]
        for host in ('127.0.0.1', '::1'):
            socket.create_connection((host, port), timeout=PATIENCE).close()
