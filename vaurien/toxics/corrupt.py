"""One condition: bytes are not what was sent."""
from collections.abc import Iterator
from math import log1p

from ..options import Bounded, Option
from .base import Chunks, Send, Toxic


class Corrupt(Toxic):
    """Some bytes arrive with one bit flipped; none is lost and none is added."""

    name = 'corrupt'
    options = {'rate': Option("Share of the bytes that are spoilt, 0 to 1", Bounded(float, 0, 1), 0.0)}

    def pipe(self, chunks: Chunks, send: Send) -> None:
        for chunk in chunks:
            send(self._spoil(chunk.data))

    def _spoil(self, data: bytes) -> bytes:
        spoilt = bytearray(data)
        for at in self._hits(len(data)):
            spoilt[at] ^= 1 << self.link.random.randrange(8)
        return bytes(spoilt)

    def _hits(self, length: int) -> Iterator[int]:
        """Draw which bytes are hit, by the distances between them: that is one draw for each hit, and not for each byte."""
        rate, random = self.option('rate'), self.link.random
        at = -1
        while rate > 0:
            gap = log1p(-random.random()) / log1p(-rate) if rate < 1 else 0.0
            at += 1 + int(min(gap, length))
            if at >= length:
                return
            yield at
