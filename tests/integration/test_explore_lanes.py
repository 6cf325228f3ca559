"""``vaurien explore`` with tests of pytest-xdist: several processes run them at once, and each has proxies of its own."""
import json
import sys

from .test_explore import ALL_CASES, LIMIT, MENDED, PLAIN, QUEUE, WEAK, explore, found, shown_again

COMMAND = [sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', '-p', 'xdist', '-n', '2']
SUITE = """
import os
import mended, weak


def test_one():
    weak.put()
    assert os.environ['PYTEST_XDIST_WORKER']


def test_other():
    mended.put()
"""


def explored(folder, server, program, *options):
    """Explore the suite with a program in its first test, and one with no weakness in its second."""
    (folder / 'weak.py').write_text(program)
    (folder / 'mended.py').write_text(MENDED.replace("'jobs'", "'others'"))
    (folder / 'test_both.py').write_text(SUITE)
    done = explore(folder, '--through', 'QUEUE_URL', '--limit', LIMIT, '--json', 'report.json', *options, '--', *COMMAND,
                   QUEUE_URL=f'redis://127.0.0.1:{server.port}/0', **PLAIN)
    assert 'Traceback' not in done.stderr, done.stderr
    assert (folder / 'report.json').exists(), done.stderr
    return json.loads((folder / 'report.json').read_text()), done


def test_of_tests_that_run_at_once_each_has_its_own_fault(redis_server, tmp_path):
    report, done = explored(tmp_path, redis_server, WEAK, '--classes', 'C')
    assert 'pytest runs tests in 2 processes at once: each has proxies of its own' in done.stdout
    assert (report['baseline']['tests'], report['faults'], report['most'], report['unmet']) == (2, 2, 1, 0)
    assert [(one['verdict'], one['sites'], one['tests']) for one in report['findings']] == [
        ('double-effect', ['RPUSH jobs'], ['test_both.py::test_one'])]
    assert {one['test']: one['outcome'] for one in report['tried']} == {
        'test_both.py::test_one': ['double-effect'], 'test_both.py::test_other': ['clean']}
    shown = shown_again(tmp_path, redis_server, report['findings'][0]['again'])
    assert 'error lost-reply RPUSH jobs' in shown.stderr


@ALL_CASES
def test_a_process_that_ends_is_a_crash_of_the_test_that_it_runs(redis_server, tmp_path):
    dies = MENDED.replace("    queue.rpush('jobs', 'a')", """
    try:
        queue.rpush('jobs', 'a')
    except redis.RedisError:
        os.kill(os.getpid(), 9)
""")
    report, done = explored(tmp_path, redis_server, dies, '--classes', 'C')
    assert [(one['verdict'], one['detail'], one['tests']) for one in report['findings']] == [
        ('crash', 'the process that runs the test ended', ['test_both.py::test_one'])]
    assert done.returncode == 1


@ALL_CASES
def test_a_client_that_waits_for_ever_hangs_and_the_other_process_goes_on(redis_server, tmp_path):
    report, _ = explored(tmp_path, redis_server, QUEUE.format(retries=0, timeout=None), '--classes', 'D')
    assert found(report) == {('hang', 'D', 'once')}
    assert report['findings'][0]['tests'] == ['test_both.py::test_one']
    assert {tuple(one['outcome']) for one in report['tried'] if one['test'] == 'test_both.py::test_other'} == {('clean',)}
