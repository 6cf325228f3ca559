"""Where the time of the event loop went, in lines for standard output. Knows a report, and not how it came about."""
from collections.abc import Iterator

from .owners import IDLE
from .sampler import Report

MOST = 10   #: owners that get a line; those after them get one together


def lines(report: Report) -> Iterator[str]:
    """Write a report: how busy the loop was, which turn was the longest, and who had the time, the most first."""
    busy = [share for share in report.shares if share.owner.what != IDLE]
    longest = ''
    if report.longest is not None:
        seconds, owner = report.longest
        longest = f'; all else was held up for {seconds * 1000:.0f} ms at most, by {owner}'
    yield f'busy for {sum(share.share for share in busy):.1%} of {report.seconds:.1f} s{longest}'
    for share in busy[:MOST]:
        yield f'{share.share:7.1%} {share.seconds:8.2f} s  {share.owner}'
    if rest := busy[MOST:]:
        yield f'{sum(share.share for share in rest):7.1%} {sum(share.seconds for share in rest):8.2f} s  {len(rest)} more'
