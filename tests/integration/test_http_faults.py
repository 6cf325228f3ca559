"""What behaviors do to single requests of HTTP: the drawn ones, on a connection that goes on, and in a pipeline."""
import contextlib
import socket
from random import Random

import pytest
import requests

from tests.support.hosting import eventually
from tests.support.peers import Backend, connect, ending, read_exactly
from tests.support.processes import HOST
from tests.support.proxied import SEED, between, entry
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.protocols.http import HTTP
from vaurien.relay.chaos import Chaos
from vaurien.spec import BehaviorSpec

LARGE = bytes(range(256)) * 8192   # 2 MiB
ERROR = entry('error', 20, kind='503')


def drawn(name, count):
    """Return which requests of the first session of a proxy are drawn for ``ERROR``, counted from 1."""
    chaos, random = Chaos([BehaviorSpec(**ERROR)], {}, HTTP), Random(f'{SEED}/{name}/1')
    return [number for number in range(1, count + 1) if chaos.draw(random).name == 'error']


def test_exactly_the_drawn_requests_of_a_thousand_on_one_connection_fail(daemon):
    failed = []
    with between(daemon, 'thousand', 'embedded', 'http', [ERROR]) as proxy, requests.Session() as session:
        session.trust_env = False
        for number in range(1, 1001):
            answer = session.post(f'http://{HOST}:{proxy.port}/echo', data=b'request %d' % number, timeout=PATIENCE)
            if answer.status_code == 503:
                failed.append(number)
            else:
                assert (answer.status_code, answer.content) == (200, b'request %d' % number)
        assert (proxy.count('accepted'), proxy.count('exchanges')) == (1, 1000)
        assert [fault.exchange for fault in proxy.faults] == failed
    assert failed == drawn('thousand', 1000)
    assert len(failed) == 192


@pytest.mark.parametrize('chunked', [False, True], ids=['with its length', 'in chunks'])
def test_upload_that_is_answered_with_an_error_does_not_arrive_and_the_next_one_does(daemon, nginx_server, chunked):
    stored = nginx_server.folder / 'www' / 'upload' / 'once'
    with between(daemon, 'upload', nginx_server, 'http') as proxy, requests.Session() as session:
        session.trust_env = False
        proxy.meet(entry('transient', kind='503', match='^PUT'))
        for status in (503, 201, 204):
            answer = session.put(f'http://{HOST}:{proxy.port}/upload/once', timeout=PATIENCE,
                                 data=iter([LARGE, LARGE]) if chunked else LARGE * 2)
            assert (answer.status_code, stored.exists()) == (status, status != 503)
        assert stored.read_bytes() == LARGE * 2
        assert (proxy.count('accepted'), proxy.count('exchanges'), proxy.unread) == (1, 3, [])
    stored.unlink()


# -- pipelines

def asked(name):
    return b'GET /%b HTTP/1.1\r\nHost: x\r\n\r\n' % name


def answer(name):
    return b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b' % (len(name), name)


class Names:
    """A server that answers each request with the last part of its path.

    Attributes:
        seen: The names that it was asked for.
    """

    def __init__(self):
        self.seen = []

    def __call__(self, sock):
        with contextlib.closing(sock.makefile('rb')) as file:
            for line in file:
                if line.startswith(b'GET'):
                    self.seen.append(line.split()[1][1:])
                elif line == b'\r\n':
                    sock.sendall(answer(self.seen[-1]))


@pytest.fixture
def names():
    return Names()


@pytest.fixture
def proxy(daemon, names):
    with Backend(names) as backend, between(daemon, 'names', backend, 'http') as proxy:
        yield proxy
        assert proxy.unread == []


@pytest.fixture
def client(proxy):
    with connect(proxy.port) as client:
        yield client


def read(client, *expected):
    """Read these answers and no byte more; an empty name stands for a 503 by vaurien."""
    for name in expected:
        if name:
            assert read_exactly(client, len(answer(name))) == answer(name)
        else:
            head = b''
            while not head.endswith(b'\r\n\r\n'):
                head += read_exactly(client, 1)
            assert head.startswith(b'HTTP/1.1 503')
            read_exactly(client, int(head.partition(b'Content-Length: ')[2].split(b'\r\n')[0]))


def nothing_comes(client):
    client.settimeout(30 * MS)
    with pytest.raises(TimeoutError):
        client.recv(1)
    client.settimeout(PATIENCE)


def test_exactly_the_drawn_requests_of_a_pipeline_fail(daemon, names):
    count = 300
    with Backend(names) as backend, between(daemon, 'pipeline', backend, 'http', [ERROR]) as proxy:
        with connect(proxy.port) as client:
            client.sendall(b''.join(asked(b'%d' % number) for number in range(1, count + 1)))
            failed = drawn('pipeline', count)
            read(client, *(b'' if number in failed else b'%d' % number for number in range(1, count + 1)))
        assert len(names.seen) == count - len(failed)
        assert len(failed) == 69


def test_one_answer_of_a_pipeline_is_replaced_alone(proxy, client, names):
    proxy.meet(entry('error', kind='503', match='/two'))
    client.sendall(b''.join(map(asked, (b'one', b'two', b'three', b'two', b'four'))))
    read(client, b'one', b'', b'three', b'', b'four')
    assert names.seen == [b'one', b'three', b'four']


@pytest.mark.parametrize('before', [True, False], ids=['request', 'answer'])
def test_one_exchange_of_a_pipeline_is_late_and_those_before_it_are_not(proxy, client, before):
    proxy.meet(entry('delay', sleep=100 * PATIENCE, before=before, match='/two'))
    client.sendall(b''.join(map(asked, (b'one', b'two', b'three'))))
    read(client, b'one')
    nothing_comes(client)
    assert [fault.request for fault in proxy.faults] == ['GET /two']


@pytest.mark.parametrize('before', [True, False], ids=['request', 'answer'])
def test_late_exchange_is_answered_in_its_turn(proxy, client, before):
    proxy.meet(entry('delay', sleep=50 * MS, before=before, match='/two'))
    client.sendall(b''.join(map(asked, (b'one', b'two', b'three'))))
    read(client, b'one', b'two', b'three')


def test_hang_answers_what_came_before_and_nothing_more(proxy, client, names):
    proxy.meet(entry('hang', match='/two'))
    client.sendall(asked(b'one'))
    read(client, b'one')
    client.sendall(asked(b'two') + asked(b'three'))
    nothing_comes(client)
    assert names.seen == [b'one']


def test_blackout_closes_the_connection_and_the_request_does_not_arrive(proxy, client, names):
    proxy.meet(entry('blackout', match='/two'))
    client.sendall(asked(b'one'))
    read(client, b'one')
    client.sendall(asked(b'two'))
    assert ending(client) == 'FIN'
    proxy.wait_for_sessions(0)
    assert names.seen == [b'one']


def test_abort_resets_the_connection_and_the_request_arrives(proxy, names):
    proxy.meet(entry('abort', match='/two'))
    with connect(proxy.port) as client:
        client.sendall(asked(b'one'))
        read(client, b'one')
        client.sendall(asked(b'two'))
        assert ending(client) == 'RST'
    eventually(lambda: names.seen == [b'one', b'two'], 'the arrival of the request')


def test_answers_are_never_injected_into(proxy, client):
    proxy.meet(entry('error', inject=True))
    client.sendall(asked(b'one') + asked(b'two'))
    read(client, b'one', b'two')


# -- match

def test_match_knows_no_case_and_what_does_not_match_is_not_counted(proxy, client, names):
    proxy.meet(entry('transient', kind='503', match='get /ITEMS/[0-9]$', warmup=2, agitate=2))
    for name in (b'other', b'items', b'items/x'):
        client.sendall(asked(name) * 3)
        read(client, *[name] * 3)
    numbers = [b'items/%d' % number for number in range(6)]
    client.sendall(b''.join(map(asked, numbers)) + asked(b'other'))
    read(client, *numbers[:2], b'', b'', *numbers[4:], b'other')
    assert [fault.request for fault in proxy.faults] == ['GET /items/2', 'GET /items/3']
    assert proxy.count('exchanges') == 16


def test_match_sees_the_target_with_its_query(proxy, client):
    proxy.meet(entry('error', kind='503', match=r'^GET /items\?x=1$'))
    client.sendall(asked(b'items?x=1') + asked(b'items?x=2') + asked(b'items'))
    read(client, b'', b'items?x=2', b'items')


# -- what comes behind the end

def test_hang_in_a_pipeline_lets_the_answers_before_it_pass(proxy, client, names):
    proxy.meet(entry('hang', match='/two'))
    client.sendall(b''.join(map(asked, (b'one', b'two', b'three'))))
    read(client, b'one')
    nothing_comes(client)
    assert names.seen == [b'one']


@pytest.mark.parametrize('kind, end', [('empty-response', 'FIN'), ('truncated', 'FIN'), ('reset', 'RST')])
def test_requests_behind_one_that_ends_the_connection_do_not_arrive(proxy, client, names, kind, end):
    proxy.meet(entry('error', kind=kind, match='/two'))
    client.sendall(b''.join(map(asked, (b'one', b'two', b'three'))))
    if end == 'FIN':    # the reset may be there before
        client.shutdown(socket.SHUT_WR)
    read(client, b'one')
    assert ending(client) == end
    proxy.wait_for_sessions(0)
    assert names.seen == [b'one']


def test_client_that_left_before_the_hang_comes_to_its_turn_leaves_no_session_behind(proxy, names):
    proxy.meet(entry('hang', match='/two'))
    with connect(proxy.port) as client:
        client.sendall(asked(b'one') + asked(b'two'))
        client.shutdown(socket.SHUT_WR)
        read(client, b'one')
    proxy.wait_for_sessions(0)
    assert names.seen == [b'one']
