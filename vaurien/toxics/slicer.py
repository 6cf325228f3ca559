"""One condition: bytes come in small pieces."""
from collections.abc import Iterator
from time import monotonic

from ..options import Option
from .base import Chunk, Timed, Whole


class Slicer(Timed):
    """Bytes arrive cut into small pieces, one by one. What was written in one call is read in many.

    As Toxiproxy does, a chunk is halved, and each half again, until none is longer than ``average_size`` by more
    than ``size_variation``; 100 bytes come as 6, 6, 6, 7 and so on where 10 and 0 are asked for.
    """

    name = 'slicer'
    options = {
        'average_size': Option("Bytes of a piece: chunks are halved until they are not longer, or by size_variation at most; "
                               "less than 1 counts as 1", Whole, 0),
        'size_variation': Option("Bytes by which a piece may be longer than average_size, and a cut be off the middle", Whole, 0),
        'delay': Option("Microseconds between two pieces", Whole, 0),
    }

    def pieces(self, chunk: Chunk) -> Iterator[tuple[float, bytes]]:
        at, moment = 0, 0.0
        for end in self._cuts(len(chunk.data)):
            yield moment, chunk.data[at:end]
            at, moment = end, monotonic() + self.option('delay') / 1_000_000
        yield moment, b''

    def _cuts(self, length: int) -> Iterator[int]:
        """Draw where the pieces end."""
        variation = max(0, self.option('size_variation'))
        largest = max(1, self.option('average_size')) + variation
        start, ends = 0, [length]   # of the piece under way, and of the halves that are open, the nearest last
        while start < length:
            end = ends[-1]
            if end - start > largest:
                cut = (start + end) // 2 + (self.link.random.randint(-variation, variation - 1) if variation else 0)
                ends.append(min(max(cut, start + 1), end - 1))
            else:
                yield ends.pop()
                start = end
