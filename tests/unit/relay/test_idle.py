"""The watch over idle sessions: it calls back once nothing has moved for the whole timeout, and not before."""
import gevent

from tests.support.unit_of_time import MS
from vaurien.relay.idle import LOOKS, IdleWatch

TIMEOUT = 16 * MS


def test_nothing_is_said_while_something_moves_and_once_when_nothing_does():
    moved, calls = [0], []
    watch = IdleWatch(TIMEOUT, lambda: moved[0], lambda: calls.append(moved[0]))
    for _ in range(3 * LOOKS):
        moved[0] += 1
        watch._look()
    assert calls == []
    for _ in range(LOOKS):
        watch._look()
    assert calls == [moved[0]]
    watch.stop()


def test_it_looks_by_itself_and_stops():
    calls = []
    watch = IdleWatch(TIMEOUT, lambda: 0, lambda: (calls.append(1), watch.stop()))
    gevent.sleep(4 * TIMEOUT)
    assert calls == [1]
    watch.stop()    # once more is harmless
