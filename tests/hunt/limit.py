"""A limit of time for what may stand still: it is told with its stack, and not waited for. Knows no schedule."""
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar('T')


class StandsStillError(Exception):
    """A call has not come to its end in its time; the message is where it is."""


class Bounded(threading.Thread, Generic[T]):
    """Makes a call in a thread of its own, which is left alone if it takes too long.

    Args:
        call: The call.
    """

    def __init__(self, call: Callable[[], T]) -> None:
        super().__init__(daemon=True)
        self._call = call
        self._result: list[T] = []
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            self._result.append(self._call())
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            self._error = error

    def within(self, seconds: float) -> T:
        """Start it and return what it returns.

        Raises:
            StandsStillError: It takes longer.
            Exception: What it raises.
        """
        self.start()
        self.join(seconds)
        if self.is_alive():
            raise StandsStillError(''.join(traceback.format_stack(sys._current_frames()[self.ident or 0])))
        if self._error is not None:
            raise self._error
        return self._result[0]
