"""The short form of ``make watch``: memory is bounded however many requests pass while somebody watches."""
import threading

from tests.support.paged import a_proxy, client_of, shared
from tests.watched import MOST_GROWN, resident, send


def test_who_watches_many_requests_leaves_no_memory_behind(redis_server):
    with shared() as vaurien, a_proxy(client_of(vaurien), backend=redis_server.address, protocol='redis') as proxy:
        over, bundles = threading.Event(), []

        def follow():
            for name, data in client_of(vaurien).live(proxy.name):
                if name == 'requests':
                    bundles.append(data)
                if over.is_set():
                    return
        follower = threading.Thread(target=follow, daemon=True)
        follower.start()

        def pass_by(count):
            """Let as many requests pass as fast as they may, and some bundles be told; return the memory after them."""
            until = client_of(vaurien).show(proxy.name)['stats']['exchanges'] + count
            told = len(bundles) + 2
            send(proxy.port, 20_000, lambda: client_of(vaurien).show(proxy.name)['stats']['exchanges'] >= until
                 and len(bundles) >= told)
            return resident(vaurien.pid)
        before = pass_by(20_000)
        after = pass_by(40_000)
        over.set()
        follower.join()
    assert after - before < MOST_GROWN
    assert 0 < max(shape['seen'] for shape in bundles[-1]['shapes']) < 60_000     # not all of so many are looked at
    assert all(len(bundle['requests']) <= 300 for bundle in bundles)
