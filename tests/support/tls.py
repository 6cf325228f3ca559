"""Certificates for tests, and an end of a TLS conversation that sees how the other one ends. Knows nothing of vaurien."""
import atexit
import contextlib
import functools
import select
import shutil
import socket
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import trustme

READ = 64 * 1024    #: [bytes] of one read


class Certificates(NamedTuple):
    """Files in PEM.

    Args:
        ca: The authority that the others are of.
        cert: A certificate for localhost and 127.0.0.1.
        key: Its key.
        folder: Where they lie.
    """

    ca: str
    cert: str
    key: str
    folder: Path

    @property
    def files(self) -> tuple[str, str]:
        """What a server shows: its certificate and its key."""
        return self.cert, self.key

    @property
    def ours(self) -> dict[str, str]:
        """Fields of a spec: what a proxy shows to clients."""
        return {'tls_cert': self.cert, 'tls_key': self.key}

    @property
    def both(self) -> dict[str, str]:
        """Fields of a spec: what a proxy shows to clients, and whom it trusts."""
        return {**self.ours, 'tls_backend_ca': self.ca}


@functools.cache
def authority() -> trustme.CA:
    """Return the authority of all tests of this process."""
    return trustme.CA()


def written(folder: Path, name: str, leaf: trustme.LeafCert) -> tuple[str, str]:
    """Write a certificate with those between it and its root, and its key."""
    cert, key = folder / f'{name}.pem', folder / f'{name}-key.pem'
    cert.write_bytes(b''.join(part.bytes() for part in leaf.cert_chain_pems))
    key.write_bytes(leaf.private_key_pem.bytes())
    return str(cert), str(key)


@functools.cache
def certificates() -> Certificates:
    """Return the files of this process, which removes them when it ends."""
    folder = Path(tempfile.mkdtemp(prefix='vaurien-tls-'))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / 'ca.pem').write_bytes(authority().cert_pem.bytes())
    cert, key = written(folder, 'localhost', authority().issue_cert('localhost', '127.0.0.1'))
    return Certificates(str(folder / 'ca.pem'), cert, key, folder)


def server_context(**limits: ssl.TLSVersion) -> ssl.SSLContext:
    """Make the context of a server for localhost; the limits are attributes of it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates().cert, certificates().key)
    for name, version in limits.items():
        setattr(context, name, version)
    return context


def client_context() -> ssl.SSLContext:
    """Make the context of a client that trusts the authority of the tests alone."""
    return ssl.create_default_context(cafile=certificates().ca)


def shaken(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> ssl.SSLObject:
    """Make a handshake in memory, and return the client's side of it.

    Args:
        client, server: The contexts.
        name: What the client asks for, and verifies.

    Raises:
        ssl.SSLError: The client refuses.
    """
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours, theirs = client.wrap_bio(back, there, server_hostname=name), server.wrap_bio(there, back, server_side=True)
    for side in (ours, theirs, ours):
        with contextlib.suppress(ssl.SSLWantReadError):
            side.do_handshake()
    return ours


class Talk:
    """One end of a TLS conversation, on a blocking socket.

    Args:
        sock: The connected socket.
        context: Its context; the handshake is made at once.
        name: The server's name, of a client; None: it is the server.
    """

    def __init__(self, sock: socket.socket, context: ssl.SSLContext, name: str | None = None) -> None:
        self.sock, self._in, self._out = sock, ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._in, self._out, name is None, name)
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._flush()
                self._in.write(self._more())
            except ssl.SSLError:
                self._flush()
                raise
        self._flush()

    def _flush(self) -> None:
        if self._out.pending:
            self.sock.sendall(self._out.read())

    def _more(self) -> bytes:
        data = self.sock.recv(READ)
        if not data:
            raise EOFError('FIN')
        return data

    def send(self, data: bytes) -> None:
        """Send bytes."""
        view = memoryview(data)
        while view:
            view = view[self.tls.write(view):]
        self._flush()

    def ask(self, data: bytes) -> bytes:
        """Send bytes and read as many, at the same time and in one thread: an SSLSocket of Python 3.11 bears no second one."""
        view = memoryview(data)
        while view:
            view = view[self.tls.write(view):]
        unsent, found = memoryview(self._out.read()), bytearray()
        while len(found) < len(data):
            readable, writable, _ = select.select([self.sock], [self.sock] if unsent else [], [], self.sock.gettimeout())
            assert readable or writable, f'{len(found)} of {len(data)} bytes have come, {len(unsent)} are not sent'
            if writable:
                unsent = unsent[self.sock.send(unsent[:READ], socket.MSG_DONTWAIT):]
            if readable:
                self._in.write(self._more())
                with contextlib.suppress(ssl.SSLWantReadError):
                    while piece := self.tls.read(READ):
                        found += piece
        return bytes(found)

    def read(self) -> bytes:
        """Read what comes; empty: a close_notify has come.

        Raises:
            EOFError: A FIN has come instead.
            ConnectionResetError: It was reset.
        """
        while True:
            try:
                return self.tls.read(READ)
            except ssl.SSLWantReadError:
                self._flush()
                self._in.write(self._more())
            except ssl.SSLZeroReturnError:
                return b''

    def read_exactly(self, count: int) -> bytes:
        """Read so many bytes."""
        data = bytearray()
        while len(data) < count:
            piece = self.read()
            if not piece:
                raise EOFError(f'{len(data)} of {count} bytes, and then a close_notify')
            data += piece
        assert len(data) == count, f'{len(data)} bytes and not {count}'
        return bytes(data)

    def read_to_end(self) -> tuple[bytes, str]:
        """Read until the other end ends, and say how: ``notify``, ``FIN`` or ``RST``."""
        data = bytearray()
        try:
            while piece := self.read():
                data += piece
        except EOFError:
            return bytes(data), 'FIN'
        except ConnectionResetError:
            return bytes(data), 'RST'
        return bytes(data), 'notify'

    def fin(self) -> str:
        """Wait for what comes after a close_notify: ``FIN``, ``RST`` or bytes."""
        try:
            return 'FIN' if self.sock.recv(READ) == b'' else 'bytes'
        except ConnectionResetError:
            return 'RST'

    def notify(self) -> None:
        """Send close_notify."""
        with contextlib.suppress(ssl.SSLError):     # the other one has not sent its own
            self.tls.unwrap()
        self._flush()


@contextlib.contextmanager
def spoken(context: ssl.SSLContext, sock: socket.socket) -> Iterator[ssl.SSLSocket]:
    """Speak TLS with a client, which may have left already: ``SSLContext.wrap_socket`` alone can leave a socket open then.

    Raises:
        OSError: It has left, or does not agree.
    """
    sock.getpeername()
    with context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False) as wrapped:
        wrapped.do_handshake()
        yield wrapped
