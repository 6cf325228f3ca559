"""What happens while a scenario is played, by phase and over time; the clock is the test's."""
import pytest

from vaurien.scenario.counts.recorder import Recorder
from vaurien.scenario.program import Condition

from .test_tally import Seen


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def recorder(clock):
    return Recorder(clock)


def test_a_request_counts_where_it_comes_to_its_end(recorder, clock):
    clock.now += 5
    recorder.begin('first')
    recorder.exchange(Seen(proxy='a'))
    clock.now += 2
    recorder.end('time')
    recorder.begin('second')
    recorder.exchange(Seen('503', proxy='a'))
    recorder.exchange(Seen(proxy='b'))
    recorder.fault('b', 'error 503')
    clock.now += 1
    recorder.end('until')
    recorder.exchange(Seen())
    assert [(played.name, played.begin, played.end, played.why) for played in recorder.phases] == [
        ('first', 0, 2, 'time'), ('second', 2, 3, 'until')]
    assert [played.total().requests for played in recorder.phases] == [1, 2]
    second = recorder.phases[1].proxies
    assert {name: (tally.requests, tally.failed) for name, tally in second.items()} == {'a': (1, 1), 'b': (1, 0)}
    assert recorder.phases[1].total().faults == {'error 503': 1}
    assert recorder.after.total().requests == 1
    assert sum(cell.requests for cell in recorder.timeline.cells) == 3


MET = {
    'requests': (Condition(requests=3), 3, 0, 0, True),
    'too few requests': (Condition(requests=3), 2, 0, 9, False),
    'faults': (Condition(faults=2), 2, 0, 0, True),
    'not before its time': (Condition(requests=1, after=4), 2, 0, 3, False),
    'errors above': (Condition(errors_above=0.5, over=1), 1, 3, 1, True),
    'as many errors as that': (Condition(errors_above=0.5, over=1), 2, 2, 1, False),
    'errors below': (Condition(errors_below=0.5, over=1), 3, 1, 1, True),
    'a share of too short a time': (Condition(errors_above=0.5, over=1), 0, 3, 0.5, False),
    'all of it': (Condition(requests=2, errors_below=0.1), 2, 1, 2, False),
}


@pytest.mark.parametrize('case', MET)
def test_what_ends_a_phase(recorder, clock, case):
    until, well, failed, seconds, met = MET[case]
    recorder.begin('phase', until)
    clock.now += seconds
    for _ in range(well):
        recorder.exchange(Seen())
        recorder.fault('default', 'delay')
    for _ in range(failed):
        recorder.exchange(Seen(''))
    assert recorder.met(until) is met


def test_a_share_is_that_of_the_last_time(recorder, clock):
    until = Condition(errors_below=0.1, over=1)
    recorder.begin('phase', until)
    for _ in range(10):
        recorder.exchange(Seen(''))
    clock.now += 0.8
    recorder.exchange(Seen())
    clock.now += 0.4     # the errors are past
    assert recorder.met(until)
    clock.now += 5
    assert not recorder.met(until), 'there was no request'


def test_a_condition_counts_its_own_phase_alone(recorder):
    until = Condition(requests=2)
    recorder.begin('first', until)
    recorder.exchange(Seen())
    recorder.end('time')
    recorder.begin('second', until)
    recorder.exchange(Seen())
    assert not recorder.met(until)


def test_what_is_lost_while_a_backend_is_down_is_lost_by_that(recorder):
    recorder.begin('gone', down=['a'])
    for proxy in ('a', 'b'):
        recorder.exchange(Seen('', proxy=proxy))
    recorder.end('time')
    recorder.begin('back')
    recorder.exchange(Seen('', proxy='a'))      # hung until now
    recorder.exchange(Seen('503', proxy='a'))
    recorder.end('time')
    recorder.begin('well')
    recorder.exchange(Seen('', proxy='a'))
    recorder.end('time')
    found = [{(kind.answer, kind.fault) for kind in played.total().errors} for played in recorder.phases]
    assert found == [{('lost', 'down'), ('lost', '')}, {('lost', 'down'), ('503', '')}, {('lost', '')}]
