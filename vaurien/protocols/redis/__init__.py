"""Redis, RESP2 and RESP3 ("Redis serialization protocol specification"). Finds commands and their answers.

Bytes and exchanges; knows no stream. What commands are is told by ``redis_commands``, what they change in the session by
``redis_state``, how far a word reaches by ``redis_resp``, and how the server fails by ``redis_kinds``.
"""
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from ...errors import ProtocolError
from .. import Protocol
from ..base import Exchange
from ..message import NAME, Framer, MessageProtocol, Part
from .commands import SPECIAL, known
from .failures import KINDS, NEEDS
from .resp import (
    AGGREGATES,
    CRLF,
    DOLLAR,
    LINES,
    MINUS,
    PLUS,
    PUSH,
    REPLY_STEPS,
    STAR,
    STEPS,
    Reply,
    first_word,
    header,
    length,
    skip_words,
    take,
)
from .state import LOOK, ODD, SUBSCRIBES, SUBSCRIPTIONS, TAKES_OVER, State

#: [bytes] in which the second word begins where a command is read fast; what its length begins with, behind the first word
HEAD, SECOND = 64, b'\r\n$'
FIRST: Final = 8    #: [bytes] before the first word, at least: ``*1 CRLF $4 CRLF``
SHORT: Final = 1024     #: [bytes] of a second word up to which a command is read fast; a longer one may have to be cut
#: [beginnings of commands] that are remembered with what is known of them; programs use a few dozen
HEADS: Final = 1024
INLINE: Final = 64 * 1024   #: [bytes] of a command that is one line of text; the server's own limit
#: one word of it: plain, or in quotes, behind which it must end (``sdssplitargs`` of the server)
WORD: Final = re.compile(rb"""(?:[^\s"']|"(?:\\.|[^"\\])*"(?=\s|\Z)|'(?:\\'|[^'])*'(?=\s|\Z))+""", re.DOTALL)
MESSAGES: Final = frozenset((b'message', b'pmessage', b'smessage'))


@lru_cache(HEADS)
def begun(head: bytes) -> tuple[int, bytes, int]:
    """Read how a command begins.

    Args:
        head: All before the length of its second word, as ``*2 CRLF $3 CRLF GET``.

    Returns:
        How many words follow, the command's name as sent, and what is known of it; ``SPECIAL`` for whatever else is there.
    """
    lines = head.split(CRLF)
    if len(lines) == 3 and lines[0][:1] == b'*' and lines[0][1:].isdigit() and STEPS[lines[1]] == len(lines[2]) + 4:
        count = int(lines[0][1:])
        return count - 1, lines[2], known(lines[2], count)
    return 0, b'', SPECIAL


def single_word(data: bytes, start: int) -> Part | None:
    """Read a whole command of one word, fast; returns what ``usual_command`` returns."""
    end = data.find(CRLF, start + FIRST, start + HEAD)
    left, verb, bits = begun(data[start:end]) if end > 0 else (0, b'', SPECIAL)
    return (end + 2, Exchange(verb, 'command', True, (bits, b'', '', 1)), True) if not left and bits < SPECIAL else None


def usual_command(data: bytes, start: int) -> Part | None:
    """Read a whole command, fast, where no more need be known of it than its name and its key.

    Returns:
        All of it; None for whatever else is there.
    """
    pos = data.find(SECOND, start + FIRST, start + HEAD)
    if pos < 0:
        return single_word(data, start)
    left, verb, bits = begun(data[start:pos])
    if bits >= SPECIAL or left < 1:
        return None
    try:
        pos += 2
        end = data.index(CRLF, pos)
        begin = end + 2
        pos = end + STEPS[data[pos:end]]
        key = data[begin:pos - 2]
        while left > 1:
            end = data.index(CRLF, pos)
            pos = end + STEPS[data[pos:end]]
            left -= 1
    except ValueError:
        return None
    if pos > len(data) or len(key) > SHORT:
        return None
    return pos, Exchange(verb + b' ' + key, 'command', True, (bits, key, '', 1)), True


class Messages(Framer):
    """What both directions have in common: the usual message is taken fast, any other step by step.

    Attributes:
        open: A message is under way.
        exchange: Whose it is.
        wrong: What is wrong with what follows.
    """

    def __init__(self, protocol: Any) -> None:
        super().__init__(protocol)
        self.state: State = protocol.state
        self.open = False
        self.exchange: Exchange | None = None
        self.wrong = ''

    def usual(self, data: bytes, start: int) -> Part | None:
        """Return a whole message with nothing special in it; None for whatever else is there."""
        raise NotImplementedError

    def step(self, data: bytes, start: int) -> Part | None:
        """Return the next part of any message; None: it takes more bytes to tell."""
        raise NotImplementedError

    def whole(self, data: bytes) -> Exchange | None:
        part = self.usual(data, 0)
        return part[1] if part is not None and part[0] == len(data) else None

    def scan(self, data: bytes, start: int) -> Iterator[Part]:
        size = len(data)
        while start < size or self.open:
            part = None if self.open else self.usual(data, start)
            if part is None:
                part = self.step(data, start)
                if part is None:
                    return
            start = part[0]
            yield part
            if self.wrong:
                raise ProtocolError(self.wrong)
            if self.rest:
                return


class Requests(Messages):
    """Finds commands: arrays of bulk strings, or lines of text."""

    def __init__(self, protocol: Any) -> None:
        super().__init__(protocol)
        self.left = 0   #: words of the command under way that are still to come

    def usual(self, data: bytes, start: int) -> Part | None:
        return usual_command(data, start) if self.state.usual else None

    def step(self, data: bytes, start: int) -> Part | None:
        if self.open:
            return self._report(data, start, start, self.left, self.exchange)
        if data[start] != STAR:
            return self._inline(data, start)
        digits, begin = header(data, start)
        if not begin:
            return None
        count = 0 if digits[:1] == b'-' and digits[1:].isdigit() else length(digits)
        if not count:
            self.state.nothing()
            return begin, None, True
        words, end = take(data, begin, 1, NAME)
        look = min(count, LOOK.get(words[0].upper(), 2)) if words else 1
        words, end = take(data, begin, look, NAME)
        if len(words) < look or look > 2 and end > len(data):
            return None
        return self._report(data, start, end, count - look, self.state.begin(words, count))

    def _report(self, data: bytes, start: int, pos: int, left: int, exchange: Exchange | None) -> Part | None:
        """Report what is here of a command, from ``start``, of which ``left`` words begin at ``pos``."""
        end, left, wrong = skip_words(data, pos, left)
        done = not left and end <= len(data)
        if end == start and not done:
            if wrong:
                raise ProtocolError(wrong)
            return None
        self.wrong, self.left, self.rest = wrong, left, max(0, end - len(data))
        self.open, self.exchange = not done, exchange
        return min(end, len(data)), exchange, done

    def _inline(self, data: bytes, start: int) -> Part | None:
        """Read a line of text. Where it begins with no character of text, another protocol is spoken, as TLS."""
        if not 32 <= data[start] < 127 and data[start] not in b'\t\n\v\f\r':
            raise ProtocolError(f'a command begins with {data[start:start + 1]!r}')
        end = data.find(b'\n', start, start + INLINE)
        if end < 0:
            if len(data) - start >= INLINE:
                raise ProtocolError(f'no end of a line within {INLINE} bytes')
            return None
        line = data[start:end]
        words = WORD.findall(line)
        if b'\0' in line or WORD.sub(b'', line).strip():
            raise ProtocolError('a line with unbalanced quotes or binary data')
        if not words:
            self.state.nothing()
            return end + 1, None, True
        return end + 1, self.state.begin(words, len(words)), True


def simple_reply(data: bytes, start: int) -> int:
    """Return where a reply of one line or one text ends, which may be beyond the data; 0 for whatever else is there."""
    mark, end = data[start], data.find(CRLF, start)
    if end > 0:
        if mark == DOLLAR:
            return end + REPLY_STEPS[data[start:end]]
        if mark in LINES:
            return end + 2
    return 0


class Answers(Messages):
    """Finds replies, and tells those that answer a command from messages and pushes."""

    def __init__(self, protocol: Any) -> None:
        super().__init__(protocol)
        self.reply = Reply()    #: under way, if there is one
        self.confirmed = 0      #: answers that the subscription whose turn it is has had

    def usual(self, data: bytes, start: int) -> Part | None:
        queue = self.protocol.queue
        if queue and not self.state.listening and not queue[0].note[2]:
            end = simple_reply(data, start)
            if start < end <= len(data):
                return end, queue[0], True
        return None

    def step(self, data: bytes, start: int) -> Part | None:
        if self.open:
            return self._report(data, start, self.reply, self.exchange)
        mark, queue = data[start], self.protocol.queue
        if not queue and self.protocol.requests.opaque:
            raise ProtocolError(self.protocol.requests.opaque)
        exchange = queue[0] if queue else None
        role = exchange.note[2] if exchange else ''
        if mark == PUSH or mark == STAR and (self.state.listening or not exchange or role == SUBSCRIBES):
            word = first_word(data, start)
            if word is None:
                return None
            if word in SUBSCRIPTIONS:
                return self._confirm(data, start, word, exchange)
            if mark == PUSH or word in MESSAGES:
                return self._report(data, start, Reply(), None)
        if exchange is None and mark != MINUS:
            raise ProtocolError('a reply to no command')
        return self._answer(data, start, exchange, role)

    def _answer(self, data: bytes, start: int, exchange: Exchange | None, role: str) -> Part | None:
        """Begin the answer to a command, with what is special in it."""
        mark = data[start]
        if role == ODD and mark in AGGREGATES:
            raise ProtocolError('a transaction with answers that cannot be counted')
        if role == TAKES_OVER and mark != MINUS:
            end = data.find(CRLF, start) + 2
            if mark != PLUS:
                raise ProtocolError('the connection is taken over')
            if end < 2:
                return None
            self.wrong = 'the connection is taken over'
            return end, exchange, True
        part = self._report(data, start, Reply(), exchange)
        if part and role:
            self.state.answered(role, mark)
            self.confirmed = 0
        return part

    def _report(self, data: bytes, start: int, reply: Reply, exchange: Exchange | None) -> Part | None:
        """Report what is here of a reply."""
        end, wrong = reply.skip(data, start)
        done = not reply.left and end <= len(data)
        if end == start and not done:
            if wrong:
                raise ProtocolError(wrong)
            return None
        self.wrong, self.rest = wrong, max(0, end - len(data))
        self.open, self.exchange, self.reply = not done, exchange, reply
        return min(end, len(data)), exchange, done

    def _confirm(self, data: bytes, start: int, kind: bytes, exchange: Exchange | None) -> Part | None:
        """Report an answer to a subscription; there is one for each channel. Others come unasked, or where nothing else is
        answered."""
        reply = Reply()
        end, wrong = reply.skip(data, start)
        if wrong:
            raise ProtocolError(wrong)
        if reply.left or end > len(data):
            return None
        unasked = self.state.unasked > 0
        current = self.state.subscribed(kind, length(data[data.rfind(b':', start, end) + 1:end - 2]))
        if exchange is None or unasked or exchange.note[1:3] != (kind, SUBSCRIBES):
            return end, None, True
        self.confirmed += 1
        wanted = exchange.note[3]
        done = self.confirmed >= wanted if wanted else not current
        if done:
            self.confirmed = 0
        return end, exchange, done


@Protocol.register
class Redis(MessageProtocol):
    """Speaks Redis: each command can be late, refused or lost by itself, in pipelines, transactions and subscriptions.

    Commands are named as they were sent, with their first argument: ``SET key``. Known are RESP2, RESP3 and commands as lines
    of text. What is no sequence of commands and replies is relayed unread: MONITOR, replication, the debugger of Lua, and
    a transaction that subscribes or switches replies off.
    """

    name = 'redis'
    framers = Requests, Answers
    errors = KINDS

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        self.state = State()    #: what the commands have changed; the framers ask for it when they are made
        super().__init__(settings)

    def fits(self, kind: str, exchange: Exchange) -> bool:
        needs = NEEDS.get(kind, 0)
        return super().fits(kind, exchange) and (not needs or bool(exchange.note[0] & needs))

    def reusable(self) -> bool:
        return super().reusable() and self.state.clean and self.state.usual
