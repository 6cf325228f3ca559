"""Scenarios as their users play them: a process, a client that asks meanwhile, and the report that it leaves."""
import asyncio
import contextlib
import csv
import http.client
import json
import signal
import socket
import subprocess
import time
from collections import Counter

import psycopg
import pytest
import redis

from tests.support.daemon import Daemon, daemon, run_to_end
from tests.support.hosting import eventually
from tests.support.servers import DATABASE, PASSWORD, USER
from tests.support.timing import once_within
from tests.support.unit_of_time import MS, PATIENCE
from tests.unit.words.phases.test_reading import PHASE

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


def keep_selecting(vaurien: Daemon) -> 'Counter[str | None]':
    """Ask PostgreSQL again and again as a pool does, connecting anew after an error; return how often there was which SQLSTATE.
    ``00000`` is success (PostgreSQL, appendix A); None: the connection was refused, or lost without a word.
    """
    found: Counter[str | None] = Counter()
    where = {'host': '127.0.0.1', 'port': vaurien.port, 'user': USER, 'password': PASSWORD, 'dbname': DATABASE}
    while vaurien.status is None:
        try:
            with psycopg.connect(**where, autocommit=True, sslmode='disable', connect_timeout=round(PATIENCE)) as client:
                while vaurien.status is None:
                    client.execute('SELECT 1')
                    found['00000'] += 1
        except psycopg.OperationalError as error:
            # libpq has no SQLSTATE of what comes while it connects, only the server's words
            found['57P03' if 'starting up' in str(error) else error.sqlstate] += 1
            time.sleep(MS)
    return found


def test_a_restart_of_postgres_is_played_in_front_of_a_real_one(tmp_path, postgres_server):
    path, file = tmp_path / 'report.json', DOCS / 'scenarios' / 'postgres-restart.toml'
    with daemon('scenario', str(file), '--scale', str(100 * MS), '--json', str(path), '--grace', '0', '--proxy', '127.0.0.1:0',
                '--backend', postgres_server.address, '--protocol', 'postgres') as vaurien:
        seen = keep_selecting(vaurien)
        assert vaurien.wait() == 0, vaurien.log
    report = json.loads(path.read_text())
    phases = {phase['name']: {error['kind'] for error in phase['total']['errors']} for phase in report['phases']}
    assert '57P01' in phases['shutting down']
    assert '57P03' in phases['starting up']
    assert (phases['steady'], report['phases'][-1]['ended']) == (set(), 'until')
    assert {'00000', '57P01', '57P03', None} <= set(seen)


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


PLANNED = """
[[phase]]
for = "1h"
until.requests = 3
plan = ["GET /a #2 = 503", {name = "hang", request = "GET /never"}]
"""


@pytest.mark.parametrize('strict, status', [((), 0), (('--strict',), 3)])
def test_what_a_plan_of_a_phase_was_not_applied_to_is_said_and_counts_where_that_is_asked_for(tmp_path, strict, status):
    file, path = tmp_path / 'file.toml', tmp_path / 'report.json'
    file.write_text(PLANNED)
    with daemon('scenario', str(file), '--json', str(path), '--proxy', '127.0.0.1:0', '--backend', 'embedded',
                '--protocol', 'http', '--grace', '0', *strict) as vaurien:
        vaurien.wait_for('a plan of 2')
        with contextlib.closing(http.client.HTTPConnection('127.0.0.1', vaurien.port, timeout=PATIENCE)) as client:
            statuses = []
            for _ in range(3):
                client.request('GET', '/a')
                with client.getresponse() as response:
                    statuses.append(response.status == 503)
                    response.read()
        assert vaurien.wait() == status, vaurien.log
    assert statuses == [False, True, False]
    met, unmet = json.loads(path.read_text())['phases'][0]['plan']
    assert (met['matched'], met['applied'], unmet['applied'], unmet['reason']) == (3, 1, 0, 'no request has matched')
    assert 'plan of phase 1: GET /never = hang: not applied, no request has matched' in vaurien.output


FAR = """
[[phase]]
for = "1h"
toxics = ["latency:latency={latency},jitter={jitter}"]
until.requests = {count}
"""
CLIENTS, EACH = 10, 20


Measured = tuple[int, float, float]     # how many requests, and within which time [s] half of them and 99 % were answered


def by_a_client(port: int) -> Measured:
    """Ask from outside, and take the time of each answer."""
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

    async def all_clients() -> list[float]:
        return sorted(sum(await asyncio.gather(*(client() for _ in range(CLIENTS))), []))
    found = asyncio.run(asyncio.wait_for(all_clients(), PATIENCE))
    return len(found), found[len(found) // 2 - 1], found[int(0.99 * len(found)) - 1]


def by_redis_benchmark(port: int) -> Measured:
    """Let redis-benchmark ask; it has a histogram of its own, and asks for two settings of the server before."""
    done = subprocess.run(['redis-benchmark', '-p', str(port), '-c', str(CLIENTS), '-n', str(CLIENTS * EACH - 2), '--csv',
                           'SET', 'a', '1'], capture_output=True, text=True, check=True, timeout=PATIENCE)
    row, = csv.DictReader(line for line in done.stdout.splitlines() if line.startswith('"'))
    return CLIENTS * EACH, float(row['p50_latency_ms']) / 1000, float(row['p99_latency_ms']) / 1000


@pytest.mark.parametrize('load', [by_a_client, by_redis_benchmark])
def test_the_report_says_what_was_measured_from_outside(tmp_path, redis_server, load):
    file, path = tmp_path / 'file.toml', tmp_path / 'report.json'
    file.write_text(FAR.format(latency=round(100 * MS * 1000), jitter=round(50 * MS * 1000), count=CLIENTS * EACH))

    def off() -> float:
        with redis.Redis(port=redis_server.port) as server:
            server.config_resetstat()
            with daemon('scenario', str(file), '--json', str(path), '--proxy', '127.0.0.1:0', '--backend', redis_server.address,
                        '--protocol', 'redis') as vaurien:
                vaurien.wait_for('phase 1 of 1')
                count, *measured = load(vaurien.port)
                eventually(lambda: vaurien.status is not None, 'the end')
                assert vaurien.wait() == 0
            served = {name: stats['calls'] for name, stats in server.info('commandstats').items()}
        found = json.loads(path.read_text())['total']
        asked = sum(calls for name, calls in served.items() if name in ('cmdstat_set', 'cmdstat_config|get'))
        assert (found['requests'], found['failed'], asked) == (count, 0, count)
        return max(abs(found['latency'][name] / there - 1) for name, there in zip(('p50', 'p99'), measured, strict=True))
    once_within(0.05, off)
