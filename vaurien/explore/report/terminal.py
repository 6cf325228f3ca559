"""What is said on the terminal: a line for the baseline, one for each level, one for each finding. Writes nothing itself."""
from collections.abc import Iterator, Sequence

from ..baseline import Baseline
from ..findings import Finding
from ..model.sites import count_exchanges
from ..verdicts import FAIL

MAX_PLACES = 3      #: sites of a finding that are shown
WIDTHS = 18, 12, 34     #: [characters] of the columns


def baseline_line(baseline: Baseline) -> Iterator[str]:
    """Give the lines about a baseline."""
    last = baseline.runs[-1]
    yield (f'{"baseline":12} {counted(len(baseline.tests), "test")}, {len(baseline.runs)} x {last.seconds:.1f} s, '
           f'{counted(count_exchanges(last), "request")}, {counted(len(baseline.sites), "site")}')
    for name, why in baseline.left_out.items():
        yield f'{"":12} left out: {name}: {why}'


def finding_lines(finding: Finding) -> Iterator[str]:
    """Give the lines about a finding."""
    sites, tests = finding.sites, finding.tests
    first, second, third = WIDTHS
    more = f' and {len(sites) - 1} more' if len(sites) > 1 else ''
    yield (f'{finding.level} {finding.verdict:{first}} {finding.proxy:{second}} {sites[0][:third] + more:{third}}  '
           f'{finding.detail}  {tests[0]}' + (f' and {len(tests) - 1} more' if len(tests) > 1 else ''))
    for site in sites[1:MAX_PLACES]:
        yield f'{"":5}{"":{first}} {"":{second}} {site[:third]}'
    yield f'     again:  {finding.again}'


def summary(findings: Sequence[Finding], unstable: int, left: int, runs: int, seconds: float) -> str:
    """Return the last line."""
    fails = sum(1 for finding in findings if finding.level == FAIL)
    return (f'{counted(fails, "FAIL")}, {len(findings) - fails} WARN, {unstable} unstable, {left} not tried; '
            f'{counted(runs, "run")} of the suite in {seconds:.0f} s')


def counted(number: int, what: str) -> str:
    """Return a number with its word.

    >>> counted(1, 'test'), counted(2, 'test')
    ('1 test', '2 tests')
    """
    return f'{number} {what}' if number == 1 or what.isupper() else f'{number} {what}s'
