"""The embedded backend as a server: HTTP/1.1 by gevent's pywsgi, and what a connection can be beside that. Knows no page."""
import logging
from typing import Any

from gevent.pool import Pool

from ...address import Address
from ...net.httpd.handler import Log, QuietHandler, QuietServer
from . import http2, websocket
from .pages import BODYLESS_STATUSES, answer, application

logger = logging.getLogger(__name__)

HOST = '127.0.0.1'


class Handler(QuietHandler):
    """One connection: requests of HTTP/1.1, and then perhaps a WebSocket; or HTTP/2."""

    def read_requestline(self) -> str:
        line = str(super().read_requestline())
        if line != http2.LINE or self.rfile.read(len(http2.REST_OF_PREFACE)) != http2.REST_OF_PREFACE:
            return line
        http2.Connection(self.rfile, self.socket.sendall, answer, BODYLESS_STATUSES).serve()
        return ''       # the connection is over

    def run_application(self) -> None:
        environ = self.environ or {}
        if not websocket.is_asked(environ):
            super().run_application()
            return
        self.close_connection = True
        self.status = websocket.STATUS
        websocket.echo(environ, self.rfile, self.socket.sendall)


class Embedded:
    """The backend: ``start`` it, give its ``address`` to a proxy, ``stop`` it."""

    def __init__(self) -> None:
        self._server: QuietServer | None = None

    @property
    def address(self) -> Address:
        """Where it listens.

        Raises:
            RuntimeError: It has not been started.
        """
        if self._server is None:
            raise RuntimeError('the embedded backend has not been started')
        return Address(HOST, self._server.server_port)

    def start(self) -> None:
        """Listen on a free port of the loopback interface; nothing happens where it does already."""
        if self._server is None:
            log: Any = Log()
            server = QuietServer((HOST, 0), application, spawn=Pool(), handler_class=Handler, log=log,
                                 error_log=log, environ={'SERVER_NAME': HOST})   # else it would be looked up
            server.start()
            self._server = server
            logger.debug('the embedded backend listens on %s', self.address)

    def stop(self) -> None:
        """Stop listening and drop its connections; nothing happens where it does not listen."""
        server, self._server = self._server, None
        if server is not None:
            server.stop(timeout=0)
