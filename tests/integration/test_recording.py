"""What is recorded of the exchanges with real servers: how each was answered, whatever the slicing, and how connections end."""
import contextlib
import threading
from zlib import crc32

import pytest

from tests.support.hosting import eventually
from tests.support.peers import connect, listener, read_exactly
from tests.support.processes import HOST
from tests.support.recorded import recorded
from tests.support.servers import redis_server as started
from tests.support.unit_of_time import MS
from vaurien.net.stream import Stream
from vaurien.relay.recording.records import Unread
from vaurien.spec import BehaviorSpec


@contextlib.contextmanager
def backend(response, wanted=1):
    """Serve one client: read so many bytes, send the response, and close."""
    with contextlib.closing(listener(HOST)) as server:
        def serve():
            sock, _ = server.accept()
            with sock:
                received = 0
                while received < wanted:
                    received += len(sock.recv(65536))
                sock.sendall(response)
        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def talk(port, data, wanted, slices=0):
    """Send bytes, in slices of so many bytes (0: all at once), and read until as many have come, or what ends in these."""
    with connect(port) as sock:
        for at in range(0, len(data), slices or len(data)):
            sock.sendall(data[at:at + (slices or len(data))])
        received = b''
        while not received.endswith(wanted) if isinstance(wanted, bytes) else len(received) < wanted:
            more = sock.recv(65536)
            if not more:
                break
            received += more
        return received


@pytest.fixture(scope='module')
def redis_alone():
    with started() as server:
        yield server


SET = b'*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n'
TALK = (SET + b'*2\r\n$4\r\nLPOP\r\n$1\r\na\r\n*2\r\n$3\r\nGET\r\n$2\r\nno\r\n'
        b'*1\r\n$5\r\nMULTI\r\n*2\r\n$4\r\nINCR\r\n$1\r\na\r\n*1\r\n$4\r\nEXEC\r\n*2\r\n$4\r\nNOPE\r\n$1\r\na\r\n*1\r\n$4\r\nPING\r\n')


@pytest.mark.parametrize('slices', [0, 1, 7])
def test_each_command_of_a_pipeline_is_recorded_with_its_error(redis_alone, slices):
    with recorded(redis_alone, 'redis') as record:
        talk(record.port, TALK, b'+PONG\r\n', slices)
        assert record.answers(8) == [
            ('SET a', 'ok'), ('LPOP a', 'WRONGTYPE'), ('GET no', 'ok'), ('MULTI', 'ok'), ('INCR a', 'ok'), ('EXEC', 'ok'),
            ('NOPE a', 'ERR'), ('PING', 'ok')]
        assert [one.code for one in record.exchanges][:3] == ['', '', 'nil']
        assert sum(one.sent for one in record.exchanges) == len(TALK)
        assert [one.number for one in record.exchanges] == [1, 2, 3, 4, 5, 6, 7, 8]
        assert {one.digest for one in record.exchanges if one.name == 'SET a'} == {f'{crc32(SET):08x}'}
        assert record.closed().by == 'client'


GET, SECOND = b'*2\r\n$3\r\nGET\r\n$1\r\na\r\n', b'*2\r\n$3\r\nGET\r\n$1\r\nb\r\n'


def fault(name, percent=100, **settings):
    return BehaviorSpec(name=name, percent=percent, settings=settings),


def test_what_vaurien_answers_itself_is_recorded_as_the_client_got_it(redis_alone):
    with recorded(redis_alone, 'redis', fault('error', kind='readonly')) as record:
        talk(record.port, SET, 5)
        one, = record.wait(1)
        assert (one.answer, one.fault, one.received) == ('READONLY', 'error/readonly', len(b"-READONLY You can't write against a "
                                                                                             b'read only replica.\r\n'))


@pytest.mark.parametrize('slices', [0, 1])
def test_an_answer_in_the_middle_of_a_pipeline_is_that_of_its_own_request(redis_alone, slices):
    with recorded(redis_alone, 'redis', fault('error', kind='readonly', match='SET')) as record:
        talk(record.port, GET + SET + SECOND, 60, slices)
        assert record.answers(3) == [('GET a', 'ok'), ('SET a', 'READONLY'), ('GET b', 'ok')]


def test_a_delay_is_a_part_of_how_long_an_exchange_takes(redis_alone):
    with recorded(redis_alone, 'redis', fault('delay', sleep=50 * MS)) as record:
        talk(record.port, GET, 5)
        one, = record.wait(1)
        assert (one.answer, one.fault) == ('ok', 'delay')
        assert one.seconds >= 50 * MS


def test_a_request_that_is_never_answered_ends_with_its_connection(redis_alone):
    with recorded(redis_alone, 'redis', fault('hang')) as record:
        with connect(record.port) as sock:
            sock.sendall(GET)
            eventually(lambda: record.hosted.fleet.journal.count)
            assert not record.exchanges
        one, = record.wait(1)
        assert (one.answer, one.fault) == ('', 'hang')
        assert (record.closed().by, record.closed().how) == ('client', 'fin')


def test_what_resets_a_connection_is_recorded(redis_alone):
    with recorded(redis_alone, 'redis', fault('abort')) as record:
        with connect(record.port) as sock:
            sock.sendall(GET)
            record.wait(1)
        assert (record.exchanges[0].answer, record.exchanges[0].fault) == ('', 'abort')
        assert (record.closed().by, record.closed().how) == ('vaurien', 'rst')


def test_the_opening_of_a_connection_that_fails_is_an_exchange_of_the_number_0(redis_alone):
    with recorded(redis_alone, 'redis', fault('error', kind='max-clients')) as record:
        talk(record.port, GET, 10)
        one, = record.wait(1)
        assert (one.number, one.name, one.answer, one.fault) == (0, 'connect', 'ERR', 'error/max-clients')


def test_a_session_that_is_relayed_unread_is_one_line_that_says_so(redis_alone):
    with recorded(redis_alone, 'redis') as record:
        with connect(record.port) as sock:
            sock.sendall(GET)
            record.wait(1)
            sock.sendall(b'\x16\x03\x01\x00\x05hello\r\n')
            unread = eventually(lambda: [event for event in record.events if isinstance(event, Unread)])
            assert [event.reason for event in unread] == ["a command begins with b'\\x16'"]
        assert record.closed().exchanges == 1


def test_events_of_tcp_are_no_exchanges_but_their_sessions_are_counted(redis_alone):
    with recorded(redis_alone, 'tcp') as record:
        received = talk(record.port, GET, 5)
        closed = record.closed()
        assert (closed.sent, closed.received, closed.exchanges) == (len(GET), len(received), 1)
        assert record.exchanges == []


def test_a_response_that_ends_with_its_connection_is_whole():
    with backend(b'HTTP/1.0 200 OK\r\n\r\n' + b'x' * 200_000) as port, recorded(port, 'http') as record:
        talk(record.port, b'GET / HTTP/1.0\r\n\r\n', 10**6)
        one, = record.wait(1)
        assert (one.answer, one.code, one.received) == ('ok', '200', 200_019)
        assert (record.closed().by, record.closed().how) == ('backend', 'fin')


def test_a_response_that_was_cut_off_is_none():
    with backend(b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf') as port, recorded(port, 'http') as record:
        talk(record.port, b'GET / HTTP/1.1\r\nHost: a\r\n\r\n', 10**6)
        one, = record.wait(1)
        assert (one.answer, one.received) == ('', 42)


@pytest.mark.parametrize('size', [250, 70_000, 3_000_000])
def test_the_digest_of_a_large_body_does_not_depend_on_how_it_is_forwarded(size):
    body = bytes(range(250)) * (size // 250)
    with backend(b'HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n', size) as port, recorded(port, 'http') as record:
        head = b'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n' % len(body)
        talk(record.port, head + body, 10)
        one, = record.wait(1)
        assert (one.answer, one.sent, one.digest) == ('503', len(head) + len(body), f'{crc32(body[:65536]):08x}')


def test_follow_and_unfollow_decide_what_new_sessions_are(redis_alone):
    with recorded(redis_alone, 'redis') as record:
        talk(record.port, GET, 5)
        record.wait(1)
        exchanges = record.hosted.fleet.exchanges
        record.hosted.call(lambda: exchanges.unfollow(record.exchanges.append, record.events.append))
        assert exchanges.stream is Stream
        talk(record.port, GET, 5)
        record.wait(1)


def test_what_is_too_large_for_memcached_has_an_answer_of_its_own(memcached_server):
    large = 2 * 2**20   # [bytes]; memcached takes 1 MiB
    with recorded(memcached_server, 'memcache') as record:
        with connect(record.port) as sock:
            for sent, wanted in ((b'set a 0 0 %d\r\n%s\r\n' % (large, bytes(large)),
                                  b'SERVER_ERROR object too large for cache\r\n'),
                                 (b'set a 0 0 1\r\n1\r\n', b'STORED\r\n'), (b'incr b 1\r\n', b'NOT_FOUND\r\n')):
                sock.sendall(sent)
                assert read_exactly(sock, len(wanted)) == wanted
        record.wait(3)
        assert [(one.answer, one.code) for one in record.exchanges] == [
            ('object-too-large', ''), ('ok', 'STORED'), ('ok', 'NOT_FOUND')]
    with recorded(memcached_server, 'memcache', fault('error', kind='object-too-large')) as record:
        talk(record.port, b'set a 0 0 1\r\n1\r\n', b'\r\n')
        one, = record.wait(1)
        assert (one.answer, one.fault) == ('object-too-large', 'error/object-too-large')
