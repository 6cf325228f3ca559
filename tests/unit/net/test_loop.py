"""What everything on the event loop shares."""
import gevent
from gevent import get_hub

from vaurien.net.loop import in_loop, release


def test_a_callback_of_the_loop_knows_where_it_runs():
    seen = []
    get_hub().loop.run_callback(lambda: seen.append(in_loop()))
    gevent.sleep(0)
    assert seen == [True]
    assert not in_loop()


def test_a_released_watcher_does_not_call_back_and_nothing_is_released_twice():
    seen = []
    timer = get_hub().loop.timer(0)
    timer.start(seen.append, 1)
    timer = release(timer)
    assert timer is None
    assert release(timer) is None
    gevent.sleep(0.001)
    assert seen == []
