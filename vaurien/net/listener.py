"""Accepting connections: gevent's ``StreamServer``, with a socket of ours and no greenlet for each connection.

Of gevent's class the watcher that accepts is used, with its stop; what is overridden here, and
why, is all that this file has. Knows no session.
"""
import sys
from collections.abc import Callable
from typing import Any

from gevent.server import StreamServer

from ..address import Address
from . import sockets
from .sockets import RawSocket

#: [seconds] without accepting after it has failed; short, as descriptors come back whenever a session ends
ACCEPT_BACKOFF = 0.05
RAISED: tuple[type[BaseException], ...] = (BaseException,)    #: what taking a client in may raise


class Listener(StreamServer):
    """Listens at one address, and hands over what connects.

    Args:
        accepted: Is called in the loop with each client's socket, and its address as text.
        failed: Is called when accepting fails, as it does where descriptors run out; it is tried again soon.
    """

    #: accepts in a row before other events have their turn
    max_accept = 64

    def __init__(self, accepted: Callable[[RawSocket, str], None], failed: Callable[[OSError], None]) -> None:
        self._accepted, self._failed = accepted, failed
        super().__init__(('127.0.0.1', 0), accepted)    # never opened: ``listen`` is given a socket

    def listen(self, sock: RawSocket) -> Address:
        """Begin to accept on a listening socket, in place of the one before; return what it is bound to."""
        self.close()
        self.socket = sock
        self.bound = sockets.bound_address(sock)
        self._file = sockets.file_of(self.bound)
        self.start()
        return self.bound

    def close(self) -> None:
        """Listen no more."""
        self._stop_event.set()      # type: ignore[attr-defined]
        self.stop_accepting()
        sock = self.__dict__.pop('socket', None)
        if sock is not None:
            sock.close()
            sockets.remove_file(self.bound, self._file)

    # -- what gevent's server asks for

    def init_socket(self) -> None:
        """Open nothing: ``listen`` was given the socket."""

    def set_spawn(self, spawn: Any) -> None:
        """Spawn nothing: a session costs no greenlet."""
        self._spawn = None

    def _do_read(self) -> None:
        """Accept what waits. gevent's own asks for each client whether there is room, and calls two more methods."""
        left = self.max_accept
        while left and self.started:
            left -= 1
            try:
                found = sockets.accept(self.socket)
            except OSError as error:
                self._failed(error)
                return self._rest()
            if found is None:
                return None
            try:
                self._accepted(*found)
            except RAISED:      # a bug of ours; the loop would take the watcher away
                self.loop.handle_error(self, *sys.exc_info())
        return None

    def _rest(self) -> None:
        """Accept nothing for a while: what made it fail would fail at once again."""
        self.stop_accepting()
        self._timer: Any = self.loop.timer(ACCEPT_BACKOFF)  # gevent's own; ``stop_accepting`` stops it
        self._timer.start(self._accept_again)

    def _accept_again(self) -> None:
        if self.started:
            self.start_accepting()
