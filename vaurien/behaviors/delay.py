"""One fault: the exchange is late."""
from collections.abc import Mapping
from math import log
from typing import Any

from ..alarm import sleep
from ..errors import ConfigError
from .base import Dummy, Option, Seconds

Z99 = 2.3263478740408408    #: 99 of 100 values of a normal distribution are less than so many deviations above its middle


class Delay(Dummy):
    """The exchange is late.

    It happens once per exchange, never for the end of a stream. The other direction and other sessions are not held back. With
    ``to`` or ``p99`` the delay differs from one exchange to the next, and a seed repeats it.
    """

    name = 'delay'
    options = {
        'sleep': Option("Delay in seconds", Seconds, 1.0),
        'before': Option("If True, the request is late at the backend; if False, the response at the client", bool, True),
        'to': Option("Seconds: the delay is anything from sleep to this, all alike (uniform); none: it is sleep", Seconds, None),
        'p99': Option("Seconds that 99 of 100 delays are below: half of them are below sleep, and a few are long (lognormal); "
                      "none: it is sleep", Seconds, None),
    }

    pauses = once = True

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__(settings)
        for name in ('to', 'p99'):
            value = self.settings.get(name)
            if value is not None and not value >= self.option('sleep'):
                raise ConfigError(name, value, f'at least as much as sleep, which is {self.option("sleep"):g}')
        if self.settings.get('p99') is not None and not self.option('sleep'):
            raise ConfigError('sleep', 0, 'more than 0 beside p99')
        if self.settings.get('to') is not None and self.settings.get('p99') is not None:
            raise ConfigError('p99', self.option('p99'), 'no to beside it')

    def seconds(self, protocol: Any, exchange: Any) -> float:
        """Return how late an exchange is; only where that differs is anything drawn."""
        least, to, p99 = self.option('sleep'), self.settings.get('to'), self.settings.get('p99')
        if to is not None:
            return float(protocol.session.random_of(exchange).uniform(least, to))
        if p99 is not None:
            return float(protocol.session.random_of(exchange).lognormvariate(log(least), log(p99 / least) / Z99))
        return float(least)

    def pause(self, protocol: Any, exchange: Any, to_backend: bool) -> float:
        if to_backend != self.option('before') or exchange.met:
            return 0.0
        exchange.met = True
        return self.seconds(protocol, exchange)

    def on_before_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> bool:
        seconds = self.pause(protocol, protocol.exchange(to_backend), to_backend)
        if seconds > 0:
            sleep(seconds)
        return True
