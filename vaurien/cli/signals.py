"""Signals as events: the end of the process, and reading the configuration again. Knows nothing of what follows."""
import signal
from collections.abc import Callable
from functools import partial
from typing import Any

from gevent import signal_handler
from gevent.event import Event

ENDING = (signal.SIGTERM, signal.SIGINT)


class Signals:
    """Listens for SIGTERM, SIGINT and SIGHUP.

    Args:
        reloads: SIGHUP asks to read the configuration again; False: there is none, and it asks for the end as SIGTERM does,
            unless the process was started with it ignored, as ``nohup`` does.

    Attributes:
        asked: The first one that asks for the end has come.
        insisted: A second one has come.
        reload: SIGHUP has come.
        number: Of the first one that asked for the end; 0: there was none.
    """

    def __init__(self, reloads: bool = False) -> None:
        self.asked, self.insisted, self.reload, self.number = Event(), Event(), Event(), 0
        calls: dict[int, Callable[[], Any]] = {number: partial(self._on_end, number) for number in ENDING}
        if reloads:
            calls[signal.SIGHUP] = self.reload.set
        elif signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            calls[signal.SIGHUP] = partial(self._on_end, signal.SIGHUP)
        self._handlers: dict[int, Any] = {number: signal_handler(number, call) for number, call in calls.items()}
        for handler in self._handlers.values():
            handler.ref = True  # to wait for a signal alone is no deadlock

    def _on_end(self, number: int) -> None:
        self.number = self.number or int(number)
        (self.insisted if self.asked.is_set() else self.asked).set()

    def insist(self) -> None:
        """Act as if two had come that ask for the end."""
        self.asked.set()
        self.insisted.set()

    def close(self) -> None:
        """Listen no more.

        Where the end was asked for, it is under way now: a further signal changes nothing any more, least of all the exit status
        of a process that has done all it had to.
        """
        for number, handler in self._handlers.items():
            if self.asked.is_set():
                handler.ref = False
                signal.signal(number, signal.SIG_IGN)   # in the handler's place: to cancel that first would leave a gap
            else:
                handler.cancel()
