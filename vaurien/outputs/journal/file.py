"""Writes the journal of a run, a line for each exchange and for what else happens, in batches. Knows no session."""
import logging
import time
from typing import Any

from gevent import sleep

from ... import __version__
from ...proxies.fleet import Fleet
from ...spec import BehaviorSpec
from .batches import Batches
from .lines import VERSION, Header, Mixed
from .writer import FileWriter

logger = logging.getLogger(__name__)

CLOSE_TIMEOUT = 5.0         #: [seconds] that the rest may take in the end
LOOK = 0.005                #: [seconds] between two looks at whether it is written


class JournalFile:
    """Writes what a fleet's proxies do into a file, until it is closed.

    A disk that fills costs the lines that it does not take: their number stands in the file where they would, and the log says
    so once.

    Args:
        fleet: The fleet; sessions that begin from now on are in the journal.
        path: The file; it is emptied.

    Raises:
        OSError: It cannot be opened.
    """

    def __init__(self, fleet: Fleet, path: str) -> None:
        self._fleet, self._path = fleet, path
        self._writer = FileWriter(path)
        self._said = False
        self._batches = Batches(fleet.exchanges, self._give)
        self._batches.write(Header(VERSION, __version__, time.time(), fleet.seed,
                                   tuple(entry.spec for entry in fleet.plan.entries)))
        for proxy in fleet.proxies.values():
            self._proxy(proxy)
        fleet.exchanges.changed = (*fleet.exchanges.changed, self._proxy)
        fleet.journal.listen(self._batches.write)

    def _proxy(self, proxy: Any) -> None:
        self._batches.write(mixed(proxy))

    def _give(self, data: bytes, lines: int) -> None:
        """Hand lines to the thread."""
        self._writer.write(data, lines)
        if self._writer.error is not None and not self._said:
            self._said = True
            logger.warning('the journal %s cannot be written, and lacks lines: %s', self._path, self._writer.error)

    def close(self) -> None:
        """Write the rest, in a greenlet, and nothing more; what takes longer than ``CLOSE_TIMEOUT`` is lost."""
        exchanges = self._fleet.exchanges
        self._fleet.journal.listen_no_more(self._batches.write)
        exchanges.changed = tuple(other for other in exchanges.changed if other != self._proxy)
        self._batches.close()
        self._writer.end()
        until = time.monotonic() + CLOSE_TIMEOUT
        while not self._writer.ended and time.monotonic() < until:
            sleep(LOOK)
        if self._writer.lost:
            logger.warning('the journal %s lacks %d lines', self._path, self._writer.lost)


def mixed(proxy: Any) -> Mixed:
    """Return the line that says what a proxy is."""
    mix = tuple(BehaviorSpec(name=behavior.name, percent=weight, settings=plain(behavior.settings))
                for weight, behavior in proxy.chaos.entries)
    return Mixed(time.time(), proxy.name, proxy.spec.protocol, proxy.spec.backend, str(proxy.chaos), mix)


def plain(settings: Any) -> dict[str, Any]:
    """Return a behavior's settings without what only its mix knows: the requests that it is for."""
    return {name: value for name, value in settings.items() if name != 'match'}
