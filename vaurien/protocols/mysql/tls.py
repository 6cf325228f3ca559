"""How a MySQL server is asked for TLS, what of a login is another inside it, and how it fails at that. Knows no stream.

The source is "MySQL Internals, Client/Server Protocol" (8.0), sections "Protocol::SSLRequest" and "Connection Phase".
"""
from ...errors import ProtocolError
from ..base import Exchange
from ..message import FailureKind
from ..starttls import DROPPED, REFUSED, NoTLSError, Switch, dropping
from .commands import CONNECT, NEGOTIATION
from .packets import ERR, HEADER_BYTES, OK, REQUEST_BYTES, SSL, greeting, packet, with_tls
from .state import Conversation

#: [bytes] of a login's payload before the byte of its capabilities that has the one for TLS, and that
FLAG_AT, FLAG = 1, SSL >> 8
MAX_GREETING_BYTES = 64 * 1024  #: [bytes] of the server's greeting at most; real ones have some hundred


class Direction:
    """The packets of one direction, whose sequence ids are moved while bytes pass in any pieces.

    Args:
        step: What is added to them.
    """

    def __init__(self, step: int) -> None:
        self.step, self.packets = step, 0
        self._place, self._length = 0, 0

    def move(self, data: bytes, flag: bool | None = None) -> tuple[bytes, int]:
        """Return the bytes with other sequence ids, and what the first byte of the last packet that ended here is; -1: none did.

        Args:
            data: The bytes.
            flag: Whether the first packet, a login, is to say that its sender is inside TLS; None: it is no login.
        """
        moved, at, first = bytearray(data), 0, -1
        while at < len(moved):
            place = self._place
            if place < 3:
                self._length |= moved[at] << 8 * place
            elif place == 3:
                moved[at] = (moved[at] + self.step) & 0xFF
            elif place == HEADER_BYTES:
                self._first = moved[at]
            if place == HEADER_BYTES + FLAG_AT and flag is not None and not self.packets:
                moved[at] = moved[at] | FLAG if flag else moved[at] & ~FLAG
            self._place = place + 1
            if place >= HEADER_BYTES + FLAG_AT:     # nothing more of it is looked at
                rest = min(len(moved) - at, HEADER_BYTES + self._length - place)
                self._place, at = place + rest, at + rest
            else:
                at += 1
            if self._place >= HEADER_BYTES and self._place >= HEADER_BYTES + self._length:
                first = self._first if self._length else -1
                self._place = self._length = 0
                self.packets += 1
        return bytes(moved), first


class Renumbered:
    """A login inside TLS, of which the other side sees one in the clear, or the other way round.

    SSLRequest has a number of its own, so that all packets after it have one more than without it, in both directions, until the
    server has said OK or has refused the client; and the login says that it was sent.

    Args:
        server: The peer is the server; else it is the client.
    """

    def __init__(self, server: bool) -> None:
        self.over = False
        self._server = server
        self._from_client, self._from_server = Direction(1 if server else -1), Direction(-1 if server else 1)

    def received(self, data: bytes) -> bytes:
        return self._move_server(data) if self._server else self._move_client(data)

    def sent(self, data: bytes) -> bytes:
        return self._move_client(data) if self._server else self._move_server(data)

    def _move_client(self, data: bytes) -> bytes:
        return self._from_client.move(data, self._server)[0]

    def _move_server(self, data: bytes) -> bytes:
        moved, first = self._from_server.move(data)
        self.over = self.over or first in (OK, ERR)
        return moved


class AskForTLS(Switch):
    """Takes the offer of TLS out of the server's greeting, and sends SSLRequest before the client's login.

    The request is the beginning of the login, since the server does not read that part of it again.
    """

    def __init__(self) -> None:
        super().__init__()
        self._greeting = b''
        self._greeted = False
        self.alteration = Renumbered(server=True)

    def received(self, data: bytes) -> bytes:
        if self._greeted:
            raise NoTLSError('it speaks out of turn')
        self._greeting += data
        found = self._greeting
        end = HEADER_BYTES + int.from_bytes(found[:3], 'little') if len(found) >= HEADER_BYTES else 0
        if end > MAX_GREETING_BYTES:
            raise NoTLSError('its greeting is none of MySQL')
        if not end or len(found) < end:
            return b''
        if found[HEADER_BYTES:HEADER_BYTES + 1] == bytes((ERR,)):
            self.over = True    # it has too many clients, or blocks this one
            return found
        if len(found) > end:
            raise NoTLSError('bytes in the clear came after its greeting')
        try:
            offered = greeting(found[HEADER_BYTES:]).capabilities & SSL
        except (ProtocolError, IndexError) as error:
            raise NoTLSError(f'its greeting is none of MySQL: {error}') from None
        if not offered:
            raise NoTLSError('it speaks no TLS: its greeting does not offer it')
        self._greeted, self._greeting = True, b''
        return with_tls(found, offer=False)

    def wanted(self, data: bytes) -> None:
        end = HEADER_BYTES + int.from_bytes(data[:3], 'little') if len(data) >= HEADER_BYTES else 0
        if self._greeted and end and len(data) >= end and not self.begins:
            request = bytearray(data[HEADER_BYTES:HEADER_BYTES + REQUEST_BYTES])
            request[FLAG_AT] |= FLAG
            self.out, self.begins = packet(data[3], bytes(request)), True


def not_offered(protocol: Conversation, exchange: Exchange) -> None:
    """Let the server's greeting offer no TLS."""
    protocol.offer = False


KINDS = {
    REFUSED: FailureKind(
        "The server's greeting offers no TLS: a client that demands it says so and leaves, one that prefers it goes on in the "
        "clear.",
        (CONNECT,), not_offered, category='F', scope='server', only_named=True),
    DROPPED: dropping("The connection closes when the client asks for TLS, after a greeting that has offered it.", NEGOTIATION),
}
