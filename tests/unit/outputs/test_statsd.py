"""Counters for statsd, received on a socket of the test."""
import itertools
import logging
import socket

import pytest

from tests.support.hosting import eventually, hosted, spec_for
from tests.support.peers import connect, echo_server
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.net import breath
from vaurien.outputs import statsd
from vaurien.outputs.statsd import Reporter
from vaurien.spec import StatsdSpec

PERIOD = 10 * MS


@pytest.fixture
def receiver():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(('127.0.0.1', 0))
        sock.settimeout(PATIENCE)
        yield sock


def reporter(hosting, receiver, **fields):
    spec = StatsdSpec(**{'enabled': True, 'host': '127.0.0.1', 'port': receiver.getsockname()[1], **fields})
    made = hosting.call(lambda: Reporter(hosting.fleet, spec, PERIOD))
    hosting.call(made.start)
    return made


def sums(receiver, until):
    """Return the sums of the counters once one of this name has come; gauges have their last value."""
    found = {}
    while until not in found:
        for line in receiver.recv(65536).decode().split('\n'):
            name, _, value = line.partition(':')
            count, kind, *_ = value.split('|')
            found[name] = float(count) + (found.get(name, 0) if kind == 'c' else 0)
    return found


def test_sessions_exchanges_and_faults_are_counted(receiver):
    with echo_server() as backend, hosted(spec_for(backend, 'error', name='my proxy')) as host:
        running = reporter(host, receiver, prefix='chaos')
        with connect(host.port) as client:
            client.sendall(b'hello')
            client.recv(100)
            host.call(running.stop)
        found = sums(receiver, 'chaos.my_proxy.faults.error.random-bytes')
    assert {name.removeprefix('chaos.my_proxy.'): count for name, count in found.items() if count} == {
        'open': 1, 'sessions': 1, 'exchanges': 1, 'bytes.client': 5, 'faults.error.random-bytes': 1}


def test_what_was_sent_is_not_sent_again(receiver):
    with echo_server() as backend, hosted(spec_for(backend)) as host:
        running = reporter(host, receiver)
        for _ in range(3):
            with connect(host.port) as client:
                client.sendall(b'hello')
                client.recv(5)
            eventually(lambda: not host.proxy.sessions)
        host.call(lambda: host.fleet.journal.add('', 0, 0, '', '', ''))
        host.call(lambda: host.proxy.stats.faults.update({('last', ''): 1}))
        found = sums(receiver, 'vaurien.default.faults.last')
        host.call(running.stop)
    assert (found['vaurien.default.sessions'], found['vaurien.default.bytes.client']) == (3, 15)


class Failing:
    """A socket that fails in one way after the other."""

    def __init__(self):
        self.errors = itertools.cycle([BlockingIOError(11, 'full'), ConnectionRefusedError(111, 'refused'),
                                       OSError(90, 'too long'), OSError(101, 'unreachable'), PermissionError(1, 'a firewall')])
        self.count = 0

    def sendto(self, data, address):
        self.count += 1
        raise next(self.errors)

    def close(self):
        pass


def test_a_socket_that_fails_ends_nothing(receiver, caplog):
    with echo_server() as backend, hosted(spec_for(backend)) as host:
        running = reporter(host, receiver)
        eventually(lambda: running._client)
        whole, running._client._sock = running._client._sock, Failing()
        eventually(lambda: running._client._sock.count > 10)
        whole, running._client._sock = running._client._sock, whole
        with connect(host.port):
            sums(receiver, 'vaurien.default.sessions')
        host.call(running.stop)
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


def test_many_proxies_are_sent_in_slices_and_each_count_once(receiver, monkeypatch):
    monkeypatch.setattr(statsd, 'SLICE', 2)
    monkeypatch.setattr(breath, 'MAX_TURN', 0.0)
    specs = [spec_for('127.0.0.1:9', name=f'p{number}', enabled=False) for number in range(7)]
    with hosted(*specs) as host:
        for proxy in host.fleet.proxies.values():
            proxy.stats.accepted = 3
        running = reporter(host, receiver)
        eventually(lambda: len(running._sent) == 7)
        host.call(running.stop)     # perhaps while they are sent
        host.call(lambda: host.fleet.journal.clear())
        receiver.sendto(b'end:1|c', receiver.getsockname())
        found = sums(receiver, 'end')
    assert [found[f'vaurien.p{number}.sessions'] for number in range(7)] == [3] * 7


def test_what_a_removed_proxy_has_counted_is_sent(receiver):
    with echo_server() as backend, hosted(spec_for(backend)) as host:
        running = reporter(host, receiver)
        sums(receiver, 'vaurien.default.open')
        host.call(lambda: (host.proxy.stats.faults.update({('last', ''): 1}), host.fleet.remove('default')))
        assert sums(receiver, 'vaurien.default.faults.last')['vaurien.default.faults.last'] == 1
        host.call(running.stop)


def test_a_share_of_the_counts_says_so(receiver):
    with hosted(spec_for('127.0.0.1:9')) as host:
        running = reporter(host, receiver, sample_rate=0.999999)
        host.call(lambda: host.proxy.stats.faults.update({('f', ''): 7}))
        while b'faults' not in (line := receiver.recv(65536)):
            pass
        host.call(running.stop)
    assert b'vaurien.default.faults.f:7|c|@0.999999' in line


def test_an_unknown_host_is_said_once_and_holds_nobody_up(receiver, caplog, monkeypatch):
    monkeypatch.setattr(statsd, 'LOOKUP_INTERVAL', PATIENCE)
    with hosted(spec_for('127.0.0.1:9')) as host, caplog.at_level(logging.WARNING):
        running = reporter(host, receiver, host='nobody.invalid')
        eventually(lambda: 'statsd at nobody.invalid is not known' in caplog.text)
        host.call(running.stop)
    assert len(caplog.records) == 1


def test_nobody_listening_is_no_failure(receiver):
    receiver.close()
    with hosted(spec_for('127.0.0.1:9')) as host:
        spec = StatsdSpec(enabled=True, host='127.0.0.1', port=9)
        running = host.call(lambda: Reporter(host.fleet, spec, PERIOD))
        host.call(running.start)
        eventually(lambda: running._sent)
        for _ in range(5):
            host.call(running.send)
        host.call(running.stop)
