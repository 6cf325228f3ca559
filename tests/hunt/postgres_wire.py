"""Bytes of PostgreSQL: what a plan says, written; what a server answers, read as ``postgres_model`` has it."""
from collections.abc import Callable
from struct import Struct
from typing import Any

from tests.support import postgres_talk as wire

HEADER_BYTES = 5
_HEADER = Struct('>cI').unpack_from
#: [bytes] that an answer may have; what is longer was never sent like this
MAX_ANSWER_BYTES = 1 << 24
#: messages whose content cannot be told beforehand
ASIDE = (b'S', b'K', b'A')


def _bind(portal: str, name: str, *values: str) -> bytes:
    given = b''.join(len(value.encode()).to_bytes(4, 'big') + value.encode() for value in values)
    return wire.message(b'B', f'{portal}\0{name}\0'.encode() + b'\0\0' + len(values).to_bytes(2, 'big') + given + b'\0\0')


def _text(value: str) -> bytes:
    return value.encode() + b'\0'


#: by their codes, the bytes of messages
WRITE: dict[str, Callable[..., bytes]] = {
    'startup': lambda user, database, name: wire.startup(user=user, database=database, application_name=name),
    'Q': wire.query, 'P': lambda name, text: wire.parse(text, name), 'B': _bind,
    'D': lambda kind, name: wire.message(b'D', kind.encode() + _text(name)),
    'E': lambda portal, most: wire.message(b'E', _text(portal) + most.to_bytes(4, 'big')),
    'C': lambda kind, name: wire.message(b'C', kind.encode() + _text(name)),
    'H': lambda: wire.FLUSH, 'S': lambda: wire.SYNC, 'X': lambda: wire.TERMINATE,
    'd': lambda line: wire.data(line + '\n'), 'c': lambda: wire.COPY_DONE, 'f': lambda why: wire.message(b'f', _text(why)),
}


def _row(body: bytes) -> tuple[str, ...]:
    values, at = ['D'], 2
    for _ in range(int.from_bytes(body[:2], 'big')):
        size = int.from_bytes(body[at:at + 4], 'big', signed=True)
        values.append(body[at + 4:at + 4 + max(size, 0)].decode())
        at += 4 + max(size, 0)
    return tuple(values)


def _fields(body: bytes) -> dict[str, str]:
    return {field[:1]: field[1:] for field in body.decode().split('\0') if field}


def _notice(body: bytes) -> tuple[str, ...] | None:
    fields = _fields(body)
    if fields['C'] == '57P02':
        return 'N', '57P02'
    return ('N', fields['M']) if fields['V'] == 'NOTICE' else None


#: by their codes, what is told of answers; of those that are not here the code alone
READ: dict[bytes, Callable[[bytes], tuple[Any, ...] | None]] = {
    b'D': _row, b'N': _notice,
    b'R': lambda body: ('R', int.from_bytes(body[:4], 'big')), b'E': lambda body: ('E', _fields(body)['C']),
    b'T': lambda body: ('T', int.from_bytes(body[:2], 'big')), b't': lambda body: ('t', int.from_bytes(body[:2], 'big')),
    b'C': lambda body: ('C', body[:-1].decode()), b'Z': lambda body: ('Z', body.decode()),
    b'd': lambda body: ('d', body.decode()),
}


def answers(got: bytes, at: int) -> tuple[list[tuple[Any, ...] | None], int]:
    """Return the answers from an offset on, and where the last one ends; after bytes that are none, None."""
    found: list[tuple[Any, ...] | None] = []
    while len(got) - at >= HEADER_BYTES:
        code, length = _HEADER(got, at)
        if not 4 <= length <= MAX_ANSWER_BYTES:
            return [*found, None], at
        if at + 1 + length > len(got):
            break
        body, at = got[at + HEADER_BYTES:at + 1 + length], at + 1 + length
        if code not in ASIDE:
            try:
                answer = READ[code](body) if code in READ else (code.decode(),)
            except (ValueError, KeyError):
                return [*found, None], at
            found += [answer] if answer is not None else []
    return found, at


def ready(got: bytes, at: int) -> int:
    """Return where the next ReadyForQuery ends; 0: it has not come."""
    while len(got) - at >= HEADER_BYTES:
        code, length = _HEADER(got, at)
        at += 1 + length
        if code == b'Z':
            return at if at <= len(got) else 0
    return 0
