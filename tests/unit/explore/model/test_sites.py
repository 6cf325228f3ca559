"""Sites and places: which request of a test a fault is put on."""
from tests.unit.explore.talk import PROTOCOL, ask, ended, greet, known
from vaurien.explore.model.faults import points_of
from vaurien.explore.model.records import Run
from vaurien.explore.model.sites import places, stable
from vaurien.plans.globs import Glob


def test_a_request_is_counted_as_a_plan_counts_it():
    about = known(names={('p', 'GET user:ann'): 'GET user:?', ('p', 'GET user:bob'): 'GET user:?'})
    found = places(ended(ask('GET user:ann'), ask('GET total'), ask('GET user:bob')), about)
    assert [(place.site.shape, place.k, place.nth) for place in found] == [
        ('GET user:?', 1, 1), ('GET total', 1, 1), ('GET user:?', 2, 2)]
    assert Glob(found[0].site.glob).matches('GET user:bob')


def test_a_glob_that_meets_others_too_is_counted_with_them():
    about = known(names={('p', 'GET ann'): 'GET ?'})
    found = places(ended(ask('GET total'), ask('GET ann')), about)
    assert [(place.site.shape, place.k, place.nth) for place in found] == [('GET total', 1, 1), ('GET ?', 1, 2)]


def test_logins_and_ends_are_no_places():
    assert places(ended(ask('HELLO 3'), ask('AUTH x'), ask('QUIT')), known()) == []


def test_a_place_that_was_refused_already_gets_no_refusal():
    place, = places(ended(ask('GET a', answer='WRONGTYPE')), known())
    assert {point.category for point in points_of(place, PROTOCOL)} == set('CDEF')


def test_tidying_up_is_left_to_higher_levels():
    place, = places(ended(ask('FLUSHDB')), known())
    assert points_of(place, PROTOCOL) == []
    assert points_of(place, PROTOCOL, clean_up=True)


def test_a_statement_inside_a_transaction_loses_no_response():
    about = known('postgres')
    statements = [ask(text, stage='write', session=1) for text in ('BEGIN', 'INSERT INTO a VALUES (1)', 'COMMIT')]
    _, insert, commit = places(ended(*statements), about)
    assert insert.effect.part == 'inside'
    assert 'C' not in {point.category for point in points_of(insert, 'postgres')}
    assert commit.effect.twice is False     # what it brings to its end
    assert 'C' in {point.category for point in points_of(commit, 'postgres')}


def test_a_site_is_stable_where_each_run_has_as_many():
    runs = [Run(0, 1.0, {'t': ended(*commands)}) for commands in ((ask('GET a'), ask('GET b')), (ask('GET a'),))]
    every, steady = stable(runs, known())
    assert {site.shape for site in every} == {'GET a', 'GET b'}
    assert {site.shape for site in steady} == {'GET a'}


def test_handshakes_are_places_that_are_counted_for_themselves():
    found = places(ended(greet('cache'), ask('HELLO 3', number=0), ask('GET a'), greet('cache'), ask('GET a')), known())
    assert [(place.site.stage, place.site.shape, place.nth, place.at) for place in found] == [
        ('handshake', 'handshake cache', 1, 0), ('command', 'GET a', 1, 1), ('handshake', 'handshake cache', 2, 1),
        ('command', 'GET a', 2, 2)]
    assert not found[0].effect.writes
