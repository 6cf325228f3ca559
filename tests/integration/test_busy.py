"""Where the time of the event loop goes: plugins that are slow are named, in all four places; where it is off nothing looks."""
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.support.daemon import daemon, environment, run_to_end
from tests.support.peers import ask, connect, echo_server
from tests.support.unit_of_time import PATIENCE

SLOW = '''
import time

from vaurien.behaviors import Behavior, Dummy
from vaurien.protocols import Protocol
from vaurien.toxics import TOXICS, Toxic


def work():
    end = time.perf_counter() + 0.005
    while time.perf_counter() < end:
        pass


@Behavior.register
class SlowBehavior(Dummy):
    """Takes its time."""

    name = 'slow-behavior'

    def on_before_handle(self, protocol, source, dest, to_backend):
        work()
        return True


@TOXICS.register
class SlowToxic(Toxic):
    """Takes its time."""

    name = 'slow-toxic'

    def pipe(self, chunks, send):
        for chunk in chunks:
            work()
            send(chunk)


@Protocol.register
class SlowProtocol(Protocol.get('tcp')):
    """Takes its time."""

    name = 'slow-protocol'
    relays = False

    def _handle(self, source, dest, to_backend):
        work()
        return super()._handle(source, dest, to_backend)
'''
INI = '''
[vaurien]
fleet_only = yes
plugin = slow_plugins
http = yes
http_port = 0
show = none
busy_report = yes
[proxy:behavior]
proxy = 127.0.0.1:0
backend = {0}
behavior = 100:slow-behavior
[proxy:toxic]
proxy = 127.0.0.1:0
backend = {0}
toxic = slow-toxic
[proxy:protocol]
proxy = 127.0.0.1:0
backend = {0}
protocol = slow-protocol
[proxy:quick]
proxy = 127.0.0.1:0
backend = {0}
'''
#: what has most of the time of each of these proxies
FOUND = {'behavior': 'behavior slow-behavior', 'toxic': 'toxic slow-toxic', 'protocol': 'protocol'}
REQUESTS = 60


@pytest.fixture(scope='module')
def said(tmp_path_factory):
    """Ask through all proxies, and return what is told of it: by the call, by the command, in /metrics, and in the end."""
    where = tmp_path_factory.mktemp('busy')
    (where / 'slow_plugins.py').write_text(SLOW)
    with echo_server() as backend:
        (where / 'busy.ini').write_text(INI.format(backend.address))
        with daemon('--config', 'busy.ini', proxies=4, cwd=Path(where)) as vaurien:
            vaurien.wait_for('control server on')
            for _, port in vaurien.proxies.values():
                with connect(port) as client:
                    for _ in range(REQUESTS):
                        ask(client, b'x')
            call = requests.get(f'{vaurien.control}/v1/busy?seconds=0', timeout=PATIENCE).json()
            command = vaurienctl('busy', '--seconds', '60', '--host', vaurien.control)
            metrics = requests.get(f'{vaurien.control}/metrics', timeout=PATIENCE).text
            vaurien.stop()
            yield call, command, metrics, vaurien.output


def vaurienctl(*arguments):
    return subprocess.run([sys.executable, '-c', 'import sys; from vaurien.ctl import main; sys.exit(main())', *arguments],
                          env=environment(), text=True, capture_output=True, timeout=PATIENCE, check=False)


def most(rows):
    """Return what has most of the time of each proxy, of rows of proxy, what and seconds."""
    found = {}
    for proxy, what, seconds in rows:
        if seconds > found.get(proxy, ('', 0.0))[1]:
            found[proxy] = what, seconds
    return {proxy: found[proxy][0] for proxy in FOUND}


def test_a_slow_plugin_is_named_by_the_call(said):
    call = said[0]
    rows = [(row['proxy'], row['what'], row['seconds']) for row in call['shares']]
    assert most(rows) == FOUND
    assert {what for proxy, what, _ in rows[:3] if proxy} <= set(FOUND.values())
    assert abs(sum(row['share'] for row in call['shares']) - 1) < 1e-6
    taken = {proxy: seconds for proxy, what, seconds in rows if FOUND.get(proxy) == what}
    assert all(seconds > 0.5 * REQUESTS * 0.005 for seconds in taken.values()), taken
    assert call['looks'] > 0
    assert call['longest']['what'] != 'idle'


def test_a_slow_plugin_is_named_by_vaurienctl(said):
    done = said[1]
    assert (done.returncode, done.stderr) == (0, '')
    heading, *rows = done.stdout.splitlines()
    assert heading.split() == ['SHARE', 'SECONDS', 'WHAT', 'PROXY', 'PROTOCOL']
    found = [re.fullmatch(r'\s*[\d.]+%\s+([\d.]+)  (\S+(?: \S+)?)\s+(\S+)\s+(\S+)\s*', row) for row in rows[:-1]]
    assert most((row[3], row[2], float(row[1])) for row in found) == FOUND
    assert rows[-1].startswith('all else was held up for ')


def test_a_slow_plugin_is_named_in_the_metrics(said):
    family = next(family for family in text_string_to_metric_families(said[2]) if family.name == 'vaurien_busy_seconds')
    assert most((sample.labels['proxy'], sample.labels['what'], sample.value) for sample in family.samples) == FOUND


def test_a_slow_plugin_is_named_in_the_end(said):
    lines = said[3].split('busy for ')[1].splitlines()
    assert re.match(r'[\d.]+% of [\d.]+ s; all else was held up for \d+ ms at most, by ', lines[0])
    assert any('behavior slow-behavior of behavior, tcp' in line for line in lines[1:5])


def test_where_it_is_off_nothing_looks_and_it_says_how_to_switch_it_on():
    with daemon('--backend', 'embedded', '--protocol', 'http', '--http', '--http-port', '0') as vaurien:
        answer = requests.get(f'{vaurien.control}/v1/busy', timeout=PATIENCE)
        assert (answer.status_code, answer.json()['error']) == (
            409, 'nothing looks where the time goes; start vaurien with --busy')
        done = vaurienctl('busy', '--host', vaurien.control)
        assert done.returncode == 1
        assert done.stderr.endswith('start vaurien with --busy\n')
        assert 'vaurien_busy' not in requests.get(f'{vaurien.control}/metrics', timeout=PATIENCE).text
        caught = next(line for line in Path(f'/proc/{vaurien.pid}/status').read_text().splitlines() if line.startswith('SigCgt'))
        assert not int(caught.split()[1], 16) & 1 << signal.SIGALRM - 1


def test_the_seconds_are_bounded():
    done = vaurienctl('busy', '--seconds', '61')
    assert (done.returncode, done.stdout) == (2, '')
    assert "'61' is not valid, expected an integer from 0 to 60" in done.stderr


def test_a_run_says_it_too():
    with echo_server() as backend:
        done = run_to_end('run', '--busy-report', '--through', f'web={backend.address}', '--', sys.executable, '-c', 'pass')
    assert re.search(r'^vaurien: busy for [\d.]+% of [\d.]+ s', done.stderr, re.MULTILINE), done.stderr
