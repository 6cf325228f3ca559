"""Frames to and from another process, over a socket. Knows no frame's meaning."""
import os
import socket
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import gevent
from gevent.event import Event
from gevent.socket import wait_read, wait_write

from ..errors import VaurienError
from ..net.sockets import RawSocket
from .frames import Frame, Reader, encode

READ_BYTES = 2 ** 18    #: [bytes] of one read
MAX_DESCRIPTORS = 250   #: that come at once; Linux takes 253


class Channel:
    """One side of a conversation.

    Args:
        sock: The socket.
        told: Called with each frame, in a greenlet; it must not wait.
        ended: Called once, when the other side is gone.

    Attributes:
        received: Descriptors that have come, in their order; those of a frame are there when it is told.
    """

    def __init__(self, sock: RawSocket, told: Callable[[Frame], None], ended: Callable[[], None]) -> None:
        sock.setblocking(False)
        self._sock, self._told, self._ended = sock, told, ended
        self._out = bytearray()
        self._gone = False
        self._descriptors: list[int] = []
        self.received: deque[int] = deque()
        self._more, self._written = Event(), Event()
        self._written.set()
        self._greenlets: list[Any] = [gevent.spawn(self._read), gevent.spawn(self._write)]

    @property
    def behind(self) -> int:
        """Bytes that the other side has not taken yet."""
        return len(self._out)

    def post(self, frame: Frame, descriptors: Iterable[int] = ()) -> None:
        """Send a frame, with descriptors; nothing waits. Where the other side is gone, nothing happens."""
        if self._gone:
            return
        self._descriptors += map(os.dup, descriptors)
        self._out += encode(frame)
        self._written.clear()
        self._more.set()

    def flush(self, timeout: float) -> None:
        """Wait until all is sent, for some seconds at most."""
        self._written.wait(timeout)

    def finish(self) -> None:
        """Say nothing more; what the other side has to say still comes."""
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Say and hear nothing more."""
        gevent.killall([greenlet for greenlet in self._greenlets if greenlet is not gevent.getcurrent()], block=False)
        self._sock.close()
        for number in (*self._descriptors, *self.received):
            os.close(number)
        self._descriptors.clear()
        self.received.clear()

    def _read(self) -> None:
        reader = Reader()
        try:
            while True:
                wait_read(self._sock.fileno())
                try:
                    data, descriptors, _, _ = socket.recv_fds(self._sock, READ_BYTES, MAX_DESCRIPTORS)
                except BlockingIOError:
                    continue
                self.received += descriptors
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
                        self._send()
                    except BlockingIOError:
                        wait_write(self._sock.fileno())
                self._written.set()
        except OSError:     # the reader notices
            self._gone = True
            self._written.set()

    def _send(self) -> None:
        """Send what there is room for; descriptors come with the first byte of what they were posted with, or before it."""
        if not self._descriptors:
            del self._out[:self._sock.send(self._out[:READ_BYTES])]
            return
        some = self._descriptors[:MAX_DESCRIPTORS]
        data = self._out[:1 if len(self._descriptors) > MAX_DESCRIPTORS else READ_BYTES]
        del self._out[:socket.send_fds(self._sock, [data], some)]
        del self._descriptors[:MAX_DESCRIPTORS]
        for number in some:
            os.close(number)
