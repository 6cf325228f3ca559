"""Which members an order is about, and when two orders clash."""
import pytest

from vaurien.clusters.choice import Self, chosen, clash, fits
from vaurien.clusters.model import Members, Order
from vaurien.spec import ToxicSpec

ME = Self('cache-1', 'host', {'zone': 'a', 'app': 'shop'})


@pytest.mark.parametrize('members, meant', [
    (Members(), True), (Members(names=('cache-*',)), True), (Members(names=('x', 'cache-1')), True),
    (Members(names=('x',)), False),
    (Members(hosts=('h*',)), True), (Members(hosts=('i*',)), False), (Members(labels={'zone': 'a'}), True),
    (Members(labels={'zone': '*', 'app': 's*p'}), True), (Members(labels={'zone': 'a', 'app': 'x'}), False),
    (Members(labels={'rack': '*'}), False), (Members(names=('cache-1',), labels={'zone': 'b'}), False),
], ids=str)
def test_a_member_is_meant_where_all_that_is_said_fits(members, meant):
    assert chosen(members, ME) is meant


def test_no_character_but_the_asterisk_stands_for_another():
    assert fits('a[b]?*', 'a[b]?cd')
    assert not fits('a[b]', 'ab')
    assert not fits('a?', 'ab')


def order(proxy='*', mix=None, toxic='', **members):
    toxics = (ToxicSpec(type=toxic),) if toxic else ()
    return Order(by='me', ttl=10, proxy=proxy, mix=mix, toxics=toxics, members=Members(**members))


@pytest.mark.parametrize('one, other, what', [
    (order('a', '20:delay'), order('a', '20:error'), 'the mix'),
    (order('a*', '20:delay'), order('ab', '20:error'), 'the mix'),
    (order('a*', '20:delay'), order('*b', '20:error'), 'the mix'),
    (order('a', '20:delay'), order('b', '20:error'), ''),
    (order('a', '20:delay'), order('a', toxic='latency'), ''),
    (order('a', toxic='slicer'), order('a', toxic='latency'), ''),
    (order('a', toxic='latency'), order('a', toxic='latency'), 'the toxic latency_downstream'),
    (order('a', '20:delay', names=('x',)), order('a', '20:error', names=('y',)), ''),
    (order('a', '20:delay', labels={'zone': 'a'}), order('a', '20:error', labels={'zone': 'b'}), ''),
    (order('a', '20:delay', labels={'zone': 'a'}), order('a', '20:error', labels={'rack': 'b'}), 'the mix'),
], ids=range(10))
def test_orders_clash_where_both_want_a_say_in_the_same(one, other, what):
    assert clash(one, other) == clash(other, one) == what
