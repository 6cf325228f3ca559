"""How late this machine is: by how much a short sleep lasts longer than it should, at worst."""
import threading
import time
from collections.abc import Callable

STEP = 0.01     #: [s] of one sleep


class Lateness:
    """Measures it until it is closed.

    Args:
        sleep: Sleeps so many seconds, in a thread or in a loop of events.
    """

    def __init__(self, sleep: Callable[[float], object] = time.sleep) -> None:
        self._sleep, self._worst = sleep, 0.0
        self._ended = threading.Event()

    def measure(self) -> None:
        """Sleep again and again."""
        while not self._ended.is_set():
            began = time.monotonic()
            self._sleep(STEP)
            self._worst = max(self._worst, time.monotonic() - began - STEP)

    def take(self) -> float:
        """Return the worst since it was taken last [s]."""
        worst, self._worst = self._worst, 0.0
        return worst

    def close(self) -> None:
        """End it."""
        self._ended.set()
