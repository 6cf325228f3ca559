"""The tests that ``vaurien explore --emit-tests`` writes: each fails with the weak twin, and passes with the mended one."""
import subprocess
import sys

import pytest

from tests.explore_corpus.pairs import EVERY, MENDED, WEAK
from tests.explore_corpus.run import backends, explore, lay_out, variables
from tests.support.unit_of_time import PATIENCE

from .test_explore import ALL_CASES


@pytest.mark.parametrize('name, shape, letter', [
    ('memcache_unheard', 'set session-ann', 'F'),
    pytest.param('http_paid_twice', 'POST /payments', 'C', marks=ALL_CASES),
    pytest.param('postgres_own_row', 'INSERT INTO users*', 'C', marks=ALL_CASES),
])
def test_a_test_that_was_written_fails_with_the_weak_twin_and_passes_with_the_mended_one(name, shape, letter, tmp_path):
    pair, folder = EVERY[name], tmp_path / 'app'
    with backends([pair]) as urls:
        lay_out(folder, [pair], WEAK)
        report = explore(folder, urls, '--only', shape, '--classes', letter, '--emit-tests', 'held', '--junit', 'junit.xml',
                         '--html', 'page.html')
        assert [one['sites'] for one in report['findings'] if one['level'] == 'FAIL']
        place = report['findings'][0]['places'][0]
        assert (place['file'], place['line'] > 1, place['asked'][0]['fault']) == (pair.test, True, place['kind'])
        assert place['site'] in (folder / 'page.html').read_text('utf-8')
        junit = (folder / 'junit.xml').read_text('utf-8')
        assert 'failures="1"' in junit
        assert f'name="{report["findings"][0]["tests"][0].partition("::")[2]}"' in junit
        assert len(list((folder / 'held').glob('test_*.py'))) == 1
        weak = held(folder, urls)
        assert weak.returncode == 1, weak.stdout
        assert '1 failed' in weak.stdout
        lay_out(folder, [pair], MENDED)
        mended = held(folder, urls)
        assert mended.returncode == 0, mended.stdout
        assert '1 passed' in mended.stdout


def held(folder, urls):
    """Run the tests that were written."""
    command = [sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', 'held']
    return subprocess.run(command, env=variables(urls), cwd=folder, capture_output=True, text=True, timeout=9 * PATIENCE,
                          check=False)
