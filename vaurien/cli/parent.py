"""Notices that the process that started this one is gone. Knows nothing of what follows."""
import errno
import os
from collections.abc import Callable
from typing import Any

STDIN = 0
READ_BYTES = 4096   #: [bytes] one read
#: [seconds] between two looks at the parent's id: that notices an end whose pipe is still held open, by a process that was
#: forked from the parent
CHECK_INTERVAL = 0.5
NOWAIT: int | None = getattr(os, 'RWF_NOWAIT', None)
CURRENT_POSITION = -1   #: as an offset


class Parent:
    """Watches standard input for its end, and who this process is a child of.

    A pipe ends with the process that holds its other side, however that ends; so does a terminal.

    Args:
        on_end: Called once, in the event loop.
    """

    def __init__(self, on_end: Callable[[], None]) -> None:
        from gevent import get_hub

        from ..net.loop import READABLE
        loop: Any = get_hub().loop
        self._on_end, self._id = on_end, os.getppid()
        self._input = loop.io(STDIN, READABLE)
        self._input.start(self._read)
        self._timer = loop.timer(CHECK_INTERVAL, CHECK_INTERVAL)
        self._timer.start(self._look)

    def _read(self) -> None:
        try:
            ended = read_at_hand(STDIN) == 0
        except BlockingIOError:
            return
        except OSError:
            ended = True
        if ended:
            self._end()

    def _look(self) -> None:
        if os.getppid() != self._id:
            self._end()

    def _end(self) -> None:
        self.close()
        self._on_end()

    def close(self) -> None:
        """Watch no more."""
        from ..net.loop import release
        self._input, self._timer = release(self._input), release(self._timer)


def read_at_hand(number: int) -> int:
    """Read and drop what a descriptor has, and return how much that was; 0 at its end.

    It may be another process's too, which reads what this one was told of: so even now the read must not wait (Linux). A terminal
    does not know how.

    Raises:
        BlockingIOError: It has nothing.
        OSError: It cannot be read.
    """
    if NOWAIT is not None:
        try:
            return os.preadv(number, [bytearray(READ_BYTES)], CURRENT_POSITION, NOWAIT)
        except OSError as error:
            if error.errno != errno.EOPNOTSUPP:
                raise
    return len(os.read(number, READ_BYTES))
