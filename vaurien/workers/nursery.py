"""The process that workers are forked from: it has read the configuration, and has no event loop and no thread.

So a worker that takes the place of one that died is there at once, with the plugins that were registered, and no lock of another
thread is copied. Knows no proxy.
"""
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from ..net import sockets
from ..net.sockets import RawSocket

NUMBER_BYTES = 8
#: what the process that was started decides about, for all of them: a terminal sends them to all
NOT_OURS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Work = Callable[[int, RawSocket], None]


class Nursery:
    """Forks workers, until it is closed or the process that made it is gone.

    To be made before there is an event loop or a thread.

    Args:
        work: What a worker does: called with its number, and its side of a pair of sockets.
    """

    def __init__(self, work: Work) -> None:
        self._sock, other = sockets.pair()
        flush()
        self.pid = os.fork()
        if not self.pid:
            self._sock.close()
            leave(lambda: serve(other, work))
        other.close()

    def fork(self, number: int) -> tuple[int, RawSocket]:
        """Make a worker.

        Args:
            number: Its number.

        Returns:
            Its process, and our side of the pair.

        Raises:
            OSError: It cannot be made.
        """
        ours, theirs = sockets.pair()
        with theirs:
            socket.send_fds(self._sock, [number.to_bytes(NUMBER_BYTES)], [theirs.fileno()])
        said = self._sock.recv(NUMBER_BYTES)
        pid = int.from_bytes(said)
        if not pid:
            ours.close()
            raise OSError(0, 'no process can be made')
        return pid, ours

    def close(self) -> None:
        """Make no more; the workers that there are live on."""
        self._sock.close()
        os.waitpid(self.pid, 0)


def serve(sock: RawSocket, work: Work) -> None:
    """Fork workers as they are asked for."""
    for number in NOT_OURS:
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)   # they are not waited for
    while True:
        said, descriptors, _, _ = socket.recv_fds(sock, NUMBER_BYTES, 1)
        if not said:
            return
        theirs = sockets.of_descriptor(descriptors[0])
        try:
            pid = os.fork()
        except OSError:
            pid = -1
        if not pid:
            sock.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            leave(partial(work, int.from_bytes(said), theirs))
        theirs.close()
        sock.sendall(max(pid, 0).to_bytes(NUMBER_BYTES))


def leave(call: Callable[[], None]) -> None:
    """Call something in a forked process, and end that without what its parent has left to do."""
    status = 1
    try:
        call()
        status = 0
    finally:
        flush()
        os._exit(status)


def flush() -> None:
    """Write what streams hold, or two processes write it."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with suppress(OSError):     # its reader is gone
                stream.flush()
