"""Workers: processes that relay for one, each with its share of the sessions, told and counted as if they were one."""
import contextlib
import http.client
import json
import os
import re
import signal
import socket
import ssl
import time
from pathlib import Path

import pytest

from tests.support.daemon import daemon as running
from tests.support.daemon import run_to_end
from tests.support.hosting import eventually
from tests.support.peers import ask, connect, echo_server, free_port
from tests.support.tls import certificates
from tests.support.unit_of_time import MS, PATIENCE

SESSIONS = int(os.environ.get('VAURIEN_WORKERS_SESSIONS', '80'))    #: 2,000: make workers
PROCESS = re.compile(r'worker (\d+) is process (\d+)\n')


@pytest.fixture(scope='module')
def backend():
    with echo_server() as server:
        yield server


def start(backend, *arguments, workers=2):
    return running('--workers', str(workers), '--backend', getattr(backend, 'address', backend), '--http', '--http-port', '0',
                   '--seed', '7', *arguments)


def call(vaurien, method, path, body=None):
    connection = http.client.HTTPConnection(vaurien.control.removeprefix('http://'), timeout=PATIENCE)
    with contextlib.closing(connection):
        connection.request(method, path, None if body is None else json.dumps(body).encode())
        response = connection.getresponse()
        data = response.read()
    return response.status, json.loads(data) if data.startswith((b'{', b'[')) else data.decode()


def stats(vaurien):
    return call(vaurien, 'GET', '/v1/stats')[1]['proxies'][0]


def pids(vaurien):
    """Return the processes of the workers that there are, by their numbers."""
    return {int(number): int(pid) for number, pid in PROCESS.findall(vaurien.log)}


def lives(pid):
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


@pytest.fixture(scope='module')
def shared(backend):
    with start(backend) as vaurien:
        yield vaurien


@contextlib.contextmanager
def clients(port, count):
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(connect(port)) for _ in range(count)]
        for sock in socks:
            assert ask(sock, b'hello') == b'hello'
        yield socks


def time_to_tell(vaurien, known):
    """Wait until nothing that was counted is still to be told."""
    eventually(lambda: stats(vaurien) == known)


def sessions(vaurien):
    """Return the number of each session by the client's port."""
    found = call(vaurien, 'GET', '/v1/proxies/default/sessions?limit=1000')[1]['sessions']
    return {int(session['client'].rpartition(':')[2]): session['number'] for session in found}


def test_all_workers_take_clients_and_their_counts_are_summed(shared):
    before = stats(shared)
    with clients(shared.port, 40):
        now = stats(shared)
        assert (now['accepted'] - before['accepted'], now['sessions']) == (40, 40)
        assert now['from_client'] - before['from_client'] == 40 * len('hello')
        numbers = list(sessions(shared).values())
        assert len(numbers) == len(set(numbers)) == 40
        assert {number % 2 for number in numbers} == {0, 1}     # both have some: that one has none is 1 in 5 * 10 ** 11
    eventually(lambda: stats(shared)['sessions'] == 0)


def test_a_change_reaches_the_sessions_of_all_workers(shared):
    with clients(shared.port, 20) as socks:
        assert call(shared, 'PUT', '/behavior', {'name': 'abort'})[0] == 200
        for sock in socks:
            sock.sendall(b'x')
            with pytest.raises(ConnectionResetError):
                sock.recv(1)
    assert call(shared, 'PUT', '/behavior', {'name': 'dummy'})[0] == 200
    eventually(lambda: stats(shared)['faults'] >= 20)
    eventually(lambda: len(call(shared, 'GET', '/v1/faults')[1]['faults']) >= 20)
    found = call(shared, 'GET', '/v1/faults')[1]['faults']
    assert [fault['id'] for fault in found] == list(range(1, len(found) + 1))


def test_toxics_of_toxiproxy_reach_all_workers(shared):
    toxic = {'type': 'latency', 'name': 'slow', 'attributes': {'latency': int(30 * MS * 1000)}}
    with clients(shared.port, 12) as socks:
        assert call(shared, 'POST', '/proxies/default/toxics', toxic)[0] == 200
        for sock in socks:
            began = time.monotonic()
            assert ask(sock, b'late') == b'late'
            assert time.monotonic() - began >= 30 * MS
        assert call(shared, 'DELETE', '/proxies/default/toxics/slow')[0] == 204


def test_one_session_and_all_sessions_are_killed_wherever_they_are(shared):
    eventually(lambda: stats(shared)['sessions'] == 0)      # those of other tests have ended
    with clients(shared.port, 12) as socks:
        numbers = sessions(shared)
        for sock in socks[:2]:
            number = numbers[sock.getsockname()[1]]
            assert call(shared, 'GET', f'/v1/proxies/default/sessions/{number}')[1]['number'] == number
            assert call(shared, 'DELETE', f'/v1/proxies/default/sessions/{number}')[0] == 204
            with pytest.raises(ConnectionResetError):
                sock.recv(1)
        assert call(shared, 'DELETE', '/v1/proxies/default/sessions') == (200, {'killed': 10})
    assert call(shared, 'GET', '/v1/proxies/default/sessions/999999999')[0] == 404


def test_proxies_come_move_and_go_in_all_workers(shared, backend):
    port = free_port()
    new = {'name': 'new', 'proxy': '127.0.0.1:0', 'backend': backend.address}
    assert call(shared, 'POST', '/v1/proxies', new)[0] == 201
    first = int(call(shared, 'GET', '/v1/proxies/new')[1]['address'].rpartition(':')[2])
    with clients(first, 8) as socks:
        assert call(shared, 'PATCH', '/v1/proxies/new', {'proxy': f'127.0.0.1:{port}'})[0] == 200
        assert [ask(sock, b'lives on') for sock in socks] == [b'lives on'] * 8
        with pytest.raises(ConnectionRefusedError):
            connect(first)
        with clients(port, 8):
            pass
        assert call(shared, 'PATCH', '/v1/proxies/new', {'enabled': False})[0] == 200
        with pytest.raises(ConnectionRefusedError):
            connect(port)
    assert call(shared, 'PATCH', '/v1/proxies/new', {'enabled': True})[0] == 200
    with clients(port, 4):
        assert call(shared, 'DELETE', '/v1/proxies/new')[0] == 204
    with pytest.raises(ConnectionRefusedError):
        connect(port)


def relayed(path, count=8):
    """Return whether so many clients of a unix socket are relayed."""
    for _ in range(count):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(PATIENCE)
            sock.connect(path)
            if ask(sock, b'x') != b'x':
                return False
    return True


def test_a_unix_socket_is_that_of_all_workers_and_its_file_stays_as_long_as_it_listens(backend, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)     # a path may have 107 bytes
    path = tmp_path / 'path'
    with start(backend) as vaurien:
        new = {'name': 'path', 'proxy': f'unix:{path}', 'backend': backend.address}
        assert call(vaurien, 'POST', '/v1/proxies', new)[0] == 201
        assert call(vaurien, 'POST', '/v1/proxies', {**new, 'name': 'other'})[0] == 409
        for number in (1, 2):
            pid = pids(vaurien)[number]
            os.kill(pid, signal.SIGSTOP)    # the other one accepts all
            try:
                assert relayed('path')
            finally:
                os.kill(pid, signal.SIGCONT)
        os.kill(pids(vaurien)[1], signal.SIGKILL)
        assert relayed('path')
        vaurien.wait_for('worker 1 is replaced by process')
        os.kill(pids(vaurien)[2], signal.SIGSTOP)
        assert relayed('path')
        os.kill(pids(vaurien)[2], signal.SIGCONT)
        assert call(vaurien, 'PATCH', '/v1/proxies/path', {'proxy': f'unix:{path}2'})[0] == 200
        assert (path.exists(), relayed('path2')) == (False, True)
        assert call(vaurien, 'PATCH', '/v1/proxies/path', {'enabled': False})[0] == 200
        assert list(tmp_path.iterdir()) == []
        assert call(vaurien, 'PATCH', '/v1/proxies/path', {'enabled': True, 'proxy': f'unix:{path}'})[0] == 200
        assert relayed('path')
    assert list(tmp_path.iterdir()) == []


def test_an_address_that_is_taken_is_refused_and_nothing_changes(shared):
    before = call(shared, 'GET', '/v1/proxies')[1]['proxies'][0]
    with socket.socket() as other:
        other.bind(('127.0.0.1', 0))
        other.listen()
        port = other.getsockname()[1]
        status, said = call(shared, 'PATCH', '/v1/proxies/default', {'proxy': f'127.0.0.1:{port}'})
    assert (status, 'in use' in said['error']) == (409, True)
    now = call(shared, 'GET', '/v1/proxies')[1]['proxies'][0]
    assert {**now, 'stats': 0, 'uses': 0} == {**before, 'stats': 0, 'uses': 0}
    with clients(shared.port, 8):
        pass


REFUSED = {
    'shared bandwidth': ('PATCH', '/v1/proxies/default', {'toxics': [
        {'type': 'bandwidth', 'attributes': {'rate': 1, 'shared': True}}]}),
    'max_connections': ('PATCH', '/v1/proxies/default', {'max_connections': 5}),
    'warmup': ('PUT', '/behavior', {'name': 'error', 'warmup': 3}),
    'transient': ('PUT', '/behavior', {'name': 'transient'}),
    'plan': ('POST', '/v1/plan', {'faults': ['default * * = hang']}),
}


@pytest.mark.parametrize('what', REFUSED)
def test_what_counts_over_all_sessions_is_refused_in_one_line(shared, what):
    status, said = call(shared, *REFUSED[what])
    text = json.dumps(said)
    assert (status, '--workers 1' in text) == (400, True), text


@pytest.mark.parametrize('arguments', [
    ('--max-connections', '5'), ('--behavior', '10:transient'), ('--toxic', 'bandwidth:rate=5,shared=true'),
    ('--fault', 'default * * = hang'), ('--show', 'requests'),
    ('--otel',), ('--busy', '--http'),
], ids=' '.join)
def test_and_so_it_is_at_the_command_line(arguments, tmp_path):
    done = run_to_end('--workers', '2', '--proxy', '127.0.0.1:0', '--backend', '127.0.0.1:1', *arguments, cwd=tmp_path)
    *_, last = done.stderr.splitlines()
    assert (done.returncode, 'expected one process: --workers 1' in last) == (2, True), done.stderr
    assert 'Traceback' not in done.stderr


def test_workers_that_are_killed_are_replaced_and_only_their_sessions_are_lost(backend):
    with start(backend) as vaurien:
        lost = 0
        for victim in (1, 2):
            with clients(vaurien.port, SESSIONS) as socks:
                before = stats(vaurien)
                numbers = sessions(vaurien) if SESSIONS <= 1000 else None
                pid = pids(vaurien)[victim]
                time_to_tell(vaurien, before)
                began = time.monotonic()
                os.kill(pid, signal.SIGKILL)
                vaurien.wait_for(f'worker {victim} is replaced by process', 1)
                assert time.monotonic() - began < 1000 * MS + PATIENCE / 10
                survivors = []
                for sock in socks:
                    with contextlib.suppress(OSError, EOFError):
                        if ask(sock, b'there?') == b'there?':
                            survivors.append(sock.getsockname()[1])
                now = stats(vaurien)
                assert (now['sessions'], now['accepted']) == (len(survivors), before['accepted'])
                assert now['from_client'] == before['from_client'] + len(survivors) * len('there?')
                lost += SESSIONS - len(survivors)
                if numbers is not None:
                    assert sorted(number for port, number in numbers.items() if port in survivors) == \
                        sorted(number for number in numbers.values() if number % 2 != victim % 2)
                assert 0 < len(survivors) < SESSIONS
                with clients(vaurien.port, 10):     # also those of the new one
                    pass
            eventually(lambda: stats(vaurien)['sessions'] == 0)
        metrics = call(vaurien, 'GET', '/metrics')[1]
        assert 'vaurien_workers_replaced_total 2.0' in metrics
        assert f'vaurien_workers_lost_sessions_total {float(lost)}' in metrics


def test_workers_end_with_the_process_that_started_them(backend):
    with start(backend) as vaurien, connect(vaurien.port) as client:
        assert ask(client, b'x') == b'x'
        workers = pids(vaurien).values()
        vaurien.process.kill()
        eventually(lambda: not any(lives(pid) for pid in workers))
        vaurien.wait()


def test_open_sessions_of_all_workers_may_end_before_the_process_does(backend):
    with start(backend, '--grace', '30') as vaurien, clients(vaurien.port, 10) as socks:
        vaurien.send(signal.SIGTERM)
        vaurien.wait_for('stopping; open sessions have')
        assert [ask(sock, b'y') for sock in socks] == [b'y'] * 10
        for sock in socks:
            sock.close()
        assert vaurien.wait() == 0
        assert 'sessions cut: 0' in vaurien.log
        assert not any(lives(pid) for pid in pids(vaurien).values())


def test_a_second_signal_ends_them_at_once_and_says_how_many_were_cut(backend):
    with start(backend, '--grace', '300') as vaurien, clients(vaurien.port, 10):
        eventually(lambda: stats(vaurien)['sessions'] == 10)
        vaurien.send(signal.SIGINT)
        vaurien.wait_for('stopping; open sessions have')
        vaurien.send(signal.SIGINT)
        assert vaurien.wait() == 0
        assert 'sessions cut: 10' in vaurien.log


def test_the_configuration_is_read_again_in_all_workers(backend, tmp_path):
    path = tmp_path / 'vaurien.ini'
    path.write_text(f'[vaurien]\nworkers = 2\nproxy = 127.0.0.1:0\nbackend = {backend.address}\n')
    with running('--config', str(path)) as vaurien, clients(vaurien.port, 10) as socks:
        path.write_text(path.read_text() + 'behavior = 100:abort\n')
        vaurien.send(signal.SIGHUP)
        vaurien.wait_for('reloaded: changed default')
        for sock in socks:
            sock.sendall(b'x')
            with pytest.raises(ConnectionResetError):
                sock.recv(1)


def test_tls_is_ended_in_each_worker(backend):
    cert, key = certificates().files
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with running('--workers', '2', '--backend', backend.address, '--proxy', 'tls://127.0.0.1:0', '--tls-cert', cert, '--tls-key',
                 key) as vaurien:
        for _ in range(8):
            with context.wrap_socket(connect(vaurien.port)) as sock:
                assert ask(sock, b'secret') == b'secret'


def drawn(backend, workers):
    """Return the numbers of the sessions, up to the 24th, that a seed aborts."""
    with start(backend, '--behavior', '50:abort', workers=workers) as vaurien:
        for _ in range(24):
            with connect(vaurien.port) as sock, contextlib.suppress(OSError):
                sock.sendall(b'x')
                sock.recv(1)
        eventually(lambda: stats(vaurien)['faults'] == len(call(vaurien, 'GET', '/v1/faults')[1]['faults']) > 0)
        return {fault['session'] for fault in call(vaurien, 'GET', '/v1/faults')[1]['faults'] if fault['session'] <= 24}


def test_a_session_draws_by_its_number_whichever_worker_has_it(backend):
    alone, among = drawn(backend, 1), drawn(backend, 3)
    assert among
    assert among <= alone


def test_one_worker_is_the_process_itself(backend):
    with start(backend, workers=1) as vaurien:
        assert pids(vaurien) == {}
        children = Path(f'/proc/{vaurien.pid}/task/{vaurien.pid}/children').read_text()
        assert children == ''
