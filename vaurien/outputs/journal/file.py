"""Writes the journal of a run, a line for each exchange and for what else happens, in batches. Knows no session."""
import logging
import time
from collections.abc import Sequence
from typing import Any

import msgspec
from gevent import get_hub, sleep

from ... import __version__
from ...net.loop import release
from ...proxies.fleet import Fleet
from ...relay.recording.records import Exchanged, Whole, made
from ...spec import BehaviorSpec
from .lines import VERSION, Header, Mixed
from .writer import FileWriter

logger = logging.getLogger(__name__)

BATCH_BYTES = 64 * 1024     #: [bytes] of lines that are handed to the thread at once
BATCH_EXCHANGES = 128       #: whose records are made at once, in some 0.3 ms; they are in memory with their answers until then
BATCH_TIME = 0.1            #: [seconds] that a line waits for others at most
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
        self._encoder = msgspec.json.Encoder(enc_hook=str)      # what a plugin's author puts into an option is written as text
        self._buffer, self._lines = bytearray(), 0
        self._whole: list[Whole] = []       # after what is in the buffer
        self._timer: Any = None
        self._said = False
        self._write(Header(VERSION, __version__, time.time(), fleet.seed, tuple(entry.spec for entry in fleet.plan.entries)))
        for proxy in fleet.proxies.values():
            self._proxy(proxy)
        exchanges = fleet.exchanges
        exchanges.follow(self._exchanged, self._write, self._later)
        exchanges.changed = (*exchanges.changed, self._proxy)
        fleet.journal.listen(self._write)

    def _exchanged(self, exchanged: Exchanged) -> None:
        self._make()
        self._collect((exchanged,))
        self._bound()

    def _later(self, whole: Whole) -> None:
        self._whole.append(whole)
        if self._timer is None:
            self._begin_batch()
        elif len(self._whole) >= BATCH_EXCHANGES:
            self._make()
            self._bound()

    def _make(self) -> None:
        """Make the records that are still to be made, all after one another: processors are fast at what they do many times."""
        if self._whole:
            whole, self._whole = self._whole, []
            self._collect([made(one) for one in whole])

    def _collect(self, lines: Sequence[Any]) -> None:
        self._buffer += self._encoder.encode_lines(lines)
        self._lines += len(lines)

    def _bound(self) -> None:
        """Let what was collected wait for more, as long as it is not too much."""
        if self._timer is None:
            self._begin_batch()
        elif len(self._buffer) > BATCH_BYTES:
            self._flush()

    def _write(self, line: Any) -> None:
        """Write any other line."""
        self._exchanged(line)

    def _proxy(self, proxy: Any) -> None:
        mix = tuple(BehaviorSpec(name=behavior.name, percent=weight, settings=plain(behavior.settings))
                    for weight, behavior in proxy.chaos.entries)
        self._write(Mixed(time.time(), proxy.name, proxy.spec.protocol, proxy.spec.backend, str(proxy.chaos), mix))

    def _begin_batch(self) -> None:
        self._timer = get_hub().loop.timer(BATCH_TIME)
        self._timer.start(self._flush)

    def _flush(self) -> None:
        """Hand what was collected to the thread."""
        self._timer = release(self._timer)
        self._make()
        if self._lines:
            self._writer.write(bytes(self._buffer), self._lines)
            self._buffer.clear()
            self._lines = 0
        if self._writer.error is not None and not self._said:
            self._said = True
            logger.warning('the journal %s cannot be written, and lacks lines: %s', self._path, self._writer.error)

    def close(self) -> None:
        """Write the rest, in a greenlet, and nothing more; what takes longer than ``CLOSE_TIMEOUT`` is lost."""
        exchanges = self._fleet.exchanges
        exchanges.unfollow(self._exchanged, self._write)
        self._fleet.journal.listen_no_more(self._write)
        exchanges.changed = tuple(other for other in exchanges.changed if other != self._proxy)
        self._flush()
        self._writer.end()
        until = time.monotonic() + CLOSE_TIMEOUT
        while not self._writer.ended and time.monotonic() < until:
            sleep(LOOK)
        if self._writer.lost:
            logger.warning('the journal %s lacks %d lines', self._path, self._writer.lost)


def plain(settings: Any) -> dict[str, Any]:
    """Return a behavior's settings without what only its mix knows: the requests that it is for."""
    return {name: value for name, value in settings.items() if name != 'match'}
