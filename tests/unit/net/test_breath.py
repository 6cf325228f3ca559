"""Long work in a greenlet: everything else has its turn."""
import gevent
from gevent import socket

from tests.support.unit_of_time import MS
from vaurien.net import breath
from vaurien.net.breath import Breath


def test_others_have_their_turn_and_sockets_are_looked_at(monkeypatch):
    monkeypatch.setattr(breath, 'MAX_TURN', 0.0)
    one, other = socket.socketpair()
    with one, other:
        reader = gevent.spawn(other.recv, 1)
        gevent.sleep(0)
        one.send(b'x')
        breathe = Breath()
        for _ in range(10):
            breathe()
        assert reader.value == b'x'


def test_what_is_short_is_not_interrupted(monkeypatch):
    monkeypatch.setattr(breath, 'MAX_TURN', 30_000 * MS)
    other = gevent.spawn(int)
    breathe = Breath()
    for _ in range(10):
        breathe()
    assert not other.ready()
    other.join()
