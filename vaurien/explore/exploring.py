"""One exploration: its steps in their order, what is said of them, and what is known when it ends early. Opens nothing."""
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .. import __version__
from .accepting import Known, is_accepted
from .baseline import Baseline
from .findings import Finding, Hit, grouped
from .kept import REPORT, Kept
from .model.faults import Point
from .model.packing import packed
from .model.sites import count_exchanges
from .report import document, terminal
from .report.annotations import annotations
from .report.progress import Progress
from .report.writing import Outputs
from .steps import EVERY_REQUEST, PAIRS, Confirming, Given, Growing, Level, plan_level, take_baseline
from .suite.runner import Stopped
from .verdicts import FAIL

FINE, FOUND, NO_BASELINE, INTERRUPTED = 0, 1, 3, 130    #: exit statuses
SHOWN_OUTPUT = 3000     #: [characters] of what a command has written that are shown where it does not pass


class Wishes(NamedTuple):
    """What is wanted of an exploration, beside what it explores.

    Args:
        budget: Seconds after which no run of a level is begun; None: there is no such limit.
        listing: Whether nothing is done but to show what would be.
        accepted: Findings that are known.
        outputs: Where reports are written, beside to where the last is kept.
    """

    budget: float | None
    listing: bool
    accepted: frozenset[Known]
    outputs: Outputs = Outputs()


class BudgetSpent(Exception):  # noqa: N818 - it is no error
    """No more run is to be begun."""


class Exploration:
    """The steps, and what is said of them.

    Args:
        given: What is explored.
        wishes: What is wanted of it.
        kept: What earlier runs have found out.
        say: Called with each line.
        progress: Shows how far it is.
    """

    def __init__(self, given: Given, wishes: Wishes, kept: Kept, say: Callable[[str], None], progress: Progress) -> None:
        self._given, self._wishes, self._kept, self._say, self._progress = given, wishes, kept, say, progress
        self._began = time.monotonic()
        self._baseline: Baseline | None = None
        self._level: Level | None = None
        self._confirming: Confirming | None = None
        self._points: list[Point] = []
        self._every = 0     # faults that there are at the level that has all
        self._new: list[Point] = []
        self._known = 0
        self._growing: Growing | None = None
        self._ended = ''

    def run(self) -> int:
        """Go through all steps, and return the exit status."""
        status = FINE
        try:
            status = self._steps()
        except Stopped:
            self._ended, status = 'interrupted', INTERRUPTED
        self._progress.clear()
        if status == INTERRUPTED and self._baseline is None:
            self._say('interrupted before the baseline was known: nothing was tried')
        if self._wishes.listing and not status:
            return status
        report = self._report()
        for finding in report.findings:
            for line in terminal.finding_lines(finding):
                self._say(line)
        for line in annotations(report, self._given.command, Path.cwd(), os.environ):
            self._say(line)
        summary = terminal.summary(report) if report.baseline is not None else ''
        if summary:
            self._say(summary)
        self._write(report)
        self._progress.ended(report, summary or f'ended before the baseline was known: {report.ended}')
        return status or (FOUND if any(one.level == FAIL and not one.accepted for one in report.findings) else FINE)

    def _steps(self) -> int:
        try:
            baseline = self._baseline = take_baseline(self._given, self._kept.names, self._say_progress)
        except BudgetSpent:
            self._ended = 'budget'
            self._progress.clear()
            self._say('the budget was spent before the baseline was known: nothing was tried')
            return NO_BASELINE
        self._progress.clear()
        if self._given.runner.note:
            self._say(self._given.runner.note)
        for line in terminal.baseline_lines(baseline):
            self._say(line)
        if baseline.broken or not baseline.tests:
            self._ended = 'baseline'
            for line in terminal.no_baseline_lines(baseline, SHOWN_OUTPUT):
                self._say(line)
            return NO_BASELINE
        self._kept.names.update(baseline.known.names)
        points = plan_level(baseline, self._given)
        self._points = points
        self._every = len(plan_level(baseline, self._given._replace(level=EVERY_REQUEST)))
        if self._given.level == PAIRS:
            self._growing = Growing(baseline, self._given.protocols, self._is_wanted, self._given.handshakes)
        growing = self._growing     # pairs grow of runs, and not of what is known of them
        new = self._new = [point for point in points if growing is not None or not self._kept.is_clean(point)]
        self._known = len(points) - len(new)
        level = self._level = Level(self._given, baseline, new, growing)
        self._say(terminal.level_line(self._given.level, len(points), self._known, level.runs))
        if baseline.sites and not points:
            self._say(terminal.nothing_line(self._given.only, self._given.classes))
        if self._wishes.listing:
            for line in terminal.point_lines(new):
                self._say(line)
            return FINE
        if self._given.only and baseline.sites and not points:
            return NO_BASELINE
        if not baseline.sites:
            self._say('nothing was tried: the command has asked no backend at the address that it was told')
            return NO_BASELINE
        self._progress.points(points, 'pass')   # as it was in an earlier run
        self._progress.points(new, 'waiting')
        self._try(level)
        self._confirm(baseline, level.hits)
        return FINE

    def _write(self, report: document.Document) -> None:
        """Write what is known to where it is wished."""
        outputs, baseline = self._wishes.outputs, self._baseline
        self._kept.write(REPORT, report)
        outputs.write(report, tuple(baseline.tests) if baseline is not None and not baseline.broken else (), self._given.command)
        fails = [one for one in self._found() if one.level == FAIL and not is_accepted(one, self._wishes.accepted)
                 and one.hits[0].point.first is None]
        outputs.write_tests(fails, self._given.again, self._given.alone)

    def _found(self) -> list[Finding]:
        """Return what holds so far."""
        return grouped(self._confirming.held if self._confirming else ())

    def _say_progress(self, text: str) -> None:
        self._progress.show(text)
        self._check_budget()

    def _check_budget(self) -> None:
        budget = self._wishes.budget
        if budget is not None and time.monotonic() - self._began > budget:
            raise BudgetSpent

    def _try(self, level: Level) -> None:
        """Make the runs of a level, as many as the budget has room for."""
        done = 0
        began = time.monotonic()
        try:
            while level.left:
                self._check_budget()
                self._progress.level(self._given.level, done, done + level.runs, sum(map(len, level.hits)), began)
                done += 1
                kept = len(level.clean)
                self._step(level)
                self._progress.stepped(done, level.runs)
                self._kept.add(level.clean[kept:])
        except BudgetSpent:
            self._ended = 'budget'

    def _step(self, level: Level) -> None:
        """Make the next run of a level, and tell what came of it."""
        tell, points = self._progress.points, packed(level.left)[0]
        tell(points, 'running')
        clean, hits, unmet, left = len(level.clean), len(level.hits), len(level.unmet), len(level.left) - len(points)
        level.step()
        tell(level.clean[clean:], 'pass')
        tell(level.unmet[unmet:], 'not met')
        for some in level.hits[hits:]:
            tell([some[0].point], some[0].verdict.name)
        again = {id(point) for point in points}
        tell([point for point in level.left if id(point) in again], 'waiting')
        tell(level.left[left:], 'waiting')      # those that have grown

    def _is_wanted(self, point: Point) -> bool:
        """Return whether a pair is to be tried."""
        return point.category in self._given.classes and not self._kept.is_clean(point)

    def _confirm(self, baseline: Baseline, hits: Sequence[list[Hit]]) -> None:
        confirming = self._confirming = Confirming(self._given, baseline, hits)
        for text in confirming.steps():
            self._progress.show(text)

    def _report(self) -> document.Document:
        """Return what is known."""
        baseline, level = self._baseline, self._level
        about = None if baseline is None else document.Baseline(
            len(baseline.tests), tuple(round(run.seconds, 3) for run in baseline.runs), count_exchanges(baseline.runs[-1]),
            len(baseline.sites), dict(baseline.left_out), baseline.broken)
        confirming = self._confirming
        waiting = confirming.waiting if confirming else level.hits if level else []
        findings = tuple(document.found(finding, is_accepted(finding, self._wishes.accepted))
                         for finding in self._found())
        grown = self._growing.grown if self._growing is not None else []
        points = [*self._points, *grown]
        return document.Document(
            document.VERSION, __version__, tuple(self._given.command), self._given.level, self._ended, about, findings,
            document.unstable(confirming.unstable if confirming else ()), len(points), self._known,
            len(level.left) if level else 0, len(level.unmet) if level else 0, sum(map(len, waiting)), self._given.runner.count,
            round(time.monotonic() - self._began, 3), confirming.runs if confirming else 0,
            len(packed([*self._new, *grown])), level.died if level else 0,
            document.tried(points, level.outcome if level else lambda point: ()), self._every)


def wishes_of(values: dict[str, Any], accepted: frozenset[Known]) -> Wishes:
    """Return what the command line wishes."""
    return Wishes(values['budget'], values['list'], accepted, Outputs(*(values[name] for name in Outputs._fields)))
