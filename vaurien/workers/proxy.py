"""A proxy whose sessions are in the workers: it holds its place, checks what it should be, and shows what all of them have."""
from collections.abc import Callable, Iterator, Mapping
from time import monotonic
from typing import Any, NamedTuple

import msgspec

from ..address import Address
from ..net import sockets
from ..net.sockets import RawSocket
from ..proxies.proxy import Proxy
from ..proxies.unapplied import Unapplied
from ..proxies.validated import Validated
from ..words.uses import Unread
from .counts import Sums
from .crew import Crew
from .frames import Row, SessionRow
from .paths import Paths

ALL = 2 ** 53   #: sessions: more than there are


class Reserved:
    """Holds an address, in place of a listener.

    Attributes:
        started: Whether it does.
    """

    def __init__(self) -> None:
        self._sock: RawSocket | None = None

    @property
    def started(self) -> bool:
        return self._sock is not None

    def listen(self, sock: RawSocket) -> Address:
        """Hold what a socket is bound to, in place of the one before; return that."""
        self.close()
        self._sock = sock
        return sockets.bound_address(sock)

    def close(self) -> None:
        """Hold nothing."""
        sock, self._sock = self._sock, None
        if sock is not None:
            sock.close()


class Named(NamedTuple):
    """A behavior, by its name."""

    name: str


class UnderWay(NamedTuple):
    """An exchange that a session elsewhere is at."""

    name: str
    behavior: Named | None


class SessionElsewhere:
    """A session of a worker, as it was a moment ago."""

    def __init__(self, row: SessionRow, abort: Callable[[int], None]) -> None:
        self.number, self.peer, self.backend_name = row.number, row.peer, row.backend_name
        self.transferred, self.exchanges, self.started = tuple(row.transferred), row.exchanges, monotonic() - row.age
        self._exchange, self._behavior, self._abort = row.request, row.behavior, abort

    def under_way(self) -> UnderWay | None:
        """Return the exchange that it was at; None: it was between two."""
        behavior = Named(self._behavior) if self._behavior else None
        return UnderWay(self._exchange, behavior) if self._exchange or behavior else None

    def abort(self) -> None:
        """End it with a reset."""
        self._abort(self.number)


class SessionsElsewhere(Mapping[int, Any]):
    """The sessions of a proxy in all workers: how many is known, and any more is asked for.

    Args:
        proxy: The proxy.
    """

    def __init__(self, proxy: 'ProxyOfWorkers') -> None:
        self._proxy = proxy

    def __len__(self) -> int:
        return sum(self._proxy.sums.open.values())

    def __iter__(self) -> Iterator[int]:
        return iter([session.number for session in self._proxy.sessions_after(0, ALL)])

    def __getitem__(self, number: int) -> SessionElsewhere:
        for row in self._proxy.crew.ask('session', self._proxy.name, number):
            if row is not None:
                return self._proxy.shown(row)
        raise KeyError(number)


class UnappliedElsewhere(Unapplied):
    """Why faults are not applied, in all workers."""

    sums: Sums

    def sessions_unread(self, sessions: Mapping[int, Any]) -> list[Unread]:
        return self.sums.unread()


class ProxyOfWorkers(Proxy):
    """A proxy whose sessions are elsewhere.

    Attributes:
        crew: The workers.
        paths: The unix sockets that they listen with.
        sums: What they have counted.
        since: The version that workers have it from on; what they say of an older one is about another proxy of its name.
    """

    def __init__(self, crew: Crew, paths: Paths, *args: Any) -> None:
        self.crew, self.paths = crew, paths
        super().__init__(*args)
        self.unapplied = unapplied = UnappliedElsewhere()
        self._count_uses()
        self.sums = unapplied.sums = Sums(self.stats, unapplied)
        self.since = crew.version + 1
        self.sessions: Any = SessionsElsewhere(self)
        self._listener: Any = Reserved()

    def add(self, worker: int, row: Row) -> None:
        """Take what a worker has counted."""
        if row.version >= self.since:
            self.sums.add(worker, row, self.chaos.uses.values())

    # -- what it shows

    def shown(self, row: Any) -> SessionElsewhere:
        """Return a session as it is shown."""
        return SessionElsewhere(msgspec.convert(row, SessionRow), self._kill)

    def _kill(self, number: int) -> None:
        self.crew.ask('kill', self.name, number)

    def sessions_after(self, number: int, limit: int) -> list[Any]:
        found = [row for rows in self.crew.ask('sessions', self.name, number, limit) for row in rows]
        return [self.shown(row) for row in sorted(found)[:limit]]

    def totals(self) -> tuple[int, int, int]:
        return self.stats.received(())

    def sent(self) -> tuple[int, int]:
        return self.stats.sent(())

    # -- what it does

    def _open(self, wanted: Validated) -> RawSocket:
        where = self._where(wanted)
        if wanted.listen.unix:
            return self.paths.open(where, wanted.spec.backlog)
        try:
            return sockets.reserve(where)
        except OSError:
            if where[1][1] not in self.crew.ports:
                raise
            return sockets.reserve(where, together=True)    # workers listen there until they are told

    def _change_sessions(self, before: Validated) -> None:
        if self.chaos is not before.chaos:
            self.exchanges.proxy_changed(self)
        self.toxics.change(self.now.toxics, ())

    def plan_changed(self) -> None:
        """Do nothing: with workers there is no plan."""

    def redraw(self, toxic: str) -> None:
        self.toxics.redraw(toxic, ())
        self.crew.ask('redraw', self.name, toxic)

    def _end_all(self) -> int:
        return 0        # the workers do, where a change takes that

    def abort(self) -> int:
        return 0 if self.crew.ending else sum(self.crew.ask('abort', self.name))

    def drop(self) -> None:
        self.crew.ask('drop', self.name)

    def stop(self, timeout: float | None = None) -> None:
        self.stop_listening()
