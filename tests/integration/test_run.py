"""``vaurien run`` from the command line: real servers behind it, and what the command, and the user, meet."""
import sys

import pytest

from tests.support.daemon import environment
from tests.support.running import run

SET_AND_GET = """
import os, redis
cache = redis.Redis.from_url(os.environ['CACHE_URL'])
print(cache.set('k', 'v'), cache.get('k'))
"""


def python(code):
    return ['--', sys.executable, '-c', code]


def test_a_command_talks_to_its_backend_through_a_proxy(redis_server):
    url = f'redis://localhost:{redis_server.port}/3'
    done = run('--through', 'CACHE_URL', *python(SET_AND_GET), CACHE_URL=url)
    assert (done.returncode, done.stdout) == (0, "True b'v'\n")
    assert 'vaurien: proxy cache_url listening on 127.0.0.1:' in done.stderr


@pytest.mark.parametrize('script, status', [
    ('exit 0', 0), ('exit 3', 3), ('kill -9 $$', 137), ('kill -TERM $$', 143), ('kill -INT $$', 130),
])
def test_the_exit_status_is_that_of_the_command(script, status):
    assert run('--through', 'A', '--', 'sh', '-c', script, A='redis://127.0.0.1:9').returncode == status


def test_a_command_that_is_not_found_or_not_executable_has_the_status_that_a_shell_gives(tmp_path):
    (tmp_path / 'plain').write_text('no program')
    assert run('--through', 'A', '--', 'no-such-command', A='redis://127.0.0.1:9').returncode == 127
    assert run('--through', 'A', '--', str(tmp_path / 'plain'), A='redis://127.0.0.1:9').returncode == 126


def test_the_streams_are_those_of_the_command_and_vaurien_writes_to_standard_error_alone():
    done = run('--through', 'A', '--', 'cat', A='redis://127.0.0.1:9', text='what is\nread')
    assert done.stdout == 'what is\nread'
    assert all(line.startswith('vaurien: ') for line in done.stderr.splitlines())


def test_the_environment_is_the_same_but_for_what_is_replaced():
    done = run('--through', 'A', '--', 'env', A='redis://u:p@h.invalid:9/2?x=%41', B='b\n')
    before, after = ({line.partition('=')[0]: line for line in text.splitlines()} for text in
                     ('\n'.join(f'{key}={value}' for key, value in environment().items()), done.stdout))
    assert after.keys() - before.keys() == {'A', 'B', '', 'VAURIEN_CONTROL', 'VAURIEN_HTTP_TOKEN'}
    assert after['A'].startswith('A=redis://u:p@127.0.0.1:')
    assert after['A'].endswith('/2?x=%41')
