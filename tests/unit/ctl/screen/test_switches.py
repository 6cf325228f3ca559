"""What is switched off is remembered, and is what it was when it is switched on again."""
import pytest

from tests.support.control_client import steering
from tests.support.hosting import spec_for
from vaurien.client import Client, RefusedError
from vaurien.ctl.screen.switches import Switches
from vaurien.spec import BehaviorSpec, ToxicSpec

MIX = (BehaviorSpec(name='delay', percent=20, settings={'sleep': 2.0}), BehaviorSpec(name='error', percent=10))
TOXICS = (ToxicSpec(type='latency', name='slow', toxicity=0.5, attributes={'latency': 100}),)


@pytest.fixture
def client():
    with steering(spec_for('127.0.0.1:9', MIX, toxics=TOXICS)) as server:
        yield Client('127.0.0.1', server.port)


@pytest.fixture
def switches(client):
    return Switches(client)


def shown(client, switches):
    return [(switch.text, switch.on) for switch in switches.of(client.show('default'))]


def test_each_entry_of_the_mix_and_each_toxic_is_a_switch(client, switches):
    assert shown(client, switches) == [('20 % delay, sleep 2.0', True), ('10 % error', True),
                                       ('slow downstream, latency 100', True)]


def test_a_behavior_goes_and_comes_back_with_its_options(client, switches):
    delay, *_ = switches.of(client.show('default'))
    switches.turn('default', delay)
    assert client.show('default')['behavior'] == '10:error'
    switch = switches.of(client.show('default'))[-1]
    assert (switch.text, switch.on) == ('20 % delay, sleep 2.0', False)
    switches.turn('default', switch)
    assert {entry['name']: entry['settings'] for entry in client.show('default')['mix']} == {'error': {}, 'delay': {'sleep': 2.0}}
    assert all(switch.on for switch in switches.of(client.show('default')))


def test_a_toxic_goes_and_comes_back_as_it_was(client, switches):
    before = client.toxics('default')
    for count in (0, 1):
        switches.turn('default', next(one for one in switches.of(client.show('default')) if one.kind == 'toxic'))
        assert len(client.toxics('default')) == count
    assert client.toxics('default') == before


def test_what_cannot_be_switched_stays_as_it_was_shown(client, switches):
    off = switches.of(client.show('default'))[0]._replace(on=False)
    client.change('default', mix='100:error')
    with pytest.raises(RefusedError):
        switches.turn('default', off)
    assert client.show('default')['behavior'] == 'error'


def test_a_proxy_is_disabled_and_enabled_where_it_was(client, switches):
    address = client.show('default')['address']
    for enabled in (False, True):
        switches.turn_proxy('default')
        assert client.show('default')['enabled'] is enabled
    assert client.show('default')['address'] == address
