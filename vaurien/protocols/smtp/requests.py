"""Finds what an SMTP client sends: commands, credentials, the content of messages, and chunks. Knows no reply and no failure.

Where two servers could disagree about the end of a line or of a message, the session is relayed unread.
"""
from collections.abc import Generator, Iterator

from ...errors import ProtocolError
from ..base import Exchange
from ..message import MAX_NAME_BYTES, MAX_PASSED_BYTES, Framer, Part
from ..starttls import NO_TLS, REFUSE
from .commands import AUTH, CHUNK, COMMAND, COMMANDS, CONTENT, CREDENTIALS, DELIVERY, LAST_CHUNK, MESSAGE, OTHER
from .lines import CRLF, line_end
from .state import Conversation

CR, SPACE, DELETE = 0x0d, 0x20, 0x7f
#: [digits] of the size of a chunk: less than 10**15 bytes, which every reader's integers can hold
MAX_SIZE_DIGITS = 15


class Requests(Framer[Conversation]):
    """Finds commands, credentials, the content of messages, and chunks.

    Attributes:
        sender: What follows ``MAIL``, for the name of the message's end.
        mechanism: ``AUTH`` and its mechanism, the name of every line with credentials.
        tail: The last two bytes of the message under way; CRLF at its beginning, where a line begins too.
    """

    def __init__(self, protocol: Conversation) -> None:
        super().__init__(protocol)
        self.sender = self.mechanism = b''
        self.tail = CRLF
        self.refuses_tls = protocol.option('starttls') == REFUSE    # on a side without TLS

    def scan(self, data: bytes, start: int) -> Iterator[Part]:
        smtp, size = self.protocol, len(data)
        if self.open and smtp.phase is not CONTENT:     # all of a chunk has passed
            yield start, self.owner, True
        while start < size:
            if smtp.undecided is not None:
                raise ProtocolError('the client did not wait for the reply that tells what comes next')
            if smtp.phase is CONTENT:
                start = yield from self._content(data, start)
            else:
                start = yield from self._line(data, start)
            if not start:
                return

    def _line(self, data: bytes, start: int) -> Generator[Part, None, int]:
        """Report a line, with the chunk after it if there is one; return where it ends, 0: that has not come."""
        end = self._line_end(data, start)
        if not end:
            return 0
        if self.protocol.phase is CREDENTIALS:
            yield end, self._wait(Exchange(self.mechanism, 'credentials', note=AUTH.turns)), True
            return end
        exchange, length = self._command(data[start:end - 2])
        if exchange.stage == 'data':
            yield end, exchange, False
            if self.protocol.taken is None:     # otherwise the message belongs to the same exchange, and is dropped with it
                yield end, exchange, True
        elif end + length <= len(data):
            end += length
            yield end, exchange, True
        else:
            self.rest = end + length - len(data)
            yield len(data), exchange, False
            return 0
        return end

    @staticmethod
    def _line_end(data: bytes, start: int) -> int:
        """Return where a command ends; 0: that has not come.

        Raises:
            ProtocolError: It is no command, or servers may disagree on where it ends (RFC 5321 section 2.3.8).
        """
        if not SPACE <= data[start] < DELETE and data[start] != CR:
            raise ProtocolError('not a command')
        end = line_end(data, start)
        if end and data.find(CR, start, end) != end - 2:
            raise ProtocolError('a CR or LF that is no CRLF in a command')
        return end

    def _command(self, line: bytes) -> tuple[Exchange, int]:
        """Return the exchange of a command, and how many bytes of a chunk follow it."""
        words = line.split(None, 2)
        verb = words[0].upper() if words else b''
        command, name, length = COMMANDS.get(verb, OTHER), line[:MAX_NAME_BYTES], 0
        stage = command.stage
        if command is AUTH:     # what follows the mechanism is secret
            self.mechanism = name = b' '.join(words[:2])[:MAX_NAME_BYTES]
            stage = 'auth' if len(words) < 3 else 'auth-initial'
        elif command is CHUNK:
            length, stage = self._chunk(words)
        elif stage == 'mail':
            self.sender = name[4:]
        elif verb == b'LHLO':
            raise ProtocolError('LMTP, which replies to a message once for each recipient')
        exchange = Exchange(name, stage, note=command.turns)
        if self.refuses_tls or self.protocol.ends_tls:
            self._end_tls(exchange)
        return self._wait(exchange) if command.waits else exchange, length

    def _end_tls(self, exchange: Exchange) -> None:
        """See to it that a reply offers TLS where it is spoken here, and else that what asks for it is refused."""
        if exchange.stage == 'hello':
            self.protocol.editing = True
        elif exchange.stage == 'starttls' and not self.protocol.awaits_tls:
            exchange.behavior = NO_TLS

    @staticmethod
    def _chunk(words: list[bytes]) -> tuple[int, str]:
        """Read ``BDAT size [LAST]``, RFC 3030 section 2.

        Raises:
            ProtocolError: The line has another form, and servers may disagree on what follows.
        """
        last = [word.upper() for word in words[2:]]
        if len(words) < 2 or not words[1].isdigit() or len(words[1]) > MAX_SIZE_DIGITS or last not in ([], [b'LAST']):
            raise ProtocolError('a chunk of unknown size')
        return int(words[1]), LAST_CHUNK.stage if last else CHUNK.stage

    def _wait(self, exchange: Exchange) -> Exchange:
        """Record that the reply to this exchange tells what the client sends next; return the exchange."""
        self.protocol.undecided = exchange
        return exchange

    def _content(self, data: bytes, start: int) -> Generator[Part, None, int]:
        """Report the content of a message and the dot that ends it; return where the dot's line ends, 0: it has not come.

        No more than a dot and a CR at the beginning of a line is ever held.

        Raises:
            ProtocolError: A dot stands alone between line ends that only some servers accept.
        """
        smtp, end = self.protocol, len(data)
        for dot in self._dots(data, start):
            after = data[dot + 1:dot + 3]
            if after == CRLF == self._tail(data, start, dot):
                yield dot, smtp.taken, True
                exchange = Exchange(b'.' + self.sender, DELIVERY if smtp.taken is None else MESSAGE, note=OTHER.turns)
                smtp.phase, smtp.taken, self.tail = COMMAND, None, CRLF
                yield dot + 3, exchange, True
                return dot + 3
            if after in (b'', b'\r'):
                end = dot
                break
            if smtp.taken is None and after[0] in CRLF:
                yield from self._pass(data, start, dot)
                raise ProtocolError('a lone dot between line ends that are no CRLF')
            if dot - start > MAX_PASSED_BYTES:
                yield from self._pass(data, start, dot)
                start = dot
        yield from self._pass(data, start, end)
        return 0

    def _pass(self, data: bytes, start: int, end: int) -> Iterator[Part]:
        """Report content that is known not to end the message."""
        if end > start:
            self.tail = self._tail(data, start, end)
            yield end, self.protocol.taken, False

    def _dots(self, data: bytes, start: int) -> Iterator[int]:
        """Yield the offsets of the dots that begin a line, however the line before ends."""
        if self.tail.endswith(b'\n') and data.startswith(b'.', start):
            yield start
        at = data.find(b'\n.', start)
        while at >= 0:
            yield at + 1
            at = data.find(b'\n.', at + 2)

    def _tail(self, data: bytes, start: int, end: int) -> bytes:
        """Return the two bytes before ``end``, of which some may have passed earlier."""
        return data[end - 2:end] if end - start >= 2 else (self.tail + data[start:end])[-2:]
