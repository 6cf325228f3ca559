"""One condition: the connection lives so long and no longer."""
import time
from collections.abc import Mapping
from typing import Any

from ..options import Option
from .base import Chunks, Milliseconds, Send, Toxic, ToxicHandle


class LimitTime(Toxic):
    """Everything passes until ``time`` is over, then the connection is closed."""

    name = 'limit_time'
    options = {'time': Option("Milliseconds that the connection lives", Milliseconds, 0)}

    def __init__(self, settings: Mapping[str, Any], link: ToxicHandle, shared: dict[str, Any]) -> None:
        super().__init__(settings, link, shared)
        self.since = time.monotonic()   #: survives an update

    def pipe(self, chunks: Chunks, send: Send) -> None:
        try:
            while True:
                left = self.since + self.seconds('time') - time.monotonic()
                chunk = chunks.get(left) if left > 0 else None
                if chunk is None:
                    return self.link.close()
                send(chunk)
        except EOFError:
            return None
