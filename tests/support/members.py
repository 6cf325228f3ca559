"""Members of a cluster that listen nowhere: the code that follows, with proxies that are disabled, all in one thread."""
import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import gevent

from vaurien.clusters.choice import Self
from vaurien.clusters.where import find_cluster
from vaurien.following.follower import Follower
from vaurien.following.member.dial import IN_LOOP
from vaurien.following.member.member import Membership
from vaurien.following.wanted import Wanted
from vaurien.proxies.fleet import Fleet
from vaurien.spec import ProxySpec

from .unit_of_time import PATIENCE


class Simulated:
    """One of them.

    Attributes:
        reached: When it has applied each revision, on the monotonic clock.
        turns: When its first proxy has begun or ceased to have a mix, on that clock, and which of both.
    """

    def __init__(self, url: str, name: str, proxies: Sequence[str], ttl: int, labels: dict[str, str], dial: Any) -> None:
        self.name, self.fleet = name, Fleet(1)
        follower = Follower(self.fleet)
        specs = tuple(ProxySpec(name=proxy, proxy='127.0.0.1:0', enabled=False) for proxy in proxies)
        base = Wanted(version=1, specs=specs, plan=())
        follower.become(base)
        self.follower, self.reached = follower, dict[int, float]()
        self.membership = Membership(find_cluster(url), Self(name, 'simulated', labels), follower, base, ttl, {}, None, dial,
                                     self.fleet.journal.notice)
        self.turns: list[tuple[float, bool]] = []
        self._first = proxies[0]
        after(self.membership, '_apply', self._reach)
        after(self.membership, '_apply', self._turn)
        after(self.membership, '_heal', self._turn)
        after(follower, 'resume', self._turn)

    def _reach(self) -> None:
        assert self.membership.applied is not None
        self.reached.setdefault(self.membership.applied.revision, time.monotonic())

    def _turn(self) -> None:
        faulty = bool(self.behaviors(self._first))
        if not self.turns or self.turns[-1][1] != faulty:
            self.turns.append((time.monotonic(), faulty))

    def behaviors(self, proxy: str) -> list[str]:
        """Return what goes wrong in a proxy now."""
        return [entry.name for entry in self.fleet.get(proxy).spec.mix]

    @property
    def orders(self) -> dict[str, int]:
        """What it applies."""
        applied = self.membership.applied
        return {} if applied is None else applied.orders

    @property
    def noticed(self) -> list[str]:
        """What it has said of itself."""
        return [notice.text for notice in list(self.fleet.journal.notices)]

    @property
    def healed(self) -> bool:
        return self.membership.healed


def after(owner: object, name: str, then: Callable[[], None]) -> None:
    """Have something called whenever a method has returned."""
    method = getattr(owner, name)

    def both(*args: Any) -> None:
        method(*args)
        then()
    setattr(owner, name, both)


@contextlib.contextmanager
def simulated(url: str, count: int, proxies: Sequence[str] = ('api',), ttl: int = 2, prefix: str = 's', dial: Any = IN_LOOP,
              labels: dict[str, str] | None = None, beside: Callable[[], object] | None = None) -> Iterator[list[Simulated]]:
    """Run so many members in a thread, until the end of the block, and something in a greenlet beside them."""
    made: list[Simulated] = []
    ready, failed, stop = threading.Event(), list[BaseException](), list[Any]()

    def run() -> None:
        hub = gevent.get_hub()
        woken = hub.loop.async_()
        ended = gevent.event.Event()
        woken.start(ended.set)
        stop.append(woken)
        greenlets = [] if beside is None else [gevent.spawn(beside)]
        try:
            for number in range(count):
                made.append(Simulated(url, f'{prefix}{number}', proxies, ttl, labels or {}, dial))
            ready.set()
            ended.wait()
        except Exception as error:  # noqa: BLE001 - it is raised in the thread of the test
            failed.append(error)
            ready.set()
        finally:
            gevent.killall(greenlets)
            gevent.joinall([gevent.spawn(member.membership.close) for member in made])
            woken.stop()
            woken.close()
            hub.destroy(destroy_loop=True)
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        assert ready.wait(PATIENCE + count), 'the members do not begin'
        if failed:
            raise failed[0]
        yield made
    finally:
        stop[0].send()
        thread.join(PATIENCE)
