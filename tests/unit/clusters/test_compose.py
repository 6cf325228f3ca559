"""What proxies become by orders."""
import pytest

from vaurien.clusters.choice import Self
from vaurien.clusters.compose import about, ordered, with_standing
from vaurien.clusters.model import Members, Order, Standing
from vaurien.errors import ConfigError
from vaurien.spec import BehaviorSpec, ProxySpec, ToxicSpec

ME = Self('m', 'h', {})
SPECS = (ProxySpec(name='api', mix=(BehaviorSpec(name='error', percent=5),)), ProxySpec(name='cache'))


def order(**fields):
    return Order(by='me', ttl=10, **fields)


def test_orders_come_over_what_there_is_one_after_the_other():
    latency = ToxicSpec(type='latency', attributes={'latency': 5})
    found = ordered(SPECS, [order(proxy='a*', mix='20:delay', settings={'delay': {'sleep': '2'}}), order(toxics=(latency,)),
                            order(proxy='cache', mix='100:abort'), order(mix='', proxy='cache')])
    assert found[0].mix == (BehaviorSpec(name='delay', percent=20, settings={'sleep': '2'}),)
    assert found[1].mix == ()
    assert [spec.toxics for spec in found] == [(latency,), (latency,)]
    assert ordered(SPECS, []) == SPECS
    assert ordered(SPECS, [order(proxy='other', mix='20:delay')])[0] is SPECS[0]


def test_a_later_toxic_of_the_same_name_takes_the_place_of_the_earlier():
    one, other = (ToxicSpec(type='latency', attributes={'latency': count}) for count in (1, 2))
    assert ordered(SPECS, [order(toxics=(one,)), order(toxics=(other,))])[0].toxics == (other,)


def test_settings_of_no_behavior_of_the_mix_are_refused():
    with pytest.raises(ConfigError, match="'dely' is not valid, expected a behavior of the mix 20:delay; did you mean delay"):
        ordered(SPECS, [order(mix='20:delay', settings={'dely': {'sleep': '2'}})])


def test_a_proxy_of_the_cluster_comes_beside_the_own_ones_and_in_place_of_none():
    wanted = [Standing(by='me', spec=ProxySpec(name=name), members=members)
              for name, members in (('more', Members()), ('api', Members()), ('far', Members(names=('x',))))]
    specs, refused = with_standing(SPECS, wanted, ME)
    assert [spec.name for spec in specs] == ['api', 'cache', 'more']
    assert refused == {'api': 'proxy api is one that this member has of its own'}
    assert about(order(proxy='*e'), specs) == 2
