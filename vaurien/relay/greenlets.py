"""The greenlets of one session, and what waits for its moment: none of them outlives it. Knows nothing of what they do."""
from collections.abc import Callable
from typing import Any

from gevent import getcurrent, spawn

from ..alarm import Ticket, alarm


class Greenlets:
    """Greenlets, and calls that wait, that end together."""

    __slots__ = ('_alive', '_waiting')

    def __init__(self) -> None:
        self._alive: set[Any] = set()
        self._waiting: list[Ticket] = []

    def spawn(self, call: Callable[..., None], *args: Any) -> None:
        """Run something in a greenlet."""
        greenlet = spawn(call, *args)
        self._alive.add(greenlet)
        greenlet.rawlink(self._alive.discard)

    def at(self, moment: float, call: Callable[[], None]) -> Callable[[], None]:
        """Call something at a moment of ``time.monotonic``, in the loop; return what cancels that."""
        def run() -> None:
            self._waiting.remove(ticket)
            call()

        def cancel() -> None:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
                alarm().cancel(ticket)
        ticket = alarm().at(moment, run)
        self._waiting.append(ticket)
        return cancel

    def kill(self) -> None:
        """End them all, but not the one that the caller runs in, and wait for none."""
        for greenlet in list(self._alive):
            if greenlet is not getcurrent():
                greenlet.kill(block=False)
        for ticket in self._waiting:
            alarm().cancel(ticket)
        self._waiting.clear()
