"""Bytes of the MySQL protocol for tests: packets, greetings, logins and whole answers. Knows nothing of what is tested.

Sources: "MySQL Internals, Client/Server Protocol" (8.0), MariaDB knowledge base, "Client/Server Protocol".
"""
from tests.support.framing import BACKEND, CLIENT, Turn

DEPRECATE_EOF, OPTIONAL_METADATA, ZSTD, ATTRIBUTES = 1 << 24, 1 << 25, 1 << 26, 1 << 27
COMPRESS, SSL, CACHED = 1 << 5, 1 << 11, 1 << 36
#: what any client of the last 20 years asks for: 4.1, transactions, multiple statements and results, plugins
COMMON = 0x0FA285

OK = b'\x00\x00\x00\x02\x00\x00\x00'
EOF = b'\xfe\x00\x00\x02\x00'
OK_AT_END = b'\xfe\x00\x00\x02\x00\x00\x00'
MORE = 0x08
ERR = b'\xff\x28\x04#42000You have an error'
COLUMN = b'\x03def\x00\x00\x00\x011\x00\x0c\x3f\x00\x01\x00\x00\x00\x03\x81\x00\x00\x00\x00'


def packet(number: int, payload: bytes) -> bytes:
    """One packet."""
    return len(payload).to_bytes(3, 'little') + bytes([number % 256]) + payload


def packets(*payloads: bytes, first: int = 1) -> bytes:
    """Packets that follow each other."""
    return b''.join(packet(number, payload) for number, payload in enumerate(payloads, first))


def ask(command: int, payload: bytes = b'') -> bytes:
    """A command of one packet."""
    return packet(0, bytes([command]) + payload)


def query(text: bytes) -> bytes:
    return ask(3, text)


def execute(statement: int, rest: bytes = b'', flags: int = 0) -> bytes:
    """COM_STMT_EXECUTE of an id, with what follows the number of iterations."""
    return ask(0x17, statement.to_bytes(4, 'little') + bytes([flags]) + b'\x01\x00\x00\x00' + rest)


def prepared(statement: int, columns: int, params: int) -> bytes:
    """The payload of the first packet that answers COM_STMT_PREPARE."""
    return b'\x00' + statement.to_bytes(4, 'little') + bytes([columns, 0, params, 0, 0, 0, 0])


def status(payload: bytes, flags: int) -> bytes:
    """An OK or EOF payload with more flags in its status."""
    return payload[:3] + bytes([payload[3] | flags]) + payload[4:]


def greeting(capabilities: int = -1, version: bytes = b'8.0.36') -> bytes:
    """The server's first packet. MariaDB's own capabilities are sent where the first bit is not set."""
    low, high = capabilities & 0xFFFF, capabilities >> 16 & 0xFFFF
    extended = capabilities >> 32 & 0xFFFFFFFF if not low & 1 else 0
    return packet(0, b'\x0a' + version + b'\0' + b'\x07\0\0\0' + b'abcdefgh\0' + low.to_bytes(2, 'little') + b'\x2d\x02\0'
                  + high.to_bytes(2, 'little') + b'\x15' + bytes(6) + extended.to_bytes(4, 'little')
                  + b'ijklmnopqrst\0caching_sha2_password\0')


def login(capabilities: int = COMMON, user: bytes = b'ann', database: bytes = b'', number: int = 1) -> bytes:
    """The client's answer to it."""
    capabilities |= 8 if database else 0
    secret = b'\x14' + b'.' * 20 if capabilities & (1 << 15 | 1 << 21) else b'secret\0'
    return packet(number, (capabilities & 0xFFFFFFFF).to_bytes(4, 'little') + bytes(3) + b'\x01\x2d' + bytes(19)
                  + (capabilities >> 32).to_bytes(4, 'little') + user + b'\0' + secret
                  + (database + b'\0' if database else b'') + b'caching_sha2_password\0')


def opened(capabilities: int = COMMON, server: int = -1, version: bytes = b'8.0.36') -> list[Turn]:
    """A session that has logged in and may do what both can."""
    return [(BACKEND, greeting(server, version)), (CLIENT, login(capabilities)), (BACKEND, packet(2, OK))]


#: a MariaDB session whose columns may go without definitions
OF_MARIADB = {'capabilities': COMMON & ~1 | CACHED, 'server': -2, 'version': b'5.5.5-10.11.6-MariaDB'}
