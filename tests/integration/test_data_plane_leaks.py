"""What plugins break stays in its session, and sessions that ended leave nothing behind."""
import contextlib
import logging
import socket
import time
from typing import Any

import gevent
import pytest

from tests.support.hosting import Hosted, eventually, hosted, registered, spec_for
from tests.support.peers import Backend, ask, connect, ending, read_to_end, reset
from tests.support.unit_of_time import MS
from vaurien.alarm import alarm
from vaurien.behaviors import Behavior
from vaurien.behaviors.dummy import Dummy
from vaurien.errors import RegistrationError
from vaurien.protocols import Protocol
from vaurien.protocols.base import BaseProtocol

ERRORS = {'an error': RuntimeError('plugin'), 'an OSError of its own': FileNotFoundError(2, 'plugin'),
          'a timeout': gevent.Timeout(None), 'one without a number': OSError('plugin'), 'an exit': SystemExit(3)}
PLACES = ('on_before_handle', 'on_after_handle', '_handle')


def raising(place: str, error: BaseException, inline: bool) -> tuple[type, type]:
    """Make a behavior and a protocol, of which one raises at the given place for a request that says so."""
    def hook(self: Any, protocol: Any, source: Any, dest: Any, to_backend: bool) -> bool:
        if to_backend:
            raise error
        return True

    def handle(self: Any, source: Any, dest: Any, to_backend: bool) -> bool:
        data = source.recv()
        if to_backend and place == '_handle' and data == b'fail':
            raise error
        dest.sendall(data)
        return bool(data)
    behavior = type('Raising', (Dummy,), {'name': 'raising', 'inline': inline, **({place: hook} if place != '_handle' else {})})
    return behavior, type('Plain', (BaseProtocol,), {'name': 'plain', 'inline': inline, 'duplex': True, '_handle': handle})


@pytest.mark.parametrize('inline', [True, False], ids=['inline', 'greenlet'])
@pytest.mark.parametrize('error', ERRORS)
@pytest.mark.parametrize('place', PLACES)
def test_plugin_that_raises_resets_its_session_only(echo_server, caplog, place, error, inline):
    behavior, protocol = raising(place, ERRORS[error], inline)
    with (registered(Behavior, behavior), registered(Protocol, protocol),
          hosted(spec_for(echo_server, protocol='plain')) as host, connect(host.port) as other):
        assert ask(other, b'before') == b'before'
        if place != '_handle':
            host.mix('raising')
        with connect(host.port) as client, caplog.at_level(logging.ERROR):
            client.sendall(b'fail')
            assert ending(client) == 'RST'
        host.mix('')
        assert ask(other, b'after') == b'after'
        assert host.proxy.stats.handler_errors == 1
        assert len([record for record in caplog.records if record.exc_info]) == 1
        assert len(host.proxy.sessions) == 1


class Blunder(Dummy):
    """Cannot be made."""

    name = 'blunder'

    def __init__(self, settings: Any = None) -> None:
        raise RuntimeError('no such luck')


def test_behavior_that_cannot_be_made_is_refused_and_changes_nothing(echo_server):
    with registered(Behavior, Blunder), hosted(spec_for(echo_server)) as host, connect(host.port) as client:
        with pytest.raises(RegistrationError, match='no such luck'):
            host.mix('blunder')
        assert ask(client, b'ping') == b'ping'


#: how a client leaves
LEAVES = {
    'close': lambda sock: sock.close(),
    'reset': reset,
    'half-close': lambda sock: (sock.shutdown(socket.SHUT_WR), read_to_end(sock), sock.close()),
    'asks and leaves': lambda sock: (sock.sendall(b'ping'), sock.close()),
    'asks, reads and leaves': lambda sock: (ask(sock, b'ping'), sock.close()),
    'asks, reads and resets': lambda sock: (ask(sock, b'ping'), reset(sock)),
    'asks for much and leaves': lambda sock: (sock.sendall(b'x' * 200_000), sock.close()),
    'asks, half-closes and reads': lambda sock: (sock.sendall(b'y'), sock.shutdown(socket.SHUT_WR), read_to_end(sock)),
}
#: mixes that end sessions in all ways
MIXES = ('', 'hang', 'blackout', 'abort', 'error', '100:delay', 'dummy')


def leave(port: int, how: str) -> None:
    """Come and go; what the proxy does to the client meanwhile is its own business."""
    with contextlib.suppress(OSError, EOFError), connect(port) as sock:
        sock.settimeout(20 * MS)
        LEAVES[how](sock)


def drop_sessions(host: Hosted, count: int) -> None:
    for number in range(count):
        leave(host.port, tuple(LEAVES)[number % len(LEAVES)])
    host.wait_idle()


def held(host: Hosted) -> dict[str, int]:
    state = host.state()
    return {name: state[name] for name in ('fds', 'threads', 'greenlets', 'watchers')}


def test_1000_sessions_ended_in_all_ways_leave_nothing_behind(echo_server, monkeypatch):
    monkeypatch.setattr('vaurien.relay.session.LINGER', 10 * MS)
    fields = {'settings': {'delay': {'sleep': 5 * MS}}}
    with hosted(spec_for(echo_server, **fields)) as host:
        for mix in MIXES:
            host.mix(mix)
            drop_sessions(host, len(LEAVES))
        settled(host, echo_server)
        before = held(host)
        for mix in MIXES:
            host.mix(mix)
            drop_sessions(host, 1000 // len(MIXES))
        settled(host, echo_server)
        assert eventually(lambda: held(host) == before, f'{before} again, and not {held(host)},')
        assert host.proxy.stats.handler_errors == 0


def settled(host: Hosted, backend: Backend) -> None:
    """Wait until the backend, whose descriptors are in this process too, has closed its ends."""
    host.wait_idle()
    host.call(host.proxy.pool.clear)
    eventually(lambda: all(sock.fileno() < 0 for sock in backend.accepted), 'the end of the connections')


def test_sessions_that_never_reach_a_backend_leave_nothing_behind(echo_server):
    with hosted(spec_for(echo_server)) as host:
        before = held(host)
        host.change(backend='127.0.0.1:1')
        for _ in range(200):
            leave(host.port, 'close')
        eventually(lambda: host.proxy.stats.backend_errors == 200, 'as many errors')
        assert eventually(lambda: held(host) == before, f'{before} again')


class Waiting(Dummy):
    """Waits as a plugin does that promises nothing."""

    name = 'waiting'

    def on_before_handle(self, protocol, source, dest, to_backend):
        gevent.sleep(1000)
        return True


def test_abort_ends_greenlets_that_wait(echo_server):
    with registered(Behavior, Waiting), hosted(spec_for(echo_server, 'waiting')) as host:
        before = held(host)
        clients = [connect(host.port) for _ in range(5)]
        for client in clients:
            client.sendall(b'ping')
        eventually(lambda: held(host)['greenlets'] >= before['greenlets'] + 5, 'greenlets')
        host.call(host.proxy.abort)
        for client in clients:
            assert ending(client) == 'RST'
            client.close()
        eventually(lambda: held(host)['greenlets'] == before['greenlets'], 'their end')


def test_abort_ends_what_waits_for_its_moment(echo_server):
    with hosted(spec_for(echo_server, 'delay', settings={'delay': {'sleep': 1000.0}})) as host:
        before = held(host)
        clients = [connect(host.port) for _ in range(5)]
        for client in clients:
            client.sendall(b'ping')
        eventually(lambda: host.call(lambda: len(alarm())) == 5, 'five that wait')
        assert held(host)['greenlets'] == before['greenlets']
        host.call(host.proxy.abort)
        for client in clients:
            assert ending(client) == 'RST'
            client.close()
        assert host.call(lambda: len(alarm())) == 0


# -- mistakes of 1.x


def test_mistake_2_dummy_named_in_a_mix_with_a_sum_under_100_passes(echo_server):
    with hosted(spec_for(echo_server, '10:dummy,10:error')) as host, connect(host.port) as client:
        for _ in range(5):
            client.sendall(b'ping')
            assert client.recv(100)


def test_mistake_3_counters_belong_to_a_proxy_and_not_to_the_process(echo_server):
    mix = {'settings': {'transient': {'agitate': 1}}}
    specs = [spec_for(echo_server, 'transient', name=name, **mix) for name in ('one', 'two')]
    with hosted(*specs) as host:
        for proxy in host.fleet.proxies.values():
            with connect(proxy.bound.port) as client:
                assert len(ask(client, b'ping', 100)) == 100
                assert ask(client, b'ping') == b'ping'


REUSE = {'protocol_settings': {'reuse_socket': True}}


def served(host: Hosted) -> None:
    with connect(host.port) as client:
        assert ask(client, b'ping') == b'ping'
    host.wait_idle()


def test_reuse_socket_gives_the_backend_connection_to_the_next_client(echo_server):
    with hosted(spec_for(echo_server, **REUSE)) as host:
        for _ in range(5):
            served(host)
        assert len(echo_server.accepted) == 1
        assert len(host.proxy.pool) == 1


def test_reuse_socket_keeps_no_connection_with_an_answer_in_flight():
    def late(sock):
        while sock.recv(100):
            time.sleep(50 * MS)
            sock.sendall(b'late')
    with Backend(late) as backend, hosted(spec_for(backend, **REUSE)) as host:
        with connect(host.port) as client:
            client.sendall(b'?')
            eventually(lambda: backend.accepted and host.proxy.sessions, 'the session')
            time.sleep(10 * MS)
        eventually(lambda: not host.proxy.sessions)
        assert len(host.proxy.pool) == 0


def test_mistake_7_pooled_connections_to_the_old_backend_are_dropped_after_a_change(echo_server):
    with Backend(lambda sock: sock.sendall(sock.recv(4)[::-1])) as other, hosted(spec_for(echo_server, **REUSE)) as host:
        served(host)
        assert len(host.proxy.pool) == 1
        with connect(host.port) as old:
            assert ask(old, b'ping') == b'ping'
            host.change(backend=other.address)
            assert len(host.proxy.pool) == 0
            assert ask(old, b'open') == b'open', 'open sessions stay where they are'
        host.wait_idle()
        assert len(host.proxy.pool) == 0, 'a session that began before the change has put its connection back'
        with connect(host.port) as client:
            assert ask(client, b'ping') == b'gnip'


def test_mistake_7_stale_pooled_connections_are_not_used(echo_server):
    with hosted(spec_for(echo_server, **REUSE)) as host:
        served(host)
        echo_server.accepted[0].shutdown(socket.SHUT_RDWR)
        time.sleep(10 * MS)
        served(host)
        assert len(echo_server.accepted) == 2


def test_mistake_7_pooled_connections_are_kept_for_their_time_only(echo_server):
    with hosted(spec_for(echo_server, pool_timeout=50 * MS, **REUSE)) as host:
        served(host)
        assert len(host.proxy.pool) == 1
        eventually(lambda: len(host.proxy.pool) == 0, 'the end of its time')


def test_mistake_8_failed_connects_take_no_slot(echo_server):
    with hosted(spec_for('127.0.0.1:1', pool_max_size=5, max_connections=5, **REUSE)) as host:
        for number in range(120):
            leave(host.port, 'close')
            eventually(lambda number=number: host.proxy.stats.backend_errors == number + 1, 'the failure')
        host.change(backend=echo_server.address)
        served(host)


def test_mistake_9_hang_leaves_no_greenlet_behind_when_the_client_leaves(echo_server):
    with hosted(spec_for(echo_server, 'hang')) as host:
        before = held(host)['greenlets']
        for _ in range(10):
            leave(host.port, 'asks and leaves')
        host.wait_idle()
        assert held(host)['greenlets'] == before
