"""Half of an HTTP response: its headers and half of its body. Knows no exchange and no failure."""
from ...errors import ProtocolError
from ..halves import Half
from .chunks import chunk_size
from .headers import CHUNKED, CRLF, END_OF_HEADERS, UNTIL_CLOSE, read_response


class HalfBody(Half):
    """The headers of a response and half of its body, or half of its first chunk. They pass as they come, and then it is over.

    Nothing passes of a response without a body: clients take the beginning of headers for all of them. Where only the end of the
    connection ends a body, the client gets one byte of it and a reset, since it would take any other end for the right one.
    """

    __slots__ = ('left', 'last')

    def __init__(self) -> None:
        super().__init__()
        self.left: int | None = None    # [bytes] that may still pass; None: not known yet
        self.last = 'close'

    def take(self, data: bytes, done: bool) -> bytes:
        if self.left is None:
            self.held += data
            data = bytes(self.held)
            self.left = self._allowed(data)
            if self.left is None:
                return b''
        piece = data[:self.left]
        self.left -= len(piece)
        if done or not self.left:
            self.end = self.last
        return piece

    def _allowed(self, data: bytes) -> int | None:
        """Return how many bytes of a response may pass; None: too little of it has come to know."""
        at = data.index(END_OF_HEADERS) + len(END_OF_HEADERS)   # the framer reports no part of headers
        status, length, _ = read_response(data[:at])
        if status in (204, 304) or not length:
            return 0
        if length == UNTIL_CLOSE:
            self.last = 'reset'
            return at + 1
        return self._within_chunk(data, at) if length == CHUNKED else at + length // 2

    @staticmethod
    def _within_chunk(data: bytes, at: int) -> int | None:
        """Return the middle of the first chunk; where there is none, or it cannot be read, the end of the headers."""
        end = data.find(CRLF, at)
        try:
            size = chunk_size(data, at, end)
        except ProtocolError:
            return at
        return None if size is None else end + len(CRLF) + size // 2 if size else at
