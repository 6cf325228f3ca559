"""The report for programs: what was found, as JSON with a schema. Knows findings, and no file."""
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from ...words import schemas
from ..findings import Finding, Hit
from ..model.faults import Point
from ..model.records import Tested

VERSION = 1     #: of the form; what is added leaves it as it is
BEFORE, AFTER = 6, 34   #: requests of a test that are shown before the one with the fault, and from that one on


class Asked(msgspec.Struct, frozen=True):
    """One request of a test, as it went with the fault.

    Args:
        at: Seconds after the first request of the test.
        seconds: How long it took until it was answered, or the connection ended.
        proxy: The proxy.
        session: The number of its connection.
        request: Its name.
        answer: How it was answered: ``ok``, or the server's own word for an error; empty: the connection ended first.
        fault: What was applied to it; empty: nothing.
    """

    at: float
    seconds: float
    proxy: str
    session: int
    request: str
    answer: str
    fault: str


class Place(msgspec.Struct, frozen=True):
    """One place where a finding shows: a request of a test.

    Args:
        site: The request, by its shape.
        test: The test.
        file: Where that is written, as seen from where the command runs; empty: that is not known.
        line: The line of that file, from 1; 0: it is not known.
        kind: What was applied.
        detail: What was seen.
        outcome: How the test ended: ``passed``, ``failed`` or ``unfinished``.
        seconds: How long it took.
        output: The end of what it said of its failure, or of what the command has written.
        again: The command line that shows it again; empty: that of the finding does.
        asked: What it asked around the fault.
        before, after: How many requests it had before and after these.
    """

    site: str
    test: str
    file: str
    line: int
    kind: str
    detail: str
    outcome: str
    seconds: float
    output: str
    again: str
    asked: tuple[Asked, ...]
    before: int
    after: int


class Tried(msgspec.Struct, frozen=True):
    """What came of one fault.

    Args:
        proxy: The proxy.
        stage: Where in the conversation the request stands.
        site: The request, by its shape.
        class_: The class of the fault.
        mode: ``once`` or ``always``.
        test: The test.
        outcome: ``clean``: nothing wrong; ``kept``: so it was in an earlier run; ``unmet``: no request met it; ``left``: it was
            not tried; else the verdicts that it had, before they were confirmed.
    """

    proxy: str
    stage: str
    site: str
    class_: str = msgspec.field(name='class')
    mode: str
    test: str
    outcome: tuple[str, ...]


class Found(msgspec.Struct, frozen=True):
    """One finding.

    Args:
        verdict: Its name.
        level: ``FAIL`` or ``WARN``.
        proxy: The proxy whose client it is about.
        class_: The class of the fault: A to F.
        mode: ``once`` or ``always``.
        kinds: What was applied.
        sites: The requests that show it, by their shapes.
        tests: The tests that show it.
        detail: What was seen at the first of them.
        again: The command line that shows it again.
        accepted: Whether all of it is among the findings that are known.
        places: Each request of a test that shows it.
    """

    verdict: str
    level: str
    proxy: str
    class_: str = msgspec.field(name='class')
    mode: str
    kinds: tuple[str, ...]
    sites: tuple[str, ...]
    tests: tuple[str, ...]
    detail: str
    again: str
    accepted: bool = False
    places: tuple[Place, ...] = ()


class Unstable(msgspec.Struct, frozen=True):
    """What was seen once, and not again.

    Args:
        verdict: What it would be.
        proxy: The proxy.
        class_: The class of the fault.
        mode: ``once`` or ``always``.
        site: The request, by its shape.
        test: The test.
    """

    verdict: str
    proxy: str
    class_: str = msgspec.field(name='class')
    mode: str
    site: str
    test: str


class Baseline(msgspec.Struct, frozen=True):
    """What the suite does without a fault.

    Args:
        tests: How many of its tests can be relied on.
        seconds: How long it takes through vaurien, of each clean run.
        requests: How many requests it makes.
        sites: How many kinds of requests these are.
        left_out: Tests that cannot be relied on, and why.
        broken: Tests that fail only through vaurien.
    """

    tests: int
    seconds: tuple[float, ...]
    requests: int
    sites: int
    left_out: Mapping[str, str]
    broken: tuple[str, ...]


class Document(msgspec.Struct, frozen=True):
    """The report.

    Args:
        version: Of the form: 1.
        vaurien: The version of vaurien.
        command: The command.
        level: What was tried: 1, 2, 3 or 4.
        ended: Why it ended before all was tried: ``budget``, ``interrupted``, ``baseline``; empty: all was.
        baseline: What the suite does without a fault; null: it has not come so far.
        findings: What was found, the worst first.
        unstable: What was seen and did not come again.
        faults: How many faults there are at this level.
        kept: Of these, how many were known from earlier runs.
        left: Of these, how many were not tried.
        unmet: Of these, how many met no request when they were tried.
        unconfirmed: Verdicts that were not held against the test alone any more.
        runs: How often the command was run.
        seconds: How long all of it took.
        confirming: Of these runs, how many held verdicts against more than the run that showed them.
        most: The most faults that one test has at this level; a run applies one to each test.
        died: Of these runs, how many ended before they came to all of their tests; the others are run again.
        tried: What came of each fault, in the order in which they are tried.
        points: How many faults there are at level 3: each failure at each request of each test.
    """

    version: int
    vaurien: str
    command: tuple[str, ...]
    level: int
    ended: str
    baseline: Baseline | None
    findings: tuple[Found, ...]
    unstable: tuple[Unstable, ...]
    faults: int
    kept: int
    left: int
    unmet: int
    unconfirmed: int
    runs: int
    seconds: float
    confirming: int = 0
    most: int = 0
    died: int = 0
    tried: tuple[Tried, ...] = ()
    points: int = 0


def found(finding: Finding, accepted: bool) -> Found:
    """Return a finding as the report has it."""
    return Found(finding.verdict, finding.level, finding.proxy, finding.category, finding.mode, tuple(finding.kinds),
                 tuple(finding.sites), tuple(finding.tests), finding.detail, finding.again, accepted,
                 tuple(place(hit) for hit in finding.hits))


def place(hit: Hit) -> Place:
    """Return one place of a finding as the report has it."""
    where, tested = hit.point.place, hit.tested or Tested(hit.point.place.test, '', 0.0)
    exchanges = tested.exchanges
    first = next((at for at, one in enumerate(exchanges) if one.fault), 0)
    begin = max(0, first - BEFORE)
    some = exchanges[begin:first + AFTER]
    asked = tuple(Asked(round(one.time - exchanges[0].time, 4), round(one.seconds, 4), one.proxy, one.session, one.name,
                        one.answer, one.fault.rpartition('/')[2]) for one in some)
    return Place(hit.point.shape, where.test, tested.file, tested.line, hit.kind, hit.verdict.detail, tested.outcome,
                 round(tested.seconds, 3), tested.text, hit.again, asked, begin, len(exchanges) - begin - len(some))


def tried(points: Iterable[Point], outcome: Callable[[Point], Sequence[str]]) -> tuple[Tried, ...]:
    """Return what came of each fault as the report has it.

    Args:
        points: The faults.
        outcome: Says what came of one.
    """
    return tuple(Tried(*point.place.site[:2], point.shape, point.category, point.mode, point.place.test, tuple(outcome(point)))
                 for point in points)


def unstable(hits: Iterable[Hit]) -> tuple[Unstable, ...]:
    """Return what did not come again as the report has it."""
    return tuple(Unstable(hit.verdict.name, hit.point.place.site.proxy, hit.point.category, hit.point.mode,
                          hit.point.shape, hit.point.place.test) for hit in hits)


def schema() -> dict[str, Any]:
    """Return the JSON schema of the report."""
    return schemas.document(Document, 'A report of vaurien explore')
