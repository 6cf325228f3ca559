"""Changes a response of HTTP/1 on its way. Bytes only; knows no stream.

Headers leave as soon as they have come, changed. Where the body is changed too, all of it is held first, so that its length is
told right; a chunked one leaves with a length.
"""
from typing import Any, Final

from ....errors import ProtocolError
from ...base import Exchange
from ...halves import Half
from ..chunks import chunk_size
from ..headers import CHUNKED, CRLF, END_OF_HEADERS, UNTIL_CLOSE, read_response
from ..written import BODILESS, status_text
from .edits import STATUS, Edit, Line, value_of, with_length

MAX_EDITED_BYTES: Final = 1024 * 1024   #: [bytes] of a body that is held; a longer one passes as it is, or is cut as it passes
UNKNOWN: Final = 1 << 62


class Editor(Half):
    """Lets a response pass, changed.

    Args:
        edit: The changes.
        protocol, exchange: Whose response it is.

    Attributes:
        head: The first bytes that have passed.
        left: [bytes] that may still pass of a body that is not held; None: it is held.
    """

    __slots__ = ('edit', 'head', 'left', '_protocol', '_exchange', '_lines', '_version', '_length')
    whole = True

    def __init__(self, edit: Edit, protocol: Any, exchange: Exchange) -> None:
        super().__init__()
        self.edit, self.head = edit, b''
        self.left: int | None = 0
        self._protocol, self._exchange = protocol, exchange
        self._lines: list[Line] = []
        self._version = b''     # of the status line; empty: the headers have not come
        self._length = 0

    def take(self, data: bytes, done: bool) -> bytes:
        begun = b''
        if not self._version:
            begun, data = self._begin(data)
            self.head = begun
        if self.left is not None:
            piece, self.left = data[:self.left], max(self.left - len(data), 0)
            if not self.left and self.edit.short and self._length > (self.edit.keep or 0):
                self.end = 'close'
            return begun + piece
        self.held += data
        if not done and len(self.held) <= MAX_EDITED_BYTES:
            return begun
        out = self._finished(done)
        self.head = self.head or out
        return begun + out

    def _begin(self, data: bytes) -> tuple[bytes, bytes]:
        """Read the headers, which the framer reports whole; return what leaves of them now, and the rest."""
        at = data.index(END_OF_HEADERS) + len(END_OF_HEADERS)
        headers, rest, edit, asked = data[:at], data[at:], self.edit, self._exchange.note
        if self._protocol.editing:
            headers = self._protocol.edit(self._exchange, headers, False)
        status, length, _ = read_response(headers)
        self._length, self.left = length, UNKNOWN
        first, *lines = headers[:-len(END_OF_HEADERS)].split(CRLF)
        self._version, _, code = first.partition(b' ')
        if status == 101 or asked.connect and status < 300:
            self.edit = Edit()
            return headers, rest
        fields = [(name, value.strip(b' \t'), False) for name, _, value in (line.partition(b':') for line in lines)]
        self._lines = edit.lines([(STATUS, code, False), *fields])
        if not edit.of_body or asked.bodiless or status in BODILESS or not length:
            self.edit = edit._replace(keep=None, short=False)
            return self._written(self._lines), rest
        if length <= MAX_EDITED_BYTES or length == UNTIL_CLOSE:
            self.left = None
            return b'', rest
        if edit.keep is not None:
            self.left = edit.keep
            self._lines = with_length(self._lines, length if edit.short else edit.keep)
        return self._written(self._lines), rest

    def _written(self, lines: list[Line]) -> bytes:
        """Write headers."""
        (_, code, _), *fields = lines
        status = code if self.edit.status is None else status_text(self.edit.status).encode()
        return CRLF.join((self._version + b' ' + status, *(name + b': ' + value for name, value, _ in fields), b'', b''))

    def _finished(self, done: bool) -> bytes:
        """Return what leaves of a body that was held: all that there is of it, or more of it than is held."""
        edit, raw = self.edit, bytes(self.held)
        self.held.clear()
        self.left = UNKNOWN
        chunked = self._length == CHUNKED
        body = dechunked(raw) if chunked else raw
        if not done and edit.keep is None:
            return self._written(self._lines) + raw
        if done:
            body = edit.body(body, value_of(self._lines, b'content-encoding'))
        kept = body if edit.keep is None else body[:edit.keep]
        self.left = 0
        cut = len(kept) < len(body) or not done
        if not (cut and edit.short):
            return self._written(with_length(self._lines, len(kept))) + kept
        self.end = 'close'
        if not done and not chunked:
            return self._written(self._lines) + kept
        return self._written(with_length(self._lines, len(body))) + kept


def dechunked(raw: bytes) -> bytes:
    """Return the data of chunks, as far as they have come; what follows what cannot be read is left out."""
    out, at = [], 0
    try:
        while (end := raw.find(CRLF, at)) >= 0 and (size := chunk_size(raw, at, end)):
            out.append(raw[end + 2:end + 2 + size])
            at = end + 2 + size + 2
    except ProtocolError:
        pass
    return b''.join(out)
