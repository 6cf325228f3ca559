"""From what may be done to the runs that do it: one fault for each test and run, so that a level costs few runs. Pure."""
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from .faults import ORDER, Point

RANK = {key: number for number, key in enumerate(ORDER)}


def chosen(candidates: Iterable[Point], level: int = 1) -> list[Point]:
    """Choose the points of a level, in the order in which they are tried.

    Args:
        candidates: All points that there are; the first request of a test comes before its later ones.
        level: 1: one for each site, class and mode, so that no test has many more than the others; 2: one for each of these in
            each test; 3: all.
    """
    by_key: dict[object, list[Point]] = defaultdict(list)
    found = []
    for point in candidates:
        if level == 3:
            found.append(point)
        elif all(point.place.test != other.place.test for other in by_key[point.key]):
            by_key[point.key].append(point)     # of a test the first one
    load: Counter[str] = Counter()
    # what few tests can show is given away first
    for key in sorted(by_key, key=lambda key: (len(by_key[key]), repr(key))):
        if level == 2:
            found += by_key[key]
            continue
        point = min(by_key[key], key=lambda point: (load[point.place.test], point.place.cost, point.place.test))
        load[point.place.test] += 1
        found.append(point)
    return sorted(found, key=order)


def order(point: Point) -> tuple[bool, int, str, str, int]:
    """Return what says which of two points comes first: writes before reads, then the class."""
    place = point.place
    return not place.effect.writes, RANK[point.category, point.mode], repr(place.site), place.test, place.k


def packed(points: Sequence[Point]) -> list[list[Point]]:
    """Return the runs: in each at most one point of a test, in the order of the points."""
    runs: list[list[Point]] = []
    next_of: Counter[str] = Counter()
    for point in points:
        number = next_of[point.place.test]
        next_of[point.place.test] += 1
        if number == len(runs):
            runs.append([])
        runs[number].append(point)
    return runs
