"""Takes the content out of the body of a response of HTTP/1, in any slicing, and frames it again. Knows no event."""
from ....errors import ProtocolError
from ..chunks import chunk_size
from ..headers import CHUNKED, CRLF

LAST_CHUNK = b'0\r\n\r\n'


class Content:
    """The content of one body.

    Args:
        length: How its end is told, as ``read_response`` says it.

    Attributes:
        chunked: It comes in chunks.
    """

    __slots__ = ('chunked', '_held', '_rest', '_last')

    def __init__(self, length: int) -> None:
        self.chunked = length == CHUNKED
        self._held = b''        # of a line that has not come whole
        self._rest = 0          # [bytes] of a chunk, and of the line end after it, that are still to come
        self._last = b''        # the last chunk, and what has come of the trailer after it

    def take(self, data: bytes) -> bytes:
        """Return the content in the next bytes of the body."""
        if not self.chunked:
            return data
        data, at, pieces = self._held + data, 0, []
        self._held = b''
        while at < len(data):
            if self._last:
                self._last += data[at:]
                break
            if self._rest:
                end = min(at + self._rest, len(data))
                pieces.append(data[at:min(end, max(at, at + self._rest - len(CRLF)))])
                self._rest, at = self._rest - (end - at), end
                continue
            line_end = data.find(CRLF, at)
            try:
                size = chunk_size(data, at, line_end)
            except ProtocolError:
                size = None     # the framer has found it, too, and follows no more
            if size is None:
                self._held = data[at:]
                break
            at = line_end + len(CRLF)
            if size:
                self._rest = size + len(CRLF)
            else:
                self._last = b'0\r\n'
        return b''.join(pieces)

    def framed(self, content: bytes) -> bytes:
        """Frame content; none of it: nothing."""
        return b'%x\r\n%b\r\n' % (len(content), content) if content and self.chunked else content

    def last(self) -> bytes:
        """Return what says that this was all of it, with the trailer if that has come; where something else says so, nothing."""
        return (self._last or LAST_CHUNK) if self.chunked else b''
