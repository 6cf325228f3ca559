"""The fleet: a change is whole or not at all, and says why not."""
import gevent
import msgspec
import pytest
from gevent.event import Event

from tests.support.hosting import hosted, registered, spec_for
from tests.support.peers import ask, connect, echo_server, free_port
from tests.support.unit_of_time import PATIENCE
from vaurien.errors import ConfigError, UnknownPluginError, VaurienError
from vaurien.net import sockets
from vaurien.proxies.refusals import NameTakenError, StoppingError, UnknownProxyError
from vaurien.spec import BehaviorSpec, ToxicSpec
from vaurien.toxics import TOXICS, Toxic

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


def test_reset_takes_proxies_back_that_have_swapped_their_ports(host):
    host.call(lambda: host.fleet.create(spec_for(NOWHERE, name='other', proxy=f'127.0.0.1:{free_port()}')))
    host.call(lambda: host.fleet.create(spec_for(NOWHERE, name='third', proxy=f'127.0.0.1:{free_port()}')))
    before = state(host)
    other, third = before['other'][1], before['third'][1]
    host.change('third', proxy='127.0.0.1:0')
    host.change('other', proxy=third)
    host.change('third', proxy=other)
    host.call(lambda: host.fleet.reset())
    assert state(host) == before


# -- what waits while a change is prepared

def test_a_name_to_listen_at_never_holds_up_the_loop(host):
    """The trap of ``hosted`` would tell; not even where a change is taken back."""
    with echo_server() as taken:
        named = spec_for(NOWHERE, name='named', proxy='localhost:0')
        host.call(lambda: host.fleet.create(named))
        address = host.fleet.proxies['named'].address
        for fields in ({'enabled': False}, {'enabled': True}, {'proxy': '127.0.0.1:0'}, {'proxy': 'localhost:0'}):
            host.change('named', **fields)
            sockets._names.clear()
        host.call(lambda: host.fleet.reset())
        with pytest.raises(OSError, match='in use'):
            host.call(lambda: host.fleet.reconcile([spec_for(NOWHERE, name='new', proxy='localhost:0'),
                                                    spec_for(NOWHERE, name='taken', proxy=f'localhost:{taken.port}')]))
    assert address.startswith('127.0.0.1:')
    assert host.fleet.proxies['named'].started


@pytest.fixture
def begin(host, monkeypatch):
    """Begin a change that waits for the name slow.test; what is returned lets it be known, and returns how the change ended."""
    asked, answered, resolve = Event(), Event(), sockets.place_of

    def place_of(address):
        if address.host == 'slow.test':
            asked.set()
            answered.wait()
        return resolve(address._replace(host='127.0.0.1'))
    monkeypatch.setattr(sockets, 'place_of', place_of)

    def beginning(change):
        changing = host.call(lambda: gevent.spawn(outcome, change, host.fleet))
        host.call(asked.wait)
        return lambda: host.call(answered.set) or host.call(changing.get)
    return beginning


def outcome(change, fleet):
    """Return the error that a change ends with, or None."""
    try:
        change(fleet)
    except VaurienError as error:
        return error
    return None


@pytest.fixture
def waiting(begin):
    return begin(lambda fleet: fleet.change('default', proxy='slow.test:0'))


def test_a_change_that_waits_is_made_of_what_others_have_made_meanwhile(host, waiting):
    host.change(mix=HANG)
    assert waiting() is None
    assert (host.proxy.spec.mix, host.proxy.spec.proxy, host.proxy.started) == (HANG, 'slow.test:0', True)


@pytest.mark.parametrize('end, error', [
    (lambda fleet: fleet.remove('default'), UnknownProxyError), (lambda fleet: fleet.close(), StoppingError),
], ids=['removed', 'closed'])
def test_a_change_that_waits_does_not_bring_back_what_is_gone(host, waiting, end, error):
    proxy = host.proxy
    host.call(lambda: end(host.fleet))
    assert isinstance(waiting(), error)
    assert not proxy.started


def test_what_is_removed_while_a_reset_waits_is_not_reset(host, begin):
    host.call(lambda: host.fleet.create(spec_for(NOWHERE, name='other')))
    host.fleet._created['default'] = spec_for(NOWHERE, proxy='slow.test:0')
    finish = begin(lambda fleet: fleet.reset())
    host.call(lambda: host.fleet.remove('other'))
    assert finish() is None
    assert list(host.fleet.proxies) == ['default']


def test_what_is_removed_while_the_configuration_waits_is_made_again(host, begin):
    specs = [spec_for(NOWHERE, name=name) for name in ('one', 'two')]
    host.call(lambda: host.fleet.reconcile(specs))
    changed = [spec_for(NOWHERE, name='one', proxy='slow.test:0'), spec_for(NOWHERE, 'error', name='two')]
    finish = begin(lambda fleet: fleet.reconcile(changed))
    host.call(lambda: host.fleet.remove('two'))
    assert finish() is None
    assert [(name, str(proxy.chaos)) for name, proxy in host.fleet.proxies.items()] == [
        ('default', '10:error'), ('one', 'dummy'), ('two', 'error')]


def test_a_change_waits_for_one_whose_plugin_waits_where_it_is_made():
    made, going_on = [], Event()

    class Patient(Toxic):
        """Takes its time."""

        name = 'patient'

        def __init__(self, *args):
            super().__init__(*args)
            made.append(self)
            if len(made) == 2:  # the first one was made to see whether it can be
                going_on.wait()
    with registered(TOXICS, Patient), echo_server() as backend, hosted(spec_for(backend)) as host, connect(host.port) as client:
        assert ask(client, b'a session') == b'a session'
        off = host.call(lambda: gevent.spawn(host.fleet.change, 'default', toxics=(ToxicSpec(type='patient'),), enabled=False))
        host.call(lambda: gevent.idle())
        on = host.call(lambda: gevent.spawn(host.fleet.change, 'default', enabled=True))
        host.call(lambda: gevent.idle())
        host.call(going_on.set)
        for change in (off, on):
            host.call(change.get)
        assert len(made) > 1
        assert host.proxy.started
        assert host.proxy.spec.enabled


# -- the end

@pytest.fixture
def draining():
    """A fleet of two proxies that is draining, and a client that lets it wait."""
    with echo_server() as backend, hosted(spec_for(backend), spec_for(backend, name='other')) as running, \
            connect(running.port) as client:
        assert ask(client, b'before') == b'before'
        running.drained = running.call(lambda: gevent.spawn(running.fleet.drain, PATIENCE))
        running.call(lambda: gevent.idle())
        yield running, client


CHANGES = {
    'create': lambda fleet: fleet.create(spec_for(NOWHERE, name='new')),
    'change': lambda fleet: fleet.change('default', mix=HANG),
    'toxics': lambda fleet: fleet.change('default', toxics=(ToxicSpec(type='noop'),)),
    'enable': lambda fleet: fleet.change('other', enabled=True),
    'disable': lambda fleet: fleet.disable('default'),
    'reset': lambda fleet: fleet.reset(),
    'reset one': lambda fleet: fleet.reset('other'),
    'reconcile': lambda fleet: fleet.reconcile([spec_for(NOWHERE, name='new')]),
    'nothing': lambda fleet: fleet.reconcile([]),
}


@pytest.mark.parametrize('change', CHANGES)
def test_a_fleet_that_drains_changes_no_more(draining, change):
    host, client = draining
    before = state(host)
    with pytest.raises(StoppingError, match='^vaurien is stopping, and changes nothing any more$'):
        host.call(lambda: CHANGES[change](host.fleet))
    assert state(host) == before
    assert not any(proxy.started for proxy in host.fleet.proxies.values())
    assert ask(client, b'still there') == b'still there'


def test_a_proxy_is_removed_while_the_fleet_drains(draining):
    host, client = draining
    host.call(lambda: host.fleet.remove('other'))
    client.close()
    assert host.call(host.drained.get) == 0
    assert not host.fleet.proxies


def test_removing_what_is_waited_for_ends_the_wait(draining):
    host, _ = draining
    host.call(lambda: host.fleet.remove('default'))
    assert host.call(host.drained.get) == 0


def test_several_proxies_become_what_specs_say_all_of_them_or_none(host):
    other = host.call(lambda: host.fleet.create(spec_for(NOWHERE, name='other')).spec)
    first = host.proxy.spec
    before = state(host)
    bad = msgspec.structs.replace(other, toxics=(ToxicSpec(type='nothing'),))
    with pytest.raises(UnknownPluginError):
        host.call(lambda: host.fleet.become([msgspec.structs.replace(first, mix=HANG), bad]))
    assert state(host) == before
    with pytest.raises(UnknownProxyError):
        host.call(lambda: host.fleet.become([first, spec_for(NOWHERE, name='nobody')]))
    wanted = [msgspec.structs.replace(spec, mix=HANG, enabled=False) for spec in (first, other)]
    host.call(lambda: host.fleet.become(wanted))
    assert [proxy.spec for proxy in host.fleet.proxies.values()] == wanted
    assert not any(proxy.started for proxy in host.fleet.proxies.values())


def test_what_specs_say_is_no_beginning_that_a_reset_comes_back_to(host):
    spec = host.proxy.spec
    host.call(lambda: host.fleet.become([msgspec.structs.replace(spec, mix=HANG)]))
    host.call(host.fleet.reset)
    assert host.proxy.spec == spec


def test_a_proxy_that_was_disabled_comes_back_where_it_was(host):
    spec, address = host.proxy.spec, host.proxy.address
    for enabled in (False, True):
        host.call(lambda enabled=enabled: host.fleet.become([msgspec.structs.replace(spec, enabled=enabled)]))
    assert (host.proxy.started, host.proxy.address) == (True, address)
