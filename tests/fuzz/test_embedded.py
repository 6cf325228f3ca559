"""The embedded backend is asked whatever there can be: it answers, or ends the connection, and nothing in it raises."""
import io

import gevent
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vaurien.protocols.http.h2 import frames
from vaurien.protocols.http.h2.hpack import encoded
from vaurien.proxies.embedded import health, websocket
from vaurien.proxies.embedded.http2 import MAX_STREAMS, Connection
from vaurien.proxies.embedded.pages import BODYLESS_STATUSES, answer

NAMES = st.sampled_from([b':method', b':path', b':authority', b'content-type', b'content-length', b'x', b''])
VALUES = st.one_of(st.binary(max_size=20), st.sampled_from([
    b'GET', b'HEAD', b'POST', b'/', b'/echo', b'/status/204', b'/events/3', b'/bytes/100000', b'/v1/messages', b'*', b'/ws',
    b'application/grpc', health.CHECK.encode(), b'/headers?a=b']))
FIELDS = st.lists(st.tuples(NAMES, VALUES, st.just(False)), max_size=6)
STREAMS = st.integers(0, 5)
FRAMES = st.one_of(
    st.builds(lambda stream, fields, end: frames.headers(stream, encoded(fields), end), STREAMS, FIELDS, st.integers(0, 1)),
    st.builds(frames.frame, st.integers(0, 11), st.integers(0, 255), STREAMS, st.binary(max_size=30)),
    st.builds(lambda stream, data, end: frames.frame(frames.DATA, end, stream, data), STREAMS, st.binary(max_size=30),
              st.integers(0, 1)),
    st.builds(lambda *pairs: frames.settings(*pairs), st.tuples(st.integers(0, 6), st.integers(0, 2 ** 32 - 1))),
    st.builds(frames.credit, STREAMS, st.integers(0, 2 ** 31 - 1)), st.binary(max_size=20))


@pytest.fixture
def raised(monkeypatch):
    """What greenlets have raised."""
    found = []
    monkeypatch.setattr(gevent.get_hub(), 'handle_error', lambda context, *error: found.append(error))
    return found


class Source:
    """Gives bytes and then waits for a turn of the greenlets before it ends."""

    def __init__(self, data):
        self.data = data

    def read1(self, size):
        data, self.data = self.data, b''
        gevent.sleep(0)
        return data


@given(st.lists(FRAMES, max_size=12))
@settings(max_examples=300, deadline=None)
def in_http2(found):
    sent = []
    Connection(Source(b''.join(found)), sent.append, answer, BODYLESS_STATUSES).serve()
    assert sent[0] == frames.settings((frames.MAX_CONCURRENT_STREAMS, MAX_STREAMS))


def test_whatever_comes_in_http_2_is_answered_or_ends_the_connection(raised):
    in_http2()
    assert raised == []


def came(data):
    """Return what has come of a message: what was sent, or the code that ends the connection."""
    sent = []
    try:
        websocket.answer(io.BytesIO(data), sent.append)
    except websocket.EndedError as error:
        return error.code
    return b''.join(sent)


@given(st.one_of(st.binary(max_size=40), st.builds(
    lambda first, size, rest: bytes((first, 0x80 | size)) + rest, st.sampled_from([0x81, 0x82, 1, 0x80, 0x88, 0x89]),
    st.integers(0, 127), st.binary(max_size=40))))
@settings(max_examples=500, deadline=None)
def test_whatever_comes_in_a_websocket_is_answered_or_ends_it(data):
    found = came(data)
    if isinstance(found, bytes):
        assert found[0] in (0x81, 0x82, 0x8a)
    else:
        assert found in (0, websocket.PROTOCOL_ERROR, websocket.TOO_BIG)


@given(st.sampled_from([health.CHECK, health.WATCH, '/other']), st.binary(max_size=20))
@settings(max_examples=500, deadline=None)
def test_whatever_a_call_says_has_a_status_or_a_message(path, body):
    ended = health.answer(path, body)
    assert (ended.status is None) == (path == health.WATCH and bool(ended.messages))
