"""Finds the server's messages: the greeting, and the responses to requests.

Knows no stream and no failure, and of a response only its packets: rows are passed over by their headers.
"""
from collections.abc import Callable, Iterator
from itertools import islice
from struct import Struct
from typing import ClassVar

from ...errors import ProtocolError
from ..base import Exchange
from ..message import MAX_PASSED_BYTES, NO_RUN, Framer, Part, Run
from ..starttls import NO_TLS
from .answers import code_at
from .calls import CURSOR, LOGIN, ONE, PREPARED, RESULT, ROWS, Call
from .packets import (
    CURSOR_EXISTS,
    EOF,
    ERR,
    HEADER_BYTES,
    LOCAL_INFILE,
    MAX_PAYLOAD_BYTES,
    MORE_RESULTS,
    OK,
    PACKET,
    PROGRESS,
    VERSION,
    WORD,
    greeting,
    number,
    plain_packet,
    plain_result,
)
from .state import FILE, Conversation

# what comes next in a response
FIRST, DEFINITIONS, END_OF_COLUMNS, PASSING = 'its first packet', 'definitions', 'the EOF after them', 'rows'
#: [bytes] of a payload that must have come: the first one, the two numbers of an OK packet, the low byte of its status
TELLING_BYTES = 1 + 9 + 9 + 1
MIN_EOF_ROW_BYTES = 9   #: [bytes] of a payload that begins with ``EOF`` from which on it is a row
#: the response to COM_STMT_PREPARE: OK, the statement's id, the numbers of its columns and parameters
PREPARE_OK = Struct('<BIHH').unpack_from
MAX_COLUMNS = 0xFFFF    #: [columns] of a result set at most (servers so far: 4096)


class Responses(Framer[Conversation]):
    """The direction from the server to the client."""

    def __init__(self, protocol: Conversation) -> None:
        super().__init__(protocol)
        self.next = FIRST
        self.left = 0       # how many definitions are still to come
        self.full = False   # the packet before was full, and another one goes on with it
        self.last = False   # the packet under way completes its response
        self.greeted = False

    def scan(self, data: bytes, start: int) -> Iterator[Part]:
        protocol, size = self.protocol, len(data)
        queue = protocol.queue
        if self.last:
            self.last = False
            yield start, queue[0], self._complete(queue[0])
        while not protocol.compressed:
            if start >= size:
                return
            if queue:
                exchange = queue[0]
                end, done = self._walk(data, start, exchange.note)
            else:
                exchange, end, done = None, self._unasked(data, start), True
            if end == start:
                return
            if end > size:
                self.rest, self.last = end - size, done
                yield size, exchange, False
                return
            if exchange is None and not self.greeted and data[start + HEADER_BYTES] != ERR:
                self.greeted = True
                yield end, self._offer(), True
            else:
                yield end, exchange, done and (exchange is None or self._complete(exchange))
            start = end
        raise ProtocolError('what follows is compressed')

    def run(self, data: bytes, most: int) -> Run:
        protocol, end = self.protocol, 0
        found: list[Exchange] = []
        if protocol.compressed or protocol.optional_metadata or self.left:
            return NO_RUN
        for exchange in islice(protocol.queue, most):
            shape = exchange.note.shape
            if exchange.note.then is not None:  # another response belongs to it
                after = 0
            elif shape is RESULT or shape is CURSOR:
                after = plain_result(data, end, protocol.deprecates_eof)
            else:
                after = plain_packet(data, end) if shape is ONE else 0
            if not after:
                break
            found.append(exchange)
            end = after
        return end, found

    def _offer(self) -> Exchange | None:
        """Return the exchange of the greeting, where TLS is put into it or taken out; else None."""
        if self.protocol.offer is None:
            return None
        exchange = Exchange(b'greeting', expects=False)
        exchange.behavior = NO_TLS
        return exchange

    def _complete(self, exchange: Exchange) -> bool:
        """Record that a response is complete; return False if another one belongs to the same exchange."""
        call = exchange.note
        self.next = FIRST
        if call.then is not None:
            exchange.note = call.then
        return call.then is None

    def _unasked(self, data: bytes, start: int) -> int:
        """Return where the packet ends that no request asked for; ``start``: not all of it has come.

        It is the greeting, or the ERR that some servers send before they close the connection.
        """
        at = start + HEADER_BYTES
        if self.protocol.request_cutter.opaque_because:
            raise ProtocolError(self.protocol.request_cutter.opaque_because)
        if len(data) <= at:
            return start
        if data[at] != ERR:
            self._check_greeting(data[at])
        end: int = at + (WORD(data, start)[0] & MAX_PAYLOAD_BYTES)
        if end > len(data):
            return start
        if data[at] != ERR:
            self.protocol.server = greeting(data[at:end])
        return end

    def _check_greeting(self, version: int) -> None:
        if self.protocol.server is not None:
            raise ProtocolError('a response to nothing')
        if version != VERSION:
            raise ProtocolError('the server greets in an unknown way')

    def _walk(self, data: bytes, at: int, call: Call) -> tuple[int, bool]:
        """Pass over the packets of a response, as many as are passed over in one call.

        Returns:
            Where the last one ends, perhaps beyond the data, and whether it is the last one of the response.
        """
        last = min(len(data) - HEADER_BYTES - 1, at + MAX_PASSED_BYTES)
        if call.shape is ROWS and self.next is FIRST:
            self.next = PASSING
        while at <= last:
            if self.next is DEFINITIONS:
                at = self._pass_definitions(data, at, last)
                if not self.left:
                    if call.shape is PREPARED:
                        return at, True
                    self.next = self._after_definitions()
            elif self.next is PASSING and not self.full:
                at = self._pass_rows(data, at, last)
            if at > last:
                break
            word, first = PACKET(data, at)
            payload, length = at + HEADER_BYTES, word & MAX_PAYLOAD_BYTES
            if not self.full and payload + min(length, TELLING_BYTES) > len(data):
                break
            at = payload + length
            if self.full or length == MAX_PAYLOAD_BYTES:
                self.full = length == MAX_PAYLOAD_BYTES
            elif self._packet(data, payload, length, first, call):
                return at, True
        return at, False

    def _pass_rows(self, data: bytes, at: int, last: int) -> int:
        """Return where the first packet begins that may be something else than a row, or that has not come."""
        while at <= last:
            word, first = PACKET(data, at)
            length = word & MAX_PAYLOAD_BYTES
            if first >= EOF or length == MAX_PAYLOAD_BYTES:
                break
            at += HEADER_BYTES + length
        return at

    def _pass_definitions(self, data: bytes, at: int, last: int) -> int:
        """Return where the first packet begins after the definitions, or in place of one, or that has not come."""
        left = self.left
        while left and at <= last:
            word, first = PACKET(data, at)
            if first == ERR:
                break
            at += HEADER_BYTES + (word & MAX_PAYLOAD_BYTES)
            left -= 1
        self.left = left
        return at

    def _after_definitions(self) -> str:
        return PASSING if self.protocol.deprecates_eof else END_OF_COLUMNS

    def _packet(self, data: bytes, at: int, length: int, first: int, call: Call) -> bool:
        """Read a packet that is not just passed over; return whether the response ends with it.

        Args:
            data: The bytes.
            at: Where the payload begins.
            length: How long it is.
            first: Its first byte.
            call: What is remembered of the request.
        """
        if first == ERR:
            if length >= 3 and data[at + 1:at + 3] == PROGRESS:
                return False
            self.error = code_at(data, at)
            return True
        if self.next is FIRST:
            return self._FIRST[call.shape](self, data, at, length, first, call)
        if self.next is PASSING:
            is_row = first != EOF or length >= MIN_EOF_ROW_BYTES and not self.protocol.deprecates_eof
            return not is_row and (self._ends(data, at, length, first) or call.shape is ROWS)
        if first != EOF:
            raise ProtocolError('no EOF after the columns')
        self.next = PASSING
        return call.shape is CURSOR and self._status(data, at, length, first) & CURSOR_EXISTS > 0

    def _ends(self, data: bytes, at: int, length: int, first: int) -> bool:
        """Return whether an OK or EOF packet ends the response; otherwise another result follows."""
        self.next = FIRST
        return not self._status(data, at, length, first) & MORE_RESULTS

    def _status(self, data: bytes, at: int, length: int, first: int) -> int:
        """Return the low byte of the status in an OK or EOF packet."""
        place = at + 3      # after two numbers of one byte each, or one of two bytes
        if length < 5:
            raise ProtocolError('a packet without a status')
        if (first == OK or self.protocol.deprecates_eof) and (data[at + 1] >= LOCAL_INFILE or data[at + 2] >= LOCAL_INFILE):
            try:
                place = number(data, number(data, at + 1)[1])[1]
            except IndexError:
                place = at + length
            if place + 2 > at + length:
                raise ProtocolError('a packet without a status')
        return data[place]

    # -- the first packet of a response, by its shape; each returns whether the response ends with it

    def _one(self, *packet: object) -> bool:
        return True

    def _log_in(self, data: bytes, at: int, length: int, first: int, call: Call) -> bool:
        """Read a packet of a login: only OK ends it; the client responds to any other."""
        if first == OK:
            self.protocol.logged_in()
        return first == OK

    def _result(self, data: bytes, at: int, length: int, first: int, call: Call) -> bool:
        """Read the first packet of a result."""
        if first == OK or first == EOF and length < MIN_EOF_ROW_BYTES:
            return self._ends(data, at, length, first)
        if first == LOCAL_INFILE:
            self.protocol.expect(FILE)
            return False
        count, after = (first, at + 1) if first < LOCAL_INFILE else number(data, at)
        if length > 1 + 8 + 1 or count > MAX_COLUMNS:
            raise ProtocolError('a malformed number of columns')
        if self.protocol.optional_metadata and after < at + length and not data[after]:
            self.next = self._after_definitions()
        else:
            self.left, self.next = count, DEFINITIONS
        return False

    def _prepared(self, data: bytes, at: int, length: int, first: int, call: Call) -> bool:
        """Read the first packet of the response to COM_STMT_PREPARE."""
        if first != OK or length < 12:
            raise ProtocolError('a statement is prepared in an unknown way')
        _, statement, columns, params = PREPARE_OK(data, at)
        if call.statement is not None:
            self.protocol.statements.prepared(call.statement, statement, params)
        left = columns + params
        if self.protocol.optional_metadata and length > 12 and not data[at + 12]:
            left = 0
        elif not self.protocol.deprecates_eof:
            left += (columns > 0) + (params > 0)
        self.left, self.next = left, DEFINITIONS
        return not left

    _FIRST: ClassVar[dict[str, Callable[..., bool]]] = {
        ONE: _one, RESULT: _result, CURSOR: _result, PREPARED: _prepared, LOGIN: _log_in}
