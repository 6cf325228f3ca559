"""The report for programs: what was found, as JSON with a schema. Knows findings, and no file."""
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from ...words import schemas
from ..findings import Finding, Hit

VERSION = 1     #: of the form; what is added leaves it as it is


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
        level: What was tried: 1, 2 or 3.
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


def found(finding: Finding, accepted: bool) -> Found:
    """Return a finding as the report has it."""
    return Found(finding.verdict, finding.level, finding.proxy, finding.category, finding.mode, tuple(finding.kinds),
                 tuple(finding.sites), tuple(finding.tests), finding.detail, finding.again, accepted)


def unstable(hits: Iterable[Hit]) -> tuple[Unstable, ...]:
    """Return what did not come again as the report has it."""
    return tuple(Unstable(hit.verdict.name, hit.point.place.site.proxy, hit.point.category, hit.point.mode,
                          hit.point.place.site.shape, hit.point.place.test) for hit in hits)


def schema() -> dict[str, Any]:
    """Return the JSON schema of the report."""
    return schemas.document(Document, 'A report of vaurien explore')
