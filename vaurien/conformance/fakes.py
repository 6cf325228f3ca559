"""Stands for a session where a plugin is checked: streams made of bytes, and records of what the plugin does."""
import random
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

from gevent import get_hub, getcurrent
from gevent.event import Event

from ..protocols.base import BaseProtocol, Exchange
from ..toxics.base import Chunk

#: what arrives at a toxic
ARRIVING = (b'x', bytes(range(256)), b'\0' * 9000)
#: times that a toxic may ask for more after the end of the stream; one that goes on asking would never let others have a turn
MAX_ASKED = 100


# -- for protocols and behaviors


class FakeStream:
    """A stream made of bytes: the bytes to read are given, the bytes written are kept.

    Attributes:
        written: What was written.
        ending: How it was ended: empty, ``FIN``, ``closed`` or ``reset``.
    """

    def __init__(self, data: bytes = b'', ended: bool = False) -> None:
        self._data, self._ended = data, ended
        self.written, self.ending, self._closed = b'', '', False

    def feed(self, data: bytes) -> None:
        """Let more arrive; no bytes: the end of the stream."""
        self._data += data
        self._ended = self._ended or not data

    @property
    def rest(self) -> bytes:
        """What has arrived and was not read."""
        return self._data

    def recv(self, size: int = 65536) -> bytes:
        """Return what has arrived; empty at the end of the stream."""
        if not self._data and not self._ended:
            if getcurrent() is get_hub():
                raise BlockingIOError
            Event().wait()      # nothing more comes: what waits here is ended
        data, self._data = self._data[:size], self._data[size:]
        return data

    def sendall(self, data: Any) -> None:
        """Keep the bytes."""
        self.written += bytes(data)

    def unread(self, data: bytes) -> None:
        """Take bytes back."""
        self._data = data + self._data

    def forward(self, dest: Any, size: int | None = None) -> int:
        """Move what has arrived."""
        data = self.recv(65536 if size is None else size)
        dest.sendall(data)
        return len(data)

    def shutdown(self, how: int) -> None:
        """Note the end of a direction."""
        self.ending = self.ending or 'FIN'

    def close(self) -> None:
        """Note the end."""
        self.ending, self._closed = 'closed', True

    def reset(self) -> None:
        """Note the end."""
        self.ending, self._closed = 'reset', True

    def fileno(self) -> int:
        """Return no descriptor."""
        return -1

    def settimeout(self, timeout: float | None) -> None:
        """Do nothing."""

    def setblocking(self, flag: bool) -> None:
        """Do nothing."""

    def getpeername(self) -> tuple[str, int]:
        """Return an address of no machine."""
        return '192.0.2.1', 1


class FakeSession:
    """What a protocol asks of its session.

    Args:
        at: The exchange that it is at, in both directions; None: none.
    """

    backend_name, stages = 'backend.test:80', frozenset[str]()

    def __init__(self, at: Exchange | None = None) -> None:
        self.random, self.at = random.Random(1), at
        self.silent = False

    def exchange(self, to_backend: bool) -> Exchange | None:
        """Return the exchange that it is at."""
        return self.at

    def random_of(self, exchange: Exchange) -> random.Random:
        """Return the one generator that there is."""
        return self.random

    def injected(self, exchange: Exchange, kind: str) -> None:
        """Do nothing."""

    def silence(self) -> None:
        """Record it."""
        self.silent = True


class Relay(BaseProtocol):
    """The protocol that hooks are called with: bytes pass as they come."""

    name = 'relay'
    duplex = inline = True

    def _handle(self, source: Any, dest: Any, to_backend: bool) -> bool:
        return bool(source.forward(dest))


# -- for toxics


class FakeChunks:
    """What arrives: some chunks, and then the end of the stream or nothing more.

    Args:
        ends: Whether the end comes.

    Attributes:
        asked: How often more was asked for after the end.
    """

    def __init__(self, ends: bool) -> None:
        self._left, self._ends, self.asked = deque(ARRIVING), ends, 0

    def __iter__(self) -> Iterator[Chunk]:
        while True:
            try:
                chunk = self.get()
            except EOFError:
                return
            assert chunk is not None
            yield chunk

    def get(self, timeout: float | None = None) -> Chunk | None:
        """Return the next chunk; None: there was none within ``timeout`` seconds."""
        if self._left:
            return Chunk(self._left.popleft(), time.monotonic())
        if self._ends:
            self.asked += 1
            if self.asked > MAX_ASKED:
                Event().wait()      # where it waits it is ended
            raise EOFError
        Event().wait(timeout)
        return None


class FakeHandle:
    """What a toxic is given to act on its direction by; here there is no session."""

    def __init__(self) -> None:
        self.random = random.Random(1)

    def close(self) -> None:
        """Do nothing."""

    def reset(self) -> None:
        """Do nothing."""


class Sent:
    """What a toxic sends.

    Attributes:
        wrong: What was sent and is neither bytes nor a chunk.
        elsewhere: Whether something was sent from another greenlet than ``greenlet``.
    """

    def __init__(self) -> None:
        self.wrong: list[Any] = []
        self.elsewhere, self.greenlet = False, getcurrent()

    def __call__(self, chunk: Any) -> None:
        if not isinstance(chunk, bytes | Chunk):
            self.wrong.append(chunk)
        self.elsewhere = self.elsewhere or getcurrent() is not self.greenlet
