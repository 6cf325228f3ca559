"""Finds the messages of a PostgreSQL server, and the exchange of each. Knows no stream, and no bytes of a failure.

The plan of the oldest exchange (``Exchange.note``) says what a message means; this file does what the plan says.
"""
from collections.abc import Iterator
from itertools import islice

from ...errors import ProtocolError
from ..base import Exchange
from ..message import MAX_PASSED_BYTES, NO_RUN, Framer, Part, Run
from ..starttls import begins
from . import messages as wire
from .answers import ERROR, state_at
from .messages import (
    ASIDE,
    DONE,
    HEADER_BYTES,
    MAX_LENGTH_BYTES,
    MIN_LENGTH_BYTES,
    MORE,
    READY,
    TO_NOTHING,
    TO_SYNC,
    UNASKED,
    WRONG,
    Plan,
    read_header,
)
from .state import Conversation

_REFUSED = ord(wire.NO_ENCRYPTION)
_ACCEPTED = frozenset(b'SG')    # encryption follows, by TLS or GSSAPI
#: what comes before the server says how a client may authenticate, and that: warnings, what it knows of the version, the offer
BEFORE_SASL = (b'', b'N', b'v', b'R')
#: [bytes] of an error within which its SQLSTATE comes; one that has it later is not recorded with it
MAX_STATE_BYTES = 256
PLAIN_STAGES = wire.QUERY, wire.STEP    #: of the requests whose responses may be passed over in one go
_REASONS = {wire.LOST: 'replication streams from here on', WRONG: 'the server sends a message that cannot come here'}


class Responses(Framer[Conversation]):
    """The direction from the server to the client."""

    def __init__(self, protocol: Conversation) -> None:
        super().__init__(protocol)
        self.failed = False     # the server ignores everything up to the next Sync
        self.encrypted = False  # it has agreed to encryption
        self.due = MORE         # what the message under way means once it has ended

    def scan(self, data: bytes, start: int) -> Iterator[Part]:
        if self.due:    # what was left of the message has passed
            action, self.due = self.due, MORE
            yield self._ended(action, data, start)
        while not self.rest:
            part = self._next(data, start)
            if part is None:
                return
            yield part
            start = part[0]

    def run(self, data: bytes, most: int) -> Run:
        protocol, end, size = self.protocol, 0, len(data)
        found: list[Exchange] = []
        if self.failed or self.encrypted or protocol.copying or protocol.fed:
            return NO_RUN
        for exchange in islice(protocol.queue, most):
            if exchange.note is TO_NOTHING:     # it is over with the message before, and only ``scan`` says so
                return NO_RUN
            if exchange.stage not in PLAIN_STAGES:
                break
            _, after, action = _walk(data, end, exchange.note)
            if action not in (READY, DONE) or after > size or action == READY and data[after - 1:after] != protocol.status:
                break
            found.append(exchange)
            end = after
        return end, found

    def _next(self, data: bytes, start: int) -> Part | None:
        """Report what comes next: as much as belongs to one exchange, or one message that nothing asked for."""
        queue = self.protocol.queue
        exchange, plan = (queue[0], queue[0].note) if queue else (None, UNASKED)
        if plan is TO_NOTHING or self.failed and exchange is not None and plan is not TO_SYNC:
            self.protocol.fed.pop(queue[0], None)
            return start, _ignored(queue[0]), True
        if self.encrypted:
            raise ProtocolError(begins(self.protocol.name, 'what follows is encrypted'))
        if plan is wire.TO_NEGOTIATION and data[start:start + 1] not in (b'', b'E'):
            return self._negotiated(data[start], start + 1)
        if self.protocol.hides_binding and plan is wire.TO_STARTUP and data[start:start + 1] in BEFORE_SASL:
            return self._one(data, start, exchange)
        at, end, action = _walk(data, start, plan)
        if action == ASIDE and at == start:
            exchange = None
        elif action >= ASIDE or end == at:
            if at == start and action > ASIDE:
                raise ProtocolError(_REASONS[action])
            return (at, exchange, False) if at > start else None
        if data[at] == ERROR and not self._reads_error(data, at, end):
            return (at, exchange, False) if at > start else None
        if end > len(data):
            self.rest, self.due = end - len(data), action
            return len(data), exchange, False
        return self._ended(action, data, end)

    @staticmethod
    def _one(data: bytes, start: int, exchange: Exchange | None) -> Part | None:
        """Report one complete message, which may have to be changed."""
        if len(data) - start < HEADER_BYTES:
            return None
        length = read_header(data, start)[1]
        if not MIN_LENGTH_BYTES <= length <= MAX_LENGTH_BYTES:
            raise ProtocolError(_REASONS[WRONG])
        end = start + 1 + length
        return (end, exchange, False) if end <= len(data) else None

    def _reads_error(self, data: bytes, at: int, end: int) -> bool:
        """Record the SQLSTATE of an error that ends at ``end``; return False where that is still to come."""
        self.error = state_at(data, at)
        return bool(self.error) or len(data) >= min(end, at + MAX_STATE_BYTES)

    def _negotiated(self, response: int, end: int) -> Part:
        """Report the single byte that is the response to SSLRequest and GSSENCRequest."""
        if response != _REFUSED and response not in _ACCEPTED:
            raise ProtocolError(f'the response {response:#x} to a request for encryption')
        self.encrypted = response in _ACCEPTED
        return end, self.protocol.queue[0], True

    def _ended(self, action: int, data: bytes, end: int) -> Part:
        """Report the end of a message, and record what it means."""
        if action == ASIDE:
            return end, None, True
        protocol = self.protocol
        exchange = protocol.queue[0]
        if action == READY:
            self._ready(exchange, data[end - 1:end])
        elif action == wire.FAILED:
            self._fail()
        elif action == wire.COPYING:
            protocol.data_asked(exchange)
        elif exchange.note is wire.TO_STARTUP:
            self.final = True   # it has not been let in
        if protocol.fed:
            protocol.fed.pop(exchange, None)
        return end, exchange, action not in (wire.COPYING, wire.REFUSED)

    def _ready(self, exchange: Exchange, status: bytes) -> None:
        protocol = self.protocol
        if self.failed:
            self.error = ''     # it was that of a request before
        protocol.status, protocol.copying, self.failed = status, False, False
        failure = exchange.failure
        if failure is not None and failure.request:     # the response to the stand-in has the true status
            exchange.failure = failure._replace(reply=failure.reply[:-1] + status)

    def _fail(self) -> None:
        """Record that the server ignores all messages up to the next Sync, those already sent and those still to come."""
        protocol = self.protocol
        if protocol.copying:
            protocol.data_ended()
        self.failed = True
        protocol.skipping = not any(exchange.note is TO_SYNC for exchange in protocol.queue)


def _walk(data: bytes, at: int, plan: Plan) -> tuple[int, int, int]:
    """Pass over complete messages that do not end a response, as many as are passed over in one call.

    Returns:
        Where the first message begins that ends it, or is incomplete; where that one ends; what it means. Both offsets are
        the same if too little of that message has come.
    """
    size = len(data)
    last = min(size - HEADER_BYTES, at + MAX_PASSED_BYTES)
    while at <= last:
        code, length = read_header(data, at)
        end, action = at + 1 + length, plan.get(code, WRONG)
        if action or end > size or length < MIN_LENGTH_BYTES:
            return at, end, action if MIN_LENGTH_BYTES <= length <= MAX_LENGTH_BYTES else WRONG
        at = end
    return at, at, MORE


def _ignored(exchange: Exchange) -> Exchange:
    """Return an exchange that the server ignores; the client gets its failure's reply only if that ends the session."""
    if exchange.failure is not None and not exchange.failure.end:
        exchange.failure = exchange.failure._replace(reply=b'')
    return exchange
