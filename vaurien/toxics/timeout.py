"""One condition: bytes vanish, and after a silence the connection ends."""
from ..options import Option
from .base import Chunks, Milliseconds, Send, Toxic


class Timeout(Toxic):
    """Nothing arrives; once nothing has come for ``timeout`` the connection is closed. Removing the toxic closes it, too."""

    name = 'timeout'
    options = {'timeout': Option("Milliseconds without a byte until the connection is closed; 0: it stays open",
                                 Milliseconds, 0)}
    ends_when_removed = True

    def pipe(self, chunks: Chunks, send: Send) -> None:
        try:
            while chunks.get(self.option('timeout') / 1000 or None) is not None:
                pass
        except EOFError:
            return
        self.link.close()
