"""The tests that ``vaurien explore --emit-tests`` writes: each fails with the weak twin, and passes with the mended one."""
import html
import re
import subprocess
import sys

import pytest

from tests.explore_corpus.pairs import EVERY, MENDED, WEAK
from tests.explore_corpus.run import backends, explore, lay_out, variables
from tests.support.unit_of_time import PATIENCE
from vaurien.explore.verdicts import FAIL, VERDICTS

from .test_explore import ALL_CASES


@pytest.mark.parametrize('name, options', [
    ('memcache_unheard', ['--only', 'set session-ann', '--classes', 'B']),
    *(pytest.param(pair.name, ['--classes', pair.letters], marks=ALL_CASES, id=pair.name)
      for pair in EVERY.values() if VERDICTS[pair.verdict][0] == FAIL)])
def test_a_test_that_was_written_fails_with_the_weak_twin_and_passes_with_the_mended_one(name, options, tmp_path):
    pair, folder = EVERY[name], tmp_path / 'app'
    with backends([pair]) as urls:
        lay_out(folder, [pair], WEAK)
        report = explore(folder, urls, *options, '--emit-tests', 'held', '--junit', 'junit.xml', '--html', 'page.html')
        fails = [one for one in report['findings'] if one['level'] == FAIL]
        assert pair.verdict in {one['verdict'] for one in fails}
        place = fails[0]['places'][0]
        assert (place['file'], place['line'] > 1) == (pair.test, True)
        assert place['kind'] in {asked['fault'] for asked in place['asked']}
        assert place['site'] in html.unescape((folder / 'page.html').read_text('utf-8'))
        junit = (folder / 'junit.xml').read_text('utf-8')
        assert f'failures="{len({test for one in fails for test in one["tests"]})}"' in junit
        assert f'name="{fails[0]["tests"][0].partition("::")[2]}"' in junit
        assert len(list((folder / 'held').glob('test_*.py'))) == len(fails)
        cases = sum(len(one['places']) for one in fails)
        weak = held(folder, urls)
        assert (weak.returncode, counted(weak)) == (1, {'failed': cases}), weak.stdout
        lay_out(folder, [pair], MENDED)
        mended = held(folder, urls)
        assert (mended.returncode, counted(mended)) == (0, {'passed': cases}), mended.stdout


def counted(done):
    """Return how many tests ended how, as the last line of pytest has it."""
    return {word: int(number) for number, word in re.findall('([0-9]+) (passed|failed|error)', done.stdout.splitlines()[-1])}


def held(folder, urls):
    """Run the tests that were written."""
    command = [sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', 'held']
    return subprocess.run(command, env=variables(urls), cwd=folder, capture_output=True, text=True, timeout=30 * PATIENCE,
                          check=False)
