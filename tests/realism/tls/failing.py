"""Servers that fail as each kind says: OpenSSL itself wherever it can be made to, by Python's ``ssl`` in front of a server.

Knows nothing of vaurien but the authority whose certificates clients trust, and the names of kinds.
"""
import contextlib
import os
import select
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from tests.support.peers import Backend, connect, reset
from tests.support.tls import READ, Talk
from vaurien.net.tls.authority import Issuer, KeyType, own_authority

NAME, DAY = 'localhost', timedelta(days=1)
LINGER = 1.0    #: [s] that a client may take to leave
READING = 0.03      #: [s] that it takes to read what was sent before a reset
#: in whose request a response breaks, by protocol
BREAKS_AT = {'http': b'GET', 'redis': b'GET', 'postgres': b'SELECT', 'smtp': b'ehlo'}
NUMBERS = {'handshake-failure': 40, 'bad-certificate': 42, 'unknown-ca': 48, 'access-denied': 49, 'protocol-version': 70,
           'insufficient-security': 71, 'internal-error': 80, 'unrecognized-name': 112, 'certificate-required': 116,
           'no-application-protocol': 120}


def leaves() -> dict[str, dict[str, Any]]:
    """Return what is wrong with the certificates of each kind."""
    now = datetime.now(UTC)
    return {
        'expired-certificate': {'not_after': now - DAY}, 'not-yet-valid': {'not_before': now + DAY},
        'wrong-host': {'names': ['other.localhost']}, 'self-signed': {'issuer': Issuer.ITSELF},
        'unknown-ca': {'issuer': Issuer.UNKNOWN}, 'incomplete-chain': {'issuer': Issuer.INTERMEDIATE, 'complete': False},
        'weak-key': {'key_type': KeyType.WEAK_RSA}}


def serving(alpn: tuple[str, ...], **wrong: Any) -> ssl.SSLContext:
    """Make the context of a server.

    Args:
        alpn: What it speaks.
        wrong: What is wrong with its certificate, as arguments of ``Authority.leaf``.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers('DEFAULT:@SECLEVEL=0')
    own_authority().leaf(**{'names': [NAME], **wrong}).show_by(context)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


class Around(NamedTuple):
    """What a failing server is made in front of.

    Args:
        port: Of the server without TLS.
        protocol: What that speaks.
        alpn: What its clients agree on.
        plain: The port of an nginx without TLS.
        later: TLS begins in the midst of the connection.
    """

    port: int
    protocol: str
    alpn: tuple[str, ...]
    plain: int
    later: bool = False


Handler = Callable[[socket.socket], None]


def wait_for_end(sock: socket.socket) -> None:
    """Read and drop what a client sends until it leaves."""
    sock.settimeout(LINGER)
    with contextlib.suppress(OSError):
        while sock.recv(READ):
            pass


def read_hello(sock: socket.socket) -> bytes:
    """Read one record."""
    data = b''
    while len(data) < 5 or len(data) < 5 + int.from_bytes(data[3:5]):
        piece = sock.recv(READ)
        if not piece:
            raise ConnectionResetError('no ClientHello')
        data += piece
    return data


def says(answer: Callable[[bytes], bytes]) -> Callable[[Around], Handler]:
    """Return a server that answers a ClientHello with bytes, and closes."""
    def make(around: Around) -> Handler:
        def handle(sock: socket.socket) -> None:
            sock.sendall(answer(read_hello(sock)))
            sock.shutdown(socket.SHUT_WR)
            wait_for_end(sock)
        return handle
    return make


def hangs(around: Around) -> Handler:
    """Read, and say nothing."""
    def handle(sock: socket.socket) -> None:
        while sock.recv(READ):
            pass
    return handle


def resets(around: Around) -> Handler:
    """Reset after the ClientHello."""
    def handle(sock: socket.socket) -> None:
        read_hello(sock)
        reset(sock)
    return handle


def flies_and_closes(around: Around) -> Handler:
    """Say all that a server says in the handshake, and close."""
    context = serving(around.alpn)

    def handle(sock: socket.socket) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_side=True)
        incoming.write(read_hello(sock))
        with contextlib.suppress(ssl.SSLWantReadError):
            tls.do_handshake()
        sock.sendall(outgoing.read())
        sock.shutdown(socket.SHUT_WR)
        wait_for_end(sock)
    return handle


def old_answer(hello: bytes) -> bytes:
    """Return what OpenSSL answers that knows TLS 1.1 alone, and nothing of the extension by which newer versions are offered."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with ignoring_deprecation():
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    context.set_ciphers('ALL:@SECLEVEL=0')
    own_authority().leaf([NAME], key_type=KeyType.RSA).show_by(context)
    own_authority().leaf([NAME]).show_by(context)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_side=True)
    incoming.write(without_versions(hello))
    with contextlib.suppress(ssl.SSLError):
        tls.do_handshake()
    return outgoing.read()


@contextlib.contextmanager
def ignoring_deprecation() -> Iterator[None]:
    """Let what is out of date be asked for."""
    import warnings
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        yield


def without_versions(hello: bytes) -> bytes:
    """Return a ClientHello whose supported_versions (43) are unknown to all, and that offers a suite of TLS 1.1."""
    at = 5 + 4 + 2 + 32
    at += 1 + hello[at]
    hello = hello[:at + 2] + b'\xc0\x13' + hello[at + 4:]
    at += 2 + int.from_bytes(hello[at:at + 2])
    at += 1 + hello[at]
    end = at + 2 + int.from_bytes(hello[at:at + 2])
    at += 2
    while at < end:
        if hello[at:at + 2] == b'\x00\x2b':
            return hello[:at] + b'\xfa\xce' + hello[at + 2:]
        at += 4 + int.from_bytes(hello[at + 2:at + 4])
    return hello


class Pipe:
    """A server of TLS in front of one without, in one thread for each connection.

    Args:
        context: Its context.
        port: Of the server without TLS.
        breaks: Called with the client's side and the response to a request that has ``at`` in it, and ends the connection; None:
            no response breaks.
        at: See there.
    """

    def __init__(self, context: ssl.SSLContext, port: int, breaks: Callable[[Talk, bytes], None] | None = None,
                 at: bytes = b'') -> None:
        self.context, self.port, self.breaks, self.at = context, port, breaks, at

    def __call__(self, sock: socket.socket) -> None:
        """Handle a connection."""
        try:
            talk = Talk(sock, self.context)
        except (ssl.SSLError, EOFError):
            sock.shutdown(socket.SHUT_WR)
            return wait_for_end(sock)
        with connect(self.port) as backend, contextlib.suppress(EOFError, ssl.SSLError):
            return self._relay(sock, talk, backend)

    def _relay(self, sock: socket.socket, talk: Talk, backend: socket.socket) -> None:
        asked = False
        while True:
            ready = bool(talk._in.pending)      # it has come with the end of the handshake
            readable, _, _ = select.select([sock, backend], [], [], 0 if ready else None)
            if backend in readable:
                data = backend.recv(READ)
                if asked and self.breaks is not None:
                    return self.breaks(talk, self._all(backend, data))
                if not data:
                    return talk.notify()
                talk.send(data)
            if sock in readable or ready:
                data = talk.read()
                asked = asked or bool(self.at) and self.at in data
                if not data:
                    return None
                backend.sendall(data)

    @staticmethod
    def _all(backend: socket.socket, data: bytes) -> bytes:
        """Return a short response that may have come in two pieces."""
        while select.select([backend], [], [], 0.02)[0] and (piece := backend.recv(READ)):
            data += piece
        return data


def half(response: bytes) -> bytes:
    """Return half of a response: of its body where it is of HTTP, of its lines where it is of SMTP."""
    headers, end, body = response.partition(b'\r\n\r\n')
    if response.startswith(b'HTTP') and end:
        return headers + end + body[:len(body) // 2]
    if response.startswith(b'250-'):
        lines = response.splitlines(keepends=True)
        return b''.join(lines[:len(lines) // 2])
    return response[:len(response) // 2]


def cuts(talk: Talk, response: bytes) -> None:
    """Close without a close_notify."""
    talk.send(half(response))
    talk.sock.shutdown(socket.SHUT_WR)
    wait_for_end(talk.sock)


def resets_midway(talk: Talk, response: bytes) -> None:
    """Reset, once the client has had the time to read."""
    talk.send(half(response))
    time.sleep(READING)
    reset(talk.sock)


def damages(talk: Talk, response: bytes) -> None:
    """Send a record of which a byte is another one."""
    talk.send(half(response))
    talk.tls.write(b'the rest')
    data = bytearray(talk._out.read())
    data[-1] ^= 1
    talk.sock.sendall(bytes(data))
    talk.sock.shutdown(socket.SHUT_WR)
    wait_for_end(talk.sock)


def clears(talk: Talk, response: bytes) -> None:
    """Send the rest unencrypted."""
    talk.send(half(response))
    talk.sock.sendall(b'the rest of it, and in the clear')
    talk.sock.shutdown(socket.SHUT_WR)
    wait_for_end(talk.sock)


def shows(kind: str) -> Callable[[Around], Handler]:
    """Return a server with a certificate that is wrong."""
    return lambda around: Pipe(serving(around.alpn, **leaves()[kind]), around.port)


def alerts(number: int) -> Callable[[Around], Handler]:
    """Return a server whose OpenSSL sends an alert."""
    def make(around: Around) -> Handler:
        context = serving(around.alpn)
        context.sni_callback = lambda *_: number
        return Pipe(context, around.port)
    return make


def requires(around: Around) -> Handler:
    """Want a certificate of the client."""
    context = serving(around.alpn)
    context.verify_mode = ssl.CERT_REQUIRED
    return Pipe(context, around.port)


def breaking(how: Callable[[Talk, bytes], None]) -> Callable[[Around], Handler]:
    """Return a server whose response breaks."""
    return lambda around: Pipe(serving(around.alpn), around.port, how, BREAKS_AT[around.protocol])


def plain(around: Around) -> Handler:
    """Answer as nginx does on a port without TLS, which is asked itself."""
    def handle(sock: socket.socket) -> None:
        with connect(around.plain) as backend:
            backend.sendall(read_hello(sock))
            while data := backend.recv(READ):
                sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        wait_for_end(sock)
    return handle


# -- what is said before TLS

def before_postgres(sock: socket.socket, port: int) -> None:
    """Agree to what PostgreSQL's client asks for."""
    assert sock.recv(8)[4:] == b'\x04\xd2\x16\x2f'
    sock.sendall(b'S')


def before_mysql(sock: socket.socket, port: int) -> None:
    """Greet as the server does, with the offer of TLS."""
    with connect(port) as backend:
        greeting = bytearray(backend.recv(READ))
    at = greeting.index(0, 5) + 1 + 4 + 8 + 1      # after version, thread and the beginning of the salt: capabilities
    greeting[at + 1] |= 0x08
    sock.sendall(greeting)
    assert len(sock.recv(36)) == 36


def before_smtp(sock: socket.socket, port: int) -> None:
    """Greet, and agree to STARTTLS."""
    for reply in (b'220 mail.example\r\n', b'250-mail.example\r\n250 STARTTLS\r\n', b'220 go on\r\n'):
        sock.sendall(reply)
        if not reply.startswith(b'220 go'):
            sock.recv(READ)


BEFORE = {'postgres': before_postgres, 'mysql': before_mysql, 'smtp': before_smtp}


class Failing(NamedTuple):
    """A server that fails.

    Args:
        how: In words, what it is.
        make: Makes what handles its connections.
    """

    how: str
    make: Callable[[Around], Handler]


FAILING = {
    **{kind: Failing('OpenSSL with such a certificate', shows(kind)) for kind in leaves()},
    **{f'alert-{name}': Failing(f'OpenSSL sends the alert {number}', alerts(number)) for name, number in NUMBERS.items()},
    'client-certificate-required': Failing('OpenSSL that requires one', requires),
    'alert-close': Failing('the bytes of the alert', says(lambda hello: b'\x15\x03\x03\x00\x02\x01\x00')),
    'handshake-hang': Failing('a socket that is only read', hangs),
    'handshake-close': Failing('a socket that is closed', says(lambda hello: b'')),
    'handshake-reset': Failing('a socket that is reset', resets),
    'handshake-late-close': Failing("the flight of OpenSSL, and FIN", flies_and_closes),
    'plain-answer': Failing('nginx on a port without TLS', plain),
    'garbage-answer': Failing('random bytes', says(lambda hello: b'\xff' + os.urandom(99))),
    'old-tls': Failing('OpenSSL with TLS 1.1 alone', says(old_answer)),
    'tls-truncated': Failing('OpenSSL without SSL_shutdown', breaking(cuts)),
    'tls-reset': Failing('a reset below OpenSSL', breaking(resets_midway)),
    'bad-record-mac': Failing('a byte flipped below OpenSSL', breaking(damages)),
    'clear-bytes': Failing('bytes sent past OpenSSL', breaking(clears)),
}


@contextlib.contextmanager
def failing(kind: str, around: Around) -> Iterator[int]:
    """Give the port of a server that fails."""
    handler = FAILING[kind].make(around)

    def handle(sock: socket.socket) -> None:
        with contextlib.suppress(OSError):      # the client has left
            if around.later:
                BEFORE[around.protocol](sock, around.port)
            handler(sock)
    with Backend(handle) as server:
        yield server.port
        deadline = time.monotonic() + LINGER
        while time.monotonic() < deadline and any(sock.fileno() >= 0 for sock in server.accepted):
            time.sleep(0.002)
