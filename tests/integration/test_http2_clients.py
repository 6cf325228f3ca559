"""Real clients of HTTP/2 through vaurien with no fault: they get what they get without it, and every byte is the same.

``make streams`` lets them send 100 MB each way, the suite 1.
"""
import os

import pytest

from tests.conftest import running
from tests.support.grpc_peers import BOTH, DOWN, UNARY, UP, call, channel
from tests.support.grpc_peers import server as grpc_server
from tests.support.http2_clients import CLIENTS
from tests.support.http2_servers import node_server
from tests.support.proxied import CALM, between
from tests.support.servers import nghttpd_server
from tests.support.tap import tap

MB = 1 << 20
SIZE = int(os.environ.get('VAURIEN_STREAM_MB', '1')) * MB      #: [bytes] that are sent each way
MESSAGE = bytes(range(256)) * 4096      # 1 MiB


@pytest.fixture(scope='module')
def nghttpd():
    yield from running(lambda: nghttpd_server('--echo-upload', '--trailer', 'x-sum: 1'))


@pytest.fixture(scope='module')
def node():
    yield from running(node_server)


@pytest.fixture(scope='module')
def content(tmp_path_factory):
    path = tmp_path_factory.mktemp('content') / 'content'
    path.write_bytes(MESSAGE * (SIZE // MB) + b'end')
    return path


def same(daemon, name, server, act, mix=()):
    """Do something at a server and through vaurien, and hold both against one another, and the bytes."""
    port = int(server.address.rpartition(':')[2])
    with tap(port) as after, between(daemon, name, after, 'http', mix) as proxy, tap(proxy.port) as before:
        assert act(before.port) == act(port)
        before.close()
        after.close()
        assert sorted(before.passed) == sorted(after.passed)
        assert (proxy.unread, proxy.faults) == ([], [])
        assert proxy.count('exchanges') > 0
        return sum(there.size for there, _ in before.passed), sum(back.size for _, back in before.passed)


@pytest.mark.parametrize('mix', CALM.values(), ids=[name.replace(' ', '-') for name in CALM])
@pytest.mark.parametrize('name', [*CLIENTS])
def test_nothing_differs_at_nghttpd(daemon, nghttpd, content, name, mix):
    there, back = same(daemon, f'{name}-{len(mix)}', nghttpd, lambda port: CLIENTS[name](port, content), mix)
    if name in ('curl', 'nghttp', 'node'):
        assert there > SIZE
        assert back > SIZE


@pytest.mark.parametrize('name', ['node', 'httpx'])
def test_nothing_differs_at_node(daemon, node, content, name):
    same(daemon, f'node-{name}', node, lambda port: CLIENTS[name](port, content))


def test_nothing_differs_between_both_ends_of_grpcio(daemon):
    def act(port):
        with channel(port) as opened:
            return [call(opened, UNARY, MESSAGE), call(opened, DOWN, b'30'), call(opened, UP, *[b'a'] * 200),
                    call(opened, BOTH, *[MESSAGE] * (SIZE // MB))]
    with grpc_server() as backend:
        there, back = same(daemon, 'grpcio', backend, act)
        assert min(there, back) > SIZE
        assert all(method in (UNARY, DOWN, UP, BOTH) for method, _ in backend.echo.calls)
