"""Explores one part of the corpus, weak or mended, and holds what was found against the table. Starts servers and vaurien."""
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.support import servers
from tests.support.daemon import environment
from tests.support.unit_of_time import MS

from .pairs import APPS, MENDED, WEAK, Pair
from .shop import shop

HOST = '127.0.0.1'
PATIENCE = 500 * MS     #: [seconds] that the applications wait for a response
SHARED = APPS / 'postgres_limit.py'
LIMIT = 5000 * MS       #: [seconds] that a test may take
MOST = 900              #: [seconds] that an exploration may take
#: its first word is what the names of the pairs begin with
VARIABLES = {'redis': 'REDIS_URL', 'postgres': 'DATABASE_URL', 'mysql': 'MYSQL_URL', 'memcache': 'MEMCACHE_URL',
             'smtp': 'SMTP_URL', 'http': 'HTTP_URL'}
BASELINE = 5            #: runs without a fault: one to warm up, three through vaurien, one beside it


@contextlib.contextmanager
def backends(pairs: Sequence[Pair]) -> Iterator[dict[str, str]]:
    """Run the servers that some pairs need, and give what tells of them, by environment variable."""
    wanted = {pair.name.partition('_')[0] for pair in pairs}
    account = f'{servers.USER}:{servers.PASSWORD}'
    start = {
        'redis': (servers.redis_server, 'redis://{at}/0'), 'postgres': (servers.postgres_server,
                                                                       f'postgresql://{account}@{{at}}/{servers.DATABASE}'),
        'mysql': (servers.mariadb_server, f'mysql://{account}@{{at}}/{servers.DATABASE}'),
        'memcache': (servers.memcached_server, 'memcached://{at}'), 'smtp': (servers.smtp_server, 'smtp://{at}'),
        'http': (shop, 'http://{at}')}
    with contextlib.ExitStack() as stack:
        found = {}
        for name in sorted(wanted):
            make, url = start[name]
            server: Any = stack.enter_context(make())
            port = server.server_address[1] if name == 'http' else server.port
            found[VARIABLES[name]] = url.format(at=f'{HOST}:{port}')
        yield found


def lay_out(folder: Path, pairs: Sequence[Pair], twin: str) -> None:
    """Put the applications of a twin into a folder, each with its tests."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SHARED.name).write_bytes(SHARED.read_bytes())
    for pair in pairs:
        (folder / f'{pair.name}.py').write_bytes((APPS / pair.name / f'{twin}.py').read_bytes())
        (folder / pair.test).write_bytes((APPS / pair.name / 'suite.py').read_bytes())


def explore(folder: Path, urls: Mapping[str, str], *options: str) -> dict[str, Any]:
    """Explore the applications in a folder, and return the report.

    Raises:
        AssertionError: It has no report.
    """
    through = [word for variable in urls for word in ('--through', variable)]
    words = [*through, '--limit', str(LIMIT), '--json', 'report.json', *options]
    command = [sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', '-W', 'ignore']
    done = subprocess.run([sys.executable, '-m', 'vaurien', 'explore', *words, '--', *command], env=variables(urls), cwd=folder,
                          capture_output=True, text=True, timeout=MOST, check=False)
    path = folder / 'report.json'
    assert path.exists(), f'status {done.returncode}\n{done.stdout}\n{done.stderr}'
    (folder / 'said').write_text(done.stdout)
    return json.loads(path.read_text())


def variables(urls: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of an exploration."""
    return {**environment(), **urls, 'PATIENCE': str(PATIENCE), 'PYTEST_DISABLE_PLUGIN_AUTOLOAD': '1'}


class Outcome(NamedTuple):
    """What came of a part.

    Args:
        weak, mended: The reports.
        pairs: The pairs.
    """

    weak: dict[str, Any]
    mended: dict[str, Any]
    pairs: Sequence[Pair]

    @property
    def missed(self) -> list[str]:
        """The pairs whose weakness was not found."""
        return [pair.name for pair in self.pairs if not any(shows(one, pair) for one in self.weak['findings'])]

    @property
    def false(self) -> list[str]:
        """What is called a FAIL of mended twins."""
        return [said(one) for one in self.mended['findings'] if one['level'] == 'FAIL']

    @property
    def wrong(self) -> list[str]:
        """Everything that is not as it should be, beside what was missed: baselines, and runs beyond the bound."""
        found = [f'false: {one}' for one in self.false]
        for twin, report in ((WEAK, self.weak), (MENDED, self.mended)):
            about = report['baseline']
            if report['ended'] or about['left_out'] or about['broken'] or about['tests'] != len(self.pairs):
                found.append(f'{twin}: no sound baseline: {report["ended"]} {about}')
            if report['runs'] > bound(report):
                found.append(f'{twin}: {report["runs"]} runs, and {bound(report)} is the bound')
        return found


def bound(report: Mapping[str, Any]) -> int:
    """Return how many runs an exploration may make: as many as the test has faults that has most, and those that died."""
    return BASELINE + report['most'] + report['died'] + report['confirming']


def shows(finding: Mapping[str, Any], pair: Pair) -> bool:
    """Return whether a finding is the weakness of a pair."""
    return finding['verdict'] == pair.verdict and finding['class'] in pair.letters and tells_of(finding, pair)


def tells_of(finding: Mapping[str, Any], pair: Pair) -> bool:
    """Return whether a finding is one of a pair."""
    return any(pair.test in test for test in finding['tests'])


def said(finding: Mapping[str, Any]) -> str:
    """Return a finding in one line."""
    return f'{finding["verdict"]} {finding["class"]} {finding["mode"]}: {finding["sites"]} {finding["detail"]} {finding["tests"]}'


def tried(folder: Path, pairs: Sequence[Pair], *options: str) -> Outcome:
    """Explore both twins of some pairs."""
    reports = []
    with backends(pairs) as urls:
        for twin in (WEAK, MENDED):
            lay_out(folder / twin, pairs, twin)
            reports.append(explore(folder / twin, urls, *options))
    return Outcome(*reports, pairs)


