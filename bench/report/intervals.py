"""How sure a ratio is: its median over paired rounds, and an interval by drawing the rounds anew. Knows numbers only."""
from collections.abc import Sequence
from random import Random
from statistics import median
from typing import NamedTuple

DRAWS = 2_000           #: how often the rounds are drawn anew
SEED = 17               #: of these draws: the same rounds give the same interval
CONFIDENCE = 0.95       #: how much of the medians lies within the interval
LEAST = 3               #: rounds; fewer say nothing of how they spread


class Ratio(NamedTuple):
    """One figure beside another.

    Attributes:
        middle: The median of the ratios within each round.
        low, high: The ends of the interval; None: there were too few rounds.
    """

    middle: float
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f'{self.middle:.2f}'
        return f'{self.middle:.2f} ({self.low:.2f} to {self.high:.2f})'


def ratio(ones: Sequence[float | None], others: Sequence[float | None]) -> Ratio | None:
    """Compare the figures of two rows, round by round.

    Args:
        ones: One figure a round; None: that run has failed.
        others: What they are divided by, in the same rounds; a round with None or 0 is left out.

    Returns:
        None: no round has both.
    """
    pairs = [one / other for one, other in zip(ones, others, strict=False) if one is not None and other]
    if not pairs:
        return None
    if len(pairs) < LEAST:
        return Ratio(median(pairs))
    return Ratio(median(pairs), *interval(pairs))


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Return between which values the median lies: the percentile bootstrap, with as many draws as there are values each time."""
    random = Random(SEED)
    medians = sorted(median(random.choices(values, k=len(values))) for _ in range(DRAWS))
    cut = round(DRAWS * (1 - CONFIDENCE) / 2)
    return medians[cut], medians[-1 - cut]
