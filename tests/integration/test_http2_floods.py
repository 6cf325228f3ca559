"""Floods of frames that cost their sender nothing: vaurien stays as small as it was, and serves others meanwhile.

``VAURIEN_ALL_CASES=1`` sends 32 times as much.
"""
import contextlib
import os
import threading

import pytest

from tests.support.http2 import Client, pattern, server
from tests.support.http2_cases.words import (
    ACK,
    DATA,
    END_HEADERS,
    END_STREAM,
    PADDED,
    PING,
    PRIORITY,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    fields,
    frame,
    headers,
    long,
    setting,
)
from tests.support.peers import Backend, connect
from tests.support.proxied import between, entry, peak
from tests.support.unit_of_time import MS, PATIENCE

PREFACE = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
LARGE = os.environ.get('VAURIEN_ALL_CASES') == '1'
SIZE = 8 << 20 if LARGE else 1 << 18        #: [bytes] of a flood
STREAMS = 80_000 if LARGE else 6_000        #: of one that has streams
MAX_GROWTH = 24 << 20       #: [bytes] that vaurien may grow by
MIX = [entry('error', 100, kind='refused-stream', match='/refused')]
DONE = frame(PING, 0, 0, b'all sent')
ASKED = (b':method', b'GET'), (b':scheme', b'http'), (b':authority', b'a')


def asks(stream: int, path: bytes = b'/', flags: int = END_HEADERS | END_STREAM) -> bytes:
    return headers(stream, fields(*ASKED, (b':path', path)), flags)


def many(path: bytes) -> bytes:
    """Return requests that are reset at once."""
    return b''.join(asks(stream, path, END_HEADERS) + frame(RST_STREAM, 0, stream, long(8)) for stream in range(5, 2 * 40_000, 2))


#: by name: the frame on a stream that is open, or of the connection
FLOODS = {
    'pings': lambda stream: frame(PING, 0, 0, b'12345678'),
    'acknowledged pings': lambda stream: frame(PING, ACK, 0, b'12345678'),
    'settings': lambda stream: frame(SETTINGS, 0, 0, setting(4, 65535)),
    'empty settings': lambda stream: frame(SETTINGS),
    'acknowledged settings': lambda stream: frame(SETTINGS, ACK),
    'credit': lambda stream: frame(WINDOW_UPDATE, 0, 0, long(1)),
    'credit for a stream': lambda stream: frame(WINDOW_UPDATE, 0, stream, long(1)),
    'empty content': lambda stream: frame(DATA, 0, stream),
    'padding': lambda stream: frame(DATA, PADDED, stream, b'\xff' + bytes(255)),
    'priorities': lambda stream: frame(PRIORITY, 0, 99, long(1) + b'\5'),
    'unknown frames': lambda stream: frame(0x77, 0, 0),
    'trailers that end nothing': lambda stream: headers(stream, b'\0\1x\1y'),
}
#: of streams of their own
RESETS = {'rapid resets': b'/', 'rapid resets of requests that are refused': b'/refused'}


def flood_of(name: str, stream: int) -> bytes:
    """Return some MiB of frames."""
    if name in RESETS:
        return b''.join(asks(number, RESETS[name]) + frame(RST_STREAM, 0, number, long(8)) for number in range(5, 2 * STREAMS, 2))
    one = FLOODS[name](stream)
    return one * (SIZE // len(one))


def reads(sock) -> None:
    """A backend that says nothing but that it has read all."""
    sock.sendall(frame(SETTINGS))
    last = b''
    while data := sock.recv(1 << 20):
        if DONE in last + data:
            sock.sendall(DONE)
        last = data[-len(DONE):]


@contextlib.contextmanager
def others_are_served(daemon):
    """Let another client ask all the while; at the end vaurien is as small as before."""
    over, answered = threading.Event(), []
    with server() as backend, between(daemon, 'others', backend, 'http', MIX) as proxy, Client(proxy.port) as client:
        def ask():
            while not over.is_set():
                answered.append(client.get('/bytes/100').body == pattern(100))
        thread = threading.Thread(target=ask, daemon=True)
        before = peak(daemon)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(PATIENCE)
        assert not thread.is_alive()
        assert answered
        assert all(answered)
        assert peak(daemon) - before < MAX_GROWTH


def reads_until(sock, end: bytes) -> None:
    """Read until something comes."""
    last = b''
    while end not in last:
        data = sock.recv(1 << 20)
        assert data, 'the connection has ended'
        last = last[-len(end):] + data


@pytest.mark.parametrize('refused', [False, True], ids=['untouched', 'on a stream that was refused'])
@pytest.mark.parametrize('name', [*FLOODS, *RESETS])
def test_a_client_that_floods(daemon, name, refused):
    with Backend(reads) as backend, between(daemon, f'flood-{len(name)}-{refused}', backend, 'http', MIX) as proxy, \
            others_are_served(daemon), connect(proxy.port) as client:
        client.sendall(PREFACE + frame(SETTINGS) + asks(1, b'/refused' if refused else b'/', END_HEADERS))
        sending = threading.Thread(target=client.sendall, args=(flood_of(name, 1) + DONE,), daemon=True)
        sending.start()
        reads_until(client, DONE)
        sending.join(PATIENCE)
        assert proxy.unread == []


@pytest.mark.parametrize('name', ['padding', 'trailers that end nothing'])
def test_a_client_that_floods_a_stream_that_was_refused_and_reads_nothing_is_read_no_more(daemon, name):
    with Backend(reads) as backend, between(daemon, f'deaf-{len(name)}', backend, 'http', MIX) as proxy, \
            others_are_served(daemon), connect(proxy.port) as client:
        client.settimeout(500 * MS)
        client.sendall(PREFACE + frame(SETTINGS) + asks(1, b'/refused', END_HEADERS))
        with contextlib.suppress(TimeoutError):
            for _ in range(10):
                client.sendall(flood_of(name, 1))


@pytest.mark.parametrize('refused', [False, True], ids=['untouched', 'after a fault'])
@pytest.mark.parametrize('name', [*FLOODS])
def test_a_backend_that_floods(daemon, name, refused):
    flood = flood_of(name, 3)

    def floods(sock) -> None:
        sock.sendall(frame(SETTINGS))
        reads_until(sock, frame(PING, 0, 0, b'is begun'))
        sock.sendall(headers(3, b'\x88') + flood + DONE)
        sock.recv(1)
    with Backend(floods) as backend, between(daemon, f'back-{len(name)}-{refused}', backend, 'http', MIX) as proxy, \
            others_are_served(daemon), connect(proxy.port) as client:
        asked = asks(1, b'/refused' if refused else b'/') + asks(3)
        client.sendall(PREFACE + frame(SETTINGS) + asked + frame(PING, 0, 0, b'is begun'))
        if refused and 'settings' in name and 'acknowledged' not in name:
            with pytest.raises(ConnectionResetError):       # more of them than can be acknowledged
                reads_until(client, DONE)
        else:
            reads_until(client, DONE)
