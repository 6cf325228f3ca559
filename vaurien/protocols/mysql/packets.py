"""Packets of the MySQL protocol: their header, numbers and strings, greeting, login, usual results. Knows no conversation.

Sources: "MySQL Internals, Client/Server Protocol" (8.0) and the MariaDB knowledge base, "Client/Server Protocol"; the
responses of MariaDB were also seen on 10.11.
"""
from struct import Struct
from typing import NamedTuple

from ...errors import ProtocolError
from ..starttls import begins

#: [bytes] of a payload; one of this length goes on in the next packet. Also the mask of the length in a header
MAX_PAYLOAD_BYTES = 0xFFFFFF
HEADER_BYTES = 4      #: [bytes] of a packet's header: length (3, little-endian), sequence id (1)
#: the header of a packet as one number, with the sequence id on top
WORD = Struct('<I').unpack_from
#: the same and the first byte of the payload
PACKET = Struct('<IB').unpack_from

# the first byte of a response's payload
OK, LOCAL_INFILE, EOF, ERR = 0x00, 0xFB, 0xFE, 0xFF
VERSION = 0x0A  #: of the protocol, the first byte of the greeting
#: the error code of a progress report (MariaDB), which ends nothing
PROGRESS = b'\xff\xff'

# status flags of OK and EOF packets, all in their low byte
MORE_RESULTS, CURSOR_EXISTS = 0x08, 0x40

# capabilities; those of MariaDB alone are above the 32 bits of MySQL
LONG_PASSWORD, CONNECT_WITH_DB, COMPRESS, PROTOCOL_41, SSL = 1, 1 << 3, 1 << 5, 1 << 9, 1 << 11
SECURE_CONNECTION, PLUGIN_AUTH_LENENC = 1 << 15, 1 << 21
DEPRECATE_EOF, OPTIONAL_METADATA, ZSTD, QUERY_ATTRIBUTES = 1 << 24, 1 << 25, 1 << 26, 1 << 27
CACHE_METADATA = 1 << 36
#: all of MySQL, and of MariaDB progress, bulk operations, extended metadata, cached metadata, unit results
KNOWN = (1 << 32) - 1 | 0b111101 << 32


MAX_PLAIN_BYTES = 64 * 1024   #: [bytes] of a response that is passed over in one go
MIN_EOF_BYTES, MAX_EOF_BYTES = 5, 8     #: [bytes] of a payload that begins with ``EOF`` and is no row: the EOF packet, a short OK
MIN_OK_BYTES = 7    #: [bytes] of the payload of an OK packet: two numbers, the status, the number of warnings

REQUEST_BYTES = 32  #: [bytes] of the payload of an SSLRequest


class Greeting(NamedTuple):
    """The server's first packet ("Protocol::HandshakeV10").

    Args:
        capabilities: What the server can do, MariaDB's extensions included.
        mariadb: The server is a MariaDB, which has other error texts.
    """

    capabilities: int
    mariadb: bool


class Login(NamedTuple):
    """The client's first packet ("Protocol::HandshakeResponse41").

    Args:
        capabilities: What both sides can do.
        user: The user's name.
        database: The database that the session starts with; empty: none.
    """

    capabilities: int
    user: bytes
    database: bytes


def packet(sequence: int, payload: bytes) -> bytes:
    """Make one packet of less than 16 MB."""
    return len(payload).to_bytes(3, 'little') + bytes((sequence & 0xFF,)) + payload


def number(data: bytes, at: int) -> tuple[int, int]:
    """Read a length-encoded integer; return it and where it ends.

    Raises:
        IndexError: The data ends before it.
    """
    first = data[at]
    if first < LOCAL_INFILE:
        return first, at + 1
    size = {0xFC: 2, 0xFD: 3, 0xFE: 8}.get(first, 0)
    return int.from_bytes(data[at + 1:at + 1 + size], 'little'), at + 1 + size


def text(data: bytes, at: int) -> tuple[bytes, int]:
    """Read a string that a NUL ends; return it and where the next field begins."""
    end = data.find(b'\0', at)
    if end < 0:
        end = len(data)
    return data[at:end], end + 1


def place_of_capabilities(payload: bytes) -> int:
    """Return where the lower two bytes of the capabilities are in the server's first packet."""
    return text(payload, 1)[1] + 4 + 8 + 1      # thread id, first half of the scramble, filler


def with_tls(packet: bytes, offer: bool) -> bytes:
    """Return the server's first packet with the capability to go on with TLS, or without it."""
    at = HEADER_BYTES + place_of_capabilities(packet[HEADER_BYTES:])
    low = int.from_bytes(packet[at:at + 2], 'little')
    return packet[:at] + (low | SSL if offer else low & ~SSL).to_bytes(2, 'little') + packet[at + 2:]


def greeting(payload: bytes) -> Greeting:
    """Read the server's first packet.

    Raises:
        ProtocolError: It is cut short.
    """
    version, low = text(payload, 1)[0], place_of_capabilities(payload)
    if len(payload) < low + 2:
        raise ProtocolError('the greeting is cut short')
    capabilities = int.from_bytes(payload[low:low + 2], 'little') | int.from_bytes(payload[low + 5:low + 7], 'little') << 16
    if not capabilities & LONG_PASSWORD:    # MariaDB clears this bit to say that it uses the filler
        capabilities |= int.from_bytes(payload[low + 14:low + 18], 'little') << 32
    return Greeting(capabilities, not capabilities & LONG_PASSWORD or b'MariaDB' in version)


def asks_for_tls(payload: bytes) -> bool:
    """Return whether the client's first packet is no login, but the beginning of one, after which TLS begins ("SSLRequest")."""
    return len(payload) == REQUEST_BYTES and bool(int.from_bytes(payload[:2], 'little') & SSL)


def login(payload: bytes, server: int) -> Login:
    """Read the client's first packet.

    Args:
        payload: The packet's payload, whole.
        server: The server's capabilities.

    Raises:
        ProtocolError: TLS begins here, or the two sides have agreed on something unknown.
    """
    client = int.from_bytes(payload[:4], 'little')
    if client & SSL:
        raise ProtocolError(begins('mysql'))
    if not client & PROTOCOL_41 or len(payload) < 32:
        raise ProtocolError('the client is older than MySQL 4.1')
    if not (client | server) & LONG_PASSWORD:
        client |= int.from_bytes(payload[28:32], 'little') << 32
    agreed = client & server
    if agreed & ~KNOWN or agreed & OPTIONAL_METADATA and not agreed & DEPRECATE_EOF:
        raise ProtocolError(f'the capabilities {agreed:#x} are not known')
    user, at = text(payload, 32)
    payload += bytes(2)     # a string that was cut short ends with these
    if agreed & PLUGIN_AUTH_LENENC:
        size, at = number(payload, at)
        at += size
    elif agreed & SECURE_CONNECTION:
        at += 1 + payload[at]
    else:
        at = text(payload, at)[1]
    return Login(agreed, user, text(payload, at)[0] if agreed & CONNECT_WITH_DB else b'')


def plain_result(data: bytes, start: int, deprecates_eof: bool) -> int:
    """Return where a response ends that is whole: an OK packet, or one set of rows with nothing special in it.

    Args:
        data: The bytes.
        start: Where its first packet begins.
        deprecates_eof: There is no EOF after the columns, and an OK packet after the rows.

    Returns:
        Its end; 0: there is no such response.
    """
    last = min(len(data) - HEADER_BYTES - 1, start + MAX_PLAIN_BYTES)
    if start > last:
        return 0
    word, first = PACKET(data, start)
    length = word & MAX_PAYLOAD_BYTES
    at = start + HEADER_BYTES + length
    if first == OK and length >= MIN_OK_BYTES:
        return _end(data, at - length, at, tells=1)
    if not 0 < first < LOCAL_INFILE or length != 1:
        return 0
    at = _definitions(data, at, last, first, deprecates_eof)
    while at and at <= last:
        word, first = PACKET(data, at)
        length = word & MAX_PAYLOAD_BYTES
        at += HEADER_BYTES + length
        if first >= EOF:
            usual = first == EOF and MIN_EOF_BYTES <= length <= MAX_EOF_BYTES
            return _end(data, at - length, at, tells=int(deprecates_eof)) if usual else 0
        if length == MAX_PAYLOAD_BYTES:
            return 0
    return 0


def plain_packet(data: bytes, start: int) -> int:
    """Return where a response of one packet ends that is whole, and no error; 0: there is no such response."""
    if start + HEADER_BYTES >= len(data):
        return 0
    word, first = PACKET(data, start)
    length = word & MAX_PAYLOAD_BYTES
    end = start + HEADER_BYTES + length
    return end if first != ERR and 0 < length < MAX_PAYLOAD_BYTES and end <= len(data) else 0


def _definitions(data: bytes, at: int, last: int, left: int, deprecates_eof: bool) -> int:
    """Return where the rows begin, after the definitions of so many columns; 0: there is something else."""
    while left and at <= last:
        word, first = PACKET(data, at)
        if first >= LOCAL_INFILE:
            return 0
        at += HEADER_BYTES + (word & MAX_PAYLOAD_BYTES)
        left -= 1
    if not deprecates_eof:
        if at > last:
            return 0
        word, first = PACKET(data, at)
        end = at + HEADER_BYTES + MIN_EOF_BYTES
        if first != EOF or word & MAX_PAYLOAD_BYTES != MIN_EOF_BYTES or end > len(data) or data[end - 2] & CURSOR_EXISTS:
            return 0
        at = end
    return 0 if left else at


def _end(data: bytes, payload: int, end: int, tells: int) -> int:
    """Return where an OK or EOF packet ends that no other result follows; 0: one may follow, or not all of it has come.

    Args:
        data: The bytes.
        payload: Where its payload begins.
        end: Where it ends.
        tells: 1: two numbers stand before its status, which here are of one byte each; 0: a number of two bytes.
    """
    if end > len(data) or tells and max(data[payload + 1:payload + 3]) >= LOCAL_INFILE or data[payload + 3] & MORE_RESULTS:
        return 0
    return end
