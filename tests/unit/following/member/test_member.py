"""A member that cannot put in force what is wanted, with an etcd that is out of reach."""
import pytest

from tests.support.peers import free_port
from vaurien.clusters.choice import Self
from vaurien.clusters.model import Applied
from vaurien.clusters.where import find_cluster
from vaurien.errors import ConfigError
from vaurien.following.follower import Follower
from vaurien.following.member import member as members
from vaurien.following.member.member import Membership
from vaurien.following.wanted import Wanted
from vaurien.proxies.fleet import Fleet
from vaurien.spec import BehaviorSpec, ProxySpec

HANGS = Wanted(version=1, specs=(ProxySpec(name='api', proxy='127.0.0.1:0', enabled=False, mix=(BehaviorSpec(name='hang'),)),))


@pytest.fixture
def fleet():
    fleet = Fleet(1)
    yield fleet
    fleet.close()


@pytest.fixture
def member(fleet, monkeypatch):
    monkeypatch.setattr(members, 'RESUME_RETRY', 0.0)
    follower = Follower(fleet)
    follower.become(HANGS)
    made = Membership(find_cluster(f'etcd://127.0.0.1:{free_port()}/x'), Self('m', 'h', {}), follower, HANGS, 100, {})
    yield made
    made.close()


def test_what_cannot_be_put_in_force_is_refused_until_it_can(member, fleet, caplog):
    member.applied = Applied(revision=0, orders={'one': 1}, refused={'two': 'it is bad'})
    become, fleet.become = fleet.become, refuse
    for _ in range(2):
        member._resume()
    assert (member.healed, fleet.get('api').spec.mix) == (True, ())
    assert member.applied.orders == {}
    assert member.applied.refused == {'one': "api: 1 is not valid, expected 2", 'two': 'it is bad'}
    assert caplog.text.count('all faults stay suspended') == 1
    fleet.become = become
    member._resume()
    assert (member.healed, fleet.get('api').spec.mix) == (False, HANGS.specs[0].mix)
    assert member.applied.refused == {}     # what is wanted is looked at again: nothing is known of it here


def refuse(specs):
    raise ConfigError('api', 1, '2')
