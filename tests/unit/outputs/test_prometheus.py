"""The page of counters: what Prometheus reads of it is what happened."""
import contextlib

from prometheus_client.parser import text_string_to_metric_families

from tests.support.control_client import steering
from tests.support.hosting import spec_for
from tests.support.peers import connect, echo_server, read_to_end
from vaurien import __version__
from vaurien.outputs.prometheus import FAMILIES
from vaurien.spec import ToxicSpec


def samples(server):
    """Return the samples by name and labels, as Prometheus reads them."""
    answer = server.ask('GET', '/metrics')
    assert answer.status == 200
    assert answer.headers['content-type'].startswith('text/plain; version=')
    families = text_string_to_metric_families(answer.body.decode())
    return {(sample.name, *sorted(sample.labels.items())): sample.value for family in families for sample in family.samples}


def test_every_proxy_is_in_every_family():
    with steering(spec_for('127.0.0.1:9'), spec_for('127.0.0.1:9', name='quote"\\\n')) as server:
        found = samples(server)
        assert found['vaurien_info', ('version', __version__)] == 1
        for proxy in ('default', 'quote"\\\n'):
            assert found['vaurien_proxy_enabled', ('proxy', proxy)] == 1
            assert found['vaurien_accepted_total', ('proxy', proxy)] == 0
        names = {name.removesuffix('_total') for name, *_ in found}
        assert names == set(FAMILIES) - {'vaurien_faults'} | {'vaurien_info'}


def test_the_plan_and_the_scenario_are_told():
    with steering(spec_for('127.0.0.1:9', protocol='redis')) as server:
        assert server.ask('POST', '/v1/plan', {'faults': ['GET a = loading']}).status == 201
        server.fleet.scenario = 'a "storm"'
        found = samples(server)
        assert found['vaurien_plan_applied_total', ('entry', '1')] == found['vaurien_plan_matched_total', ('entry', '1')] == 0
        assert found['vaurien_scenario_playing', ('scenario', 'a "storm"')] == 1


def test_a_disabled_proxy_is_seen():
    with steering(spec_for('127.0.0.1:9', enabled=False)) as server:
        assert samples(server)['vaurien_proxy_enabled', ('proxy', 'default')] == 0


def test_sessions_bytes_and_exchanges_are_counted_while_they_last():
    proxy = ('proxy', 'default')
    with echo_server() as backend, steering(spec_for(backend)) as server:
        with connect(server.host.port) as client:
            client.sendall(b'hello')
            client.recv(5)
            live = samples(server)
            assert live['vaurien_sessions', proxy] == 1
            assert live['vaurien_bytes_total', proxy, ('source', 'client')] == 5
            assert live['vaurien_bytes_total', proxy, ('source', 'backend')] == 5
            assert live['vaurien_exchanges_total', proxy] == 1
        server.host.wait_idle()
        assert samples(server) == {**live, ('vaurien_sessions', proxy): 0}


def test_bytes_are_counted_under_the_names_of_toxiproxy_too():
    lost = (ToxicSpec(type='limit_data', attributes={'bytes': 2}),)
    with echo_server() as backend, steering(spec_for(backend, toxics=lost)) as server:
        with connect(server.host.port) as client:
            client.sendall(b'hello')
            assert read_to_end(client) == b'he'
        server.host.wait_idle()
        found = samples(server)
        where = ('listener', str(server.host.proxy.bound)), ('proxy', 'default'), ('upstream', backend.address)
        counts = {(what, way): found[(f'toxiproxy_proxy_{what}_bytes_total', ('direction', way), *where)]
                  for what in ('received', 'sent') for way in ('upstream', 'downstream')}
        assert counts == {('received', 'upstream'): 5, ('sent', 'upstream'): 5,
                          ('received', 'downstream'): 5, ('sent', 'downstream'): 2}


def test_faults_are_counted_by_proxy_behavior_and_kind():
    with echo_server() as backend, steering(spec_for(backend, 'error')) as server:
        with connect(server.host.port) as client:
            client.sendall(b'hello')
            client.recv(100)
        assert samples(server)['vaurien_faults_total', ('behavior', 'error'), ('kind', 'random-bytes'), ('proxy', 'default')] == 1


def test_an_unreachable_backend_is_counted():
    with steering(spec_for('127.0.0.1:9')) as server:
        with contextlib.suppress(ConnectionResetError), connect(server.host.port) as client:   # while it connects, or after
            assert client.recv(1) == b''
        assert samples(server)['vaurien_backend_errors_total', ('proxy', 'default')] == 1
