"""The line on a terminal that tells how far it is; where there is none, nothing is shown. Knows numbers alone."""
import time
from typing import Any

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
