"""The messages of a call of gRPC as the events of a stream, in any slicing. Knows no frame and no failure."""
from collections.abc import Collection

from ..events.formats import Events
from ..h2.heads import is_grpc
from ..h2.messages import Messages


class CallMessages(Events):
    """Messages, each with the byte of flags and the length before it; nothing else can be written between them."""

    __slots__ = ('_next',)

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._next = Messages(1)

    def find(self, data: bytes, at: int, end: int) -> int:
        self._next.left = 1
        at += self._next.take(data, at, end)
        return -1 if self._next.left else at


def messages_of(content_type: str, limit: int, lines: Collection[str] = ()) -> CallMessages | None:
    """Return what lets so many messages of a response pass; None: it is none of gRPC.

    Args:
        content_type: Its Content-Type, with or without parameters.
        limit: How many.
        lines: Not looked at.
    """
    return CallMessages(limit) if is_grpc(content_type.strip().lower().encode('latin-1')) else None
