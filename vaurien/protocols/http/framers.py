"""Finds the messages of HTTP/1.x in both directions, RFC 9112. Knows no failure and no stream.

Heads are read by ``http_heads``, chunks by ``http_chunks``; here is what comes after what, and how answers pair with
requests. No body is ever held: a declared length and the data of chunks pass through ``rest``.
"""
from collections.abc import Generator, Iterator
from re import Pattern
from typing import Any, ClassVar

from ...errors import ProtocolError
from ..base import Exchange
from ..message import Framer, Part
from .chunks import BROKEN, NOTHING, follow_chunks
from .headers import BEGUN_ANSWER, BEGUN_REQUEST, BLANK, CRLF, SHORT, UNTIL_CLOSE, check_begun, read_answer, read_request

COUNTED = -4    #: as what is still to come of a body: what ``rest`` counts, and nothing more
SWITCH = -5     #: in place of a length: what follows the head is no HTTP


class Messages(Framer):
    """What the two directions have in common: a head, then its body.

    Attributes:
        exchange: Whose message is under way.
        body: What is still to come of it.
        last: The sender has said that this message is its last one.
    """

    #: what the beginning of a head looks like
    first_line: ClassVar[Pattern[bytes]]
    #: empty lines before a head are skipped (RFC 9112 section 2.2)
    padded: ClassVar[bool] = False

    def __init__(self, protocol: Any) -> None:
        super().__init__(protocol)
        self.exchange: Exchange | None = None
        self.body = NOTHING
        self.last = False

    def begin(self, head: bytes) -> tuple[Exchange | None, int]:
        """Read a head; return whose message it begins, and the length of the body."""
        raise NotImplementedError

    def scan(self, data: bytes, start: int) -> Iterator[Part]:
        if self.body:
            start = yield from self._follow(data, start, start, self.body)
        size, editing = len(data), self.protocol.editing
        while start < size and not self.body:
            if self.padded and data.startswith(CRLF, start):
                start += 2
                yield start, None, True
                continue
            end = data.find(BLANK, start) + 4
            if end < 4:
                check_begun(data, start, self.first_line)
                return
            exchange, length = self.begin(data[start:end])
            if not length or 0 < length <= size - end and not editing:
                start = end + length
                yield start, exchange, True
            elif length == SWITCH:
                yield end, exchange, True
                raise ProtocolError('the connection has switched to another protocol')
            else:
                self.exchange = exchange
                if editing:
                    start = end
                    yield end, exchange, False
                start = yield from self._follow(data, start, end, length)

    def end(self) -> bool:
        return self.rest > UNTIL_CLOSE // 2

    def _follow(self, data: bytes, start: int, at: int, body: int) -> Generator[Part, None, int]:
        """Report a message whose body goes on, as far as it has come.

        Args:
            data: The bytes that have come.
            start: Up to here they have been reported.
            at: Here the body goes on.
            body: With what it goes on: so many bytes, or one of the words for what is still to come.

        Returns:
            The offset that is reported up to now.
        """
        if body > 0 or body == COUNTED:
            end = min(at + max(body, 0), len(data))
            self.rest = at + max(body, 0) - end
            self.body = COUNTED if self.rest else NOTHING
        else:
            end, self.body, self.rest = follow_chunks(data, at, body)
        if end > start or not self.body:
            yield end, self.exchange, not self.body
        if self.body == BROKEN:
            raise ProtocolError('chunks that cannot be read')
        return end


class Requests(Messages):
    """Finds requests, and the point from which on the client may not be speaking HTTP.

    Attributes:
        switching: The last request that asked for another protocol. Until it is answered, bytes behind it may be that
            protocol's already, or one more request: nobody can tell.
    """

    first_line = BEGUN_REQUEST
    padded = True

    def __init__(self, protocol: Any) -> None:
        super().__init__(protocol)
        self.switching: Exchange | None = None

    def begin(self, head: bytes) -> tuple[Exchange, int]:
        protocol = self.protocol
        if self.last:
            raise ProtocolError('bytes behind a request that ends the connection')
        if self.switching is not None and self.switching in protocol.queue:
            raise ProtocolError('bytes behind a request for another protocol')
        asked = read_request(head) if len(head) <= SHORT else read_request.__wrapped__(head)
        exchange = Exchange(asked.name, asked.stage, True, asked)
        if asked.switches:
            self.switching = exchange
        elif not asked.persists or protocol.single:
            self.last = True
        return exchange, asked.length


class Answers(Messages):
    """Finds answers, and tells the length of their bodies by RFC 9112 section 6.3.

    Interim answers (1xx) are notices: what happens to an exchange happens to its final answer. A final answer that no
    request asked for passes as one, too: a server may say 408 before it closes an idle connection.
    """

    first_line = BEGUN_ANSWER

    def begin(self, head: bytes) -> tuple[Exchange | None, int]:
        queue = self.protocol.queue
        exchange = queue[0] if queue else None
        if self.last or exchange is None and self.protocol.requests.opaque:
            raise ProtocolError('bytes behind the last answer that can be known')
        status, length, persists = read_answer(head) if len(head) <= SHORT else read_answer.__wrapped__(head)
        if status == 101 or exchange is not None and exchange.note.connect and 200 <= status <= 299:
            return exchange, SWITCH
        if status < 200:
            return None, NOTHING
        self.last = not persists
        if exchange is not None and self.protocol.single:
            exchange.closes = True
        if status in (204, 304) or exchange is not None and exchange.note.bodiless:
            return exchange, NOTHING
        return exchange, length
