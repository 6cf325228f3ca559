"""A configuration that has changed: the fleet becomes what it says, whole or not at all, and nobody else is touched."""
import pytest

from tests.support.hosting import spec_for
from tests.support.peers import ask, connect, echo_server, ending, free_port
from tests.unit.proxies.test_fleet import BAD, HANG, state
from vaurien.errors import ConfigError
from vaurien.proxies.reconcile import Difference, compare
from vaurien.proxies.refusals import NameTakenError


def reconcile(host, *specs):
    return host.call(lambda: host.fleet.reconcile(specs))


def port_of(host, name):
    return host.fleet.proxies[name].bound.port


def at(port):
    return f'127.0.0.1:{port}'


@pytest.mark.parametrize('there, before, wanted, work', [
    ('', {}, {'a': 1}, Difference(['a'], [], [])),
    ('a', {'a': 1}, {'a': 1}, Difference([], [], [])),
    ('a', {'a': 1}, {'a': 2}, Difference([], ['a'], [])),
    ('ab', {'a': 1, 'b': 1}, {'b': 1, 'c': 1}, Difference(['c'], [], ['a'])),
    ('x', {}, {}, Difference([], [], [])),                    # made by somebody else
])
def test_what_is_to_be_done(there, before, wanted, work):
    assert compare(there, before, wanted) == work


def test_work_is_said_in_words():
    assert str(Difference(['a', 'b'], [], ['c'])) == 'created a, b; removed c'
    assert str(Difference([], [], [])) == 'nothing has changed'


def test_what_did_not_change_keeps_its_sessions_and_counts(host, backend):
    specs = spec_for(backend, name='one'), spec_for(backend, name='two')
    reconcile(host, *specs)
    one = host.fleet.proxies['one']
    with connect(port_of(host, 'one')) as client:
        assert ask(client, b'before') == b'before'
        assert reconcile(host, specs[0], spec_for(backend, name='three')) == Difference(['three'], [], ['two'])
        assert host.fleet.proxies['one'] is one
        assert one.stats.accepted == 1
        assert ask(client, b'after') == b'after'


def test_what_changed_changes_live_and_keeps_its_sessions_counts_and_port(host, backend):
    reconcile(host, spec_for(backend, name='one'))
    port = port_of(host, 'one')
    with connect(port) as client:
        assert ask(client, b'before') == b'before'
        assert reconcile(host, spec_for(backend, 'error', name='one')) == Difference([], ['one'], [])
        client.sendall(b'now it fails')
        assert len(client.recv(1000)) == 100
        assert port_of(host, 'one') == port
        assert host.proxy.stats.accepted == 1


def test_what_is_gone_is_removed_with_its_sessions(host, backend):
    reconcile(host, spec_for(backend, name='one'))
    port = port_of(host, 'one')
    with connect(port) as client:
        assert ask(client, b'before') == b'before'
        reconcile(host)
        assert ending(client) == 'RST'
        with pytest.raises(ConnectionRefusedError):
            connect(port)


def test_what_others_made_is_left_alone(host, backend):
    host.call(lambda: host.fleet.create(spec_for(backend, name='mine')))
    reconcile(host, spec_for(backend, name='one'))
    reconcile(host)
    assert list(host.fleet.proxies) == ['mine']
    before = state(host)
    with pytest.raises(NameTakenError):
        reconcile(host, spec_for(backend, name='mine'), spec_for(backend, name='other'))
    assert state(host) == before


def test_what_others_changed_stays_until_the_configuration_says_something_else(host, backend):
    spec = spec_for(backend, name='one')
    reconcile(host, spec)
    host.change('one', mix=HANG)
    reconcile(host, spec)
    assert host.proxy.spec.mix == HANG
    reconcile(host, spec_for(backend, 'delay', name='one'))
    assert str(host.proxy.chaos) == 'delay'


def test_what_others_removed_comes_back(host, backend):
    spec = spec_for(backend, name='one')
    reconcile(host, spec)
    host.call(lambda: host.fleet.remove('one'))
    assert reconcile(host, spec) == Difference(['one'], [], [])


def test_reset_goes_back_to_what_the_configuration_says_now(host, backend):
    reconcile(host, spec_for(backend, name='one'))
    reconcile(host, spec_for(backend, 'delay', name='one'))
    host.change('one', mix=HANG)
    host.call(lambda: host.fleet.reset('one'))
    assert str(host.proxy.chaos) == 'delay'


def test_a_port_may_go_from_one_to_another(host, backend):
    here, there = free_port(), free_port()
    reconcile(host, spec_for(backend, name='a', proxy=at(here)), spec_for(backend, name='b', proxy=at(there)))
    with connect(here) as client:
        assert ask(client, b'open') == b'open'
        reconcile(host, spec_for(backend, name='a', proxy=at(there)), spec_for(backend, name='b', proxy=at(here)))
        assert ask(client, b'still') == b'still'
        assert (port_of(host, 'a'), port_of(host, 'b')) == (there, here)
        reconcile(host, spec_for(backend, name='c', proxy=at(here)))
        assert (list(host.fleet.proxies), port_of(host, 'c')) == (['c'], here)


def test_a_path_may_go_from_one_to_another(host, backend, tmp_path):
    path = f'unix:{tmp_path}/socket'
    reconcile(host, spec_for(backend, name='a', proxy=path))
    reconcile(host, spec_for(backend, name='b', proxy=path))
    assert (list(host.fleet.proxies), host.proxy.address) == (['b'], path)
    assert (tmp_path / 'socket').exists()


@pytest.mark.parametrize('new', [False, True], ids=['changed', 'new'])
@pytest.mark.parametrize('case', BAD)
def test_what_cannot_be_changes_nothing(host, backend, case, new):
    fields, error = BAD[case]
    with echo_server() as taken:
        fields = {name: value.replace('TAKEN', str(taken.port)) if isinstance(value, str) else value
                  for name, value in fields.items()}
        moving = free_port()
        reconcile(host, *(spec_for(backend, name=name) for name in ('one', 'two', 'three')))
        before = state(host)
        bad = spec_for(**{'backend': backend.address, 'name': 'new' if new else 'two', **fields})
        with connect(port_of(host, 'one')) as client, connect(port_of(host, 'three')) as gone:
            assert ask(client, b'before') + ask(gone, b'before') == b'beforebefore'
            with pytest.raises(error):
                reconcile(host, spec_for(backend, name='one', proxy=at(moving), mix=HANG), bad)
            assert state(host) == before
            assert ask(client, b'after') + ask(gone, b'after') == b'afterafter'
        for name in ('one', 'two', 'three'):
            connect(port_of(host, name)).close()
        reconcile(host, spec_for(backend, name='one'))
        assert list(host.fleet.proxies) == ['one']


def test_an_address_that_is_taken_at_the_last_moment_changes_nothing(host, backend, monkeypatch):
    ports = free_port(), free_port()
    swapped = [spec_for(backend, name=name, proxy=at(port)) for name, port in zip('ba', ports, strict=True)]
    reconcile(host, *(spec_for(backend, name=name, proxy=at(port)) for name, port in zip('ab', ports, strict=True)),
              spec_for(backend, name='moves'), spec_for(backend, name='gone'))
    before = state(host)
    monkeypatch.setattr('vaurien.proxies.reconcile.Reconciliation._try_addresses', lambda self: None)
    with echo_server() as taken, pytest.raises(OSError, match=r'proxy new cannot listen on 127\.0\.0\.1'):
        reconcile(host, *swapped, spec_for(backend, name='moves', proxy=at(free_port())),
                  spec_for(taken, name='new', proxy=taken.address))
    assert state(host) == before
    for name in before:
        with connect(port_of(host, name)) as client:
            assert ask(client, b'as before') == b'as before'


@pytest.mark.parametrize('names', [('',), ('a', 'a')])
def test_names_have_to_be_told_apart(host, backend, names):
    with pytest.raises(ConfigError):
        reconcile(host, *(spec_for(backend, name=name, timeout=float(number)) for number, name in enumerate(names, 1)))
    assert not host.fleet.proxies
