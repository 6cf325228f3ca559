"""The first message of TLS, ClientHello, as it lies on the wire: what a client asks for, before anything is answered.

RFC 8446 section 4.1.2 (the message), 5.1 (records), RFC 6066 section 3 (server_name), RFC 7301 section 3.1 (ALPN). Bytes only.
"""
import re
from typing import NamedTuple

MAX_HELLO = 64 * 1024   #: [bytes] of a ClientHello; real ones have some hundred to 2,000
SMALL = 4 * 1024        #: [bytes] of a ClientHello that never has to wait for room
MAX_LARGE = 128         #: larger ones that are not complete, at the same time; 16 MiB at the worst
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

    Of those that are larger than ``SMALL`` and not complete there are at most ``MAX_LARGE`` at a time, in all of a process.

    Attributes:
        data: All bytes so far; of what is too much the beginning, changed so that any server refuses it.
    """

    large = 0   #: readers that have more than ``SMALL`` bytes of a ClientHello that is not complete

    def __init__(self) -> None:
        self.data = bytearray()
        self._header = bytearray()      # of the message
        self._have = 0                  # bytes of the message, in records that are complete
        self._at = 0                    # where the record begins that is not complete
        self._large = False

    def __del__(self) -> None:
        self._leave()

    def feed(self, data: bytes) -> ClientHello | None:
        """Take the next bytes of the connection.

        Returns:
            What the ClientHello says; None: its end has not come yet.

        Raises:
            NoHelloError: It is none, or longer than ``MAX_HELLO``, or one large one too many.
        """
        self.data += data
        try:
            found = self._read()
        except NoHelloError:
            self._leave()
            raise
        if found is not None:
            self._leave()
        elif len(self.data) > SMALL and not self._large:
            if HelloReader.large >= MAX_LARGE:
                raise self._too_much(f'more than {MAX_LARGE} large ClientHellos at the same time')
            self._large = True
            HelloReader.large += 1
        return found

    def _leave(self) -> None:
        """Make room for another large one."""
        if self._large:
            self._large = False
            HelloReader.large -= 1

    def _read(self) -> ClientHello | None:
        self._take_records()
        header = self._header
        if header and header[0] != CLIENT_HELLO:
            raise NoHelloError('the first message is no ClientHello')
        length = MESSAGE_HEADER + int.from_bytes(header[1:], 'big') if len(header) == MESSAGE_HEADER else 0
        if length > MAX_HELLO or len(self.data) > 2 * MAX_HELLO:
            raise self._too_much(f'a ClientHello of more than {MAX_HELLO} bytes')
        if not length or self._have < length:
            return None
        try:
            return parse(self._message()[MESSAGE_HEADER:length])
        except IndexError as error:
            raise NoHelloError(f'a malformed ClientHello: {error}') from None

    def _too_much(self, reason: str) -> NoHelloError:
        """Keep nothing but the header of a record that is longer than any may be, and make the error."""
        del self.data[RECORD_HEADER:]
        self.data[3:] = b'\xff\xff'
        return NoHelloError(reason)

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
            lacking = MESSAGE_HEADER - len(self._header)
            self._header += data[at + RECORD_HEADER:at + RECORD_HEADER + min(length, lacking)]
            self._have += length
            self._at = at + RECORD_HEADER + length

    def _message(self) -> bytes:
        """Return what the records that are complete have, without their headers."""
        pieces, at = [], 0
        while at < self._at:
            end = at + RECORD_HEADER + int.from_bytes(self.data[at + 3:at + RECORD_HEADER], 'big')
            pieces.append(self.data[at + RECORD_HEADER:end])
            at = end
        return b''.join(pieces)


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
