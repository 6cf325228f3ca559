"""Finds the client's messages: the login, commands, and the data that the server asks for.

Knows no stream, no failure, and of a command only where it ends.
"""
from collections.abc import Iterator
from copy import deepcopy
from typing import Self

from ...errors import ProtocolError
from ..base import Exchange, SharedExchange
from ..message import MAX_NAME_BYTES, Framer, Part, Run
from ..starttls import begins
from .calls import CURSOR, EXECUTE, LOGIN, MAX_EXECUTION_BYTES, Call, Statements
from .commands import (
    ASKING,
    COMMANDING,
    CURSOR_TYPES,
    EXECUTING,
    LARGE,
    LOGGING_IN,
    NEGOTIATION,
    ONE_PACKET,
    PING,
    QUERY,
    RESET,
    STATEMENT,
    TO_LOG_IN,
    TO_QUERY,
    command,
    needed,
)
from .packets import HEADER_BYTES, MAX_PAYLOAD_BYTES, PACKET, WORD, asks_for_tls, login
from .state import COMMANDS, ENCRYPTED, FILE, LOGIN_PACKET, Conversation

#: the exchanges of a query that is nothing but its text, of an execution that leaves nothing behind, and of other plain commands
PLAIN, PLAIN_EXECUTION = SharedExchange(ASKING, TO_QUERY), SharedExchange(EXECUTING, Call(CURSOR))
PLAIN_COMMAND = SharedExchange(COMMANDING, ONE_PACKET)
EXECUTION_BYTES = 10    #: [bytes] of the payload of an execution, at least: its command, its id, flags, iterations


class Requests(Framer[Conversation]):
    """The direction from the client to the server."""

    def __init__(self, protocol: Conversation) -> None:
        super().__init__(protocol)
        self.full = False   # the packet under way is full, and another one belongs to the same message

    def scan(self, data: bytes, start: int) -> Iterator[Part]:
        protocol, size = self.protocol, len(data)
        last = size - HEADER_BYTES - 1
        while not self.rest:
            while start <= last and not self.open and protocol.quick:
                length, code = PACKET(data, start)  # a packet with a sequence id other than 0 looks like a long one
                end = start + HEADER_BYTES + length
                if code != QUERY or end > size or not 0 < length < MAX_PAYLOAD_BYTES:
                    break
                name = data[start + 5:end] if length <= MAX_NAME_BYTES else data[start + 5:start + 5 + MAX_NAME_BYTES]
                yield end, Exchange(name, ASKING, True, TO_QUERY), True
                start = end
            part = self._go_on(data, start) if self.open else self._begin(data, start)
            if part is None:
                return
            yield part
            start = part[0]

    def run(self, data: bytes, most: int) -> Run:
        end, size = 0, len(data)
        found: list[Exchange] = []
        if self.protocol.quick:
            while size - end > HEADER_BYTES and len(found) < most:
                length, code = PACKET(data, end)    # as in ``scan``
                after = end + HEADER_BYTES + length
                if after > size or not 0 < length < MAX_PAYLOAD_BYTES:
                    break
                exchange = PLAIN if code == QUERY else self._plain(data, end + HEADER_BYTES, length, code)
                if exchange is None:
                    break
                found.append(exchange)
                end = after
        return end, found

    def _plain(self, data: bytes, at: int, length: int, code: int) -> SharedExchange | None:
        """Return the exchange of a command that is no query, but is plain; None: it is not.

        Args:
            data: The bytes.
            at: Where the command begins.
            length: Its length [bytes].
            code: Its first byte.
        """
        if code == PING or code == RESET and length >= 5:
            return PLAIN_COMMAND
        if code != EXECUTE or not EXECUTION_BYTES <= length < MAX_EXECUTION_BYTES or data[at + 5] & CURSOR_TYPES:
            return None
        number, = STATEMENT(data, at + 1)
        statement = self.protocol.statements.find(number) if number != Statements.LAST else None
        if statement is None or statement.params is None or statement.long_data or statement.withheld:
            return None
        return PLAIN_EXECUTION

    def apart(self) -> Self:
        framer = super().apart()
        framer.protocol.statements = deepcopy(self.protocol.statements)
        return framer

    def _begin(self, data: bytes, start: int) -> Part | None:
        """Report the message that begins here; None: more bytes are needed."""
        protocol, at = self.protocol, start + HEADER_BYTES
        if len(data) < at:
            return None
        if protocol.compressed:
            raise ProtocolError('what follows is compressed')
        if protocol.sends is ENCRYPTED:
            raise ProtocolError(begins(protocol.name))
        length, exchange = WORD(data, start)[0] & MAX_PAYLOAD_BYTES, None
        if protocol.sends is FILE:
            if not length:
                protocol.expect(COMMANDS)
        elif protocol.sends is COMMANDS and data[start + 3]:
            self._check_login()
        else:
            exchange = self._ask(data, at, length)
            if exchange is None:
                return None
        return self._claim(data, at, length, exchange)

    def _ask(self, data: bytes, at: int, length: int) -> Exchange | None:
        """Make the exchange of a request; None: more bytes are needed."""
        if self.protocol.sends is LOGIN_PACKET:
            return self._log_in(data[at:at + length], length)
        if not length:
            return Exchange(stage=COMMANDING, note=ONE_PACKET)   # the server responds with ERR
        wanted = min(length, needed(self.protocol, data, at)) if len(data) > at else length
        if len(data) - at < wanted:
            return None
        exchange = command(self.protocol, data[at:at + wanted])
        if length == MAX_PAYLOAD_BYTES:
            exchange.stage = LARGE
        return exchange

    def _log_in(self, payload: bytes, length: int) -> Exchange | None:
        protocol = self.protocol
        if protocol.server is None:
            raise ProtocolError('the client speaks before the server')
        if len(payload) < length:
            return None
        if asks_for_tls(payload):
            if not protocol.awaits_tls:
                protocol.expect(ENCRYPTED)
            return Exchange(b'SSLRequest', NEGOTIATION, False, ONE_PACKET)
        if protocol.awaits_tls:     # it has not asked for it
            protocol.awaits_tls = protocol.editing = False
        protocol.agree(login(payload, protocol.server.capabilities))
        protocol.expect(COMMANDS)
        name = b' '.join((b'login', protocol.login.user, protocol.login.database))
        return Exchange(name.rstrip()[:MAX_NAME_BYTES], LOGGING_IN, True, TO_LOG_IN)

    def _check_login(self) -> None:
        """Check that a login is under way: a packet with a sequence id other than 0 is no command, but belongs to one."""
        queue = self.protocol.queue
        if not queue or queue[0].note.shape is not LOGIN:
            raise ProtocolError('a packet in a conversation that has not begun')

    def _go_on(self, data: bytes, start: int) -> Part | None:
        """Report more of the message under way; None: more bytes are needed."""
        if not self.full:
            return start, self.owner, True
        at = start + HEADER_BYTES
        return self._claim(data, at, WORD(data, start)[0] & MAX_PAYLOAD_BYTES, self.owner) if len(data) >= at else None

    def _claim(self, data: bytes, at: int, length: int, exchange: Exchange | None) -> Part:
        """Report a packet of the message under way.

        Args:
            data: The bytes.
            at: Where its payload begins.
            length: How long that is.
            exchange: The exchange of the message; None: the message is a part of another one's conversation.
        """
        end = at + length
        self.rest = max(0, end - len(data))
        self.full = length == MAX_PAYLOAD_BYTES
        return end - self.rest, exchange, not self.full and not self.rest
