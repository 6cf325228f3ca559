"""A handshake in the event loop: moves bytes between a raw socket and a channel until both sides agree. Sets itself no time."""
import ssl
from collections.abc import Callable
from typing import Any

from gevent import get_hub

from ..loop import READABLE, WRITABLE, release
from ..sockets import RawSocket
from .channel import Channel

READ = 16 * 1024    #: [bytes] of one read


class Handshake:
    """One side of a handshake.

    Args:
        sock: The raw socket; it stays the caller's.
        channel: The side.
        done: Called once, perhaps before ``start`` returns: with None, or with what has failed.
    """

    __slots__ = ('_sock', '_channel', '_done', '_reader', '_writer', '_unsent', '_outcome')

    def __init__(self, sock: RawSocket, channel: Channel, done: Callable[[Exception | None], None]) -> None:
        self._sock, self._channel, self._done = sock, channel, done
        self._reader: Any = None
        self._writer: Any = None
        self._unsent = b''
        self._outcome: tuple[Exception | None] | None = None

    def start(self, data: bytes = b'') -> None:
        """Begin.

        Args:
            data: What has been read from the peer already.
        """
        if data:
            self._channel.incoming.write(data)
        self._step()

    def cancel(self) -> None:
        """Give up without calling back."""
        self._reader, self._writer = release(self._reader), release(self._writer)

    def _step(self) -> None:
        tls, alpn = self._channel.tls, self._channel.alpn
        if alpn is not None:
            tls.context.set_alpn_protocols(alpn)
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            self._read_on()
        except OSError as error:    # the alert that tells the peer is among what is to be sent
            self._outcome = error,
        else:
            self._outcome = None,
        self._send()

    def _read_on(self) -> None:
        if self._reader is None:
            self._reader = get_hub().loop.io(self._sock.fileno(), READABLE)
            self._reader.start(self._on_readable)

    def _on_readable(self) -> None:
        try:
            data = self._sock.recv(READ)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(error)
            return
        if data:
            self._channel.incoming.write(data)
            self._step()
        else:
            self._end(ssl.SSLEOFError(ssl.SSL_ERROR_EOF, 'EOF occurred'))

    def _send(self) -> None:
        """Send what the handshake has to say as far as the socket takes it, and end where it is over and said."""
        unsent = self._unsent + self._channel.outgoing.read()
        try:
            self._unsent = unsent[self._sock.send(unsent):] if unsent else b''
        except BlockingIOError:
            self._unsent = unsent
        except OSError as error:
            self._end(error if self._outcome is None else self._outcome[0] or error)
            return
        if self._unsent:
            if self._outcome is not None:
                self._reader = release(self._reader)
            if self._writer is None:
                self._writer = get_hub().loop.io(self._sock.fileno(), WRITABLE)
            self._writer.start(self._send)
            return
        if self._writer is not None:
            self._writer.stop()
        if self._outcome is not None:
            self._end(self._outcome[0])

    def _end(self, error: Exception | None) -> None:
        self.cancel()
        self._done(error)
