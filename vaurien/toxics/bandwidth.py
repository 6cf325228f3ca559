"""One condition: the wire is thin."""
from collections.abc import Iterator
from math import ceil, inf
from time import monotonic

from ..options import Option
from .base import QUEUE, Chunk, Timed, Whole

#: [seconds] of the rate that leave in one piece, and that may be made up for after a wait elsewhere
PIECE = 0.1
#: [seconds] that pieces which take less than that are late by at most: those of this time leave one after the other
TICK = 0.001
#: [seconds] of the rate that wait, so that there is always something to send
AHEAD = 0.02
#: [bytes] that wait at most
MOST = 16 * 1024 * 1024


class Bandwidth(Timed):
    """Bytes leave no faster than the rate; at 0 they stand still and are not lost.

    The sender is held back. The rate is that of one direction of one session, or with ``shared`` of all sessions together.
    """

    name = 'bandwidth'
    options = {
        'rate': Option("Kilobytes per second, of 1000 bytes; 0 or less: nothing passes", Whole, 0),
        'shared': Option("One budget for all sessions of the proxy", bool, False),
    }

    def pieces(self, chunk: Chunk) -> Iterator[tuple[float, bytes]]:
        rate = self.option('rate') * 1000
        if rate <= 0:
            yield inf, chunk.data
        self.queue = int(min(max(QUEUE, rate * AHEAD), MOST))
        size = max(1, int(rate * PIECE))
        for at in range(0, len(chunk.data), size):
            piece = chunk.data[at:at + size]
            due = self._due(chunk, rate, len(piece))
            yield due if len(piece) > rate * TICK else ceil(due / TICK) * TICK, piece

    def _due(self, chunk: Chunk, rate: int, size: int) -> float:
        """Book the time that so many bytes take on the wire, and return when it is over."""
        book = self.shared if self.option('shared') else self.__dict__
        if book.get('rate') != rate:
            book['rate'], book['due'] = rate, 0.0   # what was booked was booked at another rate
        start = max(book['due'], chunk.arrived, monotonic() - PIECE)
        due: float = start + size / rate
        book['due'] = due
        return due
