"""Writes a file in a thread, so that no caller waits for a disk. What cannot be written is lost, counted, and said once."""
import os
import select
from collections import deque

from ..background import Background

MAX_PENDING_BYTES = 16 * 2**20  #: [bytes] that are not written yet, some 60,000 lines; more is lost


class FileWriter(Background):
    """A file that is written in the background, always whole lines of it.

    Args:
        path: The file; it is emptied. A named pipe is written to as its reader reads.

    Raises:
        OSError: It cannot be opened.

    Attributes:
        error: Why it could not be written for the first time; None: it could.
        lost: Lines that are lost so far.
    """

    def __init__(self, path: str) -> None:
        flags = os.O_RDWR if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path) else os.O_WRONLY
        self._number = os.open(path, flags | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOCTTY, 0o666)
        self.error: OSError | None = None
        self.lost = 0
        self._dropped = 0   # of the lost ones, those after the last batch
        self._missing = 0   # of the lost ones, those before the next batch that no line in the file tells of yet; the thread's
        self._batches: deque[tuple[bytes, int, int]] = deque()     # with the lines that were dropped before it
        self._size = 0
        super().__init__('vaurien-journal')

    def write(self, data: bytes, lines: int) -> None:
        """Take whole lines, or lose them where too many wait already."""
        with self._changed:
            if self._size + len(data) > MAX_PENDING_BYTES:
                self.lost += lines
                self._dropped += lines
                return
            self._batches.append((data, lines, self._dropped))
            self._dropped = 0
            self._size += len(data)
            self._changed.notify()

    # -- in the thread

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._batches and not self._ending:
                    self._changed.wait()
                if not self._batches:
                    break
                data, lines, dropped = self._batches.popleft()
            lost = self._add(data, lines, dropped)
            with self._changed:
                self._size -= len(data)
                self.lost += lost
        self._add(b'', 0, self._dropped)
        os.close(self._number)

    def _add(self, data: bytes, lines: int, dropped: int) -> int:
        """Write a batch, and before it how many lines are missing there; return how many are lost now."""
        self._missing += dropped
        note = b'{"type":"lost","lines":%d}\n' % self._missing if self._missing else b''
        try:
            self._write(note + data)
        except OSError as error:    # a full disk: no reason to end anything
            self.error = self.error or error
            self._missing += lines
            return lines
        self._missing = 0
        return 0

    def _write(self, data: bytes) -> None:
        """Write all of it; where that is not possible, take back what was written of it.

        Raises:
            OSError: It was not.
        """
        written = 0
        try:
            while written < len(data):
                try:
                    written += os.write(self._number, data[written:])
                except BlockingIOError:
                    waiting = select.poll()
                    waiting.register(self._number, select.POLLOUT)
                    waiting.poll()
        except OSError:
            if written:
                self._take_back(written)
            raise

    def _take_back(self, count: int) -> None:
        try:
            end = os.lseek(self._number, -count, os.SEEK_CUR)
            os.ftruncate(self._number, end)
        except OSError:     # no regular file
            os.write(self._number, b'\n')
