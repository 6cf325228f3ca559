"""The fleet: a change is whole or not at all, and says why not."""
import pytest

from tests.support.hosting import hosted, spec_for
from tests.support.peers import connect, echo_server, free_port
from vaurien.errors import ConfigError, UnknownPluginError
from vaurien.proxies.fleet import NameTakenError, UnknownProxyError
from vaurien.spec import BehaviorSpec, ToxicSpec

NOWHERE = '127.0.0.1:9'
HANG = (BehaviorSpec(name='hang'),)


@pytest.fixture
def host():
    with hosted(spec_for(NOWHERE, '10:error')) as running:
        yield running


def state(host):
    """Return all that a change could have touched."""
    return {name: (proxy.spec, proxy.address, proxy.started, str(proxy.chaos), proxy.backend, dict(proxy.settings))
            for name, proxy in host.fleet.proxies.items()}


BAD = {
    'a taken port': ({'proxy': '127.0.0.1:TAKEN'}, OSError),
    'an address that is none': ({'proxy': 'x'}, ConfigError),
    'a host that nobody knows': ({'proxy': 'nobody.invalid:0'}, OSError),
    'a backend that is none': ({'backend': 'x'}, ConfigError),
    'a backend that nobody can connect to': ({'backend': ':0'}, ConfigError),
    'an unknown protocol': ({'protocol': 'x'}, UnknownPluginError),
    'an unknown option of the protocol': ({'protocol_settings': {'x': 1}}, ConfigError),
    'an unknown behavior': ({'mix': (BehaviorSpec(name='x'),)}, UnknownPluginError),
    'a bad option': ({'mix': (BehaviorSpec(name='delay', settings={'sleep': 'x'}),)}, ConfigError),
    'too much': ({'mix': (BehaviorSpec(name='delay', percent=60), BehaviorSpec(name='hang', percent=60))}, ConfigError),
    'an unknown toxic': ({'toxics': (ToxicSpec(type='x'),)}, UnknownPluginError),
}


@pytest.mark.parametrize('case', BAD)
def test_a_change_that_fails_changes_nothing(host, case):
    fields, error = BAD[case]
    with echo_server() as taken:
        fields = {name: value.replace('TAKEN', str(taken.port)) if isinstance(value, str) else value
                  for name, value in fields.items()}
        before = state(host)
        good = {'timeout': 1.0, 'mix': HANG, 'backend': 'localhost:1', 'max_connections': 3}
        with pytest.raises(error):
            host.change(**{**good, **fields})
        assert state(host) == before
        with pytest.raises(error):
            host.call(lambda: host.fleet.create(spec_for(**{'backend': NOWHERE, 'name': 'new', **fields})))
        assert state(host) == before


def test_a_name_is_taken_once(host):
    with pytest.raises(NameTakenError, match=r"^the 'default' proxy exists already$"):
        host.call(lambda: host.fleet.create(spec_for(NOWHERE)))
    with pytest.raises(ConfigError):
        host.call(lambda: host.fleet.create(spec_for(NOWHERE, name='')))
    assert list(host.fleet.proxies) == ['default']


@pytest.mark.parametrize('job', [
    lambda fleet: fleet.get('x'), lambda fleet: fleet.change('x', enabled=False), lambda fleet: fleet.remove('x'),
    lambda fleet: fleet.reset('x'),
])
def test_an_unknown_proxy_is_said_to_be_unknown(host, job):
    with pytest.raises(UnknownProxyError, match='default'):
        host.call(lambda: job(host.fleet))


def test_a_removed_proxy_gives_its_port_and_its_name_back(host):
    address = host.proxy.address
    host.call(lambda: host.fleet.remove('default'))
    host.call(lambda: host.fleet.create(spec_for(NOWHERE, proxy=address)))
    assert host.proxy.address == address


def test_a_disabled_proxy_refuses_and_comes_back_at_the_port_it_had():
    with echo_server() as backend, hosted(spec_for(backend)) as host:
        port = host.port
        for _ in range(3):
            host.change(enabled=False)
            with pytest.raises(ConnectionRefusedError):
                connect(port)
            host.change(enabled=True)
            connect(port).close()


def test_a_change_of_the_address_keeps_sessions():
    with echo_server() as backend, hosted(spec_for(backend)) as host, connect(host.port) as client:
        old, new = host.port, free_port()
        host.change(proxy=f'127.0.0.1:{new}')
        client.sendall(b'hello')
        assert client.recv(5) == b'hello'
        connect(new).close()
        with pytest.raises(ConnectionRefusedError):
            connect(old)


def test_reset_takes_all_back_to_what_they_were_created_as(host):
    host.call(lambda: host.fleet.create(spec_for(NOWHERE, name='other', enabled=False)))
    before = state(host)
    host.change(mix=HANG, backend='localhost:1', toxics=(ToxicSpec(type='noop'),), enabled=False)
    host.change('other', timeout=1.0, protocol='http')
    host.call(lambda: host.fleet.reset())
    assert state(host) == before


def test_a_reset_that_fails_for_one_changes_none(host):
    with echo_server() as taken:
        at = f'127.0.0.1:{taken.port}'
        host.call(lambda: host.fleet.create(spec_for(NOWHERE, name='late', proxy=at, enabled=False)))
        host.change(mix=HANG)
        host.change('late', proxy='127.0.0.1:0', enabled=True)
        host.fleet._created['late'] = spec_for(NOWHERE, name='late', proxy=at)
        before = state(host)
        with pytest.raises(OSError, match='in use'):
            host.call(lambda: host.fleet.reset())
        assert state(host) == before
