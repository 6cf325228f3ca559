"""What a member makes of orders, and how it finds those that it cannot apply."""
import json

import pytest

from tests.support.orders import BASE, KEYS, state
from vaurien.clusters.choice import Self
from vaurien.clusters.etcd.client import Kept
from vaurien.clusters.state import State
from vaurien.errors import ConfigError
from vaurien.following.follower import Follower
from vaurien.following.member.obeying import Obeying
from vaurien.following.wanted import Wanted
from vaurien.spec import ProxySpec


@pytest.fixture
def obeying(follower):
    return Obeying(follower, BASE, Self('m', 'h', {'zone': 'a'}))


def mix(fleet, proxy='api'):
    return [entry.name for entry in fleet.get(proxy).spec.mix]


GOOD, BAD = {'mix': '20:delay'}, {'toxics': [{'type': 'latency', 'attributes': {'latency': 'x'}}]}


def test_an_order_is_in_force_until_it_is_gone(fleet, obeying):
    applied = obeying.become(state(4, one=GOOD, far={**GOOD, 'members': {'labels': {'zone': 'b'}}}))
    assert (applied.revision, applied.orders, applied.refused) == (4, {'one': 1}, {})
    assert mix(fleet) == ['delay']
    assert obeying.become(state(5)).orders == {}
    assert mix(fleet) == []


def test_an_order_that_cannot_be_applied_leaves_the_others_in_force(fleet, obeying):
    applied = obeying.become(state(4, one=GOOD, bad=BAD, plan={'plan': ['nonsense']}, entry={'plan': ['api: * #2 = delay']}))
    assert applied.orders == {'one': 1, 'entry': 1}
    assert applied.refused['bad'] == "latency: 'x' is not valid, expected an integer"
    assert applied.refused['plan'].startswith("plan: 'nonsense' is not valid")
    assert mix(fleet) == ['delay']
    assert [entry.spec.name for entry in fleet.plan.entries] == ['delay']
    again = obeying.become(state(5, bad=BAD))
    assert (again.orders, mix(fleet), fleet.plan.entries) == ({}, [], [])


def test_an_order_whose_time_is_over_is_left_out(fleet, obeying):
    obeying.become(state(4, one=GOOD))
    assert obeying.become(state(4, one=GOOD), {'one'}).orders == {}
    assert mix(fleet) == []


def test_a_reload_changes_what_a_member_is_by_itself_and_keeps_the_orders(fleet, obeying):
    obeying.become(state(4, one=GOOD))
    more = ProxySpec(name='more', proxy='127.0.0.1:0', enabled=False)
    assert obeying.rebase(Wanted(version=2, specs=(*BASE.specs, more))).created == ('more',)
    assert mix(fleet, 'more') == ['delay']
    with pytest.raises(ConfigError):
        obeying.rebase(Wanted(version=3, specs=(ProxySpec(name='api', protocol='none', enabled=False),)))
    assert list(fleet.proxies) == ['api', 'more']


# -- phases of a scenario

SLOW = {'phase': {'for': 1, 'name': 'slow', 'mix': '100:delay', 'settings': {'delay': {'sleep': 2}},
                  'plan': ['api: * #2 = delay']}}
DOWN = {'phase': {'for': 1, 'name': 'down', 'down': True, 'toxics': ['latency:latency=5']}}


def test_a_phase_is_in_force_with_its_settings_and_its_plan(fleet, obeying):
    applied = obeying.become(state(4, one={**SLOW, 'phase': {**SLOW['phase'], 'on': {'far': {}}}}))
    assert (applied.orders, applied.missing) == ({'one': 1}, {'one': ('far',)})
    spec = fleet.get('api').spec
    assert (mix(fleet), spec.settings, len(fleet.plan.entries)) == (['delay'], {'delay': {'sleep': 2}}, 1)
    assert obeying.become(state(5)).orders == {}
    assert (mix(fleet), fleet.get('api').spec.settings, fleet.plan.entries) == ([], {}, [])


@pytest.mark.parametrize('phase, said', [
    ({'mix': '1:nothing'}, 'phase bad: '), ({'toxics': ['latency:latency=x']}, 'phase bad: latency'),
    ({'mix': 'x:y'}, "phase bad mix: 'x:y' is not valid"), ({'plan': ['nonsense']}, "phase bad: plan: 'nonsense' is not valid"),
    ({'ramp': {'mix': {'delay': [0, 200]}}}, 'phase bad ramp.mix.delay: 200.0 is not valid'),
], ids=['behavior', 'attribute', 'mix', 'plan', 'end of a ramp'])
def test_an_order_is_refused_where_a_later_phase_cannot_be_applied(fleet, obeying, phase, said):
    wanted = state(4, one={**SLOW, 'later': [{'for': 1, 'mix': '1:abort'}, {'for': 1, 'name': 'bad', **phase}]}, two={'mix': ''})
    for _ in range(2):      # the second look is at what was found before
        applied = obeying.become(wanted)
        assert (list(applied.orders), mix(fleet)) == (['two'], [])
        assert applied.refused['one'].startswith(said)
    assert obeying.become(state(5, good={**SLOW, 'later': [{'for': 1, 'mix': '1:abort'}]})).orders == {'good': 1}


@pytest.fixture
def listening(fleet):
    base = Wanted(version=1, specs=(ProxySpec(name='api', proxy='127.0.0.1:0'),), plan=())
    follower = Follower(fleet)
    follower.become(base)
    return Obeying(follower, base, Self('m', 'h', {}))


def test_a_backend_that_is_down_is_up_while_faults_are_suspended(fleet, listening):
    assert listening.suspend(True) == ''    # nothing is down
    listening.become(state(4, one=DOWN))
    assert fleet.get('api').spec.enabled
    assert listening.suspend(False) == ''
    assert not fleet.get('api').spec.enabled
    listening.suspend(True)
    assert fleet.get('api').spec.enabled
    listening.suspend(False)
    halted = State(KEYS)
    order = Kept(json.dumps({'by': 'me', 'ttl': 10, **DOWN}).encode(), 1, 1, 7)
    halted.replace(5, {f'{KEYS.orders}one': order, KEYS.halt: Kept(b'{"by": "me"}', 5, 5, 0)})
    assert listening.become(halted).halted
    assert (fleet.get('api').spec.enabled, fleet.get('api').spec.toxics) == (True, ())


def test_a_proxy_of_the_cluster_that_cannot_be_made_is_left_out_and_orders_are_not(fleet, obeying):
    found = state(4, one=GOOD)
    raw = dict(found._raw)
    raw[f'{KEYS.proxies}more'] = Kept(b'{"by": "me", "spec": {"name": "more", "protocol": "none"}}', 9, 9, 0)
    found.replace(9, raw)
    applied = obeying.become(found)
    assert (list(applied.orders), list(applied.refused), mix(fleet)) == (['one'], ['more'], ['delay'])
