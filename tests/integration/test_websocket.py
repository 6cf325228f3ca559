"""WebSocket through vaurien, by the package websockets: messages are exchanges, and what happens to one happens to no other."""
import contextlib
import socket
import time

import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK, InvalidHandshake
from websockets.sync.client import connect as websocket

from tests.support.peers import Backend, read_exactly
from tests.support.processes import HOST
from tests.support.proxied import CALM, between, entry, peak
from tests.support.unit_of_time import MS, PATIENCE
from tests.support.websocket import BINARY, MASK, accept, frame, opened
from tests.support.websocket_servers import echo_server

TEXTS = 'one', 'two', 'three'


@pytest.fixture(scope='module')
def echo():
    with echo_server() as server:
        yield server


@contextlib.contextmanager
def through(daemon, echo, *mix, **settings):
    """Connect through a proxy; give the proxy and the client."""
    with between(daemon, 'websocket', echo, 'http', mix) as proxy:
        options = {'max_size': None, 'compression': None, 'open_timeout': PATIENCE, 'close_timeout': PATIENCE, **settings}
        with websocket(f'ws://{HOST}:{proxy.port}/chat', **options) as client:
            del echo.got[:], echo.ends[:]
            yield proxy, client


def heard(client, count):
    """Return what the client gets: so many messages, or fewer and how it has ended."""
    found = []
    with contextlib.suppress(ConnectionClosed):
        for _ in range(count):
            found.append(client.recv(PATIENCE))
        return found
    return [*found, client.close_code]


def said(client, texts=TEXTS):
    """Send texts."""
    with contextlib.suppress(ConnectionClosed):
        for text in texts:
            client.send(text)


@pytest.mark.parametrize('mix', CALM.values(), ids=CALM)
@pytest.mark.parametrize('compression', ['deflate', None])
def test_messages_pass_as_they_are(daemon, echo, mix, compression):
    messages = [*(f'{{"tick": {number}, "words": "the same words again"}}' for number in range(50)), '', b'', bytes(300_000),
                'ä' * 50_000]
    with through(daemon, echo, *mix, compression=compression) as (proxy, client):
        for message in messages:
            client.send(message)
            assert client.recv(PATIENCE) == message
        client.send(iter(['in ', 'three ', 'pieces']))
        assert client.recv(PATIENCE) == 'in three pieces'
        assert client.ping().wait(PATIENCE)
        assert proxy.unread == []
        assert proxy.count('exchanges') == 1 + 2 * (len(messages) + 1)
    assert echo.ends == [1000]


@pytest.mark.parametrize('compression', ['deflate', None])
@pytest.mark.parametrize('match, got, heard_of', [('^send two', ['one', 'three'], ['one', 'three']),
                                                  ('^receive two', [*TEXTS], ['one', 'three'])])
def test_a_message_is_dropped(daemon, echo, match, got, heard_of, compression):
    with through(daemon, echo, entry('error', kind='ws-dropped', match=match), compression=compression) as (_, client):
        said(client)
        assert heard(client, 2) == heard_of
        assert echo.got == got


@pytest.mark.parametrize('compression', ['deflate', None])
@pytest.mark.parametrize('match, got', [('^send two', ['one', 'two', 'two', 'three']), ('^receive two', [*TEXTS])])
def test_a_message_comes_twice(daemon, echo, match, got, compression):
    with through(daemon, echo, entry('error', kind='ws-doubled', match=match), compression=compression) as (_, client):
        said(client)
        assert heard(client, 4) == ['one', 'two', 'two', 'three']
        assert echo.got == got


@pytest.mark.parametrize('code', [1000, 1001, 1008, 1009, 1011, 1012, 1013, 1014, 4000])
@pytest.mark.parametrize('match, count', [('^send two', 0), ('^receive two', 1)])
def test_the_client_is_sent_away_with_a_code_and_what_came_before_is_there(daemon, echo, code, match, count):
    with through(daemon, echo, entry('error', kind=f'ws-close-{code}', match=match)) as (_, client):
        client.send('one')
        assert heard(client, 1) == ['one']
        said(client, ['two', 'three'])
        assert heard(client, 2) == [code]
        assert client.close_reason == 'injected by vaurien'
        assert echo.got[:1 + count] == ['one', 'two'][:1 + count]
    deadline = time.monotonic() + PATIENCE
    while not echo.ends and time.monotonic() < deadline:
        time.sleep(MS)
    assert echo.ends == [1001]    # to the backend the client has left


@pytest.mark.parametrize('kind, code', [('ws-cut', 1006), ('ws-cut-reset', 1006), ('ws-cut-inside', 1006),
                                        ('ws-cut-inside-reset', 1006), ('ws-protocol-error', 1002), ('ws-bad-utf8', 1007)])
def test_a_connection_breaks_at_a_message(daemon, echo, kind, code):
    with through(daemon, echo, entry('error', kind=kind, match='^receive two')) as (_, client):
        client.send('one')
        assert heard(client, 1) == ['one']
        client.send('two')
        assert heard(client, 1) == [client.close_code]
        assert (client.close_code, client.protocol.close_sent and client.protocol.close_sent.code) == (
            1006, None if code == 1006 else code)


def test_a_message_that_is_too_big_is_refused_by_a_client_that_bounds_it(daemon, echo):
    with through(daemon, echo, entry('error', kind='ws-too-big', match='^receive one'), max_size=1000) as (_, client):
        said(client)
        assert heard(client, 1) == [1006]
        assert client.protocol.close_sent.code == 1009


@pytest.mark.parametrize('kind, words', [('ws-refused', 'HTTP 503'), ('ws-refused-403', 'HTTP 403'),
                                         ('ws-refused-429', 'HTTP 429'), ('ws-refused-200', 'HTTP 200'),
                                         ('ws-bad-accept', 'Sec-WebSocket-Accept')])
def test_a_request_is_refused(daemon, echo, kind, words):
    with pytest.raises(InvalidHandshake, match=words), through(daemon, echo, entry('error', kind=kind)):
        pass


def test_a_client_is_turned_away_as_soon_as_it_has_come(daemon, echo):
    with through(daemon, echo, entry('error', kind='ws-turned-away')) as (_, client):
        assert heard(client, 1) == [1008]


def test_pings_are_not_answered(daemon, echo):
    with through(daemon, echo, entry('error', kind='ws-no-pong', match='^send two')) as (_, client):
        client.send('one')
        assert client.ping().wait(PATIENCE)
        client.send('two')
        assert heard(client, 2) == ['one', 'two']
        assert not client.ping().wait(100 * MS)
        client.send('three')
        assert heard(client, 1) == ['three']


@pytest.mark.parametrize('match', ['^send two', '^receive two'])
def test_a_message_is_late_and_those_after_it_wait(daemon, echo, match):
    late = 200 * MS
    with through(daemon, echo, entry('delay', sleep=late, match=match)) as (_, client):
        said(client)
        assert heard(client, 1) == ['one']
        began = time.monotonic()
        assert heard(client, 2) == ['two', 'three']
        assert time.monotonic() - began > late / 2


def test_a_client_that_hangs_hears_nothing_more(daemon, echo):
    with through(daemon, echo, entry('hang', match='^send two'), close_timeout=50 * MS) as (_, client):
        client.send('one')
        assert heard(client, 1) == ['one']
        client.send('two')
        with pytest.raises(TimeoutError):
            client.recv(100 * MS)


@pytest.mark.parametrize('behavior', ['abort', 'blackout'])
def test_a_behavior_ends_the_connection(daemon, echo, behavior):
    with through(daemon, echo, entry(behavior, match='^send two')) as (_, client):
        client.send('one')
        assert heard(client, 1) == ['one']
        client.send('two')
        assert heard(client, 1) == [1006]


def test_the_first_messages_get_an_error_and_then_all_pass(daemon, echo):
    with through(daemon, echo, entry('transient', kind='ws-dropped', match='^send', agitate=2)) as (_, client):
        said(client)
        assert heard(client, 1) == ['three']


def test_a_fault_is_switched_on_while_a_conversation_goes_on(daemon, echo):
    with through(daemon, echo) as (proxy, client):
        said(client)
        assert heard(client, 3) == [*TEXTS]
        proxy.meet(entry('error', kind='ws-close-1013', match='^send two'))
        client.send('one')
        assert heard(client, 1) == ['one']
        client.send('two')
        assert heard(client, 1) == [1013]


def test_compressed_messages_are_told_apart_where_each_stands_alone(daemon, echo):
    settings = {'protocol_settings': {'ws_compression': 'each-alone'}}
    mix = [entry('error', kind='ws-close-1013', match='^receive two')]
    with between(daemon, 'alone', echo, 'http', mix, **settings) as proxy, websocket(f'ws://{HOST}:{proxy.port}/') as client:
        said(client)
        assert heard(client, 3) == ['one', 1013]


def test_no_compressed_message_is_taken_out_that_others_can_only_be_read_with(daemon, echo):
    with through(daemon, echo, compression='deflate') as (proxy, client):
        proxy.meet(entry('error', kind='ws-dropped'))       # too late to change what was agreed on
        said(client, TEXTS * 10)
        assert heard(client, 30) == [*TEXTS] * 10
        assert proxy.unread == []


def test_a_good_end_is_none_for_a_client(daemon, echo):
    with through(daemon, echo, entry('error', kind='ws-close-1001', match='^send one')) as (_, client):
        client.send('one')
        with pytest.raises(ConnectionClosedOK):
            client.recv(PATIENCE)


@pytest.mark.parametrize('before', [True, False])
def test_the_request_is_late_and_what_follows_is_followed(daemon, echo, before):
    with through(daemon, echo, entry('delay', sleep=20 * MS, before=before, match='^GET')) as (proxy, client):
        said(client)
        assert heard(client, 3) == [*TEXTS]
        assert proxy.count('exchanges') == 1 + 2 * 3
        assert proxy.unread == []


def test_a_message_that_is_larger_than_memory_should_be_is_not_held(daemon):
    size, piece = 96 * 1024 * 1024, bytes(1024 * 1024)
    got = []

    def counts(sock):
        accept(sock)
        read_exactly(sock, 14)      # the head of the frame
        got.append(sum(len(read_exactly(sock, len(piece))) for _ in range(size // len(piece))))
    with Backend(counts) as backend, between(daemon, 'large', backend, 'http', CALM['faults that never match']) as proxy:
        before = peak(daemon)
        sock, _ = opened(proxy.port)
        with sock:
            sock.sendall(frame(BINARY, b'', MASK)[:1] + b'\xff' + size.to_bytes(8) + MASK)
            for _ in range(size // len(piece)):
                sock.sendall(piece)
            sock.shutdown(socket.SHUT_WR)
            assert sock.recv(1) == b''
        assert proxy.count('exchanges') == 2
        assert peak(daemon) - before < 16 * 1024 * 1024
    assert got == [size]
