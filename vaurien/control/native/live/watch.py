"""Looks at the requests of proxies as they pass: at all of them where there are few, and else for a moment now and then.

So that what is looked at costs the sessions next to nothing, a busy proxy is looked at for ``MOMENT`` out of each ``PERIOD``.
"""
import time
from collections import deque
from collections.abc import Iterable
from itertools import islice
from typing import Any

import gevent
import msgspec

from ....protocols.base import Exchange
from ....protocols.message import Queue
from ....proxies.proxy import Proxy
from ....relay.recording.names import names_of
from ....relay.recording.watched import Looking, queue_for, watch
from ....relay.session import Session
from ....scenario.counts.histogram import Histogram

PERIOD, MOMENT = 0.4, 0.01  #: [seconds]
FEW = 8         #: requests within a moment up to which a proxy is looked at all the time: 800 a second
MAX_SESSIONS = 200  #: of a proxy that are looked at at the same time; with each moment others
KEPT = 300      #: of the newest requests of a proxy
MAX_SHAPES = 200    #: of a proxy; what more there is counts as ``OTHERS``
OTHERS = 'others'
FORGOTTEN = 60.0    #: [seconds] after which a request is noted no more that has not been answered


class Seen(msgspec.Struct):
    """A request that was looked at."""

    time: float
    session: int
    exchange: int
    request: str
    seconds: float
    met: str


class Shape:
    """What is known of the requests of one shape."""

    __slots__ = ('seen', 'faults', 'times')

    def __init__(self) -> None:
        self.seen = self.faults = 0
        self.times = Histogram()


class Watch(Looking):
    """Looks at one proxy, from the first who holds it until the last one lets go.

    Args:
        proxy: The proxy.

    Attributes:
        count: Requests that were looked at and answered.
        newest: The newest of them.
        shapes: All of them, by shape.
        times: How long those took that were answered since ``quantiles`` was called.
    """

    def __init__(self, proxy: Proxy) -> None:
        super().__init__()
        self.proxy, self.holders = proxy, 0
        self.count, self.newest = 0, deque[Seen](maxlen=KEPT)
        self.shapes: dict[str, Shape] = {}
        self.times = Histogram()
        self.latest: tuple[float | None, float | None] = (None, None)
        self._queue, self._looked_at, self._next = queue_for(self), list[Session](), 0

    # -- looking

    def look(self) -> None:
        """Look at some of the sessions from now on."""
        sessions = self.proxy.sessions
        if len(sessions) > MAX_SESSIONS:
            self.rest()     # it is the turn of others
        self.proxy.exchanges.newcomers[self.proxy.name] = self.joins
        start = self._next if self._next < len(sessions) else 0
        self._looked_at = list(islice(sessions.values(), start, start + MAX_SESSIONS))
        self._next = start + MAX_SESSIONS
        for session in self._looked_at:
            watch(session, self._queue, self)

    def joins(self, session: Session) -> None:
        """Look at a session that begins."""
        if len(self._looked_at) < MAX_SESSIONS:
            self._looked_at.append(session)
            watch(session, self._queue, self)

    def rest(self) -> None:
        """Note no more requests; those that were noted are still followed to their ends."""
        self.proxy.exchanges.newcomers.pop(self.proxy.name, None)
        for session in self._looked_at:
            if self.proxy.sessions.get(session.number) is session:  # one that has ended has no protocol any more
                watch(session, self._queue, None)

    def end(self) -> None:
        """Look no more, and leave the sessions as they were."""
        self.rest()
        self.under_way.clear()
        for session in self.proxy.sessions.values():
            watch(session, Queue, None)

    def forget(self) -> None:
        """Forget requests that will not be answered any more."""
        before = time.monotonic() - FORGOTTEN
        for exchange in [exchange for exchange, began in self.under_way.items() if began < before]:
            del self.under_way[exchange]

    # -- what was seen

    def passed(self, session: int, exchange: Exchange, seconds: float) -> None:
        """Note a request that was answered."""
        name, shape = names_of(self.proxy.protocol)[exchange.name_as_sent]
        met = '' if exchange.behavior is None or exchange.behavior.name == 'dummy' else exchange.behavior.name
        self.count += 1
        self.times.add(seconds)
        found = self.shapes.get(shape)
        if found is None:
            found = self.shapes.setdefault(shape if len(self.shapes) < MAX_SHAPES else OTHERS, Shape())
        found.seen += 1
        found.faults += bool(met)
        found.times.add(seconds)
        self.newest.append(Seen(time.time() - seconds, session, exchange.number, name, seconds, met))

    def since(self, count: int) -> Iterable[Seen]:
        """Return the newest requests of those after so many."""
        return islice(self.newest, max(0, len(self.newest) - (self.count - count)), None)

    def quantiles(self) -> None:
        """Find out how long requests have taken since the last call, for ``latest``."""
        self.latest = self.times.quantile(0.5), self.times.quantile(0.99)
        self.times = Histogram()


class Watches:
    """What is looked at in a process."""

    def __init__(self) -> None:
        self._watches: dict[Proxy, Watch] = {}
        self._greenlet: Any = None

    def hold(self, proxy: Proxy) -> Watch:
        """Look at a proxy until ``release``."""
        found = self._watches.get(proxy)
        if found is None:
            found = self._watches[proxy] = Watch(proxy)
            found.look()    # who asks for it sees the next request, and not only those after the next moment
        found.holders += 1
        if self._greenlet is None:
            self._greenlet = gevent.spawn(self._run)
        return found

    def release(self, found: Watch) -> None:
        """End ``hold``."""
        found.holders -= 1
        if not found.holders:
            self._watches.pop(found.proxy, None)
            found.end()
        if not self._watches and self._greenlet is not None:
            self._greenlet.kill(block=False)
            self._greenlet = None

    def _run(self) -> None:
        quantiles = 0.0
        while True:
            watches = list(self._watches.values())
            counts = [(found, found.noted) for found in watches]
            for found in watches:
                found.look()
            gevent.sleep(MOMENT)
            for found, count in counts:
                if found.noted - count > FEW and found.holders:
                    found.rest()
            now = time.monotonic()
            if now >= quantiles:
                quantiles = now + 1.0
                for found in watches:
                    found.quantiles()
                    found.forget()
            gevent.sleep(PERIOD - MOMENT)
