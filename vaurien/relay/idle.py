"""Finds out that a session is idle. Knows no session: it is told how to measure progress, and what to do."""
from collections.abc import Callable
from typing import Any

from gevent import get_hub

from ..net.loop import release

#: looks within the timeout: an idle session is ended at most one eighth of it late
LOOKS = 8


class IdleWatch:
    """Calls back once, when nothing has moved for a while.

    Args:
        timeout: How long [seconds].
        progress: Returns a number that changes whenever something has moved.
        idle: Is called when it has not.
    """

    __slots__ = ('_progress', '_idle', '_timer', '_seen', '_looks')

    def __init__(self, timeout: float, progress: Callable[[], int], idle: Callable[[], None]) -> None:
        self._progress, self._idle = progress, idle
        self._seen = self._looks = 0
        self._timer: Any = get_hub().loop.timer(timeout / LOOKS, timeout / LOOKS)
        self._timer.start(self._look)

    def _look(self) -> None:
        seen = self._progress()
        self._looks = self._looks + 1 if seen == self._seen else 0
        self._seen = seen
        if self._looks == LOOKS:
            self._idle()

    def stop(self) -> None:
        """Look no more."""
        self._timer = release(self._timer)
