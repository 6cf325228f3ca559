"""``vaurien run`` from the command line: real servers behind it, and what the command, and the user, meet."""
import contextlib
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support.daemon import environment
from tests.support.peers import free_port
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


# -- what goes wrong, and where

REDIS = """
import os, redis
for name in ('CACHE_URL', 'QUEUE_URL'):
    try:
        print(name, redis.Redis.from_url(os.environ[name]).set('k', 'v'))
    except redis.RedisError as error:
        print(name, type(error).__name__)
"""


def two_urls(server):
    url = f'redis://localhost:{server.port}'
    return {'CACHE_URL': url, 'QUEUE_URL': url}


BROKEN = ('--behavior', 'error', '--behavior-error-kind', 'readonly')
THROUGH = ('--through', 'CACHE_URL', '--through', 'QUEUE_URL')


@pytest.mark.parametrize('options, cache, queue', [
    (THROUGH, 'True', 'True'),
    ((*THROUGH, *BROKEN), 'ReadOnlyError', 'ReadOnlyError'),
    ((*THROUGH, '--on', 'queue_url', *BROKEN), 'True', 'ReadOnlyError'),
    ((*THROUGH, *BROKEN, '--on=queue_url', '--behavior', 'dummy'), 'ReadOnlyError', 'True'),
    (('--on', 'cache_url', *BROKEN, '--on', 'queue_url', *BROKEN[:3], 'loading', *THROUGH), 'ReadOnlyError', 'BusyLoadingError'),
    ((*THROUGH, '--on', 'queue_url', '--toxic', 'reset_peer'), 'True', 'ConnectionError'),
    ((*THROUGH, '--fault', 'queue_url: SET * = readonly'), 'True', 'ReadOnlyError'),
])
def test_what_goes_wrong_is_said_for_all_or_for_one(options, cache, queue, redis_server):
    done = run(*options, *python(REDIS), **two_urls(redis_server))
    assert (done.stdout, done.returncode) == (f'CACHE_URL {cache}\nQUEUE_URL {queue}\n', 0)


def test_a_file_says_what_the_command_line_does_not(redis_server, tmp_path):
    (tmp_path / 'run.ini').write_text('[vaurien]\nbehavior = error\n[behavior:error]\nkind = readonly\n'
                                      '[proxy:queue_url]\nbehavior.error.kind = loading\n')
    urls = two_urls(redis_server)
    found = [run(*THROUGH, '--config', 'run.ini', *more, *python(REDIS), cwd=tmp_path, **urls).stdout.split()[1::2]
             for more in ((), ('--behavior', 'dummy'))]
    assert found == [['ReadOnlyError', 'BusyLoadingError'], ['True', 'True']]


def test_the_same_seed_gives_the_same_faults(redis_server):
    code = REDIS + "for number in range(40):\n    try:\n        redis.Redis.from_url(os.environ['CACHE_URL']).get('k')\n" \
                   "    except redis.RedisError as error:\n        print(number, type(error).__name__)\n"
    one, two = (run(*THROUGH, '--behavior', '30:error', '--seed', '7', *python(code), **two_urls(redis_server)).stdout
                for _ in range(2))
    assert one == two
    assert one.count('\n') > 6


# -- what the command is told otherwise

def test_templates_say_where_a_proxy_is(redis_server):
    done = run('--through', f'cache=localhost:{redis_server.port}:redis', '--through', 'URL',
               '--env', 'WHERE={cache.host} {cache.port} {cache.address} {cache.url} {url.url} {{x}}',
               '--', 'sh', '-c', 'echo "$WHERE"', URL='http://user@localhost:9/a?b#c')
    host, port, address, url, other, braces = done.stdout.split()
    assert (host, address, url, braces) == ('127.0.0.1', f'127.0.0.1:{port}', f'127.0.0.1:{port}', '{x}')
    assert other.startswith('http://user@127.0.0.1:')
    assert other.endswith('/a?b#c')


PING = 'import redis, sys; print(redis.Redis(host="127.0.0.1", port=int(sys.argv[1])).ping())'


def test_in_place_listens_where_the_command_looks(redis_server):
    port = free_port()
    done = run('--in-place', f'127.0.0.1:{port}=127.0.0.1:{redis_server.port}:redis', *python(PING), str(port))
    assert (done.stdout, done.returncode) == ('True\n', 0)
    assert f'127.0.0.1-{port}: ' in done.stderr


def test_in_place_without_a_backend_gives_the_command_a_network_of_its_own(redis_server):
    code = PING + '; import socket; socket.create_connection(("127.0.0.1", int(sys.argv[2])))'
    with ThreadingHTTPServer(('127.0.0.1', 0), BaseHTTPRequestHandler) as other:
        done = run('--in-place', f'127.0.0.1:{redis_server.port}:redis', *python(code), str(redis_server.port),
                   str(other.server_port))
    if 'not possible here' in done.stderr:
        assert (done.stdout, done.returncode, done.stderr.count('\n')) == ('', 1, 1)
        pytest.skip(done.stderr)
    assert done.stdout == 'True\n'
    assert 'ConnectionRefusedError' in done.stderr      # the other one is not in that network
    assert 'on 1 connection, faults 0' in done.stderr


# -- http

class Redirecting(BaseHTTPRequestHandler):
    """Redirects ``/`` to its own address, and says elsewhere which Host it was asked by."""

    def do_GET(self):  # noqa: N802
        own = f'localhost:{self.server.server_port}'
        self.send_response(302 if self.path == '/' else 200)
        if self.path == '/':
            self.send_header('Location', f'http://{own}/there')
        said = self.headers['Host'].encode()
        self.send_header('Content-Length', str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def web_server():
    with ThreadingHTTPServer(('127.0.0.1', 0), Redirecting) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f'localhost:{server.server_port}'
        server.shutdown()
        thread.join()


def test_a_web_server_is_asked_by_its_own_name_and_its_redirects_lead_to_the_proxy():
    code = "import os, requests; said = requests.get(os.environ['API_URL']); print(said.text, said.url)"
    with web_server() as own:
        done = run('--through', 'API_URL', *python(code), API_URL=f'http://{own}/')
    host, url = done.stdout.split()
    assert host == own
    assert url.startswith('http://127.0.0.1:')
    assert 'api_url: 2 requests' in done.stderr


# -- what is said in the end

def test_the_report_says_what_was_met(redis_server):
    done = run(*THROUGH, '--through', 'N=localhost:9', '--on', 'queue_url', *BROKEN, '--on', 'cache_url',
               '--behavior', '0.001:hang', *python(REDIS), **two_urls(redis_server))
    lines = done.stderr.splitlines()
    assert any(line.startswith('vaurien: queue_url: ') and 'error readonly' in line for line in lines)
    assert any(line.startswith('vaurien:   ') and line.endswith('error readonly SET k') for line in lines)
    assert 'vaurien: cache_url: warning: 0.001:hang was never drawn' in lines
    assert 'vaurien: N: no connection came through it' in lines
    assert any(line.startswith('vaurien: the same again: --seed ') for line in lines)


def test_quiet_says_nothing(redis_server):
    assert run(*THROUGH, *BROKEN, '--quiet', *python(REDIS), **two_urls(redis_server)).stderr == ''


# -- what is refused: one line, status 2, and nothing is started

@pytest.mark.parametrize('words, said', [
    ([], "--through: '' is not valid, expected at least one backend"),
    (['--through', 'A'], 'command line: '),
    (['--through', 'A', '--'], 'command line: '),
    (['--through', 'A', 'touch', 'x'], "command line: 'touch' is not valid, expected -- before the command"),
    (['--through', 'NOT_SET', '--', 'touch', 'x'], "--through: 'NOT_SET' is not valid"),
    (['--through', 'EMPTY', '--', 'touch', 'x'], "--through: 'EMPTY' is not valid"),
    (['--through', 'BAD', '--', 'touch', 'x'], "--through BAD: 'redis://...' is not valid"),
    (['--through', 'A:nonsense', '--', 'touch', 'x'], 'nonsense'),
    (['--through', 'a b', '--', 'touch', 'x'], "--through: 'a b' is not valid"),
    (['--through', 'A', '--through', 'A', '--', 'touch', 'x'], "--through: 'a' is not valid, expected each name once"),
    (['--through', 'A', '--on', 'b', '--', 'touch', 'x'], "--on: 'b' is not valid"),
    (['--through', 'A', '--on', '--', 'touch', 'x'], "--on: '' is not valid"),
    (['--through', 'A', '--env', 'X', '--', 'touch', 'x'], "--env: 'X' is not valid"),
    (['--through', 'A', '--env', 'X={b.port}', '--', 'touch', 'x'], "--env X: '{b.port}' is not valid"),
    (['--through', 'A', '--env', 'X={a.nothing}', '--', 'touch', 'x'], "--env X: '{a.nothing}' is not valid"),
    (['--through', 'A', '--env', 'X={', '--', 'touch', 'x'], "--env X: '{' is not valid"),
    (['--through', 'A', '--behavior', '5:nonsense', '--', 'touch', 'x'], '--behavior: '),
    (['--through', 'A', '--nonsense', '--', 'touch', 'x'], "command line: '--nonsense' is not valid"),
    (['--through', 'A', '--proxy', 'x:1', '--', 'touch', 'x'], "command line: '--proxy' is not valid"),
    (['--in-place', 'x', '--', 'touch', 'x'], "--in-place: 'x' is not valid"),
    (['--in-place', 'localhost:0', '--', 'touch', 'x'], "--in-place: 'localhost:0' is not valid"),
    (['--in-place', 'localhost:1=localhost:1', '--', 'touch', 'x'], "--in-place: 'localhost:1=localhost:1' is not valid"),
    (['--in-place', '[2001:db8::1]:80', '--', 'touch', 'x'], "--in-place: '[2001:db8::1]:80' is not valid"),
])
def test_what_cannot_be_is_one_line_and_nothing_is_started(words, said, tmp_path):
    done = run(*words, cwd=tmp_path, A='redis://:SECRET@127.0.0.1:9', BAD='redis://:SECRET@h:x', EMPTY='')
    assert (done.returncode, done.stdout, done.stderr.count('\n')) == (2, '', 1), done.stderr
    assert done.stderr.startswith('vaurien run: ')
    assert said in done.stderr
    assert 'SECRET' not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_help_fits_on_a_screen():
    done = run('--help')
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, '')
    assert len(lines) <= 26
    assert max(map(len, lines)) <= 80
    assert '--in-place' in run('--help-all').stdout
