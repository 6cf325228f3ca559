"""How long it takes from the death of a worker until another one in its place has a client, and has become what it should be.

``python -m tests.workers --sessions 2000 --kills 10``. Clients connect all the time, and are asked for an echo each. Of those
that the new worker has, the first one counts: numbers of its sessions are above those of the dead one. Between two kills each
worker lives longer than what makes the next one wait.
"""
import argparse
import contextlib
import http.client
import json
import os
import re
import signal
import socket
import statistics
import time
from collections.abc import Iterator

from tests.support.daemon import Daemon, daemon
from tests.support.peers import ask, connect, echo_server
from vaurien.workers.crew import GAP, SHORT_LIFE

PROCESS = re.compile(r'worker (\d+) is process (\d+)\n')
PATIENCE = 60.0     #: [s]
PAUSE = 0.002       #: [s] between two clients


def get(vaurien: Daemon, path: str) -> 'dict[str, list[dict[str, object]]]':
    """Ask the control server."""
    connection = http.client.HTTPConnection(vaurien.control.removeprefix('http://'), timeout=PATIENCE)
    with contextlib.closing(connection):
        connection.request('GET', path)
        found: dict[str, list[dict[str, object]]] = json.loads(connection.getresponse().read())
        return found


def sessions(vaurien: Daemon) -> 'Iterator[tuple[int, int]]':
    """Give the port of the client of each session, and its number."""
    after = 0
    while found := get(vaurien, f'/v1/proxies/default/sessions?limit=1000&after={after}')['sessions']:
        for session in found:
            after = int(str(session['number']))
            yield int(str(session['client']).rpartition(':')[2]), after


def echoes(sock: socket.socket) -> bool:
    """Return whether a connection is relayed."""
    try:
        return ask(sock, b'x') == b'x'
    except (OSError, EOFError):
        return False


def kill(vaurien: Daemon, victim: int, workers: int, count: int) -> 'tuple[float, float, int]':
    """Kill a worker under so many sessions.

    Returns:
        Seconds until the one in its place had a client, and until it was ready; and how many sessions were lost.
    """
    with contextlib.ExitStack() as ending:
        socks = [ending.enter_context(connect(vaurien.port)) for _ in range(count)]
        assert all(map(echoes, socks))
        numbers = dict(sessions(vaurien))
        own = {port for port, number in numbers.items() if number % workers == victim % workers}
        newest = max(numbers[port] for port in own)
        pid = [int(pid) for number, pid in PROCESS.findall(vaurien.log) if int(number) == victim][-1]
        ready = f'worker {victim} is replaced by process'
        before, tried, done = vaurien.log.count(ready), dict[int, float](), 0.0
        began = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        while not done or len(tried) < 20 or time.monotonic() - began < 2 * done:
            with contextlib.suppress(ConnectionError):
                sock = ending.enter_context(connect(vaurien.port))
                if echoes(sock):
                    tried[sock.getsockname()[1]] = time.monotonic() - began
            if not done and vaurien.log.count(ready) > before:
                done = time.monotonic() - began
            assert time.monotonic() - began < PATIENCE, vaurien.log
            time.sleep(PAUSE)
        left = [sock for sock in socks if echoes(sock)]
        assert not own.intersection(sock.getsockname()[1] for sock in left)
        assert len(left) == count - len(own), 'sessions of others are lost'
        first = min(tried[port] for port, number in sessions(vaurien) if port in tried and number % workers == victim % workers
                    and number > newest + GAP)
        return first, done, len(own)


def shown(name: str, times: 'list[float]') -> str:
    """Return a line of the table."""
    return f'{name:32} {statistics.median(times) * 1000:6.0f} ms {max(times) * 1000:6.0f} ms'


def main() -> None:
    parser = argparse.ArgumentParser(prog='python -m tests.workers', description=__doc__.partition('\n')[0] if __doc__ else '')
    parser.add_argument('--sessions', type=int, default=2000)
    parser.add_argument('--kills', type=int, default=10)
    parser.add_argument('--workers', type=int, default=2)
    given = parser.parse_args()
    firsts, readies, lost = [], [], 0
    with echo_server() as backend, daemon('--workers', str(given.workers), '--backend', backend.address, '--http', '--http-port',
                                          '0') as vaurien:
        for number in range(given.kills):
            time.sleep(SHORT_LIFE)
            first, ready, sessions_lost = kill(vaurien, number % given.workers + 1, given.workers, given.sessions)
            firsts.append(first)
            readies.append(ready)
            lost += sessions_lost
    print(f'workers that were killed under {given.sessions} sessions: {given.kills}; sessions lost, all of them theirs: {lost}')
    print(f'{"from kill to":32} {"median":>9} {"most":>9}')
    print(shown('first client of the new one', firsts))
    print(shown('ready, as the log says', readies))


if __name__ == '__main__':
    main()
