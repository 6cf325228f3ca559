"""One fault: the exchange is late."""
from typing import Any

from ..alarm import sleep
from .base import Dummy, Option, Seconds


class Delay(Dummy):
    """The exchange is late.

    It happens once per exchange, never for the end of a stream. The other direction and other sessions are not held back.
    """

    name = 'delay'
    options = {
        'sleep': Option("Delay in seconds", Seconds, 1.0),
        'before': Option("If True, the request is late at the backend; if False, the response at the client", bool, True),
    }

    pauses = True

    def pause(self, protocol: Any, exchange: Any, to_backend: bool) -> float:
        if to_backend != self.option('before') or exchange.met:
            return 0.0
        exchange.met = True
        seconds: float = self.option('sleep')
        return seconds

    def on_before_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> bool:
        sleep(self.pause(protocol, protocol.exchange(to_backend), to_backend))
        return True
