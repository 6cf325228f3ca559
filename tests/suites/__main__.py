"""``python -m tests.suites [--rounds N] [SUITE ...]``: prints a table; status 1 where other tests pass than without vaurien.

The runs with ``vaurien run`` and without it take turns, on fresh servers each. Suites with an address written into them need it
to be free.
"""
import argparse
import contextlib
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.support import servers
from tests.support.peers import listener
from tests.support.processes import HOST, Server

from .install import install
from .measure import Measured, measure
from .suites import POSTGRES, SUITES, WRITTEN, Suite

WRITTEN_PORT = int(WRITTEN.rpartition(':')[2])
HEAD = ('suite', 'passed', 'of', 'direct', 'run', 'more', 'command', 'run', 'user+sys', 'run')
LINE = '{:22}{:>8}{:>6}{:>10}{:>8}{:>8}{:>12}{:>8}{:>12}{:>8}'


def is_free(port: int) -> bool:
    """Return whether nothing listens at a port."""
    try:
        listener(HOST, port=port).close()
    except OSError:
        return False
    return True


@contextlib.contextmanager
def serving(suite: Suite, through: bool) -> Iterator[Mapping[str, Server]]:
    """Run the servers of a suite; Redis where the suite looks for it, unless vaurien is to listen there."""
    with contextlib.ExitStack() as stack:
        found = {}
        for name in suite.servers:
            if name == POSTGRES:
                found[name] = stack.enter_context(servers.postgres_server())
                continue
            if suite.written and not is_free(WRITTEN_PORT):
                raise SystemExit(f'{suite.name} looks for Redis at {WRITTEN}: end what listens there')
            found[name] = stack.enter_context(servers.redis_server(port=WRITTEN_PORT if suite.written and not through else None))
        yield found


def rounds(suite: Suite, count: int, folder: Path) -> tuple[list[Measured], list[Measured]]:
    """Run a suite so often without vaurien and with it, in turns."""
    where = folder / suite.name
    where.mkdir(parents=True, exist_ok=True)
    python, tests = install(suite, where)
    found: tuple[list[Measured], list[Measured]] = ([], [])
    for number in range(count + 1):     # the first round fills caches, and is not counted
        for through in (False, True) if number % 2 else (True, False):
            with serving(suite, through) as running:
                measured = measure(suite, python, tests, running, where, through)
            if number or not count:
                found[through].append(measured)
    return found


def differing(direct: list[Measured], through: list[Measured]) -> list[str]:
    """Say which tests passed in a run and not in another one."""
    first = direct[0].passed
    return [f'{name}: {one.outcomes.get(name, "not run")} {"with vaurien run" if one in through else "without vaurien"}'
            for one in (*direct, *through) for name in sorted(first ^ one.passed)]


def row(suite: Suite, direct: list[Measured], through: list[Measured]) -> str:
    """Write the medians of a suite as a line."""
    def median(runs: list[Measured], what: str) -> float:
        return statistics.median(getattr(one, what) for one in runs)
    before, after = median(direct, 'suite'), median(through, 'suite')
    seconds = [f'{median(runs, what):.2f}' for what in ('command', 'cpu') for runs in (direct, through)]
    return LINE.format(f'{suite.name} {suite.version}', len(through[0].passed), len(through[0].outcomes), f'{before:.2f}',
                       f'{after:.2f}', f'{(after / before - 1) * 100:+.1f}%', *seconds)


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser('python -m tests.suites',
                                     description='Runs the tests of other applications with vaurien run and without it.')
    parser.add_argument('--rounds', type=int, default=5, help='of each suite, after one that is not counted; default: 5')
    parser.add_argument('--folder', type=Path, help='where the applications are kept; default: a temporary one')
    parser.add_argument('suites', nargs='*', choices=[[], *SUITES], help='default: all')
    options = parser.parse_args()
    failed = 0
    with contextlib.ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix='vaurien-suites-')))
        print(LINE.format(*HEAD), flush=True)
        for name in options.suites or SUITES:
            direct, through = rounds(SUITES[name], options.rounds, folder.resolve())
            print(row(SUITES[name], direct, through), flush=True)
            for line in differing(direct, through):
                failed = 1
                print(f'  DIFFERS: {line}', flush=True)
    return failed


if __name__ == '__main__':
    sys.exit(main())
