"""``vaurien explore`` that is killed: no process of it is left, no fault stays on, and the next goes on from what was known."""
import contextlib
import json
import os
import signal
import subprocess
import sys
import uuid
from random import Random

import pytest
import redis

from tests.support.daemon import environment
from tests.support.running import MARK, PROC, wait_until
from tests.support.unit_of_time import PATIENCE

from .test_explore import ALL_CASES, LIMIT, MENDED

BASELINE = 5    #: runs of the command that there are before the first fault
#: writes down that it has begun, asks the server, and stays a while, so that it is killed while it is on
COMMAND = """
import os, time, jobs
with open('begun', 'a') as file:
    file.write('x')
try:
    jobs.put()
finally:
    time.sleep(0.05)
"""


def start(folder, port, *options, **variables):
    """Start ``vaurien explore`` in a folder."""
    words = ['--through', 'QUEUE_URL', '--limit', LIMIT, '--json', 'report.json', *options]
    environ = {**environment(), 'QUEUE_URL': f'redis://127.0.0.1:{port}/0', 'TMPDIR': str(folder), **variables}
    return subprocess.Popen([sys.executable, '-m', 'vaurien', 'explore', *words, '--', sys.executable, '-c', COMMAND], cwd=folder,
                            env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def marked(mark):
    """Return the processes that have a mark in their environment."""
    found = []
    for entry in PROC.iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and f'{MARK}={mark}'.encode() in (entry / 'environ').read_bytes().split(b'\0'):
                found.append(int(entry.name))
    return found


@pytest.mark.parametrize('seed', [1, *(pytest.param(seed, marks=ALL_CASES) for seed in (2, 3, 4))])
def test_killed_at_any_moment_it_leaves_nothing_and_the_next_one_goes_on(redis_server, tmp_path, seed):
    (tmp_path / 'jobs.py').write_text(MENDED)
    draw = Random(seed)
    begun = tmp_path / 'begun'
    for moment in (draw.randint(1, BASELINE), draw.randint(BASELINE + 2, BASELINE + 3), draw.randint(BASELINE + 2, BASELINE + 4)):
        begun.write_text('')
        mark = uuid.uuid4().hex
        process = start(tmp_path, redis_server.port, **{MARK: mark})
        try:
            wait_until(lambda moment=moment, process=process: len(begun.read_text()) >= moment or process.poll() is not None,
                       f'run {moment}')
            assert process.poll() is None, 'it had ended before'
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=PATIENCE)
            wait_until(lambda mark=mark: not marked(mark), 'processes are left')
        finally:
            for pid in marked(mark):
                os.kill(pid, signal.SIGKILL)
        client = redis.Redis.from_url(f'redis://127.0.0.1:{redis_server.port}/0')
        with contextlib.closing(client):
            assert client.set('free', 'of faults') is True
    process = start(tmp_path, redis_server.port)
    _, errors = process.communicate(timeout=9 * PATIENCE)
    report = json.loads((tmp_path / 'report.json').read_text())
    assert (process.returncode, errors, report['ended']) == (0, '', '')
    assert report['kept'] > 0
    assert [one for one in report['findings'] if one['level'] == 'FAIL'] == []
