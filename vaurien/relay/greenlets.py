"""The greenlets of one session: none of them outlives it. Knows nothing of what they do."""
from collections.abc import Callable
from typing import Any

from gevent import getcurrent, spawn


class Greenlets:
    """Greenlets that end together."""

    __slots__ = ('_alive',)

    def __init__(self) -> None:
        self._alive: set[Any] = set()

    def spawn(self, call: Callable[..., None], *args: Any) -> None:
        """Run something in a greenlet."""
        greenlet = spawn(call, *args)
        self._alive.add(greenlet)
        greenlet.rawlink(self._alive.discard)

    def kill(self) -> None:
        """End them all, but not the one that the caller runs in, and wait for none."""
        for greenlet in list(self._alive):
            if greenlet is not getcurrent():
                greenlet.kill(block=False)
