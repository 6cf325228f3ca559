"""Scenarios as their users play them: a process, a client that asks meanwhile, and the report that it leaves."""
import asyncio
import json
import signal
import socket
import time

import pytest

from tests.support.daemon import Daemon, daemon, run_to_end
from tests.support.hosting import eventually
from tests.support.timing import once_within
from tests.support.unit_of_time import MS, PATIENCE
from tests.unit.scenario.test_reading import PHASE

from ..docs.blocks import DOCS

#: what times of the ready files are multiplied with here: the longest phase of them takes 0.6 s
SCALE = 10 * MS
SET = b'SET a 1\r\n'


def keep_asking(vaurien: Daemon, request: bytes) -> int:
    """Ask again and again until the scenario has ended, connecting anew where that is needed; return how many were answered."""
    answered = 0
    while vaurien.status is None:
        try:
            with socket.create_connection(('127.0.0.1', vaurien.port), timeout=20 * MS) as client:
                while vaurien.status is None:
                    client.sendall(request)
                    if not client.recv(65536):
                        break
                    answered += 1
        except OSError:
            time.sleep(MS)
    return answered


def play(tmp_path, file, request, *arguments):
    """Play a file to its end, and return the report and the number of answers that the client has got."""
    path = tmp_path / 'report.json'
    with daemon('scenario', str(file), *arguments, '--scale', str(SCALE), '--json', str(path), '--svg', str(tmp_path / 'x.svg'),
                '--grace', '0', '--proxy', '127.0.0.1:0') as vaurien:
        answered = keep_asking(vaurien, request)
        assert vaurien.wait() == 0, vaurien.log
    assert (tmp_path / 'x.svg').read_text().startswith('<svg')
    return json.loads(path.read_text()), answered


HTTP = b'GET /status/200 HTTP/1.1\r\nHost: x\r\n\r\n'
#: by file: what is asked, and a kind of error that has to be among those of its phase; empty: that is about time alone
READY = {'redis-failover': ('replica', 'READONLY'), 'slow-dependency': ('slow', ''), 'brown-out': ('brown-out', '503'),
         'degrading-link': ('no network', 'lost')}


@pytest.mark.parametrize('name', READY)
def test_a_ready_scenario_is_played(tmp_path, name, redis_server):
    redis = name == 'redis-failover'
    where = (redis_server.address, 'redis') if redis else ('embedded', 'http')
    backend = '--backend', where[0], '--protocol', where[1]
    report, answered = play(tmp_path, DOCS / 'scenarios' / f'{name}.toml', SET if redis else HTTP, *backend)
    phase, kind = READY[name]
    found = next(found for found in report['phases'] if found['name'] == phase)
    assert report['ended'] == 'time'
    assert answered
    assert not kind or kind in {error['kind'] for error in found['total']['errors']}


def test_the_scenario_of_postgres_is_taken():
    done = run_to_end('scenario', str(DOCS / 'scenarios' / 'postgres-restart.toml'), '--check', '--protocol', 'postgres')
    assert (done.returncode, done.stdout.count('phase ')) == (0, 5)


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_the_report_is_written(tmp_path, number):
    file, path = tmp_path / 'file.toml', tmp_path / 'report.json'
    file.write_text('[[phase]]\nfor = "1h"\ndown = true\n')
    with daemon('scenario', str(file), '--json', str(path), '--proxy', '127.0.0.1:0', '--backend', '127.0.0.1:9') as vaurien:
        vaurien.wait_for('phase 1 of 1')
        vaurien.send(number)
        assert vaurien.wait() == 128 + number
    assert json.loads(path.read_text())['ended'] == 'stopped'


def test_a_mistake_is_one_line_and_nothing_listens(tmp_path):
    file = tmp_path / 'file.toml'
    file.write_text(f'{PHASE}[[phase]]\nfor = "1s"\nmix = "5:dely"\n')
    done = run_to_end('scenario', str(file))
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr.endswith("[[phase]] 2 behavior: 'dely' is not valid, expected a known name, the nearest is delay\n")


FAR = """
[[phase]]
for = "1h"
toxics = ["latency:latency={latency},jitter={jitter}"]
until.requests = {count}
"""
CLIENTS, EACH = 10, 20


async def measure(port: int) -> list[float]:
    """Ask from outside, and return how long each answer took [s]."""
    async def client() -> list[float]:
        reader, writer = await asyncio.open_connection('127.0.0.1', port)
        found = []
        for _ in range(EACH):
            start = time.monotonic()
            writer.write(SET)
            await reader.readline()
            found.append(time.monotonic() - start)
        writer.close()
        return found
    return sorted(sum(await asyncio.gather(*(client() for _ in range(CLIENTS))), []))


def test_the_report_says_what_a_client_measured_from_outside(tmp_path, redis_server):
    file, path = tmp_path / 'file.toml', tmp_path / 'report.json'
    file.write_text(FAR.format(latency=round(100 * MS * 1000), jitter=round(50 * MS * 1000), count=CLIENTS * EACH))

    def off() -> float:
        with daemon('scenario', str(file), '--json', str(path), '--proxy', '127.0.0.1:0', '--backend', redis_server.address,
                    '--protocol', 'redis') as vaurien:
            measured = asyncio.run(asyncio.wait_for(measure(vaurien.port), PATIENCE))
            eventually(lambda: vaurien.status is not None, 'the end')
            assert vaurien.wait() == 0
        found = json.loads(path.read_text())['total']
        assert (found['requests'], found['failed']) == (len(measured), 0)
        return max(abs(found['latency'][name] / measured[int(share * len(measured)) - 1] - 1)
                   for name, share in (('p50', 0.5), ('p99', 0.99)))
    once_within(0.05, off)
