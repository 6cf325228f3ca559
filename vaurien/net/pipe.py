"""Moving bytes between two sockets without copying them into the process (Linux). Knows file descriptors only."""
import contextlib
import fcntl
import os

#: [bytes] asked for a pipe; the most that Linux grants everybody
PIPE = 1024 * 1024
#: empty pipes kept for the next use; opening one costs as much as a small splice
SPARE = 32

_splice = getattr(os, 'splice', None)
_FLAGS = getattr(os, 'SPLICE_F_MOVE', 0) | getattr(os, 'SPLICE_F_NONBLOCK', 0)
_SET_SIZE = getattr(fcntl, 'F_SETPIPE_SZ', 1031)    # named since Python 3.10
available = _splice is not None     #: the system has what is needed
_spare: list['Pipe'] = []


class Pipe:
    """A pipe that bytes are spliced through; ``take`` gives one, ``give_back`` returns it.

    Attributes:
        count: Bytes in it.
    """

    __slots__ = ('_read', '_write', 'count')

    def __init__(self) -> None:
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.count = 0
        with contextlib.suppress(OSError):  # beyond the limit of an unprivileged user: the size it has will do
            fcntl.fcntl(self._write, _SET_SIZE, PIPE)

    def fill(self, fd: int, size: int) -> int:
        """Take what a socket has, at most ``size`` bytes; 0 at its end.

        Raises:
            BlockingIOError: The socket has nothing.
            OSError: It was reset, or cannot be spliced (EINVAL).
        """
        assert _splice is not None
        self.count = _splice(fd, self._write, min(size, PIPE), flags=_FLAGS)
        return self.count

    def empty(self, fd: int) -> int:
        """Give a socket what it takes, and return how much that was.

        Raises:
            BlockingIOError: It takes nothing now.
            OSError: It is gone.
        """
        assert _splice is not None
        moved: int = _splice(self._read, fd, self.count, flags=_FLAGS)
        self.count -= moved
        return moved

    def give_back(self) -> None:
        """Keep it for the next use, or close it where bytes are left in it."""
        if self.count == 0 and len(_spare) < SPARE:
            _spare.append(self)
        else:
            os.close(self._read)
            os.close(self._write)


def take() -> Pipe:
    """Return an empty pipe.

    Raises:
        OSError: Out of file descriptors.
    """
    return _spare.pop() if _spare else Pipe()
