"""Streams of events on one connection of HTTP/2: what happens to one happens to no other, and no window is overrun.

Both ends are the library h2, which refuses what RFC 9113 does not allow.
"""
import h2.settings
import pytest

from tests.support.event_peers import sse, streams
from tests.support.hosting import eventually
from tests.support.http2 import Client
from tests.support.proxied import between, entry, peak
from tests.support.unit_of_time import MS
from vaurien.protocols.http.events.failures import ERROR_TEXT, MALFORMED

KINDS = 'stream-cut', 'stream-reset', 'stream-short', 'stream-stall', 'stream-slow', 'stream-error', 'stream-malformed'
WINDOW = h2.settings.SettingCodes.INITIAL_WINDOW_SIZE
CODES = {'stream-cut': 2, 'stream-reset': 8}


def named(kind):
    return entry('error', 100, kind=kind, match=f'{kind}$')


def events(content):
    """Return the events in content, without what is none."""
    return [event for event in content.split(b'\n\n') if b'data:' in event]


def checks(answer, kind, after, whole):
    """Hold what came of a stream against what was to come."""
    got = events(answer.body)
    said = {'stream-error': [f'event: error\ndata: {ERROR_TEXT}'.encode()],
            'stream-malformed': [f'data: {MALFORMED.data}'.encode()]}
    rest = whole[after:] if kind in ('stream-slow', 'stream-malformed') else []
    assert got == whole[:after] + said.get(kind, []) + rest
    assert (answer.status, answer.ended, answer.code) == (200, kind not in (*CODES, 'stream-stall'), CODES.get(kind))


@pytest.mark.parametrize('window', [50, 65_535])
@pytest.mark.parametrize('kind', KINDS)
def test_every_other_stream_of_a_connection_fails_and_the_rest_is_whole(daemon, kind, window):
    pieces = sse(40, '{"n": %d, "text": "' + 'x' * 300 + '"}')
    whole = events(b''.join(pieces))
    with streams(*pieces) as backend, between(daemon, f'mixed-{kind}-{window}', backend, 'http', [named(kind)],
                                              protocol_settings={'stream_after': 5, 'stream_rate': 1000.0}) as proxy, \
            Client(proxy.port, {WINDOW: window}) as client:
        asked = [(kind if turn % 2 else 'calm', client.ask(f'/chunked?{kind if turn % 2 else "calm"}')) for turn in range(12)]
        over = [stream for name, stream in asked if name != 'stream-stall']
        client.wait(*over)
        for name, stream in asked:
            if name == 'calm':
                answer = client.answers[stream]
                assert (answer.body, answer.ended, answer.code) == (b''.join(pieces), True, None)
            elif kind != 'stream-stall':
                checks(client.answers[stream], kind, 5, whole)
        if kind == 'stream-stall':
            client.until(lambda: all(len(events(client.answers[stream].body)) == 5 for name, stream in asked if name == kind))
        assert [fault.kind for fault in proxy.faults] == [kind] * 6
        assert (proxy.count('accepted'), proxy.unread) == (1, [])


def test_a_slow_stream_holds_no_other_up_and_its_client_may_leave_it(daemon):
    with streams(*sse(60)) as backend, between(daemon, 'slow-and-calm', backend, 'http', [named('stream-slow')],
                                               protocol_settings={'stream_rate': 0.5}) as proxy, Client(proxy.port) as client:
        slow = [client.ask('/chunked?stream-slow') for _ in range(3)]
        client.until(lambda: all(len(events(client.answers[stream].body)) == 1 for stream in slow))
        for _ in range(20):
            assert client.get('/chunked?calm').body == b''.join(backend.pieces)
        assert [len(events(client.answers[stream].body)) for stream in slow] == [1, 1, 1]
        for stream in slow:
            client.h2.reset_stream(stream, 8)
        client.flush()
        assert client.get('/chunked?calm').body == b''.join(backend.pieces)
        assert (proxy.count('accepted'), len(proxy.faults)) == (1, 3)


def test_the_backend_of_a_slow_stream_is_told_that_its_client_has_left(daemon):
    with streams(*[b'data: 0\n\n'] * 100_000, pause=MS) as backend, \
            between(daemon, 'left', backend, 'http', [named('stream-slow')], protocol_settings={'stream_rate': 0.5}) as proxy, \
            Client(proxy.port) as client:
        stream = client.ask('/chunked?stream-slow')
        client.until(lambda: len(events(client.answers[stream].body)) == 1)
        client.h2.reset_stream(stream, 8)
        client.flush()
        eventually(lambda: backend.left == ['rst 8'], 'the reset')


def test_what_waits_of_slow_streams_is_bounded(daemon):
    piece = b'data: ' + b'x' * 8000 + b'\n\n'
    with streams(*[piece] * 20_000) as backend, \
            between(daemon, 'bounded', backend, 'http', [named('stream-slow')], protocol_settings={'stream_rate': 0.5}) as proxy:
        before = peak(daemon)
        with Client(proxy.port, {WINDOW: 2 ** 30}) as client:
            client.h2.increment_flow_control_window(2 ** 30)
            stream = client.ask('/chunked?stream-slow')
            client.until(lambda: len(events(client.answers[stream].body)) == 1)
            assert backend.stuck_after() < len(backend.pieces)
        assert peak(daemon) - before < 48 * 1024 * 1024


def test_events_that_wait_leave_though_their_backend_has_closed(daemon):
    with streams(*sse(6)) as backend, \
            between(daemon, 'closed', backend, 'http', [named('stream-slow')],
                    protocol_settings={'stream_rate': 1 / (50 * MS)}) as proxy, Client(proxy.port) as client:
        whole = b''.join(backend.pieces)
        slow = [client.ask('/chunked?stream-slow') for _ in range(2)]
        # vaurien has to have it all: what a backend resets that has not read its last frames is lost on the way
        eventually(lambda: backend.sent == 2 * len(backend.pieces) and proxy.count('from_backend') >= 2 * len(whole),
                   'all that there is')
        backend.backend.stop()
        assert [answer.body for answer in client.wait(*slow)] == [whole] * 2
        assert [answer.ended for answer in client.wait(*slow)] == [True] * 2
        with pytest.raises(EOFError):
            client.until(lambda: False)
