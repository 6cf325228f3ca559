"""The calls of etcd, against what answers in its place."""
import contextlib

import pytest

from tests.support.gateway import gateway
from tests.support.peers import Backend, free_port, read_exactly, sink
from tests.support.unit_of_time import MS
from vaurien.clusters.etcd.client import KEPT, Etcd, Kept
from vaurien.clusters.etcd.errors import RefusedError, UnreachableError
from vaurien.clusters.where import find_cluster

LOGIN, RANGE, TXN = '/v3/auth/authenticate', '/v3/kv/range', '/v3/kv/txn'
EMPTY = 200, {'header': {'revision': '5'}}
STALE = 401, {'error': 'etcdserver: invalid auth token', 'code': 16}


@pytest.fixture
def server():
    with gateway() as running:
        yield running


@pytest.fixture
def connecting():
    """Makes clients, and closes them."""
    with contextlib.ExitStack() as closing:
        def connect(server, user='', *more):
            hosts = ','.join(f'127.0.0.1:{port}' for port in (*more, server.port))
            where = find_cluster(f'etcd://{user}{"@" if user else ""}{hosts}/x', environ={'VAURIEN_ETCD_PASSWORD': 'secret'})
            return closing.enter_context(contextlib.closing(Etcd(where)))
        yield connect


def test_what_was_found_is_read(server, connecting):
    server.answers[RANGE] = [(200, {'header': {'revision': '9'}, 'count': '2', 'kvs': [
        {'key': 'YQ==', 'value': 'MQ==', 'create_revision': '3', 'mod_revision': '4', 'lease': '7'}, {'key': 'Yg=='}]})]
    found = connecting(server).range('x')
    assert found == (9, {'a': Kept(b'1', 3, 4, 7), 'b': Kept(b'', 0, 0, 0)}, 2)


def test_a_user_logs_in_once_and_again_where_the_token_has_gone_stale(server, connecting):
    server.answers = {LOGIN: [(200, {'token': 'one'}), (200, {'token': 'two'})], RANGE: [EMPTY, STALE, EMPTY]}
    client = connecting(server, 'me')
    assert client.range('x').revision == client.range('x').revision == 5
    assert [token for path, token in server.asked if path == RANGE] == ['one', 'one', 'two']
    client.forget_token()
    assert client.token == 'two'


def test_a_token_that_is_stale_helps_nobody_who_has_no_user(server, connecting):
    server.answers[RANGE] = [STALE]
    with pytest.raises(RefusedError, match='etcd refuses: invalid auth token'):
        connecting(server).range('x')


def test_where_etcd_wants_nobody_a_user_gets_in_all_the_same(server, connecting):
    server.answers = {LOGIN: [(400, {'message': 'etcdserver: authentication is not enabled', 'code': 9})], RANGE: [EMPTY]}
    assert connecting(server, 'me').range('x').revision == 5
    server.answers[LOGIN] = [(400, {'error': 'etcdserver: authentication failed', 'code': 3})]
    with pytest.raises(RefusedError, match='authentication failed'):
        connecting(server, 'me').range('x')


def test_the_next_endpoint_is_asked_and_remembered(server, connecting):
    server.answers[RANGE] = [EMPTY]
    client = connecting(server, '', free_port())
    assert client.range('x').revision == 5
    assert client.at == 1
    client.elsewhere()
    assert client.at == 0


def test_a_change_is_sent_once_where_nobody_knows_what_became_of_it(server, connecting):
    server.answers = {TXN: [(503, {"error": "etcdserver: no leader", "code": 14})],
                      RANGE: [(503, {'message': 'no leader', 'code': 14})]}
    client = connecting(server, '', server.port)
    with pytest.raises(UnreachableError, match='no leader; whether it was carried out is not known'):
        client.txn([], [])
    assert len(server.asked) == 1
    with pytest.raises(UnreachableError, match='no leader$'):
        client.range('x')
    assert len(server.asked) == 3


def test_leases_that_are_gone_and_errors_within_a_stream(server, connecting):
    server.answers = {'/v3/lease/keepalive': [(200, {'error': {'message': 'etcdserver: no', 'grpc_code': 7}}),
                                              (200, {'result': {}}), (200, {'result': {'TTL': '3'}})],
                      '/v3/lease/revoke': [(400, {'error': 'etcdserver: requested lease not found', 'code': 5}),
                                           (400, {'error': 'etcdserver: permission denied', 'code': 7})]}
    client = connecting(server)
    with pytest.raises(RefusedError):
        client.keep_alive(1)
    assert not client.keep_alive(1)
    assert client.keep_alive(1)
    client.revoke(1)
    with pytest.raises(RefusedError, match='permission denied'):
        client.revoke(1)


def test_connections_are_kept_for_the_next_call_and_no_more_than_a_few(server, connecting):
    server.answers[RANGE] = [EMPTY]
    client = connecting(server)
    wires = [client.open() for _ in range(KEPT + 1)]
    for wire in wires:
        client._keep(0, wire)
    assert len(client._idle) == KEPT
    for _, wire in client._idle:
        wire.close()    # as etcd does
    assert client.range('x').revision == 5


def test_a_call_that_is_broken_off_keeps_no_half_response(server, connecting, monkeypatch):
    client = connecting(server)

    def interrupt(*_):
        raise KeyboardInterrupt
    monkeypatch.setattr('vaurien.clusters.etcd.wire.Wire.answer', interrupt)
    server.answers[RANGE] = [EMPTY]
    with pytest.raises(KeyboardInterrupt):
        client.range('x')
    assert client._idle == []


ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n{"result": {"a":1}}'


def read_request(sock):
    """Read a call to its end, and return its headers."""
    data = b''
    while b'\r\n\r\n' not in data:
        data += read_exactly(sock, 1)
    length = next(line for line in data.lower().split(b'\r\n') if line.startswith(b'content-length:'))
    read_exactly(sock, int(length.partition(b':')[2]))
    return data


def once(sock):
    """Answer the first call, and be silent from then on."""
    read_request(sock)
    sock.sendall(ANSWER)
    sink(sock)


def always(sock):
    """Answer each call."""
    with contextlib.suppress(EOFError):
        while True:
            read_request(sock)
            sock.sendall(ANSWER)


def test_one_that_has_become_silent_is_asked_once_and_the_next_one_then():
    with Backend(once) as silent, Backend(always) as other:
        where = find_cluster(f'etcd://127.0.0.1:{silent.port},127.0.0.1:{other.port}/x')
        with contextlib.closing(Etcd(where, timeout=300 * MS)) as etcd:
            etcd.call('/v3/kv/range', {})
            assert etcd.at == 0
            assert etcd.call('/v3/kv/range', {}) == {'result': {'a': 1}}
            assert etcd.at == 1
            assert len(silent.accepted) == 1    # no second connection to it, which would take its time once more


def test_one_that_has_closed_what_was_kept_is_asked_on_a_new_connection():
    def closing(sock):
        read_request(sock)
        sock.sendall(ANSWER)
    with Backend(closing) as first, Backend(always) as other:
        where = find_cluster(f'etcd://127.0.0.1:{first.port},127.0.0.1:{other.port}/x')
        with contextlib.closing(Etcd(where)) as etcd:
            for _ in range(2):
                etcd.call('/v3/kv/range', {})
            assert etcd.at == 0
            assert len(first.accepted) == 2
            assert not other.accepted
