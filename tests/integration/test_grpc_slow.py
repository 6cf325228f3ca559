"""Calls of gRPC whose messages come one after the other, with grpcio and the library h2 at both ends."""
import time
from queue import SimpleQueue
from random import Random

import grpc
import pytest

from tests.support import http2
from tests.support.grpc_peers import BOTH, DOWN, UNARY, UP, Outcome, Raw, call, channel, server
from tests.support.hosting import eventually
from tests.support.proxied import between, entry, peak
from tests.support.recorded import recorded
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.spec import BehaviorSpec

PAUSE = 50 * MS     #: [s] for which a message has the stream to itself
EARLY = 20 * MS     #: [s] that a clock may be read too late
FRAMES = 20_000     #: that would come if nobody stopped them
WHOLE = tuple(b'%d' % number * (number * 10_000 + 1) for number in range(6))
CALL = ('content-type', 'application/grpc'), ('te', 'trailers')
OF_GRPC = [(':status', '200'), ('content-type', 'application/grpc')]
WINDOW = http2.h2.settings.SettingCodes.INITIAL_WINDOW_SIZE


def slow(daemon, name, backend, seconds=PAUSE, match=''):
    """Run a proxy that gives each message so many seconds."""
    return between(daemon, f'grpc-slow-{name}', backend, 'http', [entry('error', 100, kind='grpc-slow', match=match)],
                   protocol_settings={'grpc_rate': 1 / seconds})


def framed(*messages):
    """Return the content of a call."""
    return b''.join(b'\0' + len(message).to_bytes(4) + message for message in messages)


class Sliced(Raw):
    """A server whose content comes in random frames, some of them padded or empty."""

    def _answer(self, end, stream, fields, content):
        random, rest = Random(stream), self.reply[1]
        end.h2.send_headers(stream, self.reply[0])
        while rest:
            size = random.choice((0, 1, 4, 5, 6, 300, 3000))
            end.h2.send_data(stream, rest[:size], pad_length=random.choice((None, 0, 40)))
            rest = rest[size:]
        end.h2.send_headers(stream, self.reply[2], end_stream=True)


def pings(events, kind):
    """Return what was in the pings, or in the answers to them."""
    return [event.ping_data for event in events if isinstance(event, kind)]


def ping(client, data):
    """Send a ping, and wait for the answer."""
    client.h2.ping(data)
    client.flush()
    client.until(lambda: data in pings(client.events, http2.h2.events.PingAckReceived))


class Pinged(Raw):
    """A server that notes the pings that come."""

    def __init__(self, *reply):
        self.pings = []
        super().__init__(*reply)

    def _handle(self, end, event, under_way):
        super()._handle(end, event, under_way)
        self.pings += pings([event], http2.h2.events.PingReceived)


class Endless(Raw):
    """A server that sends its content in frames, again and again, as fast as they are taken."""

    sent = -1

    def _answer(self, end, stream, fields, content):
        end.h2.send_headers(stream, self.reply[0])
        for self.sent in range(FRAMES):
            end.h2.send_data(stream, self.reply[1])
            end.flush()


def settled(daemon, backend):
    """Wait until the backend cannot go on and vaurien has done with what it sent; return after how many frames that was."""
    before = None
    while before != (now := (backend.sent, peak(daemon))):
        before = now
        time.sleep(300 * MS)
    return backend.sent


def test_each_message_has_its_time_and_the_status_comes_after_the_last(daemon):
    with server() as backend, slow(daemon, 'rate', backend) as proxy, channel(proxy.port) as proxied:
        assert call(proxied, DOWN, b'0') == Outcome('OK', '')       # the connection is there, and nothing came to wait
        began, came, got = time.monotonic(), [], []
        stream = proxied.unary_stream(DOWN)(b'6', timeout=PATIENCE)
        for message in stream:
            came.append(time.monotonic() - began)
            got.append(message)
        assert (stream.code(), tuple(got)) == (grpc.StatusCode.OK, WHOLE)
        assert [late for number, late in enumerate(came, 1) if late < number * PAUSE - EARLY] == []
        assert {fault.kind for fault in proxy.faults} == {'grpc-slow'}
        assert (proxy.count('accepted'), proxy.unread) == (1, [])


def test_a_unary_call_has_its_one_message_late(daemon):
    with server() as backend, slow(daemon, 'unary', backend) as proxy, channel(proxy.port) as proxied:
        for size in (5, 0, 300_000):
            began = time.monotonic()
            assert call(proxied, UNARY, b'x' * size) == Outcome('OK', '', (b'x' * size,))
            assert time.monotonic() - began > PAUSE - EARLY
        assert [fault.request for fault in proxy.faults] == [UNARY] * 3


def test_a_message_is_there_before_the_next_one_is_sent(daemon):
    with server() as backend, slow(daemon, 'both', backend, 5 * MS) as proxy, channel(proxy.port) as proxied:
        to_send, came = SimpleQueue(), []
        to_send.put(b'0')
        stream = proxied.stream_stream(BOTH)(iter(to_send.get, None), timeout=PATIENCE)
        for message in stream:
            came.append(message)
            to_send.put(b'%d' % len(came) if len(came) < 9 else None)
        assert (came, stream.code()) == ([b'%d' % number for number in range(9)], grpc.StatusCode.OK)


def test_a_slow_call_slows_no_other_and_its_client_may_leave_it(daemon):
    with server() as backend, slow(daemon, 'calm', backend, 2 * PATIENCE, '/Unary$') as proxy, channel(proxy.port) as proxied:
        waiting = [proxied.unary_unary(UNARY).future(b'hello') for _ in range(3)]
        eventually(lambda: len(proxy.faults) == 3, 'the slow calls')
        for turn in range(20):
            assert call(proxied, UP, b'%d' % turn * 9999) == Outcome('OK', '', (b'%d' % turn * 9999,))
            assert call(proxied, DOWN, b'3') == Outcome('OK', '', WHOLE[:3])
        assert not any(one.done() for one in waiting)
        for one in waiting:
            one.cancel()
            assert one.code() == grpc.StatusCode.CANCELLED
        proxy.meet()
        assert call(proxied, DOWN, b'6') == Outcome('OK', '', WHOLE)
        assert [proxy.count(what) for what in ('accepted', 'handler_errors')] == [1, 0]
        assert proxy.unread == []


def test_a_client_that_leaves_between_two_messages_leaves_alone(daemon):
    with server() as backend, slow(daemon, 'left', backend, match='/Down$') as proxy, channel(proxy.port) as proxied:
        streams = [proxied.unary_stream(DOWN)(b'6', timeout=PATIENCE) for _ in range(2)]
        assert [next(streams[0]), next(streams[0])] == list(WHOLE[:2])
        streams[0].cancel()
        assert streams[0].code() == grpc.StatusCode.CANCELLED
        assert (tuple(streams[1]), streams[1].code()) == (WHOLE, grpc.StatusCode.OK)
        assert call(proxied).code == 'OK'
        assert [proxy.count(what) for what in ('accepted', 'handler_errors')] == [1, 0]


def test_the_backend_of_a_slow_call_is_told_that_its_client_has_left(daemon):
    backend = Raw(OF_GRPC, framed(*[b'abc'] * 9), None, False)
    try:
        with slow(daemon, 'told', backend) as proxy, http2.Client(proxy.port) as client:
            asked = client.ask(DOWN, framed(b'6'), fields=CALL)
            client.until(lambda: client.answers[asked].body != b'')
            client.h2.reset_stream(asked, 8)
            client.flush()
            eventually(lambda: backend.resets == [8], 'the reset')
        assert backend.errors == []
    finally:
        backend.stop()


def test_while_messages_wait_pings_are_answered_before_the_backend_that_has_sent_all(daemon):
    backend = Pinged(OF_GRPC, framed(*[b'abc'] * 3), [('grpc-status', '0')])
    try:
        with slow(daemon, 'pings', backend, 2 * PATIENCE) as proxy, http2.Client(proxy.port) as client:
            sent = [b'%08d' % number for number in range(9)]
            ping(client, sent[0])
            asked = client.ask(DOWN, framed(b'6'), fields=CALL)
            client.until(lambda: bool(client.answers[asked].status))
            for data in sent[1:-1]:
                ping(client, data)
            client.h2.reset_stream(asked, 8)
            ping(client, sent[-1])
            assert pings(client.events, http2.h2.events.PingAckReceived) == sent
            assert backend.pings == [sent[0], sent[-1]]
        assert backend.errors == []
    finally:
        backend.stop()


@pytest.mark.parametrize('compressed', [0, 1])
def test_frames_of_any_size_and_padding_give_the_same_content(daemon, compressed):
    parts = [framed(bytes(size)) for size in (0, 3, 0, 2000, 1, 9000, 0)]
    content = b''.join(bytes((compressed,)) + part[1:] for part in parts)
    backend = Sliced(OF_GRPC, content, [('grpc-status', '0')])
    try:
        with slow(daemon, f'sliced-{compressed}', backend, 5 * MS) as proxy, http2.Client(proxy.port) as client:
            for _ in range(12):
                answer, = client.wait(client.ask(DOWN, framed(b'6'), fields=CALL))
                assert (answer.body, answer.trailers, answer.code) == (content, [(b'grpc-status', b'0')], None)
                assert answer.late > len(parts) * 5 * MS - EARLY
            assert (len(proxy.faults), proxy.unread) == (12, [])
        assert backend.errors == []
    finally:
        backend.stop()


@pytest.mark.parametrize('window', [50, 65_535, 2 ** 30])
def test_no_window_is_overrun_and_messages_come_one_by_one(daemon, window):
    with server() as backend, slow(daemon, f'window-{window}', backend, 10 * MS) as proxy, \
            http2.Client(proxy.port, {WINDOW: window}) as client:
        asked = [client.ask(DOWN, framed(b'3'), fields=CALL) for _ in range(3)]
        for answer in client.wait(*asked):
            assert (answer.body, dict(answer.trailers)[b'grpc-status'], answer.code) == (framed(*WHOLE[:3]), b'0', None)


def test_a_call_that_is_refused_before_any_message_passes(daemon):
    with server() as backend, slow(daemon, 'refused', backend, 2 * PATIENCE) as proxy, channel(proxy.port) as proxied:
        backend.echo.fails = grpc.StatusCode.ABORTED, 'its own', ()
        assert call(proxied) == call(proxied, DOWN, b'6') == Outcome('ABORTED', 'its own')
        assert proxy.faults == []


@pytest.mark.parametrize('size', [0, 8000])
def test_what_waits_of_slow_calls_is_bounded(daemon, size):
    backend = Endless(OF_GRPC, framed(bytes(size)) * (16_000 // (5 + size)))
    try:
        with slow(daemon, f'bounded-{size}', backend, 2 * PATIENCE) as proxy:
            before = peak(daemon)
            with http2.Client(proxy.port, {WINDOW: 2 ** 30}) as client:
                client.h2.increment_flow_control_window(2 ** 30)
                client.ask(DOWN, framed(b'6'), fields=CALL)
                client.until(lambda: bool(client.answers[1].status))
                assert 0 < settled(daemon, backend) < FRAMES
            assert peak(daemon) - before < 48 * 1024 * 1024
    finally:
        backend.stop()


def test_a_slow_call_reads_in_the_journal_as_its_status(daemon):
    fault = BehaviorSpec(name='error', percent=100, settings={'kind': 'grpc-slow', 'match': '/Down$'}),
    with server() as backend, recorded(backend, 'http', fault, protocol_settings={'grpc_rate': 1000.0}) as record, \
            channel(record.port) as proxied:
        call(proxied, DOWN, b'3')
        backend.echo.fails = grpc.StatusCode.NOT_FOUND, 'no such thing', ()
        call(proxied, DOWN, b'3')
        call(proxied)
        assert [(one.name, one.answer, one.code, one.fault) for one in record.wait(3)] == [
            (DOWN, 'ok', '0', 'error/grpc-slow'), (DOWN, 'NOT_FOUND', '5', ''), (UNARY, 'NOT_FOUND', '5', '')]
