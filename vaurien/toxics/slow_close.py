"""One condition: the end comes late."""
from ..options import Option
from .base import Chunks, Send, Toxic, Whole, sleep


class SlowClose(Toxic):
    """Bytes pass as they are; the end of the stream is passed on late."""

    name = 'slow_close'
    options = {'delay': Option("Delay of the end in milliseconds", Whole, 0)}

    def pipe(self, chunks: Chunks, send: Send) -> None:
        for chunk in chunks:
            send(chunk)
        sleep(self.seconds('delay'))
