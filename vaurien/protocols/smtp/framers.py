"""Finds the messages of SMTP in both directions, RFC 5321. Knows no failure and no stream.

What a client says next depends on how its last command was answered, so both framers share three words on the
protocol object: ``phase`` is what the client says next, ``undecided`` the exchange whose answer tells, ``taken`` the
``DATA`` whose message vaurien reads in the backend's place.

Where two servers could disagree about the end of a line or of a message, nobody follows: the session is relayed unread.
"""
from collections.abc import Generator, Iterator, Mapping
from typing import Any, NamedTuple

from ...errors import ProtocolError
from ..base import Exchange
from ..message import NAME, Framer, Part

CRLF = b'\r\n'
CR, SPACE, DELETE = 0x0d, 0x20, 0x7f
#: [bytes] of one line at most. RFC 4954 section 4 asks for 12,288 in an AUTH exchange; Exim takes 16,384
LINE = 16 * 1024
#: of the size of a chunk: less than 10**15 bytes, which every reader of numbers can hold
DIGITS = 15

#: what the client says next
COMMAND, CREDENTIALS, CONTENT = PHASES = ('command', 'credentials', 'content')
#: the line that ends a message is a request of its own, a dot. ``DELIVERY`` where the backend has read the message,
#: ``MESSAGE`` where vaurien has
DELIVERY, MESSAGE = 'delivery', 'message'


class Command(NamedTuple):
    """What is to know of a verb.

    Args:
        stage: Where in the conversation it stands; decides which failures fit.
        turns: By the code of its answer, what the client says next, or why nobody can follow what comes; for a code
            that is not listed: the next command.
        waits: The client says nothing before it has the answer (RFC 2920 section 3.1).
    """

    stage: str
    turns: Mapping[bytes, str] = {}
    waits: bool = False


REVERSED = {b'250': 'client and server have changed places'}
NO_CHUNKS = dict.fromkeys((b'500', b'502'), 'the backend knows no BDAT and takes the chunk for commands')
CHUNK, LAST_CHUNK = Command('chunk', NO_CHUNKS), Command('last-chunk', NO_CHUNKS)
AUTH = Command('auth', {b'334': CREDENTIALS}, waits=True)                       # RFC 4954
OTHER = Command('other')
COMMANDS = {
    b'EHLO': Command('hello'),
    b'HELO': Command('hello'),
    b'STARTTLS': Command('starttls', {b'220': 'TLS begins'}, waits=True),       # RFC 3207
    b'AUTH': AUTH,
    b'MAIL': Command('mail'),
    b'RCPT': Command('rcpt'),
    b'DATA': Command('data', {b'354': CONTENT}, waits=True),
    b'BDAT': CHUNK,                                                             # RFC 3030
    b'VRFY': Command('vrfy'),
    b'EXPN': Command('vrfy'),
    b'QUIT': Command('quit'),
    b'TURN': Command('other', REVERSED, waits=True),                            # RFC 821 section 3.8
    b'ATRN': Command('other', REVERSED, waits=True),                            # RFC 2645
}


def line_end(data: bytes, start: int) -> int:
    """Return where the line at ``start`` ends; 0: that has not arrived yet.

    Raises:
        ProtocolError: It is longer than ``LINE``.
    """
    end = data.find(b'\n', start, start + LINE) + 1
    if not end and len(data) - start >= LINE:
        raise ProtocolError(f'a line longer than {LINE} bytes')
    return end


class Requests(Framer):
    """Finds commands, credentials, the content of messages, and chunks.

    Attributes:
        sender: What follows ``MAIL``, for the name of the message's end.
        mechanism: ``AUTH`` and its mechanism, the name of every line with credentials.
        chunk: The chunk of which bytes are still to come.
        tail: The last two bytes of the message under way; it begins like a line.
    """

    def __init__(self, protocol: Any) -> None:
        super().__init__(protocol)
        self.sender = self.mechanism = b''
        self.chunk: Exchange | None = None
        self.tail = CRLF

    def scan(self, data: bytes, start: int) -> Iterator[Part]:
        smtp, size = self.protocol, len(data)
        if self.chunk is not None:
            chunk, self.chunk = self.chunk, None
            yield start, chunk, True
        while start < size:
            if smtp.undecided is not None:
                raise ProtocolError('the client did not wait for the answer that tells what comes next')
            if smtp.phase is CONTENT:
                start = yield from self._content(data, start)
            else:
                start = yield from self._line(data, start)
            if not start:
                return

    def _line(self, data: bytes, start: int) -> Generator[Part, None, int]:
        """Report a line, with the chunk behind it if any; return where it ends, 0 while that is not there."""
        end = self._line_end(data, start)
        if not end:
            return 0
        if self.protocol.phase is CREDENTIALS:
            yield end, self._wait(Exchange(self.mechanism, 'credentials', note=AUTH.turns)), True
            return end
        exchange, length = self._command(data[start:end - 2])
        if exchange.stage == 'data':
            yield end, exchange, False
            if self.protocol.taken is None:     # else the message belongs to it too, and is dropped with it
                yield end, exchange, True
        elif end + length <= len(data):
            end += length
            yield end, exchange, True
        else:
            self.chunk, self.rest = exchange, end + length - len(data)
            yield len(data), exchange, False
            return 0
        return end

    @staticmethod
    def _line_end(data: bytes, start: int) -> int:
        """Return where a command ends, 0 while that is not there.

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
        """Name a command, and tell how many bytes of a chunk follow it."""
        words = line.split(None, 2)
        verb = words[0].upper() if words else b''
        command, name, length = COMMANDS.get(verb, OTHER), line[:NAME], 0
        stage = command.stage
        if command is AUTH:     # what follows the mechanism is secret
            self.mechanism = name = b' '.join(words[:2])[:NAME]
            stage = 'auth' if len(words) < 3 else 'auth-initial'
        elif command is CHUNK:
            length, stage = self._chunk(words)
        elif stage == 'mail':
            self.sender = name[4:]
        elif verb == b'LHLO':
            raise ProtocolError('LMTP, which answers a message once for each recipient')
        exchange = Exchange(name, stage, note=command.turns)
        return self._wait(exchange) if command.waits else exchange, length

    @staticmethod
    def _chunk(words: list[bytes]) -> tuple[int, str]:
        """Read ``BDAT size [LAST]``, RFC 3030 section 2.

        Raises:
            ProtocolError: It reads otherwise, and servers may disagree on what follows.
        """
        last = [word.upper() for word in words[2:]]
        if len(words) < 2 or not words[1].isdigit() or len(words[1]) > DIGITS or last not in ([], [b'LAST']):
            raise ProtocolError('a chunk of unknown size')
        return int(words[1]), LAST_CHUNK.stage if last else CHUNK.stage

    def _wait(self, exchange: Exchange) -> Exchange:
        self.protocol.undecided = exchange
        return exchange

    def _content(self, data: bytes, start: int) -> Generator[Part, None, int]:
        """Report the content of a message and the dot that ends it; return where that ends, 0 while it is not there.

        No more than a dot and a CR at the beginning of a line is ever held.

        Raises:
            ProtocolError: A dot stands alone between line ends that only some servers take for such.
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
        yield from self._pass(data, start, end)
        return 0

    def _pass(self, data: bytes, start: int, end: int) -> Iterator[Part]:
        """Report content that is known not to end the message."""
        if end > start:
            self.tail = self._tail(data, start, end)
            yield end, self.protocol.taken, False

    def _dots(self, data: bytes, start: int) -> Iterator[int]:
        """Give the places of the dots that begin a line, whatever ends the line before."""
        if self.tail.endswith(b'\n') and data.startswith(b'.', start):
            yield start
        at = data.find(b'\n.', start)
        while at >= 0:
            yield at + 1
            at = data.find(b'\n.', at + 2)

    def _tail(self, data: bytes, start: int, end: int) -> bytes:
        """Return the two bytes before ``end``, of which some may have passed earlier."""
        return data[end - 2:end] if end - start >= 2 else (self.tail + data[start:end])[-2:]


class Answers(Framer):
    """Finds replies of one or more lines, RFC 5321 section 4.2.

    Attributes:
        greeted: The greeting has come, the one reply that no request asks for.
        open: A reply is under way.
        exchange: The exchange that it answers; None: nothing asked for it.
    """

    def __init__(self, protocol: Any) -> None:
        super().__init__(protocol)
        self.greeted = self.open = False
        self.exchange: Exchange | None = None

    def scan(self, data: bytes, start: int) -> Iterator[Part]:
        at = start
        while end := self._line(data, at):
            code = data[at:at + 3]
            if not self.open:
                self.exchange, self.open = self._asker(code), True
            last, at = data[at + 3:at + 4] != b'-', end
            if last:
                self.open, start = False, at
                reason = self._turn(self.exchange, code)
                yield at, self.exchange, True
                if reason:
                    raise ProtocolError(reason)
        if at > start:
            yield at, self.exchange, False

    @staticmethod
    def _line(data: bytes, start: int) -> int:
        """Return where a line of a reply ends, 0 while that is not there; a bare LF ends it too, as clients take it.

        Raises:
            ProtocolError: It is none: three digits, then a space, a hyphen or the line's end.
        """
        end = line_end(data, start)
        head = data[start:end or len(data)][:4]
        if head and not (head[:3].isdigit() and head[3:] in (b'', b' ', b'-', b'\r', b'\n')):
            raise ProtocolError('not a reply')
        return end

    def _asker(self, code: bytes) -> Exchange | None:
        """Return the exchange that a reply answers.

        Raises:
            ProtocolError: There is none; only the greeting and a farewell come unasked (RFC 5321 section 3.8).
        """
        smtp = self.protocol
        if not self.greeted:
            self.greeted = True
            return None
        if smtp.queue:
            answered: Exchange = smtp.queue[0]
            return answered
        if code != b'421' and smtp.taken is None:
            raise ProtocolError('a reply that nothing asked for')
        return None

    def _turn(self, exchange: Exchange | None, code: bytes) -> str:
        """Take note of what a complete reply means; return why nobody can follow any more, empty: one can."""
        if exchange is None:
            return ''
        smtp = self.protocol
        turn: str = exchange.note.get(code, COMMAND)
        if turn not in PHASES:
            return turn
        if turn is COMMAND and code.startswith(b'3'):
            return 'a reply that asks for more, nobody knows of what'
        if smtp.undecided is exchange:
            smtp.undecided, smtp.phase = None, turn
        smtp.authenticated = smtp.authenticated or code == b'235'
        return ''
