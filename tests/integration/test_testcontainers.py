"""``VaurienContainer`` before an engine that is not one: it takes what the library tells an engine, and runs the real vaurien of
this checkout in place of a container. No real engine is asked; that the image starts there is not shown here."""
import contextlib
import sys

import pytest
import redis
from testcontainers.core import container as library
from testcontainers.core.config import ConnectionMode, testcontainers_config

from tests.support.daemon import Daemon
from tests.support.peers import free_port
from vaurien.client import Client, RefusedError
from vaurien.errors import ConfigError, UnusedFaultError
from vaurien.testcontainers import VaurienContainer
from vaurien.testcontainers import container as ours


class Running:
    """What the library holds for a container: an id, a state and an end.

    Attributes:
        told: What the engine was told of it, by name.
    """

    status = 'running'

    def __init__(self, **told):
        self.told, self.id, self.short_id, self.daemon = told, 'one', 'one', None

    def remove(self, **_):
        if self.daemon:
            self.daemon.close()

    def logs(self, **_):
        return b''

    def reload(self):
        pass


class Engine:
    """In place of the library's client of an engine. A port of a container is the same one outside."""

    def __init__(self, **_):
        self.client = contextlib.closing(None)
        self.client.close = lambda: None
        self.running = None

    def create(self, image, **told):
        self.running = Running(image=image, **told)
        return self.running

    def start(self, running):
        assert running.told['environment'].keys() == {'VAURIEN_HTTP_TOKEN'}
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv('VAURIEN_HTTP_TOKEN', running.told['environment']['VAURIEN_HTTP_TOKEN'])
            running.daemon = Daemon(*running.told['command'])

    def port(self, id, port):
        assert id == self.running.id
        assert str(port) in self.running.told['ports'], 'the engine was not told to publish it'
        return str(port)

    def host(self):
        return '127.0.0.1'

    def get_connection_mode(self):
        return ConnectionMode.docker_host


@pytest.fixture
def started(monkeypatch, redis_server):
    """Make containers of the engine, which listen on this machine alone."""
    monkeypatch.setattr(library, 'DockerClient', Engine)
    monkeypatch.setattr(testcontainers_config, 'ryuk_disabled', True)
    monkeypatch.setattr(ours, 'EVERYWHERE', '127.0.0.1')
    return lambda **more: VaurienContainer('vaurien:3', ports=[free_port()], control_port=free_port(), **more)


def test_a_proxy_in_the_container_fails_as_redis_does_for_the_length_of_a_block(started, redis_server):
    with started(seed=7) as container:
        cache = container.get_proxy('127.0.0.1', redis_server.port, protocol='redis', name='cache')
        assert (cache.seed, cache.name) == (7, 'cache')
        with redis.Redis(cache.host, cache.port) as client:
            client.set('city', 'Oslo')
            with cache.behavior('error', kind='readonly'), pytest.raises(redis.ReadOnlyError):
                client.set('city', 'Bergen')
            assert client.get('city') == b'Oslo'
        assert [fault.kind for fault in cache.faults] == ['readonly']


def test_a_fault_that_never_was_applied_is_an_error_at_the_end_of_the_block(started, redis_server):
    with pytest.raises(UnusedFaultError, match='readonly'), started() as container:
        container.get_proxy('127.0.0.1', redis_server.port, protocol='redis',
                            mix=[{'name': 'error', 'settings': {'kind': 'readonly'}}])


def test_an_error_of_the_block_is_not_hidden_by_an_unused_fault(started, redis_server):
    def fail():
        with started() as container:
            container.get_proxy('127.0.0.1', redis_server.port, protocol='redis', mix=[{'name': 'error'}])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()


def test_what_cannot_be_made_is_refused_in_one_line_and_takes_no_port(started, redis_server):
    with started() as container:
        with pytest.raises(RefusedError, match='redsi'):
            container.get_proxy('127.0.0.1', redis_server.port, protocol='redsi')
        proxy = container.get_proxy('127.0.0.1', redis_server.port)
        assert proxy.name == f'127.0.0.1-{redis_server.port}'
        with pytest.raises(ConfigError, match='^ports: .* expected no more proxies than the container was given ports for$'):
            container.get_proxy('127.0.0.1', redis_server.port, name='second')


def test_the_control_server_asks_for_the_token_that_the_container_has_drawn(started):
    with started() as container:
        assert container.client.proxies() == []
        channel = container.client.channel
        host, port = channel.address.split(':')
        with pytest.raises(RefusedError, match='token'):
            Client(host, int(port), 'another').proxies()


def test_an_engine_is_told_the_image_the_ports_and_a_token_of_this_container(monkeypatch):
    monkeypatch.setattr(library, 'DockerClient', Engine)
    one, other = VaurienContainer('vaurien:3'), VaurienContainer('vaurien:3')
    assert one.token != other.token
    assert one.env == {'VAURIEN_HTTP_TOKEN': one.token}
    assert one.image == 'vaurien:3'
    assert list(map(int, one.ports)) == [8474, *range(8666, 8698)]
    assert one._command == ['--fleet-only', '--http', '--http-host', '0.0.0.0', '--http-port', '8474']


def test_without_the_library_one_line_says_which_extra_has_it(monkeypatch):
    for name in [name for name in sys.modules if name.startswith('vaurien.testcontainers')]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, 'testcontainers.core.container', None)
    with pytest.raises(ImportError, match=r'^vaurien.testcontainers needs .*pip install "vaurien\[testcontainers\]"'):
        __import__('vaurien.testcontainers')
