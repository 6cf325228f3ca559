"""How TLS fails: in the handshake, before anything of the protocol inside is said, and in the midst of a response.

Every protocol has these kinds, and none is ever drawn where it is not named. RFC 8446 section 6 (alerts), 5.1 (records), 4.1.3
(ServerHello); RFC 5246 section 7.2. Bytes only; knows no stream and no ``ssl``.
"""
from collections.abc import Callable
from typing import Any, Final

from .failure import CLEAR, CUT, DAMAGED, Builder, Failure, FailureKind
from .halves import Half

HANDSHAKE = 'handshake'     #: the stage of a handshake, and the first word of its name; the name that is asked for is the second
RESPONSE = 'response'       #: the stage of what happens in the midst of a response; each protocol knows at which requests it may
ALERT, HANDSHAKE_RECORD, SERVER_HELLO = 21, 22, 2
FATAL, WARNING = 2, 1
TLS_1_1 = b'\x03\x02'
#: the one extension that such servers have: they renegotiate safely (RFC 5746)
RENEGOTIATION = b'\x00\x05\xff\x01\x00\x01\x00'
GARBAGE = 100   #: [bytes] of nonsense
#: cipher suites of TLS 1.1 that its servers have chosen, the best ones first: ECDHE and RSA with AES in CBC mode
OLD_SUITES = (0xc014, 0xc013, 0xc00a, 0xc009, 0x0035, 0x002f)
PLAIN: Final = b'HTTP/1.1 400 Bad Request\r\nContent-Length: 12\r\nConnection: close\r\n\r\nBad Request\n'


def record(kind: int, version: bytes, body: bytes) -> bytes:
    """Write a record that is not encrypted."""
    return bytes((kind,)) + version + len(body).to_bytes(2) + body


def alert(number: int, level: int = FATAL) -> bytes:
    """Write an alert."""
    return record(ALERT, b'\x03\x03', bytes((level, number)))


def says(reply: bytes, end: str = 'close') -> Builder:
    """Return a builder of a handshake that is answered with these bytes, and then the end."""
    def build(protocol: Any, exchange: Any) -> Failure:
        return Failure(reply, end=end)
    return build


def shows(protocol: Any, exchange: Any) -> Failure:
    """Let a handshake go on, with something that is wrong: what a proxy shows depends on the kind."""
    return Failure(request=None)


def garbage(protocol: Any, exchange: Any) -> Failure:
    """Answer with nonsense, of which no beginning looks like a record."""
    return Failure(b'\xff' + protocol.random(True).randbytes(GARBAGE - 1), end='close')


def old_server_hello(protocol: Any, exchange: Any) -> Failure:
    """Answer as a server of TLS 1.1 that knows of nothing newer: with that version, and a suite that the client has offered."""
    offered = {int.from_bytes(exchange.note.suites[at:at + 2]) for at in range(0, len(exchange.note.suites), 2)}
    suite = next((suite for suite in OLD_SUITES if suite in offered), OLD_SUITES[-1])
    body = TLS_1_1 + protocol.random(True).randbytes(32) + b'\0' + suite.to_bytes(2) + b'\0' + RENEGOTIATION
    message = bytes((SERVER_HELLO,)) + len(body).to_bytes(3) + body
    return Failure(record(HANDSHAKE_RECORD, TLS_1_1, message), end='close')


#: alerts by name: their numbers (RFC 8446 section 6), and when servers send them
ALERTS: Final = {
    'handshake-failure': (40, 'Client and server have no cipher suite in common, or a client certificate is missing in TLS 1.2'),
    'bad-certificate': (42, "The client's certificate is damaged"),
    'unknown-ca': (48, "The client's certificate is of an authority that the server does not know"),
    'access-denied': (49, "The client's certificate is valid, and may not do this"),
    'protocol-version': (70, 'The server speaks no version of TLS that the client offers'),
    'insufficient-security': (71, 'The server wants stronger ciphers than the client has'),
    'internal-error': (80, 'Something has failed in the server'),
    'unrecognized-name': (112, 'The server has no certificate for the name that the client asks for'),
    'certificate-required': (116, 'The server wants a certificate, and the client shows none'),
    'no-application-protocol': (120, 'The server speaks none of the protocols that the client offers (ALPN)'),
}


def _alert_kind(name: str, number: int, when: str) -> FailureKind:
    text = f'{when}: after the ClientHello comes the alert {number} ({name.replace("-", "_")}), and the connection closes.'
    return FailureKind(text, (HANDSHAKE,), says(alert(number)), category='A' if name == 'internal-error' else 'B', scope='server',
                       only_named=True)


def _in_handshake(text: str, build: Builder, category: str) -> FailureKind:
    return FailureKind(text, (HANDSHAKE,), build, category=category, scope='server', only_named=True)


#: kinds for which a certificate is shown: the proxy has to end TLS
SHOWING: Final = {
    'expired-certificate': "The server's certificate has expired.",
    'not-yet-valid': "The server's certificate is not valid yet, as where a clock is wrong.",
    'wrong-host': "The server's certificate is for another name, ``other.localhost``.",
    'self-signed': "The server's certificate is signed by itself.",
    'unknown-ca': "The server's certificate is of an authority that the client does not know; its own certificate is shown too.",
    'incomplete-chain': "The server does not show the certificate that leads from its own to the authority.",
    'weak-key': "The server's certificate has an RSA key of 1024 bits. Node.js accepts it.",
    'client-certificate-required':
        "The server wants a certificate of the client. In TLS 1.3 the client learns it with its first read, after the handshake.",
}
CERTIFICATE_KINDS: Final = frozenset(SHOWING)
#: of these, what a certificate is issued for that has something wrong
ISSUED_KINDS: Final = CERTIFICATE_KINDS - {'client-certificate-required'}
LATE_CLOSE: Final = 'handshake-late-close'

#: in the handshake, and nowhere else
HANDSHAKE_KINDS: Final = {
    **{name: _in_handshake(text, shows, 'B') for name, text in SHOWING.items()},
    **{f'alert-{name}': _alert_kind(name, number, when) for name, (number, when) in ALERTS.items()},
    'alert-close': _in_handshake('The server says close_notify in place of a ServerHello, and the connection closes.',
                                 says(alert(0, WARNING)), 'F'),
    'handshake-hang': _in_handshake('The server reads the ClientHello, and says nothing; the connection stays open.',
                                    says(b'', 'silence'), 'D'),
    'handshake-close': _in_handshake('The connection closes after the ClientHello.', says(b''), 'F'),
    'handshake-reset': _in_handshake('The connection is reset after the ClientHello.', says(b'', 'reset'), 'F'),
    LATE_CLOSE: _in_handshake('The server says all that it has to say in the handshake, and the connection closes. A client of '
                              'TLS 1.3 takes itself for connected.', shows, 'F'),
    'plain-answer': _in_handshake('The port is one without TLS: the ClientHello is answered with ``HTTP/1.1 400``.',
                                  says(PLAIN), 'B'),
    'garbage-answer': _in_handshake('The port is one of something else: the ClientHello is answered with 100 random bytes.',
                                    garbage, 'B'),
    'old-tls': _in_handshake('The server knows TLS 1.1 and nothing newer: its ServerHello says so.', old_server_hello, 'B'),
}
#: of these, what only a proxy can do that ends TLS; for the others the ClientHello is all that has to be seen
ENDING_KINDS: Final = CERTIFICATE_KINDS | {LATE_CLOSE}


HALF_REPLY: Final = 'half-reply'
#: a response can break where a protocol says that it can be halved, or lost: the request is brought to its end
WHOLE_REPLIES: Final = frozenset((HALF_REPLY, 'lost-reply'))


def breaks(end: str) -> Callable[[Any, Any], Failure]:
    """Return a builder: the request reaches the backend, half of its response arrives, and then comes this."""
    def build(protocol: Any, exchange: Any) -> Failure:
        half = protocol.errors.get(HALF_REPLY)
        failure: Failure = Failure(request=None, half=Half()) if half is None else half.build(protocol, exchange)
        return failure._replace(end=end)
    return build


def _in_response(text: str, end: str) -> FailureKind:
    return FailureKind(f'In the midst of a response {text}', (RESPONSE,), breaks(end), category='E', only_named=True)


#: in the midst of a response, inside TLS
STREAM_KINDS: Final = {
    'tls-truncated': _in_response('the connection closes without a close_notify. A body that only the end of the connection ends '
                                  'looks complete to most clients.', CUT),
    'tls-reset': _in_response('the connection is reset.', 'reset'),
    'bad-record-mac': _in_response('a record comes of which a byte was changed on its way.', DAMAGED),
    'clear-bytes': _in_response('bytes come that are not encrypted.', CLEAR),
}
TLS_KINDS: Final = {**HANDSHAKE_KINDS, **STREAM_KINDS}


def place_for(kind: str, client: bool, backend: bool, given: bool = False) -> str:
    """Return what a kind of TLS needs that a proxy has not got; empty: it can have it, or it is no kind of TLS.

    Args:
        kind: Its name.
        client: Whether the proxy speaks TLS with its clients.
        backend: Whether it speaks TLS with its backend.
        given: Whether it has a certificate that was given to it.
    """
    if given and kind in ISSUED_KINDS:
        return "a proxy without tls_cert for this one: what it shows is issued by vaurien's own authority"
    if client or kind not in TLS_KINDS:
        return ''
    if kind in ENDING_KINDS or kind in STREAM_KINDS:
        return 'a proxy that ends TLS for this one, whose address begins with tls://'
    alone = 'clients that speak TLS for this one; those of a proxy with TLS on the side of the backend alone do not'
    return alone if backend else ''
