"""One condition: the connection is reset."""
from contextlib import suppress

from ..options import Option
from .base import Chunks, Milliseconds, Send, Toxic, sleep


class ResetPeer(Toxic):
    """The first bytes, or the end, are dropped and the connection is reset, at once or after ``timeout``."""

    name = 'reset_peer'
    options = {'timeout': Option("Milliseconds until the reset", Milliseconds, 0)}

    def pipe(self, chunks: Chunks, send: Send) -> None:
        with suppress(EOFError):
            chunks.get()
        sleep(self.option('timeout') / 1000)
        self.link.reset()
