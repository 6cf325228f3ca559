"""A watch, against what answers in etcd's place."""
import contextlib
import json

import pytest

from tests.support.gateway import gateway
from tests.support.peers import free_port
from vaurien.clusters.etcd.client import Etcd, Kept
from vaurien.clusters.etcd.errors import CanceledError, CompactedError, RefusedError, UnreachableError
from vaurien.clusters.etcd.watch import Change, Watch
from vaurien.clusters.where import find_cluster

CREATED = {'result': {'header': {'revision': '3'}, 'created': True}}


@pytest.fixture
def server():
    with gateway() as running:
        yield running


def watched(server, *lines, status=200):
    """Watch a stream of these lines, and return its changes and why it has ended."""
    server.answers['/v3/watch'] = [(status, b''.join(json.dumps(line).encode() + b'\n' for line in lines))]
    found = []
    with contextlib.closing(Etcd(find_cluster(f'etcd://127.0.0.1:{server.port}/x'))) as client, pytest.raises(
            (UnreachableError, RefusedError, CompactedError, CanceledError)) as ended, \
            contextlib.closing(Watch(client, '/a', 3)) as watch:
        found.extend(watch)
    return found, ended.value


def test_changes_come_until_the_stream_ends(server):
    found, ended = watched(server, CREATED, {'result': {'header': {'revision': '4'}, 'events': [
        {'kv': {'key': 'YQ==', 'value': 'MQ==', 'mod_revision': '4', 'create_revision': '4'}}]}}, CREATED, {'result': {
            'header': {'revision': '5'}, 'events': [{'type': 'DELETE', 'kv': {'key': 'YQ==', 'mod_revision': '5'}}]}})
    assert found == [Change(4, {'a': Kept(b'1', 4, 4, 0)}), Change(5, {'a': None})]
    assert isinstance(ended, UnreachableError)


@pytest.mark.parametrize('lines, status, kind, said', [
    ([{'error': 'etcdserver: permission denied', 'message': 'etcdserver: permission denied', 'code': 7}], 403, RefusedError,
     'etcd refuses: permission denied'),
    ([{'error': {'message': 'etcdserver: no', 'grpc_code': 2}}], 200, RefusedError, 'etcd refuses: no'),
    ([{'result': {'canceled': True, 'compact_revision': '9'}}], 200, CompactedError, 'etcd has thrown away'),
    ([{'result': {'canceled': True, 'cancel_reason': 'tired'}}], 200, CanceledError, 'etcd has ended a watch: tired'),
    ([{'result': {'canceled': True}}], 200, CanceledError, 'etcd has ended a watch'),
    ([], 200, UnreachableError, 'etcd cannot be reached'),
    (['no object'], 200, UnreachableError, 'no etcd with a JSON gateway'),
], ids=['status', 'error', 'compacted', 'canceled', 'canceled without a word', 'empty', 'no JSON'])
def test_a_watch_that_does_not_begin_says_why(server, lines, status, kind, said):
    found, ended = watched(server, *lines, status=status)
    assert found == []
    assert isinstance(ended, kind)
    assert said in str(ended)


def test_where_nothing_listens_the_next_endpoint_is_asked_the_next_time():
    with contextlib.closing(Etcd(find_cluster(f'etcd://127.0.0.1:{free_port()},127.0.0.1:{free_port()}/x'))) as client:
        with pytest.raises(UnreachableError):
            Watch(client, '/a', 3)
        assert client.at == 1
