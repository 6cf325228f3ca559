"""``vaurien explore`` finds the same twice, on a machine that has more to do than it can."""
import contextlib
import subprocess
import sys

import pytest

from tests.explore_corpus.pairs import EVERY, WEAK
from tests.explore_corpus.run import backends, explore, lay_out

from .test_explore import ALL_CASES

PAIRS = [EVERY['memcache_counted_twice'], EVERY['http_too_soon']]
HOGS = 2        #: processes that take all of a core that they get
HOG = [sys.executable, '-c', 'while True: pass']


@contextlib.contextmanager
def busy():
    """Keep the machine busy."""
    hogs = [subprocess.Popen(HOG) for _ in range(HOGS)]
    try:
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()


def findings(report):
    return {(one['verdict'], one['level'], one['class'], one['mode'], *one['sites'], *one['tests']) for one in report['findings']}


@pytest.mark.parametrize('letters, verdicts', [
    ('C', {'double-effect'}),
    pytest.param('AC', {'double-effect', 'retry-after-ignored'}, marks=ALL_CASES),
])
def test_the_same_is_found_twice_on_a_busy_machine(tmp_path, letters, verdicts):
    with backends(PAIRS) as urls, busy():
        reports = []
        for folder in (tmp_path / 'first', tmp_path / 'second'):
            lay_out(folder, PAIRS, WEAK)
            reports.append(explore(folder, urls, '--classes', letters))
    first, second = map(findings, reports)
    assert first == second
    assert verdicts <= {verdict for verdict, *_ in first}
