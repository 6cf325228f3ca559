"""What is known of a run whose tests run in several processes at once."""
import pytest

from vaurien.explore.model.records import PASSED, UNFINISHED, Run
from vaurien.explore.suite.lanes import Lane, Lanes
from vaurien.explore.suite.limits import Limits
from vaurien.explore.suite.watching import UNKNOWN
from vaurien.proxies.fleet import Fleet

GENEROUS, NONE_LEFT = Limits({}, 3600.0), Limits({'a': -1.0}, 3600.0)
RUN = Run(0, 1.0, {}, (), 'output')


@pytest.fixture
def lanes():
    found = Lanes(lambda: Lane(Fleet(1), {'URL': 'there'}))
    found.begin((), False)
    yield found
    found.end()


def begin(lanes, worker, test):
    lanes.told(worker, {'do': 'begin', 'test': test})


def end(lanes, worker, test):
    lanes.told(worker, {'do': 'end', 'test': test, 'outcome': PASSED})


def test_a_process_is_told_of_its_proxies_and_of_none_beside_them(lanes):
    assert lanes.told('gw0', {'do': 'hello'}) == {'environ': {'URL': 'there'}}
    assert len(lanes) == 1
    lanes.end()
    lanes.begin((), True)
    assert len(lanes) == 0
    assert lanes.told('gw0', {'do': 'hello'}) == {}


def test_what_runs_at_once_is_in_one_run(lanes):
    begin(lanes, 'gw0', 'a')
    begin(lanes, 'gw1', 'b')
    end(lanes, 'gw0', 'a')
    end(lanes, 'gw1', 'b')
    assert {name: one.outcome for name, one in lanes.added(RUN).tests.items()} == {'a': PASSED, 'b': PASSED}


def test_the_test_of_a_process_that_ends_has_not_finished_and_nothing_tells_how(lanes):
    begin(lanes, 'gw0', 'a')
    lanes.told('gw0', {'do': 'gone'})
    lanes.told('gw1', {'do': 'gone'})       # it had none
    tests = lanes.added(RUN).tests
    assert [(one.name, one.outcome, one.signalled) for one in tests.values()] == [('a', UNFINISHED, UNKNOWN)]


def test_a_test_that_is_on_when_another_one_takes_too_long_has_to_run_again(lanes):
    begin(lanes, 'gw0', 'a')
    begin(lanes, 'gw1', 'b')
    assert not lanes.look(GENEROUS, 0.0)
    assert lanes.look(NONE_LEFT, 0.0)
    for worker in ('gw0', 'gw1'):
        lanes.told(worker, {'do': 'gone'})      # as all processes are ended
    tests = lanes.added(RUN).tests
    assert [(one.name, one.outcome, one.signalled) for one in tests.values()] == [('a', UNFINISHED, 0)]


def test_a_run_in_which_no_process_begins_a_test_is_over(lanes):
    lanes.told('gw0', {'do': 'hello'})
    assert not lanes.look(GENEROUS, 0.0)
    assert lanes.look(GENEROUS._replace(whole=-1.0), 0.0)


def test_what_makes_no_sense_is_an_error(lanes):
    with pytest.raises(ValueError, match='do is none of begin'):
        lanes.told('gw0', {'do': 'dance'})
