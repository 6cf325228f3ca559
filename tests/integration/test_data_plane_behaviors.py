"""What a client meets of each behavior on tcp, and what nobody else may notice of it."""
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest

import vaurien.protocols.http  # noqa: F401 - registers itself
from tests.support.hosting import Hosted, eventually, hosted, registered, spec_for
from tests.support.peers import Backend, ask, connect, ending, read_exactly, read_to_end, sink
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.behaviors import Behavior
from vaurien.behaviors.dummy import Dummy
from vaurien.errors import ConfigError, RegistrationError, UnknownPluginError
from vaurien.protocols import Protocol
from vaurien.protocols.base import BaseProtocol
from vaurien.relay.event_lane import MAX_UNANSWERED
from vaurien.spec import BehaviorSpec

#: [s] a delay that is told from none
LATE = 150 * MS


def took(call: Callable[[], Any]) -> float:
    """Return the seconds that a call takes."""
    start = time.monotonic()
    call()
    return time.monotonic() - start


def send_for_ever(sock: socket.socket) -> None:
    while True:
        sock.sendall(b'x' * 65536)


def delay(**settings: Any) -> dict[str, Any]:
    return {'settings': {'delay': {'sleep': LATE, **settings}}}


# -- delay


@pytest.mark.parametrize('before', [True, False])
def test_delay_makes_each_exchange_late_once(echo_server, before):
    with hosted(spec_for(echo_server, 'delay', **delay(before=before))) as host, connect(host.port) as client:
        for _ in range(2):
            seconds = took(lambda: ask(client, b'ping'))
            assert LATE <= seconds < 2 * LATE + PATIENCE
        assert len(list(host.fleet.journal.since())) == 2


def test_delay_holds_the_request_back_and_not_the_answer():
    arrived: list[float] = []

    def stamp(sock):
        while sock.recv(100):
            arrived.append(time.monotonic())
            sock.sendall(b'!')
    with Backend(stamp) as backend, hosted(spec_for(backend, 'delay', **delay())) as host, connect(host.port) as client:
        start = time.monotonic()
        ask(client, b'?', 1)
        assert arrived[0] - start >= LATE
    arrived.clear()
    with (Backend(stamp) as backend, hosted(spec_for(backend, 'delay', **delay(before=False))) as host,
          connect(host.port) as client):
        start = time.monotonic()
        client.sendall(b'?')
        eventually(lambda: arrived, 'the request')
        client.settimeout(PATIENCE)
        read_exactly(client, 1)
        assert time.monotonic() - arrived[0] >= LATE


def test_delay_of_an_answer_in_pieces_happens_once():
    def pieces(sock):
        sock.recv(1)
        for _ in range(6):
            sock.sendall(b'x')
            time.sleep(20 * MS)
    with (Backend(pieces) as backend, hosted(spec_for(backend, 'delay', **delay(before=False))) as host,
          connect(host.port) as client):
        assert took(lambda: ask(client, b'?', 6)) < 2 * LATE + 120 * MS + PATIENCE / 10
        assert len(list(host.fleet.journal.since())) == 1


class Heard(Behavior.get('delay')):
    """A delay that writes down what it is told of."""

    name = 'heard'
    heard: list[tuple[bool, str]] = []

    def on_before_handle(self, protocol, source, dest, to_backend):
        self.heard.append((to_backend, protocol.exchange(to_backend).name))
        return super().on_before_handle(protocol, source, dest, to_backend)


class HeardOnce(Heard):
    name = 'heard-once'
    pauses = once = True


@pytest.mark.parametrize('behavior, heard', [(Heard, [True, False]), (HeardOnce, [True])], ids=['all', 'once'])
def test_a_response_is_handed_only_to_a_delay_that_may_do_something_to_it(redis_server, behavior, heard):
    behavior.heard = []
    settings = {behavior.name: {'sleep': MS}}
    with registered(Behavior, behavior), \
            hosted(spec_for(redis_server.address, behavior.name, protocol='redis', settings=settings)) as host, \
            connect(host.port) as client:
        for _ in range(2):
            assert ask(client, b'PING\r\n', 7) == b'+PONG\r\n'
        assert [to_backend for to_backend, _ in behavior.heard] == heard * 2
        assert host.proxy.stats.faults == {(behavior.name, ''): 2}


@pytest.mark.parametrize('before', [True, False])
def test_what_is_asked_at_once_comes_in_order_and_each_late_one_waits_for_itself(redis_server, before):
    """Every second ``ECHO`` is late: they wait one after the other, and no reply overtakes another."""
    settings = {'delay': {'sleep': LATE / 5, 'before': before, 'match': '^ECHO odd'}}
    with hosted(spec_for(redis_server.address, 'delay', protocol='redis', settings=settings)) as host, \
            connect(host.port) as client:
        words = [f'{"odd" if number % 2 else "even"}{number}' for number in range(12)]
        wanted = b''.join(b'$%d\r\n%s\r\n' % (len(word), word.encode()) for word in words)
        asked = ''.join(f'*2\r\n$4\r\nECHO\r\n${len(word)}\r\n{word}\r\n' for word in words).encode()
        start = time.monotonic()
        client.sendall(asked[:-3])
        client.sendall(asked[-3:])
        client.shutdown(socket.SHUT_WR)
        assert read_to_end(client) == wanted
        assert time.monotonic() - start >= 6 * LATE / 5
        assert host.proxy.stats.faults == {('delay', ''): 6}


def test_delay_never_holds_an_end_of_stream_back():
    with (Backend(sink) as backend, hosted(spec_for(backend, 'delay', settings={'delay': {'sleep': 100.0}})) as host,
          connect(host.port) as client):
        assert took(lambda: (client.shutdown(socket.SHUT_WR), read_to_end(client))) < PATIENCE


def test_answer_is_late_also_after_client_half_close():
    """The end of the client's direction is no exchange, and takes nothing from the one before it."""
    def late(sock):
        sock.sendall(read_to_end(sock))
    spec = {'settings': {'delay': {'sleep': LATE, 'before': False}}}
    with Backend(late) as backend, hosted(spec_for(backend, 'delay', **spec)) as host, connect(host.port) as client:
        client.sendall(b'?')
        eventually(lambda: host.proxy.stats.faults, 'the draw')
        client.shutdown(socket.SHUT_WR)
        assert took(lambda: read_to_end(client)) >= LATE


def test_delay_holds_back_neither_the_other_direction_nor_other_sessions():
    def chatter(sock):
        while sock.recv(1):
            for _ in range(100):
                sock.sendall(b'x')
                time.sleep(1 * MS)
    with Backend(chatter) as backend, hosted(spec_for(backend)) as host, connect(host.port) as client:
        client.sendall(b'?')
        read_exactly(client, 1)
        host.change(mix=(BehaviorSpec(name='delay', settings={'sleep': 100.0}),))
        client.sendall(b'?')        # held back for ever
        assert read_exactly(client, 99) == b'x' * 99
        host.mix('')
        with connect(host.port) as other:
            assert ask(other, b'?', 100) == b'x' * 100


# -- error, transient


def test_error_answers_with_random_bytes_in_place_of_the_backend():
    seen: list[bytes] = []
    with Backend(lambda sock: seen.append(read_to_end(sock))) as backend, hosted(spec_for(backend, 'error')) as host:
        with connect(host.port) as client:
            first, second = ask(client, b'GET', 100), ask(client, b'GET', 100)
            assert first != second
        host.wait_idle()
        faults = [(fault.behavior, fault.kind, fault.exchange) for fault in host.fleet.journal.since()]
        assert faults == [('error', 'random-bytes', 1), ('error', 'random-bytes', 2)]
    assert seen == [b'']


def test_error_is_the_same_for_the_same_seed_and_another_for_another(echo_server):
    def answer(seed):
        with hosted(spec_for(echo_server, 'error'), seed=seed) as host, connect(host.port) as client:
            return ask(client, b'GET', 100)
    assert answer(1) == answer(1) != answer(2)


def test_error_with_inject_puts_random_bytes_into_the_middle_of_the_real_answer(echo_server):
    spec = spec_for(echo_server, 'error', settings={'error': {'inject': True}})
    with hosted(spec) as host, connect(host.port) as client:
        for _ in range(2):
            answer = ask(client, b'aaabbb', 106)
            assert (answer[:3], answer[-3:]) == (b'aaa', b'bbb')
        assert [fault.kind for fault in host.fleet.journal.since()] == ['inject', 'inject']


@contextlib.contextmanager
def late_answer(*mixes: str, **settings: Any) -> Iterator[tuple[Hosted, socket.socket]]:
    """Run a proxy before a backend that gets one byte with each mix, and answers all of them together; give the client."""
    got = threading.Semaphore(0)

    def together(sock: socket.socket) -> None:
        for _ in mixes:
            read_exactly(sock, 1)
            got.release()
        sock.sendall(b'[' + len(mixes) * b'.' + b']')
        sink(sock)
    with Backend(together) as backend, hosted(spec_for(backend, settings=settings)) as host, connect(host.port) as client:
        for mix in mixes:
            host.mix(mix)
            client.sendall(b'?')
            assert got.acquire(timeout=PATIENCE)
        yield host, client


@pytest.mark.parametrize('mixes, injected', [(('error', 'error'), 2), (('error', ''), 1), (('error', 'dummy', 'error'), 2)],
                         ids=['each', 'before the mix was switched off', 'around one that passes'])
def test_what_is_injected_comes_though_more_is_asked_before_the_answer(mixes, injected):
    with late_answer(*mixes, error={'inject': True}) as (host, client):
        answer = read_exactly(client, len(mixes) + 2 + 100 * injected)
        assert (answer[:1], answer[-1:]) == (b'[', b']')
        assert host.proxy.stats.faults == {('error', 'inject'): injected}
        client.shutdown(socket.SHUT_WR)
        assert read_to_end(client) == b''


def test_an_answer_is_late_though_more_is_asked_before_it():
    start = time.monotonic()
    with late_answer('delay', '', delay={'sleep': LATE, 'before': False}) as (_, client):
        assert read_exactly(client, 4) == b'[..]'
        assert time.monotonic() - start >= LATE


def test_exchanges_that_are_never_answered_are_forgotten_at_some_time():
    spec = {'settings': {'error': {'inject': True}}}
    with Backend(sink) as backend, hosted(spec_for(backend, 'error', **spec)) as host, connect(host.port) as client:
        eventually(lambda: host.proxy.sessions, 'the session')
        session = next(iter(host.proxy.sessions.values()))
        for count in range(1, MAX_UNANSWERED + 10):
            client.sendall(b'?')
            eventually(lambda count=count: session.exchanges == count, 'the exchange')
        assert len(session.upstream.unanswered) == MAX_UNANSWERED


def test_error_with_warmup_lets_the_first_exchanges_pass(echo_server):
    with hosted(spec_for(echo_server, 'error', settings={'error': {'warmup': 2}})) as host, connect(host.port) as client:
        assert [ask(client, b'ping'), ask(client, b'ping')] == [b'ping', b'ping']
        assert len(ask(client, b'ping', 100)) == 100


def test_transient_fails_first_and_then_recovers(echo_server):
    with hosted(spec_for(echo_server, 'transient', settings={'transient': {'agitate': 2}})) as host:
        with connect(host.port) as client:
            assert len(ask(client, b'ping', 100)) == 100
        with connect(host.port) as client:
            assert len(ask(client, b'ping', 100)) == 100
            assert ask(client, b'ping') == b'ping'
        assert host.proxy.stats.faults == {('transient', 'random-bytes'): 2}


def test_answers_that_a_client_does_not_read_do_not_pile_up(echo_server):
    """A client that only sends, and is only answered with errors: it is read no further than its answers are taken."""
    with hosted(spec_for(echo_server, 'error', protocol_settings={'buffer': 64})) as host, connect(host.port) as client:
        eventually(lambda: host.proxy.sessions, 'the session')
        stream = next(iter(host.proxy.sessions.values())).client
        stream.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        client.settimeout(200 * MS)
        with pytest.raises(TimeoutError):
            send_for_ever(client)
        eventually(lambda: stream.backlog, 'a client that takes no more')
        time.sleep(100 * MS)
        assert sum(map(len, stream.backlog or ())) < 64 * 1024


# -- hang, blackout, abort


def test_hang_answers_never_and_ends_when_the_client_leaves():
    seen: list[bytes] = []
    with Backend(lambda sock: seen.append(read_to_end(sock))) as backend, hosted(spec_for(backend, 'hang')) as host:
        with connect(host.port) as client:
            client.settimeout(50 * MS)
            client.sendall(b'anybody there?')
            with pytest.raises(TimeoutError):
                client.recv(1)
            client.sendall(b'still nobody?')
            with pytest.raises(TimeoutError):
                client.recv(1)
            assert len(host.proxy.sessions) == 1
        host.wait_idle()
    assert seen == [b'']


def test_blackout_closes_the_connection_at_once_and_nothing_else_happens():
    seen: list[bytes] = []
    with Backend(lambda sock: seen.append(read_to_end(sock))) as backend, hosted(spec_for(backend, 'blackout')) as host:
        with connect(host.port) as client:
            client.sendall(b'hello')
            assert read_to_end(client) == b''
        host.wait_idle()
        assert host.proxy.stats.faults == {('blackout', ''): 1}
    assert seen == [b'']


def test_abort_resets_the_client_after_the_request_has_reached_the_backend():
    seen: list[bytes] = []

    def keep(sock):
        seen.append(read_exactly(sock, 300_000))
        sock.sendall(b'an answer')
    with Backend(keep) as backend, hosted(spec_for(backend)) as host, connect(host.port) as client:
        client.sendall(b'x' * 299_999)
        eventually(lambda: host.proxy.sessions and next(iter(host.proxy.sessions.values())).client.received == 299_999)
        host.mix('abort')
        client.sendall(b'!')
        assert ending(client) == 'RST'
        eventually(lambda: seen, 'the request')
        assert seen[0][-2:] == b'x!'


# -- the mix


def test_a_changed_mix_is_met_by_open_sessions(echo_server):
    with hosted(spec_for(echo_server)) as host, connect(host.port) as client:
        assert ask(client, b'ping') == b'ping'
        host.mix('error')
        assert len(ask(client, b'ping', 100)) == 100
        host.mix('')
        assert ask(client, b'ping') == b'ping'


def test_a_refused_change_changes_nothing(echo_server):
    with hosted(spec_for(echo_server, 'error')) as host, connect(host.port) as client:
        for fields in ({'mix': (BehaviorSpec(name='nothing'),)}, {'settings': {'error': {'warmup': -1}}},
                       {'backend': 'rubbish'}, {'protocol': 'none'}, {'settings': {'error': {'kind': 'deadlock'}}}):
            with pytest.raises((ConfigError, UnknownPluginError)):
                host.change(**fields)
        assert len(ask(client, b'ping', 100)) == 100


def test_match_leaves_exchanges_without_a_name_alone(echo_server):
    with hosted(spec_for(echo_server, 'error', settings={'error': {'match': 'GET'}})) as host, connect(host.port) as client:
        assert ask(client, b'GET') == b'GET'
        host.change(settings={'error': {'match': '^$'}})
        assert len(ask(client, b'GET', 100)) == 100


# -- what plugin authors write


class Slow1x(Dummy):
    """As plugins for 1.x were written: two hooks, no ``inline``, waiting as they like."""

    name = 'slow-1x'
    options = {'sleep': ("Delay in seconds", float, 0.02)}
    calls: list[Any] = []

    def on_before_handle(self, protocol, source, dest, to_backend):
        self.calls.append(('before', protocol.name, to_backend))
        gevent.sleep(self.option('sleep'))
        return True

    def on_after_handle(self, protocol, source, dest, to_backend):
        gevent.sleep(0)
        self.calls.append(('after', protocol.name, to_backend))
        return True


def test_behavior_written_for_1x_runs_unchanged_on_tcp(echo_server):
    Slow1x.calls.clear()
    with registered(Behavior, Slow1x), hosted(spec_for(echo_server, 'slow-1x')) as host, connect(host.port) as client:
        assert took(lambda: ask(client, b'ping')) >= 0.02
        eventually(lambda: len(Slow1x.calls) == 4, 'both hooks in both directions')
    assert sorted(Slow1x.calls) == [(hook, 'tcp', to_backend) for hook in ('after', 'before') for to_backend in (False, True)]


def test_behavior_written_for_1x_runs_unchanged_on_a_protocol_that_knows_requests(nginx_server):
    Slow1x.calls.clear()
    with (registered(Behavior, Slow1x), hosted(spec_for(nginx_server, 'slow-1x', protocol='http')) as host,
          connect(host.port) as client):
        request = b'GET /empty HTTP/1.1\r\nHost: x\r\n\r\n'
        client.sendall(request * 3)
        data = b''
        while data.count(b'204 No Content') < 3:
            data += client.recv(65536)
        eventually(lambda: len(Slow1x.calls) == 12, 'both hooks, both directions, three exchanges')
    assert Slow1x.calls.count(('before', 'http', True)) == 3


class SeedTCP(BaseProtocol):
    """The class of the seed page, with bytes in place of text, under a name of its own."""

    name = 'seed-tcp'
    options = {'reuse_socket': ("If True, the socket is reused.", bool, False),
               'buffer': ("Buffer size", int, 8124),
               'keep_alive': ("Keep the connection alive", bool, False)}

    def _handle(self, source, dest, to_backend):
        # default TCP behavior
        data = self._get_data(source)
        if data:
            dest.sendall(data)
            if not self.option('keep_alive'):
                data = b''
                while True:
                    data = self._get_data(dest)
                    if data == b'':
                        break
                    source.sendall(data)

                if not self.option('reuse_socket'):
                    dest.close()
                    dest._closed = True
                return False
        return data != b''


def answer_and_close(sock: socket.socket) -> None:
    """Answer one request in pieces, as a server without keep-alive does."""
    asked = sock.recv(1000)
    for _ in range(5):
        sock.sendall(asked * 1000)
        time.sleep(2 * MS)


@pytest.mark.parametrize('mix', ['', '100:slow-1x'])
def test_tcp_class_of_the_seed_page_serves_several_clients_in_a_row(mix):
    with (Backend(answer_and_close) as backend, registered(Protocol, SeedTCP), registered(Behavior, Slow1x),
          hosted(spec_for(backend, mix, protocol='seed-tcp')) as host):
        for number in range(5):
            with connect(host.port) as client:
                client.sendall(b'%d' % number)
                assert read_to_end(client) == b'%d' % number * 5000
        host.wait_idle()
        assert host.proxy.stats.handler_errors == 0


def test_tcp_class_of_the_seed_page_with_keep_alive_answers_several_requests_on_one_connection(echo_server):
    settings = {'protocol_settings': {'keep_alive': True}}
    with registered(Protocol, SeedTCP), hosted(spec_for(echo_server, protocol='seed-tcp', **settings)) as host:
        with connect(host.port) as client:
            for number in range(20):
                assert ask(client, b'%03d' % number) == b'%03d' % number
            client.shutdown(socket.SHUT_WR)
            assert read_to_end(client) == b''
        host.wait_idle()


def test_registering_the_class_of_the_seed_page_as_tcp_is_refused_with_a_clear_message():
    named_tcp = type('TCP', (SeedTCP,), {'name': 'tcp'})
    with pytest.raises(RegistrationError, match="the name 'tcp' is taken by vaurien.protocols.tcp.TCP") as told:
        Protocol.register(named_tcp)
    assert '\n' not in str(told.value)


class Incomplete(BaseProtocol):
    """Gives back what is not a whole line yet, and waits for more."""

    name = 'lines'
    inline = duplex = True
    calls = 0

    def _handle(self, source, dest, to_backend):
        type(self).calls += 1
        data = source.recv()
        if not data:
            return False
        try:
            while not data.endswith(b'\n'):
                data += source.recv() or b'\n'
        except BlockingIOError:
            source.unread(data)
            return True
        dest.sendall(data)
        return True


def test_bytes_given_back_by_a_handler_that_waits_for_more_do_not_make_it_spin(echo_server):
    with (registered(Protocol, Incomplete), hosted(spec_for(echo_server, protocol='lines')) as host,
          connect(host.port) as client):
        for piece in (b'a', b'b', b'c'):
            client.sendall(piece)
            time.sleep(20 * MS)
        assert Incomplete.calls <= 6
        assert ask(client, b'\n', 4) == b'abc\n'


class OneAtATime(BaseProtocol):
    """Hands on a byte for each call and gives the rest back."""

    name = 'bytewise'

    def _handle(self, source, dest, to_backend):
        data = source.recv()
        if len(data) > 1:
            source.unread(data[1:])
        if data:
            dest.sendall(data[:1])
        return bool(data)


@pytest.mark.parametrize('inline', [True, False])
@pytest.mark.parametrize('duplex', [True, False])
def test_bytes_given_back_are_handled_at_once(echo_server, inline, duplex):
    cls = type('Bytewise', (OneAtATime,), {'inline': inline, 'duplex': duplex})
    with registered(Protocol, cls), hosted(spec_for(echo_server, protocol='bytewise')) as host, connect(host.port) as client:
        assert ask(client, b'hello, world') == b'hello, world'


def test_one_at_a_time_protocol_is_never_called_twice_at_once(echo_server):
    running, worst = [0], [0]
    lock = threading.Lock()

    class Alone(BaseProtocol):
        name = 'alone'

        def _handle(self, source, dest, to_backend):
            with lock:
                running[0] += 1
                worst[0] = max(worst[0], running[0])
            gevent.sleep(1 * MS)
            data = self._get_data(source)
            dest.sendall(data)
            running[0] -= 1
            return bool(data)
    with registered(Protocol, Alone), hosted(spec_for(echo_server, protocol='alone')) as host, connect(host.port) as client:
        assert ask(client, b'x' * 200_000) == b'x' * 200_000
    assert worst[0] == 1
