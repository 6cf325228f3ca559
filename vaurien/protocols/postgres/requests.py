"""Finds the messages of a PostgreSQL client, and names them. Knows no stream, no failure and no response."""
import re
from collections.abc import Callable, Iterator
from struct import Struct
from typing import ClassVar, NamedTuple

from ...errors import ProtocolError
from ..base import Exchange, SharedExchange, UnansweredExchange
from ..message import MAX_NAME_BYTES, NO_RUN, Framer, Part, Run
from ..starttls import NO_TLS, REFUSE
from . import messages as wire
from .messages import HEADER_BYTES, MAX_LENGTH_BYTES, MIN_LENGTH_BYTES, Plan, read_header
from .state import Conversation
from .tls import HANDSHAKE

_read_packet_header = Struct('>II').unpack_from     # the header of a start-up packet: its length and its request code
_PACKET_HEADER_BYTES = 8
#: [bytes] of a start-up packet at most; the server has the same limit (MAX_STARTUP_PACKET_LENGTH)
_MAX_PACKET_BYTES = 10_000
_PROTOCOL_3 = 3     # the upper 16 bits of a StartupMessage's request code
_CANCEL = 80877102
SSL, GSS = b'SSLRequest', b'GSSENCRequest'
_NEGOTIATIONS = {80877103: SSL, 80877104: GSS}
DIRECT_TLS = b'TLS'     #: the name of an exchange that is none: TLS begins with the first byte

#: [statements], and as many portals, whose texts are remembered; the oldest is forgotten first. More than drivers keep
#: prepared (JDBC 256, psycopg and asyncpg 100); with texts of ``MAX_NAME_BYTES`` they take 2 MiB a session
MAX_REMEMBERED_TEXTS = 512


class Request(NamedTuple):
    """One type of message that the client sends.

    Attributes:
        name: The name of its exchange where the message has no better one.
        stage: Where it stands in the conversation.
        plan: What its response may consist of; None: it has no response.
    """

    name: bytes
    stage: str
    plan: Plan | None


_REQUESTS = {
    ord('Q'): Request(b'', wire.QUERY, wire.TO_QUERY),
    ord('P'): Request(b'Parse', wire.STEP, wire.TO_PARSE),
    ord('B'): Request(b'Bind', wire.STEP, wire.TO_BIND),
    ord('D'): Request(b'Describe', wire.STEP, wire.TO_DESCRIBE),
    ord('E'): Request(b'Execute', wire.QUERY, wire.TO_EXECUTE),
    ord('C'): Request(b'Close', wire.STEP, wire.TO_CLOSE),
    ord('H'): Request(b'Flush', wire.STEP, None),
    ord('S'): Request(b'Sync', wire.STEP, wire.TO_SYNC),
    ord('F'): Request(b'FunctionCall', wire.CALL, wire.TO_CALL),
    ord('X'): Request(b'Terminate', wire.END, None),
}
#: Messages within another one's exchange: CopyData, CopyDone, CopyFail, and all responses to authentication.
_WITHIN = frozenset(b'dcfp')
_END_OF_DATA = frozenset(b'cf')
_QUERY, _PARSE, _BIND, _EXECUTE, _SYNC = b'QPBES'
#: Messages that open a group of the extended protocol, or belong to one; Sync ends it.
_IN_GROUP = frozenset(b'PBDECH')
#: the exchanges of plain messages, by their codes; an Execute is one where its statement cannot be a COPY
PLAIN = {code: SharedExchange(stage, plan) if plan is not None else UnansweredExchange(stage)
         for code, (_, stage, plan) in _REQUESTS.items() if code in b'QPBDEHS'}
ONE_QUERY = (PLAIN[_QUERY],)     #: where there is no other one
#: what statements begin with that move no data outside of their rows, whatever follows
NO_COPY = re.compile(rb'\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH|VALUES|MERGE|BEGIN|COMMIT|ROLLBACK|SET|SHOW)\b', re.IGNORECASE)


def is_one_query(data: bytes) -> bool:
    """Return whether these bytes are one whole Query, as most often where no statement is prepared."""
    size = len(data)
    return data[0] == _QUERY and HEADER_BYTES < size <= MAX_NAME_BYTES and not data[-1] and read_header(data, 0)[1] == size - 1


class Requests(Framer[Conversation]):
    """The direction from the client to the server."""

    mixed = True

    def __init__(self, protocol: Conversation) -> None:
        super().__init__(protocol)
        self.started = False    # the StartupMessage has been seen: from here on messages have codes
        self.executed: Exchange | None = None   # the last Execute, if it may be a COPY, until CopyData have ended after it

    def scan(self, data: bytes, start: int) -> Iterator[Part]:
        if self.open:   # what was left of it has passed
            yield start, self.owner, True
        while not self.rest:
            part = (self._query(data, start) or self._message(data, start)) if self.started else self._packet(data, start)
            if part is None:
                return
            yield part
            start = part[0]

    def run(self, data: bytes, most: int) -> Run:
        protocol, end, size = self.protocol, 0, len(data)
        found: list[Exchange] = []
        if not self.started or protocol.skipping or protocol.losing is not None or self.executed is not None:
            return NO_RUN
        if is_one_query(data):
            return size, ONE_QUERY
        parsed: dict[bytes, bytes] = {}     # in this run
        bound: dict[bytes, bytes] = {}
        while size - end >= HEADER_BYTES and len(found) < most:
            code, length = read_header(data, end)
            body, after, exchange = end + HEADER_BYTES, end + 1 + length, PLAIN.get(code)
            if exchange is None or not body <= after <= min(size, body + MAX_NAME_BYTES):
                break
            if code == _QUERY and (after == body or data[after - 1]):
                break
            if code == _PARSE:
                statement, text, _ = (data[body:after] + b'\0\0').split(b'\0', 2)
                parsed[statement] = text
            elif code == _BIND:
                portal, statement, _ = (data[body:after] + b'\0\0').split(b'\0', 2)
                bound[portal] = parsed[statement] if statement in parsed else protocol.statements.get(statement, b'')
            elif code == _EXECUTE:
                portal = data[body:after].partition(b'\0')[0]
                if not NO_COPY.match(bound[portal] if portal in bound else protocol.portals.get(portal, b'')):
                    break
            found.append(exchange)
            end = after
        return end, found

    def ran(self, data: bytes, end: int) -> None:
        at, protocol = 0, self.protocol
        if end == len(data) and is_one_query(data):
            return
        while at < end:
            code, length = read_header(data, at)
            after = at + 1 + length
            if code in (_PARSE, _BIND):
                self._LEARN[code](self, data[at + HEADER_BYTES:after])
            at = after
            if code != _QUERY:
                protocol.grouped = code != _SYNC
                if not protocol.grouped:
                    protocol.given_up = False

    # -- before the start-up

    def _packet(self, data: bytes, start: int) -> Part | None:
        """Report a packet without a code; None: it is not complete yet."""
        if self.protocol.awaits_tls and data[start:start + 1] == bytes((HANDSHAKE,)):
            return start, Exchange(DIRECT_TLS, wire.NEGOTIATION, True, wire.TO_NEGOTIATION), True
        if len(data) - start < _PACKET_HEADER_BYTES:
            return None
        length, code = _read_packet_header(data, start)
        known = code >> 16 == _PROTOCOL_3 or code == _CANCEL or code in _NEGOTIATIONS
        if not known or not _PACKET_HEADER_BYTES <= length <= _MAX_PACKET_BYTES:
            raise ProtocolError('no start-up packet of protocol 3')
        end = start + length
        return (end, self._open_session(code, data[start + _PACKET_HEADER_BYTES:end]), True) if end <= len(data) else None

    def _open_session(self, code: int, body: bytes) -> Exchange:
        """Make the exchange of a packet before the first message; a StartupMessage is the last such packet."""
        if code in _NEGOTIATIONS:
            return self._negotiate(_NEGOTIATIONS[code])
        self.protocol.starts_up()
        if code == _CANCEL:
            return Exchange(b'CancelRequest', wire.CANCEL, False)
        self.started = True
        words = body.split(b'\0')
        settings = dict(zip(words[::2], words[1::2], strict=False))
        user = settings.get(b'user', b'')
        database = settings.get(b'database') or user
        self.protocol.login = {'user': user.decode('utf-8', 'replace'), 'database': database.decode('utf-8', 'replace')}
        return Exchange((b'startup user=%b database=%b' % (user, database))[:MAX_NAME_BYTES], wire.STARTUP, True, wire.TO_STARTUP)

    def _negotiate(self, name: bytes) -> Exchange:
        exchange, protocol = Exchange(name, wire.NEGOTIATION, True, wire.TO_NEGOTIATION), self.protocol
        ended_here = protocol.ends_tls and not (protocol.awaits_tls and name == SSL)
        if ended_here or protocol.option('starttls') == REFUSE and not protocol.awaits_tls:
            exchange.behavior = NO_TLS
        return exchange

    # -- afterwards

    def _query(self, data: bytes, start: int) -> Part | None:
        """Report the most common message, a short and complete Query, faster than ``_message`` could; None: it is another one."""
        if len(data) - start <= HEADER_BYTES or data[start] != _QUERY:
            return None
        end = start + 1 + read_header(data, start)[1]
        if not start + HEADER_BYTES < end <= start + HEADER_BYTES + MAX_NAME_BYTES or data[end - 1:end] != b'\0':
            return None
        return end, Exchange(data[start + HEADER_BYTES:end - 1], wire.QUERY, not self.protocol.skipping, wire.TO_QUERY), True

    def _message(self, data: bytes, start: int) -> Part | None:
        """Report a message, or as much of it as has come once it can be named; None: more bytes are needed."""
        size, body = len(data), start + HEADER_BYTES
        if size < body:
            return None
        code, length = read_header(data, start)
        if not MIN_LENGTH_BYTES <= length <= MAX_LENGTH_BYTES or code not in _REQUESTS and code not in _WITHIN:
            raise ProtocolError(f'a message of the type {data[start:start + 1]!r} with {length} bytes')
        end, named = start + 1 + length, body + MAX_NAME_BYTES
        exchange = None
        if code in _WITHIN:
            self._go_on(code)
        elif size < end and size < named:
            return None
        else:
            exchange = self._ask(code, data[body:end if end < named else named])
        if end <= size:
            return end, exchange, True
        self.rest = end - size
        return size, exchange, False

    def _go_on(self, code: int) -> None:
        """Record a message that belongs to the exchange under way."""
        if code in _END_OF_DATA:
            if self.protocol.copying:
                self.protocol.data_ended()
            elif self.executed is not None:
                self._feed(self.executed)
            self.executed = None

    def _feed(self, execute: Exchange) -> None:
        """Record that all CopyData of an Execute have been sent, if it is one of a COPY; the server has not said so yet."""
        syncs: list[Exchange] = []
        for exchange in reversed(self.protocol.queue):
            if exchange is execute:
                self.protocol.fed[execute] = syncs
                return
            if exchange.note is wire.TO_SYNC:
                syncs.append(exchange)

    def _ask(self, code: int, body: bytes) -> Exchange:
        """Make the exchange of a request; ``body`` is the beginning of its body."""
        name, stage, plan = _REQUESTS[code]
        protocol = self.protocol
        if code in self._LEARN:
            name = self._LEARN[code](self, body) or name
        if code in _IN_GROUP:
            protocol.grouped = True
        exchange = Exchange(name, stage, plan is not None and not protocol.skipping, plan)
        if code == _EXECUTE:
            self.executed = None if NO_COPY.match(name) else exchange
        if protocol.losing is not None:
            protocol.lose(exchange)
        return exchange

    # -- the content of each message; each method returns a name for its exchange, empty: it has none of its own

    def _parse(self, body: bytes) -> bytes:
        statement, _, text = body.partition(b'\0')
        _remember(self.protocol.statements, statement, text.partition(b'\0')[0])
        return b''

    def _bind(self, body: bytes) -> bytes:
        portal, _, rest = body.partition(b'\0')
        statement = rest.partition(b'\0')[0]
        _remember(self.protocol.portals, portal, self.protocol.statements.get(statement, b''))
        return b''

    def _execute(self, body: bytes) -> bytes:
        return self.protocol.portals.get(body.partition(b'\0')[0], b'')

    def _close(self, body: bytes) -> bytes:
        known = self.protocol.statements if body[:1] == b'S' else self.protocol.portals
        known.pop(body[1:].partition(b'\0')[0], None)
        return b''

    def _sync(self, _: bytes) -> bytes:
        self.protocol.grouped = self.protocol.given_up = self.protocol.skipping = False
        return b''

    def _text(self, body: bytes) -> bytes:
        return body[:-1] if body.endswith(b'\0') else body

    def _function(self, body: bytes) -> bytes:
        return b'FunctionCall %d' % int.from_bytes(body[:4], 'big')

    _LEARN: ClassVar[dict[int, Callable[['Requests', bytes], bytes]]] = {
        _QUERY: _text, _PARSE: _parse, _BIND: _bind, _EXECUTE: _execute, ord('C'): _close, _SYNC: _sync, ord('F'): _function}


def _remember(texts: dict[bytes, bytes], name: bytes, text: bytes) -> None:
    """Keep a text under a name, and forget the oldest when there are too many."""
    texts.pop(name, None)
    if len(texts) >= MAX_REMEMBERED_TEXTS:
        del texts[next(iter(texts))]
    texts[name] = text
