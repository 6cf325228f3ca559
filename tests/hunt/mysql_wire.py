"""Bytes of MySQL: what a plan says, written; what a server answers, read as ``mysql_model`` has it. Knows no model.

Sources: "MySQL Internals, Client/Server Protocol" (8.0), MariaDB knowledge base, "Client/Server Protocol".
"""
from collections.abc import Callable, Sequence
from typing import Any

from tests.support.mysql_talk import COMMON, DEPRECATE_EOF, ask, packet
from tests.support.servers import DATABASE

USER = 'hunter'         #: has no password: an empty answer is right
FULL = 0xFFFFFF         #: [bytes] of a payload that goes on in the next packet
BULK = 1 << 34          #: capability of COM_STMT_BULK_EXECUTE, MariaDB's
#: what the clients can do: without the first bit MariaDB takes its own capabilities, with a database
CAPABILITIES = (COMMON & ~1) | 8 | BULK
PLUGIN = b'mysql_native_password\0'
STRING = b'\xfd\x00'    #: the type of a parameter
NO_ID = 0xFFFFFFFE      #: of no statement
LAST = b'\xff\xff\xff\xff'  #: the statement that was prepared last (MariaDB)
MORE, CURSOR = 0x08, 0x40   #: flags of a status

#: the server wants another proof of who the client is, where that logs in again
SWITCH = b'\xfemysql_'
# the shapes of answers
GREETING, ONE, RESULT, BINARY, PREPARED, ROWS, FIELDS = 'greeting', 'one', 'result', 'binary', 'prepared', 'rows', 'fields'


def sized(value: bytes) -> bytes:
    """Return a string that begins with its length."""
    size = len(value)
    if size < 251:
        return bytes((size,)) + value
    return (b'\xfc' + size.to_bytes(2, 'little') if size < 1 << 16 else b'\xfd' + size.to_bytes(3, 'little')) + value


def login(modern: bool) -> bytes:
    """Write the client's first packet."""
    can = CAPABILITIES | (DEPRECATE_EOF if modern else 0)
    low, high = (can & 0xFFFFFFFF).to_bytes(4, 'little'), (can >> 32).to_bytes(4, 'little')
    return packet(1, low + bytes(3) + b'\x01\x2d' + bytes(19) + high
                  + USER.encode() + b'\0\0' + DATABASE.encode() + b'\0' + PLUGIN)


def command(code: int, payload: bytes = b'') -> bytes:
    """Write a command, in as many packets as it needs."""
    payload = bytes((code,)) + payload
    if len(payload) < FULL:
        return packet(0, payload)
    cuts = range(0, len(payload) + 1, FULL)
    return b''.join(packet(number, payload[at:at + FULL]) for number, at in enumerate(cuts))


def execute(how: str, *values: str, statement: bytes = LAST) -> bytes:
    """Write COM_STMT_EXECUTE.

    Args:
        how: Letters: ``t`` the types of the parameters are given, ``c`` a cursor is opened, ``l`` the value was sent before.
        values: Of its parameters.
        statement: Its id; the server takes parameters without types for a real one only.
    """
    given = b'' if 'l' in how else b''.join(sized(value.encode()) for value in values)
    types = (b'\x01' + STRING * len(values) if 't' in how else b'\x00') if values else b''
    return ask(0x17, statement + bytes(('c' in how,)) + b'\1\0\0\0' + bytes(bool(values)) + types + given)


def bulk(how: str, *values: str) -> bytes:
    """Write COM_STMT_BULK_EXECUTE of the last statement, which has one parameter."""
    types = STRING if 't' in how else b''
    rows = b''.join(b'\0' + sized(value.encode()) for value in values)
    return ask(0xFA, LAST + (128 if types else 0).to_bytes(2, 'little') + types + rows)


#: by their first words, the bytes of messages, and the shape of the answer; None: it has none
WRITE: dict[str, tuple[Callable[..., bytes], str | None]] = {
    'query': (lambda text: command(3, text.encode()), RESULT),
    'long query': (lambda text, size: command(3, text.encode().ljust(size)), RESULT),
    'load': (lambda text, *lines: command(3, text.encode()), RESULT),
    'prepare': (lambda text: ask(0x16, text.encode()), PREPARED),
    'execute': (execute, BINARY),
    'execute by id': (lambda number, *values: execute('', *values, statement=number.to_bytes(4, 'little')), BINARY),
    'bulk': (bulk, BINARY),
    'fetch': (lambda rows: ask(0x1C, LAST + rows.to_bytes(4, 'little')), ROWS),
    'long data': (lambda value: ask(0x18, LAST + b'\0\0' + value.encode()), None),
    'reset statement': (lambda: ask(0x1A, LAST), ONE),
    'close': (lambda: ask(0x19, LAST), None),
    'ping': (lambda: ask(0x0E), ONE),
    'statistics': (lambda: ask(0x09), ONE),
    'use': (lambda name: ask(0x02, name.encode()), ONE),
    'fields': (lambda: ask(0x04, b'hunt\0'), FIELDS),
    'reset': (lambda: ask(0x1F), ONE),
    'change user': (lambda: ask(0x11, USER.encode() + b'\0\0' + DATABASE.encode() + b'\0\x2d\0' + PLUGIN), ONE),
    'quit': (lambda: ask(0x01), None),
}


#: what follows ``SWITCH``: no password
NO_PASSWORD = packet(2, b'')


def data(*lines: str) -> bytes:
    """Write the content of a file that the server asks for."""
    text = ''.join(f'{line}\n' for line in lines).encode()
    return (packet(2, text) if text else b'') + packet(3 if text else 2, b'')


class Incomplete(Exception):  # noqa: N818 - it is none
    """More bytes are needed."""


class Reader:
    """Reads answers.

    Args:
        got: All that came.
        at: Where to begin.
        modern: Result sets end with an OK packet.

    Attributes:
        prepared: The id of the statement that was prepared last.
    """

    def __init__(self, got: bytes, at: int, modern: bool) -> None:
        self.got, self.at, self.modern = got, at, modern
        self.prepared = NO_ID

    def packet(self) -> bytes:
        """Return the payload of the next packet, or of the next ones if it is as long as that."""
        payload = b''
        while True:
            start = self.at + 4
            size = int.from_bytes(self.got[self.at:self.at + 3], 'little')
            if start > len(self.got) or start + size > len(self.got):
                raise Incomplete
            self.at = start + size
            payload += self.got[start:self.at]
            if size < FULL:
                return payload

    def answer(self, shape: str) -> tuple[Any, ...]:
        """Return the next answer.

        Raises:
            Incomplete: It has not come to its end.
            ValueError, IndexError: It has another shape.
        """
        first = self.packet()
        if first[:1] == b'\xff':
            return 'ERR', int.from_bytes(first[1:3], 'little')
        if shape in (GREETING, ONE):
            return (shape,) if shape is GREETING or first[:len(SWITCH)] != SWITCH else self.answer(ONE)
        if shape is PREPARED:
            return self._prepared(first)
        if shape in (ROWS, FIELDS):
            return self._rows(first, shape is ROWS)
        return self._result(first, shape is BINARY)

    def _prepared(self, first: bytes) -> tuple[Any, ...]:
        self.prepared = int.from_bytes(first[1:5], 'little')
        columns, params = (int.from_bytes(first[at:at + 2], 'little') for at in (5, 7))
        for count in (params, columns):
            for _ in range(count + (count > 0 and not self.modern)):
                self.packet()
        return 'PREPARED', columns, params

    def _rows(self, first: bytes, binary: bool) -> tuple[Any, ...]:
        found = []
        while not (first[0] == 0xFE and len(first) < 9):
            found.append(row(first, 1, True) if binary else ())
            first = self.packet()
        return 'ROWS', *found

    def _result(self, first: bytes, binary: bool) -> tuple[Any, ...]:
        found: list[Any] = []
        while True:
            if first[0] == 0xFF:
                return *found, ('ERR', int.from_bytes(first[1:3], 'little'))
            if first[0] == 0xFB:
                return *found, ('FILE', first[1:].decode())
            if first[0] == 0:
                affected, status = self._ok(first)
                found.append(('OK', affected))
            else:
                rows, status = self._table(first[0], binary)
                found.append(rows)
            if not status & MORE:
                return tuple(found)
            first = self.packet()

    def _ok(self, first: bytes) -> tuple[int, int]:
        affected, at = number(first, 1)
        _, at = number(first, at)
        return affected, int.from_bytes(first[at:at + 2], 'little')

    def _table(self, columns: int, binary: bool) -> tuple[tuple[Any, ...], int]:
        for _ in range(columns):
            self.packet()
        if not self.modern:
            status = int.from_bytes(self.packet()[3:5], 'little')
            if status & CURSOR:
                return ('CURSOR',), status
        rows: list[Any] = ['ROWS']
        while True:
            each = self.packet()
            if each[0] == 0xFF:
                return (*rows, ('ERR', int.from_bytes(each[1:3], 'little'))), 0
            if each[0] == 0xFE and len(each) < (FULL if self.modern else 9):
                status = self._ok(each)[1] if self.modern else int.from_bytes(each[3:5], 'little')
                return (('CURSOR',) if status & CURSOR and len(rows) == 1 else tuple(rows)), status
            rows.append(row(each, columns, binary))


def number(payload: bytes, at: int) -> tuple[int, int]:
    """Read an integer of one to nine bytes; return it and where it ends."""
    size = {0xFC: 2, 0xFD: 3, 0xFE: 8}.get(payload[at], 0)
    return (int.from_bytes(payload[at + 1:at + 1 + size], 'little'), at + 1 + size) if size else (payload[at], at + 1)


def row(payload: bytes, columns: int, binary: bool) -> tuple[str, ...]:
    """Read a row of strings."""
    at, values = 1 + (columns + 9) // 8 if binary else 0, []
    for _ in range(columns):
        size, at = number(payload, at)
        values.append(payload[at:at + size].decode())
        at += size
    if at != len(payload):
        raise ValueError(payload[:100])
    return tuple(values)


def answers(got: bytes, shapes: Sequence[str], modern: bool) -> tuple[list[Any], int]:
    """Return the complete answers of these shapes, and where the last one ends; after bytes that are none, None."""
    reader, found, end = Reader(got, 0, modern), list[Any](), 0
    try:
        for shape in shapes:
            found.append(reader.answer(shape))
            end = reader.at
            if found[-1][0][0] == 'FILE':   # a second answer comes after the client's data
                found.append(reader.answer(RESULT))
                end = reader.at
    except Incomplete:
        return found, end
    except (ValueError, IndexError):
        return [*found, None], end
    return [*found, *[None] * (end < len(got))], end
