"""The report of a scenario, as data: what ``--json`` writes. The descriptions are the reference's. Knows what was counted."""
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from ...words import schemas
from ..counts.histogram import Histogram
from ..counts.recorder import Played, Recorder
from ..counts.tally import Tally
from ..counts.timeline import Cell

VERSION = 1     #: of the report's form; what is added later does not change it
DIGITS = 6      #: after the point of times: microseconds


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """How long requests took that were answered, with an error too: from the arrival of a request at vaurien until the last byte
    of its response was written to the client. Each is within 1 %.
    """

    p50: Annotated[float, Meta(description='Half of them took at the most so long [seconds]')]
    p90: Annotated[float, Meta(description='90 % did')]
    p99: Annotated[float, Meta(description='99 % did')]
    max: Annotated[float, Meta(description='The longest of all, exactly')]


class ErrorCount(msgspec.Struct, frozen=True, kw_only=True):
    """Requests that failed in the same way."""

    kind: Annotated[str, Meta(description="The protocol's own code or word; ``lost``: the connection ended before there was a "
                                          'response; ``others``: there were too many kinds')]
    source: Annotated[str, Meta(description='``backend``: it was its own; ``vaurien``: a fault was injected')]
    fault: Annotated[str, Meta(description='The fault, where there was one')]
    count: Annotated[int, Meta(description='How many requests')]


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """What clients saw."""

    requests: Annotated[int, Meta(description='All that have come to their end')]
    failed: Annotated[int, Meta(description='Those that were answered with an error, or not at all')]
    faults: Annotated[dict[str, int], Meta(description='What was injected, by behavior and kind')]
    errors: Annotated[list[ErrorCount], Meta(description='How those failed, the most frequent first')]
    latency: Annotated[Latency | None, Meta(description='How long they took; null: none was answered')]
    accepted: Annotated[int, Meta(description='Connections that were accepted')]
    refused: Annotated[int, Meta(description='Connections that were too many')]
    unreachable: Annotated[int, Meta(description='Connections that were reset since the backend took none')]


class PlannedFault(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an entry of a phase's plan."""

    fault: Annotated[str, Meta(description='What it says')]
    matched: Annotated[int, Meta(description='Requests that were as it says')]
    applied: Annotated[int, Meta(description='Those of them that got it')]
    reason: Annotated[str, Meta(description='Why none did, or not the newest one that was due; empty: it did')]


class PhaseReport(msgspec.Struct, frozen=True, kw_only=True):
    """One phase."""

    name: Annotated[str, Meta(description='Its name')]
    begin: Annotated[float, Meta(description='When it began, in seconds of the scenario')]
    seconds: Annotated[float, Meta(description='How long it lasted')]
    ended: Annotated[str, Meta(description='``time``; ``until``: what ends it earlier was true; ``stopped``: by a signal, or '
                                           'by the end of the command; ``failed``: it could not be applied')]
    total: Annotated[Totals, Meta(description='Of all proxies together')]
    proxies: Annotated[dict[str, Totals], Meta(description='By proxy')]
    plan: Annotated[list[PlannedFault], Meta(description='What became of each entry of its plan')] = []


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """One cell of the timeline."""

    requests: Annotated[int, Meta(description='That have come to their end in it')]
    failed: Annotated[int, Meta(description='Those of them that failed')]
    faults: Annotated[int, Meta(description='Injected in it')]
    p50: Annotated[float | None, Meta(description='Of those that were answered [seconds]; null: none was')]
    p99: Annotated[float | None, Meta(description='The same')]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The report."""

    version: Annotated[int, Meta(description='Of its form')] = VERSION
    scenario: Annotated[str, Meta(description='The name of the scenario, or its file')]
    ended: Annotated[str, Meta(description='``time``: it was played to its end; ``stopped`` or ``failed``: as for a phase')]
    trouble: Annotated[str, Meta(description='Why it failed; empty: it did not')]
    seed: Annotated[int, Meta(description='``--seed`` with it repeats the same faults')]
    began: Annotated[float, Meta(description='When it began, in seconds since 1970')]
    seconds: Annotated[float, Meta(description='How long it lasted')]
    total: Annotated[Totals, Meta(description='Of all phases')]
    phases: Annotated[list[PhaseReport], Meta(description='Each phase that was begun')]
    after: Annotated[Totals, Meta(description='What came to its end after the last phase, while connections ended')]
    width: Annotated[float, Meta(description='How long a cell of the timeline is [seconds]')]
    timeline: Annotated[list[Moment], Meta(description='At most 240 cells, from the beginning on')]
    notes: Annotated[list[str], Meta(
        description='What else is to be said of it, such as a phase that its ``until`` did not end')] = []


def make_report(recorder: Recorder, name: str, seed: int, began: float, ended: str, trouble: str,
                notes: Sequence[str] = ()) -> Report:
    """Make the report of what a recorder has counted.

    Args:
        recorder: The recorder; nothing is counted any more.
        name: What the report is about.
        seed: What all randomness was made from.
        began: When it began [s since 1970].
        ended: Why it ended.
        trouble: Why it failed; empty: it did not.
        notes: What else is to be said of it.
    """
    everything = Tally()
    for played in recorder.phases:
        everything.merge(played.total())
    phases = [phase_report(played) for played in recorder.phases]
    return Report(scenario=name, ended=ended, trouble=trouble, seed=seed, began=round(began, DIGITS),
                  seconds=round(sum(phase.seconds for phase in phases), DIGITS), total=totals(everything), phases=phases,
                  after=totals(recorder.after.total()), width=recorder.timeline.width,
                  timeline=[moment(cell) for cell in recorder.timeline.cells], notes=list(notes))


def phase_report(played: Played) -> PhaseReport:
    """Make the report of a phase."""
    end = played.begin if played.end is None else played.end
    return PhaseReport(name=played.name, begin=round(played.begin, DIGITS), seconds=round(end - played.begin, DIGITS),
                       ended=played.why, total=totals(played.total()),
                       proxies={name: totals(tally) for name, tally in sorted(played.proxies.items())},
                       plan=[PlannedFault(fault=entry.text, matched=entry.matched, applied=entry.applied, reason=entry.reason)
                             for entry in played.plan])


def totals(tally: Tally) -> Totals:
    """Make a report of what was counted."""
    errors = [ErrorCount(kind=kind.answer, source='vaurien' if kind.fault else 'backend', fault=kind.fault, count=count)
              for kind, count in sorted(tally.errors.items(), key=lambda item: (-item[1], item[0]))]
    return Totals(requests=tally.requests, failed=tally.failed, faults=dict(tally.faults.most_common()), errors=errors,
                  latency=latency(tally.answered), accepted=tally.accepted, refused=tally.refused,
                  unreachable=tally.unreachable)


def latency(answered: Histogram) -> Latency | None:
    """Return what is told of times; None: there are none."""
    if not answered.count:
        return None
    found = {f'p{share}': rounded(answered, share / 100) or 0.0 for share in (50, 90, 99)}
    return Latency(**found, max=round(answered.highest, DIGITS))


def moment(cell: Cell) -> Moment:
    """Make a report of a cell."""
    return Moment(requests=cell.requests, failed=cell.failed, faults=cell.faults, p50=rounded(cell.answered, 0.5),
                  p99=rounded(cell.answered, 0.99))


def rounded(times: Histogram, share: float) -> float | None:
    """Return a quantile in microseconds."""
    found = times.quantile(share)
    return None if found is None else round(found, DIGITS)


def schema() -> dict[str, Any]:
    """Return the JSON schema of the report."""
    return schemas.document(Report, 'A report of a scenario of vaurien')
