"""The baseline and the runs of a level. Knows how runs are made, and not how they are shown."""
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from ...plans.globs import Glob
from ...spec import FaultSpec
from ..baseline import Baseline, baseline_of
from ..findings import Hit, kind_of
from ..model.faults import Point, points_of
from ..model.packing import chosen, packed
from ..model.records import Run, Tested
from ..model.sites import places
from ..suite.limits import Limits, limits_of
from ..verdicts import judge
from .given import Given
from .growing import Growing

CLEAN_RUNS = 3
EVERY_REQUEST = 3   #: the level with each failure at each request of each test
PAIRS = 4       #: that with two faults together


class Judged(NamedTuple):
    """What a run has shown of one point.

    Args:
        point: The point.
        hits: What is wrong; None: no request has met the fault.
    """

    point: Point
    hits: list[Hit] | None


def take_baseline(given: Given, names: Mapping[tuple[str, str], str], tell: Callable[[str], None]) -> Baseline:
    """Run the suite without a fault: to warm up, three times through vaurien, and once beside it.

    Args:
        given: What is explored.
        names: What shapes were called in earlier runs.
        tell: Called with what is done now.
    """
    generous = Limits({}, 3600.0, 3600.0)
    tell('baseline: a run to warm up')
    given.runner.run(generous)
    runs = []
    for number in range(CLEAN_RUNS):
        tell(f'baseline: run {number + 1} of {CLEAN_RUNS}')
        runs.append(given.runner.run(generous))
    tell('baseline: a run beside vaurien')
    beside = given.runner.run(generous, beside=True)
    return baseline_of(runs, beside, given.effects, given.protocols, names)


def plan_level(baseline: Baseline, given: Given) -> list[Point]:
    """Return the points of the level, in the order in which they are tried; pairs grow of them."""
    level = 1 if given.level == PAIRS else given.level
    found = [point for tested in baseline.tests.values() for place in places(tested, baseline.known)
             for proxy in (place.site.proxy,)
             for point in points_of(place, given.protocols[proxy], level > 1, given.handshakes.get(proxy, ''))]
    globs = [Glob(text) for text in given.only]
    wanted = [point for point in found if point.category in given.classes
              and (not globs or any(glob.matches(point.place.site.shape) for glob in globs))]
    return chosen(wanted, level)


def specs_of(points: Iterable[Point]) -> list[FaultSpec]:
    """Return the plan that applies some points."""
    return [spec for point in points for spec in point.specs()]


def judge_run(given: Given, baseline: Baseline, run: Run, points: Sequence[Point],
              base: Callable[[Point], Tested]) -> list[Judged]:
    """Judge what a run with one fault for each test has shown; points of tests that it did not come to are left out."""
    judged = []
    for point in points:
        tested = run.tests.get(point.place.test)
        if tested is None:
            continue
        verdicts = judge(point, base(point), tested, baseline.known, baseline.stable, given.must_tolerate)
        kind, where = kind_of(tested, point), tested.where
        hits = None if verdicts is None else [Hit(point, verdict, kind, '', where, tested) for verdict in verdicts]
        judged.append(Judged(point, hits))
    return judged


class Level:
    """The runs of a level.

    Args:
        given: What is explored.
        baseline: What is known without a fault.
        points: What is done.
        growing: Grows pairs of them; None: nothing does.

    Attributes:
        left: Points that are still to be done.
        clean: Points with nothing wrong.
        hits: What is wrong so far, by point.
        unmet: Points whose request did not come.
        died: How many runs ended before they came to all of their tests.
    """

    def __init__(self, given: Given, baseline: Baseline, points: Sequence[Point], growing: Growing | None = None) -> None:
        self._given, self._baseline, self._growing = given, baseline, growing
        self._limits = limits_of(baseline.runs, given.limit)
        self.left = list(points)
        self.clean: list[Point] = []
        self.hits: list[list[Hit]] = []
        self.unmet: list[Point] = []
        self._verdicts: dict[int, list[Hit]] = {}       # by point; those of ``hits`` become fewer where they are confirmed
        self.died = 0

    def outcome(self, point: Point) -> list[str]:
        """Return what came of a point, as the report has it."""
        verdicts = [hit.verdict.name for hit in self._verdicts.get(id(point), ())]
        if verdicts:
            return verdicts
        for word, points in (('clean', self.clean), ('unmet', self.unmet), ('left', self.left)):
            if any(one is point for one in points):
                return [word]
        return ['kept']

    @property
    def runs(self) -> int:
        """How many runs are left."""
        return len(packed(self.left))

    def step(self) -> None:
        """Make the next run. What it did not come to, since it ended before, is left for the next; alone, where it ends each."""
        points = packed(self.left)[0]
        run = self._given.runner.run(self._limits, specs_of(points), [point.place.test for point in points])
        judged = {id(one.point): one.hits for one in judge_run(self._given, self._baseline, run, points, self._base)}
        over = set()
        grown: list[Point] = []
        for point in points:
            if judged and id(point) not in judged:
                continue
            over.add(id(point))
            hits = judged.get(id(point))
            if hits is None:
                self.unmet.append(point)
            elif hits:
                self.hits.append(hits)
                self._verdicts[id(point)] = list(hits)
            else:
                self.clean.append(point)
                grown += self._growing.grow(point, run.tests[point.place.test]) if self._growing is not None else ()
        self.died += len(over) < len(points)
        self.left = [*(point for point in self.left if id(point) not in over), *grown]

    def _base(self, point: Point) -> Tested:
        return self._growing.base(point) if self._growing is not None else self._baseline.tests[point.place.test]
