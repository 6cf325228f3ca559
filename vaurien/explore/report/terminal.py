"""What is said on the terminal: a line for the baseline, one for each level, one for each finding. Writes nothing itself."""
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from ..baseline import Baseline
from ..model.faults import ALWAYS, Point
from ..model.sites import Site, count_exchanges
from ..verdicts import FAIL
from .document import Document, Found
from .progress import clock

MAX_PLACES = 4      #: sites of a finding that are shown
WIDTHS = 18, 12, 34     #: [characters] of the columns


def baseline_lines(baseline: Baseline) -> Iterator[str]:
    """Give the lines about a baseline."""
    last = baseline.runs[-1]
    yield (f'{"baseline":10} {counted(len(baseline.tests), "test")}, {len(baseline.runs)} x {last.seconds:.1f} s, '
           f'{counted(count_exchanges(last), "request")}, {counted(len(baseline.sites), "site")}')
    for name, why in baseline.left_out.items():
        yield f'{"":10} left out: {name}: {why}'


def no_baseline_lines(baseline: Baseline, characters: int) -> Iterator[str]:
    """Give the lines about a baseline that does not hold."""
    for name in baseline.broken:
        yield f'{"":10} fails only through vaurien: {name}'
    output = baseline.runs[-1].output[-characters:].rstrip('\n')
    why = 'nothing can be said of tests that vaurien itself breaks' if baseline.broken else 'no test passes each time'
    yield f'the baseline does not hold: {why}; ' + ('what the command wrote ends with' if output else 'the command wrote nothing')
    if output:
        yield output


def level_line(level: int, faults: int, known: int, runs: int) -> str:
    """Return the line about a level that begins."""
    earlier = f', {known} of them known from before' if known else ''
    return f'{f"level {level}":10} {counted(faults, "fault")}{earlier}; {counted(runs, "suite run")}'


def nothing_line(only: Sequence[str], classes: str) -> str:
    """Return the line that says that the requests have no fault such as is wished."""
    shapes = f' at requests such as {" or ".join(only)}' if only else ''
    return (f'nothing was tried: there is no failure of the classes {classes}{shapes}; --list, without --only and --classes, '
            'shows those that there are')


def point_lines(points: Iterable[Point]) -> Iterator[str]:
    """Give a line for each site, with what would be done to it."""
    found: dict[Site, list[Point]] = defaultdict(list)
    for point in points:
        found[point.place.site].append(point)
    for site, some in found.items():
        done = ' '.join(point.category + ('*' if point.mode == ALWAYS else '') for point in some)
        tests = len({point.place.test for point in some})
        yield f'{site.proxy:12} {site.shape[:60]:60} {done}  in {counted(tests, "test")}'


def finding_lines(finding: Found) -> Iterator[str]:
    """Give the lines about a finding."""
    sites, tests = finding.sites, finding.tests
    first, second, third = WIDTHS
    known = '  (accepted)' if finding.accepted else ''
    yield (f'{finding.level} {finding.verdict:{first}} {finding.proxy:{second}} {sites[0][:third]:{third}}  '
           f'{finding.detail}  {tests[0]}' + (f' and {len(tests) - 1} more' if len(tests) > 1 else '') + known)
    for site in sites[1:MAX_PLACES]:
        yield f'{"":4} {"":{first}} {"":{second}} {site[:third]}'
    if len(sites) > MAX_PLACES:
        yield f'{"":4} {"":{first}} {"":{second}} and {len(sites) - MAX_PLACES} more'
    yield f'again:  {finding.again}'


def summary(report: Document) -> str:
    """Return the last line."""
    fails = sum(1 for finding in report.findings if finding.level == FAIL)
    unsure = [f'{number} {what}' for number, what in (
        (len(report.unstable), 'unstable'), (report.unconfirmed, 'not confirmed'), (report.unmet, 'met by no request'),
        (report.left, {'budget': 'left out as the budget was spent'}.get(report.ended, 'not tried'))) if number]
    return (f'{", ".join([f"{fails} FAIL", f"{len(report.findings) - fails} WARN", *unsure])}; '
            f'{counted(report.runs, "run")} of the command in {clock(report.seconds)}')


def counted(number: int, what: str) -> str:
    """Return a number with its word.

    >>> counted(1, 'test'), counted(2, 'test')
    ('1 test', '2 tests')
    """
    return f'{number} {what}' if number == 1 else f'{number} {what}s'
