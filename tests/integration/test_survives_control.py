"""The control server under clients that mean no good: it answers the others, and the data plane does not notice.

What one connection may take of time and memory is shown in ``tests.unit.net.httpd.test_server``.
"""
import contextlib
from random import Random

import pytest

from tests.support.control_client import steering
from tests.support.hosting import eventually, spec_for
from tests.support.peers import ask, connect, reset, send_on
from tests.support.unit_of_time import MS
from vaurien.net.httpd import room
from vaurien.net.httpd import server as server_module

LORIS = 300     #: connections that say a byte now and then
ROUNDS = 400    #: malformed requests
GOOD = b'PUT /behavior HTTP/1.1\r\nHost: localhost:%d\r\nContent-Length: 17\r\n\r\n{"name": "dummy"}'


@pytest.fixture
def server(echo_server):
    with steering(spec_for(echo_server)) as running:
        yield running
        assert running.get('/behavior') == {'behavior': 'dummy'}


def test_slow_loris_on_many_connections_holds_up_nobody(server, monkeypatch):
    monkeypatch.setattr(server_module, 'HEADER_TIMEOUT', 1500 * MS)
    with contextlib.ExitStack() as stack, connect(server.host.port) as client:
        drips = [stack.enter_context(server.connect()) for _ in range(LORIS)]
        for byte in b'GET /behav':
            for sock in drips:
                with contextlib.suppress(ConnectionError):
                    sock.sendall(bytes((byte,)))
            assert ask(client, b'ping') == b'ping'
            assert server.get('/behavior') == {'behavior': 'dummy'}
        eventually(lambda: not server.server._server.room.idle, 'the end of all that drip')
        eventually(lambda: server.host.state()['greenlets'] < LORIS / 10, 'the end of their greenlets')


def test_more_connections_than_there_is_room_for_hold_up_nobody(server, monkeypatch):
    monkeypatch.setattr(room, 'MAX_CONNECTIONS', 20)
    with contextlib.ExitStack() as stack, connect(server.host.port) as client:
        for _ in range(LORIS):
            stack.enter_context(server.connect()).sendall(b'GET /')
        assert ask(client, b'ping') == b'ping'
        assert server.get('/behavior') == {'behavior': 'dummy'}


def test_malformed_requests_are_refused_one_by_one_and_leave_nothing_behind(server):
    random, before = Random(7), server.host.state()
    with connect(server.host.port) as client:
        for _ in range(ROUNDS):
            data = bytearray(GOOD % server.port)
            for _ in range(random.randint(1, 6)):
                spoil(random, data)
            with server.connect() as sock, contextlib.suppress(ConnectionError):
                sock.sendall(bytes(data))
                if random.random() < 0.5:
                    reset(sock)
            assert ask(client, b'ping') == b'ping'
    eventually(lambda: server.host.state()['fds'] <= before['fds'] and
               server.host.state()['greenlets'] <= before['greenlets'], 'the end of all connections')


def spoil(random: Random, data: bytearray) -> None:
    """Change a byte, put some in, or take some away."""
    at = random.randrange(len(data) + 1)
    data[at:at + random.randint(0, 3)] = random.randbytes(random.randint(0, 3))


def test_a_client_that_asks_and_never_reads_is_held_back(server):
    asked = b'GET /v1/openapi.json HTTP/1.1\r\nHost: localhost:%d\r\n\r\n' % server.port * 100
    before = server.host.state()['rss']
    with server.connect() as sock:
        sock.settimeout(100 * MS)
        with pytest.raises(TimeoutError):
            send_on(sock, asked)
        assert server.get('/behavior') == {'behavior': 'dummy'}
        assert server.host.state()['rss'] - before < 20 * 2 ** 20
