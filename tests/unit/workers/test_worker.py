"""Whole workers in the event loop of the test, and the fleet that they relay for."""
import contextlib
import json
import socket

import pytest

from tests.support.hosting import eventually, hosted, spec_for
from tests.support.peers import ask, connect, echo_server
from tests.support.played_workers import InLoop
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.errors import ConfigError, VaurienError
from vaurien.outputs.times import Times
from vaurien.spec import ToxicSpec
from vaurien.workers import crew as crews
from vaurien.workers.crew import GAP, Crew
from vaurien.workers.mirror import Mirror
from vaurien.workers.recording.gathered import GatheredJournal

NOTHING = [None, None]
SLOW = (ToxicSpec(type='latency', name='slow', attributes={'latency': 1}),)


class Reading:
    """Reads a configuration again, unless it is told to fail."""

    error: Exception | None = None

    def __call__(self):
        if self.error is not None:
            raise self.error


@pytest.fixture(scope='module')
def backend():
    with echo_server() as server:
        yield server


@pytest.fixture
def host():
    with hosted() as running:
        yield running


@pytest.fixture
def again():
    return Reading()


@pytest.fixture
def nursery(again):
    return InLoop(again)


@pytest.fixture
def fleet(host, nursery, monkeypatch):
    monkeypatch.setattr(crews, 'SHORT_LIFE', 0.0)

    def make():
        crew = Crew(nursery, 2, 7, journal=True, times=True)
        made = Mirror(crew, 7)
        made.times = Times(made)
        crew.start()
        return made
    made = host.call(make)
    yield made
    host.call(made.close)


@pytest.fixture
def proxy(host, fleet, backend):
    return host.call(lambda: fleet.create(spec_for(backend, name='one')))


@contextlib.contextmanager
def clients(proxy, count):
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(connect(proxy.bound.port)) for _ in range(count)]
        assert [ask(sock, b'x') for sock in socks] == [b'x'] * count
        yield socks


def counted(host, fleet, proxy):
    host.call(fleet.refresh)
    return proxy.stats.accepted, len(proxy.sessions)


def is_reset(sock):
    sock.settimeout(PATIENCE)
    try:
        return sock.recv(1) == b''
    except ConnectionError:
        return True


def test_sessions_are_counted_shown_and_killed_wherever_they_are(host, fleet, proxy):
    with clients(proxy, 12) as socks:
        assert counted(host, fleet, proxy) == (12, 12)
        assert host.call(proxy.totals)[1] == 12
        assert host.call(proxy.sent) == (12, 12)
        numbers = host.call(lambda: list(proxy.sessions))
        assert len(set(numbers)) == 12
        session = host.call(lambda: proxy.sessions[numbers[0]])
        assert (session.number, session.exchanges, tuple(session.transferred)) == (numbers[0], 1, (1, 1))
        [victim] = [sock for sock in socks if f'127.0.0.1:{sock.getsockname()[1]}' == session.peer]
        host.call(session.abort)
        assert is_reset(victim)
        with pytest.raises(KeyError):
            host.call(lambda: proxy.sessions[numbers[0]])
        assert host.call(proxy.abort) == 11
        eventually(lambda: counted(host, fleet, proxy) == (12, 0))


def test_a_toxic_begins_again_and_a_proxy_is_disabled_in_all_of_them(host, fleet, proxy):
    host.call(lambda: fleet.change('one', toxics=SLOW))
    host.call(lambda: proxy.redraw('slow'))
    with clients(proxy, 4) as socks:
        host.call(lambda: fleet.disable('one'))
        assert all(map(is_reset, socks))
    with pytest.raises(ConnectionRefusedError):
        connect(proxy.bound.port)


def test_faults_and_marks_and_lines_come_from_all_of_them(host, fleet, backend, tmp_path):
    journal = host.call(lambda: GatheredJournal(fleet, str(tmp_path / 'journal')))
    proxy = host.call(lambda: fleet.create(spec_for(backend, '100:abort', name='one', protocol='redis')))
    host.call(lambda: fleet.exchanges.begin_mark('test'))
    for _ in range(6):
        with connect(proxy.bound.port) as sock:
            sock.sendall(b'PING\r\n')
            assert is_reset(sock)
    eventually(lambda: fleet.journal.count == 6)
    assert [fault.id for fault in fleet.journal.since()] == list(range(1, 7))
    eventually(lambda: [counts[-1] for _, counts, _ in host.call(lambda: list(fleet.times.samples()))] == [('+Inf', 6)])
    host.call(fleet.close)
    host.call(journal.close)
    lines = [json.loads(line) for line in (tmp_path / 'journal').read_text().splitlines()]
    assert [line['test'] for line in lines if line['type'] == 'exchange'] == ['test'] * 6


def test_what_no_worker_has_is_nothing(host, fleet, proxy):
    asked = {'sessions': ('never', 0, 9), 'session': ('never', 1), 'kill': ('never', 1), 'abort': ('never',), 'drop': ('never',),
             'redraw': ('never', 'slow')}
    found = {kind: host.call(lambda kind=kind, words=words: fleet.crew.ask(kind, *words)) for kind, words in asked.items()}
    assert found == {**dict.fromkeys(asked, NOTHING), 'sessions': [[], []], 'abort': [0, 0]}


def test_one_that_cannot_do_what_it_is_asked_says_why(host, fleet, proxy, again):
    with pytest.raises(VaurienError, match='worker 1: .*nonsense'):
        host.call(lambda: fleet.crew.ask('nonsense'))
    again.error = ConfigError('plugins', 'p', 'a module')
    with pytest.raises(VaurienError, match='worker 1: plugins: .p. is not valid, expected a module'):
        host.call(fleet.crew.read)


def test_one_that_dies_is_replaced_its_counts_stay_and_its_numbers_do_not_come_again(host, fleet, proxy, nursery, again, caplog):
    with clients(proxy, 12):
        accepted, _ = counted(host, fleet, proxy)
        others = [number for number in host.call(lambda: list(proxy.sessions)) if number % 2 == 0]
        again.error = ConfigError('plugins', 'p', 'a module')
        with contextlib.suppress(VaurienError):
            host.call(fleet.crew.read)
        host.call(lambda: nursery.kill(1))
        eventually(lambda: 'not read again: plugins' in caplog.text)
        assert (fleet.crew.replaced, fleet.crew.lost) == (1, 12 - len(others))
        assert (proxy.stats.accepted, host.call(lambda: list(proxy.sessions))) == (accepted, others)
    eventually(lambda: any(number > GAP for number in met(host, proxy)))


def met(host, proxy):
    """Return the numbers of some new sessions."""
    with clients(proxy, 6):
        return host.call(lambda: list(proxy.sessions))


def test_sessions_may_end_before_the_fleet_does(host, fleet, proxy):
    with clients(proxy, 4) as socks:
        assert host.call(lambda: fleet.drain(50 * MS)) == 4
        assert all(map(is_reset, socks))


def test_a_unix_socket_is_given_to_each_and_what_is_refused_leaves_it_as_it_was(host, fleet, backend, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)     # a path may have 107 bytes
    host.call(lambda: fleet.create(spec_for(backend, name='one', proxy='unix:path')))
    host.call(lambda: fleet.create(spec_for(backend, name='two', proxy='unix:path2')))
    with pytest.raises(OSError, match='in use'):
        host.call(lambda: fleet.create(spec_for(backend, name='three', proxy='unix:path')))
    with pytest.raises(ConfigError, match='nap'):
        host.call(lambda: fleet.change('one', proxy='unix:path3', mix=spec_for(1, '100:nap').mix))
    for path in ('path', 'path2'):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(PATIENCE)
            sock.connect(path)
            assert ask(sock, b'x') == b'x'
    with pytest.raises(VaurienError, match='1 descriptors of unix sockets were sent, and 0 have come'):
        host.call(lambda: fleet.crew.ask('become', {'version': 9}, ['path']))
