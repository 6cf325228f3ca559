"""The first message of TLS, ClientHello, as it lies on the wire: what a client asks for, before anything is answered.

RFC 8446 section 4.1.2 (the message), 5.1 (records), RFC 6066 section 3 (server_name), RFC 7301 section 3.1 (ALPN). Bytes only.
"""
import re
from typing import NamedTuple

MAX_HELLO = 64 * 1024   #: [bytes] of a ClientHello; real ones have some hundred to 2,000
HANDSHAKE = 22      #: the type of the records that a handshake comes in
CLIENT_HELLO = 1
SERVER_NAME, ALPN, SUPPORTED_VERSIONS = 0, 16, 43   #: the extensions that are looked at
RECORD_HEADER, MESSAGE_HEADER = 5, 4    #: [bytes]
MAX_RECORD = 2 ** 14    #: [bytes] of a record that is not encrypted
#: a name of a host as certificates have it; no other is passed on
NAME = re.compile(r'(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?')
PROTOCOL = re.compile(rb'[\x21-\x7e]{1,255}')


class ClientHello(NamedTuple):
    """What a client asks for.

    Args:
        name: The server's name (SNI); empty: it gives none.
        alpn: The protocols that it offers, best first.
        versions: The versions that it offers, as on the wire: 0x0303 is TLS 1.2, 0x0304 is 1.3.
        suites: The cipher suites that it offers, best first, as on the wire: two bytes each.
    """

    name: str = ''
    alpn: tuple[str, ...] = ()
    versions: tuple[int, ...] = ()
    suites: bytes = b''


class NoHelloError(ValueError):
    """What has come is no ClientHello, and does not become one."""


class HelloReader:
    """Reads a ClientHello that comes in pieces; what each byte costs does not depend on their size.

    Attributes:
        data: All bytes so far.
    """

    def __init__(self) -> None:
        self.data = bytearray()
        self._message = bytearray()     # without the headers of records
        self._at = 0                    # where the record begins that is not complete

    def feed(self, data: bytes) -> ClientHello | None:
        """Take the next bytes of the connection.

        Returns:
            What the ClientHello says; None: its end has not come yet.

        Raises:
            NoHelloError: It is none, or longer than ``MAX_HELLO``.
        """
        self.data += data
        self._take_records()
        message = self._message
        if message and message[0] != CLIENT_HELLO:
            raise NoHelloError('the first message is no ClientHello')
        length = MESSAGE_HEADER + int.from_bytes(message[1:MESSAGE_HEADER], 'big') if len(message) >= MESSAGE_HEADER else 0
        if length > MAX_HELLO or len(self.data) > 2 * MAX_HELLO:
            raise NoHelloError(f'a ClientHello of more than {MAX_HELLO} bytes')
        if not length or len(message) < length:
            return None
        try:
            return parse(bytes(message[MESSAGE_HEADER:length]))
        except IndexError as error:
            raise NoHelloError(f'a malformed ClientHello: {error}') from None

    def _take_records(self) -> None:
        data = self.data
        while self._at < len(data):
            at = self._at
            if data[at] != HANDSHAKE or at + 1 < len(data) and data[at + 1] != 3:
                raise NoHelloError('not TLS')
            if len(data) - at < RECORD_HEADER:
                return
            length = int.from_bytes(data[at + 3:at + RECORD_HEADER], 'big')
            if not 0 < length <= MAX_RECORD:
                raise NoHelloError(f'a record of {length} bytes')
            if len(data) - at < RECORD_HEADER + length:
                return
            self._message += data[at + RECORD_HEADER:at + RECORD_HEADER + length]
            self._at = at + RECORD_HEADER + length


class Cursor:
    """Reads fields one after the other.

    Args:
        data: The bytes.
    """

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        """Return so many bytes.

        Raises:
            IndexError: There are fewer.
        """
        if self.at + count > len(self.data):
            raise IndexError('it ends too early')
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, size: int) -> int:
        """Return a number of so many bytes."""
        return int.from_bytes(self.take(size), 'big')

    def vector(self, size: int) -> 'Cursor':
        """Return what stands after its own length, a number of so many bytes."""
        return Cursor(self.take(self.number(size)))

    @property
    def left(self) -> bool:
        """Whether there is something more."""
        return self.at < len(self.data)


def parse(body: bytes) -> ClientHello:
    """Read the body of a ClientHello.

    Raises:
        IndexError: It ends too early.
    """
    cursor = Cursor(body)
    version = cursor.number(2)
    cursor.take(32)     # random
    cursor.vector(1)    # session
    suites = cursor.vector(2).data
    cursor.vector(1)    # compression
    found: dict[int, Cursor] = {}
    if cursor.left:
        extensions = cursor.vector(2)
        while extensions.left:
            kind = extensions.number(2)
            found[kind] = extensions.vector(2)
    return ClientHello(
        read_name(found[SERVER_NAME]) if SERVER_NAME in found else '',
        tuple(read_protocols(found[ALPN])) if ALPN in found else (),
        tuple(read_versions(found[SUPPORTED_VERSIONS])) if SUPPORTED_VERSIONS in found else (version,),
        suites)


def read_name(extension: Cursor) -> str:
    """Return the name of a host; empty where there is none, or what stands there is none."""
    names = extension.vector(2)
    while names.left:
        kind, name = names.number(1), names.vector(2).data.decode('latin-1')
        if kind == 0:
            return name if NAME.fullmatch(name) else ''
    return ''


def read_protocols(extension: Cursor) -> list[str]:
    """Return the names of protocols; those that are no text are left out, as nothing that is passed on has them."""
    names, found = extension.vector(2), []
    while names.left:
        name = names.vector(1).data
        if PROTOCOL.fullmatch(name):
            found.append(name.decode())
    return found


def read_versions(extension: Cursor) -> list[int]:
    """Return the versions of TLS, without those that stand there to keep servers tolerant (RFC 8701)."""
    versions, found = extension.vector(1), []
    while versions.left:
        version = versions.number(2)
        if version >> 8 == 3:
            found.append(version)
    return found
