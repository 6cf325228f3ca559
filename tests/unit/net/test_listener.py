"""The listener: what gevent's StreamServer is told, and what it hands over."""
import errno
import socket

import gevent
from gevent.server import StreamServer

from tests.support.unit_of_time import MS, PATIENCE
from vaurien.address import parse_address
from vaurien.net import listener as listener_module
from vaurien.net import sockets
from vaurien.net.listener import Listener

ANYWHERE = parse_address('127.0.0.1:0')


def until(holds):
    with gevent.Timeout(PATIENCE):
        while not holds():
            gevent.sleep(MS)


def test_clients_are_handed_over_in_the_loop_without_a_greenlet():
    seen, failed = [], []
    made = Listener(lambda client, peer: seen.append((client, peer)), failed.append)
    bound = made.listen(sockets.listen(sockets.place_of(ANYWHERE), 5))
    assert isinstance(made, StreamServer)
    with socket.create_connection((bound.host, bound.port)) as client:
        name = '{}:{}'.format(*client.getsockname())
        until(lambda: seen)
    assert (seen[0][1], failed) == (name, [])
    seen[0][0].close()
    made.close()
    assert not made.started


def test_another_socket_takes_the_place_of_the_one_before():
    made = Listener(lambda client, peer: client.close(), lambda error: None)
    first = made.listen(sockets.listen(sockets.place_of(ANYWHERE), 5))
    second = made.listen(sockets.listen(sockets.place_of(ANYWHERE), 5))
    assert made.started
    assert first != second
    with socket.socket() as probe:
        assert probe.connect_ex((first.host, first.port)) == errno.ECONNREFUSED
    made.close()
    made.close()    # once more is harmless


def test_the_path_of_another_listener_is_left_alone(tmp_path):
    """A file that was removed while it was listened on, and has come back as another process's."""
    path = tmp_path / 'socket'
    place = sockets.place_of(parse_address(f'unix:{path}'))
    first, second = (Listener(lambda client, peer: client.close(), lambda error: None) for _ in range(2))
    first.listen(sockets.listen(place, 5))
    path.unlink()
    second.listen(sockets.listen(place, 5))
    first.close()
    assert path.exists()
    second.close()
    assert not path.exists()


def test_accepting_that_fails_is_tried_again_soon(monkeypatch):
    seen, failed = [], []
    monkeypatch.setattr(listener_module, 'ACCEPT_BACKOFF', 2 * MS)
    accept, broken = sockets.accept, [True]

    def breaks(sock):
        if broken[0]:
            raise OSError(errno.EMFILE, 'too many open files')
        return accept(sock)
    monkeypatch.setattr(sockets, 'accept', breaks)
    made = Listener(lambda client, peer: seen.append(client), failed.append)
    bound = made.listen(sockets.listen(sockets.place_of(ANYWHERE), 5))
    with socket.create_connection((bound.host, bound.port)):
        until(lambda: len(failed) >= 2)
        broken[0] = False
        until(lambda: seen)
    assert all(error.errno == errno.EMFILE for error in failed)
    seen[0].close()
    made.close()
