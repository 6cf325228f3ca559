"""The watch over idle sessions: it calls back once nothing has moved for the whole timeout, and not before."""
import gevent
from gevent.event import Event

from tests.support.unit_of_time import MS, PATIENCE
from vaurien.relay.idle import LOOKS, IdleWatch

TIMEOUT = 16 * MS


class Still:
    """Moves when it is told to, and keeps what it had moved by then each time it is told to be idle."""

    def __init__(self):
        self.count, self.calls, self.told = 0, [], Event()

    def moved(self):
        return self.count

    def idle_too_long(self):
        self.calls.append(self.count)
        self.told.set()


def test_nothing_is_said_while_something_moves_and_once_when_nothing_does():
    watched = Still()
    watch = IdleWatch(TIMEOUT, watched)
    for _ in range(3 * LOOKS):
        watched.count += 1
        watch._look()
    assert watched.calls == []
    for _ in range(LOOKS):
        watch._look()
    assert watched.calls == [3 * LOOKS]
    watch.stop()


def test_it_looks_by_itself_and_stops():
    watched = Still()
    watch = IdleWatch(TIMEOUT, watched)
    assert watched.told.wait(PATIENCE)
    watch.stop()
    gevent.sleep(2 * TIMEOUT)
    assert watched.calls == [0]
    watch.stop()    # once more is harmless
