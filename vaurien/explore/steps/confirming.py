"""The confirmation: each verdict has to come again, and a FAIL in its test alone. Knows how runs are made."""
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence

from ...protocols.tls_kinds import HANDSHAKE
from ..baseline import Baseline
from ..findings import Hit, again, each_alone
from ..model.faults import BLACKOUT, Point
from ..model.packing import packed
from ..model.records import Run, Tested
from ..suite.kinds import SERVED, TOLD
from ..suite.limits import limits_of
from ..verdicts import FAIL, judge
from .given import Given
from .levels import specs_of


class Confirming:
    """Holds verdicts against more runs.

    All are tried once more, one fault for each test and run, and their tests once without a fault. What comes again is tried in
    its test alone: each FAIL, and of the WARNs the first of each kind, whose command line is shown.

    Args:
        given: What is explored.
        baseline: What is known without a fault.
        hits: The verdicts, by point.

    Attributes:
        waiting: Those that are still to be held against more runs.
        held: Those that hold.
        unstable: Those that do not; what is meant, as another failure shows, is in neither.
    """

    def __init__(self, given: Given, baseline: Baseline, hits: Sequence[list[Hit]]) -> None:
        self._given, self._baseline, self._before = given, baseline, given.runner.count
        self._limits = limits_of(baseline.runs, given.limit)
        self.waiting = [list(some) for some in hits]
        self.held: list[Hit] = []
        self.unstable: list[Hit] = []
        self._alone: dict[str, Tested | None] = {}
        self._missed: set[int] = set()      # points that no run has come to

    @property
    def runs(self) -> int:
        """How many runs it has made."""
        return self._given.runner.count - self._before

    def steps(self) -> Iterator[str]:
        """Do it, and tell before each run what is done."""
        if self.waiting:
            yield from self._together()
            yield from self._each_alone()

    def _together(self) -> Iterator[str]:
        """Hold all against one more run, in which each test has one fault."""
        yield 'confirm: a run without a fault'
        tests = list(dict.fromkeys(hits[0].point.place.test for hits in self.waiting))
        clean = self._given.runner.run(self._limits, (), tests).tests
        single = [hits[0].point for hits in self.waiting if hits[0].point.first is None]
        # pairs have other bases
        self._missed |= {id(hits[0].point) for hits in self.waiting if hits[0].point.first is not None}
        runs = packed(single)
        for number, points in enumerate(runs, 1):
            yield f'confirm: run {number} of {len(runs)}'
            run = self._given.runner.run(self._limits, specs_of(points), [point.place.test for point in points])
            for point in points:
                tested, base = run.tests.get(point.place.test), clean.get(point.place.test)
                if tested is None:
                    self._missed.add(id(point))     # the run was ended before it came so far
                else:
                    self._keep(point, self._seen(point, base, tested))

    def _each_alone(self) -> Iterator[str]:
        """Hold what has to be against its test alone."""
        shown: set[object] = set()
        for number, hits in enumerate(list(self.waiting)):
            kinds = {(hit.verdict.name, hit.verdict.level, site.proxy, site.stage == HANDSHAKE, *hit.point.key[1:])
                     for hit in hits for site in (hit.point.place.site,)}
            if kinds <= shown and not self._needs(hits):
                self.held += self.waiting.pop(0)
                continue
            yield f'confirm: {number} of {number + len(self.waiting)} alone'
            self._try_alone(hits[0].point)
            if self.waiting and self.waiting[0] is hits:
                shown |= kinds
                self.held += self.waiting.pop(0)

    def _needs(self, hits: Sequence[Hit]) -> bool:
        """Return whether verdicts have to hold alone in any case."""
        return id(hits[0].point) in self._missed or any(hit.verdict.level == FAIL or hit.verdict.name == 'leak' for hit in hits)

    def _keep(self, point: Point, seen: set[str], line: str = '', meant: Collection[str] = (),
              tested: Tested | None = None) -> None:
        """Keep of the verdicts on a point those that have been seen again; forget those that are meant."""
        for hits in self.waiting:
            if hits[0].point is point:
                self.unstable += [hit for hit in hits if hit.verdict.name not in seen and hit.verdict.name not in meant]
                hits[:] = [hit._replace(again=line or hit.again, tested=tested or hit.tested) for hit in hits
                           if hit.verdict.name in seen and hit.verdict.name not in meant]
        self.waiting = [hits for hits in self.waiting if hits]

    def _seen(self, point: Point, base: Tested | None, tested: Tested | None) -> set[str]:
        """Return the names of the verdicts on a point in one more run; none where its test does not pass without the fault."""
        if base is None or not base.passed or tested is None:
            return set()
        return {verdict.name for verdict in judge(point, base, tested, self._baseline.known, self._baseline.stable) or ()}

    def _try_alone(self, point: Point) -> None:
        """Hold the verdicts on a point against its test alone."""
        run, tested = self._with(point)
        test = point.place.test
        base: Tested | None = self._baseline.tests[test]
        if point.first is not None:
            base = self._with(point.first)[1]
        elif base is not None and tested is not None and (not tested.passed or tested.open > base.open):
            base = self._without(test)      # it might fail alone in any case, or open what an earlier test does
        seen = self._seen(point, base, tested)
        meant = ('silent-success',) if 'silent-success' in seen and point.category == 'E' and self._tolerated(point) else ()
        line = self._again(point, run, tested) if tested is not None else ''
        self._keep(point, seen, line, meant, tested)

    def _again(self, point: Point, run: Run, tested: Tested) -> str:
        """Return the command line that shows it again."""
        given, suite = self._given, self._given.runner.suite
        if suite.kind in (SERVED, TOLD):    # nothing else starts the program and drives it, or says which test is on
            words = ['vaurien', 'explore', *given.again, '--only', point.place.site.glob, '--classes', point.category, '--fresh']
            return shlex.join([*words, '--', *suite.command])
        command = given.runner.suite.narrowed(tested.where or point.place.test)
        return again(given.options, command, each_alone(point, run))

    def _with(self, point: Point) -> tuple[Run, Tested | None]:
        run = self._given.runner.run(self._limits, point.specs(), [point.place.test])
        return run, run.tests.get(point.place.test)

    def _without(self, test: str) -> Tested | None:
        if test not in self._alone:
            tests: Mapping[str, Tested] = self._given.runner.run(self._limits, (), [test]).tests
            self._alone[test] = tests.get(test)
        return self._alone[test]

    def _tolerated(self, point: Point) -> bool:
        """Return whether a test passes without this response at all: then half of it was not taken for whole."""
        _, tested = self._with(point._replace(category='F', kinds=(BLACKOUT,)))
        return tested is not None and tested.passed
