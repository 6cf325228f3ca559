"""Who has to go where there is no room for all: never one that is at work."""
import gevent
import pytest

from vaurien.net.httpd import room as room_module
from vaurien.net.httpd.room import Room


class Connection:
    """A connection that does what it is told in a greenlet, until it is told to go."""

    def __init__(self, room, where=None):
        self.seat, self._room, self._where = None, room, where
        self.greenlet = gevent.spawn(self._run)
        gevent.idle()

    def _run(self):
        self.seat = self._room.enter()
        if self.seat is None:
            return
        try:
            if self._where is None:
                gevent.sleep(1000)
            with self._room.waiting(self.seat, self._where):
                gevent.sleep(1000)
        finally:
            self._room.leave(self.seat)

    @property
    def gone(self):
        gevent.idle()
        return self.greenlet.ready()


@pytest.fixture
def room(monkeypatch):
    monkeypatch.setattr(room_module, 'MAX_CONNECTIONS', 3)
    monkeypatch.setattr(room_module, 'MAX_HELD_BYTES', 100)
    return Room()


@pytest.fixture
def connect(room):
    made = []

    def connect(where=None):
        made.append(Connection(room, where))
        return made[-1]
    yield connect
    gevent.killall([each.greenlet for each in made])
    assert (room.seats, room.idle, room.slow, room.held) == (set(), {}, {}, 0)


def test_the_one_goes_first_that_has_waited_longest_for_a_request(room, connect):
    slow, first, second = connect(room.slow), connect(room.idle), connect(room.idle)
    newcomers = [connect() for _ in range(2)]
    assert (first.gone, second.gone, slow.gone) == (True, True, False)
    newcomers.append(connect())
    assert slow.gone
    assert not any(each.gone for each in newcomers)


def test_one_that_is_at_work_stays_and_the_newcomer_is_refused(room, connect):
    busy = [connect() for _ in range(3)]
    assert connect().seat is None
    assert not any(each.gone for each in busy)


def test_a_request_that_waits_for_its_turn_leaves_room(room, connect):
    busy = [connect() for _ in range(3)]
    with room.aside(busy[0].seat):
        assert connect().seat is not None
    assert len(room.seats) == 4     # more than there is room for, until one ends


def test_those_go_that_have_waited_longest_with_what_they_hold(room, connect):
    first, empty, second, busy = connect(room.slow), connect(room.slow), connect(room.slow), None
    assert room.hold(first.seat, 60)
    assert room.hold(second.seat, 40)
    assert room.hold(empty.seat, 10)
    assert (first.gone, second.gone, empty.gone) == (True, False, False)
    assert room.held == 50
    busy = connect()
    assert room.hold(busy.seat, 100)
    assert (second.gone, empty.gone) == (True, True)
    assert not room.hold(busy.seat, 1)
    room.release(busy.seat)
    assert room.held == 0
