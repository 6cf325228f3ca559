"""One condition: bytes are not what was sent."""
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
        rate, random = self.option('rate'), self.link.random
        hits = [at for at in range(len(data)) if random.random() < rate] if rate else []
        spoilt = bytearray(data)
        for at in hits:
            spoilt[at] ^= 1 << random.randrange(8)
        return bytes(spoilt)
