"""``vaurien explore`` with other tests than those of pytest, and with tests that know nothing of vaurien."""
import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.explore_corpus.shop import shop

from .test_explore import ALL_CASES, LIMIT, PLAIN, WEAK, explore

UNITTEST = """
import unittest

import jobs


class Jobs(unittest.TestCase):
    def test_put(self):
        jobs.put()

    def test_nothing(self):
        with self.subTest('nothing'):
            pass

    @unittest.skip('later')
    def test_skipped(self):
        raise AssertionError
"""


def explored(folder, server, *arguments, **variables):
    """Explore a program in a folder, at the failures of class C that it has, and return the report and what was printed."""
    (folder / 'jobs.py').write_text(WEAK)
    options = ['--limit', LIMIT, '--json', 'report.json', '--only', 'RPUSH*', '--classes', 'C']
    done = explore(folder, '--through', 'QUEUE_URL', *options, *arguments, QUEUE_URL=f'redis://127.0.0.1:{server.port}/0',
                   **variables)
    assert 'Traceback' not in done.stderr, done.stderr
    return json.loads((folder / 'report.json').read_text()), done


def test_unittest_is_told_apart_into_its_tests(redis_server, tmp_path):
    (tmp_path / 'test_jobs.py').write_text(UNITTEST)
    report, done = explored(tmp_path, redis_server, '--sarif', 'out.sarif', '--', sys.executable, '-m', 'unittest')
    assert report['baseline']['tests'] == 2
    assert report['baseline']['left_out'] == {'test_jobs.Jobs.test_skipped': 'skipped'}
    assert [(one['verdict'], one['tests']) for one in report['findings']] == [('double-effect', ['test_jobs.Jobs.test_put'])]
    assert report['findings'][0]['again'].endswith('-m unittest -k test_jobs.Jobs.test_put')
    result, = json.loads((tmp_path / 'out.sarif').read_text())['runs'][0]['results']
    where = result['locations'][0]['physicalLocation']
    line = UNITTEST.splitlines().index('    def test_put(self):') + 1
    assert (Path(where['artifactLocation']['uri']).name, where['region']['startLine']) == ('test_jobs.py', line)
    assert done.returncode == 1


def test_each_line_of_a_list_is_a_test_and_each_test_a_command(redis_server, tmp_path):
    (tmp_path / 'one.py').write_text('import sys\nif sys.argv[1] == "to put":\n    import jobs\n    jobs.put()\n')
    (tmp_path / 'to put').touch()
    words = ['--tests', 'echo to put; echo nothing', '--each', f'{sys.executable} one.py {{test}}']
    report, done = explored(tmp_path, redis_server, *words)
    assert report['baseline']['tests'] == 2
    assert [(one['verdict'], one['tests']) for one in report['findings']] == [('double-effect', ['to put'])]
    assert "one.py '" in report['findings'][0]['again']
    assert report['findings'][0]['places'][0]['file'] == 'to put'       # a name that is a file
    assert done.returncode == 1


#: tests of node's own runner; what pays tries again
NODE = """
import test from 'node:test';

const url = process.env.SHOP_URL;

test('an order is paid', async () => {
    for (let attempt = 0; attempt < 3; attempt++) {
        try {
            const response = await fetch(`${url}/payments`, {method: 'POST', body: '{}'});
            if (response.ok) return;
        } catch (error) {
            if (attempt === 2) throw error;
        }
    }
});

test('the weather', async () => {
    await fetch(`${url}/weather`);
});
"""


@pytest.mark.skipif(shutil.which('node') is None, reason='needs node')
def test_tests_of_node_are_told_apart_by_their_names(tmp_path):
    (tmp_path / 'shop.test.mjs').write_text(NODE)
    names = "sed -n \"s/^test('\\([^']*\\)'.*/\\1/p\" shop.test.mjs"
    each = 'node --test --test-name-pattern "^"{test}"$" shop.test.mjs'
    with shop() as server:
        words = ['--through', 'SHOP_URL', '--limit', LIMIT, '--json', 'report.json', '--only', 'POST*', '--classes', 'C']
        done = explore(tmp_path, *words, '--tests', names, '--each', each,
                       SHOP_URL=f'http://127.0.0.1:{server.server_address[1]}')
    report = json.loads((tmp_path / 'report.json').read_text())
    assert report['baseline']['tests'] == 2, done.stdout
    assert [(one['verdict'], one['tests']) for one in report['findings']] == [('double-effect', ['an order is paid'])]


@ALL_CASES
@pytest.mark.parametrize('options', [[], ['-p', 'xdist', '-n', '2']], ids=['one process', 'two processes'])
def test_pytest_is_told_apart_where_vaurien_is_not_installed(redis_server, tmp_path, options):
    venv.create(tmp_path / 'venv', symlinks=True)
    site = next((tmp_path / 'venv').glob('lib/python*/site-packages'))
    for path in Path(pytest.__file__).parents[1].iterdir():
        if 'vaurien' not in path.name and path.name != '__pycache__' and not (site / path.name).exists():
            os.symlink(path, site / path.name)
    python = tmp_path / 'venv' / 'bin' / 'python'
    lacking = subprocess.run([python, '-c', 'import vaurien'], capture_output=True, text=True, check=False, cwd='/', env={})
    assert 'No module named' in lacking.stderr
    (tmp_path / 'test_jobs.py').write_text('import jobs, sys\n\n\ndef test_put():\n'
                                           '    assert "vaurien" not in sys.modules\n    jobs.put()\n')
    report, done = explored(tmp_path, redis_server, '--', str(python), '-m', 'pytest', *options, 'test_jobs.py', PYTHONPATH='',
                            **PLAIN)
    assert report['baseline']['tests'] == 1, done.stdout
    assert [(one['verdict'], one['tests']) for one in report['findings']] == [('double-effect', ['test_jobs.py::test_put'])]


@pytest.mark.parametrize('arguments, said', [
    (['--each', 'x'], 'takes the place of {test}'),
    (['--each', 'x {test}'], 'prints the names of all tests'),
    (['--tests', 'x'], 'takes the place of {test}'),
    (['--each', 'x {test}', '--tests', 'x', '--', 'y'], 'no command beside --each'),
    (['--each', 'x {test}', '--tests', 'echo no; exit 3'], "'echo no; exit 3' ends with 3: no"),
    (['--each', 'x {test}', '--tests', 'exit 3'], "'exit 3' ends with 3, and writes nothing"),
    (['--each', 'x {test}', '--tests', ':'], "':' names no test: it prints nothing"),
    (['--classes', 'CX', '--', 'y'], 'letters of ABCDEF'),
    (['--html', 'nowhere/page.html', '--', 'y'], 'a file in a folder that is there'),
    (['--json', '.', '--', 'y'], 'a file in a folder that is there'),
    (['--emit-tests', sys.executable, '--', 'y'], 'a folder'),
], ids=[*'abcdefghijk'])
def test_what_cannot_be_is_one_line(arguments, said, tmp_path: Path):
    done = explore(tmp_path, '--through', 'A=127.0.0.1:9:redis', *arguments)
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
