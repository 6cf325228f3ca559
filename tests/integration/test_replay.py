"""The faults of a run, repeated on the same requests of a later one whose threads come in another order; nothing is faked."""
import json
import sys
from collections import Counter

import pytest

from tests.support.daemon import daemon
from tests.support.peers import connect
from tests.support.running import run
from tests.support.servers import DATABASE, PASSWORD, USER

#: what one and the same program does, in the order that ORDER makes its threads come in: each thread has its own requests,
#: and connections of its own or one pool of all
THREADS = """
import json, os, random, sys, threading, time
THREADS, ROUNDS = 6, 15
turns = random.Random(int(os.environ['ORDER']))
said = {}

def work(number, waits):
    asks = connected(number)
    for at, wait in enumerate(waits):
        time.sleep(wait)
        for name, ask in asks(number, at):
            try:
                said[name] = str(ask())
            except Exception as error:
                said[name] = type(error).__name__

waits = [[turns.random() * 0.004 for _ in range(ROUNDS)] for _ in range(THREADS)]
threads = [threading.Thread(target=work, args=(number, waits[number])) for number in range(THREADS)]
turns.shuffle(threads)
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
json.dump(said, sys.stdout, sort_keys=True)
"""
OWN = """
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

def client():
    return redis.Redis.from_url(os.environ['CACHE_URL'], retry=Retry(NoBackoff(), 0), retry_on_timeout=False)

def asks(cache):
    return lambda number, at: [
        (f'set {number}.{at}', lambda: cache.set(f'k:{number}.{at}', 'v')),
        (f'get {number}.{at}', lambda: cache.get(f'k:{number}.{at}')),
        (f'lpush {number}.{at}', lambda: bool(cache.lpush(f'l:{number}.{at}', at))),
        (f'shared {number}.{at}', lambda: bool(cache.get('shared')))]

def connected(number):
    return asks(client())
"""
POOLED = OWN.replace("return asks(client())", "return asks(ONE)\n\nimport os\nONE = client()")
SQL = """
import psycopg

def connected(number):
    link = [None]
    def execute(statement):
        if link[0] is None or link[0].closed:
            link[0] = psycopg.connect(os.environ['DATABASE_URL'], autocommit=True)
        return link[0].execute(statement).fetchall()
    return lambda number, at: [(f'select {number}.{at}', lambda: execute(f'SELECT {at} AS of_{"abcdef"[number]}'))]
"""


def journalled(path):
    """Return the faults of a journal: of which request of which name, and how often."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return Counter((line['name'], line['fault']) for line in lines if line['type'] == 'exchange' and line.get('fault'))


def played(program, order, variables, *options):
    done = run('--through', *options, '--', sys.executable, '-c', program, ORDER=str(order), **variables)
    assert done.returncode == 0, done.stderr
    assert 'Traceback' not in done.stderr
    return json.loads(done.stdout), done.stderr


ASKED = '^(SET |GET |LPUSH |SELECT [0-9])'    #: and not what a client says when it connects
#: whose connection is new begins it with what no other thread asks for, and by that it is known
CHAOS = ('--behavior', '12:error,8:abort,5:delay', '--behavior-delay-sleep', '0.002',
         '--behavior-abort-match', '^(SET |SELECT [0-9])',
         '--behavior-error-match', ASKED, '--behavior-delay-match', ASKED, '--seed', '7')


@pytest.mark.parametrize('program, server, variable, url', [
    (OWN, 'redis_server', 'CACHE_URL', 'redis://127.0.0.1:{}/0'), (POOLED, 'redis_server', 'CACHE_URL', 'redis://127.0.0.1:{}/0'),
    (SQL, 'postgres_server', 'DATABASE_URL', f'postgresql://{USER}:{PASSWORD}@127.0.0.1:{{}}/{DATABASE}?sslmode=disable'),
], ids=['redis, a connection for each thread', 'redis, a pool', 'postgres'])
def test_the_same_requests_get_the_same_faults_though_threads_come_in_another_order(
        request, tmp_path, program, server, variable, url):
    variables = {variable: url.format(request.getfixturevalue(server).port)}
    first, again = tmp_path / 'first', tmp_path / 'again'
    said, _ = played(program + THREADS, 1, variables, variable, *CHAOS, '--journal', str(first))
    faults = journalled(first)
    assert faults.total() > 10
    for order in (2, 3):
        repeated, told = played(program + THREADS, order, variables, variable, '--replay', str(first), '--strict',
                                '--journal', str(again))
        assert 'not repeated' not in told
        assert journalled(again) == faults
        if program is POOLED:   # requests of one name on connections of all: each of them is as good as the other
            repeated, said = ({name: one[name] for name in one if not name.startswith('shared')} for one in (repeated, said))
        assert repeated == said


def test_what_could_not_be_repeated_is_listed_and_is_status_3_where_that_is_asked_for(redis_server, tmp_path):
    variables = {'CACHE_URL': f'redis://127.0.0.1:{redis_server.port}/0'}
    first = tmp_path / 'first'
    get = "import redis, os; redis.Redis.from_url(os.environ['CACHE_URL']).get('replay-a')"
    done = run('--through', 'CACHE_URL', '--fault', 'GET replay-a = delay sleep=0.001', '--journal', str(first),
               '--', sys.executable, '-c', get, **variables)
    assert done.returncode == 0
    assert list(journalled(first)) == [('GET replay-a', 'delay')]
    for options, status in ((('--strict',), 3), ((), 0)):
        done = run('--through', 'CACHE_URL', '--replay', str(first), *options, '--', sys.executable, '-c', 'pass', **variables)
        assert done.returncode == status
        line, = (line for line in done.stderr.splitlines() if 'not repeated' in line)
        assert 'cache_url: GET replay-a (session 1, exchange ' in line
        assert line.endswith(' = delay: no request has matched')


def test_what_is_no_journal_is_one_line_and_nothing_starts(tmp_path):
    (tmp_path / 'no').write_text('{"type":"exchange"}\n')
    for path, status in (('no', 2), ('missing', 1)):
        done = run('--through', 'A', '--replay', path, '--', 'echo', 'started', cwd=tmp_path, A='redis://127.0.0.1:9')
        assert (done.returncode, done.stdout) == (status, '')
        line, = done.stderr.splitlines()
        assert line.startswith('vaurien run: ')
        assert path in line


def statuses(path, bodies, *options):
    """Post each of some texts, on a connection of its own, and return by text how that was answered."""
    found = {}
    with daemon('--backend', 'embedded', '--protocol', 'http', '--journal', str(path), *options) as vaurien:
        for body in bodies:
            with connect(vaurien.port) as client:
                client.sendall(b'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s' % (len(body), body.encode()))
                found[body] = int(client.recv(100).split()[1])
        assert vaurien.stop() == 0
    return found


def test_requests_that_only_their_payloads_tell_apart_get_what_they_got(tmp_path):
    first = statuses(tmp_path / 'first', ('one', 'two', 'three'), '--fault', 'POST /echo #2 = 503')
    assert first == {'one': 200, 'two': 503, 'three': 200}
    again = statuses(tmp_path / 'again', ('two', 'three', 'one'), '--replay', str(tmp_path / 'first'), '--strict')
    assert again == first
    other = statuses(tmp_path / 'other', ('four', 'five', 'six'), '--replay', str(tmp_path / 'first'), '--strict')
    assert list(other.values()) == [200, 503, 200]
