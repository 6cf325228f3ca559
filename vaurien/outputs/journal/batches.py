"""Makes the lines of a journal, many at once, of what happens in a process. Knows no file."""
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from gevent import get_hub

from ...net.loop import release
from ...proxies.exchanges import Exchanges
from ...relay.recording.records import Exchanged, Whole, made

BATCH_BYTES = 64 * 1024     #: [bytes] of lines that are handed over at once
BATCH_EXCHANGES = 128       #: whose records are made at once, in some 0.3 ms; they are in memory with their answers until then
BATCH_TIME = 0.1            #: [seconds] that a line waits for others at most


class Batches:
    """Makes lines until it is closed.

    Args:
        exchanges: What happens in the process; sessions that begin from now on are in it.
        give: Called with whole lines, and how many they are; it must not wait.
    """

    def __init__(self, exchanges: Exchanges, give: Callable[[bytes, int], None]) -> None:
        self._exchanges, self._give = exchanges, give
        self._encoder = msgspec.json.Encoder(enc_hook=str)      # what a plugin's author puts into an option is written as text
        self._buffer, self._lines = bytearray(), 0
        self._whole: list[Whole] = []       # after what is in the buffer
        self._timer: Any = None
        exchanges.follow(self._exchanged, self.write, self._later)

    def write(self, line: Any) -> None:
        """Take a line that is no exchange."""
        self._exchanged(line)

    def add(self, data: bytes) -> None:
        """Take whole lines that were made elsewhere."""
        self._make()
        self._buffer += data
        self._lines += data.count(b'\n')
        self._bound()

    def encode(self, line: Any) -> bytes:
        """Return a line as it is written."""
        return self._encoder.encode_lines((line,))

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
            self.flush()

    def _begin_batch(self) -> None:
        self._timer = get_hub().loop.timer(BATCH_TIME)
        self._timer.start(self.flush)

    def flush(self) -> None:
        """Hand over what was collected."""
        self._timer = release(self._timer)
        self._make()
        if self._lines:
            self._give(bytes(self._buffer), self._lines)
            self._buffer.clear()
            self._lines = 0

    def close(self) -> None:
        """Hand over the rest, and take nothing more."""
        self._exchanges.unfollow(self._exchanged, self.write)
        self.flush()
