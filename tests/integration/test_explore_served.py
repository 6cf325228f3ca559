"""``vaurien explore`` with a program that serves, and with a command that tells of the state of its backends."""
import json
import os
import shutil
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.support.daemon import environment
from tests.support.peers import free_port
from tests.support.running import MARK, wait_until
from tests.support.unit_of_time import PATIENCE

from .test_explore import LIMIT, WEAK, explore
from .test_explore_killed import marked

#: a server of HTTP that writes into Redis, and ends where that fails
SERVER = """
import http.server, os, redis, jobs


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == '/put':
            try:
                jobs.put()
            except redis.RedisError:
                os._exit(3)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments):
        pass


http.server.ThreadingHTTPServer(('127.0.0.1', int(os.environ['PORT'])), Handler).serve_forever()
"""
#: asks the server for a page
ASK = """
import sys, urllib.request
urllib.request.urlopen(f'http://127.0.0.1:{sys.argv[1]}{sys.argv[2]}', timeout=30)
"""
#: does by a script of Redis what the wire does not show
SCRIPTED = WEAK.replace("queue.rpush('jobs', 'a')", "queue.eval('return redis.call(\"rpush\", KEYS[1], 1)', 1, 'scripted')")
PUT = [sys.executable, '-c', 'import jobs; jobs.put()']


def explored(folder, server, *arguments, **variables):
    url = f'redis://127.0.0.1:{server.port}/0'
    done = explore(folder, '--through', 'QUEUE_URL', '--limit', LIMIT, '--json', 'report.json', '--fresh', *arguments,
                   QUEUE_URL=url, **variables)
    assert 'Traceback' not in done.stderr, done.stderr
    return json.loads((folder / 'report.json').read_text()) if (folder / 'report.json').exists() else None, done


def test_a_program_that_serves_is_started_and_driven_and_its_end_is_a_crash(redis_server, tmp_path):
    port = free_port()
    for name, content in (('jobs', WEAK), ('server', SERVER), ('ask', ASK)):
        (tmp_path / f'{name}.py').write_text(content)
    asks = f'{sys.executable} ask.py {port}'
    report, done = explored(tmp_path, redis_server, '--ready', f'{asks} /', '--drive', f'{asks} /put', '--only', 'RPUSH*',
                            '--classes', 'AC', '--', sys.executable, 'server.py', PORT=str(port))
    found = {(one['verdict'], one['class'], one['mode']) for one in report['findings'] if one['level'] == 'FAIL'}
    assert found == {('crash', 'A', 'once'), ('crash', 'A', 'always'), ('double-effect', 'C', 'once')}
    assert report['findings'][0]['detail'] == 'the program ended with status 3'
    assert f"--drive '{asks} /put'" in report['findings'][0]['again']
    assert done.returncode == 1


@pytest.mark.skipif(shutil.which('redis-cli') is None, reason='needs redis-cli')
def test_the_state_shows_what_a_script_has_done_twice(redis_server, tmp_path):
    (tmp_path / 'jobs.py').write_text(SCRIPTED)
    state = f'echo jobs $(redis-cli -p {redis_server.port} llen scripted)'
    report, done = explored(tmp_path, redis_server, '--classes', 'C', '--state', state, '--', *PUT)
    assert [(one['verdict'], one['level'], one['detail']) for one in report['findings']] == [
        ('double-effect', 'FAIL', 'the state: jobs +2, and +1 without the fault')]
    assert done.returncode == 1


@pytest.mark.parametrize('arguments, said', [
    (['--ready', 'x', '--', 'y'], 'a command beside --ready'),
    (['--drive', 'x', '--', 'y'], 'a command beside --drive'),
    (['--drive', 'x', '--ready', 'y', '--each', '{test}', '--tests', 'z'], 'no --each beside it'),
    (['--state', 'echo no; exit 3', '--', 'true'], "--state: 'echo no; exit 3' ends with 3: no"),
    (['--drive', 'true', '--ready', 'true', '--', 'sh', '-c', 'echo bad; exit 4'], 'ended with 4 before it was ready: bad'),
    (['--drive', 'true', '--ready', 'true', '--', './nowhere'], 'ended with 127 before it was ready'),
], ids=[*'abcdef'])
def test_what_cannot_be_is_one_line(arguments, said, tmp_path: Path):
    done = explore(tmp_path, '--through', 'A=127.0.0.1:9:redis', *arguments)
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr


@pytest.mark.parametrize('number, status', [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)],
                         ids=['killed', 'interrupted'])
def test_neither_the_program_nor_what_drives_it_outlives_the_exploration(tmp_path, number, status):
    mark = uuid.uuid4().hex
    words = ['--through', 'A=127.0.0.1:9:redis', '--ready', 'true', '--drive', 'touch driven; sleep 3600', '--', 'sleep', '3600']
    process = subprocess.Popen([sys.executable, '-m', 'vaurien', 'explore', *words], cwd=tmp_path, stdout=subprocess.DEVNULL,
                               env={**environment(), MARK: mark, 'TMPDIR': str(tmp_path)}, stderr=subprocess.PIPE, text=True)
    try:
        wait_until((tmp_path / 'driven').exists, 'it is driven')
        process.send_signal(number)
        process.communicate(timeout=PATIENCE)
        assert process.returncode == status
        wait_until(lambda: not marked(mark), 'processes are left')
    finally:
        for pid in marked(mark):
            os.kill(pid, signal.SIGKILL)
