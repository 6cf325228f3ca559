"""The greenlets of a session: they end together, but for the one that ends them."""
import gevent
import pytest

from tests.support.unit_of_time import MS
from vaurien.alarm import Alarm, alarm
from vaurien.relay.greenlets import Greenlets


@pytest.fixture(autouse=True)
def own_alarm(monkeypatch):
    """An alarm that nothing waits for which other tests have left."""
    monkeypatch.setattr(gevent.get_hub(), 'vaurien_alarm', Alarm(gevent.get_hub()), raising=False)


def test_all_end_but_the_caller_and_none_is_waited_for():
    greenlets, seen = Greenlets(), []

    def waits(name: str) -> None:
        try:
            gevent.sleep(1000)
        finally:
            seen.append(name)

    def ends_all() -> None:
        greenlets.kill()
        seen.append('caller')
    greenlets.spawn(waits, 'a')
    greenlets.spawn(waits, 'b')
    gevent.sleep(0)
    greenlets.spawn(ends_all)
    for _ in range(5):
        gevent.sleep(0)
    assert sorted(seen) == ['a', 'b', 'caller']
    assert seen[0] == 'caller'
    assert greenlets._alive == set()


def test_what_waits_for_its_moment_is_called_once_or_ends_with_the_others():
    greenlets, called = Greenlets(), []
    before = len(alarm())
    greenlets.at(0.0, lambda: called.append('now'))
    greenlets.at(1e9, lambda: called.append('never'))
    assert len(alarm()) == before + 2
    gevent.sleep(2 * MS)
    assert called == ['now']
    greenlets.kill()
    assert len(alarm()) == before
    assert greenlets._waiting == []


def test_a_call_that_ends_all_is_over_itself():
    greenlets, called = Greenlets(), []
    greenlets.at(0.0, greenlets.kill)
    greenlets.at(0.0, lambda: called.append('after the end'))
    gevent.sleep(2 * MS)
    assert called == []
