"""Finds out that a session is idle. Knows no session, but what ``Watched`` names."""
from typing import Any, Protocol

from gevent import get_hub

from ..net.loop import release

#: looks within the timeout: an idle session is ended at most one eighth of it late
LOOKS = 8


class Watched(Protocol):
    """What is watched; it is held itself, since each idle session would otherwise hold two bound methods too."""

    def moved(self) -> int:
        """Return a number that changes whenever something has moved."""

    def idle_too_long(self) -> None:
        """Do what has to be done when nothing has moved for the whole time."""


class IdleWatch:
    """Tells once that nothing has moved for a while.

    Args:
        timeout: How long [seconds].
        watched: Is asked whether something has moved, and told when nothing has.
    """

    __slots__ = ('_watched', '_timer', '_seen', '_looks')

    def __init__(self, timeout: float, watched: Watched) -> None:
        self._watched = watched
        self._seen = self._looks = 0
        self._timer: Any = get_hub().loop.timer(timeout / LOOKS, timeout / LOOKS)
        self._timer.start(self._look)

    def _look(self) -> None:
        seen = self._watched.moved()
        self._looks = self._looks + 1 if seen == self._seen else 0
        self._seen = seen
        if self._looks == LOOKS:
            self._watched.idle_too_long()

    def stop(self) -> None:
        """Look no more."""
        self._timer = release(self._timer)
