"""``python -m tests.suites.explored [NAME ...]``: what ``vaurien explore`` says of the tests of other applications.

Prints a table, and each finding; judging them is for a person, and stands in the docs. Takes minutes, and downloads them.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.explore_corpus.cost import write_cost
from tests.support.processes import Server

from .__main__ import serving
from .install import install
from .measure import places
from .suites import IN_PLACE, POSTGRES, POSTGRES_URL, REDIS, REDIS_PY, SUITES, Suite


class Explored(NamedTuple):
    """A suite, or a part of one, that is explored.

    Args:
        suite: The suite.
        tests: What pytest is told to run; ``{tests}`` stands for the folder of its tests.
        options: What ``vaurien explore`` is told of its backends, as ``Suite.run`` has it.
    """

    suite: Suite
    tests: Sequence[str]
    options: Sequence[str]


RQ = Suite('rq', '2.6.0', (REDIS_PY, 'psutil'), (REDIS,), (), {}, IN_PLACE, source=True)
DATASET = Suite('dataset', '2.0.0', ('psycopg[binary]==3.3.9',), (POSTGRES,), (), {'DATABASE_URL': POSTGRES_URL},
                ('--through', 'DATABASE_URL'), written=False, source=True, folder='test')
WALRUS = ('--through', 'redis={redis}:redis', '--env', 'WALRUS_REDIS_HOST={{redis.host}}', '--env',
          'WALRUS_REDIS_PORT={{redis.port}}')
EXPLORED = {
    'walrus': Explored(SUITES['walrus'], ('{tests}/cache.py', '{tests}/counter.py', '{tests}/lock.py'), WALRUS),
    'huey-redis': Explored(SUITES['huey']._replace(servers=(REDIS,), direct={}), ('{tests}/test_storage.py', '-k', 'Redis'),
                           IN_PLACE),
    'huey-postgres': Explored(SUITES['huey']._replace(servers=(POSTGRES,), written=False), ('{tests}/test_postgres.py',),
                              ('--through', 'HUEY_PG_DSN')),
    'rq': Explored(RQ, ('{tests}/test_queue.py', '{tests}/test_group.py', '{tests}/test_results.py'), IN_PLACE),
    'dataset': Explored(DATASET, ('{tests}/test_table.py', '-k', 'upsert'), DATASET.run),
}
LINE = '{:22}{:>7}{:>7}{:>8}{:>7}{:>7}{:>7}{:>7}{:>10}{:>9}'
HEAD = ('suite', 'tests', 'sites', 'faults', 'left', 'runs', 'FAIL', 'WARN', 'unstable', 'seconds')


def words_of(servers: Mapping[str, Server]) -> dict[str, str]:
    """Return what stands for the addresses of servers."""
    return places(servers) if REDIS in servers else {name: server.address for name, server in servers.items()}


def explored(one: Explored, folder: Path, budget: str) -> dict[str, Any]:
    """Explore a suite, and return the report.

    Args:
        one: Which.
        folder: Where it is installed, and what is written.
        budget: As the flag has it.
    """
    suite = one.suite
    folder.mkdir(parents=True, exist_ok=True)
    python, tests = install(suite, folder)
    report = folder / 'report.json'
    with serving(suite, True) as running:
        words = words_of(running)
        told = {name: value.format(**words) for name, value in suite.direct.items()}
        command = [python, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', '-p', 'no:vaurien',
                   *(word.format(tests=tests) for word in one.tests)]
        options = [word.format(**words) for word in one.options]
        environ = {**os.environ, 'PYTHONDONTWRITEBYTECODE': '1', **told}
        done = subprocess.run([sys.executable, '-m', 'vaurien', 'explore', *options, '--budget', budget, '--fresh',
                               '--json', report, '--html', folder / 'report.html', '--', *command], cwd=tests.parent,
                              env=environ, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1) or not report.exists():
        raise SystemExit(f'{suite.name}: status {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}')
    return dict(json.loads(report.read_text('utf-8')))


def row(name: str, report: Mapping[str, Any]) -> str:
    """Write what an exploration has cost and found as a line."""
    fails = sum(1 for one in report['findings'] if one['level'] == 'FAIL')
    about = report['baseline']
    return LINE.format(name, about['tests'], about['sites'], report['faults'], report['left'], report['runs'], fails,
                       len(report['findings']) - fails, len(report['unstable']), f'{report["seconds"]:.0f}')


def main() -> None:
    """Explore what was asked for."""
    parser = argparse.ArgumentParser('python -m tests.suites.explored', description='Explores the tests of other applications.')
    parser.add_argument('--budget', default='10m', help='of each, as vaurien explore has it; default: 10m')
    parser.add_argument('--folder', type=Path, help='where the applications are kept; default: a temporary one')
    parser.add_argument('--cost', type=Path, help='a table, as CSV, whose lines about these suites are written anew')
    parser.add_argument('names', nargs='*', choices=[[], *EXPLORED], help='default: all')
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix='vaurien-explored-') as temporary:
        folder = (options.folder or Path(temporary)).resolve()
        print(LINE.format(*HEAD), flush=True)
        for name in options.names or EXPLORED:
            report = explored(EXPLORED[name], folder / name, options.budget)
            print(row(name, report), flush=True)
            if options.cost:
                write_cost(options.cost, f'{name} {EXPLORED[name].suite.version}', report)
            for one in report['findings']:
                what = f'{one["level"]} {one["verdict"]} {one["class"]} {one["mode"]}'
                print(f'  {what} {", ".join(one["sites"])}: {one["detail"]}')
                print(f'    {", ".join(one["tests"])}\n    {one["again"]}', flush=True)


if __name__ == '__main__':
    main()
