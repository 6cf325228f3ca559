"""Counts the messages in the content of a call of gRPC, in any slicing. Knows no frame and no stream.

A message has a byte of flags before it, and four of its length (the protocol of gRPC over HTTP/2, "Length-Prefixed-Message").
"""
PREFIX = 5      #: [bytes] before each message


class Messages:
    """Lets so many messages pass.

    Args:
        limit: How many.

    Attributes:
        left: How many are still to pass; 0: all that may have.
    """

    __slots__ = ('left', '_head', '_rest')

    def __init__(self, limit: int) -> None:
        self.left = limit
        self._head = b''        # of a prefix that has not come whole
        self._rest = 0          # [bytes] of a message that are still to come

    def take(self, data: bytes, at: int, end: int) -> int:
        """Look at content, ``data[at:end]``, and return how many bytes of it pass."""
        start = at
        while at < end and self.left:
            if not self._rest:
                piece = data[at:min(at + PREFIX - len(self._head), end)]
                self._head, at = self._head + piece, at + len(piece)
                if len(self._head) < PREFIX:
                    break
                self._rest, self._head = int.from_bytes(self._head[1:]), b''
            count = min(self._rest, end - at)
            self._rest, at = self._rest - count, at + count
            if not self._rest:
                self.left -= 1
        return at - start
