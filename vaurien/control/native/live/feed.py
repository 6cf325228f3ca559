"""What a follower is told once a second: only what has changed since, in a bounded number of lines. Knows no request.

Nothing is collected for a follower between two seconds, and a second begins when what was said in the one before is written: one
that is slow loses detail, and nobody else loses anything.
"""
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import gevent
import msgspec

from .... import __version__
from ....net.breath import Breath
from ....proxies.fleet import Fleet
from ....proxies.proxy import Proxy
from ...server_sent import event
from ...surface import Refusal
from ..events import MAX_FOLLOWERS
from .exploration import Exploring
from .watch import Watch, Watches

INTERVAL = 1.0      #: [seconds] between two bundles
MAX_WATCHED = 500   #: proxies whose requests are looked at
MAX_TOLD = 200      #: faults of one bundle; of more the newest ones are told, and how many they were
ROW = ('proxy', 'sessions', 'accepted', 'refused', 'exchanges', 'from_client', 'from_backend', 'backend_errors', 'faults',
       'p50', 'p99')


class Counted(NamedTuple):
    """What a proxy is, by which it is seen that it has become another one, and what it has counted."""

    what: tuple[Any, ...]
    row: tuple[Any, ...]


class ShapeSeen(msgspec.Struct):
    """What is told of the requests of one shape."""

    shape: str
    seen: int
    faults: int
    p50: float | None
    p99: float | None


def count(proxy: Proxy, latency: tuple[float | None, float | None]) -> Counted:
    """Return what a proxy has counted so far."""
    stats, (exchanges, from_client, from_backend) = proxy.stats, proxy.totals()
    toxics = tuple(attached.spec for attached in proxy.toxics.attached.values())
    return Counted((proxy.spec, toxics, str(proxy.bound)), (
        proxy.name, len(proxy.sessions), stats.accepted, stats.refused, exchanges, from_client, from_backend,
        stats.backend_errors, stats.faults.total(), *latency))


class Feeds:
    """Those who follow a fleet.

    Args:
        fleet: What they follow.
        exploring: The exploration that they are told of; None: there is none.
    """

    def __init__(self, fleet: Fleet, exploring: Exploring | None = None) -> None:
        self.fleet, self.count, self.watches, self.exploring = fleet, 0, Watches(), exploring

    def follow(self, proxy: str | None, since: int | None = None) -> Iterator[bytes]:
        """Follow the fleet.

        Args:
            proxy: The proxy whose faults and requests are told; None: the faults of all.
            since: Begin with the faults after the one with this id; None: with the next one.

        Returns:
            The bytes to send, without end.

        Raises:
            UnknownProxyError: There is no such proxy.
            Refusal: There are too many followers.
        """
        if proxy is not None:
            self.fleet.get(proxy)
        if self.count >= MAX_FOLLOWERS:
            raise Refusal(503, f'there are {MAX_FOLLOWERS} followers already')
        return self._send(Feed(self.fleet, self.watches, proxy, since, self.exploring))

    def _send(self, feed: 'Feed') -> Iterator[bytes]:
        self.count += 1
        try:
            yield event('hello', {'version': __version__, 'seed': self.fleet.seed, 'row': ROW, 'fault': self.fleet.journal.count})
            while True:
                began = time.monotonic()
                yield b''.join(feed.bundle())
                feed.was_sent()
                gevent.sleep(max(0.0, began + INTERVAL - time.monotonic()))
        finally:
            self.count -= 1
            feed.close()


class Feed:
    """What one follower has been told.

    Args:
        fleet: What it follows.
        watches: What looks at requests.
        proxy: The proxy whose faults and requests it is told; None: the faults of all, and no requests.
        since: The fault that it knows already, by its id; None: the newest one.
        exploring: The exploration that it is told of; None: there is none.
    """

    def __init__(self, fleet: Fleet, watches: Watches, proxy: str | None, since: int | None = None,
                 exploring: Exploring | None = None) -> None:
        self._exploring, self._explored = exploring, -1
        if exploring is not None:
            exploring.told[self] = -1
        self._fleet, self._watches, self._proxy = fleet, watches, proxy
        self._known: dict[str, Counted] = {}
        self._held: dict[Proxy, Watch] = {}
        self._fault = fleet.journal.count if since is None else min(since, fleet.journal.count)
        self._scenario, self._noticed = '', max(0, fleet.journal.noticed - 1)     # the newest one is told
        self._looked: tuple[int, int] | None = None     # requests that were looked at, of so many
        self._seen: int | None = None

    def bundle(self) -> Iterator[bytes]:
        """Give what has changed since the last call, as events; the counts always come, even if there are none."""
        breathe, rows, changed = Breath(), [], []
        known, self._known = self._known, {}
        proxies = list(self._fleet.proxies.values())
        self._hold(proxies)
        for proxy in proxies:
            breathe()
            watch = self._held.get(proxy)
            found, before = count(proxy, (None, None) if watch is None else watch.latest), known.pop(proxy.name, None)
            self._known[proxy.name] = found
            if before is None or before.what != found.what:
                changed.append(proxy.name)
            if before is None or before.row != found.row:
                rows.append(found.row)
        if changed or known:
            yield event('proxies', {'changed': changed, 'gone': list(known)})
        yield event('stats', {'seconds': time.monotonic(), 'rows': rows})
        yield from self._faults()
        yield from self._requests()
        scenario = self._fleet.scenario or ''
        if scenario != self._scenario:
            self._scenario = scenario
            yield event('scenario', {'scenario': scenario})
        yield from self._notices()
        exploring = self._exploring
        if exploring is not None and exploring.revision != self._explored:
            self._explored = exploring.revision
            yield exploring.written()

    def was_sent(self) -> None:
        """Note that the last bundle has been taken."""
        if self._exploring is not None:
            self._exploring.told[self] = self._explored

    def _hold(self, proxies: list[Proxy]) -> None:
        """Look at the requests of the proxies that there are."""
        if self._fleet.workers:
            return      # their sessions are elsewhere
        there = set(proxies)
        for proxy in [proxy for proxy in self._held if proxy not in there]:
            self._watches.release(self._held.pop(proxy))
        for proxy in proxies:
            if proxy not in self._held and (len(self._held) < MAX_WATCHED or proxy.name == self._proxy):
                self._held[proxy] = self._watches.hold(proxy)

    def close(self) -> None:
        """Look at nothing more."""
        for watch in self._held.values():
            self._watches.release(watch)
        self._held.clear()
        if self._exploring is not None:
            self._exploring.told.pop(self, None)

    def _faults(self) -> Iterator[bytes]:
        journal, last = self._fleet.journal, self._fault
        if journal.count == last:
            return
        self._fault = journal.count
        found = list(journal.since(last, self._proxy))
        if found:
            told = found[-MAX_TOLD:]
            yield event('faults', {'faults': told, 'missed': len(found) - len(told)})

    def _notices(self) -> Iterator[bytes]:
        journal = self._fleet.journal
        count, self._noticed = journal.noticed - self._noticed, journal.noticed
        if count:
            yield event('notices', {'notices': list(journal.notices)[-count:]})

    def _requests(self) -> Iterator[bytes]:
        """Tell of the requests of the one proxy; ``share`` is how many of those that have passed were looked at."""
        proxy = self._fleet.proxies.get(self._proxy) if self._proxy is not None else None
        watch = self._held.get(proxy) if proxy is not None else None
        if proxy is None or watch is None:
            return
        exchanges = self._known[proxy.name].row[ROW.index('exchanges')]
        (before, exchanges_before), self._looked = self._looked or (watch.noted, exchanges), (watch.noted, exchanges)
        passed, seen = exchanges - exchanges_before, watch.noted - before
        count, self._seen = self._seen, watch.count
        shapes = sorted(watch.shapes.items(), key=lambda item: -item[1].seen)
        yield event('requests', {
            'requests': list(watch.since(watch.count if count is None else count)),
            'share': min(1.0, seen / passed) if passed > seen else 1.0,
            'shapes': [ShapeSeen(name, shape.seen, shape.faults, shape.times.quantile(0.5), shape.times.quantile(0.99))
                       for name, shape in shapes]})
