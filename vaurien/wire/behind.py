"""Sessions that have not been told yet of a change of their toxics: a few at once, thousands while everything else has its turn.

Knows neither toxics nor streams.
"""
from collections.abc import Callable, Iterable
from typing import Generic, Protocol, TypeVar

import gevent
from gevent.event import Event

from ..net.breath import Breath

#: toxics on sessions that are changed at once, before ``add`` returns; each takes some 50 us
STEPS_AT_ONCE = 200


class Numbered(Protocol):
    """A session."""

    @property
    def number(self) -> int: ...


Session = TypeVar('Session', bound=Numbered)
Before = TypeVar('Before')


class Behind(Generic[Session, Before]):
    """The sessions that are behind, in the order in which they have become so.

    Args:
        catch_up: Called with a session and what it was told last; it must not wait.
    """

    def __init__(self, catch_up: Callable[[Session, Before], None]) -> None:
        self._catch_up = catch_up
        self._waiting: dict[int, tuple[Session, Before]] = {}
        self._none = Event()
        self._none.set()

    def add(self, sessions: Iterable[Session], before: Before, steps: int) -> None:
        """Let sessions catch up; those that were behind already have more to catch up with.

        Args:
            sessions: The sessions.
            before: What they were told last.
            steps: What one of them costs.
        """
        for session in sessions:
            self._waiting.setdefault(session.number, (session, before))
        for _ in range(max(1, STEPS_AT_ONCE // max(1, steps))):
            if not self._next():
                return
        if self._waiting and self._none.is_set():
            self._none.clear()
            gevent.spawn(self._run)

    def _next(self) -> bool:
        number = next(iter(self._waiting), None)
        if number is None:
            return False
        self._catch_up(*self._waiting.pop(number))
        return True

    def _run(self) -> None:
        breathe = Breath()
        try:
            while self._next():
                breathe()
        finally:
            self._none.set()

    def wait(self) -> None:
        """Wait in a greenlet until none is behind."""
        self._none.wait()
