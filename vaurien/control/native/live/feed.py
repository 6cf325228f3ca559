"""What a follower is told once a second: only what has changed since, in a bounded number of lines. Knows no request.

Nothing is collected for a follower between two seconds, and a second begins when what was said in the one before is written: one
that is slow loses detail, and nobody else loses anything.
"""
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import gevent

from .... import __version__
from ....net.breath import Breath
from ....proxies.fleet import Fleet
from ....proxies.proxy import Proxy
from ...server_sent import event
from ...surface import Refusal
from ..events import MAX_FOLLOWERS

INTERVAL = 1.0      #: [seconds] between two bundles
MAX_TOLD = 200      #: faults of one bundle; of more the newest ones are told, and how many they were
ROW = ('proxy', 'sessions', 'accepted', 'refused', 'exchanges', 'from_client', 'from_backend', 'backend_errors', 'faults')


class Counted(NamedTuple):
    """What a proxy has counted, and by what it is seen that it has become another one."""

    spec: Any
    bound: str
    row: tuple[Any, ...]


def count(proxy: Proxy) -> Counted:
    """Return what a proxy has counted so far."""
    stats, (exchanges, from_client, from_backend) = proxy.stats, proxy.totals()
    return Counted((proxy.spec, tuple(attached.spec for attached in proxy.toxics.attached.values())), str(proxy.bound), (
        proxy.name, len(proxy.sessions), stats.accepted, stats.refused, exchanges, from_client, from_backend, stats.backend_errors,
        stats.faults.total()))


class Feeds:
    """Those who follow a fleet.

    Args:
        fleet: What they follow.
    """

    def __init__(self, fleet: Fleet) -> None:
        self.fleet, self.count = fleet, 0

    def follow(self, proxy: str | None) -> Iterator[bytes]:
        """Follow the fleet.

        Args:
            proxy: The proxy whose faults are told; None: those of all.

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
        return self._send(Feed(self.fleet, proxy))

    def _send(self, feed: 'Feed') -> Iterator[bytes]:
        self.count += 1
        try:
            yield event('hello', {'version': __version__, 'seed': self.fleet.seed, 'row': ROW, 'interval': INTERVAL})
            while True:
                began = time.monotonic()
                yield b''.join(feed.bundle())
                gevent.sleep(max(0.0, began + INTERVAL - time.monotonic()))
        finally:
            self.count -= 1


class Feed:
    """What one follower has been told.

    Args:
        fleet: What it follows.
        proxy: The proxy whose faults it is told; None: those of all.
    """

    def __init__(self, fleet: Fleet, proxy: str | None) -> None:
        self._fleet, self._proxy = fleet, proxy
        self._known: dict[str, Counted] = {}
        self._fault, self._scenario = fleet.journal.count, ''

    def bundle(self) -> Iterator[bytes]:
        """Give what has changed since the last call, as events; the counts always come, even if there are none."""
        breathe, rows, changed = Breath(), [], []
        now, known, self._known = time.time(), self._known, {}
        for proxy in list(self._fleet.proxies.values()):
            breathe()
            found, before = count(proxy), known.pop(proxy.name, None)
            self._known[proxy.name] = found
            if before is None or before.spec != found.spec or before.bound != found.bound:
                changed.append(proxy.name)
            if before is None or before.row != found.row:
                rows.append(found.row)
        if changed or known:
            yield event('proxies', {'changed': changed, 'gone': list(known)})
        yield event('stats', {'time': now, 'rows': rows})
        yield from self._faults()
        scenario = self._fleet.scenario or ''
        if scenario != self._scenario:
            self._scenario = scenario
            yield event('scenario', {'scenario': scenario})

    def _faults(self) -> Iterator[bytes]:
        journal, last = self._fleet.journal, self._fault
        if journal.count == last:
            return
        self._fault = journal.count
        found = list(journal.since(last, self._proxy))
        if found:
            told = found[-MAX_TOLD:]
            yield event('faults', {'faults': told, 'missed': len(found) - len(told)})
