"""The HTTP server below the application: its connections, and the time and memory that one of them may take.

Knows the wire of HTTP/1.1 as gevent's pywsgi reads it, and no surface. Whatever a client does to its connection is logged
at DEBUG, and ends that connection alone.
"""
import logging
from contextlib import suppress
from socket import SHUT_WR
from typing import Any, cast

import gevent
from gevent import Timeout
from gevent.pool import Pool
from gevent.pywsgi import Input, WSGIServer

from .handler import MAX_LOGGED_CHARACTERS, Log, QuietHandler

logger = logging.getLogger(__name__)

MAX_CONNECTIONS = 1024  #: at the same time; each costs some 20 KB and a descriptor
MAX_HEADER_BYTES = 32 * 1024  #: [bytes] of all header fields of a request; browsers send 2 KB
HEADER_TIMEOUT = 10.0  #: [seconds] that the headers of a request may take from its first byte on
IDLE_TIMEOUT = 30.0  #: [seconds] that a connection may wait between two requests, and a write may not be taken
MAX_DISCARDED_BYTES = 4 * 2 ** 20  #: [bytes] of a refused body that are read, since closing earlier would take the response away
DISCARD_TIMEOUT = 2.0  #: [seconds] for that
UNREAD_BYTES = 2 ** 16  #: [bytes] that are read of a request that is refused unread: closing before would reset its connection
_PLAIN = 'HTTP/1.1 {}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{}'


class HeadersTooLargeError(ValueError):
    """The header fields of a request are larger than ``MAX_HEADER_BYTES``."""


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
    _chunked_input_error: bool

    def _discard(self) -> None:
        """Read what the application has left, within bounds; beyond them the connection has to end."""
        if self.socket is not None:     # the client still waits for 100 Continue, and has sent nothing
            self.complete = not (self.content_length or self.chunked_input)
            return
        self.complete = False
        with Timeout(DISCARD_TIMEOUT, False):  # type: ignore[arg-type]  # False: end the block without raising
            left = MAX_DISCARDED_BYTES
            while left > 0 and not self._chunked_input_error:
                piece = self.read(min(left, 16384))
                if not piece:
                    self.complete = True
                    return
                left -= len(piece)


class Handler(QuietHandler):
    """One connection."""

    server: 'Server'
    wsgi_input: Any

    def handle(self) -> None:
        self.socket.settimeout(IDLE_TIMEOUT)
        super().handle()

    def read_requestline(self) -> str:
        with self.server.idle(self):
            if not self.rfile.peek(1):
                return ''
            with Timeout(HEADER_TIMEOUT):
                line: str = super().read_requestline()
        return line

    def read_request(self, raw_requestline: str) -> Any:
        with self.server.idle(self), Timeout(HEADER_TIMEOUT):
            return super().read_request(raw_requestline)

    def MessageClass(self, source: Any, *rest: Any) -> Any:  # noqa: N802 - its name in pywsgi
        return super().MessageClass(cast('Any', Lines(source)), *rest)

    def get_environ(self) -> Any:
        environ = super().get_environ()
        plain = self.wsgi_input
        self.wsgi_input = environ['wsgi.input'] = Body(self.rfile, plain.content_length or 0, plain.socket, plain.chunked_input)
        return environ

    def handle_one_response(self) -> None:
        super().handle_one_response()
        if not self.wsgi_input.complete:
            self.close_connection = True

    def _handle_client_error(self, ex: Exception) -> tuple[str, bytes]:
        large = isinstance(ex, HeadersTooLargeError)
        line = '431 Request Header Fields Too Large' if large else '400 Bad Request'
        logger.debug('%s sends no request: %s', self.client_address, str(ex)[:MAX_LOGGED_CHARACTERS])
        text = f'{ex}\n' if large else 'this is no HTTP request\n'
        return line[:3], _PLAIN.format(line, len(text), text).encode()


class Idle:
    """A connection that waits for a request: the first to go where there is no room."""

    def __init__(self, waiting: 'dict[Handler, gevent.Greenlet[..., Any]]', handler: Handler) -> None:
        self._waiting, self._handler = waiting, handler

    def __enter__(self) -> None:
        self._waiting[self._handler] = gevent.getcurrent()  # type: ignore[assignment]

    def __exit__(self, *error: object) -> None:
        self._waiting.pop(self._handler, None)


class Server(WSGIServer):
    """Serves an application on a listening socket.

    Args:
        listener: The socket.
        application: The WSGI application that is served.
    """

    def __init__(self, listener: Any, application: Any) -> None:
        log: Any = Log()
        self.waiting: dict[Handler, gevent.Greenlet[..., Any]] = {}
        #: connections that have been begun and not been told to go
        self.served: set[Any] = set()
        super().__init__(listener, application, spawn=Pool(), handler_class=Handler, log=log, error_log=log,
                         environ={'SERVER_NAME': 'vaurien'})     # else the name of this machine would be looked up

    def idle(self, handler: Handler) -> Idle:
        """Mark a connection as waiting for a request, for a ``with`` block."""
        return Idle(self.waiting, handler)

    def handle(self, sock: Any, address: Any) -> None:
        """Serve a connection; where there are too many, the one that has waited longest for a request has to go."""
        if len(self.served) >= MAX_CONNECTIONS and not self.make_room():
            logger.debug('%s is refused: %d connections are busy', address, MAX_CONNECTIONS)
            refuse(sock)
            return
        greenlet = gevent.getcurrent()
        self.served.add(greenlet)
        try:
            super().handle(sock, address)
        finally:
            self.served.discard(greenlet)

    def make_room(self) -> bool:
        """Let the connection go that has waited longest for a request; False: none waits."""
        handler, greenlet = next(iter(self.waiting.items()), (None, None))
        if handler is None or greenlet is None:
            return False
        del self.waiting[handler]
        self.served.discard(greenlet)
        greenlet.kill(block=False)
        return True


def refuse(sock: Any) -> None:
    """Answer a request that is not read: there is no room for its connection."""
    text = f'{MAX_CONNECTIONS} connections are busy\n'
    with suppress(OSError):
        sock.setblocking(False)
        sock.sendall(_PLAIN.format('503 Service Unavailable', len(text), text).encode())
        sock.shutdown(SHUT_WR)
        sock.recv(UNREAD_BYTES)
    sock.close()
