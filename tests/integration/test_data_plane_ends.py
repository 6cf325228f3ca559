"""How connections end: what a peer sees of FIN, RST and half-close through a proxy is what it sees without one.

Every case runs twice with the same assertions, directly and through the proxy.
"""
import contextlib
import queue
import socket
import threading
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from tests.support.hosting import eventually, hosted, spec_for
from tests.support.peers import Backend, ask, connect, ending, read_exactly, read_to_end, reset
from tests.support.unit_of_time import MS, PATIENCE

KEEP = {'protocol_settings': {'keep_alive': True}}
PATHS = {'direct': None, 'proxied': KEEP}
LONG = b'0123456789abcdef' * 65536     # 1 MiB: more than the buffers of a connection take while nobody reads


@pytest.fixture(params=PATHS)
def way(request) -> Any:
    """Return what makes of a handler a backend, reached directly or through a proxy: gives the port and what it saw."""
    @contextlib.contextmanager
    def make(handler: Any, **fields: Any) -> Iterator[tuple[int, 'queue.Queue[Any]']]:
        seen: queue.Queue[Any] = queue.Queue()
        with Backend(lambda sock: handler(sock, seen)) as backend:
            if PATHS[request.param] is None:
                yield backend.port, seen
            else:
                with hosted(spec_for(backend, **{**KEEP, **fields})) as host:
                    yield host.port, seen
    return make


def send_for_ever(sock: socket.socket) -> None:
    while True:
        sock.sendall(LONG)


def see(seen: 'queue.Queue[Any]') -> Any:
    return seen.get(timeout=PATIENCE)


def watch_client(sock: socket.socket, seen: 'queue.Queue[Any]') -> None:
    """Greet, and tell how the client's direction ends."""
    sock.sendall(b'hello')
    seen.put(ending(sock))


def test_backend_sees_fin_when_client_closes(way):
    with way(watch_client) as (port, seen):
        with connect(port) as client:
            assert read_exactly(client, 5) == b'hello'
        assert see(seen) == 'FIN'


def test_backend_sees_rst_when_client_resets(way):
    with way(watch_client) as (port, seen):
        client = connect(port)
        assert read_exactly(client, 5) == b'hello'
        reset(client)
        assert see(seen) == 'RST'


def test_backend_sees_rst_when_client_closes_with_unread_bytes(way):
    with way(watch_client) as (port, seen):
        with connect(port) as client:
            assert client.recv(5, socket.MSG_PEEK)
        assert see(seen) == 'RST'


def test_answer_arrives_whole_after_client_half_close(way):
    def answer_late(sock, seen):
        seen.put(read_to_end(sock))
        sock.sendall(LONG)
    with way(answer_late) as (port, seen), connect(port) as client:
        client.sendall(b'a question')
        client.shutdown(socket.SHUT_WR)
        assert see(seen) == b'a question'
        assert read_to_end(client) == LONG


def test_client_sees_answer_and_fin_when_backend_closes(way):
    def answer(sock, seen):
        read_exactly(sock, 3)
        sock.sendall(LONG)
    with way(answer) as (port, _), connect(port) as client:
        client.sendall(b'go!')
        assert read_to_end(client) == LONG


def test_client_sees_answer_and_rst_when_backend_resets(way):
    arrived = threading.Event()     # a reset that overtakes bytes may drop them, with and without vaurien

    def answer(sock, seen):
        sock.sendall(b'part of it')
        arrived.wait(PATIENCE)
        reset(sock)
    with way(answer) as (port, _), connect(port) as client:
        assert read_exactly(client, 10) == b'part of it'
        arrived.set()
        assert ending(client) == 'RST'


def test_client_sees_rst_when_backend_closes_with_unread_bytes(way):
    def leave(sock, seen):
        sock.recv(1, socket.MSG_PEEK)
    with way(leave) as (port, _), connect(port) as client:
        client.sendall(b'never read')
        assert ending(client) == 'RST'


def test_bytes_arrive_whole_at_backend_after_it_half_closed(way):
    def finish_and_listen(sock, seen):
        sock.sendall(b'bye')
        sock.shutdown(socket.SHUT_WR)
        seen.put(read_to_end(sock))
    with way(finish_and_listen) as (port, seen), connect(port) as client:
        assert read_to_end(client) == b'bye'
        client.sendall(LONG)
        client.shutdown(socket.SHUT_WR)
        assert see(seen) == LONG


def test_client_that_still_sends_sees_rst_when_backend_resets(way):
    def leave(sock, seen):
        read_exactly(sock, 1000)
        reset(sock)
    with way(leave) as (port, _), connect(port) as client:
        client.settimeout(PATIENCE)
        with pytest.raises((ConnectionResetError, BrokenPipeError)):  # whichever call meets it
            send_for_ever(client)


@pytest.mark.parametrize('backend_first', [True, False])
def test_reset_that_a_write_meets_first_is_still_seen_as_reset(backend_first):
    """The system tells a reset only once: where the write has heard of it, the reader must not take it for an end."""
    waiting = threading.Event()

    def leave(sock):
        assert waiting.wait(PATIENCE)
        reset(sock)
    with Backend(leave) as backend, hosted(spec_for(backend, **KEEP)) as host, connect(host.port) as client:
        backend.wait_for(1)
        eventually(lambda: host.proxy.sessions, 'the session')
        session = next(iter(host.proxy.sessions.values()))

        def both_at_once():
            client.sendall(b'a question')
            waiting.set()
            with host.trap.lifted():
                time.sleep(20 * MS)     # in the loop: both events are there when it goes on
            lanes = (session.downstream, session.upstream) if backend_first else (session.upstream, session.downstream)
            for lane in lanes:
                lane._on_readable()
        host.call(both_at_once)
        assert ending(client) == 'RST'


def test_client_that_still_sends_late_sees_rst_of_a_backend_it_wrote_to(way):
    def leave(sock, seen):
        read_exactly(sock, 3)
        reset(sock)
        seen.put('gone')
    with way(leave) as (port, seen), connect(port) as client:
        client.sendall(b'abc')
        see(seen)
        with contextlib.suppress(OSError):
            client.sendall(b'd' * 100_000)
        time.sleep(20 * MS)
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            send_for_ever(client)


def test_both_ends_close_at_the_same_time(way):
    def exchange(sock, seen):
        sock.sendall(b'mine')
        sock.shutdown(socket.SHUT_WR)
        seen.put(read_to_end(sock))
    with way(exchange) as (port, seen), connect(port) as client:
        client.sendall(b'yours')
        client.shutdown(socket.SHUT_WR)
        assert read_to_end(client) == b'mine'
        assert see(seen) == b'yours'


def test_reset_of_a_slow_reader_leaves_no_end_of_stream_behind(way):
    """A client that takes nothing and resets: the backend must not see its bytes end as if they were whole."""
    def flood(sock, seen):
        try:
            while True:
                sock.sendall(LONG)
        except ConnectionError as error:
            seen.put(type(error).__name__)
    with way(flood) as (port, seen):
        client = connect(port)
        read_exactly(client, 10)
        time.sleep(20 * MS)
        reset(client)
        assert see(seen) in ('ConnectionResetError', 'BrokenPipeError')


def serve(answer: bytes, sock: socket.socket) -> None:
    """Answer each request of one byte; ``answer`` ends with the connection where it says so."""
    while sock.recv(1):
        sock.sendall(answer)
        if answer == b'last':
            return


def test_without_keep_alive_the_session_ends_with_the_answer_of_the_backend():
    with Backend(partial(serve, b'last')) as backend, hosted(spec_for(backend)) as host, connect(host.port) as client:
        assert ask(client, b'?', 4) == b'last'
        assert ending(client) == 'FIN'
        client.close()
        host.wait_idle()


def test_without_keep_alive_a_client_that_stays_is_let_go(monkeypatch):
    monkeypatch.setattr('vaurien.relay.session.LINGER', 50 * MS)
    with Backend(partial(serve, b'last')) as backend, hosted(spec_for(backend)) as host, connect(host.port) as client:
        assert ask(client, b'?', 4) == b'last'
        assert ending(client) == 'FIN'
        host.wait_idle()
        with pytest.raises(ConnectionError):
            send_for_ever(client)


def test_without_keep_alive_half_close_of_the_client_still_lets_the_answer_pass():
    def late(sock):
        assert read_to_end(sock) == b'?'
        time.sleep(20 * MS)
        sock.sendall(LONG)
    with Backend(late) as backend, hosted(spec_for(backend)) as host, connect(host.port) as client:
        client.sendall(b'?')
        client.shutdown(socket.SHUT_WR)
        assert read_to_end(client) == LONG


def test_what_a_slow_reader_has_not_taken_arrives_after_both_ends_have_closed():
    """The session goes on until it is written: a drain must wait for it."""
    def answer(sock):
        sock.sendall(LONG * 8)
    with Backend(answer) as backend, hosted(spec_for(backend)) as host, connect(host.port) as client:
        client.shutdown(socket.SHUT_WR)
        eventually(lambda: host.proxy.sessions, 'a session')
        time.sleep(50 * MS)
        assert host.proxy.sessions, 'the session has ended with bytes left to be written'
        assert read_to_end(client) == LONG * 8
        host.wait_idle()
