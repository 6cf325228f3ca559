"""Bytes of the PostgreSQL protocol for tests: what clients ask and what servers answer. Knows nothing of what is tested.

Source: PostgreSQL documentation, release 15, "Frontend/Backend Protocol", section "Message Formats".
"""
from tests.support.framing import BACKEND, CLIENT, Turn


def message(code: bytes, body: bytes = b'') -> bytes:
    return code + (len(body) + 4).to_bytes(4, 'big') + body


def packet(wanted: int, body: bytes = b'') -> bytes:
    """A message from before the start-up is known, which has no code."""
    return (len(body) + 8).to_bytes(4, 'big') + wanted.to_bytes(4, 'big') + body


def startup(version: int = 3 << 16, **settings: str) -> bytes:
    return packet(version, b''.join(f'{name}\0{value}\0'.encode() for name, value in settings.items()) + b'\0')


# -- the client

SSL, GSSAPI = packet(80877103), packet(80877104)
CANCEL = packet(80877102, b'\0\0\x12\x34secr')
FLUSH, SYNC, TERMINATE, COPY_DONE = message(b'H'), message(b'S'), message(b'X'), message(b'c')


def query(text: str) -> bytes:
    return message(b'Q', text.encode() + b'\0')


def parse(text: str, name: str = '') -> bytes:
    return message(b'P', f'{name}\0{text}\0'.encode() + b'\0\0')


def bind(name: str = '', portal: str = '', values: bytes = b'') -> bytes:
    return message(b'B', f'{portal}\0{name}\0'.encode() + b'\0\0\0\1' + len(values).to_bytes(4, 'big') + values + b'\0\0')


def describe(portal: str = '') -> bytes:
    return message(b'D', f'P{portal}\0'.encode())


def execute(portal: str = '') -> bytes:
    return message(b'E', f'{portal}\0'.encode() + b'\0\0\0\0')


def close(name: str) -> bytes:
    return message(b'C', f'S{name}\0'.encode())


def call(function: int) -> bytes:
    return message(b'F', function.to_bytes(4, 'big') + b'\0\0\0\0\0\0')


def data(text: str) -> bytes:
    return message(b'd', text.encode())


# -- the server

COLUMNS = message(b'T', b'\0\1id\0' + bytes(18))
ROW = message(b'D', b'\0\1\0\0\0\1' + b'7')
PARSED, BOUND, CLOSED, NO_DATA, PARAMETERS = message(b'1'), message(b'2'), message(b'3'), message(b'n'), message(b't', b'\0\0')
NOTHING_ASKED, SUSPENDED = message(b'I'), message(b's')
COPY_IN, COPY_OUT, COPY_BOTH = (message(code, b'\0\0\1\0\0') for code in (b'G', b'H', b'W'))
NOTICE = message(b'N', b'SNOTICE\0VNOTICE\0C00000\0Mby the way\0\0')
NEWS = message(b'A', b'\0\0\x12\x34channel\0news\0')
SETTING = message(b'S', b'TimeZone\0UTC\0')
IDLE, IN_BLOCK, FAILED = (message(b'Z', status) for status in (b'I', b'T', b'E'))


def complete(tag: str = 'SELECT 1') -> bytes:
    return message(b'C', tag.encode() + b'\0')


def error(state: str = '42601', severity: str = 'ERROR') -> bytes:
    return message(b'E', f'S{severity}\0V{severity}\0C{state}\0Mit failed\0\0'.encode())


def fields(reply: bytes) -> dict[str, str]:
    """Read the fields of an ErrorResponse or NoticeResponse that a reply begins with."""
    end = 1 + int.from_bytes(reply[1:5], 'big')
    return {field[:1]: field[1:] for field in reply[5:end].decode().split('\0') if field}


#: A login without a password, from the first byte to ReadyForQuery.
LOGIN: list[Turn] = [
    (CLIENT, startup(user='ann', database='shop')),
    (BACKEND, message(b'R', bytes(4)) + SETTING + message(b'K', b'\0\0\x12\x34secr') + IDLE),
]
