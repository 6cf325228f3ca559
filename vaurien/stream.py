"""A connected socket as handlers see it: one set of verbs, inside the event loop and in a greenlet.

In the loop's callback nothing waits: ``recv`` raises ``BlockingIOError`` when nothing is there, and ``sendall`` keeps what
the socket would not take. In a greenlet both simply wait. This is the only file that touches raw sockets; it knows no
lane, session or protocol.
"""
import errno
import socket
import struct
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from gevent import get_hub, getcurrent
from gevent.hub import Waiter

from . import pipe

#: [bytes] taken by one read at most; large enough to amortise the call, small enough to let other sessions in
READ = 256 * 1024
#: full reads in a row after which splice is tried: it pays for bulk and costs for small messages
FULL_READS = 2
#: [bytes] a splice has to move to go on splicing
SPLICE_PAYS = 16 * 1024
# One buffer for all sessions: a callback never waits between its read and its write, so what is left over after a
# short write has to be copied out of it.
_BUFFER = bytearray(READ)
_VIEW = memoryview(_BUFFER)
_READABLE, _WRITABLE = 1, 2
#: how the system says that a connection is gone; an ``OSError`` of any other kind is not about a stream
GONE = frozenset((errno.EPIPE, errno.ECONNRESET, errno.ECONNABORTED, errno.ESHUTDOWN, errno.ETIMEDOUT, errno.EBADF,
                  errno.ENOTCONN, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.ENETRESET, errno.ENOBUFS,
                  errno.ENOMEM))
_RESET = struct.pack('ii', 1, 0)

def _in_loop() -> bool:
    return getcurrent() is get_hub()


class Stream:
    """A connected, non-blocking socket with the verbs of a socket.

    Args:
        sock: The raw socket; it belongs to the stream from now on.
        timeout: Seconds that the peer may take none of what is written; then the stream is reset. 0: for ever.

    Attributes:
        received, sent: Bytes so far.
        backlog: What the socket has not taken yet; None: nothing is left. Whoever writes in the loop stops reading its
            source while there is some, so it stays bounded by what one callback writes.
        through: Takes what is written in the socket's place, and writes it with ``write``; None: nothing does.
    """

    __slots__ = ('sock', 'fd', 'timeout', 'received', 'sent', 'backlog', 'through', '_closed', '_unread', '_lent', '_recv_into',
                 '_send', '_full_reads', '_pipe', '_writer', '_timer', '_drained', '_waits', '_ending', '_lost',
                 '_splices')

    def __init__(self, sock: Any, timeout: float = 0.0) -> None:
        self.sock, self.timeout = sock, timeout
        self.fd: int = sock.fileno()
        self._recv_into, self._send = sock.recv_into, sock.send
        self.received = self.sent = 0
        self.backlog: deque[bytes] | None = None
        self.through: Any = None
        self._closed = False            # handlers of 1.x set it themselves after close()
        self._unread = b''
        self._lent: bytes | None = None
        self._full_reads = 0
        self._splices = pipe.available
        self._pipe: pipe.Pipe | None = None
        self._writer: Any = None
        self._timer: Any = None
        self._drained: list[Callable[[], None]] = []
        self._waits: dict[Any, Any] | None = None
        self._ending = False
        self._lost: OSError | None = None

    # -- reading

    def recv(self, size: int = READ) -> bytes:
        """Return what has arrived, at most ``size`` bytes; empty at the end of the stream.

        Raises:
            BlockingIOError: Nothing is there and the caller runs in the loop's callback.
            OSError: The connection was reset or closed.
        """
        if self._lent is not None:
            data, self._lent = self._lent[:size], self._lent[size:]
            return data
        if self._unread:
            data, self._unread = self._unread[:size], self._unread[size:]
            return data
        count = self._read(min(size, READ))
        return bytes(_VIEW[:count])

    def _read(self, size: int) -> int:
        while True:
            try:
                count: int = self._recv_into(_BUFFER, size)
            except BlockingIOError:
                if _in_loop():
                    raise
                self._wait(_READABLE)
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
            _closed_call()
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
        if self._unread or self._lent is not None or dest.through is not None:
            data = self.recv(READ if size is None else size)
            if data:
                dest.sendall(data)
            return len(data)
        limit = READ if size is None or size > READ else size
        if self._full_reads > FULL_READS and dest.backlog is None and self._splices:
            moved = self._splice(dest, pipe.PIPE if size is None else size)
            if moved is not None:
                return moved
        count = self._read(limit)
        if count:
            dest.sendall(_VIEW[:count])
        self._full_reads = self._full_reads + 1 if count == READ else 0
        return count

    def _splice(self, dest: 'Stream', size: int) -> int | None:
        """Move bytes through a pipe; None where that is not possible."""
        dest.check()
        try:
            dest._pipe = pipe.take()
        except OSError:     # out of file descriptors: copying needs none
            return None
        try:
            count = dest._pipe.fill(self.fd, size)
        except OSError as error:
            dest._release_pipe()
            self._cannot_splice(error)
            return None
        self.received += count
        self._full_reads = self._full_reads if count >= SPLICE_PAYS else 0
        dest._flush_pipe()
        return count

    def _cannot_splice(self, error: OSError) -> None:
        """Copy from now on, where that is all that is wrong."""
        if error.errno == errno.EINVAL:
            self._splices = False
        elif not isinstance(error, BlockingIOError) or _in_loop():
            raise error
        self._full_reads = 0

    # -- writing

    def sendall(self, data: Any) -> None:
        """Write everything.

        In the loop, what the socket does not take is kept and written later. In a greenlet this waits for it.

        Raises:
            OSError: The connection is gone; what was given is lost.
        """
        if self.through is None:
            self.write(data)
        else:
            self.through.put(bytes(data))
            if self.full and not _in_loop():
                self._wait_for(self.when_drained)

    def write(self, data: Any) -> None:
        """Write to the socket itself, past ``through``."""
        self.write_soon(data)
        if self.backlog is not None and not _in_loop():
            self.wait_drained()

    def write_soon(self, data: Any) -> None:
        """Write to the socket itself, past ``through``, and wait nowhere for what it does not take."""
        if self.backlog is not None:
            self.backlog.append(bytes(data))
        else:
            try:
                sent = self._send(data)
            except BlockingIOError:
                sent = 0
            except OSError as error:
                self._lost = error
                raise
            self.sent += sent
            if sent == len(data):
                return
            self.backlog = deque((bytes(data[sent:]),))
            self._flush_when_writable()

    def _flush_pipe(self) -> None:
        """Write what is in the pipe as far as the socket takes it, and the rest when it is writable again."""
        self.backlog = deque()
        try:
            self._flush()
        except BlockingIOError:
            self._flush_when_writable()
            if not _in_loop():
                self.wait_drained()
        except OSError as error:
            self.backlog, self._lost = None, error
            raise

    def _flush(self) -> None:
        while self._pipe is not None and self._pipe.count:
            self.sent += self._pipe.empty(self.fd)
        self._release_pipe()
        while self.backlog:
            head = self.backlog[0]
            sent = self._send(head)
            self.sent += sent
            if sent < len(head):
                self.backlog[0] = head[sent:]
            else:
                self.backlog.popleft()
        self.backlog = None

    def _release_pipe(self) -> None:
        if self._pipe is not None:
            self._pipe.give_back()
            self._pipe = None

    def _flush_when_writable(self) -> None:
        loop = get_hub().loop
        if self._writer is None:
            self._writer = loop.io(self.fd, _WRITABLE)
        self._writer.start(self._on_writable)
        if self.timeout:
            if self._timer is None:
                self._timer = loop.timer(self.timeout, self.timeout)
            self._timer.again(self._on_timeout, update=True)    # after ``stop`` a ``start`` has only the rest of the time

    def _on_writable(self) -> None:
        before = self.sent
        try:
            self._flush()
        except BlockingIOError:
            if self.sent != before and self._timer is not None:
                self._timer.again(self._on_timeout, update=True)
            return
        except OSError as error:
            self._lose(error)
        self._writer.stop()
        if self._timer is not None:
            self._timer.stop()
        self._tell_drained()

    def _on_timeout(self) -> None:
        before = self.sent
        self._on_writable()     # the system tells of room only once there is plenty: a slow reader may have made some
        if self.backlog is None or self.sent != before:
            return
        self._timer.stop()
        self._lose(TimeoutError(errno.ETIMEDOUT, f'the peer took nothing for {self.timeout:g} s'))
        self._writer.stop()
        self._tell_drained()

    def _lose(self, error: OSError) -> None:
        """Take note that bytes were lost: nothing may follow them."""
        self._lost, self._send = error, self._refuse

    def _refuse(self, data: Any) -> int:
        assert self._lost is not None
        raise self._lost

    def _tell_drained(self) -> None:
        if self._lost is not None:
            self.backlog = None
        elif self._ending:
            self._shutdown_now()
        waiting, self._drained = self._drained, []
        for callback in waiting:
            callback()

    @property
    def full(self) -> bool:
        """Whether writers should stop until ``when_drained``."""
        return self.backlog is not None if self.through is None else bool(self.through.full)

    @property
    def idle(self) -> bool:
        """Whether nothing is left to be written."""
        return self.backlog is None and (self.through is None or self.through.empty)

    def when_drained(self, callback: Callable[[], None]) -> None:
        """Call back once, in the loop, when everything is written or the connection is lost (``check`` tells)."""
        if self.through is not None:
            self.through.when_drained(callback)
        else:
            self._drained.append(callback)

    def after_written(self, callback: Callable[[], None]) -> None:
        """Call back once when the socket has taken everything that was written to it past ``through``."""
        if self.backlog is None:
            callback()
        else:
            self._drained.append(callback)

    @property
    def broken(self) -> bool:
        """Whether a write has failed, or the stream is closed."""
        return self._lost is not None

    @property
    def was_reset(self) -> bool:
        """Whether a write has found out that the peer reset the connection; the system tells it once, to whoever asks first."""
        return self._lost is not None and self._lost.errno == errno.ECONNRESET

    def check(self) -> None:
        """Raise what a write in the background met, if it failed."""
        if self._lost is not None:
            raise self._lost

    def wait_drained(self) -> None:
        """Wait, in a greenlet, until everything is written."""
        while self.backlog is not None:
            self._wait_for(self._drained.append)
        self.check()

    @staticmethod
    def _wait_for(register: Callable[[Callable[[], None]], None]) -> None:
        waiter: Any = Waiter(get_hub())
        register(partial(waiter.switch, None))
        waiter.get()

    # -- ending

    def finish(self, then: Callable[[], None] | None = None) -> None:
        """End this direction with FIN once everything is written.

        Args:
            then: Called when that is done, perhaps before this returns.
        """
        if self.through is not None:
            self.through.finish(then)
        else:
            self.end_writing()
            if then is not None:
                self.after_written(then)

    def end_writing(self) -> None:
        """Send FIN past ``through``, after what is still to be written."""
        if self.backlog is not None:
            self._ending = True
        else:
            self._shutdown_now()

    def _shutdown_now(self) -> None:
        with suppress(OSError):     # the peer is gone already; whoever reads from it will hear of it
            self.sock.shutdown(socket.SHUT_WR)

    def shutdown(self, how: int) -> None:
        """Shut down one or both directions, as a socket does; writing ends after what is still to be written."""
        if how in (socket.SHUT_RD, socket.SHUT_RDWR):
            self.sock.shutdown(socket.SHUT_RD)
        if how in (socket.SHUT_WR, socket.SHUT_RDWR):
            self.finish()

    def close(self) -> None:
        """Close the socket; what is not written yet is lost. Closing twice is harmless."""
        self._close(None)

    def reset(self) -> None:
        """Close the socket with RST: the peer's next read or write fails."""
        self._close(_RESET)

    def _close(self, linger: bytes | None) -> None:
        if self.sock is None:
            return
        sock = self._release()
        if linger is not None:
            with suppress(OSError):     # macOS refuses it on a connection that the peer has ended
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        sock.close()

    def detach(self) -> Any:
        """Give the raw socket away; the stream is closed, the connection is not."""
        return self._release()

    def _release(self) -> Any:
        """Let go of everything that refers to the file descriptor, before its number can be used again."""
        sock, self.sock = self.sock, None
        self._closed, self.fd = True, -1
        for watcher in (self._writer, self._timer):
            if watcher is not None:
                watcher.stop()
                watcher.close()
        self._writer = self._timer = None
        if self.through is not None:
            self.through.stop()
            self.through = None
        self.backlog, self._unread, self._lent = None, b'', None
        self._release_pipe()
        self._recv_into = self._send = _closed_call
        self._lost = self._lost or ConnectionAbortedError(errno.ECONNABORTED, 'the session has ended')
        waiting, self._drained = self._drained, []
        for callback in waiting:
            get_hub().loop.run_callback(callback)
        for watcher, waiter in (self._waits or {}).items():
            watcher.stop()
            watcher.close()
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
            watcher.stop()
            watcher.close()
            if self._waits:
                self._waits.pop(watcher, None)

    # -- what else a socket has

    def fileno(self) -> int:
        """Return the file descriptor; -1 once closed."""
        return self.fd

    def settimeout(self, timeout: float | None) -> None:
        """Set the seconds that the peer may take nothing of what is written; None: for ever. 1.x handlers call it."""
        self.timeout = timeout or 0.0

    def setblocking(self, flag: bool) -> None:
        """Do nothing: whether a verb waits depends on where it is called. 1.x handlers call it."""

    def getpeername(self) -> Any:
        """Return the peer's address as the socket gives it."""
        return self.sock.getpeername()

    def getsockname(self) -> Any:
        """Return the own address as the socket gives it."""
        return self.sock.getsockname()


def _closed_call(*_: Any) -> Any:
    raise OSError(errno.EBADF, 'the stream is closed')
