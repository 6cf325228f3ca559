"""The line on a terminal that tells how far it is; where there is none, nothing is shown. Runs nothing."""
import time
from collections.abc import Iterable
from typing import Any

from ..model.faults import Point
from .document import Document

WIDTH = 24      #: [characters] of the bar
CLEAR = '\r\x1b[K'


class Progress:
    """A line that is written again and again.

    Args:
        stream: Where to; None: nowhere.
    """

    def __init__(self, stream: Any) -> None:
        self._stream, self._shown = stream, False

    def show(self, text: str) -> None:
        """Show something in place of what is there."""
        if self._stream is not None:
            self._stream.write(f'{CLEAR}{text}')
            self._stream.flush()
            self._shown = True

    def clear(self) -> None:
        """Take it away."""
        if self._shown:
            self._stream.write(CLEAR)
            self._stream.flush()
            self._shown = False

    def level(self, level: int, done: int, total: int, found: int, began: float) -> None:
        """Show how far a level is.

        Args:
            level: Which.
            done, total: Runs.
            found: Verdicts so far.
            began: When it began, by the monotonic clock [s].
        """
        self.show(line(level, done, total, found, time.monotonic() - began))

    def stepped(self, done: int, left: int) -> None:
        """Tell how many runs of the level are done and left, after one; on a terminal nothing is shown of it."""

    def points(self, points: Iterable[Point], word: str) -> None:
        """Tell what is known of some faults now; on a terminal nothing is shown of it.

        Args:
            points: The faults.
            word: ``waiting``, ``running``, ``pass``, ``not met``, or a verdict.
        """

    def ended(self, report: Document, summary: str) -> None:
        """Tell what is known in the end; on a terminal that is printed anyway."""


def line(level: int, done: int, total: int, found: int, seconds: float) -> str:
    """Return the line about a level.

    >>> line(1, 3, 9, 2, 60.0)
    'level 1  ━━━━━━━━────────────────  3/9  1:00  2 found, about 2:00 left'
    """
    full = WIDTH * done // max(total, 1)
    left = f', about {clock(seconds / done * (total - done))} left' if done else ''
    return f'level {level}  {"━" * full}{"─" * (WIDTH - full)}  {done}/{total}  {clock(seconds)}  {found} found{left}'


def clock(seconds: float) -> str:
    """Return a duration in minutes and seconds."""
    return f'{int(seconds) // 60}:{int(seconds) % 60:02d}'
