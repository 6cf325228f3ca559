"""How long requests took, counted for Prometheus. Knows recorded exchanges, and no page of counters."""
from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from ..proxies.fleet import Fleet
from ..relay.recording.records import WELL, Exchanged

#: [s] the upper ends of the buckets; beyond the last one is one more
BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
LABELS: Final = ('protocol', 'outcome')
#: what became of a request: nothing was injected and it was answered, or with an error; something was injected
FINE, FAILED, FAULT = 'ok', 'error', 'fault'

Key = tuple[str, str, str]      #: the proxy, its protocol, and the outcome
Counted = tuple[Key, list[int], float]      #: with the requests in each bucket, and the sum of their times [s]


class Times:
    """Counts how long the requests of each proxy took, from its beginning until ``close``.

    Args:
        fleet: Whose requests; those of sessions that are open already are not counted.
    """

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._counts: dict[Key, list[int]] = {}
        self._sums: dict[Key, float] = {}
        fleet.exchanges.follow(self.count)

    def close(self) -> None:
        """Count no more."""
        self._fleet.exchanges.unfollow(self.count)

    def count(self, exchanged: Exchanged) -> None:
        """Count a request that is over."""
        proxy = self._fleet.proxies.get(exchanged.proxy)
        if proxy is None:
            return
        outcome = FAULT if exchanged.fault else FINE if exchanged.answer in WELL else FAILED
        key = exchanged.proxy, proxy.spec.protocol, outcome
        self._counts_of(key)[bisect_left(BUCKETS, exchanged.seconds)] += 1
        self._sums[key] += exchanged.seconds

    def _counts_of(self, key: Key) -> list[int]:
        counts = self._counts.get(key)
        if counts is None:
            counts = self._counts[key] = [0] * (len(BUCKETS) + 1)
            self._sums[key] = 0.0
        return counts

    def take(self) -> list[Counted]:
        """Return what was counted since the last call, for ``add`` elsewhere."""
        taken = [(key, counts, self._sums[key]) for key, counts in self._counts.items()]
        self._counts, self._sums = {}, {}
        return taken

    def add(self, counted: Counted) -> None:
        """Count what was counted elsewhere."""
        key, counts, seconds = counted
        self._counts[key] = [one + other for one, other in zip(self._counts_of(key), counts, strict=True)]
        self._sums[key] += seconds

    def samples(self) -> Iterator[tuple[Key, list[tuple[str, int]], float]]:
        """Give what was counted of the proxies that there are.

        Returns:
            The proxy, its protocol and the outcome; the requests up to the end of each bucket; and the sum of their times [s].
        """
        ends = [*map(str, BUCKETS), '+Inf']
        for key in [key for key in self._counts if key[0] not in self._fleet.proxies]:
            del self._counts[key], self._sums[key]
        for key, counts in self._counts.items():
            yield key, list(zip(ends, accumulate(counts), strict=True)), self._sums[key]
