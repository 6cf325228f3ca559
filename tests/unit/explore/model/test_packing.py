"""From what may be done to the runs that do it."""
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.explore.talk import ask, ended, known
from vaurien.explore.model.faults import points_of
from vaurien.explore.model.packing import chosen, packed
from vaurien.explore.model.sites import places


def candidates(suite):
    """All points of a suite: names of commands by test."""
    return [point for name, commands in suite.items()
            for place in places(ended(*map(ask, commands), name=name), known()) for point in points_of(place, 'redis')]


COMMANDS = st.sampled_from(('GET a', 'SET b', 'LPUSH c', 'INCR d'))
SUITES = st.dictionaries(st.sampled_from('abcdef'), st.lists(COMMANDS, max_size=5))


@given(SUITES)
def test_a_level_tries_each_site_class_and_mode_once_and_a_run_has_one_fault_of_each_test(suite):
    found = candidates(suite)
    level = chosen(found)
    assert Counter(point.key for point in level) == Counter({point.key for point in found})
    runs = packed(level)
    assert sorted(map(repr, level)) == sorted(repr(point) for run in runs for point in run)
    assert all(len({point.place.test for point in run}) == len(run) for run in runs)
    assert len(runs) == max(Counter(point.place.test for point in level).values(), default=0)


@given(SUITES)
def test_a_higher_level_tries_all_that_a_lower_one_does(suite):
    found = candidates(suite)
    one, two, three = ({repr(point) for point in chosen(found, level)} for level in (1, 2, 3))
    assert one <= two <= three
    assert len(two) == len({(point.key, point.place.test) for point in found})
    assert three == {repr(point) for point in found}


def test_the_points_of_one_site_are_shared_out_to_the_tests_that_have_it():
    load = Counter(point.place.test for point in chosen(candidates({name: ['LPUSH a'] for name in 'abcdefg'})))
    assert set(load.values()) == {1}


def test_writes_come_first_and_a_lost_response_before_all_else():
    level = chosen(candidates({'a': ['GET a', 'SET b']}))
    assert [point.place.effect.writes for point in level] == sorted((point.place.effect.writes for point in level), reverse=True)
    assert level[0].category == 'C'
