"""What a scenario's report looks like on a terminal. Knows the report alone."""
from collections.abc import Iterator, Sequence

from ...words.console import escaped
from .document import PhaseReport, Report, Totals

TITLES = ('PHASE', 'SECONDS', 'REQUESTS', 'PER S', 'FAULTS', 'ERRORS', 'P50', 'P90', 'P99')
MAX_ERRORS = 20     #: lines of errors; the file of ``--json`` has all
MAX_ENTRIES = 20    #: lines of entries of plans, likewise
NOTHING = '-'
TOTAL, AFTER = 'total', 'after the last phase'


def write(report: Report) -> str:
    """Write a report: a line for each phase, for each proxy in it where there are several, and the errors by kind."""
    names = {name for phase in report.phases for name in phase.proxies}
    rows = [row for phase in report.phases for row in phase_rows(phase, several=len(names) > 1)]
    rows.append(row_of(TOTAL, report.seconds, report.total))
    if report.after.requests:
        rows.append(row_of(AFTER, None, report.after))
    parts = [aligned([TITLES, *rows]), *error_lines(report), *plan_lines(report)]
    if report.trouble:
        parts.append(f'failed: {escaped(report.trouble)}')
    return '\n'.join(parts)


def phase_rows(phase: PhaseReport, several: bool) -> Iterator[Sequence[str]]:
    """Give the row of a phase, and those of its proxies."""
    yield row_of(phase.name, phase.seconds, phase.total)
    if several:
        yield from (row_of(f'  {name}', phase.seconds, found) for name, found in phase.proxies.items())


def row_of(name: str, seconds: float | None, found: Totals) -> Sequence[str]:
    """Write a row."""
    times = [NOTHING] * 3 if found.latency is None else \
        [milliseconds(value) for value in (found.latency.p50, found.latency.p90, found.latency.p99)]
    rate = f'{found.requests / seconds:.1f}' if seconds else NOTHING
    return (escaped(name), NOTHING if seconds is None else f'{seconds:.1f}', str(found.requests), rate,
            str(sum(found.faults.values())), errors(found), *times)


def errors(found: Totals) -> str:
    """Write how many requests failed, and which share that is."""
    return f'{found.failed} ({found.failed / found.requests:.1%})' if found.failed else '0'


def milliseconds(seconds: float) -> str:
    """Write a time in three digits."""
    return f'{seconds * 1000:.3g} ms' if seconds < 0.9995 else f'{seconds:.3g} s'


def error_lines(report: Report) -> Iterator[str]:
    """Give the errors of all phases by kind, a line each."""
    found = report.total.errors
    for error in found[:MAX_ERRORS]:
        whose = f'injected by {error.fault}' if error.fault else "the backend's own"
        yield escaped(f'error {error.kind}: {error.count}, {whose}')
    if len(found) > MAX_ERRORS:
        yield f'and {len(found) - MAX_ERRORS} kinds more'


def plan_lines(report: Report) -> Iterator[str]:
    """Give what became of the entries of phases' plans, a line each."""
    found = [(phase.name, entry) for phase in report.phases for entry in phase.plan]
    for name, entry in found[:MAX_ENTRIES]:
        became = f'applied {entry.applied}, matched {entry.matched}' if entry.applied else f'not applied, {entry.reason}'
        yield escaped(f'plan of {name}: {entry.fault}: {became}')
    if len(found) > MAX_ENTRIES:
        yield f'and {len(found) - MAX_ENTRIES} entries of plans more'


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Write rows in columns; the first one stands at the left, numbers at the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return '\n'.join('  '.join(cell.rjust(width) if at else cell.ljust(width)
                               for at, (cell, width) in enumerate(zip(row, widths, strict=True))) for row in rows)
