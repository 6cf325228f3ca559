"""How long tests may take. Pure."""
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..model.records import Run

TIMES = 3.0     #: as many times of its slowest clean run may a test take
LEAST = 10.0    #: [seconds] that each may take, where nothing else is said


class Limits(NamedTuple):
    """How long a run may take.

    Args:
        tests: Seconds for each test, by name.
        otherwise: Seconds for a test that has none of its own.
        whole: Seconds that may pass between two tests, and before the first one.
    """

    tests: Mapping[str, float]
    otherwise: float
    whole: float = 600.0


def limits_of(runs: Sequence[Run], least: float = LEAST) -> Limits:
    """Return the limits of tests that some clean runs have shown.

    Args:
        runs: These.
        least: Seconds that each test may take in any case.
    """
    slowest: dict[str, float] = {}
    for run in runs:
        for name, tested in run.tests.items():
            slowest[name] = max(slowest.get(name, 0.0), tested.seconds)
    longest = max((run.seconds for run in runs), default=0.0)
    return Limits({name: max(least, TIMES * seconds) for name, seconds in slowest.items()}, max(least, TIMES * longest),
                  max(least, TIMES * longest) + LEAST)
