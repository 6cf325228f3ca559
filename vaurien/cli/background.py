"""Writes in a thread what may not be taken: to a pipe that nothing reads, a terminal that was stopped. No caller waits for it.

Knows lines, and not what they are about. A descriptor that others have too stays blocking: that is theirs as well as ours.
"""
import os
import select
import stat
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

MAX_PENDING_BYTES = 2**20  #: [bytes] of lines that were not taken yet: some 8,000 lines, as long as a reader may stand still
WRITE_BYTES = 2**16  #: [bytes] of lines that are written at once, as many as a pipe takes
FLUSH_TIMEOUT = 1.0  #: [seconds] that the rest may take at the end of the process


class BackgroundWriter:
    """Text to a descriptor. What is more than ``MAX_PENDING_BYTES`` behind is dropped, a line at a time, and counted.

    Args:
        number: The descriptor.
        tell: Makes the line that says how many were dropped; it stands where they would.
        owned: Whether to close the descriptor in the end.
    """

    def __init__(self, number: int, tell: Callable[[int], str], owned: bool = False) -> None:
        self._number, self._tell, self._owned = number, tell, owned
        self._lines: deque[bytes] = deque()
        self._size = 0      # [bytes] that were not taken yet
        self._dropped = 0   # lines of which nothing was said yet
        self._full = self._ending = self._failing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name='vaurien-output', daemon=True)
        self._thread.start()

    def write(self, text: str) -> None:
        """Take a line, or drop it. Once one is dropped so are the next, until half of what waits has gone."""
        line = text.encode('utf-8', 'backslashreplace')
        with self._changed:
            self._full = self._size + len(line) > (MAX_PENDING_BYTES // 2 if self._full else MAX_PENDING_BYTES)
            if self._full:
                self._dropped += 1
                return
            self._say_dropped()
            self._append(line)
            self._changed.notify()

    def flush(self) -> None:
        """Do nothing: it is under way."""

    def close(self) -> None:
        """Take no more; what is taken within ``FLUSH_TIMEOUT`` is written."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        self._thread.join(FLUSH_TIMEOUT)

    def _append(self, line: bytes) -> None:
        self._lines.append(line)
        self._size += len(line)

    def _say_dropped(self) -> None:
        if self._dropped:
            count, self._dropped = self._dropped, 0
            self._append(self._tell(count).encode('utf-8', 'backslashreplace'))

    # -- in the thread

    def _run(self) -> None:
        while lines := self._next():
            try:
                write_all(self._number, b''.join(lines))
                self._failing, lost = False, 0
            except OSError:     # a full disk, a pipe without a reader: no reason to end anything
                self._failing, lost = True, len(lines)
            with self._changed:
                self._dropped += lost
                self._size -= sum(map(len, lines))
        if self._owned:
            os.close(self._number)

    def _next(self) -> list[bytes]:
        """Wait for lines and return them; none: this is the end."""
        with self._changed:
            while not self._lines:
                if not self._failing:
                    self._say_dropped()
                if not self._lines:
                    if self._ending:
                        return []
                    self._changed.wait()
            lines, size = [self._lines.popleft()], 0
            while self._lines and (size := size + len(lines[-1])) + len(self._lines[0]) <= WRITE_BYTES:
                lines.append(self._lines.popleft())
            return lines


def write_all(number: int, data: bytes) -> None:
    """Write to a descriptor, and wait until it has taken everything.

    Raises:
        OSError: It does not take it.
    """
    while data:
        try:
            data = data[os.write(number, data):]
        except BlockingIOError:     # another process that has it too does not want to wait
            waiting = select.poll()
            waiting.register(number, select.POLLOUT)
            waiting.poll()


def may_wait(number: int) -> bool:
    """Return whether a write to a descriptor may wait for someone; one to a file on a disk does not."""
    return not stat.S_ISREG(os.fstat(number).st_mode)


@contextmanager
def never_waiting(stream: Any, tell: Callable[[int], str]) -> Iterator[Any]:
    """Give, for a ``with`` block, what writes where a stream does and never waits: the stream itself where it is a file.

    Args:
        stream: The stream; None, and what is no file at all, stays as it is.
        tell: As for ``BackgroundWriter``.
    """
    number = None
    with suppress(AttributeError, OSError, ValueError):
        number = stream.fileno()
    if number is None or not may_wait(number):
        yield stream
        return
    writer = BackgroundWriter(number, tell)
    try:
        yield writer
    finally:
        writer.close()
