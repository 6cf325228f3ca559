"""How long things took, in memory that is bounded: counts of logarithmic buckets, each within 1 % of its middle."""
from collections.abc import Iterator
from math import ceil, log

#: how much longer each bucket is than the one before: its middle is at most 1 % away from all that is in it
RATIO = 1.02
LEAST, MOST = 1e-6, 1e5     #: [s] below and above which all is one bucket: 1,280 buckets in all
STEP = log(RATIO)
LAST = ceil(log(MOST / LEAST) / STEP)


class Histogram:
    """Counts of times.

    Attributes:
        count: How many there are.
        highest: The longest of them, exactly [s].
    """

    __slots__ = ('_buckets', 'count', 'highest')

    def __init__(self) -> None:
        self._buckets: dict[int, int] = {}
        self.count, self.highest = 0, 0.0

    def add(self, seconds: float) -> None:
        """Count a time."""
        at = min(LAST, max(0, int(log(seconds / LEAST) / STEP))) if seconds > LEAST else 0
        self._buckets[at] = self._buckets.get(at, 0) + 1
        self.count += 1
        if seconds > self.highest:
            self.highest = seconds

    def merge(self, other: 'Histogram') -> None:
        """Add what another one has counted."""
        for at, count in other._buckets.items():
            self._buckets[at] = self._buckets.get(at, 0) + count
        self.count += other.count
        self.highest = max(self.highest, other.highest)

    def quantile(self, share: float) -> float | None:
        """Return the time [s] that this share of all took at the most: the smallest one that so many are not above.

        Args:
            share: 0 to 1.

        Returns:
            It, within 1 %; None: there is none.
        """
        left = max(1, ceil(share * self.count))
        for at, count in self._sorted():
            left -= count
            if left <= 0:
                return min(self.highest, LEAST * float(RATIO ** (at + 0.5)))
        return None

    def _sorted(self) -> Iterator[tuple[int, int]]:
        return iter(sorted(self._buckets.items()))
