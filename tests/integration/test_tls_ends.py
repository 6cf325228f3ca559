"""How connections end inside TLS: what a peer sees of close_notify, FIN, RST and half-close through a proxy is what it sees
without one.

Every case runs with the same assertions directly and through a proxy that ends TLS and begins it anew, with TLS 1.2 and 1.3.
There are ten: each side ends with close_notify and FIN, with FIN alone, with RST; and ends its direction alone, with
close_notify or with FIN, while the other one goes on. Then what comes late: a FIN some time after its close_notify, a reset
after half of the connection has ended.
"""
import contextlib
import queue
import select
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.hosting import hosted, spec_for
from tests.support.peers import Backend, connect, reset
from tests.support.tls import Talk, certificates, client_context, server_context
from tests.support.unit_of_time import MS, PATIENCE

LONG = b'0123456789abcdef' * 65536     # 1 MiB: more than the buffers of a connection take while nobody reads
KEEP = {'protocol_settings': {'keep_alive': True}}
VERSIONS = {'1.2': ssl.TLSVersion.TLSv1_2, '1.3': ssl.TLSVersion.TLSv1_3}


@contextlib.contextmanager
def proxied(backend: Backend, **fields: Any) -> Iterator[int]:
    spec = spec_for(f'tls://{backend.address}', **{'proxy': 'tls://127.0.0.1:0', **KEEP, **certificates().both, **fields})
    with hosted(spec) as host:
        yield host.port
        host.wait_idle()


@pytest.fixture(params=[(path, version) for path in ('direct', 'proxied') for version in VERSIONS], ids='-'.join)
def way(request) -> Any:
    """Return what makes of a handler a backend, reached directly or through a proxy: gives a client and what the backend saw."""
    path, version = request.param
    limits = {'maximum_version': VERSIONS[version]}

    @contextlib.contextmanager
    def make(handler: Any) -> Iterator[tuple[Talk, 'queue.Queue[Any]']]:
        seen: queue.Queue[Any] = queue.Queue()
        context = server_context(**limits)
        with Backend(lambda sock: handler(Talk(sock, context), seen)) as backend, contextlib.ExitStack() as stack:
            port = backend.port if path == 'direct' else stack.enter_context(proxied(backend))
            sock = stack.enter_context(connect(port))
            yield Talk(sock, client_context(), 'localhost'), seen
    return make


def see(seen: 'queue.Queue[Any]') -> Any:
    return seen.get(timeout=PATIENCE)


def watch(talk: Talk, seen: 'queue.Queue[Any]') -> None:
    """Greet, tell how the client's direction ends, and what comes after that."""
    talk.send(b'hello')
    seen.put(talk.read_to_end())
    seen.put(talk.fin())


def test_a_close_notify_and_a_fin_of_the_client_arrive_as_such(way):
    with way(watch) as (client, seen):
        assert client.read_exactly(5) == b'hello'
        client.send(LONG)
        client.notify()
        client.sock.close()
        assert see(seen) == (LONG, 'notify')
        assert see(seen) == 'FIN'


def test_a_fin_of_the_client_without_close_notify_arrives_as_such(way):
    with way(watch) as (client, seen):
        assert client.read_exactly(5) == b'hello'
        client.send(LONG)
        client.sock.close()
        assert see(seen) == (LONG, 'FIN')


def test_a_reset_of_the_client_arrives_as_such(way):
    with way(watch) as (client, seen):
        assert client.read_exactly(5) == b'hello'
        reset(client.sock)
        assert see(seen) == (b'', 'RST')


@pytest.mark.parametrize('end, how', [
    ('notify', lambda client: client.notify()), ('FIN', lambda client: client.sock.shutdown(socket.SHUT_WR)),
], ids=['close_notify', 'FIN'])
def test_the_backend_answers_after_the_end_of_the_client(way, end, how):
    def answer(talk, seen):
        talk.send(b'hello')
        seen.put(talk.read_to_end())
        talk.send(LONG)
        talk.notify()
    with way(answer) as (client, seen):
        assert client.read_exactly(5) == b'hello'
        client.send(b'question')
        how(client)
        assert see(seen) == (b'question', end)
        assert client.read_to_end() == (LONG, 'notify')
        assert client.fin() == 'FIN'


def test_a_close_notify_and_a_fin_of_the_backend_arrive_as_such(way):
    def close(talk, seen):
        talk.send(LONG)
        talk.notify()
    with way(close) as (client, _):
        assert client.read_to_end() == (LONG, 'notify')
        assert client.fin() == 'FIN'


def test_a_fin_of_the_backend_without_close_notify_arrives_as_such(way):
    with way(lambda talk, seen: talk.send(LONG)) as (client, _):
        assert client.read_to_end() == (LONG, 'FIN')


def test_a_reset_of_the_backend_arrives_as_such(way):
    def break_off(talk, seen):
        talk.send(b'hello')
        assert talk.read_exactly(5) == b'break'
        reset(talk.sock)
    with way(break_off) as (client, _):
        assert client.read_exactly(5) == b'hello'
        client.send(b'break')
        assert client.read_to_end() == (b'', 'RST')


def test_the_client_asks_on_after_a_close_notify_of_the_backend(way):
    def close_first(talk, seen):
        talk.send(b'hello')
        talk.notify()
        seen.put(talk.read_to_end())
    with way(close_first) as (client, seen):
        assert client.read_to_end() == (b'hello', 'notify')
        client.send(LONG)
        client.notify()
        assert see(seen) == (LONG, 'notify')


def test_the_client_asks_on_after_a_fin_of_the_backend(way):
    def close_first(talk, seen):
        talk.send(b'hello')
        talk.sock.shutdown(socket.SHUT_WR)
        seen.put(talk.read_to_end())
    with way(close_first) as (client, seen):
        assert client.read_to_end() == (b'hello', 'FIN')
        client.send(LONG)
        client.notify()
        assert see(seen) == (LONG, 'notify')


# -- what comes late

def silent(talk: Talk) -> bool:
    """Return whether nothing comes for a while, no end either."""
    return select.select([talk.sock], [], [], 50 * MS)[0] == []


def test_a_fin_of_the_client_comes_when_it_comes_and_not_with_its_close_notify(way):
    def wait(talk, seen):
        talk.send(b'hello')
        seen.put(talk.read_to_end())
        seen.put(silent(talk))
        talk.send(b'still here')
        seen.put(talk.fin())
    with way(wait) as (client, seen):
        assert client.read_exactly(5) == b'hello'
        client.notify()
        assert see(seen) == (b'', 'notify')
        assert see(seen) is True
        assert client.read_exactly(10) == b'still here'
        client.sock.shutdown(socket.SHUT_WR)
        assert see(seen) == 'FIN'


def test_a_fin_of_the_backend_comes_when_it_comes_and_not_with_its_close_notify(way):
    def wait(talk, seen):
        talk.notify()
        assert talk.read_exactly(10) == b'still here'
        talk.sock.shutdown(socket.SHUT_WR)
        seen.put(talk.read_to_end())
    with way(wait) as (client, seen):
        assert client.read_to_end() == (b'', 'notify')
        assert silent(client)
        client.send(b'still here')
        assert client.fin() == 'FIN'
        client.notify()
        assert see(seen) == (b'', 'notify')


def test_a_reset_of_the_client_after_its_close_notify_arrives_as_such(way):
    def wait(talk, seen):
        talk.send(b'hello')
        seen.put(talk.read_to_end())
        seen.put(talk.fin())
    with way(wait) as (client, seen):
        assert client.read_exactly(5) == b'hello'
        client.notify()
        assert see(seen) == (b'', 'notify')
        reset(client.sock)
        assert see(seen) == 'RST'


def test_a_reset_of_the_backend_after_the_end_of_the_client_arrives_as_such(way):
    def break_off(talk, seen):
        talk.send(b'hello')
        assert talk.read_to_end() == (b'', 'notify')
        reset(talk.sock)
    with way(break_off) as (client, _):
        assert client.read_exactly(5) == b'hello'
        client.notify()
        assert client.read_to_end() == (b'', 'RST')
