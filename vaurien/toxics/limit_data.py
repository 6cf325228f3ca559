"""One condition: the connection carries so much and no more."""
from collections.abc import Mapping
from typing import Any

from ..options import Option
from .base import Chunks, Send, Toxic, ToxicHandle, Whole


class LimitData(Toxic):
    """The connection is closed once ``bytes`` bytes have passed; exactly those arrive."""

    name = 'limit_data'
    options = {'bytes': Option("Bytes that pass; 0 or less: the first ones end it", Whole, 0)}

    def __init__(self, settings: Mapping[str, Any], link: ToxicHandle, shared: dict[str, Any]) -> None:
        super().__init__(settings, link, shared)
        self.passed = 0     #: [bytes] so far; survives an update

    def pipe(self, chunks: Chunks, send: Send) -> None:
        for chunk in chunks:
            piece = chunk.data[:max(0, self.option('bytes') - self.passed)]
            if piece:
                self.passed += len(piece)
                send(piece)
            if self.passed >= self.option('bytes'):
                return self.link.close()
        return None
