"""Streams of events through vaurien: so many pass, then they fail as a real server's would, in HTTP/1 and HTTP/2."""
import re

import httpx
import pytest

from tests.support.event_peers import LINES, lines, sse, streams
from tests.support.hosting import eventually
from tests.support.proxied import between, entry
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.protocols.http.events.failures import ERROR_TEXT, MALFORMED

EVENTS = [piece for piece in sse() if b'data' in piece]
PATHS = {'HTTP/1.1': ('/chunked', '/counted', '/closed'), 'HTTP/2': ('/chunked', '/counted')}
ALL = [(version, path) for version, paths in PATHS.items() for path in paths]
STOPPED = {'stream-cut', 'stream-reset', 'stream-short', 'stream-stall', 'stream-error'}
#: by kind: what a client raises in HTTP/1 and in HTTP/2; none: nothing
RAISED = {'stream-cut': ('RemoteProtocolError|ReadError', 'RemoteProtocolError.*error_code:2'),
          'stream-reset': ('ReadError', 'RemoteProtocolError.*error_code:8'), 'stream-stall': ('ReadTimeout', 'ReadTimeout'),
          'stream-short': ('', ''), 'stream-error': ('', ''), 'stream-malformed': ('', ''), 'stream-slow': ('', '')}


def error(kind, **more):
    return entry('error', 100, kind=kind, **more)


def client(version, patience=PATIENCE):
    return httpx.Client(http1=version == 'HTTP/1.1', http2=version == 'HTTP/2', timeout=patience)


def read(opened, url, **more):
    """Return what has come of a stream, and what was raised at its end."""
    content = b''
    try:
        with opened.stream('GET', url, **more) as response:
            for piece in response.iter_raw():
                content += piece
    except httpx.HTTPError as raised:
        return content, repr(raised)
    return content, ''


def said(kind):
    words = {'stream-error': f'event: error\ndata: {ERROR_TEXT}\n\n', 'stream-malformed': f'data: {MALFORMED.data}\n\n'}
    return words.get(kind, '')


@pytest.mark.parametrize('after', [0, 1, 4])
@pytest.mark.parametrize('kind', RAISED)
def test_so_many_events_pass_and_then_the_stream_fails(daemon, kind, after):
    with streams() as backend, between(daemon, f'{kind}-{after}', backend, 'http', [error(kind)],
                                       protocol_settings={'stream_after': after, 'stream_rate': 1 / (4 * MS)}) as proxy:
        for version, path in ALL:
            with client(version, 200 * MS if kind == 'stream-stall' else PATIENCE) as opened:
                content, raised = read(opened, f'http://127.0.0.1:{proxy.port}{path}')
                wanted, rest = b''.join(EVENTS[:after]) + said(kind).encode(), b''.join(EVENTS[after:])
                assert content.replace(b': welcome\n\n', b'').replace(b':\n\n', b'') == wanted + rest * (kind not in STOPPED)
                assert_matches(raised, RAISED[kind][version == 'HTTP/2'])
        assert [(fault.kind, fault.request) for fault in proxy.faults] == [(kind, f'GET {path}') for _, path in ALL]
        assert proxy.unread == []


def assert_matches(raised, pattern):
    assert bool(raised) == bool(pattern), raised
    assert re.match(pattern, raised), raised


@pytest.mark.parametrize('version', PATHS)
def test_a_response_that_is_no_stream_passes_and_nothing_is_written_down(daemon, version):
    with streams() as backend, between(daemon, f'spared-{version[-1]}', backend, 'http', [error('stream-cut')]) as proxy, \
            client(version) as opened:
        assert read(opened, f'http://127.0.0.1:{proxy.port}/page') == (b'hello', '')
        assert read(opened, f'http://127.0.0.1:{proxy.port}/503') == (b'no', '')
        assert read(opened, f'http://127.0.0.1:{proxy.port}/gzip')[0] == b''.join(backend.pieces)
        assert proxy.count('accepted') == 1     # the connection goes on
        assert (proxy.faults, proxy.unread) == ([], [])
        assert [line.partition(' lets the ')[2] for line in proxy.log if 'does not apply' in line] == [
            f"response to 'GET {path}' pass, to which stream-cut does not apply: {why}" for path, why in (
                ('/page', 'it is no stream of events, but text/html'), ('/503', 'its status is 503'),
                ('/gzip', 'its events are compressed with gzip'))]


@pytest.mark.parametrize('version', PATHS)
def test_a_stream_with_fewer_events_passes_and_nothing_is_written_down(daemon, version):
    with streams(*lines(3), kind=LINES) as backend, \
            between(daemon, f'fewer-{version[-1]}', backend, 'http', [error('stream-cut')],
                    protocol_settings={'stream_after': 4}) as proxy:
        for path in PATHS[version]:
            with client(version) as opened:
                assert read(opened, f'http://127.0.0.1:{proxy.port}{path}') == (b''.join(backend.pieces), '')
        assert proxy.faults == []
        assert len([line for line in proxy.log if 'it had ended before' in line]) == len(PATHS[version])


@pytest.mark.parametrize('version', PATHS)
def test_the_backend_is_asked_for_a_stream_that_can_be_read(daemon, version):
    with streams() as backend, client(version) as opened, \
            between(daemon, f'plain-{version[-1]}', backend, 'http', [error('stream-cut', match='/chunked')]) as proxy:
        read(opened, f'http://127.0.0.1:{proxy.port}/chunked')
        read(opened, f'http://127.0.0.1:{proxy.port}/page')
        assert ['accept-encoding' in asked for asked in backend.asked] == [False, True]
        assert backend.asked[0]['user-agent'] == backend.asked[1]['user-agent']


@pytest.mark.parametrize('version', PATHS)
def test_the_backend_hears_of_a_stream_that_was_ended(daemon, version):
    endless = [b'data: 0\n\n'] * 100_000
    with streams(*endless, pause=MS) as backend, client(version) as opened, \
            between(daemon, f'told-{version[-1]}', backend, 'http', [error('stream-short')],
                    protocol_settings={'stream_after': 5}) as proxy:
        assert read(opened, f'http://127.0.0.1:{proxy.port}/chunked') == (b'data: 0\n\n' * 5, '')
        eventually(lambda: backend.left, 'the end')
        assert backend.left[0] == ('gone' if version == 'HTTP/1.1' else 'rst 8')
        assert backend.sent < len(endless)
