"""Pairs grow at what a test asks only under a first fault, once for each cause."""
import pytest

from tests.unit.explore.talk import ask, ended, known, point
from vaurien.explore.baseline import Baseline
from vaurien.explore.model.faults import ALWAYS
from vaurien.explore.steps import Growing
from vaurien.explore.verdicts import judge

LOST = 'lost-reply'
BASE = ended(ask('SET a'))


def growing(**more):
    baseline = Baseline((), {'t': BASE, 'u': BASE._replace(name='u')}, {}, (), known(), frozenset(), frozenset())
    return Growing(baseline, {'p': 'redis'}, **{'wanted': lambda pair: True, 'handshakes': {}, **more})


def under(*more, name='t', **fields):
    return ended(ask('SET a', fault=LOST), *more, name=name, **fields)


def test_what_is_asked_only_under_the_first_gets_every_failure():
    grown = growing().grow(point(BASE, 'C'), under(ask('SET a'), ask('GET b')))
    assert {(one.place.site.shape, one.place.nth) for one in grown} == {('SET a', 2), ('GET b', 1)}
    assert {one.category for one in grown} == set('ABCDEF')
    specs = next(one for one in grown if one.shape == 'SET a, then SET a' and one.category == 'C').specs()
    assert [(spec.name, spec.nth) for spec in specs] == [(LOST, 1), (LOST, 2)]


@pytest.mark.parametrize('first, tested', [
    (point(BASE, 'C'), under()),
    (point(BASE, 'C'), under(ask('SET a'), outcome='failed')),
    (point(BASE, 'C')._replace(first=point(BASE, 'A')), under(ask('SET a'))),
    (point(BASE, 'A', ALWAYS), under(ask('SET a', fault='readonly'))),
], ids=['nothing more', 'failed', 'a pair', 'always refused'])
def test_nothing_grows_where_nothing_more_is_asked_or_the_test_fails(first, tested):
    assert growing().grow(first, tested) == []


def test_each_cause_grows_once_whichever_test_has_it_and_what_is_not_wanted_never():
    one = growing()
    assert one.grow(point(BASE, 'C'), under(ask('GET b')))
    assert one.grow(point(BASE, 'C'), under(ask('GET b'), name='u')) == []
    assert one.grow(point(BASE, 'F'), under(ask('GET b'), name='u'))
    assert {pair.category for pair in growing(wanted=lambda pair: pair.category == 'D').grow(
        point(BASE, 'C'), under(ask('GET b')))} == {'D'}


def test_a_pair_is_judged_against_the_test_under_its_first_fault():
    one, tested = growing(), under(ask('RPUSH b'))
    pair = next(some for some in one.grow(point(BASE, 'C'), tested) if some.category == 'C')
    about, twice = known(), under(ask('RPUSH b', fault=LOST), ask('RPUSH b'))
    assert [some.name for some in judge(pair, one.base(pair), twice, about, ())] == ['double-effect']
    assert judge(pair, one.base(pair), under(ask('RPUSH b')), about, ()) is None       # only the first was met
    assert judge(pair, one.base(pair), under(ask('RPUSH b', fault=LOST)), about, ()) == []
