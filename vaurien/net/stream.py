"""A connected socket as handlers see it: one set of verbs, inside the event loop and in a greenlet.

In the loop's callback nothing waits: ``recv`` raises ``BlockingIOError`` when nothing is there, and ``sendall`` keeps what
the socket would not take. In a greenlet both simply wait. With its writing half
(``writer``) and ``sockets`` the only file that touches raw sockets; it knows no lane, session or protocol.
"""
import errno
import socket
from contextlib import suppress
from typing import Any

from gevent import get_hub
from gevent.hub import Waiter

from . import pipe
from .loop import READABLE, in_loop, release
from .sockets import RESET
from .writer import Writer

#: [bytes] taken by one read at most; large enough to amortise the call, small enough to let other sessions in
READ = 256 * 1024
#: full reads in a row after which splice is tried: it pays for bulk and costs for small messages
FULL_READS = 2
#: [bytes] a splice has to move to go on splicing
SPLICE_PAYS = 16 * 1024
# One buffer for all sessions: a callback never waits between its read and its write, so what is left over after a
# short write has to be copied out of it. A process relays in one thread.
_BUFFER = bytearray(READ)
_VIEW = memoryview(_BUFFER)
#: how the system says that a connection is gone; an ``OSError`` of any other kind is not about a stream
GONE = frozenset((errno.EPIPE, errno.ECONNRESET, errno.ECONNABORTED, errno.ESHUTDOWN, errno.ETIMEDOUT, errno.EBADF,
                  errno.ENOTCONN, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.ENETRESET, errno.ENOBUFS,
                  errno.ENOMEM))


class Stream(Writer):
    """A connected, non-blocking socket with the verbs of a socket.

    Args:
        sock: The raw socket; it belongs to the stream from now on.
        timeout: Seconds that the peer may take none of what is written; then the stream is reset. 0: forever.

    Attributes:
        received: Bytes so far.
    """

    __slots__ = ('received', '_closed', '_unread', '_lent', '_recv_into', '_full_reads', '_splices', '_waits')

    def __init__(self, sock: Any, timeout: float = 0.0) -> None:
        super().__init__(sock, timeout)
        self._recv_into = sock.recv_into
        self.received = 0
        self._closed = False            # handlers of 1.x set it themselves after close()
        self._unread = b''
        self._lent: bytes | None = None
        self._full_reads = 0
        self._splices = pipe.available
        self._waits: dict[Any, Any] | None = None

    reusable = True     #: its socket alone is the connection: it may serve another session
    tls = False         #: it is inside TLS, or may come to be
    late = False        #: TLS may begin on it
    recorded = False    #: it tells how it has ended: the session is recorded where both of its streams are

    @property
    def silent(self) -> bool:
        """Whether its client waits in a handshake for an answer that was made not to come."""
        return False

    # -- reading

    def reader(self) -> Any:
        """Make a watcher that calls back while there is something to read; the one who asks for it releases it."""
        return get_hub().loop.io(self.fd, READABLE)

    def recv(self, size: int = READ) -> bytes:
        """Return what has arrived, at most ``size`` bytes; empty at the end of the stream.

        Raises:
            BlockingIOError: Nothing is there and the caller runs in the loop's callback.
            OSError: The connection was reset or closed.
        """
        if self._lent is not None or self._unread:
            return self._given(size)
        if size > READ:
            size = READ
        try:
            count: int = self._recv_into(_BUFFER, size)
        except BlockingIOError:
            count = self._read(size)
        else:
            self.received += count
        return _VIEW[:count].tobytes()

    def _given(self, size: int) -> bytes:
        """Return bytes that were lent or given back."""
        if self._lent is not None:
            data, self._lent = self._lent[:size], self._lent[size:]
        else:
            data, self._unread = self._unread[:size], self._unread[size:]
        return data

    def _read(self, size: int) -> int:
        while True:
            try:
                count: int = self._recv_into(_BUFFER, size)
            except BlockingIOError:
                if in_loop():
                    raise
                self._wait(READABLE)
            else:
                self.received += count
                return count

    def unread(self, data: bytes) -> None:
        """Give bytes back: the next ``recv`` returns them, and the one after it what has come since.

        The event is repeated at once, but for a handler that used none of it: that one is called when more has come.
        """
        if self._lent is not None:
            self._lent = data + self._lent
        else:
            self._unread = data + self._unread

    def lend(self, data: bytes) -> None:
        """Let ``recv`` return these bytes and then, at once, nothing: they are one message, or a part of one."""
        self._lent = data

    def take_back(self) -> None:
        """End ``lend``; what was not read is gone."""
        self._lent = None

    @property
    def consumed(self) -> int:
        """The bytes that were read and not given back."""
        return self.received - len(self._unread)

    @property
    def pending(self) -> bool:
        """Whether bytes were given back and not read again."""
        return bool(self._unread)

    def at_end(self) -> bool:
        """Whether the next read meets the end of the stream; tells without reading.

        Raises:
            BlockingIOError: Nothing is there.
            OSError: The connection was reset.
        """
        if self.sock is None:
            closed_call()
        return not self._unread and self.sock.recv(1, socket.MSG_PEEK) == b''

    def forward(self, dest: 'Stream', size: int | None = None) -> int:
        """Move what is readable straight to ``dest``, without copying it where that pays.

        Args:
            dest: Where it goes.
            size: At most so many bytes; None: whatever one read takes.

        Returns:
            The bytes moved; 0 at the end of the stream.

        Raises:
            BlockingIOError, OSError: As for ``recv``.
        """
        if self._unread or self._lent is not None:
            data = self.recv(READ if size is None else size)
            if data:
                dest.sendall(data)
            return len(data)
        if self._full_reads > FULL_READS and dest.written and self._splices:
            moved = self._splice(dest, pipe.PIPE if size is None else size)
            if moved is not None:
                return moved
        limit = READ if size is None or size > READ else size
        try:
            count: int = self._recv_into(_BUFFER, limit)
        except BlockingIOError:
            count = self._read(limit)
        else:
            self.received += count
        if count:
            if dest.through is not None:
                dest.sendall(_VIEW[:count])
            elif not dest.write_soon(_VIEW[:count]) and not in_loop():
                dest.wait_drained()
            self._full_reads = self._full_reads + 1 if count == READ else 0
        return count

    def _splice(self, dest: 'Stream', size: int) -> int | None:
        """Move bytes without copying them; None where that is not possible."""
        try:
            count = dest.fill_pipe(self.fd, size)
        except OSError as error:
            if dest.broken:
                raise
            self._cannot_splice(error)
            return None
        if count is not None:
            self.received += count
            self._full_reads = self._full_reads if count >= SPLICE_PAYS else 0
            dest.flush_pipe()
        return count

    def _cannot_splice(self, error: OSError) -> None:
        """Copy from now on, where that is all that is wrong."""
        if error.errno == errno.EINVAL:
            self._splices = False
        elif not isinstance(error, BlockingIOError) or in_loop():
            raise error
        self._full_reads = 0

    # -- ending

    def shutdown(self, how: int) -> None:
        """Shut down one or both directions, as a socket does; writing ends after what is still to be written."""
        if how in (socket.SHUT_RD, socket.SHUT_RDWR):
            self.sock.shutdown(socket.SHUT_RD)
        if how in (socket.SHUT_WR, socket.SHUT_RDWR):
            self.finish()

    def drop(self) -> None:
        """Close the socket now; what is not written yet is lost. Dropping twice is harmless."""
        if self.sock is not None:
            self._release().close()

    def abort(self) -> None:
        """Close the socket with RST: the peer's next read or write fails."""
        if self.sock is None:
            return
        sock = self._release()
        with suppress(OSError):     # macOS refuses it on a connection that the peer has ended
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        sock.close()

    def end_badly(self, how: str) -> None:
        """Let ``finish`` end this direction as TLS does not allow, where the stream is inside TLS; see ``net.tls.stream.End``."""

    #: the words that handlers and behaviors know them by: the verb of a socket, and the one beside it
    close, reset = drop, abort

    def detach(self) -> Any:
        """Give the raw socket away; the stream is closed, the connection is not."""
        return self._release()

    def _release(self) -> Any:
        """Let go of everything that refers to the file descriptor, before its number can be used again."""
        sock, self.sock = self.sock, None
        self._closed, self.fd = True, -1
        self.drop_writing()
        self._unread, self._lent = b'', None
        self._recv_into = closed_call
        if self._waits is not None:
            for watcher, waiter in self._waits.items():
                release(watcher)
                get_hub().loop.run_callback(waiter.throw, self._lost)
            self._waits = None
        return sock

    @property
    def closed(self) -> bool:
        """Whether it was closed, or a handler has said so with ``_closed = True``."""
        return self._closed or self.sock is None

    # -- waiting, in a greenlet

    def _wait(self, events: int) -> None:
        hub = get_hub()
        watcher = hub.loop.io(self.fd, events)
        waiter: Any = Waiter(hub)
        self._waits = self._waits or {}
        self._waits[watcher] = waiter
        watcher.start(waiter.switch, None)
        try:
            waiter.get()
        finally:
            release(watcher)
            if self._waits:
                self._waits.pop(watcher, None)

    # -- what else a socket has

    def fileno(self) -> int:
        """Return the file descriptor; -1 once closed."""
        return self.fd

    def settimeout(self, timeout: float | None) -> None:
        """Set the seconds that the peer may take nothing of what is written; None: forever. 1.x handlers call it."""
        self.timeout = timeout or 0.0

    def setblocking(self, flag: bool) -> None:
        """Do nothing: whether a verb waits depends on where it is called. 1.x handlers call it."""

    def getpeername(self) -> Any:
        """Return the peer's address as the socket gives it."""
        return self.sock.getpeername()

    def getsockname(self) -> Any:
        """Return the own address as the socket gives it."""
        return self.sock.getsockname()


def closed_call(*_: Any) -> Any:
    """Stand in place of what a closed socket has.

    Raises:
        OSError: Always.
    """
    raise OSError(errno.EBADF, 'the stream is closed')
