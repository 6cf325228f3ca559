"""What a command met, in a few lines. Knows proxies by what they have counted, and writes nothing."""
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from ..cli.live import described
from ..proxies.fleet import Fleet
from ..proxies.proxy import Proxy

MAX_FAULTS = 10     #: faults that are shown; the control server, while it runs, has 10,000


def lines(fleet: Fleet, left: int) -> Iterator[str]:
    """Give the lines of the report.

    Args:
        fleet: The proxies.
        left: How many processes the command has left behind, which were ended.
    """
    for proxy in fleet.proxies.values():
        yield f'{proxy.name}: {summary(proxy)}'
        yield from warnings(proxy)
    count = fleet.journal.count
    for fault in islice(fleet.journal.since(), MAX_FAULTS):
        yield f'  {described(fault)}'
    if count > MAX_FAULTS:
        yield f'  ... and {count - MAX_FAULTS} more faults'
    if count:
        yield f'the same again: --seed {fleet.seed}'
    if left:
        yield f'{left} {"process" if left == 1 else "processes"} that the command left behind: ended'


def summary(proxy: Proxy) -> str:
    """Say what came through a proxy, and what was done to it."""
    stats = proxy.stats
    if not stats.accepted:
        return 'no connection came through it'
    faults = Counter({' '.join(filter(None, names)): count for names, count in stats.faults.items()})
    counted = ', '.join(f'{name} {count}' for name, count in faults.most_common())
    requests = proxy.totals()[0]
    return (f'{requests} {"request" if requests == 1 else "requests"} on {stats.accepted} '
            f'{"connection" if stats.accepted == 1 else "connections"}, faults {faults.total()}{counted and f": {counted}"}')


def warnings(proxy: Proxy) -> Iterator[str]:
    """Say what was asked for and has not happened, and what has happened that was not."""
    stats = proxy.stats
    met = {name for name, _ in stats.faults}
    if stats.accepted:
        for entry in proxy.spec.mix:
            if entry.name not in met and entry.percent and entry.name != 'dummy':
                yield f'{proxy.name}: warning: {entry.percent:g}:{entry.name} was never drawn'
    if stats.backend_errors:
        what = 'a host of --intercept' if proxy.spec.intercept else f'its backend {proxy.spec.backend}'
        yield f'{proxy.name}: warning: {what} was not reached, {stats.backend_errors} times'
