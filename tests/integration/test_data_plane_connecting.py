"""Getting to the backend, and what happens when that fails: nobody else waits, and nothing is left behind."""
import contextlib
import logging
import socket
import time

import pytest

from tests.support.hosting import child, eventually, hosted, spec_for
from tests.support.peers import Backend, ask, black_hole, connect, echo, echo_server, ending, free_port, read_to_end, sink
from tests.support.timing import once_within, seconds
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.protocols import Protocol
from vaurien.protocols.base import BaseProtocol


def outcome(port: int) -> str:
    """Connect and say how the connection ends: ``FIN`` or ``RST``, which may come before it is connected."""
    try:
        with connect(port) as client:
            return ending(client)
    except ConnectionResetError:
        return 'RST'


def test_backend_that_is_down_resets_the_client_at_once_with_a_warning(caplog):
    with hosted(spec_for(free_port())) as host, caplog.at_level(logging.WARNING):
        assert outcome(host.port) == 'RST'      # after PATIENCE it raises
        assert host.proxy.stats.backend_errors == 1
        assert [record.levelname for record in caplog.records] == ['WARNING']
        assert 'cannot be reached: Connection refused' in caplog.text
        assert 'Traceback' not in caplog.text


def test_backend_that_comes_up_is_found_by_the_next_client():
    port = free_port()
    with hosted(spec_for(port)) as host:
        for _ in range(3):
            assert outcome(host.port) == 'RST'
        with Backend(echo, port=port), connect(host.port) as client:
            assert ask(client, b'ping') == b'ping'


def test_black_holed_backend_holds_nobody_else_back_and_its_client_is_reset_after_the_timeout(echo_server):
    with black_hole() as hole, hosted(spec_for(hole, timeout=200 * MS)) as host:
        start = time.monotonic()
        with connect(host.port) as waiting:
            eventually(lambda: host.proxy.stats.accepted, 'the first client')
            host.change(backend=echo_server.address)
            with connect(host.port) as client:
                assert ask(client, b'ping') == b'ping'
                assert host.proxy.stats.backend_errors == 0
            assert ending(waiting) == 'RST'
        assert time.monotonic() - start >= 200 * MS
        assert host.proxy.stats.backend_errors == 1
        assert not host.proxy.arrivals


def test_unix_socket_with_a_full_queue_is_tried_again_until_it_has_room(tmp_path):
    path = str(tmp_path / 'socket')
    with socket.socket(socket.AF_UNIX) as listener, contextlib.ExitStack() as stack:
        listener.bind(path)
        listener.listen(0)
        first = stack.enter_context(socket.socket(socket.AF_UNIX))
        first.connect(path)
        with hosted(spec_for(f'unix:{path}')) as host, connect(host.port) as client:
            eventually(lambda: host.proxy.arrivals, 'a connection that waits')
            time.sleep(50 * MS)
            assert host.proxy.stats.backend_errors == 0
            stack.enter_context(listener.accept()[0])
            sock = stack.enter_context(listener.accept()[0])
            client.sendall(b'ping')
            assert sock.recv(4) == b'ping'


@pytest.mark.parametrize('host_name', ['does-not-exist.invalid', 'not..a.name', 'x' * 80 + '.invalid'])
def test_name_that_is_not_known_resets_the_client_and_is_told_in_one_line(caplog, host_name):
    with hosted(spec_for(f'{host_name}:80')) as host, caplog.at_level(logging.WARNING):
        assert outcome(host.port) == 'RST'
        assert host.proxy.stats.backend_errors == 1
        assert f'backend {host_name}:80 cannot be reached' in caplog.text


def test_name_is_looked_up(echo_server):
    with hosted(spec_for(f'localhost:{echo_server.port}', proxy='localhost:0')) as host:
        for _ in range(2):
            with connect(host.port) as client:
                assert ask(client, b'ping') == b'ping'


@pytest.mark.parametrize('front', ['127.0.0.1', '::1', 'unix'])
@pytest.mark.parametrize('back', ['127.0.0.1', '::1', 'unix'])
def test_ipv4_ipv6_and_unix_sockets_on_either_side(tmp_path, front, back):
    listening = {'unix': f'unix:{tmp_path}/front', '::1': '[::1]:0'}.get(front, '127.0.0.1:0')
    with (echo_server(str(tmp_path / 'back') if back == 'unix' else back) as backend,
          hosted(spec_for(backend, proxy=listening)) as host):
        if front == 'unix':
            client = socket.socket(socket.AF_UNIX)
            client.settimeout(PATIENCE)
            client.connect(str(tmp_path / 'front'))
        else:
            client = connect(host.port, front)
        with client:
            assert ask(client, b'x' * 50_000) == b'x' * 50_000
            client.shutdown(socket.SHUT_WR)
            assert read_to_end(client) == b''
    assert not (tmp_path / 'front').exists()


def test_connections_above_the_limit_are_refused_with_a_reset_and_counted(echo_server, caplog):
    with hosted(spec_for(echo_server, max_connections=2)) as host, caplog.at_level(logging.WARNING):
        with connect(host.port) as one, connect(host.port) as two:
            assert ask(one, b'1') + ask(two, b'2') == b'12'
            for _ in range(5):
                assert outcome(host.port) == 'RST'
            assert host.proxy.stats.refused == 5
            assert len([record for record in caplog.records if record.levelname == 'WARNING']) == 1
        host.wait_idle()
        with connect(host.port) as again:
            assert ask(again, b'3') == b'3'


def test_running_out_of_descriptors_neither_spins_nor_ends_accepting(echo_server):
    with child(spec_for(echo_server), files=64) as proxy, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connect(proxy.port)) for _ in range(60)]
        eventually(lambda: proxy.state()['accept_errors'] + proxy.state()['backend_errors'] > 0, 'the lack of descriptors')
        before = proxy.state()
        time.sleep(500 * MS)
        after = proxy.state()
        assert after['cpu'] - before['cpu'] < 0.1
        served = sum(is_served(client) for client in clients)
        assert 15 <= served < 60
        for client in clients:
            client.close()
        eventually(lambda: proxy.state()['sessions'] == 0, 'the end of the sessions')
        with connect(proxy.port) as client:
            assert ask(client, b'ping') == b'ping'


def is_served(client: socket.socket) -> bool:
    client.settimeout(100 * MS)
    try:
        return ask(client, b'ping') == b'ping'
    except (OSError, EOFError):
        return False


def test_idle_session_lives_on_unless_told_otherwise(echo_server):
    with hosted(spec_for(echo_server, timeout=50 * MS)) as host, connect(host.port) as client:
        assert ask(client, b'ping') == b'ping'
        time.sleep(200 * MS)
        assert ask(client, b'ping') == b'ping'


def test_idle_session_ends_after_the_timeout_without_stay_connected(echo_server):
    with hosted(spec_for(echo_server, timeout=200 * MS, stay_connected=False)) as host:
        def idle():
            with connect(host.port) as client:
                return seconds(lambda: read_to_end(client))
        assert min(once_within(300 * MS + PATIENCE / 10, idle)) >= 200 * MS - 0.02
        with connect(host.port) as client:
            for _ in range(8):
                time.sleep(50 * MS)
                assert ask(client, b'ping') == b'ping'
            start = time.monotonic()
            assert read_to_end(client) == b''
            assert time.monotonic() - start >= 150 * MS


def test_peer_that_takes_nothing_is_reset_after_the_timeout():
    def flood(sock):
        while True:
            sock.sendall(b'x' * 100_000)
    with Backend(flood) as backend, hosted(spec_for(backend, timeout=100 * MS)) as host, connect(host.port) as client:
        eventually(lambda: host.proxy.sessions, 'the session')
        start = time.monotonic()
        host.wait_idle()
        assert time.monotonic() - start < PATIENCE
        with pytest.raises(ConnectionResetError):
            read_to_end(client)


def test_peer_that_takes_a_little_now_and_then_is_not_reset():
    def flood(sock):
        with contextlib.suppress(ConnectionError):
            while True:
                sock.sendall(b'x' * 100_000)
    with Backend(flood) as backend, hosted(spec_for(backend, timeout=400 * MS)) as host, connect(host.port) as client:
        for _ in range(12):
            time.sleep(100 * MS)
            assert client.recv(200_000)     # far less than the third of its buffer that makes the system tell of room
        assert host.proxy.sessions


class Broken(BaseProtocol):
    """Can be made once, as a look at it does; not for a session."""

    name = 'broken'
    made = 0

    def __init__(self, settings=None):
        Broken.made += 1
        if Broken.made > 1:
            raise RuntimeError('no such luck')
        super().__init__(settings)

    def _handle(self, source, dest, to_backend):
        return False


def test_protocol_that_cannot_be_made_resets_its_client_only(echo_server, caplog):
    Broken.made = 0
    Protocol.register(Broken)
    try:
        with hosted(spec_for(echo_server, protocol='broken')) as host, caplog.at_level(logging.ERROR):
            for _ in range(3):
                assert outcome(host.port) == 'RST'
            assert host.proxy.stats.handler_errors == 3
            assert caplog.text.count('no such luck') >= 3
            assert not host.proxy.sessions
            host.change(protocol='tcp')
            with connect(host.port) as client:
                assert ask(client, b'ping') == b'ping'
    finally:
        Protocol.unregister('broken')


def test_client_that_leaves_while_the_backend_is_being_reached_leaves_nothing_behind():
    with black_hole() as hole, hosted(spec_for(hole, timeout=100 * MS)) as host:
        with connect(host.port):
            eventually(lambda: host.proxy.arrivals, 'the connection')
        eventually(lambda: not host.proxy.arrivals, 'its end')
        host.call(lambda: host.proxy.wait_empty(None))


def test_a_proxy_that_ends_cuts_what_is_still_connecting():
    with black_hole() as hole, hosted(spec_for(hole)) as host, connect(host.port) as client:
        eventually(lambda: host.proxy.arrivals, 'the connection')
        assert host.call(host.fleet.close) == 1
        assert ending(client) == 'RST'


def test_drain_lets_sessions_end_and_says_how_many_it_had_to_cut():
    with Backend(sink) as backend, hosted(spec_for(backend)) as host:
        port = host.port
        with connect(port) as stays, connect(port) as leaves:
            eventually(lambda: len(host.proxy.sessions) == 2, 'two sessions')
            leaves.close()
            assert host.call(lambda: host.fleet.drain(100 * MS)) == 1
            assert ending(stays) == 'RST'
            with pytest.raises(ConnectionRefusedError):
                connect(port)
