"""One condition: bytes come in small pieces."""
from collections.abc import Iterator

from ..options import Option
from .base import Chunks, Send, Toxic, Whole, sleep


class Slicer(Toxic):
    """Bytes arrive cut into small pieces, one by one. What was written in one call is read in many."""

    name = 'slicer'
    options = {
        'average_size': Option("Bytes of a piece on average; less than 1 counts as 1", Whole, 0),
        'size_variation': Option("Bytes that a piece may be longer or shorter", Whole, 0),
        'delay': Option("Microseconds between two pieces", Whole, 0),
    }

    def pipe(self, chunks: Chunks, send: Send) -> None:
        for chunk in chunks:
            at = 0
            for end in self._cuts(len(chunk.data)):
                send(chunk.data[at:end])
                at = end
                sleep(self.option('delay') / 1_000_000)

    def _cuts(self, length: int) -> Iterator[int]:
        """Draw where the pieces end."""
        average = max(1, self.option('average_size'))
        variation = max(0, min(self.option('size_variation'), average - 1))
        at = 0
        while at < length:
            at = min(length, at + average + (self.link.random.randint(-variation, variation) if variation else 0))
            yield at
