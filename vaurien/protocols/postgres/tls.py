"""How a PostgreSQL server is asked for TLS, and how it fails at that. Knows no stream.

The source is the chapter "Frontend/Backend Protocol" of PostgreSQL's documentation, section "SSL Session Encryption".
"""
from ..base import Exchange
from ..message import Failure, FailureKind
from ..starttls import DROPPED, REFUSED, NoTLSError, Switch, dropping
from .messages import HEADER_BYTES, NEGOTIATION, NO_ENCRYPTION
from .messages import message as wire_message
from .state import Conversation

SSL_REQUEST = bytes.fromhex('0000000804d2162f')
AGREED = b'S'       #: the response to a request for TLS that begins it
SASL = (10).to_bytes(4, 'big')      #: the code of AuthenticationSASL
BINDING = b'-PLUS'  #: what the names of mechanisms end with that bind to TLS (RFC 5802 section 4)
HANDSHAKE = 22      #: the first byte of TLS; that of a packet before the start-up is 0, since none has 16 MB


class AskForTLS(Switch):
    """Sends SSLRequest before the first message of the client, and begins TLS after the one byte that agrees.

    The client speaks first: a connection on which it says nothing costs the server no handshake.
    """

    def __init__(self) -> None:
        super().__init__()
        self.asked = False

    def wanted(self, data: bytes) -> None:
        if not self.asked:
            self.asked, self.out = True, SSL_REQUEST

    def received(self, data: bytes) -> bytes:
        if not self.asked or self.begins:
            raise NoTLSError('it speaks out of turn')
        if data[:1] == NO_ENCRYPTION:
            raise NoTLSError('it speaks no TLS: its answer to SSLRequest is N')
        if data[:1] != AGREED:
            raise NoTLSError(f'its answer to SSLRequest is {data[:1]!r}, which begins no TLS')
        if len(data) > 1:
            raise NoTLSError('bytes in the clear came after it had agreed to TLS')
        self.begins = True
        return b''


def without_binding(message: bytes) -> bytes:
    """Return AuthenticationSASL without the mechanisms that bind to TLS; any other message as it is.

    A client in the clear takes an offer of these for an attack.
    """
    if message[:1] != b'R' or message[HEADER_BYTES:HEADER_BYTES + 4] != SASL:
        return message
    names = message[HEADER_BYTES + 4:].split(b'\0')
    return wire_message(b'R', SASL + b'\0'.join(name for name in names if not name.endswith(BINDING)))


def refused(protocol: Conversation, exchange: Exchange) -> Failure:
    return Failure(NO_ENCRYPTION)


KINDS = {
    REFUSED: FailureKind(
        "The server speaks no TLS: N in response to SSLRequest or GSSENCRequest. A client that only prefers TLS goes on in the "
        "clear, on the same connection.",
        (NEGOTIATION,), refused, category='F', scope='server', only_named=True),
    DROPPED: dropping(
        "The connection closes in response to SSLRequest or GSSENCRequest. A client that only prefers TLS fails too: it tries "
        "again in the clear where a handshake has failed, and not here.", NEGOTIATION),
}
