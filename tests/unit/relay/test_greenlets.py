"""The greenlets of a session: they end together, but for the one that ends them."""
import gevent

from vaurien.relay.greenlets import Greenlets


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
