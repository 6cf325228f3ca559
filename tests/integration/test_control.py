"""The control server of a real process: end to end, with many clients at once, and beside a data plane that has no time."""
import contextlib
import http.client
import json
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.control_client import read_answer, steering
from tests.support.daemon import CONTROL, ROOT, daemon, environment, run_to_end
from tests.support.hosting import eventually, spec_for
from tests.support.peers import connect, echo_server, read_exactly
from tests.support.timing import once_within
from tests.support.unit_of_time import MS, PATIENCE

HTTP = ('--http', '--http-port', '0')
#: [s] 99 of 100 answers, beside a data plane that has no time; the aim is 50 ms, this is for machines that are busy
SLOWEST = 500 * MS
#: behaviors under which an echo stays an echo
HARMLESS = ({'name': 'dummy'}, {'name': 'delay', 'sleep': 0.001},
            {'mix': '50:delay,10:dummy', 'settings': {'delay': {'sleep': 0.002}}},
            {'name': 'error', 'warmup': 10 ** 6}, {'name': 'hang', 'match': 'never'}, {'mix': '0:blackout'})


@pytest.fixture
def backend():
    with echo_server() as server:
        yield server


class Client:
    """A client of the HTTP API that keeps its connection."""

    def __init__(self, url):
        self.connection = http.client.HTTPConnection(url.removeprefix('http://'), timeout=PATIENCE)

    def ask(self, method, path, body=None):
        self.connection.request(method, path, None if body is None else json.dumps(body))
        return read_answer(self.connection.getresponse())


# -- end to end

def test_the_command_starts_it_and_says_where(backend):
    with daemon('--backend', backend.address, '--behavior', '20:delay', *HTTP) as vaurien:
        client = Client(vaurien.control)
        assert vaurien.control.startswith('http://127.0.0.1:')
        assert client.ask('GET', '/behavior').json['behavior'] == '20:delay'
        assert client.ask('GET', '/v1/proxies/default').json['backend'] == backend.address
        assert client.ask('GET', '/metrics').status == 200
        client.connection.close()


def test_a_proxy_made_over_http_works_at_once(backend):
    with daemon('--fleet-only', *HTTP, proxies=0) as vaurien:
        client = Client(vaurien.control)
        made = client.ask('POST', '/v1/proxies', {'name': 'new', 'backend': backend.address})
        assert made.status == 201
        with connect(int(made.json['address'].rpartition(':')[2])) as sock:
            sock.sendall(b'hello')
            assert read_exactly(sock, 5) == b'hello'
        client.connection.close()


@pytest.mark.parametrize('arguments, environ', [(('--http-token', 'secret'), {}), ((), {'VAURIEN_HTTP_TOKEN': 'secret'})])
def test_a_token_is_asked_for(backend, monkeypatch, arguments, environ):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with daemon('--backend', backend.address, *HTTP, *arguments) as vaurien:
        client = Client(vaurien.control)
        assert client.ask('GET', '/behavior').status == 401
        client.connection.request('GET', '/behavior', headers={'Authorization': 'Bearer secret'})
        assert read_answer(client.connection.getresponse()).status == 200
        client.connection.close()


def test_all_addresses_without_a_token_are_refused_in_one_line():
    done = run_to_end('--proxy', '127.0.0.1:0', *HTTP, '--http-host', '0.0.0.0')
    assert done.returncode == 2
    assert done.stderr.count('\n') == 1
    assert '--http-host' in done.stderr
    assert '--http-token' in done.stderr
    assert '--http-allow' in done.stderr


def test_a_client_of_toxiproxy_reaches_all_addresses_under_a_name_that_is_allowed(backend):
    with daemon('--toxiproxy', '--http-port', '0', '--http-host', '0.0.0.0', '--http-allow', '172.16.0.0/12,toxiproxy',
                proxies=0) as vaurien:
        vaurien.wait_for(CONTROL)
        body = b'{"name": "it", "upstream": "%b"}' % backend.address.encode()
        with connect(int(vaurien.control.rpartition(':')[2])) as sock:
            sock.sendall(b'POST /proxies HTTP/1.1\r\nHost: toxiproxy:8474\r\nContent-Length: %d\r\n\r\n%b' % (len(body), body))
            assert sock.recv(100).startswith(b'HTTP/1.1 201 ')


def test_a_port_that_is_taken_is_said_in_one_line(backend):
    done = run_to_end('--proxy', '127.0.0.1:0', '--http', '--http-port', str(backend.port))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith('vaurien: control server cannot listen on localhost:')
    assert 'Traceback' not in done.stderr


def test_a_signal_ends_the_process_also_while_somebody_follows(backend):
    with daemon('--backend', backend.address, *HTTP) as vaurien:
        host, port = vaurien.control.removeprefix('http://').split(':')
        with connect(int(port), host) as sock:
            sock.sendall(b'GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1:%b\r\n\r\n' % port.encode())
            assert sock.recv(100)
            vaurien.send(signal.SIGTERM)
            assert vaurien.wait() == 0


def test_statsd_is_sent_to_where_the_command_line_says(backend):
    import socket
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(('127.0.0.1', 0))
        receiver.settimeout(PATIENCE)
        port = str(receiver.getsockname()[1])
        with daemon('--backend', backend.address, '--statsd', '--statsd-port', port, '--statsd-prefix', 'x', '--statsd-host',
                    'localhost') as vaurien, connect(vaurien.port) as client:
            client.sendall(b'hello')
            read_exactly(client, 5)
            while b'x.default.exchanges:1|c' not in receiver.recv(65536):
                pass


# -- many at once

class Load:
    """Connections that send and expect the same back, from the first to the last request of a ``with`` block."""

    def __init__(self, port, connections):
        self.exchanged = 0
        self.wrong = []
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._exchange, args=(port, number)) for number in range(connections)]

    def _exchange(self, port, number):
        try:
            with connect(port) as sock:
                count = 0
                while not self._done.is_set() or not count:
                    count += 1
                    text = b'%d/%d;' % (number, count)
                    sock.sendall(text)
                    answer = read_exactly(sock, len(text))
                    if answer != text:
                        self.wrong.append((text, answer))
                    self.exchanged += 1
        except (OSError, EOFError) as error:
            self.wrong.append((number, error))

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self._done.set()
        for thread in self._threads:
            thread.join(PATIENCE)


def test_200_clients_change_behaviors_under_load(backend):
    def steer(number):
        client, statuses = Client(vaurien.control), []
        for turn in range(5):
            statuses.append(client.ask('PUT', '/behavior', HARMLESS[(number + turn) % len(HARMLESS)]).status)
            seen = client.ask('GET', '/behavior')
            statuses.append(seen.status if set(seen.json) <= {'behavior', 'mix'} else seen.body)
            mixed = client.ask('PATCH', '/v1/proxies/default', {'mix': '5:delay', 'settings': {'delay': {'sleep': 0.001}}})
            statuses.append(mixed.status if mixed.json['behavior'] == '5:delay' else mixed.body)
            statuses.append(client.ask('PUT', '/behavior', {'name': 'nothing of the kind'}).status)
        client.connection.close()
        return statuses
    with daemon('--backend', backend.address, *HTTP) as vaurien:
        with Load(vaurien.port, 10) as load, ThreadPoolExecutor(200) as clients:
            found = list(clients.map(steer, range(200)))
        assert found == [[200, 200, 200, 400] * 5] * 200
        assert load.wrong == []
        assert load.exchanged > 10
        client = Client(vaurien.control)
        stats, = client.ask('GET', '/v1/stats').json['proxies']
        assert (stats['accepted'], stats['backend_errors'], stats['handler_errors'], stats['refused']) == (10, 0, 0, 0)
        assert client.ask('GET', '/v1/proxies').status == 200
        client.connection.close()
        assert 'Traceback' not in vaurien.log
        assert 'ERROR' not in vaurien.log


def test_clients_that_want_the_same_name_get_it_once(backend):
    def create(number):
        client = Client(vaurien.control)
        with contextlib.closing(client.connection):
            return client.ask('POST', '/v1/proxies', {'name': f'p{number % 10}', 'backend': backend.address}).status
    with daemon('--backend', backend.address, *HTTP) as vaurien, ThreadPoolExecutor(50) as clients:
        found = sorted(clients.map(create, range(50)))
    assert found == [201] * 10 + [409] * 40


# -- beside a data plane that has no time

#: what a loader runs: it sends as fast as it can and reads what comes back
LOADER = """
import socket, sys, threading
def pump(port):
    sock = socket.create_connection(('127.0.0.1', port))
    threading.Thread(target=lambda: [None for _ in iter(lambda: sock.recv(65536), b'')], daemon=True).start()
    sys.stdout.write('up\\n')
    sys.stdout.flush()
    while True:
        sock.sendall(b'x' * int(sys.argv[2]))
threads = [threading.Thread(target=pump, args=(int(sys.argv[1]),), daemon=True) for _ in range(8)]
[thread.start() for thread in threads]
sys.stdin.read()
"""


@contextlib.contextmanager
def loaded(port, size):
    """Keep a proxy as busy as it gets, from another process, until the end of the block."""
    loader = subprocess.Popen([sys.executable, '-c', LOADER, str(port), str(size)], text=True, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE)
    try:
        for _ in range(8):
            assert loader.stdout.readline() == 'up\n'
        yield
    finally:
        loader.kill()
        loader.communicate()


def latencies(url, path, count):
    """Return how long so many requests take, in order of length."""
    client, found = Client(url), []
    for _ in range(count):
        begun = time.monotonic()
        assert client.ask('GET', path).status == 200
        found.append(time.monotonic() - begun)
    client.connection.close()
    return sorted(found)


@pytest.mark.parametrize('size', [100, 65536], ids=['small', 'large'])
@pytest.mark.parametrize('path', ['/behavior', '/v1/proxies', '/metrics'])
def test_the_api_answers_while_the_data_plane_is_saturated(path, size):
    echo = subprocess.Popen([sys.executable, '-m', 'tests.integration.test_control'], cwd=ROOT, env=environment(), text=True,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        address = f'127.0.0.1:{int(echo.stdout.readline())}'
        with daemon('--backend', address, *HTTP) as vaurien, loaded(vaurien.port, size):
            found = once_within(SLOWEST, lambda: latencies(vaurien.control, path, 100)[98], tries=5)
            client = Client(vaurien.control)
            stats, = client.ask('GET', '/v1/stats').json['proxies']
            client.connection.close()
        assert stats['from_client'] > 10_000
        print(f'{path} {size}: p99 {found[-1] * 1000:.1f} ms')
    finally:
        echo.kill()
        echo.communicate()


# -- a thousand proxies, and pages of sessions

def test_a_thousand_proxies_are_listed():
    with steering(*(spec_for('127.0.0.1:9', name=f'p{number}', backlog=1) for number in range(1000))) as server:
        listed = server.get('/v1/proxies')['proxies']
        assert [proxy['name'] for proxy in listed] == [f'p{number}' for number in range(1000)]
        assert len({proxy['address'] for proxy in listed}) == 1000
        assert server.ask('GET', '/metrics').body.count(b'vaurien_sessions{') == 1000
        assert server.get('/health')['proxies'] == 1000


def test_many_sessions_are_paged_through(backend):
    with steering(spec_for(backend)) as server, contextlib.ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(connect(server.host.port))
        eventually(lambda: len(server.host.proxy.sessions) == 300)
        numbers, after = [], 0
        while page := server.get(f'/v1/proxies/default/sessions?limit=70&after={after}')['sessions']:
            numbers += [session['number'] for session in page]
            after = numbers[-1]
        assert numbers == list(range(1, 301))


def main():
    """Be a backend that echoes, in a process of its own, until standard input ends."""
    with echo_server() as server:
        print(server.port, flush=True)
        sys.stdin.read()


if __name__ == '__main__':
    main()
