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

    def on_before_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> bool:
        exchange = protocol.exchange(to_backend)
        if to_backend == self.option('before') and not exchange.met:
            exchange.met = True
            sleep(self.option('sleep'))
        return True
