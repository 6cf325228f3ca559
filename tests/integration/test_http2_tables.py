"""The tables of both peers stay right after requests and responses that were dropped, with any peers.

``make streams`` drops 10,000 of each at each server, the suite some.
"""
import os
from random import Random

import pytest

from tests.conftest import running
from tests.support.grpc_peers import server as grpc_server
from tests.support.http2 import Client
from tests.support.http2_servers import SERVERS
from tests.support.proxied import SEED, between, entry
from tests.support.servers import nginx_server

DROPPED = int(os.environ.get('VAURIEN_STREAM_DROPS', '60'))     #: requests, and responses, at each server
AT_ONCE = 40
ASKED = {'nghttpd': ('/', '/none'), 'nginx': ('/host',), 'grpcio': ('/vaurien.test.Echo/Unary',)}
MIX = [entry('error', 40, kind='503'), entry('error', 30, kind='lost-reply'), entry('abort', 10)]
OF_GRPC = [('content-type', 'application/grpc'), ('te', 'trailers')]


@pytest.fixture(scope='module', params=[*SERVERS, 'nginx', 'grpcio'])
def peer(request):
    start = {**SERVERS, 'nginx': nginx_server, 'grpcio': grpc_server}[request.param]
    yield from ((request.param, server) for server in running(start))


class Asking:
    """Asks, and knows what has to come.

    Args:
        client: The client.
        name: Of the server.
    """

    def __init__(self, client: Client, name: str) -> None:
        self.client, self.name, self.random = client, name, Random(SEED)
        self.wanted: dict[int, tuple[str, str]] = {}

    def ask(self) -> None:
        """Ask for something, with headers that come again and such that do not."""
        said = self.random.choice('abcdefgh') * self.random.randrange(1, 60)
        path = self.random.choice(ASKED.get(self.name, (f'/{self.random.randrange(50)}?{self.random.randrange(3)}',)))
        fields = [('x-said', said), ('x-more', f'{self.random.randrange(500)}'), *(OF_GRPC if self.name == 'grpcio' else ())]
        content = b'\0\0\0\0\1a' if self.name == 'grpcio' else b''
        self.wanted[self.client.ask(path, content, fields=fields, method='POST' if content else 'GET')] = said, path

    def check(self, stream: int) -> None:
        """Look at a response that has passed."""
        answer, (said, path) = self.client.answers[stream], self.wanted[stream]
        fields = dict(answer.fields)
        if self.name == 'nghttpd':
            assert answer.status == (200 if path == '/' else 404)
            assert fields[b'server'].startswith(b'nghttpd')
        elif self.name == 'nginx':
            assert (answer.status, answer.body) == (200, b'localhost')
        elif self.name == 'grpcio':
            assert (answer.status, answer.body, dict(answer.trailers)[b'grpc-status']) == (200, b'\0\0\0\0\1a', b'0')
            assert dict(answer.trailers)[b'x-said'] == said.encode()
        else:
            whole = f'{said}|{path}'
            assert (answer.status, answer.body.decode(), fields[b'x-half'].decode()) == (200, whole, whole[:len(whole) // 2])


def drop(daemon, name, address):
    """Let many be dropped, and look at all others."""
    with between(daemon, f'tables-{name}', address, 'http', MIX) as proxy, Client(proxy.port) as client:
        asking, passed, counts = Asking(client, name), 0, {'request': 0, 'response': 0}
        while min(counts.values()) < DROPPED:
            for _ in range(AT_ONCE):
                asking.ask()
            client.wait()
            for stream in asking.wanted:
                answer = client.answers[stream]
                if answer.status == 503:
                    counts['request'] += 1
                elif answer.code is not None:
                    assert answer.code == 2
                    counts['response'] += 1
                else:
                    asking.check(stream)
                    passed += 1
            asking.wanted.clear()
            client.answers.clear()
            client.events.clear()
        assert passed > DROPPED / 4
        assert (proxy.count('accepted'), proxy.unread) == (1, [])


def test_tables_stay_right(daemon, peer):
    name, server = peer
    if name == 'grpcio':
        server.echo.says = True
    drop(daemon, name, f'unix:{server.folder}/http2.socket' if name == 'nginx' else server.address)
