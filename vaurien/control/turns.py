"""When a request is worked on: one begins in each turn of the event loop, so that between two of them everything else goes on.

Knows nothing of what they ask for.
"""
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

import gevent
from gevent.lock import Semaphore

from ..net.breath import PAUSE
from .surface import Refusal

MAX_WAITING = 1024  #: requests that wait for their turn; each has arrived whole
MAX_UNDER_WAY = 64  #: requests that have begun and wait for something, such as a name that is looked up


class Turns:
    """Lets requests begin one by one, in the order in which they ask for their turn."""

    def __init__(self) -> None:
        self._next, self._room = Semaphore(1), Semaphore(MAX_UNDER_WAY)
        self._waiting = 0

    @contextmanager
    def wait(self, waiting: 'AbstractContextManager[None]') -> Iterator[None]:
        """Wait for a turn; the block is what is done in it.

        Args:
            waiting: Entered while it is waited for.

        Raises:
            Refusal: Too many wait already.
        """
        if self._waiting >= MAX_WAITING:
            raise Refusal(503, f'{MAX_WAITING} requests wait already')
        with ExitStack() as under_way:
            self._waiting += 1
            try:
                with waiting:
                    under_way.enter_context(self._room)
                    self._next.acquire()
            finally:
                self._waiting -= 1
            gevent.spawn_later(PAUSE, self._next.release)
            yield
