"""Streams of HTTP/2 that behaviors wait for, write to and end, and windows that are too small for all that was promised."""
import time
from typing import Any

import gevent
import h2.events
import pytest

from tests.support.hosting import eventually, hosted, registered, spec_for
from tests.support.http2 import Client, pattern, server
from tests.support.peers import Backend, connect, read_exactly
from tests.support.proxied import between, entry
from tests.support.unit_of_time import MS
from vaurien.behaviors import Behavior
from vaurien.behaviors.dummy import Dummy
from vaurien.protocols.http.h2 import frames
from vaurien.protocols.http.h2.hpack import encoded
from vaurien.relay.greenlets import Greenlets
from vaurien.relay.streams.lane import StreamLane
from vaurien.spec import BehaviorSpec

LATE = 200 * MS


def delay(path: str, **more: Any) -> dict[str, Any]:
    return entry('delay', 100, sleep=LATE, match=f' {path}$', **more)


# -- windows

def test_an_upload_that_was_held_leaves_only_as_the_backend_has_room(daemon):
    with server(silent=True) as backend, between(daemon, 'room', backend, 'http', [delay('/echo')]) as proxy, \
            Client(proxy.port) as client:
        held = client.ask('/echo', b'h' * 60000)
        other = client.ask('/bytes/1', b'o' * 60000)    # the backend has room for 65,535 bytes of both
        assert client.wait(other)[0].body == pattern(1)
        time.sleep(2 * LATE)
        assert not client.answers[held].over
        assert backend.errors == []
        backend.silent = False
        client.ask('/bytes/2')
        assert client.wait(held)[0].body == b'h' * 60000


def test_a_response_that_was_held_leaves_only_as_the_client_has_room(daemon):
    with server() as backend, between(daemon, 'room-down', backend, 'http', [delay('/bytes/60000', before=False)]) as proxy, \
            Client(proxy.port) as client:
        client.silent = True
        held, other = client.ask('/bytes/60000'), client.ask('/bytes/60001')
        assert client.wait(other)[0].body == pattern(60001)     # the library refuses more than the window has
        time.sleep(2 * LATE)
        client.silent = False
        client.ask('/bytes/2')
        assert client.wait(held)[0].body == pattern(60000)


# -- streams that wait

def test_a_stream_that_the_client_resets_while_it_waits_never_reaches_the_backend(daemon):
    with server() as backend, between(daemon, 'reset', backend, 'http', [delay('/echo')]) as proxy, Client(proxy.port) as client:
        held = client.ask('/echo', bytes(50000))
        client.h2.reset_stream(held, 8)
        client.flush()
        assert client.get('/bytes/5').body == pattern(5)
        time.sleep(2 * LATE)
        assert client.get('/bytes/300000').body == pattern(300000)
        assert set(backend.contents) == {b'/bytes/5', b'/bytes/300000'}
        assert backend.resets == []


def test_trailers_of_a_request_that_waits_come_after_its_content(daemon):
    with server() as backend, between(daemon, 'trailers', backend, 'http', [delay('/echo')]) as proxy, \
            Client(proxy.port) as client:
        held = client.ask('/echo', b'abc', trailers=[('x-end', '1')])
        assert client.get('/bytes/5').body == pattern(5)
        assert client.wait(held)[0].body == b'abc'
        assert client.get('/trailers', content=b'a').trailers == [(b'x-sum', b'97')]


def raw(stream: int, path: bytes, flags: int = frames.END_STREAM) -> bytes:
    fields = (b':method', b'GET'), (b':path', path), (b':scheme', b'http'), (b':authority', b'a')
    return frames.headers(stream, encoded([(*field, False) for field in fields]), flags)


def units(sock: Any, count: int, left: list[tuple[int, int, bytes]]) -> list[tuple[int, int, bytes]]:
    """Read frames until there are so many that are neither SETTINGS nor their acknowledgement; ``left`` keeps them."""
    cutter = frames.Frames()
    while len(left) < count:
        left += [(kind, stream, cutter.data[at + 9:end]) for kind, _, stream, at, end in cutter.cut(sock.recv(65536))
                 if kind != frames.SETTINGS]
    return left


def test_goaway_of_a_backend_whose_numbers_are_others_is_told_in_the_numbers_of_the_client(daemon):
    seen: list[tuple[int, int, bytes]] = []

    def goes(sock: Any) -> None:
        sock.sendall(frames.settings())
        read_exactly(sock, len(frames.PREFACE))
        units(sock, 3, seen)
        sock.sendall(frames.headers(3, encoded([(b':status', b'200', False)])) + frames.frame(frames.DATA, 0, 3, b'a'))
        sock.sendall(frames.goaway(3, 0) + frames.frame(frames.DATA, frames.END_STREAM, 3, b'b'))
        while sock.recv(65536):
            pass
    with Backend(goes) as backend, between(daemon, 'numbers', backend, 'http', [delay('/late')]) as proxy, \
            connect(proxy.port) as client:
        client.sendall(frames.PREFACE + frames.settings() + raw(1, b'/late') + raw(3, b'/a') + raw(5, b'/b', 0)
                       + frames.frame(frames.PRIORITY, 0, 5, b'\0\0\0\0\1') + frames.frame(frames.DATA, 1, 5, b'content'))
        answer = units(client, 4, [])
    assert [(kind, stream) for kind, stream, _ in seen] == [(frames.HEADERS, 1), (frames.HEADERS, 3), (frames.DATA, 3)]
    assert [(kind, stream) for kind, stream, _ in answer] == [
        (frames.HEADERS, 5), (frames.DATA, 5), (frames.GOAWAY, 0), (frames.DATA, 5)]
    assert answer[2][2][:4] == (5).to_bytes(4)


def test_late_frames_of_a_stream_that_was_dropped_do_not_reach_the_backend(daemon):
    got: list[tuple[int, int, bytes]] = []

    def record(sock: Any) -> None:
        sock.sendall(frames.settings())
        read_exactly(sock, len(frames.PREFACE))
        units(sock, 2, got)
    with Backend(record) as backend, between(daemon, 'late', backend, 'http', [
            entry('error', 100, kind='refused-stream', match='/gone')]) as proxy, connect(proxy.port) as client:
        client.sendall(frames.PREFACE + frames.settings() + raw(1, b'/gone', 0) + frames.frame(frames.DATA, 0, 1, b'content'))
        client.sendall(frames.credit(1, 10) + frames.frame(frames.PRIORITY, 0, 1, b'\0\0\0\0\1') + raw(1, b'/x')
                       + frames.reset(1, 8) + raw(3, b'/here') + frames.frame(frames.PING, 0, 0, b'12345678'))
        told = units(client, 2, [])
        assert eventually(lambda: len(got) == 2)
    assert [(kind, stream) for kind, stream, _ in got] == [(frames.HEADERS, 3), (frames.PING, 0)]
    assert [(kind, stream) for kind, stream, _ in told] == [(frames.RST_STREAM, 1), (frames.WINDOW_UPDATE, 0)]


def test_what_one_callback_has_no_time_for_comes_in_later_ones_in_its_order(monkeypatch):
    monkeypatch.setattr(StreamLane, 'BUDGET', -1.0)     # none has time for more than it looks at in a row
    mix = (BehaviorSpec(name='error', percent=30, settings={'kind': '503'}),)
    with server() as backend, hosted(spec_for(backend.address, mix, protocol='http')) as host, Client(host.port) as client:
        streams = [client.ask(f'/bytes/{number}') for number in range(600)]
        client.ask('/echo', bytes(300_000))
        answers = client.wait(*streams)
        assert {answer.status for answer in answers} == {200, 503}
        assert all(answer.body == pattern(number) for number, answer in enumerate(answers) if answer.status == 200)
        client.wait()


# -- behaviors of one's own

class Wordy(Dummy):
    """Writes something before and after the response, and looks at all that a stream has."""

    name = 'wordy'
    inline = True

    def on_before_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> bool:
        assert source.getpeername()
        source.settimeout(1)
        data = source.recv(3)
        source.unread(data)
        return True

    def on_after_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> bool:
        if to_backend:
            dest.sendall(b'too late')       # the request has ended
        else:
            assert protocol.option('keep_alive')
            assert not protocol.reusable()
        return True


class Closing(Dummy):
    """Closes the stream where it is told to, after it has waited."""

    name = 'closing'
    options = {'where': ('Where', str, '')}
    inline = False

    def on_before_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> bool:
        gevent.sleep(0.001)
        where = self.option('where')
        if where == 'request':
            source.close()
        elif where == 'backend' and to_backend:
            dest.finish()
        elif where == 'response' and not to_backend:
            dest.abort()
        elif where == 'consumed' and to_backend:
            source.forward(dest)
        elif where == 'refused' and not to_backend:
            return False
        return not (source.closed or dest.closed)


def test_a_behavior_of_ones_own_has_the_verbs_of_a_stream():
    with registered(Behavior, Wordy), server() as backend, \
            hosted(spec_for(backend.address, (BehaviorSpec(name='wordy', percent=100),), protocol='http')) as host, \
            Client(host.port) as client:
        assert client.get('/bytes/5').body == pattern(5)
        assert client.get('/echo', content=b'abc').body == b'abc'


@pytest.mark.parametrize('where, code', [
    ('request', 8), ('backend', None), ('response', 2), ('consumed', None), ('refused', None)])
def test_a_behavior_of_ones_own_ends_one_stream_wherever_it_does(where, code):
    mix = (BehaviorSpec(name='closing', percent=100, settings={'where': where, 'match': '/odd'}),)
    with registered(Behavior, Closing), server() as backend, \
            hosted(spec_for(backend.address, mix, protocol='http')) as host, Client(host.port) as client:
        odd = client.ask('/odd', b'content')
        streams = [client.ask(f'/bytes/{number}') for number in range(30)]
        assert [answer.body for answer in client.wait(*streams)] == [pattern(number) for number in range(30)]
        if code is not None:
            client.wait(odd)
        assert client.answers[odd].code == code
        assert client.get('/echo', content=b'again').body == b'again'
        assert not any(isinstance(event, h2.events.ConnectionTerminated) for event in client.events)


@pytest.mark.parametrize('before', [True, False], ids=['request', 'response'])
def test_a_delay_needs_no_greenlet_and_what_waits_is_forgotten_with_its_stream(before, monkeypatch):
    spawned = []
    monkeypatch.setattr(Greenlets, 'spawn', lambda self, call, *args: spawned.append(call))
    mix = (BehaviorSpec(name='delay', settings={'sleep': LATE, 'before': before, 'match': '/bytes/1$'}),)
    with server() as backend, hosted(spec_for(backend, mix, protocol='http')) as host, Client(host.port) as client:
        assert client.get('/bytes/1').late >= LATE
        assert client.get('/bytes/2').body == pattern(2)
        host.call(lambda: setattr(host.proxy.chaos.entries[0][1], 'settings', {**mix[0].settings, 'sleep': 1000 * LATE}))
        stream = client.ask('/bytes/1')
        session, = host.proxy.sessions.values()
        eventually(lambda: host.call(lambda: len(session._greenlets._waiting)) == 1)
        client.h2.reset_stream(stream, 8)
        client.flush()
        eventually(lambda: host.call(lambda: len(session._greenlets._waiting)) == 0)
        assert host.call(lambda: len(list(host.fleet.journal.since()))) == 2    # each is written down once
    assert spawned == []
