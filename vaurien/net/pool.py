"""Idle backend connections kept for the next client (``reuse_socket``). Knows raw sockets and no session."""
import time
from collections import deque
from typing import Any

from gevent import get_hub

from .loop import release
from .sockets import RawSocket, healthy


class Pool:
    """Idle connections to one backend, newest used first.

    Args:
        size: How many are kept at most; 0: none.
        timeout: Seconds that one is kept.
    """

    def __init__(self, size: int, timeout: float) -> None:
        self.size, self.timeout = size, timeout
        self._idle: deque[tuple[float, RawSocket]] = deque()
        self._timer: Any = None

    def __len__(self) -> int:
        return len(self._idle)

    def put(self, sock: RawSocket) -> None:
        """Keep a connection, or close it where there is no room."""
        if len(self._idle) >= self.size or not self.timeout:
            sock.close()
            return
        self._idle.append((time.monotonic() + self.timeout, sock))
        self._watch()

    def take(self) -> RawSocket | None:
        """Return a connection that the backend has neither ended nor written to; None: there is none."""
        now = time.monotonic()
        while self._idle:
            until, sock = self._idle.pop()
            if until > now and healthy(sock):
                return sock
            sock.close()
        return None

    def _watch(self) -> None:
        if self._timer is None and self._idle:
            self._timer = get_hub().loop.timer(max(0.0, self._idle[0][0] - time.monotonic()))
            self._timer.start(self._expire)

    def _expire(self) -> None:
        self._timer = release(self._timer)
        now = time.monotonic()
        while self._idle and self._idle[0][0] <= now:
            self._idle.popleft()[1].close()
        self._watch()

    def become(self, size: int, timeout: float, same_backend: bool) -> None:
        """Take another size and timeout; connections to another backend are closed."""
        if not same_backend:
            self.clear()
        self.size, self.timeout = size, timeout

    def clear(self) -> None:
        """Close all connections: the backend has changed, or the proxy stops."""
        self._timer = release(self._timer)
        while self._idle:
            self._idle.pop()[1].close()
