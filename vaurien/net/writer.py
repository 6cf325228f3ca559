"""The writing half of a stream: at once as far as the socket takes it, and the rest in the background.

What is left over is kept in ``backlog`` and written when the socket has room; a caller in the loop stops reading its source
meanwhile. Knows nothing of reading, but that bytes may come through a pipe from a socket that was read without looking.
"""
import errno
import socket
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

from gevent import get_hub
from gevent.hub import Waiter

from . import pipe
from .loop import WRITABLE, in_loop, release


class Detour(Protocol):
    """What takes the bytes in the socket's place: the chain of toxics, for one."""

    @property
    def full(self) -> bool: ...
    @property
    def empty(self) -> bool: ...
    def put(self, data: 'bytes | memoryview') -> None: ...
    def when_drained(self, callback: Callable[[], None]) -> None: ...
    def finish(self, then: Callable[[], None] | None = None) -> None: ...
    def drop(self) -> None: ...


class Writer:
    """The writing half of a ``Stream``.

    Args:
        sock: The raw, non-blocking socket.
        timeout: Seconds that the peer may take none of what is written; then the connection counts as lost. 0: forever.

    Attributes:
        sent: Bytes so far.
        backlog: What the socket has not taken yet; None: nothing is left. A caller in the loop stops reading its source
            while there is some, so it stays bounded by what one callback writes.
        through: Takes what is written in the socket's place, and writes it with ``write``; None: nothing does.
    """

    __slots__ = ('sock', 'fd', 'timeout', 'sent', 'backlog', 'through', '_send', '_pipe', '_writer', '_timer', '_drained',
                 '_ending', '_lost')

    def __init__(self, sock: Any, timeout: float) -> None:
        self.sock, self.timeout = sock, timeout
        self.fd: int = sock.fileno()
        self._send = sock.send
        self.sent = 0
        self.backlog: deque[bytes] | None = None
        self.through: Detour | None = None
        self._pipe: pipe.Pipe | None = None
        self._writer: Any = None
        self._timer: Any = None
        self._drained: Sequence[Callable[[], None]] = ()   # no list: there are two for each idle session
        self._ending = False
        self._lost: OSError | None = None

    def sendall(self, data: Any) -> None:
        """Write everything.

        In the loop, what the socket does not take is kept and written later. In a greenlet this waits for it.

        Raises:
            OSError: The connection is gone; what was given is lost.
        """
        if self.through is None:
            if not self.write_soon(data) and not in_loop():
                self.wait_drained()
        else:
            self.through.put(data)
            if self.full and not in_loop():
                self._wait_for(self.when_drained)

    def write(self, data: Any) -> None:
        """Write to the socket itself, past ``through``."""
        if not self.write_soon(data) and not in_loop():
            self.wait_drained()

    def write_soon(self, data: Any) -> bool:
        """Write to the socket itself, past ``through``, and wait nowhere; return whether it has taken everything."""
        if self.backlog is not None:
            self.backlog.append(bytes(data))
            return False
        try:
            sent = self._send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._lost = error
            raise
        self.sent += sent
        if sent == len(data):
            return True
        self.backlog = deque((bytes(data[sent:]),))
        self._flush_when_writable()
        return False

    @property
    def carried(self) -> int:
        """The bytes of the conversation so far; inside TLS more than that is sent."""
        return self.sent

    @property
    def given(self) -> int:
        """The bytes of the conversation that were given to be written so far, but for those that a detour still has."""
        return self.sent + sum(map(len, self.backlog or ()))

    @property
    def taken(self) -> int:
        """Those of them that the socket has taken; inside TLS a few fewer, as long as it has not taken all."""
        return self.sent

    # -- from another socket, without copying

    def fill_pipe(self, fd: int, size: int) -> int | None:
        """Take bytes from another socket into a pipe; ``flush_pipe`` has to follow.

        Args:
            fd: The descriptor of the socket.
            size: At most so many bytes.

        Returns:
            The bytes taken; 0 at the end of the stream; None: there was no descriptor left for a pipe.

        Raises:
            BlockingIOError: Nothing is there.
            OSError: Either connection is gone (``broken``: this one), or that socket cannot be spliced (EINVAL).
        """
        self.check()
        try:
            self._pipe = pipe.take()
        except OSError:
            return None
        try:
            return self._pipe.fill(fd, size)
        except OSError:
            self._release_pipe()
            raise

    def flush_pipe(self) -> None:
        """Write what is in the pipe as far as the socket takes it, and the rest when it is writable again."""
        self.backlog = deque()
        try:
            self._flush()
        except BlockingIOError:
            self._flush_when_writable()
            if not in_loop():
                self.wait_drained()
        except OSError as error:
            self.backlog, self._lost = None, error
            raise

    def _flush(self) -> None:
        while self._pipe is not None and self._pipe.count:
            self.sent += self._pipe.empty(self.fd)
        self._release_pipe()
        while self.backlog:
            first = self.backlog[0]
            sent = self._send(first)
            self.sent += sent
            if sent < len(first):
                self.backlog[0] = first[sent:]
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
            self._writer = loop.io(self.fd, WRITABLE)
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
        """Record that bytes were lost: nothing may follow them."""
        self._lost, self._send = error, partial(_refuse, error)    # no method: who is closed refers to itself nowhere

    def _tell_drained(self) -> None:
        if self._lost is not None:
            self.backlog = None
        elif self._ending:
            self._shutdown_now()
        waiting, self._drained = self._drained, ()
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

    @property
    def written(self) -> bool:
        """Whether the socket has taken everything, and nothing stands before it that may have more."""
        return self.backlog is None and self.through is None

    def when_drained(self, callback: Callable[[], None]) -> None:
        """Call back once, in the loop, when everything is written or the connection is lost (``check`` tells)."""
        if self.through is not None:
            self.through.when_drained(callback)
        else:
            self._when_written(callback)

    def after_written(self, callback: Callable[[], None]) -> None:
        """Call back once when the socket has taken everything that was written to it past ``through``."""
        if self.backlog is None:
            callback()
        else:
            self._when_written(callback)

    def _when_written(self, callback: Callable[[], None]) -> None:
        self._drained = (*self._drained, callback)

    @property
    def broken(self) -> bool:
        """Whether a write has failed, or the stream is closed."""
        return self._lost is not None

    @property
    def was_reset(self) -> bool:
        """Whether a write has found out that the peer reset the connection; the system tells it only once."""
        return self._lost is not None and self._lost.errno == errno.ECONNRESET

    def check(self) -> None:
        """Raise what a write in the background met, if it failed."""
        if self._lost is not None:
            raise self._lost

    def wait_drained(self) -> None:
        """Wait, in a greenlet, until everything is written."""
        while self.backlog is not None:
            self._wait_for(self._when_written)
        self.check()

    @staticmethod
    def _wait_for(register: Callable[[Callable[[], None]], None]) -> None:
        waiter: Any = Waiter(get_hub())
        register(partial(waiter.switch, None))
        waiter.get()

    # -- ending this direction

    def finish(self, then: Callable[[], None] | None = None) -> None:
        """End this direction with FIN once everything is written.

        Args:
            then: Called when that is done, perhaps before this returns.
        """
        if self.through is not None:
            self.through.finish(then)
        else:
            self.finish_socket()
            if then is not None:
                self.after_written(then)

    def finish_socket(self) -> None:
        """Send FIN past ``through``, after what is still to be written."""
        if self.backlog is not None:
            self._ending = True
        else:
            self._shutdown_now()

    def _shutdown_now(self) -> None:
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            return      # the peer is gone already; the next read from it tells

    def drop_writing(self) -> None:
        """Let go of everything; what is not written yet is lost, and callers that wait for it are told."""
        if self._writer is not None or self._timer is not None:     # most often nothing is left to write
            self._writer, self._timer = release(self._writer), release(self._timer)
        if self.through is not None:
            self.through.drop()
            self.through = None
        self.backlog = None
        self._release_pipe()
        self._lose(self._lost or ConnectionAbortedError(errno.ECONNABORTED, 'the session has ended'))
        waiting, self._drained = self._drained, ()
        for callback in waiting:
            get_hub().loop.run_callback(callback)


def _refuse(error: OSError, data: Any) -> int:
    """Stand in place of what a socket has that writes.

    Raises:
        OSError: Always, the same.
    """
    raise error
