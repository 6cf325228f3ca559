"""A recorded stream inside TLS; apart from the others, since TLS is slow to import."""
from typing import Any

from ...net.tls.channel import Channel
from ...net.tls.late import Begins, LateTlsStream
from ...net.tls.stream import TlsStream
from .session import Recorded


class RecordedTlsStream(Recorded, TlsStream):
    """A stream inside TLS that knows whether it was reset here."""

    __slots__ = ('aborted',)

    def __init__(self, sock: Any, timeout: float, channel: Channel) -> None:
        super().__init__(sock, timeout, channel)
        self.aborted = False

    reset = Recorded.abort


class RecordedLateStream(Recorded, LateTlsStream):
    """A stream on which TLS may begin, and that knows whether it was reset here."""

    __slots__ = ('aborted',)

    def __init__(self, sock: Any, timeout: float, begins: Begins) -> None:
        super().__init__(sock, timeout, begins)
        self.aborted = False

    reset = Recorded.abort
