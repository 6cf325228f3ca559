"""Shows on the page of the control server how far an exploration is. Fills what is watched there, and serves nothing."""
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import gevent

from ...control.native.live.exploration import ExplorationFinding, Exploring, Failure
from ...protocols.kinds import CATEGORIES
from ..model.faults import ORDER, Point
from ..verdicts import VERDICTS
from .document import Document, Found, Tried
from .progress import Progress, line

CONFIRMING = 'confirm'  #: how lines about the confirmation begin
TELLING = 2.0       #: [seconds] at most until those who follow have been told of the end
#: what a cell shows of what came of its faults: the first of these that one of them has
WORST = (*VERDICTS, 'running', 'waiting', 'not confirmed', 'not tried', 'not met', 'pass')
#: words of a report
WORDS = {'clean': 'pass', 'kept': 'pass', 'unmet': 'not met', 'left': 'not tried'}
Cell = tuple[tuple[str, str, str], int]


def make_exploring(level: int) -> Exploring:
    """Make what is watched of an exploration."""
    return Exploring(level, [Failure(category=letter, mode=mode, meaning=CATEGORIES[letter]) for letter, mode in ORDER])


class Watched(Progress):
    """Tells of progress on a terminal, and on the page.

    Args:
        stream: Where to, as for ``Progress``.
        exploring: What the page is told of.
    """

    def __init__(self, stream: Any, exploring: Exploring) -> None:
        super().__init__(stream)
        self._exploring = exploring
        self._words: dict[int, tuple[Point, str]] = {}      # by point, which is kept so that its number stays its own
        self._cells: dict[Cell, Counter[str]] = {}

    def show(self, text: str) -> None:
        super().show(text)
        seen = self._exploring
        word, _, doing = text.partition(': ')
        seen.say('confirming' if word == CONFIRMING else 'baseline', doing, seen.runs, seen.runs_left)

    def level(self, level: int, done: int, total: int, found: int, began: float) -> None:
        super().show(line(level, done, total, found, time.monotonic() - began))
        self._exploring.say('trying', f'level {level}, run {done + 1} of {total}, {found} found', done, total - done)

    def stepped(self, done: int, left: int) -> None:
        self._exploring.say('trying', self._exploring.doing, done, left)

    def points(self, points: Iterable[Point], word: str) -> None:
        for point in points:
            before = self._words.get(id(point))
            cell = cell_of(*point.place.site[:2], point.shape, point.category, point.mode)
            self._words[id(point)] = point, word
            self._add(cell, word, before[1] if before else '')

    def _add(self, cell: Cell, word: str, before: str = '') -> None:
        counts = self._cells.setdefault(cell, Counter())
        if before:
            counts[before] -= 1
        counts[word] += 1
        self._exploring.put(*cell, next(name for name in WORST if counts[name] > 0))

    def ended(self, report: Document, summary: str) -> None:
        self._cells.clear()
        self._exploring.clear()
        held = {(place.site, place.test, one.proxy, one.class_, one.mode, one.verdict)
                for one in report.findings for place in one.places}
        for one in report.tried:
            cell = cell_of(one.proxy, one.stage, one.site, one.class_, one.mode)
            for word in said(one, held):
                self._add(cell, word)
        self._exploring.end(summary, [finding_of(one) for one in report.findings])
        until = time.monotonic() + TELLING
        while not self._exploring.is_told and time.monotonic() < until:
            gevent.sleep(0.02)


def cell_of(proxy: str, stage: str, shape: str, category: str, mode: str) -> Cell:
    """Return the row and the column of a fault."""
    return (proxy, shape, stage), ORDER.index((category, mode))


def said(tried: Tried, held: set[tuple[str, str, str, str, str, str]]) -> Sequence[str]:
    """Return what came of a fault in words of the matrix; a verdict that has not come again is not confirmed."""
    key = tried.site, tried.test, tried.proxy, tried.class_, tried.mode
    return [name if (*key, name) in held else WORDS.get(name, 'not confirmed') for name in tried.outcome]


def finding_of(found: Found) -> ExplorationFinding:
    """Return a finding of the report as the page has it."""
    return ExplorationFinding(
        verdict=found.verdict, level=found.level, proxy=found.proxy, category=found.class_, mode=found.mode,
        sentence=VERDICTS[found.verdict][1], detail=found.detail, again=found.again, accepted=found.accepted,
        requests=list(found.sites), request_count=len(found.sites), test_count=len(found.tests))
