"""What a member makes of orders, and how it finds those that it cannot apply."""
import pytest

from tests.support.orders import state
from vaurien.clusters.choice import Self
from vaurien.errors import ConfigError
from vaurien.following.follower import Follower
from vaurien.following.member.obeying import Obeying
from vaurien.following.wanted import Wanted
from vaurien.proxies.fleet import Fleet
from vaurien.spec import ProxySpec

BASE = Wanted(version=1, specs=(ProxySpec(name='api', proxy='127.0.0.1:0', enabled=False),), plan=())


@pytest.fixture
def fleet():
    fleet = Fleet(1)
    yield fleet
    fleet.close()


@pytest.fixture
def obeying(fleet):
    follower = Follower(fleet)
    follower.become(BASE)
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
