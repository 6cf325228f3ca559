"""One condition: the connection is reset."""
import time
from collections.abc import Mapping
from typing import Any

from ..options import Option
from .base import Chunks, Send, Toxic, ToxicHandle, Whole, sleep_until


class ResetPeer(Toxic):
    """The connection is reset once bytes, or the end, come: at once or after ``timeout``. None of them arrives."""

    name = 'reset_peer'
    options = {'timeout': Option("Milliseconds from the first byte until the reset", Whole, 0)}

    def __init__(self, settings: Mapping[str, Any], link: ToxicHandle, shared: dict[str, Any]) -> None:
        super().__init__(settings, link, shared)
        self.since: float | None = None     #: when the first bytes came; survives an update

    def pipe(self, chunks: Chunks, send: Send) -> None:
        try:
            if self.since is None:
                chunks.get()
                self.swallowed = True
                self.since = time.monotonic()
            while (left := self.since + self.seconds('timeout') - time.monotonic()) > 0:
                chunks.get(left)
        except EOFError:
            self.since = self.since or time.monotonic()
            sleep_until(self.since + self.seconds('timeout'))
        self.link.reset()
