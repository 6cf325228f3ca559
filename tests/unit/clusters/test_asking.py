"""What a person may ask of a cluster, with an etcd in memory: what stands in the way, and what becomes of the lease."""
import getpass

import pytest

from tests.support.hosting import eventually
from tests.support.unit_of_time import MS
from vaurien.clusters import asking as module
from vaurien.clusters.asking import Asking, TakenError, person
from vaurien.clusters.etcd.errors import UnreachableError
from vaurien.clusters.model import Halted, Standing
from vaurien.clusters.where import find_cluster
from vaurien.errors import ConfigError, VaurienError
from vaurien.spec import ProxySpec

GONE = UnreachableError('h:1', 'no')


@pytest.fixture
def asking_as(etcd):
    """Makes those who ask, and closes them."""
    made = []

    def ask(by='me', kept=False):
        made.append(Asking(find_cluster('etcd://h/x'), by, kept=kept))
        return made[-1]
    yield ask
    etcd.failing.clear()
    for one in made:
        one.close()


def test_a_user_without_a_name_has_none(monkeypatch):
    def nobody():
        raise KeyError
    monkeypatch.setattr(getpass, 'getuser', nobody)
    assert person().startswith('?@')


def test_an_own_order_is_changed_and_not_once_somebody_has_ended_it(asking_as):
    me, other = asking_as(), asking_as('you')
    asked = me.ask(me.order(proxy='api', mix='20:delay'))
    assert me.change(asked.id, me.order(proxy='api', mix='30:delay')) > asked.revision
    with pytest.raises(TakenError, match='me has asked for the mix of api already'):
        other.ask(other.order(proxy='api', mix='1:abort'))
    assert other.end([asked.id, 'nothing']) == [asked.id]
    with pytest.raises(TakenError, match=f'order {asked.id} was ended by somebody else'):
        me.change(asked.id, me.order(proxy='api', mix='30:delay'))


def test_what_was_replaced_comes_back_as_far_as_its_lease_lives(asking_as, etcd):
    me, other = asking_as(), asking_as('you')
    first = me.ask(me.order(proxy='api', mix='20:delay'))
    asked = other.ask(other.order(proxy='api', mix='1:abort'), replace=True)
    assert [known.id for known in asked.replaced] == [first.id]
    other.take_back(asked)
    assert [known.id for known in me.state().orders] == [first.id]
    asked = other.ask(other.order(proxy='api', mix='1:abort'), replace=True)
    etcd.leases.discard(me._lease)
    other.take_back(asked)
    assert me.state().orders == []


def test_a_cluster_has_no_more_orders_than_members_go_through(asking_as, monkeypatch):
    monkeypatch.setattr(module.model, 'MAX_ORDERS', 1)
    me = asking_as()
    me.ask(me.order(proxy='api', mix='20:delay'))
    with pytest.raises(TakenError, match='has 1 orders already, which is as many as it may have'):
        me.ask(me.order(proxy='cache', mix='20:delay'))


def test_others_who_keep_changing_it_get_ahead(asking_as, etcd, monkeypatch):
    me = asking_as()
    order = me.order(proxy='api', mix='20:delay')
    monkeypatch.setattr(etcd, 'txn', lambda compare, then: (False, 9))
    with pytest.raises(TakenError, match='others keep changing the cluster'):
        me.ask(order)
    with pytest.raises(TakenError, match='has a proxy p already'):
        me.create(Standing(by='me', spec=ProxySpec(name='p')))
    with pytest.raises(TakenError, match='has no proxy p'):
        me.remove('p')
    me.halt()
    with pytest.raises(TakenError, match='somebody else has resumed the cluster'):
        me.resume()


def test_a_halt_without_a_reason_gives_none(asking_as):
    me = asking_as()
    with pytest.raises(TakenError, match='not halted'):
        me.resume()
    me.halt()
    assert me.state().halted == Halted(by='me')
    with pytest.raises(TakenError, match='me has halted the cluster: nothing is injected'):
        me.ask(me.order(proxy='api', mix='20:delay'))
    me.resume()


def test_a_mix_that_cannot_be_read_is_refused_before_it_is_asked_for(asking_as):
    with pytest.raises(ConfigError, match='mix'):
        asking_as().order(mix='x:y')


@pytest.mark.parametrize('lose, why', [
    (lambda etcd: etcd.leases.clear(), 'its lease is gone'),
    (lambda etcd: etcd.failing.extend([GONE] * 1000), 'etcd cannot be reached at h:1: no'),
], ids=['expired', 'unreachable'])
def test_a_lease_that_is_lost_ends_all_that_was_asked_for(asking_as, etcd, lose, why):
    etcd.ttl = 60 * MS
    me = asking_as(kept=True)
    order = me.order(mix='20:delay')
    assert me.lost == ''
    lose(etcd)
    eventually(lambda: me.lost)
    assert me.lost == why
    with pytest.raises(VaurienError, match=f'what was asked for has ended: {why}'):
        me.ask(order)


class Pulses:
    """Stands in for the event that ends the lease: so many pulses come first, without waiting."""

    def __init__(self, count):
        self._left = count

    def wait(self, seconds):
        self._left -= 1
        return self._left < 0

    def set(self):
        pass


def test_an_etcd_that_is_away_for_a_moment_loses_nothing(asking_as, etcd):
    me = asking_as()
    me.lease()
    me.ttl, me._ending = 3600, Pulses(3)
    etcd.failing.append(GONE)
    me._keep()
    assert etcd.failing == []
    assert me.lost == ''
