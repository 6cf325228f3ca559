"""Faults as server-sent events, followed by one who reads, one who does not, and one who leaves."""
import json
import re
import socket

import pytest

from tests.support.control_client import steering
from tests.support.hosting import eventually, spec_for
from tests.support.unit_of_time import MS
from tests.unit.control.wire import head
from vaurien.control.native import events
from vaurien.net.httpd import server as httpd
from vaurien.proxies.journal import KEPT

SPEC = spec_for('127.0.0.1:9')
EVENT = re.compile(rb'id: (\d+)\nevent: fault\ndata: (.*)\n\n')


@pytest.fixture
def server():
    with steering(SPEC) as running:
        yield running


def inject(server, count, proxy='default', request='GET /'):
    journal = server.fleet.journal
    server.host.call(lambda: [journal.add(proxy, 1, 1, 'error', 'loading', request) for _ in range(count)])


def follow(server, path='/v1/events', **given):
    """Begin to follow, and return the connection once the server has noticed."""
    before = len(server.fleet.journal.followers)
    sock = server.connect()
    sock.sendall(head(server.port, f'GET {path}', **given))
    eventually(lambda: len(server.fleet.journal.followers) > before)
    return sock


def read_events(sock, count):
    """Read until so many events have come, and return them by id."""
    data = b''
    while len(found := EVENT.findall(data)) < count:
        piece = sock.recv(65536)
        assert piece, data
        data += re.sub(rb'\r\n[0-9a-f]+\r\n|^[0-9a-f]+\r\n|\r\n$', b'', piece)
    return {int(number): json.loads(line) for number, line in found}


def test_a_follower_hears_of_each_fault(server):
    with follow(server) as sock:
        inject(server, 3)
        found = read_events(sock, 3)
    assert list(found) == [1, 2, 3]
    assert (found[1]['id'], found[1]['behavior'], found[1]['request']) == (1, 'error', 'GET /')


def test_a_notice_comes_to_all_who_follow_whichever_proxy(server):
    journal = server.fleet.journal
    with follow(server, '/v1/events?proxy=other') as sock:
        server.host.call(lambda: journal.notice('cluster: healed: x'))
        data = b''
        while b'event: notice\ndata: ' not in data or b'cluster: healed: x"}\n\n' not in data:
            piece = sock.recv(65536)
            assert piece, data
            data += piece


def test_the_head_comes_at_once(server):
    with follow(server) as sock:
        answer = sock.recv(65536)
        assert answer.startswith(b'HTTP/1.1 200 OK\r\n')
        assert b'content-type: text/event-stream' in answer


@pytest.mark.parametrize('path, given, expected', [
    ('/v1/events?since=2', {}, [3, 4, 5]),
    ('/v1/events', {'Last_Event_ID': '3'}, [4, 5]),
    ('/v1/events?since=0', {'Last_Event_ID': '3'}, [1, 2, 3, 4, 5]),
    ('/v1/events?since=1&proxy=default', {}, [2, 3, 5]),
])
def test_a_follower_goes_on_after_what_it_knows(server, path, given, expected):
    inject(server, 3)
    inject(server, 1, 'other')
    with follow(server, path, **given) as sock:
        inject(server, 1)
        assert list(read_events(sock, len(expected))) == expected


def test_a_follower_of_one_proxy_hears_of_no_other(server):
    with follow(server, '/v1/events?proxy=other') as sock:
        inject(server, 2)
        inject(server, 1, 'other')
        assert list(read_events(sock, 1)) == [3]


def test_a_slow_follower_is_dropped_and_holds_nobody_up(server, monkeypatch):
    monkeypatch.setattr(events, 'DROP_GRACE', 50 * MS)
    with follow(server) as slow, follow(server) as quick:
        for _ in range(100):    # 10 MB, more than any buffer of the system between the two
            inject(server, 100, proxy='x' * 1000)
            read_events(quick, 100)
        eventually(lambda: len(server.fleet.journal.followers) == 1, 'the end of the slow one')
        inject(server, 1)
        assert read_events(quick, 1)
        with slow:
            slow.settimeout(1000 * MS)
            received = 0
            try:
                while piece := slow.recv(2 ** 20):
                    received += len(piece)
            except ConnectionError:
                pass
        assert received < 10_000_000


def test_a_follower_that_is_silent_hears_that_the_server_lives(server, monkeypatch):
    monkeypatch.setattr(events, 'KEEPALIVE_INTERVAL', 20 * MS)
    with follow(server) as sock:
        data = b''
        while data.count(b': alive\n\n') < 3:
            data += sock.recv(65536)


def test_a_follower_that_has_left_is_forgotten(server, monkeypatch):
    monkeypatch.setattr(events, 'KEEPALIVE_INTERVAL', 20 * MS)
    follow(server).close()
    eventually(lambda: not server.fleet.journal.followers)


def test_there_are_only_so_many_followers(server, monkeypatch):
    monkeypatch.setattr(events, 'MAX_FOLLOWERS', 2)
    with follow(server), follow(server):
        assert server.ask('GET', '/v1/events').status == 503


def test_a_follower_that_reads_nothing_loses_its_place(server, monkeypatch):
    monkeypatch.setattr(events, 'MAX_FOLLOWERS', 1)
    monkeypatch.setattr(httpd, 'IDLE_TIMEOUT', 300 * MS)
    inject(server, KEPT, request='x' * 256)
    with socket.socket() as stalled:
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stalled.connect(('127.0.0.1', server.port))
        stalled.sendall(head(server.port, 'GET /v1/events?since=0'))
        eventually(lambda: server.fleet.journal.followers)
        eventually(lambda: not server.fleet.journal.followers)
        with follow(server) as sock:
            inject(server, 1)
            assert list(read_events(sock, 1)) == [KEPT + 1]


def test_asking_for_the_head_alone_follows_nothing(server):
    assert server.ask('HEAD', '/v1/events').status == 405
    assert not server.fleet.journal.followers
