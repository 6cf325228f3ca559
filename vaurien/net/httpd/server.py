"""The HTTP server below the application: its connections, and the time and memory that one of them may take.

Knows the wire of HTTP/1.1 as gevent's pywsgi reads it, and no surface. Whatever a client does to its connection is logged
at DEBUG, and ends that connection alone.
"""
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from functools import partial
from socket import SHUT_WR
from typing import TYPE_CHECKING, Any, cast

from gevent import Timeout
from gevent.pool import Pool
from gevent.pywsgi import Input

from .framing import check_framing
from .handler import MAX_LOGGED_CHARACTERS, Log, QuietHandler, QuietServer
from .room import MAX_CONNECTIONS, MAX_HELD_BYTES, Room, Seat

if TYPE_CHECKING:
    from ssl import SSLContext

logger = logging.getLogger(__name__)

MAX_HEADER_BYTES = 32 * 1024  #: [bytes] of all header fields of a request; browsers send 2 KB
HEADER_TIMEOUT = 10.0  #: [seconds] that the headers of a request may take from its first byte on
IDLE_TIMEOUT = 30.0  #: [seconds] that a connection may wait between two requests, and a write may not be taken
MAX_DISCARDED_BYTES = 4 * 2 ** 20  #: [bytes] of a refused body that are read, since closing earlier would take the response away
DISCARD_TIMEOUT = 2.0  #: [seconds] for that
READ_BYTES = 16 * 1024  #: [bytes] of a body that are waited for at once, and so held for it before they have come
SEND_BYTES = 64 * 1024  #: [bytes] of a response of which each may take ``IDLE_TIMEOUT``
ASIDE = 'vaurien.aside'  #: in a request's environment: makes a context in which its connection leaves room to others
UNREAD_BYTES = 2 ** 16  #: [bytes] that are read of a request that is refused unread: closing before would reset its connection
_PLAIN = 'HTTP/1.1 {}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{}'


class HeadersTooLargeError(ValueError):
    """The header fields of a request are larger than ``MAX_HEADER_BYTES``."""


class NoRoomError(OSError):
    """A body is not read, since all that are held already are too many bytes."""

    def __str__(self) -> str:
        return f'{MAX_HELD_BYTES} bytes are held already'


class Lines:
    """The header lines of a request, bounded together.

    Args:
        source: Where they are read from.
    """

    def __init__(self, source: Any) -> None:
        self._source, self._left = source, MAX_HEADER_BYTES

    def readline(self, size: int) -> bytes:
        """Return the next line."""
        line: bytes = self._source.readline(min(size, self._left + 1))
        self._left -= len(line)
        if self._left < 0:
            raise HeadersTooLargeError(f'more than {MAX_HEADER_BYTES} bytes of header fields')
        return line


class Body(Input):
    """The body of one request.

    Attributes:
        complete: It was read to its end.
    """

    complete = True
    seat: Seat
    room: Room
    _chunked_input_error: bool

    def read(self, length: int | None = None) -> bytes:
        """Return some of what is left, at most ``READ_BYTES``; nothing: that was all."""
        most = READ_BYTES if length is None or length < 0 else min(length, READ_BYTES)
        if not self.room.hold(self.seat, most):
            raise NoRoomError
        piece = self._read(most)
        self.room.release(self.seat, most - len(piece))
        return piece

    def _read(self, most: int) -> bytes:
        with self.room.waiting(self.seat, self.room.slow):
            piece: bytes = super().read(most)
        return piece

    def _discard(self) -> None:
        """Read what the application has left, within bounds; beyond them the connection has to end."""
        if self.socket is not None:     # the client still waits for 100 Continue, and has sent nothing
            self.complete = not (self.content_length or self.chunked_input)
            return
        self.complete = False
        if self.seat.gone:
            return
        with Timeout(DISCARD_TIMEOUT, False):  # type: ignore[arg-type]  # False: end the block without raising
            left = MAX_DISCARDED_BYTES
            while left > 0 and not self._chunked_input_error:
                piece = self._read(min(left, READ_BYTES))
                if not piece:
                    self.complete = True
                    return
                left -= len(piece)


class Handler(QuietHandler):
    """One connection."""

    server: 'Server'
    wsgi_input: Any
    seat: Seat

    def handle(self) -> None:
        if not self.server.welcomes(self.client_address[0]):
            self._refuse('403 Forbidden', 'this address may not connect (--http-allow)')
            return
        room = self.server.room
        seat = room.enter()
        if seat is None:
            logger.debug('%s is refused: %d connections are busy', self.client_address, MAX_CONNECTIONS)
            self._refuse('503 Service Unavailable', f'{MAX_CONNECTIONS} connections are busy')
            return
        self.seat = seat
        self.socket.settimeout(IDLE_TIMEOUT)
        try:
            super().handle()
        finally:
            room.leave(seat)

    def _refuse(self, status: str, text: str) -> None:
        refuse(self.socket, status, text)
        self.rfile.close()

    def idle(self) -> AbstractContextManager[None]:
        """Wait for a request, for a ``with`` block: this connection is one of the first to go where there is no room."""
        room = self.server.room
        return room.waiting(self.seat, room.idle)

    def slow(self) -> AbstractContextManager[None]:
        """Wait for the client while there is a request."""
        room = self.server.room
        return room.waiting(self.seat, room.slow)

    def read_requestline(self) -> str:
        with self.idle():
            if not self.rfile.peek(1):
                return ''
            with Timeout(HEADER_TIMEOUT):
                line: str = super().read_requestline()
        return line

    def read_request(self, raw_requestline: str) -> Any:
        with self.idle(), Timeout(HEADER_TIMEOUT):
            return super().read_request(raw_requestline)

    def MessageClass(self, source: Any, *rest: Any) -> Any:  # noqa: N802 - its name in pywsgi
        fields: Any = super().MessageClass(cast('Any', Lines(source)), *rest)
        check_framing(fields, self.request_version or '')
        return fields

    def get_environ(self) -> Any:
        environ = super().get_environ()
        plain = self.wsgi_input
        self.wsgi_input = environ['wsgi.input'] = Body(self.rfile, plain.content_length or 0, plain.socket, plain.chunked_input)
        self.wsgi_input.seat, self.wsgi_input.room = self.seat, self.server.room
        environ[ASIDE] = partial(self.server.room.aside, self.seat)
        return environ

    def _sendall(self, data: bytes | bytearray) -> None:
        room = self.server.room
        room.hold(self.seat, len(data))
        with self.slow(), memoryview(data) as view:
            for start in range(0, len(data), SEND_BYTES):
                super()._sendall(view[start:start + SEND_BYTES])  # type: ignore[misc]  # pywsgi has it
        room.release(self.seat, len(data))

    def handle_one_request(self) -> Any:
        result = super().handle_one_request()
        if result is None and self.server.context is not None:
            from .secured import end
            end(self.socket)
        return result

    def handle_one_response(self) -> None:
        super().handle_one_response()
        self.server.room.release(self.seat)
        if not self.wsgi_input.complete:
            self.close_connection = True

    def _handle_client_error(self, ex: Exception) -> tuple[str, bytes]:
        large = isinstance(ex, HeadersTooLargeError)
        line = '431 Request Header Fields Too Large' if large else '400 Bad Request'
        logger.debug('%s sends no request: %s', self.client_address, str(ex)[:MAX_LOGGED_CHARACTERS])
        text = f'{ex}\n' if large else 'this is no HTTP request\n'
        return line[:3], _PLAIN.format(line, len(text), text).encode()


class Server(QuietServer):
    """Serves an application on a listening socket.

    Args:
        listener: The socket.
        application: The WSGI application that is served.
        welcomes: Returns whether a client may connect; it is given the client's numeric address.
        failed: Is called when accepting fails, as it does where descriptors run out; it is tried again soon.
        context: What it speaks TLS with; None: it speaks without.
    """

    def __init__(self, listener: Any, application: Any, welcomes: Callable[[str], bool],
                 failed: Callable[[OSError], None], context: 'SSLContext | None' = None) -> None:
        log: Any = Log()
        self.room, self.welcomes, self.accept_failed, self.context = Room(), welcomes, failed, context
        super().__init__(listener, application, spawn=Pool(), handler_class=Handler, log=log, error_log=log,
                         environ={'SERVER_NAME': 'vaurien'})     # else the name of this machine would be looked up

    def handle(self, sock: Any, address: Any) -> None:
        """Serve a connection; where TLS is spoken, its handshake comes first."""
        if self.context is None or not self.welcomes(address[0]):
            super().handle(sock, address)
            return
        secured = self._secured(sock, address, self.context)
        if secured is not None:
            try:
                super().handle(secured, address)
            finally:
                secured.close()

    def _secured(self, sock: Any, address: Any, context: 'SSLContext') -> Any:
        """Make the handshake, with a seat that goes to others where there is no room; None: the connection has ended."""
        from .secured import NotTlsError, accept  # it is slow to import, and most servers have no use for it
        seat = self.room.enter()
        if seat is None:
            logger.debug('%s is refused: %d connections are busy', address, MAX_CONNECTIONS)
            return None
        try:
            with self.room.waiting(seat, self.room.idle):
                return accept(sock, context)
        except NotTlsError:
            logger.debug('%s does not speak TLS', address)
            refuse(sock, '400 Bad Request', 'TLS is spoken here: https://')
        except (OSError, Timeout) as error:
            logger.debug('%s has made no handshake: %s', address, error)
        finally:
            self.room.leave(seat)
        return None


def refuse(sock: Any, status: str, text: str) -> None:
    """Answer a request that is not read, and close its connection.

    Args:
        sock: The connection.
        status: Of the response: ``403 Forbidden``.
        text: Why, in a line.
    """
    with suppress(OSError):
        sock.setblocking(False)
        sock.sendall(_PLAIN.format(status, len(text) + 1, f'{text}\n').encode())
        sock.shutdown(SHUT_WR)
        sock.recv(UNREAD_BYTES)
    sock.close()
