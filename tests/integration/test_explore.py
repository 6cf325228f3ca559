"""``vaurien explore`` from the command line: small programs with a weakness, and their mended twins, before real servers."""
import json
import os
import signal
import subprocess
import sys

import pytest

from tests.support.daemon import environment
from tests.support.running import wait_until
from tests.support.unit_of_time import MS, PATIENCE

#: [seconds] that a test may take
LIMIT = str(3000 * MS)
#: pytest starts much faster without the plugins of its environment
PLAIN = {'PYTEST_DISABLE_PLUGIN_AUTOLOAD': '1'}
PYTEST = [sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', 'test_jobs.py']
#: what takes long, and holds what is slow to show
ALL_CASES = pytest.mark.skipif(not os.environ.get('VAURIEN_ALL_CASES'), reason='takes a minute; VAURIEN_ALL_CASES=1')
QUEUE = """
import os, redis
from redis.backoff import NoBackoff
from redis.retry import Retry
queue = redis.Redis.from_url(os.environ['QUEUE_URL'], retry=Retry(NoBackoff(), {retries}), socket_timeout={timeout})


def put():
    queue.rpush('jobs', 'a')
"""
WEAK = QUEUE.format(retries=1, timeout=1000 * MS)      # the client repeats what was done already
MENDED = QUEUE.format(retries=0, timeout=1000 * MS)
#: what is done where a read fails; only then is it asked for
FALLBACK = """
    try:
        queue.get('config')
    except redis.RedisError:
        queue.rpush('spare', 'a')
"""
PUT = """
import jobs


def test_put():
    jobs.put()
"""


#: what is done in a thread, whose end by an error nobody asks for
IN_THREAD = """
import threading, jobs


def test_put():
    done = []
    thread = threading.Thread(target=lambda: done.append(jobs.put()))
    thread.start()
    thread.join()
    assert done == [None]
"""


def explore(folder, *arguments, **variables):
    """Run ``vaurien explore`` to its end, in a folder."""
    return subprocess.run([sys.executable, '-m', 'vaurien', 'explore', *arguments], env={**environment(), **variables}, text=True,
                          capture_output=True, timeout=9 * PATIENCE, check=False, cwd=folder)


def explored(folder, server, program, *options, suite=None):
    """Explore a program, and return what the report says, with the exit status and what was printed."""
    (folder / 'jobs.py').write_text(program)
    command = [sys.executable, '-c', 'import jobs; jobs.put()']
    if suite is not None:
        (folder / 'test_jobs.py').write_text(suite)
        command = PYTEST
    done = explore(folder, '--through', 'QUEUE_URL', '--limit', LIMIT, '--json', 'report.json', *options, '--', *command,
                   QUEUE_URL=f'redis://127.0.0.1:{server.port}/0', **PLAIN)
    assert 'Traceback' not in done.stderr, done.stderr
    return json.loads((folder / 'report.json').read_text()), done


def shown_again(folder, server, line):
    """Run the command line that a finding ends with."""
    return subprocess.run(['/bin/sh', '-c', f'{sys.executable} -m {line}'], cwd=folder, timeout=PATIENCE, check=False, text=True,
                          env={**environment(), **PLAIN, 'QUEUE_URL': f'redis://127.0.0.1:{server.port}/0'}, capture_output=True)


def found(report):
    return {(one['verdict'], one['class'], one['mode']) for one in report['findings'] if one['level'] == 'FAIL'}


def test_a_retry_that_does_it_twice_is_found_and_its_mended_twin_is_not(redis_server, tmp_path):
    report, done = explored(tmp_path, redis_server, WEAK)
    assert found(report) == {('double-effect', 'C', 'once'), ('double-effect', 'E', 'once')}
    assert done.returncode == 1
    assert 'FAIL double-effect' in done.stdout
    shown = shown_again(tmp_path, redis_server, report['findings'][0]['again'])
    assert 'error lost-reply RPUSH jobs' in shown.stderr
    mended, done = explored(tmp_path, redis_server, MENDED, '--fresh')
    assert (found(mended), done.returncode) == (set(), 0)


@ALL_CASES
def test_tests_of_pytest_are_told_apart_and_known_findings_are_no_exit_status(redis_server, tmp_path):
    report, done = explored(tmp_path, redis_server, WEAK, suite=PUT)
    assert report['baseline']['tests'] == 1
    assert ('double-effect', 'C', 'once') in found(report)
    assert report['findings'][0]['tests'] == ['test_jobs.py::test_put']
    assert report['findings'][0]['again'].endswith('test_jobs.py::test_put')
    assert done.returncode == 1
    assert explore(tmp_path, 'accept', 'known.json').returncode == 0
    again, done = explored(tmp_path, redis_server, WEAK, '--accept', 'known.json', suite=PUT)
    assert done.returncode == 0
    assert again['kept'] > 0
    assert again['runs'] < report['runs']
    assert found(again) == found(report)
    assert all(one['accepted'] for one in again['findings'])


@ALL_CASES
@pytest.mark.parametrize('suite, verdicts', [
    (IN_THREAD, set()),         # the client's error has ended the thread
    (IN_THREAD.replace('jobs.put()', 'hidden()') + """

def hidden():
    try:
        return jobs.put()
    except Exception:
        return 'what?'
""", {'wrong-error'}),
], ids=['told', 'hidden'])
def test_an_error_that_ends_a_thread_is_not_hidden_from_a_test_that_fails_for_want_of_it(redis_server, tmp_path, suite, verdicts):
    report, _ = explored(tmp_path, redis_server, MENDED, '--classes', 'C', suite=suite)
    assert {one['verdict'] for one in report['findings']} == verdicts
    assert [one['outcome'] for one in report['tried']] == [[*verdicts] or ['clean']]


@ALL_CASES
def test_a_client_that_waits_for_ever_hangs(redis_server, tmp_path):
    report, done = explored(tmp_path, redis_server, QUEUE.format(retries=0, timeout=None))
    assert ('hang', 'D', 'once') in found(report)
    assert done.returncode == 1


def test_a_second_failure_is_tried_at_what_is_asked_only_under_the_first(redis_server, tmp_path):
    fallback = WEAK.replace("    queue.rpush('jobs', 'a')", FALLBACK)
    report, done = explored(tmp_path, redis_server, fallback, '--level', '4', '--classes', 'BC')
    assert found(report) == {('double-effect', 'C', 'once')}
    finding, = (one for one in report['findings'] if one['level'] == 'FAIL')
    assert finding['sites'] == ['GET config, then RPUSH spare']
    assert report['unmet'] == 0
    shown = shown_again(tmp_path, redis_server, finding['again'])
    assert 'noperm GET config' in shown.stderr
    assert 'lost-reply RPUSH spare' in shown.stderr


def test_a_command_that_does_not_pass_has_no_baseline(redis_server, tmp_path):
    report, done = explored(tmp_path, redis_server, 'raise SystemExit("it is broken")')
    assert (done.returncode, report['ended']) == (3, 'baseline')
    assert 'it is broken' in done.stdout


def test_a_budget_that_is_spent_before_the_baseline_is_known_is_no_success(tmp_path):
    done = explore(tmp_path, '--through', 'A=127.0.0.1:9:redis', '--budget', '0.001s', '--json', 'report.json', '--', 'true')
    assert done.returncode == 3
    assert 'the budget was spent before the baseline was known' in done.stdout
    report = json.loads((tmp_path / 'report.json').read_text())
    assert (report['ended'], report['baseline']) == ('budget', None)
    accepted = explore(tmp_path, 'accept', 'known.json')
    assert 'that one has none' in accepted.stderr
    assert not (tmp_path / 'known.json').exists()


def test_requests_that_nobody_makes_are_told_of(redis_server, tmp_path):
    report, done = explored(tmp_path, redis_server, WEAK, '--only', 'RPSUH*', '--classes', 'CD')
    assert 'nothing was tried: there is no failure of the classes CD at requests such as RPSUH*; --list' in done.stdout
    assert (done.returncode, report['faults']) == (3, 0)


def test_what_would_be_done_is_listed_and_not_done(redis_server, tmp_path):
    (tmp_path / 'jobs.py').write_text(WEAK)
    (tmp_path / 'test_jobs.py').write_text(PUT)
    done = explore(tmp_path, '--list', '--through', 'QUEUE_URL', '--', *PYTEST,
                   QUEUE_URL=f'redis://127.0.0.1:{redis_server.port}/0', **PLAIN)
    assert done.returncode == 0
    assert '1 test, 3 x' in done.stdout
    assert 'RPUSH jobs' in done.stdout
    assert 'C A* A F D E B' in done.stdout


@pytest.mark.parametrize('arguments, said', [
    (['--through', 'A=127.0.0.1:9:redis', '--budget', 'soon'], 'a duration such as 30s'),
    (['--through', 'A=127.0.0.1:9:redis', '--behavior', '5:error'], 'explore says itself what goes wrong'),
    (['--through', 'A=127.0.0.1:9:redis', '--fault', 'GET * = readonly'], 'explore says itself what goes wrong'),
    (['--through', 'A=8.8.8.8:6379:redis'], '--allow-host 8.8.8.8'),
])
def test_what_cannot_be_is_one_line_and_starts_nothing(arguments, said, tmp_path):
    done = explore(tmp_path, *arguments, '--', 'touch', 'started')
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / 'started').exists()


def test_help_fits_on_a_screen(tmp_path):
    done = explore(tmp_path, '--help')
    assert done.returncode == 0
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
    assert len(done.stdout.splitlines()) <= 40


def test_a_command_that_asks_no_backend_is_no_success(tmp_path):
    done = explore(tmp_path, '--through', 'A=127.0.0.1:9:redis', '--', 'true')
    assert (done.returncode, done.stderr) == (3, '')
    assert 'nothing was tried: the command has asked no backend at the address that it was told' in done.stdout


def test_tests_of_several_processes_run_in_one_where_one_thing_is_for_all(redis_server, tmp_path):
    (tmp_path / 'jobs.py').write_text(MENDED)
    (tmp_path / 'test_jobs.py').write_text(PUT)
    done = explore(tmp_path, '--list', '--through', 'QUEUE_URL', '--state', 'echo 1', '--', *PYTEST, '-p', 'xdist', '-n', '1',
                   QUEUE_URL=f'redis://127.0.0.1:{redis_server.port}/0', **PLAIN)
    assert (done.returncode, done.stderr) == (0, '')
    assert 'pytest runs in one process, with -n 0' in done.stdout
    assert '1 test, 3 x' in done.stdout


def test_ctrl_c_ends_with_what_is_known_and_leaves_nothing_behind(redis_server, tmp_path):
    (tmp_path / 'jobs.py').write_text(MENDED)
    process = subprocess.Popen(
        [sys.executable, '-m', 'vaurien', 'explore', '--through', 'QUEUE_URL', '--json', 'report.json', '--',
         sys.executable, '-c', 'import jobs, pathlib, time; jobs.put(); pathlib.Path("put").touch(); time.sleep(3600)'],
        env={**environment(), 'QUEUE_URL': f'redis://127.0.0.1:{redis_server.port}/0'}, cwd=tmp_path, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True)
    wait_until((tmp_path / 'put').exists, 'the command runs')
    process.send_signal(signal.SIGINT)
    said, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (130, '')
    assert said == 'interrupted before the baseline was known: nothing was tried\n'
    assert json.loads((tmp_path / 'report.json').read_text())['ended'] == 'interrupted'
