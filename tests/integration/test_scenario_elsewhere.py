"""A scenario played in a vaurien that runs already: the same report, and what was there before comes back however it ends."""
import contextlib
import json
import signal
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.support.daemon import Daemon, daemon, run_to_end
from tests.support.hosting import eventually
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.client import Client, UnreachableError

TOKEN = 'a-token'
FILE = f"""
name = "elsewhere"
[[phase]]
name = "slow"
for = "10m"
mix = "100:delay"
settings.delay.sleep = {20 * MS}
toxics = ["noop"]
plan = ["default: SET a #2 = readonly"]
until.requests = 6
[[phase]]
name = "gone"
for = "10ms"
down = true
"""
LONG = '[[phase]]\nfor = "1h"\nmix = "100:delay"\nlink = "3g"\nplan = ["SET * = readonly"]\n'


@pytest.fixture(scope='module', autouse=True)
def told():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('VAURIEN_HTTP_TOKEN', TOKEN)
        yield


def started_with(backend: str) -> tuple[str, ...]:
    """Return the command line of a vaurien with a mix that no request here gets."""
    return ('--backend', backend, '--protocol', 'redis', '--behavior', '5:hang', '--behavior-hang-match', '^NEVER', '--http',
            '--http-port', '0', '--http-token', TOKEN, '--show', 'none', '--grace', '0')


@pytest.fixture(scope='module')
def there(redis_server):
    with daemon(*started_with(redis_server.address)) as running:
        yield running


def client_of(there: Daemon) -> Client:
    return Client('127.0.0.1', int(there.control.rpartition(':')[2]), TOKEN, PATIENCE)


def state(client: Client) -> tuple[object, ...]:
    """Return what a scenario may change of the one proxy, and the plan."""
    found = client.show('default')
    return found['behavior'], found['settings'], found['toxics'], found['enabled'], client.plan()


def begin(there: Daemon, tmp_path, text: str, *more: str) -> Daemon:
    """Have a scenario played there; return the process that waits for its end."""
    file = tmp_path / 'file.toml'
    file.write_text(text)
    return Daemon('scenario', str(file), '--control', there.control, *more, '--json', str(tmp_path / 'r.json'))


@pytest.fixture
def playing(there, tmp_path):
    """A long scenario that has begun."""
    with begun(there, tmp_path) as process:
        yield process
    eventually(lambda: not client_of(there).channel.ask('GET', '/v1/scenario')['scenario'], 'its end')


@contextlib.contextmanager
def begun(there: Daemon, tmp_path) -> Iterator[Daemon]:
    process = begin(there, tmp_path, LONG)
    try:
        process.wait_for('phase 1 of 1')
        eventually(lambda: state(client_of(there))[0] == 'delay', 'its mix')
        yield process
    finally:
        process.close()


def ask(there: Daemon, count: int) -> list[bytes]:
    with socket.create_connection(('127.0.0.1', there.port), timeout=PATIENCE) as sock:
        found = []
        for _ in range(count):
            sock.sendall(b'SET a 1\r\n')
            found.append(sock.recv(1000))
        return found


def test_it_reports_as_it_does_with_proxies_of_its_own_and_leaves_what_was_there(there, tmp_path):
    client = client_of(there)
    client.replace_plan('GET never = hang')
    before = state(client)
    process = begin(there, tmp_path, FILE)
    try:
        process.wait_for('phase 1 of 2')
        answers = ask(there, 6)
        assert process.wait() == 0, process.log
    finally:
        process.close()
    found = json.loads((tmp_path / 'r.json').read_text())
    assert [answer[:9] for answer in answers] == [b'+OK\r\n', b'-READONLY', *[b'+OK\r\n'] * 4]
    slow, gone = found['phases']
    assert (found['ended'], slow['ended'], slow['total']['requests'], slow['total']['failed']) == ('time', 'until', 6, 1)
    assert slow['total']['latency']['p50'] >= 20 * MS
    assert (slow['plan'][0]['matched'], slow['plan'][0]['applied'], gone['plan']) == (6, 1, [])
    assert 'plan of slow: default: SET a #2 = readonly: applied 1, matched 6' in process.output
    assert state(client) == before
    client.clear_plan()


def test_what_open_connections_ask_is_not_counted_and_is_said_unless_they_are_reset(there, tmp_path):
    file = '[[phase]]\nfor = "1h"\nuntil.requests = 1\n'
    with socket.create_connection(('127.0.0.1', there.port), timeout=PATIENCE) as old:
        old.sendall(b'PING\r\n')
        assert old.recv(100) == b'+PONG\r\n'
        for more, said in (((), 'of which nothing is counted: 1'), (('--reconnect',), '')):
            process = begin(there, tmp_path, file, *more)
            try:
                process.wait_for('phase 1 of 1')
                ask(there, 1)
                assert process.wait() == 0, process.log
            finally:
                process.close()
            assert bool(said) is ('nothing is counted' in process.output)
            assert said in process.output
        with pytest.raises(ConnectionResetError):
            old.recv(100)


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_its_report(there, playing, tmp_path, number):
    playing.send(number)
    assert playing.wait() == 128 + number
    assert json.loads((tmp_path / 'r.json').read_text())['ended'] == 'stopped'
    assert state(client_of(there))[::4] == ('5:hang', [])


def test_where_the_one_who_has_begun_it_is_killed_what_was_there_comes_back(there, playing):
    playing.process.kill()
    client = client_of(there)
    eventually(lambda: state(client)[::4] == ('5:hang', []), 'what was there before')
    assert client.channel.ask('GET', '/v1/scenario') == {'scenario': '', 'phase': ''}


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGKILL])
def test_where_the_other_vaurien_ends_one_line_says_so(redis_server, tmp_path, number):
    with contextlib.ExitStack() as ending:
        other = Daemon(*started_with(redis_server.address))
        ending.callback(other.close)
        other.wait_for('vaurien: control server')
        playing = ending.enter_context(begun(other, tmp_path))
        other.send(number)
        assert other.wait() == (0 if number == signal.SIGTERM else -number)
        assert playing.wait() == 1
        assert f'no vaurien answers at {other.control}' in playing.log or 'is stopping' in playing.output
        assert playing.log.count('\n') <= 1


def test_a_phase_that_cannot_be_applied_ends_it_and_what_was_there_comes_back(there, tmp_path):
    client = client_of(there)
    client.create('other', proxy='127.0.0.1:0', backend='127.0.0.1:9')
    before = state(client)
    phase = 'for = "1h"\nplan = ["GET never = hang"]\nuntil.requests = 1\n'
    process = begin(there, tmp_path, f'[[phase]]\nmix = "5:delay"\n{phase}[[phase]]\nname = "second"\nmix = "5:abort"\n{phase}')
    try:
        process.wait_for('phase 1 of 2')
        client.remove('other')
        ask(there, 1)
        assert process.wait() == 1
    finally:
        process.close()
    found = json.loads((tmp_path / 'r.json').read_text())
    assert (found['ended'], [phase['ended'] for phase in found['phases']]) == ('failed', ['until', 'failed'])
    assert "failed: second cannot be applied: the 'other' proxy does not exist" in process.output
    assert state(client) == before


def test_two_are_not_played_at_once(there, playing, tmp_path):
    done = run_to_end('scenario', str(tmp_path / 'file.toml'), '--control', there.control)
    assert (done.returncode, done.stderr.count('\n')) == (1, 1)
    assert 'is played already' in done.stderr
    assert playing.status is None


def test_it_is_ended_from_python_as_well(there):
    client, seen = client_of(there), []

    def play() -> None:
        seen.extend(client.play({'phase': [{'for': 3600, 'mix': '100:delay'}]}))
    thread = threading.Thread(target=play)
    thread.start()
    eventually(lambda: client.channel.ask('GET', '/v1/scenario')['phase'].startswith('phase 1 of 1'), 'its beginning')
    client.end_scenario()
    thread.join(PATIENCE)
    assert [event for event, _ in seen] == ['phase', 'report']
    assert (seen[1][1]['ended'], state(client)[0]) == ('stopped', '5:hang')


REFUSED = {
    'no vaurien': (('--control', 'http://127.0.0.1:1'), 1, 'no vaurien answers at http://127.0.0.1:1'),
    'no URL': (('--control', 'ftp://x'), 2, "--control: 'ftp://x' is not valid, expected such as http://localhost:8080"),
    'an option of vaurien': (('--control', 'http://localhost:1', '--proxy', 'a:1'), 2, '--proxy: '),
    'nothing to reconnect': (('--reconnect',), 2, 'expected --control beside it'),
}


@pytest.mark.parametrize('case', REFUSED)
def test_what_cannot_be_is_one_line(tmp_path, case):
    more, status, said = REFUSED[case]
    (tmp_path / 'file.toml').write_text(LONG)
    done = run_to_end('scenario', str(tmp_path / 'file.toml'), *more)
    assert (done.returncode, done.stdout, done.stderr.count('\n')) == (status, '', 1)
    assert said in done.stderr


THERE = {
    'a proxy that it does not have': ('on.cash.down = true', 2, "[[phase]] 1 on: 'cash' is not valid, expected one of default"),
    'a proxy of a plan': ('plan = ["cash: GET * = hang"]', 2, "[[phase]] 1 plan[0] proxy: 'cash' is not valid"),
    'a kind of another protocol': ('plan = ["GET * = deadlock"]', 2, "[[phase]] 1 plan[0] name: 'deadlock' is not valid"),
    'proxies': ('[[proxy]]\nname = "a"\nbackend = "embedded"', 2, "[[proxy]]: 'a' is not valid, expected no proxies"),
    'a date': ('mix = "5:delay"\nsettings.delay.sleep = 1979-05-27', 2, "--behavior-delay-sleep: '1979-05-27' is not valid"),
}


@pytest.mark.parametrize('case', THERE)
def test_what_cannot_be_played_there_is_one_line_and_changes_nothing(there, tmp_path, case):
    text, status, said = THERE[case]
    file, before = tmp_path / 'file.toml', state(client_of(there))
    file.write_text(f'[[phase]]\nfor = "1h"\n{text}\n')
    done = run_to_end('scenario', str(file), '--control', there.control)
    assert (done.returncode, done.stdout, done.stderr.count('\n')) == (status, '', 1)
    assert said in done.stderr
    assert state(client_of(there)) == before


def test_the_token_is_asked_for(there, tmp_path, monkeypatch):
    monkeypatch.setenv('VAURIEN_HTTP_TOKEN', 'another')
    (tmp_path / 'file.toml').write_text(LONG)
    done = run_to_end('scenario', str(tmp_path / 'file.toml'), '--control', there.control)
    assert (done.returncode, done.stderr.count('\n')) == (1, 1)
    assert 'Authorization: Bearer' in done.stderr


def test_it_is_checked_there(there, tmp_path):
    (tmp_path / 'file.toml').write_text(FILE)
    done = run_to_end('scenario', str(tmp_path / 'file.toml'), '--control', there.control, '--check')
    assert (done.returncode, done.stdout.count('vaurien: phase ')) == (0, 2)
    with pytest.raises(UnreachableError):
        list(Client('127.0.0.1', 1).play({}))
