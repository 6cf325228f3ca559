"""Follows a fleet's exchanges, and hands over those that are to become spans. Knows the fleet, and not how spans are made."""
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from gevent import get_hub, sleep

from ...proxies.fleet import Fleet
from ...proxies.journal import Fault
from ...relay.recording.records import Exchanged, Whole, made
from .counts import SpanCounts
from .sender import DELAY, Sender
from .spans import Done

MAX_FAULTS = 10_000     #: of exchanges that are not over; of the oldest of more the spans lack the entry of the plan
CLOSE_TIMEOUT = 3.0     #: [seconds] that the rest may take in the end, ...
GONE_TIMEOUT = 0.5      #: ... and where the collector did not take what came before
LOOK = 0.005            #: [seconds] between two looks at whether it was sent

logger = logging.getLogger(__name__)


class Exports(Protocol):
    """What makes spans and sends them, in a thread; ``sdk.Exporter`` is it."""

    def send(self, batch: Sequence[Done]) -> tuple[int, int, str]: ...
    def close(self) -> None: ...


class Spans:
    """Has a span made of each exchange of a fleet that something was injected into, until it is closed.

    Args:
        fleet: Whose; exchanges of sessions that are open already have none.
        exporter: Makes them.
        every: Of every other exchange too.
        delay: [s] That one waits for others at most, before they are sent together.
    """

    def __init__(self, fleet: Fleet, exporter: Exports, every: bool = False, delay: float = DELAY) -> None:
        self._fleet, self._exporter, self._every = fleet, exporter, every
        self._faults: dict[tuple[str, int, int], Fault] = {}
        self._wake = get_hub().loop.async_()
        self._wake.start(self._warn)
        tell: Callable[[], None] = self._wake.send
        self._sender = Sender(exporter.send, tell, delay)
        fleet.exchanges.traces = True
        fleet.exchanges.follow(self._exchanged, None, self._later)
        fleet.journal.follow(self._fault)

    @property
    def counts(self) -> SpanCounts:
        """What became of the spans."""
        return self._sender.counts

    def _fault(self, fault: Fault) -> None:
        faults = self._faults
        if len(faults) >= MAX_FAULTS:
            del faults[next(iter(faults))]
        faults[fault.proxy, fault.session, fault.exchange] = fault

    def _later(self, whole: Whole) -> None:
        if self._every:
            self._exchanged(made(whole))

    def _exchanged(self, exchanged: Exchanged) -> None:
        if not (exchanged.fault or self._every):
            return
        fault = self._faults.pop((exchanged.proxy, exchanged.session, exchanged.number), None) if exchanged.fault else None
        proxy: Any = self._fleet.proxies.get(exchanged.proxy)
        protocol, backend = ('', '') if proxy is None else (proxy.spec.protocol, proxy.spec.backend)
        self._sender.take(Done(exchanged, fault, protocol, backend, self._fleet.scenario or ''))

    def _warn(self) -> None:
        logger.warning('spans are lost, here and from now on without another line: %s', self.counts.error)

    def close(self) -> None:
        """Send the rest, in a greenlet, and nothing more; what takes longer than ``CLOSE_TIMEOUT`` is lost."""
        self._fleet.exchanges.unfollow(self._exchanged)
        self._fleet.exchanges.traces = False
        self._fleet.journal.unfollow(self._fault)
        self._sender.end()
        self._wait(GONE_TIMEOUT if self._sender.failing else CLOSE_TIMEOUT)
        self._exporter.close()
        self._wait(GONE_TIMEOUT)
        lost = self._sender.leave()
        self._wake.stop()
        self._wake.close()
        if lost:
            logger.warning('spans lost: %d; sent: %d', lost, self.counts.sent)

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._sender.ended and time.monotonic() < until:
            sleep(LOOK)
