"""``vaurien explore`` finds the same twice, on a machine that has more to do than it can."""
import contextlib
import subprocess
import sys

from tests.explore_corpus.pairs import EVERY, WEAK
from tests.explore_corpus.run import backends, explore, lay_out

from .test_explore import ALL_CASES, explored
from .test_explore import WEAK as WEAK_TWIN

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


def test_the_same_is_found_twice_on_a_busy_machine(redis_server, tmp_path):
    with busy():
        first, second = (findings(explored(tmp_path, redis_server, WEAK_TWIN, '--classes', 'C', '--fresh')[0]) for _ in range(2))
    assert first == second
    assert 'double-effect' in {verdict for verdict, *_ in first}


@ALL_CASES
def test_the_same_is_found_twice_in_applications_that_wait(tmp_path):
    with backends(PAIRS) as urls, busy():
        reports = []
        for folder in (tmp_path / 'first', tmp_path / 'second'):
            lay_out(folder, PAIRS, WEAK)
            reports.append(explore(folder, urls, '--classes', 'AC'))
    first, second = map(findings, reports)
    assert first == second
    assert {'double-effect', 'retry-after-ignored'} <= {verdict for verdict, *_ in first}
