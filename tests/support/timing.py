"""How long something takes, on a machine that may be busy with other things. Knows nothing of what is timed.

What is too early is a defect each time. What is too late may be the machine once; a defect is late every time.
"""
import time
from collections.abc import Callable

#: how often something may be late before it is said to be
TRIES = 10


def seconds(call: Callable[[], object]) -> float:
    """Return how long a call takes."""
    start = time.monotonic()
    call()
    return time.monotonic() - start


def once_within(most: float, measure: Callable[[], float], tries: int = TRIES) -> list[float]:
    """Measure until it is below ``most``, and return all that was measured.

    Args:
        most: In the unit of what is measured.
        measure: Measures once; may be called again.
        tries: How often at most.

    Raises:
        AssertionError: It never was.
    """
    found: list[float] = []
    while not found or found[-1] >= most:
        assert len(found) < tries, f'it always took {most} or more: {found}'
        found.append(measure())
    return found
