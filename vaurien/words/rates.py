"""How many requests may pass in how much time, and what a server tells of it. Pure: the time is told, on a monotonic clock."""
import re
from math import ceil
from typing import Any, NamedTuple

UNITS = {'s': 1, 'm': 60, 'h': 3600, 'd': 86400}    #: [s]
WRITTEN = re.compile(r'([0-9]{1,9})/([0-9]{1,7})?([smhd])')
TINY = 1e-6     #: [s] that rounding may make of a sum
MAX_SECONDS = 30 * 86400        #: [s] that a rate is counted over at most


class Rate(NamedTuple):
    """So many requests in so much time.

    Args:
        requests: How many, from 1.
        seconds: In how much time [s].
    """

    requests: int
    seconds: int


class Left(NamedTuple):
    """What is left when a request has come.

    Args:
        passes: It may pass.
        limit: How many may pass, in all.
        remaining: How many more may pass now.
        reset: [s] until all may pass again, rounded up.
        wait: [s] until the next one may pass, rounded up, at least 1; where one may pass now it says nothing.
    """

    passes: bool
    limit: int
    remaining: int
    reset: int
    wait: int


def read_rate(value: Any) -> Rate:
    """Read ``60/1m``: 60 in a minute; ``60/m`` is the same.

    Raises:
        ValueError: It is none.
    """
    found = WRITTEN.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(value)
    rate = Rate(int(found[1]), int(found[2] or 1) * UNITS[found[3]])
    if not rate.requests or not 0 < rate.seconds <= MAX_SECONDS:
        raise ValueError(value)
    return rate


def check_rate(value: Any) -> str:
    """Return a text that ``read_rate`` reads.

    Raises:
        ValueError: It does not.
    """
    read_rate(value)
    return str(value)


check_rate.expected = 'so many requests in so much time, such as 60/1m, 5/10s or 1000/1d'  # type: ignore[attr-defined]
check_rate.metavar = 'N/TIME'     # type: ignore[attr-defined]


class Window:
    """A fixed window: from the first request on so many pass until its time is over, and then all of them may again."""

    __slots__ = ('rate', '_begun', '_used')

    def __init__(self, rate: Rate) -> None:
        self.rate, self._begun, self._used = rate, 0.0, 0

    def take(self, now: float) -> Left:
        """Count a request that has come now [s]."""
        count, seconds = self.rate
        if not self._used or now - self._begun >= seconds - TINY:
            self._begun, self._used = now, 0
        passes = self._used < count
        self._used += passes
        reset = max(ceil(self._begun + seconds - now - TINY), 1)
        return Left(passes, count, count - self._used, reset, reset)


class Bucket:
    """A token bucket: it is full at first, each request takes one, and one comes back each ``seconds / count``."""

    __slots__ = ('rate', '_left', '_seen')

    def __init__(self, rate: Rate) -> None:
        self.rate, self._left, self._seen = rate, float(rate.requests), 0.0

    def take(self, now: float) -> Left:
        """Count a request that has come now [s]."""
        count, seconds = self.rate
        each = seconds / count
        self._left = min(self._left + max(now - self._seen, 0.0) / each, float(count))
        self._seen = now
        passes = self._left >= 1 - 1e-9
        self._left = max(self._left - passes, 0.0)
        reset, wait = ceil((count - self._left) * each - TINY), ceil((1 - self._left) * each - TINY)
        return Left(passes, count, int(self._left + 1e-9), max(reset, 1), max(wait, 1))
