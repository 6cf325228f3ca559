"""What a worker counts of its proxies, as rows, and how the rows of all workers become the counts of one proxy."""
from collections.abc import Iterable, Iterator
from typing import Any

from ..proxies.proxy import Proxy
from ..proxies.stats import Stats
from ..proxies.unapplied import Unapplied
from ..words.uses import MAX_NAMES, Unread
from .frames import Row

#: of ``Stats``; those of open sessions are in the counts
FIELDS = ('accepted', 'refused', 'backend_errors', 'handler_errors', 'accept_errors', 'exchanges', 'from_client', 'from_backend',
          'to_backend', 'to_client')


def row_of(proxy: Proxy, serial: int, version: int) -> Row:
    """Return what a proxy has counted."""
    stats, sessions = proxy.stats, proxy.sessions.values()
    plain = [stats.accepted, stats.refused, stats.backend_errors, stats.handler_errors, stats.accept_errors]
    return Row(
        proxy.name, serial, version, len(proxy.sessions), [*plain, *stats.received(sessions), *stats.sent(sessions)],
        [(behavior, kind, count) for (behavior, kind), count in stats.faults.items()],
        [(use.number, use.chosen, use.unmatched, use.applied, list(use.names)) for use in proxy.chaos.uses.values()],
        [(found.reason, found.sessions, found.open) for found in proxy.unapplied.sessions_unread(proxy.sessions)])


class Rows:
    """Gives the rows of a worker that have changed.

    Args:
        proxies: The proxies, by name.
    """

    def __init__(self, proxies: dict[str, Proxy]) -> None:
        self._proxies = proxies
        self._serials: dict[str, tuple[Proxy, int]] = {}
        self._told: dict[str, Row] = {}
        self._count = 0

    def changed(self, version: int) -> Iterator[Row]:
        """Give the rows that are not as they were the last time.

        Args:
            version: What the worker is.
        """
        for name in [name for name in self._serials if name not in self._proxies]:
            del self._serials[name], self._told[name]
        for name, proxy in list(self._proxies.items()):
            known, serial = self._serials.get(name, (None, 0))
            if known is not proxy:
                self._count += 1
                serial = self._count
                self._serials[name] = proxy, serial
            row = row_of(proxy, serial, version)
            if self._told.get(name) != row:
                self._told[name] = row
                yield row


class Sums:
    """Adds up the rows of all workers for one proxy. What a worker had counted stays when it is gone.

    Args:
        stats: What is counted.
        unapplied: Why faults were not applied.
        open: Sessions that each worker has.
    """

    def __init__(self, stats: Stats, unapplied: Unapplied) -> None:
        self._stats, self._unapplied = stats, unapplied
        self._last: dict[int, Row] = {}
        self.open: dict[int, int] = {}

    def add(self, worker: int, row: Row, uses: Iterable[Any]) -> None:
        """Take the newest row of a worker.

        Args:
            worker: The worker's number.
            row: What it has counted since it is there.
            uses: What counts the entries of the mix, in their order.
        """
        last = self._last.get(worker)
        if last is None or last.serial != row.serial:
            last = Row(row.proxy, row.serial, row.version, 0, [0] * len(FIELDS))
        stats = self._stats
        for name, now, before in zip(FIELDS, row.counts, last.counts, strict=True):
            setattr(stats, name, getattr(stats, name) + now - before)
        known = {(behavior, kind): count for behavior, kind, count in last.faults}
        for behavior, kind, count in row.faults:
            stats.faults[behavior, kind] += count - known.get((behavior, kind), 0)
        self._add_uses(row, last, list(uses))
        unread = {reason: count for reason, count, _ in last.unread}
        for reason, count, _ in row.unread:
            self._unapplied.unread[reason] += count - unread.get(reason, 0)
        self._last[worker], self.open[worker] = row, row.sessions

    def _add_uses(self, row: Row, last: Row, uses: list[Any]) -> None:
        if len(uses) != len(row.uses):
            return      # of a mix that was, or comes
        before = {number: counts for number, *counts, _ in last.uses}
        for use, (number, *counts, names) in zip(uses, row.uses, strict=True):
            was = before.get(number, [0, 0, 0])
            use.chosen, use.unmatched, use.applied = (
                total + now - then
                for total, now, then in zip((use.chosen, use.unmatched, use.applied), counts, was, strict=True))
            for name in names:
                if len(use.names) < MAX_NAMES:
                    use.names[name] = None

    def unread(self) -> list[Unread]:
        """Return how many sessions are relayed unread, and were, and why."""
        now: dict[str, int] = {}
        for row in self._last.values():
            for reason, _, there in row.unread:
                now[reason] = now.get(reason, 0) + there
        return [Unread(reason, count, now.get(reason, 0)) for reason, count in self._unapplied.unread.items()]

    def lose(self, worker: int) -> int:
        """Forget a worker that is gone, and return how many sessions it had; what it has counted stays."""
        self._last.pop(worker, None)
        return self.open.pop(worker, 0)

    def accepted(self, worker: int) -> int:
        """Return how many clients a worker has accepted, by its newest row."""
        row = self._last.get(worker)
        return row.counts[0] if row is not None else 0
