"""Finds replies, and tells those to a command from messages and pushes. Knows no command and no failure."""
import re
from itertools import islice
from typing import Final

from ...errors import ProtocolError
from ..base import Exchange
from ..message import NO_RUN, Part, Run
from .framer import Messages
from .pipelines import texts_alike
from .resp import (
    AGGREGATES,
    CRLF,
    DOLLAR,
    LINES,
    MAX_RUN_LINES,
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
)
from .state import KEY, NOTHING, NULLS, ROLE, SUBSCRIBES, SUBSCRIPTIONS, TAKES_OVER, UNCOUNTABLE, WANTED, Conversation

#: the reply to a subscription: its kind, its channel, of which there may be none, and how many the client has now
CONFIRMATION: Final = re.compile(rb'[*>]3\r\n\$[0-9]+\r\n[a-z]+\r\n(?:\$-1|_|\$([0-9]{1,10}))\r\n')
MAX_CONFIRMATION_BYTES: Final = 64      #: [bytes] of it up to its channel
NULL: Final = b'$-1'
ONE_LINE: Final = LINES | {DOLLAR}      #: what a reply of one line begins with, where the null of RESP2 is one
MESSAGES: Final = frozenset((b'message', b'pmessage', b'smessage'))


def simple_reply(data: bytes, start: int) -> int:
    """Return where a reply of one line or one text ends, which may be beyond the data; 0 for any other reply."""
    mark, end = data[start], data.find(CRLF, start)
    if end > 0:
        if mark == DOLLAR:
            return end + REPLY_STEPS[data[start:end]]
        if mark in LINES:
            return end + 2
    return 0


class Responses(Messages):
    """Finds replies, and tells those to a command from messages and pushes."""

    def __init__(self, protocol: Conversation) -> None:
        super().__init__(protocol)
        self.reply = Reply()    #: the one under way, or the last one
        self.confirmed = 0      #: how many replies the subscription whose turn it is has had

    def usual(self, data: bytes, start: int) -> Part | None:
        queue = self.protocol.queue
        if queue and not self.state.listening and not queue[0].note[ROLE]:
            end = simple_reply(data, start)
            if start < end <= len(data):
                return end, queue[0], True
        return None

    def run(self, data: bytes, most: int) -> Run:
        found: list[Exchange] = []
        if self.state.listening:
            return NO_RUN
        queue = self.protocol.queue
        if len(queue) == 1 and data and not queue[0].note[ROLE] and simple_reply(data, 0) == len(data):
            return len(data), (queue[0],)       # as most often
        if len(queue) > 1 and not queue[0].note[ROLE] and queue.alike():
            count = texts_alike(data)
            if 0 < count <= min(most, len(queue)):
                return len(data), [queue[0]] * count
        lines = data.split(CRLF, MAX_RUN_LINES)
        last, at = len(lines) - 1, 0        # the last one has no end
        for exchange in islice(queue, most):
            line = lines[at]
            if at == last or not line or exchange.note[ROLE]:
                break
            if line[0] == DOLLAR and line != NULL:
                if at + 1 >= last or STEPS[line] != len(lines[at + 1]) + 4:
                    break
                at += 2
            elif line[0] in ONE_LINE:
                at += 1
            else:
                break
            found.append(exchange)
        return len(data) if at == last and not lines[last] else sum(map(len, lines[:at])) + len(CRLF) * at, found

    def step(self, data: bytes, start: int) -> Part | None:
        if self.cut:
            return self._report(data, start, self.reply, self.owner)
        mark, queue = data[start], self.protocol.queue
        if not queue and self.protocol.request_cutter.opaque_because:
            raise ProtocolError(self.protocol.request_cutter.opaque_because)
        exchange = queue[0] if queue else None
        role = exchange.note[ROLE] if exchange else ''
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
        return self._begin(data, start, exchange, role)

    def _begin(self, data: bytes, start: int, exchange: Exchange | None, role: str) -> Part | None:
        """Begin the reply to a command, with what is special in it."""
        mark = data[start]
        if role == UNCOUNTABLE and mark in AGGREGATES:
            raise ProtocolError('a transaction with replies that cannot be counted')
        if role == TAKES_OVER and mark != MINUS:
            end = data.find(CRLF, max(start, self.seen - 1)) + 2
            if mark != PLUS:
                raise ProtocolError('the connection is taken over')
            if end < 2:
                return None
            self.wrong = 'the connection is taken over'
            return end, exchange, True
        part = self._report(data, start, Reply(), exchange)
        if role == NOTHING and exchange is not None and exchange.failure is not None:
            exchange.failure = exchange.failure._replace(reply=NULLS[self.state.resp3])
        if part and role:
            self.state.replied(role, mark)
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
        self.reply, self.cut = reply, not done
        return min(end, len(data)), exchange, done

    def _confirm(self, data: bytes, start: int, kind: bytes, exchange: Exchange | None) -> Part | None:
        """Report a reply to a subscription; there is one for each channel.

        A reply to no subscription comes unasked, or while replies are switched off.
        """
        begin = CONFIRMATION.match(data, start)
        if begin is None and len(data) - start >= MAX_CONFIRMATION_BYTES:
            raise ProtocolError('a subscription is confirmed in an unknown way')
        pos = len(data) if begin is None else begin.end() + (int(begin[1]) + 2 if begin[1] else 0)
        digits, end = header(data, pos) if pos < len(data) else (b'', 0)
        if not end:
            return None
        unasked = self.state.unasked > 0
        current = self.state.subscribed(kind, length(digits))
        if exchange is None or unasked or (exchange.note[KEY], exchange.note[ROLE]) != (kind, SUBSCRIBES):
            return end, None, True
        self.confirmed += 1
        wanted = exchange.note[WANTED]
        done = self.confirmed >= wanted if wanted else not current
        if done:
            self.confirmed = 0
        return end, exchange, done
