"""memcached's binary protocol. Finds requests and responses.

Bytes and exchanges; knows no failure and no text protocol. An exchange's ``note`` is ``(opcode, opaque, quiet, key)``: the key
is the one that the response repeats, empty if it repeats none. Quiet requests stay in the queue until a response to a later
one shows which of them have none.
"""
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from ...errors import ProtocolError
from ..base import Exchange, SharedExchange
from ..message import MAX_NAME_BYTES, Framer, MessageProtocol, Part, Run
from .opcodes import FIELDS, HEADER_BYTES, KEYED, OPCODES, QUITQ, REQUEST, RESPONSE, STAT
from .text import MAX_QUIET_REQUESTS

Note = tuple[int, bytes, bool, bytes]
#: the opcodes of requests that have one response of one packet each
PLAIN = frozenset(code for code, (_, stage, quiet) in OPCODES.items()
                  if not quiet and stage in ('get', 'store', 'delete', 'arith', 'touch', 'noop'))
MAX_REMEMBERED = 1024   #: exchanges that are kept to be shared; most clients say the same opaque each time


@lru_cache(MAX_REMEMBERED)
def plain(opcode: int, opaque: bytes) -> SharedExchange:
    """Return the exchange of a plain request."""
    return SharedExchange(OPCODES[opcode][1], (opcode, opaque, False, b''))


class BinaryMessages(Framer[MessageProtocol]):
    """What both directions have in common: a header, then a body whose length the header gives."""

    def __init__(self, protocol: MessageProtocol) -> None:
        super().__init__(protocol)
        self.cut = False    #: a message was cut; when ``scan`` is called again all of it has passed
        self.last = False   #: that message is the last one of its exchange

    def passed(self, start: int) -> Iterator[Part]:
        """Report the end of a message that was cut, if one was."""
        if self.cut:
            self.cut = False
            yield start, self.owner, self.last

    def part(self, size: int, end: int, exchange: Exchange, last: bool) -> Part:
        """Report a message that ends at ``end``, in the data or beyond."""
        if end <= size:
            return end, exchange, last
        self.cut, self.last, self.rest = True, last, end - size
        return size, exchange, False


class BinaryRequests(BinaryMessages):
    """Finds requests."""

    def run(self, data: bytes, most: int) -> Run:
        end, size = 0, len(data)
        found: list[Exchange] = []
        while size - end >= HEADER_BYTES and len(found) < most:
            magic, opcode, key, extras, _, body, opaque = FIELDS.unpack_from(data, end)
            after = end + HEADER_BYTES + body
            if magic != REQUEST or opcode not in PLAIN or key + extras > body or after > size:
                break
            found.append(plain(opcode, opaque))
            end = after
        return end, found

    def scan(self, data: bytes, start: int) -> Iterator[Part]:
        size = len(data)
        yield from self.passed(start)
        while start < size:
            if data[start] != REQUEST:
                raise ProtocolError(f'a request begins with {data[start]:#x}')
            if size - start < HEADER_BYTES:
                return
            _, opcode, key, extras, _, body, opaque = FIELDS.unpack_from(data, start)
            if opcode not in OPCODES or key + extras > body:
                raise ProtocolError(f'a request with the opcode {opcode:#x} that is not known, or is malformed')
            begin = start + HEADER_BYTES + extras
            if size < begin + min(key, MAX_NAME_BYTES):
                return
            exchange = self._begin(opcode, opaque, data[begin:begin + min(key, MAX_NAME_BYTES)])
            part = self.part(size, start + HEADER_BYTES + body, exchange, True)
            start = part[0]
            yield part

    def _begin(self, opcode: int, opaque: bytes, key: bytes) -> Exchange:
        verb, stage, quiet = OPCODES[opcode]
        if quiet and len(self.protocol.queue) >= MAX_QUIET_REQUESTS:
            raise ProtocolError(f'more than {MAX_QUIET_REQUESTS} requests wait for a response')
        name = b'%b %b' % (verb, key) if key else verb
        return Exchange(name[:MAX_NAME_BYTES], stage, opcode != QUITQ, (opcode, opaque, quiet, key if opcode in KEYED else b''))


class BinaryResponses(BinaryMessages):
    """Finds responses, and which request each belongs to, by its opcode and its opaque."""

    def run(self, data: bytes, most: int) -> Run:
        end, size = 0, len(data)
        found: list[Exchange] = []
        for exchange in islice(self.protocol.queue, most):
            if size - end < HEADER_BYTES:
                break
            magic, opcode, key, extras, _, body, opaque = FIELDS.unpack_from(data, end)
            after = end + HEADER_BYTES + body
            if magic != RESPONSE or opcode not in PLAIN or key + extras > body or after > size:
                break
            if exchange.note != (opcode, opaque, False, b''):
                break
            found.append(exchange)
            end = after
        return end, found

    def scan(self, data: bytes, start: int) -> Iterator[Part]:
        queue, size = self.protocol.queue, len(data)
        yield from self.passed(start)
        while start < size:
            if not queue and self.protocol.request_cutter.opaque_because:
                raise ProtocolError(self.protocol.request_cutter.opaque_because)
            if data[start] != RESPONSE:
                raise ProtocolError(f'a response begins with {data[start]:#x}')
            if size - start < HEADER_BYTES:
                return
            _, opcode, key, extras, status, body, opaque = FIELDS.unpack_from(data, start)
            if key + extras > body:
                raise ProtocolError('a malformed response')
            begin = start + HEADER_BYTES + extras
            if opcode in KEYED and size < begin + min(key, MAX_NAME_BYTES):
                return
            repeated = data[begin:begin + min(key, MAX_NAME_BYTES)] if opcode in KEYED else b''
            while queue and silent(queue[0].note, opcode, opaque, repeated):
                yield start, queue[0], True
            if not queue or queue[0].note[:2] != (opcode, opaque):
                raise ProtocolError('a response to no request, or to another one')
            last = opcode != STAT or not body or status != 0
            part = self.part(size, start + HEADER_BYTES + body, queue[0], last)
            start = part[0]
            yield part


def silent(note: Note, opcode: int, opaque: bytes, key: bytes) -> bool:
    """Return whether a request has no response, as one with these fields, which belongs to another request, shows."""
    return note[2] and (note[:2] != (opcode, opaque) or bool(key) and note[3] != key)
