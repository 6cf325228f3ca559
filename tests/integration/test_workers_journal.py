"""The journal of a process with workers: one file, each record once, in order for those who read it; and times of requests."""
import contextlib
import json
import os
import re
import signal
from collections import Counter

import pytest

from tests.support.daemon import daemon
from tests.support.hosting import eventually
from tests.support.peers import Backend, ask, connect
from vaurien.outputs.journal.batches import BATCH_EXCHANGES
from vaurien.plans.past import opened, read_past

from .test_workers import call, pids, start, stats

SESSIONS = 12
REQUEST, REPLY = b'*2\r\n$3\r\nGET\r\n$1\r\na\r\n', b'$-1\r\n'
ABORT, REFUSE = 'abort', 'error/busy'


def answering(sock):
    while data := sock.recv(65536):
        sock.sendall(REPLY * data.count(b'GET'))


@pytest.fixture(scope='module')
def backend():
    with Backend(answering) as server:
        yield server


def begin(backend, path, *arguments):
    return start(backend, '--protocol', 'redis', '--journal', str(path), *arguments)


def lines_of(path):
    return [json.loads(line) for line in path.read_text('utf-8').splitlines()]


def of(lines, kind):
    return [line for line in lines if line['type'] == kind]


def talk(port, sessions, requests):
    with contextlib.ExitStack() as stack:
        for sock in [stack.enter_context(connect(port)) for _ in range(sessions)]:
            for _ in range(requests):
                assert ask(sock, REQUEST, len(REPLY)) == REPLY


def test_each_record_of_all_workers_is_there_once(backend, tmp_path):
    path = tmp_path / 'journal'
    requests = BATCH_EXCHANGES + 3
    with begin(backend, path) as vaurien:
        assert call(vaurien, 'PUT', '/v1/mark', {'test': 'first'})[0] == 200
        talk(vaurien.port, SESSIONS, requests)
        assert call(vaurien, 'PUT', '/v1/mark', {'test': 'second'})[0] == 200
        talk(vaurien.port, SESSIONS, 1)
    lines = lines_of(path)
    assert [line['type'] for line in lines[:3]] == ['journal', 'proxy', 'mark']
    assert Counter(line['type'] for line in lines) == {
        'journal': 1, 'proxy': 1, 'mark': 2, 'open': 2 * SESSIONS, 'close': 2 * SESSIONS, 'exchange': SESSIONS * (requests + 1)}
    assert Counter(line['test'] for line in of(lines, 'exchange')) == {'first': SESSIONS * requests, 'second': SESSIONS}
    seen = {}
    for line in of(lines, 'exchange'):
        assert line['number'] == seen.get(line['session'], 0) + 1
        seen[line['session']] = line['number']
    assert {number % 2 for number in seen} == {0, 1}
    assert {line['session'] for line in of(lines, 'open')} == seen.keys()
    where = {line['test']: at for at, line in enumerate(lines) if line['type'] == 'mark'}
    assert all(at < where['second'] for at, line in enumerate(lines) if line.get('test') == 'first')


def test_what_a_proxy_has_become_stands_between_what_it_did_before_and_after(backend, tmp_path):
    path = tmp_path / 'journal'
    with begin(backend, path) as vaurien:
        for behavior in ({'name': 'abort'}, {'name': 'error', 'kind': 'busy'}):
            assert call(vaurien, 'PUT', '/behavior', behavior)[0] == 200
            for _ in range(SESSIONS):
                with connect(vaurien.port) as sock, contextlib.suppress(ConnectionError):
                    sock.sendall(REQUEST)
                    sock.recv(100)
    lines = lines_of(path)
    order = [line.get('fault') or line['behavior'] for line in lines if line['type'] in ('proxy', 'exchange')]
    assert order == ['dummy', 'abort', *[ABORT] * SESSIONS, 'error', *[REFUSE] * SESSIONS]
    with opened(str(path)) as read:
        past = read_past(read, 'it')
    assert Counter(one.fault.settings.get('kind') for one in past.exchanges['default']) == {None: SESSIONS, 'busy': SESSIONS}
    with daemon('--backend', backend.address, '--protocol', 'redis', '--replay', str(path)) as again, \
            connect(again.port) as sock, pytest.raises(ConnectionResetError):
        ask(sock, REQUEST, 1)


def test_a_worker_that_is_killed_costs_no_record_of_another(backend, tmp_path):
    path = tmp_path / 'journal'
    with begin(backend, path) as vaurien:
        talk(vaurien.port, SESSIONS, 2)
        eventually(lambda: len(of(lines_of(path), 'close')) == SESSIONS)     # all of it is handed over
        os.kill(pids(vaurien)[2], signal.SIGKILL)
        vaurien.wait_for('worker 2 is replaced by process', 1)
        talk(vaurien.port, SESSIONS, 2)
    counts = Counter((line['session'], line['number']) for line in of(lines_of(path), 'exchange'))
    assert (len(counts), set(counts.values())) == (4 * SESSIONS, {1})


def test_the_last_words_of_sessions_that_are_cut_at_once_are_there(backend, tmp_path):
    path = tmp_path / 'journal'
    with begin(backend, path, '--grace', '300') as vaurien, contextlib.ExitStack() as stack:
        socks = [stack.enter_context(connect(vaurien.port)) for _ in range(SESSIONS)]
        for sock in socks:
            ask(sock, REQUEST, len(REPLY))
        eventually(lambda: stats(vaurien)['sessions'] == SESSIONS)
        vaurien.send(signal.SIGINT)
        vaurien.wait_for('stopping; open sessions have')
        vaurien.send(signal.SIGINT)
        assert vaurien.wait() == 0
    assert Counter(line['by'] for line in of(lines_of(path), 'close')) == {'vaurien': SESSIONS}


def test_how_long_requests_took_is_counted_over_all_workers(backend):
    with start(backend, '--protocol', 'redis', '--http-times') as vaurien:
        talk(vaurien.port, SESSIONS, 5)
        eventually(lambda: answered(vaurien) == 5 * SESSIONS)
        os.kill(pids(vaurien)[1], signal.SIGKILL)
        vaurien.wait_for('worker 1 is replaced by process', 1)
        assert answered(vaurien) == 5 * SESSIONS
        talk(vaurien.port, SESSIONS, 1)
        eventually(lambda: answered(vaurien) == 6 * SESSIONS)


def answered(vaurien):
    """Return of how many requests the page of counters has a time, which all buckets together have."""
    page = call(vaurien, 'GET', '/metrics')[1]
    found = re.search(r'^vaurien_exchange_seconds_count\{.*outcome="ok".*\} (\S+)$', page, re.MULTILINE)
    return float(found[1]) if found else 0
