"""Clients of Toxiproxy that nobody here wrote, driving vaurien unchanged: toxiproxy-node-client, toxiproxy-python and
chaostoolkit-toxiproxy. What crashes or hangs the original is harmless here.
"""
import time
from types import SimpleNamespace

import pytest
import requests
import toxiproxy
from chaoslib.experiment import run_experiment
from chaostoxi.proxy import actions, probes
from chaostoxi.toxic import actions as toxics
from toxiproxy.exceptions import InvalidToxic, NotFound, ProxyExists

from tests.conftest import fixture
from tests.support.daemon import daemon
from tests.support.peers import Backend, ask, black_hole, connect, free_port, read_exactly, read_to_end, source
from tests.support.toxiproxy_node import Node, NodeError, node_client
from tests.support.unit_of_time import MS, PATIENCE

DELAY = int(100 * MS * 1000)    #: [ms]
MUCH = 64 * 2 ** 20             #: [bytes] more than all buffers between two peers hold

node_folder = fixture(node_client)


@pytest.fixture(scope='module')
def vaurien():
    with daemon('--fleet-only', '--http', '--http-port', '0', proxies=0) as process:
        yield process
        assert 'Traceback' not in process.log


@pytest.fixture
def control(vaurien):
    """The URL of a vaurien that has no proxy."""
    yield vaurien.control
    for name in requests.get(f'{vaurien.control}/proxies', timeout=PATIENCE).json():
        assert requests.delete(f'{vaurien.control}/proxies/{name}', timeout=PATIENCE).status_code == 204


def port_of(address):
    return int(address.rpartition(':')[2])


def echoes(address):
    """Return whether an echo comes through a proxy."""
    with connect(port_of(address)) as client:
        return ask(client, b'ping') == b'ping'


def refuses(address):
    """Return whether nobody listens."""
    try:
        connect(port_of(address)).close()
    except ConnectionRefusedError:
        return True
    return False


def milliseconds(address):
    """Return how long an echo takes."""
    with connect(port_of(address)) as client:
        ask(client, b'warm')
        start = time.monotonic()
        ask(client, b'ping')
        return (time.monotonic() - start) * 1000


# -- toxiproxy-node-client

@pytest.fixture
def node(node_folder, control):
    process = Node(node_folder)
    process.call('', 'new', control, into='api')
    yield process
    process.close()


def test_node_makes_changes_and_removes_a_proxy(node, echo_server):
    assert node.call('api', 'getVersion') == '{"version": "2.12.0"}\n'
    body = {'name': 'echo', 'listen': '127.0.0.1:0', 'upstream': echo_server.address}
    made = node.call('api', 'createProxy', body, into='echo')
    assert made == {**body, 'listen': made['listen'], 'enabled': True}
    assert echoes(made['listen'])
    assert node.call('api', 'getAll') == {'echo': made}
    assert node.call('echo', 'update', {**made, 'enabled': False}) == {**made, 'enabled': False}
    assert refuses(made['listen'])
    assert node.call('echo', 'update', {**made, 'enabled': True}) == made
    assert echoes(made['listen'])
    node.call('echo', 'remove')
    assert node.call('api', 'getAll') == {}
    assert refuses(made['listen'])


def test_node_adds_changes_and_removes_a_toxic(node, echo_server):
    made = node.call('api', 'createProxy', {'name': 'echo', 'listen': '127.0.0.1:0', 'upstream': echo_server.address},
                     into='echo')
    body = {'name': 'slow', 'type': 'latency', 'stream': 'upstream', 'toxicity': 1,
            'attributes': {'latency': DELAY, 'jitter': 0}}
    assert node.call('echo', 'addToxic', body, into='slow') == body
    assert milliseconds(made['listen']) >= DELAY
    twice = {'latency': 2 * DELAY, 'jitter': 0}
    assert node.call('slow', 'update', {'attributes': twice, 'toxicity': 1}) == {**body, 'attributes': twice}
    assert node.call('echo', 'getToxic', 'slow')['attributes'] == twice
    assert milliseconds(made['listen']) >= 2 * DELAY
    node.call('slow', 'remove')
    assert milliseconds(made['listen']) < DELAY


def test_node_populates_and_resets(node, echo_server):
    listed = [{'name': name, 'listen': '127.0.0.1:0', 'upstream': echo_server.address} for name in ('one', 'two')]
    made = node.call('api', 'populate', listed)
    assert list(made) == ['one', 'two']
    node.call('api', 'get', 'one', into='one')
    node.call('one', 'addToxic', {'type': 'timeout', 'attributes': {'timeout': 0}})
    node.call('one', 'update', {'enabled': False})
    node.call('api', 'reset')
    assert node.call('api', 'getAll') == made
    assert all(echoes(proxy['listen']) for proxy in made.values())


@pytest.mark.parametrize('call, args, status', [
    ('createProxy', [{'name': 'echo', 'upstream': '127.0.0.1:9'}], 409),
    ('createProxy', [{'name': 'other'}], 400),
    ('get', ['nobody'], 404),
])
def test_node_hears_what_is_wrong(call, args, status, node):
    node.call('api', 'createProxy', {'name': 'echo', 'listen': '127.0.0.1:0', 'upstream': '127.0.0.1:9'})
    with pytest.raises(NodeError, match=f'status code {status}'):
        node.call('api', call, *args)


# -- toxiproxy-python

@pytest.fixture
def python(control):
    client = toxiproxy.Toxiproxy()
    client.update_api_consumer('127.0.0.1', port_of(control))
    return client


def test_python_takes_a_proxy_down_and_up(python, echo_server):
    assert python.running()
    assert python.version() == b'{"version": "2.12.0"}\n'
    proxy = python.create(echo_server.address, 'echo')
    assert echoes(proxy.listen)
    with connect(port_of(proxy.listen)) as client:
        ask(client, b'ping')
        with proxy.down():
            assert refuses(proxy.listen)
            assert read_to_end(client) == b''
    assert echoes(proxy.listen)
    assert python.get_proxy('echo').upstream == echo_server.address
    python.destroy(proxy)
    assert python.proxies() == {}


def test_python_adds_lists_and_destroys_toxics(python, echo_server):
    proxy = python.create(echo_server.address, 'echo')
    proxy.add_toxic(type='latency', attributes={'latency': DELAY})
    proxy.add_toxic(type='bandwidth', stream='upstream', toxicity=0.25, attributes={'rate': 1000})
    assert list(proxy.toxics()) == ['bandwidth_upstream', 'latency_downstream']
    assert proxy.get_toxic('latency_downstream').attributes == {'latency': DELAY, 'jitter': 0}
    assert proxy.get_toxic('bandwidth_upstream').toxicity == 0.25
    assert milliseconds(proxy.listen) >= DELAY
    proxy.destroy_toxic('latency_downstream')
    assert milliseconds(proxy.listen) < DELAY
    python.reset()
    assert proxy.toxics() == {}


def test_python_populates_once(python, echo_server):
    listed = [{'name': 'echo', 'upstream': echo_server.address, 'listen': f'127.0.0.1:{free_port()}'}]
    assert [proxy.name for proxy in python.populate(listed)] == ['echo']
    assert python.populate(listed) == []
    assert echoes(python.get_proxy('echo').listen)


def test_python_raises_its_own_exceptions(python):
    proxy = python.create('127.0.0.1:9', 'echo')
    with pytest.raises(ProxyExists):
        python.create('127.0.0.1:9', 'echo')
    with pytest.raises(InvalidToxic, match='invalid toxic type'):
        proxy.add_toxic(type='gremlins')
    with pytest.raises(InvalidToxic, match='stream was invalid'):
        proxy.add_toxic(type='latency', stream='sideways')
    with pytest.raises(NotFound, match='toxic not found'):
        proxy.destroy_toxic('nobody')
    python.destroy(proxy)
    with pytest.raises(NotFound, match='proxy not found'):
        proxy.toxics()


# -- chaostoolkit-toxiproxy

@pytest.fixture
def chaos(control, monkeypatch):
    monkeypatch.setattr(actions, 'environ', {})     # it leaves the ports of proxies there
    return SimpleNamespace(proxy=actions, probes=probes, toxics=toxics,
                           settings={'toxiproxy_host': '127.0.0.1', 'toxiproxy_port': port_of(control)})


def test_chaostoolkit_makes_a_proxy_and_finds_its_port(chaos, echo_server):
    host, port = echo_server.address.split(':')
    assert chaos.proxy.create_proxy('echo', host, int(port), configuration=chaos.settings)
    address = f'127.0.0.1:{chaos.settings["echo_PORT"]}'
    assert echoes(address)
    assert chaos.probes.proxy_exist('echo', configuration=chaos.settings)
    assert chaos.probes.get_proxy_attribute('echo', 'upstream', configuration=chaos.settings) == echo_server.address
    assert chaos.proxy.disable_proxy('echo', configuration=chaos.settings)
    assert refuses(address)
    assert chaos.proxy.enable_proxy('echo', configuration=chaos.settings)
    assert echoes(f'127.0.0.1:{chaos.settings["echo_PORT"]}')
    chaos.proxy.delete_proxy('echo', configuration=chaos.settings)
    assert not chaos.probes.proxy_exist('echo', configuration=chaos.settings)


CHAOS_TOXICS = {
    'create_latency_toxic': {'latency': 1}, 'create_bandwith_degradation_toxic': {'rate': 1000},
    'create_slow_connection_close_toxic': {'delay': 1}, 'create_limiter_toxic': {'bytes_limit': 1000},
    'create_timeout_toxic': {'timeout': 60_000}, 'create_slicer_toxic': {'average_size': 2, 'size_variation': 1, 'delay': 1},
}


@pytest.mark.parametrize('action', CHAOS_TOXICS)
def test_chaostoolkit_adds_each_of_its_toxics_and_deletes_it(action, chaos, echo_server):
    host, port = echo_server.address.split(':')
    chaos.proxy.create_proxy('echo', host, int(port), configuration=chaos.settings)
    assert getattr(chaos.toxics, action)('echo', 'it', **CHAOS_TOXICS[action], configuration=chaos.settings)
    address = f'127.0.0.1:{chaos.settings["echo_PORT"]}'
    assert action == 'create_timeout_toxic' or echoes(address)
    assert chaos.toxics.delete_toxic('echo', 'it', configuration=chaos.settings)
    assert echoes(address)
    assert chaos.proxy.reset(configuration=chaos.settings)


def test_chaostoolkit_runs_an_experiment(chaos, echo_server):
    host, port = echo_server.address.split(':')

    def step(module, func, kind='action', **arguments):
        provider = {'type': 'python', 'module': f'chaostoxi.{module}', 'func': func, 'arguments': arguments}
        return {'type': kind, 'name': func, 'provider': provider}
    chaos.proxy.create_proxy('echo', host, int(port), configuration=chaos.settings)
    there = {**step('proxy.probes', 'proxy_exist', 'probe', proxy_name='echo'), 'tolerance': True}
    journal = run_experiment({
        'title': 'A slow wire', 'description': 'It comes and goes', 'configuration': chaos.settings,
        'steady-state-hypothesis': {'title': 'There is a proxy', 'probes': [there]},
        'method': [step('toxic.actions', 'create_latency_toxic', for_proxy='echo', toxic_name='slow', latency=DELAY)],
        'rollbacks': [step('proxy.actions', 'reset')],
    })
    assert (journal['status'], journal['deviated']) == ('completed', False)
    assert [run['output'] for run in journal['run'] + journal['rollbacks']] == [True, True]
    assert chaos.probes.get_proxy_attribute('echo', 'toxics', configuration=chaos.settings) == []


# -- what crashes or hangs the original

def test_a_slicer_with_its_defaults_passes_what_it_gets(python, echo_server):
    proxy = python.create(echo_server.address, 'echo')
    proxy.add_toxic(type='slicer')
    with connect(port_of(proxy.listen)) as client:
        assert ask(client, bytes(range(256))) == bytes(range(256))


def test_a_rate_below_zero_stalls_and_loses_nothing(python, echo_server):
    proxy = python.create(echo_server.address, 'echo')
    proxy.add_toxic(type='bandwidth', attributes={'rate': -1})
    with connect(port_of(proxy.listen)) as client:
        client.sendall(b'ping')
        client.settimeout(100 * MS)
        with pytest.raises(TimeoutError):
            client.recv(1)
        client.settimeout(PATIENCE)
        proxy.destroy_toxic('bandwidth_downstream')
        assert read_exactly(client, 4) == b'ping'


def test_a_client_that_reads_nothing_holds_up_no_call(python):
    with Backend(source(bytes(MUCH))) as backend:
        proxy = python.create(backend.address, 'source')
        proxy.add_toxic(type='latency', attributes={'latency': 1})
        with connect(port_of(proxy.listen)) as stuck:
            read_exactly(stuck, 1)
            time.sleep(100 * MS)    # by now everything on the way is full
            proxy.add_toxic(type='slicer', attributes={'average_size': 1000})
            proxy.destroy_toxic('latency_downstream')
            proxy.destroy_toxic('slicer_downstream')
            assert len(read_to_end(stuck)) == MUCH - 1


def test_a_backend_that_never_accepts_holds_up_no_other_client(python, control, echo_server):
    with black_hole() as hole:
        proxy = python.create(f'127.0.0.1:{hole}', 'hole')
        with connect(port_of(proxy.listen)) as waiting:
            body = {'upstream': echo_server.address}
            assert requests.post(f'{control}/proxies/hole', json=body, timeout=PATIENCE).json()['upstream'] == body['upstream']
            with pytest.raises(ConnectionResetError):
                waiting.recv(1)
            assert echoes(proxy.listen)
