"""One condition: bytes are not what was sent."""
from math import log1p

from ..options import Bounded, Option
from .base import Chunks, Send, Toxic

#: [bytes] between two that are hit, at most: more than any session sends
FAR = 1 << 62


class Corrupt(Toxic):
    """Some bytes arrive with one bit flipped; none is lost and none is added."""

    name = 'corrupt'
    options = {'rate': Option("Share of the bytes that are spoilt, 0 to 1", Bounded(float, 0, 1), 0.0)}

    def pipe(self, chunks: Chunks, send: Send) -> None:
        at = self._gap()    # of the next byte that is hit, counted on from chunk to chunk: how bytes are cut makes no difference
        for chunk in chunks:
            spoilt = bytearray(chunk.data)
            while at < len(spoilt):
                spoilt[at] ^= 1 << self.link.random.randrange(8)
                at += 1 + self._gap()
            at -= len(spoilt)
            send(bytes(spoilt))

    def _gap(self) -> int:
        """Draw the bytes between two that are hit: that is one draw for each hit, and not for each byte."""
        rate, random = self.option('rate'), self.link.random
        if rate <= 0:
            return FAR
        return int(min(log1p(-random.random()) / log1p(-rate), FAR)) if rate < 1 else 0
