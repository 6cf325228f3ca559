"""Frames to and from another process, over a socket. Knows no frame's meaning."""
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import gevent
from gevent.event import Event
from gevent.socket import SHUT_WR, wait_read, wait_write

from ..errors import VaurienError
from ..net.sockets import RawSocket
from .frames import Frame, Reader, encode

READ_BYTES = 2 ** 18    #: [bytes] of one read


class Channel:
    """One side of a conversation.

    Args:
        sock: The socket.
        told: Called with each frame, in a greenlet; it must not wait.
        ended: Called once, when the other side is gone.
    """

    def __init__(self, sock: RawSocket, told: Callable[[Frame], None], ended: Callable[[], None]) -> None:
        sock.setblocking(False)
        self._sock, self._told, self._ended = sock, told, ended
        self._out = bytearray()
        self._gone = False
        self._more, self._written = Event(), Event()
        self._written.set()
        self._greenlets: list[Any] = [gevent.spawn(self._read), gevent.spawn(self._write)]

    @property
    def behind(self) -> int:
        """Bytes that the other side has not taken yet."""
        return len(self._out)

    def post(self, frame: Frame) -> None:
        """Send a frame; nothing waits. Where the other side is gone, nothing happens."""
        if self._gone:
            return
        self._out += encode(frame)
        self._written.clear()
        self._more.set()

    def flush(self, timeout: float) -> None:
        """Wait until all is sent, for some seconds at most."""
        self._written.wait(timeout)

    def finish(self) -> None:
        """Say nothing more; what the other side has to say still comes."""
        with suppress(OSError):
            self._sock.shutdown(SHUT_WR)

    def close(self) -> None:
        """Say and hear nothing more."""
        gevent.killall([greenlet for greenlet in self._greenlets if greenlet is not gevent.getcurrent()], block=False)
        self._sock.close()

    def _read(self) -> None:
        reader = Reader()
        try:
            while True:
                wait_read(self._sock.fileno())
                try:
                    data = self._sock.recv(READ_BYTES)
                except BlockingIOError:
                    continue
                if not data:
                    break
                for frame in reader.feed(data):
                    self._told(frame)
        except (OSError, VaurienError):
            pass        # which is the end too
        self._ended()

    def _write(self) -> None:
        try:
            while self._more.wait():
                self._more.clear()
                while self._out:
                    try:
                        del self._out[:self._sock.send(self._out[:READ_BYTES])]
                    except BlockingIOError:
                        wait_write(self._sock.fileno())
                self._written.set()
        except OSError:     # the reader notices
            self._gone = True
            self._written.set()
