"""Clients that note every byte they get: one that sends bytes as they are, and a socket to put under a real client."""
import contextlib
import select
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.support.peers import READ, reset
from tests.support.processes import HOST
from tests.support.unit_of_time import MS

#: [s] without a byte after which the journal is asked whether any more is to come
STALL = 50 * MS
#: [s] after which what has to come is said not to come: no schedule makes anything wait that long
PATIENCE = 10_000 * MS
#: [s] for all that is heard at once, also where bytes come that nobody waits for
MOST = 6 * PATIENCE

#: Makes of requests their bytes, and how many answers they have where nothing happens
Encode = Callable[[Sequence[Any]], tuple[bytes, int]]
#: Returns where the answer that begins at an offset ends; 0: it has not ended yet
Extent = Callable[[bytes, int], int]


def never() -> bool:
    return False


class Tap(socket.socket):
    """A connected socket that keeps what it receives.

    Attributes:
        got: What it has received.
        end: How the peer has ended it: ``FIN`` or ``RST``; empty: it has not.
        hopeless: Asked when a read with much time has waited for ``STALL``: whether there is nothing to wait for.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.got = bytearray()
        self.end = ''
        self._broken = False
        self.hopeless: Callable[[], bool] = never

    def recv(self, *args: Any) -> bytes:
        self._wait()
        with self._noting():
            data = super().recv(*args)
        self.got += data
        self.end = '' if data else self._ended()
        return data

    def recv_into(self, buffer: Any, *args: Any) -> int:
        self._wait()
        with self._noting():
            count = super().recv_into(buffer, *args)
        self.got += memoryview(buffer)[:count]
        self.end = '' if count else self._ended()
        return count

    def sendall(self, *args: Any) -> None:
        try:
            super().sendall(*args)
        except ConnectionError:
            self._broken = True     # what came before is still to be read
            raise

    def _ended(self) -> str:
        return 'RST' if self._broken else 'FIN'

    def _wait(self) -> None:
        """Wait as long as a read may take, but no longer than there is hope, and never for ever: a client may have said so.

        Raises:
            TimeoutError: There is none.
        """
        if self.gettimeout() is None:
            self.settimeout(PATIENCE)
        until = time.monotonic() + (self.gettimeout() or 0)
        while until - time.monotonic() > STALL and not select.select([self], [], [], STALL)[0]:
            if self.hopeless():
                raise TimeoutError('nothing will come any more')

    @contextlib.contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except ConnectionError:
            self.end = 'RST'
            raise


def tap(port: int) -> Tap:
    """Connect to a port of this machine."""
    sock = Tap()
    sock.settimeout(PATIENCE)
    try:
        sock.connect((HOST, port))
    except OSError:
        sock.close()
        raise
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


class Tapped:
    """What clients have in common that stand on a ``Tap``; see ``subject.Client``."""

    def __init__(self, sock: Tap) -> None:
        self.sock, self.port = sock, sock.getsockname()[1]
        self.silent = False
        self.raised: list[str] = []

    @property
    def got(self) -> bytes:
        return bytes(self.sock.got)

    def give_up_when(self, hopeless: Callable[[], bool]) -> None:
        self.sock.hopeless = hopeless

    @property
    def end(self) -> str:
        return self.sock.end or ('silent' if self.silent else '')

    def read(self, seconds: float) -> bool:
        """Read once; False: nothing has come for so long."""
        self.sock.settimeout(seconds)
        try:
            self.sock.recv(READ)
        except (TimeoutError, BlockingIOError):
            return False
        except ConnectionError:
            pass
        return True

    def hear(self, content: Callable[[], bool]) -> None:
        """Read what a real client has not read: it has heard all that it waits for."""
        until = time.monotonic() + PATIENCE
        while not (self.end or self.sock.fileno() < 0 or content()):
            self.read(STALL)
            self.silent = time.monotonic() > until

    def in_vain(self, content: Callable[[], bool]) -> Callable[[], bool]:
        """Return what says, in a silence, that waiting on is in vain: it has lasted long enough, or all is well as it is."""
        until = time.monotonic() + PATIENCE

        def vain() -> bool:
            self.silent = time.monotonic() > until
            return self.silent or content()
        return vain

    def read_until(self, enough: Callable[[], bool], vain: Callable[[], bool], pause: float = STALL) -> bool:
        """Read until it is enough; return False where the connection has ended before, or ``vain()`` says so in a silence."""
        while not enough():
            if self.end or not self.read(pause) and vain():
                return False
        return True

    def leave(self, how: str) -> None:
        self.sock.hopeless = never
        if self.end or self.sock.fileno() < 0:      # a real client has closed it
            pass
        elif how == 'half':
            with contextlib.suppress(OSError):      # it may have ended meanwhile
                self.sock.shutdown(socket.SHUT_WR)
            while not self.end and self.read(PATIENCE):
                pass
            self.silent = not self.sock.end
        else:
            self.read(0)    # what came after the last answer
            if how == 'reset':
                reset(self.sock)
        self.sock.close()


class Raw(Tapped):
    """Sends requests as bytes, as many at once as it is told.

    Args:
        port: The proxy's.
        encode: Makes bytes of requests.
        extent: Finds answers.
    """

    def __init__(self, port: int, encode: Encode, extent: Extent) -> None:
        super().__init__(tap(port))
        self._encode, self._extent = encode, extent
        self._due = self._at = 0

    def give_up_when(self, hopeless: Callable[[], bool]) -> None:
        """There is nothing to take: hearing asks the journal itself."""

    def say(self, asks: Sequence[Any]) -> int:
        data, due = self._encode(asks)
        self._due += due
        self.sock.settimeout(PATIENCE)
        with contextlib.suppress(OSError):      # reading will tell
            self.sock.sendall(data)
        return len(asks)

    def hear(self, content: Callable[[], bool]) -> None:
        start = last = look = time.monotonic()
        counts = not self._complete()       # as many answers as were due have come before: only the journal can tell
        if not counts and content():
            return
        while not (counts and self._complete() or self.end):
            came, now = self.read(STALL), time.monotonic()
            last = now if came else last
            if came and now < look + STALL:
                continue
            if content():
                return
            look, self.silent = now, now > last + PATIENCE or now > start + MOST

    def _complete(self) -> bool:
        got = self.sock.got
        while self._due and self._at < len(got) and (end := self._extent(got, self._at)):
            self._at, self._due = end, self._due - 1
        return not self._due
