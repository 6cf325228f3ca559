"""One condition: bytes vanish, and after a silence the connection ends."""
from ..options import Option
from .base import Chunks, Send, Toxic, Whole


class Timeout(Toxic):
    """Nothing arrives; once nothing has come for ``timeout`` the connection is closed. Removing the toxic closes it, too."""

    name = 'timeout'
    options = {'timeout': Option("Milliseconds without a byte until the connection is closed; 0: it stays open",
                                 Whole, 0)}
    ends_when_removed = True

    def pipe(self, chunks: Chunks, send: Send) -> None:
        try:
            while chunks.get(self.seconds('timeout') or None) is not None:
                self.swallowed = True
        except EOFError:
            return
        self.link.close()
