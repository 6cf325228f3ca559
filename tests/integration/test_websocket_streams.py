"""WebSocket in a stream of HTTP/2: what happens to one message happens to no other, nor to another stream."""
import time
import zlib

import pytest

from tests.support.proxied import CALM, between, entry
from tests.support.unit_of_time import MS
from tests.support.websocket import CLOSE, FIN, PING, PONG
from tests.support.websocket_asgi import served
from tests.support.websocket_streams import Streams, parsed

pytest.importorskip('hypercorn')


@pytest.fixture(scope='module')
def server():
    with served('hypercorn') as made:
        yield made


def texts(frames):
    """Return what frames say, each of which can be read by itself."""
    return [(inflated(frame.payload) if frame.first & 0x40 else frame.payload).decode() for frame in frames]


def inflated(payload):
    """Return a message that was compressed by itself."""
    return zlib.decompressobj(-15).decompress(payload + b'\0\0\xff\xff')


def through(daemon, server, *mix):
    """Run a proxy."""
    return between(daemon, 'streams', server, 'http', mix)


@pytest.mark.parametrize('mix', CALM.values(), ids=CALM)
def test_messages_pass_beside_requests(daemon, server, mix):
    with through(daemon, server, *mix) as proxy, Streams(proxy.port) as client:
        one, other = client.open(), client.open('/other')
        for number in range(50):
            client.say(one, f'one {number}')
            client.say(other, f'other {number}')
        assert client.get('/').body == b'page'
        assert texts(client.heard(one, 50)) == [f'one {number}' for number in range(50)]
        assert texts(client.heard(other, 50)) == [f'other {number}' for number in range(50)]
        client.say(one, 'x' * 10_000)
        assert len(client.heard(one, 51)[-1].payload) == 10_000
        assert proxy.unread == []
        assert proxy.count('exchanges') == 3 + 2 * 101


@pytest.mark.parametrize('extensions', ['', 'permessage-deflate'])
@pytest.mark.parametrize('kind, match, got', [
    ('ws-dropped', '^send two', ['one', 'three', 'end']), ('ws-dropped', '^receive two', ['one', 'three', 'end']),
    ('ws-doubled', '^send two', ['one', 'two', 'two', 'three', 'end']),
    ('ws-doubled', '^receive two', ['one', 'two', 'two', 'three', 'end']),
])
def test_a_message_is_dropped_or_doubled_and_the_windows_stay_right(daemon, server, kind, match, got, extensions):
    with through(daemon, server, entry('error', kind=kind, match=match)) as proxy, Streams(proxy.port) as client:
        stream, other = client.open(extensions=extensions), client.open()
        long = 'two' + 'x' * 5_000
        for turn in range(1, 41):   # much more than a window
            client.say(stream, 'one', long, 'three', 'end')
            client.say(other, 'here')
            client.heard(stream, len(got) * turn)
        found = [text[:5].rstrip('x') for text in texts(client.heard(stream, len(got) * 40))]
        assert found == got * 40
        assert texts(client.heard(other, 40)) == ['here'] * 40


@pytest.mark.parametrize('match', ['^send two', '^receive two'])
def test_the_client_of_a_stream_is_sent_away(daemon, server, match):
    with through(daemon, server, entry('error', kind='ws-close-1012', match=match)) as proxy, Streams(proxy.port) as client:
        stream, other = client.open(), client.open()
        client.say(stream, 'one')
        assert texts(client.heard(stream, 1)) == ['one']
        client.say(stream, 'two')
        assert client.heard(stream, 2)[1] == (FIN | CLOSE, b'\x03\xf4injected by vaurien')
        client.say(stream, '\x03', opcode=CLOSE)
        assert client.wait(stream)[0].ended
        client.say(other, 'here')
        assert texts(client.heard(other, 1)) == ['here']


@pytest.mark.parametrize('kind, ended, code', [('ws-cut', True, None), ('ws-cut-reset', False, 8), ('ws-cut-inside', True, None),
                                               ('ws-cut-inside-reset', False, 8)])
def test_a_stream_breaks_at_a_message(daemon, server, kind, ended, code):
    with through(daemon, server, entry('error', kind=kind, match='^receive two')) as proxy, Streams(proxy.port) as client:
        stream, other = client.open(), client.open()
        client.say(stream, 'one', 'two', 'three')
        answer, = client.wait(stream)
        assert (answer.ended, answer.code) == (ended, code)
        assert answer.body == b'\x81\x03one' + (b'\x81\x03' if 'inside' in kind else b'')
        client.say(other, 'here')
        assert texts(client.heard(other, 1)) == ['here']


@pytest.mark.parametrize('match', ['^send two', '^receive two'])
def test_a_message_is_late_and_other_streams_are_not(daemon, server, match):
    late = 200 * MS
    with through(daemon, server, entry('delay', sleep=late, match=match)) as proxy, Streams(proxy.port) as client:
        stream, other = client.open(), client.open()
        client.say(stream, 'one', 'two', 'three')
        assert texts(client.heard(stream, 1)) == ['one']
        began = time.monotonic()
        client.say(other, 'here')
        assert texts(client.heard(other, 1)) == ['here']
        assert texts(parsed(client.answers[stream].body)) == ['one']
        client.say(stream, 'four')
        assert texts(client.heard(stream, 4)) == ['one', 'two', 'three', 'four']
        assert time.monotonic() - began > late / 2


@pytest.mark.parametrize('kind, status', [('ws-refused', 503), ('ws-refused-403', 403), ('ws-refused-429', 429)])
def test_a_request_in_a_stream_is_refused(daemon, server, kind, status):
    with through(daemon, server, entry('transient', kind=kind)) as proxy, Streams(proxy.port) as client:
        assert client.answers[client.open()].status == status
        stream = client.open()
        client.say(stream, 'here')
        assert texts(client.heard(stream, 1)) == ['here']


def test_pongs_are_dropped(daemon, server):
    with through(daemon, server, entry('error', kind='ws-no-pong', match='^send two')) as proxy, Streams(proxy.port) as client:
        stream = client.open()
        client.say(stream, '?', opcode=PING)
        assert client.heard(stream, 1) == [(FIN | PONG, b'?')]
        client.say(stream, 'two')
        client.heard(stream, 2)
        client.say(stream, '?', opcode=PING)
        client.say(stream, 'three')
        assert texts(client.heard(stream, 3)) == ['?', 'two', 'three']


@pytest.mark.parametrize('behavior', ['hang', 'abort', 'blackout'])
def test_a_behavior_ends_one_stream_alone(daemon, server, behavior):
    with through(daemon, server, entry(behavior, match='^send two')) as proxy, Streams(proxy.port) as client:
        stream, other = client.open(), client.open()
        client.say(stream, 'one')
        assert texts(client.heard(stream, 1)) == ['one']
        client.say(stream, 'two')
        client.say(other, 'here')
        assert texts(client.heard(other, 1)) == ['here']
        if behavior == 'hang':
            assert not client.answers[stream].over
        else:
            assert client.wait(stream)[0].over
