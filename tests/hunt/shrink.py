"""Makes a schedule that fails as small as it can: knows moves as data, and of a failure only that there is one."""
import copy
from collections.abc import Callable, Iterator
from typing import Any

from .schedule import Schedule

#: lists within a move, or within its change, of which entries are left out
LISTS = ('asks', 'mix', 'toxics')


def shrink(schedule: Schedule, fails: Callable[[Schedule], bool], enough: Callable[[], bool]) -> Schedule:
    """Leave out moves, and entries of the lists within them, as long as it fails without them.

    Args:
        schedule: One that fails.
        fails: Plays one, and returns whether it fails.
        enough: Returns whether time is up; then it stays as small as it is.
    """
    smaller = True
    while smaller:
        before = size(schedule)
        for place in range(len(lists(schedule))):
            length = len(lists(schedule)[place]) if place < len(lists(schedule)) else 0
            for start, end in ranges(length):
                candidate = without(schedule, place, start, end)
                if candidate is not None and not enough() and fails(candidate):
                    schedule = candidate
        smaller = size(schedule) < before and not enough()
    return schedule


def lists(schedule: Schedule) -> list[list[Any]]:
    """Return the lists of a schedule of which entries may be left out: its moves, and those within them."""
    found = [schedule['moves']]
    for move in schedule['moves']:
        for holder in (move, move.get('change', {})):
            found += [holder[name] for name in LISTS if holder.get(name)]
    return found


def ranges(length: int) -> Iterator[tuple[int, int]]:
    """Yield what to leave out of a list: halves, then smaller pieces, then single entries; each from the end on, so that what is
    left out does not move what comes next."""
    size = length
    while size:
        for end in range(length, 0, -size):
            yield max(0, end - size), end
        size //= 2


def without(schedule: Schedule, place: int, start: int, end: int) -> Schedule | None:
    """Return a copy of which one list lacks a range; None: there is nothing left out."""
    candidate = copy.deepcopy(schedule)
    all_ = lists(candidate)
    if place >= len(all_) or start >= len(all_[place]):
        return None
    del all_[place][start:end]
    return candidate


def size(schedule: Schedule) -> int:
    """Return how many entries its lists have."""
    return sum(len(each) for each in lists(schedule))
