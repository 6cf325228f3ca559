"""The lanes of protocols that know requests, shown with a protocol of lines: a line for request, and a line for answer."""
import socket
import threading
import time
from itertools import takewhile
from typing import Any

import pytest

from tests.integration.test_data_plane_behaviors import took
from tests.support.hosting import eventually, hosted, spec_for
from tests.support.peers import Backend, ask, connect, ending, read_exactly, read_to_end, sink
from tests.support.unit_of_time import MS
from vaurien.errors import ProtocolError
from vaurien.protocols import Protocol
from vaurien.protocols.base import Exchange, SharedExchange
from vaurien.protocols.message import EXCHANGE_BYTES, Failure, FailureKind, Framer, MessageProtocol
from vaurien.relay.message_lane import MessageLane
from vaurien.spec import BehaviorSpec, ProxySpec

LINE = SharedExchange('line')


class Asked(Framer):
    def scan(self, data, start):
        while end := data.find(b'\n', start) + 1:
            line = data[start:end]
            if line == b'opaque\n':
                raise ProtocolError('told so')
            yield end, Exchange(line.strip(), 'line'), True
            start = end

    def run(self, data, most):
        lines = list(takewhile(lambda line: line.endswith(b'\n') and line != b'opaque\n', data.splitlines(keepends=True)))[:most]
        return len(b''.join(lines)), [LINE] * len(lines)


class Answered(Framer):
    """An answer ends with its line, or with the connection; what begins with a question mark cannot be followed."""

    def run(self, data, most):
        exchanges = list(self.protocol.queue)[:most]
        plain = takewhile(lambda line: line.endswith(b'\n') and line[:1] != b'?', data.splitlines(keepends=True))
        lines = [line for line, _ in zip(plain, exchanges, strict=False)]
        return len(b''.join(lines)), exchanges[:len(lines)]

    def scan(self, data, start):
        while end := data.find(b'\n', start) + 1:
            queue = self.protocol.queue
            if data[start:start + 1] == b'?':
                raise ProtocolError('told so')
            yield end, queue[0] if queue else None, True
            start = end
        if start < len(data) and data[start:start + 1] == b'~':     # an answer that ends with the connection
            yield len(data), self.protocol.queue[0], False

    def end(self):
        return True


def failing(**fields: Any) -> Any:
    return lambda protocol, exchange: Failure(b'no ' + exchange.name.encode() + b'\n', **fields)


KINDS = {
    'no': failing(), 'slow': failing(pause=10 * MS), 'passed': failing(request=None), 'instead': failing(request=b'stand-in\n'),
    'slow-passed': failing(request=None, pause=10 * MS), 'close': failing(end='close'), 'reset': failing(end='reset'),
    'silence': failing(end='silence'),
}


@Protocol.register
class LineProtocol(MessageProtocol):
    """Lines."""

    name = 'test-lines'
    framers = (Asked, Answered)
    errors = {name: FailureKind('It fails.', ('line',), build) for name, build in KINDS.items()} | \
        {'welcome': FailureKind('It refuses.', ('connect',), lambda protocol, exchange: Failure(b'go away\n')),
         'welcome-slowly': FailureKind('It refuses.', ('connect',), lambda protocol, exchange: Failure(b'go\n', pause=5 * MS))}


def upper(sock: socket.socket) -> None:
    """Answer each line in capitals."""
    with sock.makefile('rwb') as file:
        for line in file:
            file.write(line.upper())
            file.flush()


@pytest.fixture(params=[None, -1], ids=['at once', 'round by round'], autouse=True)
def budget(request, monkeypatch):
    """Handle what was read in one callback; or each message in one of its own, and all others in between."""
    if request.param is not None:
        monkeypatch.setattr(MessageLane, 'BUDGET', request.param)
        monkeypatch.setattr(MessageLane, 'LOOK', request.param)


@pytest.fixture
def lines():
    with Backend(upper) as backend:
        yield backend


def lines_spec(backend: Any, *entries: BehaviorSpec) -> ProxySpec:
    return spec_for(backend, protocol='test-lines', mix=entries)


def error(kind: str, match: str = '') -> BehaviorSpec:
    return BehaviorSpec(name='error', settings={'kind': kind, 'match': match})


PIPELINE = b'one\nbad\ntwo\nbad\nthree\n'


@pytest.mark.parametrize('kind', ['no', 'slow', 'passed', 'instead', 'slow-passed'])
@pytest.mark.parametrize('at_once', [True, False], ids=['pipelined', 'line by line'])
def test_answers_of_a_pipeline_stay_in_order_around_failures_of_every_kind(lines, kind, at_once):
    with hosted(lines_spec(lines, error(kind, 'bad'))) as host, connect(host.port) as client:
        if at_once:
            client.sendall(PIPELINE)
        else:
            for line in PIPELINE.splitlines(keepends=True):
                client.sendall(line)
                time.sleep(3 * MS)
        expected = b'ONE\nno bad\nTWO\nno bad\nTHREE\n'
        assert read_exactly(client, len(expected)) == expected
        assert ask(client, b'more\nbad\n', 12) == b'MORE\nno bad\n'


def test_a_slow_answer_is_slow_and_holds_the_answers_behind_it_back(lines):
    with hosted(lines_spec(lines, error('slow', 'bad'))) as host, connect(host.port) as client:
        client.sendall(b'bad\ngood\n')
        assert took(lambda: read_exactly(client, 12)) >= 60 * MS


def test_own_answers_wait_for_answers_that_are_delayed_in_a_greenlet(lines):
    late = BehaviorSpec(name='delay', percent=50, settings={'sleep': 50 * MS, 'before': False})
    spec = lines_spec(lines, late, BehaviorSpec(name='error', percent=50, settings={'kind': 'no'}))
    with hosted(spec) as host, connect(host.port) as client:
        client.sendall(b''.join(b'%d\n' % number for number in range(10)))
        answers = b''
        while answers.count(b'\n') < 10:
            answers += client.recv(1000)
        assert [line.split()[-1] for line in answers.splitlines()] == [b'%d' % number for number in range(10)]
        assert b'no ' in answers
        assert len(answers.split(b'no ')) <= 10


@pytest.mark.parametrize('before', [True, False])
def test_a_delayed_message_passes_once(before):
    seen = []

    def count(sock):
        with sock.makefile('rwb') as file:
            for line in file:
                seen.append(line)
                file.write(line)
                file.flush()
    late = BehaviorSpec(name='delay', settings={'sleep': 5 * MS, 'before': before})
    with Backend(count) as backend, hosted(lines_spec(backend, late)) as host, connect(host.port) as client:
        for number in range(5):
            assert ask(client, b'%d\n' % number) == b'%d\n' % number
        client.shutdown(socket.SHUT_WR)
        assert read_to_end(client) == b''
        assert len(list(host.fleet.journal.since())) == 5
    assert seen == [b'%d\n' % number for number in range(5)]


def test_an_answer_that_ends_with_the_connection_is_delayed_once_and_completed():
    def until_the_end(sock):
        read_exactly(sock, 4)
        sock.sendall(b'~all of ')
        time.sleep(20 * MS)
        sock.sendall(b'it')
    late = BehaviorSpec(name='delay', settings={'sleep': 50 * MS, 'before': False})
    with Backend(until_the_end) as backend, hosted(lines_spec(backend, late)) as host, connect(host.port) as client:
        client.sendall(b'ask\n')
        assert read_to_end(client) == b'~all of it'
        assert len(list(host.fleet.journal.since())) == 1


@pytest.mark.parametrize('kind, end', [('close', 'FIN'), ('reset', 'RST')])
def test_a_failure_ends_the_connection_as_it_says(lines, kind, end):
    with hosted(lines_spec(lines, error(kind, 'bad'))) as host, connect(host.port) as client:
        assert ask(client, b'good\nbad\n', 12) == b'GOOD\nno bad\n'
        assert ending(client) == end
        client.close()
        host.wait_idle()


def test_silence_answers_nothing_more_and_ends_when_the_client_leaves(lines):
    with hosted(lines_spec(lines, error('silence', 'bad'))) as host:
        with connect(host.port) as client:
            assert ask(client, b'good\nbad\n', 12) == b'GOOD\nno bad\n'
            client.sendall(b'good\n')
            client.settimeout(30 * MS)
            with pytest.raises(TimeoutError):
                client.recv(1)
        host.wait_idle()


@pytest.mark.parametrize('kind, answer', [('welcome', b'go away\n'), ('welcome-slowly', b'go\n')])
def test_the_opening_of_a_connection_fails_before_any_request(lines, kind, answer):
    with hosted(lines_spec(lines, error(kind))) as host, connect(host.port) as client:
        assert read_to_end(client) == answer
        client.close()
        host.wait_idle()


def test_bytes_that_cannot_be_followed_are_relayed_unchanged_from_there_on(lines):
    with hosted(lines_spec(lines, error('no', 'bad'))) as host, connect(host.port) as client:
        assert ask(client, b'one\nbad\nopaque\nbad\n', 22) == b'ONE\nno bad\nOPAQUE\nBAD\n'


def test_requests_that_nobody_answers_do_not_pile_up_without_bound(monkeypatch):
    monkeypatch.setattr('vaurien.relay.request_lane.MAX_WAITING_BYTES', 1000 * EXCHANGE_BYTES)

    def never(sock):
        while sock.recv(65536):
            pass
    with Backend(never) as backend, hosted(lines_spec(backend)) as host, connect(host.port) as client:
        client.sendall(b'x\n' * 500_000)
        session = next(iter(eventually(lambda: dict(host.proxy.sessions), 'the session').values()))
        eventually(lambda: session.client.received == 1_000_000, 'all requests')
        assert len(session.protocol.queue) < 1000 + 256 * 1024


def test_own_answers_that_wait_for_one_that_nobody_gives_do_not_pile_up_without_bound(monkeypatch):
    monkeypatch.setattr('vaurien.relay.request_lane.MAX_WAITING_BYTES', 500_000)
    monkeypatch.setattr('vaurien.relay.request_lane.CROWD', 10)
    spec = {'protocol': 'http', 'settings': {'error': {'kind': '503', 'match': 'own'}}}
    with Backend(sink) as backend, hosted(spec_for(backend, 'error', **spec)) as host, connect(host.port) as client:
        client.sendall(b'GET /first HTTP/1.1\r\n\r\n' + b'GET /own HTTP/1.1\r\n\r\n' * 5_000)
        session = next(iter(eventually(lambda: dict(host.proxy.sessions), 'the session').values()))
        eventually(lambda: session.protocol.request_cutter.opaque_because, 'that no more requests are followed')
        queue = session.protocol.queue
        assert 100 < len(queue) < 1_500
        assert sum(len(exchange.failure.reply) for exchange in queue if exchange.failure) < 1_000_000


def test_a_pipeline_whose_answers_are_read_only_at_its_end_does_not_deadlock(lines):
    count = 60_000
    with hosted(lines_spec(lines, error('no', '^7$'))) as host, connect(host.port) as client:
        sender = threading.Thread(target=client.sendall, args=(b'abcdefgh\n' * count,))
        sender.start()
        time.sleep(100 * MS)
        assert read_exactly(client, 9 * count) == b'ABCDEFGH\n' * count
        sender.join()


def test_half_close_after_a_pipeline_still_brings_all_answers(lines):
    with hosted(lines_spec(lines, error('no', 'bad'))) as host, connect(host.port) as client:
        client.sendall(PIPELINE)
        client.shutdown(socket.SHUT_WR)
        assert read_to_end(client) == b'ONE\nno bad\nTWO\nno bad\nTHREE\n'
