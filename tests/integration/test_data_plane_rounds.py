"""However much one read brings, a callback takes only so long: the rest waits until the loop has gone round, and is not lost."""
import contextlib
import gc
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.integration.test_data_plane_messages import error, lines_spec, upper
from tests.support.hosting import Hosted, eventually, hosted, spec_for
from tests.support.peers import Backend, ask, connect, ending, read_exactly, read_to_end, sink
from tests.support.unit_of_time import MS
from tests.support.watchdog import Watchdog
from vaurien.relay.message_lane import MessageLane
from vaurien.spec import BehaviorSpec

#: [requests] that one read brings; fewer than may be unanswered
COUNT = 30_000
#: [s] the budget while the time of callbacks is measured: far less than all of a read takes, on any machine
SHORT = 0.5e-3


def exchanges(host: Hosted) -> int:
    """Return how many requests there were in the sessions that are open."""
    return sum(session.draws.count for session in list(host.proxy.sessions.values()))


@pytest.fixture
def round_by_round(monkeypatch):
    """Give each message a callback of its own."""
    monkeypatch.setattr(MessageLane, 'BUDGET', -1)
    monkeypatch.setattr(MessageLane, 'LOOK', -1)


@contextlib.contextmanager
def watched(monkeypatch) -> Iterator[Watchdog]:
    """Watch the loop of what is hosted within the block; the garbage collector stays out of it."""
    monkeypatch.setattr(MessageLane, 'BUDGET', SHORT)
    gc.disable()
    try:
        with Watchdog() as dog:
            yield dog
    finally:
        gc.enable()


def longest(dog: Watchdog, name: str) -> float:
    """Return the time [s] of the longest callback whose name has this in it."""
    return max((long.seconds for long in dog.longest() if name in long.name), default=0.0)


def answered(port: int, requests: bytes, length: int) -> None:
    """Send requests, and read what answers them meanwhile."""
    with connect(port) as client:
        sender = threading.Thread(target=client.sendall, args=(requests,))
        sender.start()
        read_exactly(client, length)
        sender.join()


def sizes(sock: socket.socket) -> None:
    """Answer each line with one of two bytes, as many as come in one read together."""
    while data := sock.recv(65536):
        sock.sendall(b'y\n' * data.count(b'\n'))


@pytest.mark.parametrize('mix, answer', [
    ((error('no'),), b'no x\n'), ((), b'y\n'), ((error('no', '^never$'),), b'y\n'), ((error('passed'),), b'no x\n'),
], ids=['all fail', 'no mix', 'none fails', 'all are replaced'])
def test_a_read_of_tiny_requests_takes_many_short_callbacks(monkeypatch, mix, answer):
    with watched(monkeypatch) as dog, Backend(sizes) as backend, hosted(lines_spec(backend, *mix)) as host:
        answered(host.port, b'x\n' * COUNT, len(answer) * COUNT)
    assert longest(dog, 'Lane') < dog.total / 5, dog


def test_own_answers_that_all_get_their_turn_at_once_take_many_short_callbacks(monkeypatch):
    go = threading.Event()

    def late(sock):
        read_exactly(sock, 6)
        go.wait()
        sock.sendall(b'FIRST\n')
        sink(sock)
    with watched(monkeypatch) as dog, Backend(late) as backend, hosted(lines_spec(backend, error('no', 'x'))) as host, \
            connect(host.port) as client:
        client.sendall(b'first\n' + b'x\n' * COUNT)
        eventually(lambda: exchanges(host) == COUNT + 1, 'all requests')
        before = dog.total
        go.set()
        assert read_exactly(client, 6 + 5 * COUNT) == b'FIRST\n' + b'no x\n' * COUNT
        replying = dog.total - before
    assert longest(dog, 'ResponseLane') < replying / 5, dog


def test_others_are_answered_while_one_session_has_much_to_do(round_by_round):
    with Backend(upper) as backend, hosted(lines_spec(backend, error('no', 'x'))) as host, \
            connect(host.port) as client, connect(host.port) as other:
        ask(other, b'hello\n')
        reader = threading.Thread(target=read_exactly, args=(client, 5 * COUNT))
        reader.start()
        client.sendall(b'x\n' * COUNT)
        eventually(lambda: exchanges(host) > 1, 'the first of many')
        for _ in range(5):
            assert ask(other, b'hello\n') == b'HELLO\n'
        assert exchanges(host) < COUNT
        reader.join()


def test_the_rest_is_answered_before_the_end_of_the_stream_is_passed_on(round_by_round):
    with Backend(upper) as backend, hosted(lines_spec(backend, error('no', 'x'))) as host, connect(host.port) as client:
        client.sendall(b'a\nx\n' * 2000)
        client.shutdown(socket.SHUT_WR)
        assert read_to_end(client) == b'A\nno x\n' * 2000


def test_a_client_that_does_not_read_is_waited_for_within_a_read(round_by_round):
    count = 10_000
    with Backend(upper) as backend, hosted(lines_spec(backend, error('no', '^x'))) as host, connect(host.port) as client:
        requests = b'x%b\n' % (b'y' * 1000)
        sender = threading.Thread(target=client.sendall, args=(requests * count,))
        sender.start()
        session = eventually(lambda: list(host.proxy.sessions.values()), 'the session')[0]
        eventually(lambda: session.client.full, 'a client that takes no more')
        assert sum(map(len, session.client.backlog or ())) < 2 * len(b'no ' + requests)
        expected = b'no ' + requests
        for _ in range(count):
            assert read_exactly(client, len(expected)) == expected
        sender.join()


@pytest.mark.parametrize('kind, end', [('close', 'FIN'), ('reset', 'RST')])
def test_what_is_left_of_a_read_is_dropped_where_the_connection_ends(round_by_round, kind, end):
    with Backend(upper) as backend, hosted(lines_spec(backend, error(kind, 'bad'))) as host, connect(host.port) as client:
        client.sendall(b'good\nbad\n' + b'x\n' * 1000)
        assert read_exactly(client, 12) == b'GOOD\nno bad\n'
        assert ending(client) == end
        client.close()
        host.wait_idle()


def test_what_is_left_of_a_read_waits_for_one_that_is_late(round_by_round):
    late = BehaviorSpec(name='delay', percent=50, settings={'sleep': MS, 'match': 'late'})
    spec = lines_spec('127.0.0.1:1', late, BehaviorSpec(name='error', percent=50, settings={'kind': 'no', 'match': 'x'}))
    requests = [b'late', b'x', b'a', b'x', b'late', b'b'] * 20
    with Backend(upper) as backend, hosted(lines_spec(backend, *spec.mix)) as host, connect(host.port) as client:
        client.sendall(b''.join(request + b'\n' for request in requests))
        with client.makefile('rb') as file:
            answers = [file.readline().rstrip() for _ in requests]
    assert [answer.removeprefix(b'no ').lower() for answer in answers] == requests
    assert b'no x' in answers


def test_a_real_protocol_is_followed_round_by_round(round_by_round, redis_server):
    spec = spec_for(redis_server, '30:error', protocol='redis', settings={'error': {'kind': 'busy'}})
    with hosted(spec) as host, connect(host.port) as client, client.makefile('rb') as file:
        client.sendall(b''.join(b'ECHO %d\r\n' % number for number in range(1000)))
        for number in range(1000):
            line = file.readline()
            assert line.startswith(b'-BUSY') or file.readline() == b'%d\r\n' % number
        assert exchanges(host) == 1000
