"""gevent's HTTP server without its noise: what a client does to its connection is its own affair, said at DEBUG.

Knows the wire of HTTP/1.1 as gevent's pywsgi reads it, and nothing of what is served.
"""
import logging
from collections.abc import Callable
from functools import partial
from http.client import HTTPException
from socket import IPPROTO_TCP, TCP_NODELAY
from typing import Any

from gevent import GreenletExit, Timeout
from gevent.pywsgi import WSGIHandler, WSGIServer

logger = logging.getLogger(__name__)

MAX_LOGGED_CHARACTERS = 200    #: [characters] of a line about a request
ACCEPT_BACKOFF = 0.05   #: [seconds] without accepting after it has failed; descriptors come back whenever a connection ends


class Log:
    """What pywsgi writes about requests, right and wrong ones alike, goes to DEBUG; never in full."""

    def write(self, line: str) -> None:
        logger.debug('%s', line[:MAX_LOGGED_CHARACTERS].rstrip())


class QuietHandler(WSGIHandler):
    """One connection. Whatever a client does to it ends that connection, and nothing else."""

    def handle(self) -> None:
        self.socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)     # headers and body are two writes; the second must not wait
        rfile = self.rfile      # the request's environment keeps it, in a circle; what it holds of the loop must end here
        try:
            super().handle()
        except (OSError, Timeout) as error:
            self._left(error)
        finally:
            rfile.close()

    def read_request(self, raw_requestline: str) -> Any:
        try:
            return super().read_request(raw_requestline)
        except (OSError, HTTPException) as error:
            raise ValueError(str(error)) from error     # what the server takes for a client's mistake

    def handle_error(self, t: Any, v: Any, tb: Any) -> None:
        if not issubclass(t, OSError | GreenletExit | Timeout):
            super().handle_error(t, v, tb)
            return
        self.close_connection = True
        self._left(v)

    def _left(self, error: BaseException) -> None:
        logger.debug('%s has left: %s', self.client_address, error)


class QuietServer(WSGIServer):
    """Accepts connections. Where that fails, as it does where descriptors run out, it is tried again soon.

    Attributes:
        accept_failed: Is called with the error.
    """

    accept_failed: Callable[[OSError], None] = partial(logger.debug, 'a connection cannot be accepted: %s')

    def do_read(self) -> Any:
        try:
            return super().do_read()
        except OSError as error:
            self.accept_failed(error)
            self.stop_accepting()   # it would fail again at once, and gevent would log a traceback each time
            self._timer: Any = self.loop.timer(ACCEPT_BACKOFF)      # gevent's own; ``stop_accepting`` stops it
            self._timer.start(self._accept_again)
            return None

    def _accept_again(self) -> None:
        if self.started:
            self.start_accepting()
