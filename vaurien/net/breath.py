"""Lets the loop breathe while something long is worked on in a greenlet. Knows nothing of the work."""
import time

import gevent

MAX_TURN = 0.005  #: [seconds] of work at a stretch
PAUSE = 1e-6  #: [seconds] it pauses; not 0, as sockets are looked at by then, and not only what is ready already


class Breath:
    """Called between two steps of a long work: after ``MAX_TURN`` it lets everything else have its turn."""

    def __init__(self) -> None:
        self._until = time.monotonic() + MAX_TURN

    def __call__(self) -> None:
        if time.monotonic() > self._until:
            gevent.sleep(PAUSE)
            self._until = time.monotonic() + MAX_TURN
