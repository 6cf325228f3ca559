"""What both directions of HTTP/1.x have in common, RFC 9112: headers, then a body. Knows no failure and no stream.

Headers are read by ``headers``, chunks by ``chunks``. No body is ever held: a declared length and the data of chunks pass
through ``rest``.
"""
from collections.abc import Generator, Iterator
from typing import ClassVar

from ...errors import ProtocolError
from ..base import Exchange
from ..message import MAX_HELD_BYTES, Framer, MessageProtocol, Part
from .chunks import BROKEN, NOTHING, follow_chunks
from .headers import CRLF, END_OF_HEADERS, UNTIL_CLOSE, FirstLine, check_first_line, check_line_ends

COUNTED = -4    #: as what is still to come of a body: the bytes that ``rest`` counts
SWITCH = -5     #: in place of a length: what follows the headers is not HTTP


class Conversation(MessageProtocol):
    """A session of HTTP.

    Attributes:
        single: It ends after one response.
        origin: What stands before the path in the names of its requests, where a forward proxy has opened the connection.
    """

    single = False
    origin = b''

    def upgrading(self, headers: bytes) -> None:
        """Learn of a request for WebSocket, by its headers."""

    def switches(self, headers: bytes) -> None:
        """Learn that such a request was granted, by the headers of the response."""


class Messages(Framer[Conversation]):
    """What the two directions have in common: headers, then a body.

    Attributes:
        body: What is still to come of the message under way.
        lined: Of the headers under way the first line has come, and is good.
    """

    #: what a first line looks like while it is incomplete
    first_line: ClassVar[FirstLine]
    #: empty lines before the headers are skipped (RFC 9112 section 2.2)
    padded: ClassVar[bool] = False

    def __init__(self, protocol: Conversation) -> None:
        super().__init__(protocol)
        self.body = NOTHING
        self.lined = False

    def begin(self, headers: bytes) -> tuple[Exchange | None, int]:
        """Read headers; return the exchange of their message, and the length of its body."""
        raise NotImplementedError

    def scan(self, data: bytes, start: int) -> Iterator[Part]:
        if self.body:
            start = yield from self._follow(data, start, start, self.body, self.owner)
        size, editing, seen = len(data), self.protocol.editing, self.seen - 3
        while start < size and not self.body:
            if self.padded and data.startswith(CRLF, start):
                start += 2
                yield start, None, True
                continue
            end = data.find(END_OF_HEADERS, start if start > seen else seen, start + MAX_HELD_BYTES) + 4
            if end < 4 and size - start >= MAX_HELD_BYTES:
                raise ProtocolError(f'no end of the headers within {MAX_HELD_BYTES} bytes')
            if end < 4:
                return self._check(data, start, max(start, self.seen))
            exchange, length = self.begin(data[start:end])
            if not length or 0 < length <= size - end and not editing:
                start = end + length
                yield start, exchange, True
            elif length == SWITCH:
                yield end, exchange, True
                raise ProtocolError('the connection has switched to another protocol')
            else:
                if editing:
                    start = end
                    yield end, exchange, False
                start = yield from self._follow(data, start, end, length, exchange)

    def _check(self, data: bytes, start: int, seen: int) -> None:
        """Refuse what will never become headers; only what is new is looked at, from ``seen`` on."""
        self.lined = self.lined and seen > start or check_first_line(data, start, seen, self.first_line)
        check_line_ends(data, start, seen)

    def end(self) -> bool:
        return self.rest > UNTIL_CLOSE // 2

    def _follow(self, data: bytes, start: int, at: int, body: int, exchange: Exchange | None) -> Generator[Part, None, int]:
        """Report a message that goes on with its body, as far as it has come.

        Args:
            data: The bytes that have come.
            start: The offset up to which they have been reported.
            at: The offset at which the body goes on.
            body: How it goes on: with so many bytes, or by one of the words for what is still to come.
            exchange: The exchange of the message.

        Returns:
            The offset up to which all has been reported now.
        """
        if body > 0 or body == COUNTED:
            end = min(at + max(body, 0), len(data))
            self.rest = at + max(body, 0) - end
            self.body = COUNTED if self.rest else NOTHING
        else:
            end, self.body, self.rest = follow_chunks(data, at, body, self.seen)
            while self.body and at < end < len(data) and self.body != BROKEN:
                yield end, exchange, False
                start = at = end
                end, self.body, self.rest = follow_chunks(data, at, self.body, self.seen)
        if end > start or not self.body:
            yield end, exchange, not self.body
        if self.body == BROKEN:
            raise ProtocolError('chunks that cannot be read')
        return end
