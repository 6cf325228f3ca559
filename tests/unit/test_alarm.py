"""One alarm for all that waits: when it rings, in which order, and what is left of what is not wanted any more."""
import gc
import os
import select
import sys
import time
from math import inf

import gevent
import pytest
from gevent import get_hub

import vaurien.alarm as alarms
from tests.support.timing import once_within
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.alarm import BUDGET, MANY, Alarm, Timerfd, alarm, sleep, sleep_until


@pytest.fixture(params=[True, False], ids=['the system', 'the loop'])
def ringing(request):
    return Alarm(get_hub(), exact=request.param)


def wait(alarm, until=0):
    """Let the loop go round until so many calls are left."""
    deadline = time.monotonic() + PATIENCE
    while len(alarm) > until:
        assert time.monotonic() < deadline
        gevent.sleep(MS)


def test_nothing_is_called_early_and_all_in_the_order_of_their_moments(ringing):
    called, now = [], time.monotonic()
    for number in (3, 1, 4, 0, 2):
        ringing.at(now + number * MS, lambda number=number: called.append((number, time.monotonic())))
    wait(ringing)
    assert [number for number, _ in called] == [0, 1, 2, 3, 4]
    assert all(at >= now + number * MS for number, at in called)


def test_calls_of_one_moment_are_made_in_the_order_they_were_asked_for(ringing):
    called, moment = [], time.monotonic() + MS
    for number in range(50):
        ringing.at(moment, lambda number=number: called.append(number))
    wait(ringing)
    assert called == list(range(50))


def test_a_moment_that_has_passed_is_called_in_the_loop_and_not_at_once(ringing):
    called = []
    ringing.at(0.0, lambda: called.append(gevent.getcurrent() is get_hub()))
    ringing.at(-1.0, lambda: called.append('earlier'))
    assert called == []
    wait(ringing)
    assert called == ['earlier', True]


def test_what_is_asked_for_later_and_due_earlier_is_called_earlier(ringing):
    called, now = [], time.monotonic()
    ringing.at(now + 20 * MS, lambda: called.append('late'))
    ringing.at(now + 2 * MS, lambda: called.append('early'))
    wait(ringing, until=1)
    assert called == ['early']
    wait(ringing)
    assert called == ['early', 'late']


def test_what_a_call_asks_for_is_called_in_its_time(ringing):
    called = []

    def again():
        called.append(time.monotonic())
        if len(called) < 5:
            ringing.at(called[-1] + MS, again)
    ringing.at(0.0, again)
    wait(ringing)
    assert len(called) == 5
    assert all(after - before >= MS for before, after in zip(called, called[1:], strict=False))


def test_a_call_that_is_not_wanted_any_more_is_not_made(ringing):
    called = []
    tickets = [ringing.at(time.monotonic() + MS, lambda number=number: called.append(number)) for number in range(6)]
    for number in (0, 3, 5):
        ringing.cancel(tickets[number])
        ringing.cancel(tickets[number])     # twice is as good as once
    assert len(ringing) == 3
    wait(ringing)
    assert called == [1, 2, 4]
    ringing.cancel(tickets[1])      # made already
    assert len(ringing) == 0


def test_a_call_that_another_one_of_its_moment_cancels_is_not_made(ringing):
    called = []
    ringing.at(0.0, lambda: ringing.cancel(second))
    second = ringing.at(0.0, lambda: called.append('second'))
    wait(ringing)
    gevent.sleep(2 * MS)
    assert called == []


def test_never_is_never_and_a_moment_in_a_thousand_years_does_not_ring_now(ringing):
    tickets = [ringing.at(moment, pytest.fail) for moment in (inf, 1e300, time.monotonic() + 3e10)]
    gevent.sleep(3 * MS)
    assert len(ringing) == 3
    for ticket in tickets:
        ringing.cancel(ticket)


def test_what_a_call_raises_keeps_no_other_one_from_being_made(ringing, monkeypatch):
    seen, called = [], []
    monkeypatch.setattr(get_hub(), 'handle_error', lambda context, kind, value, trace: seen.append(kind), raising=False)
    ringing.at(0.0, lambda: 1 // 0)
    ringing.at(0.0, lambda: called.append(1))
    wait(ringing)
    assert (seen, called) == ([ZeroDivisionError], [1])


def test_many_that_are_due_at_once_are_spread_over_turns_of_the_loop(ringing):
    """Each call takes a quarter of what one turn may: others have their turn at least after each fourth."""
    called, turns = [], []

    def call():
        until = time.monotonic() + BUDGET / 4
        while time.monotonic() < until:
            pass
        called.append(1)
    for _ in range(40):
        ringing.at(0.0, call)
    while len(called) < 40:
        gevent.sleep(0)
        turns.append(len(called))
    assert max(after - before for before, after in zip([0, *turns], turns, strict=False)) <= 5


def test_thousands_that_are_not_wanted_any_more_are_let_go(ringing):
    keep = ringing.at(time.monotonic() + 1000, pytest.fail)
    for _ in range(20 * MANY):
        ringing.cancel(ringing.at(time.monotonic() + 1000, pytest.fail))
        assert len(ringing._heap) <= 2 * MANY + 3
    assert len(ringing) == 1
    ringing.cancel(keep)


def test_the_first_of_many_is_not_asked_of_the_system_again_for_each(ringing, monkeypatch):
    set_to, timer_set = [], ringing._timer.set
    monkeypatch.setattr(type(ringing._timer), 'set', lambda self, moment: (set_to.append(moment), timer_set(moment)))
    now = time.monotonic() + 50 * MS
    for number in range(1000):
        ringing.at(now + number, pytest.fail)
    assert len(set_to) == 1
    for ticket in ringing._heap[:]:
        ringing.cancel(ticket)
    ringing._arm()
    assert set_to[-1] == inf


def test_the_loop_goes_on_as_long_as_something_waits(ringing):
    """A loop that has nothing to wait for any more raises ``LoopExit`` in its main greenlet; an alarm is something."""
    done = gevent.event.Event()
    ringing.at(time.monotonic() + 2 * MS, done.set)
    assert done.wait()


def test_a_loop_has_one_alarm():
    assert alarm() is alarm()
    assert gevent.spawn(alarm).get() is alarm()


def test_without_the_systems_timer_the_loops_own_is_used(monkeypatch):
    def none():
        raise OSError('none here')
    monkeypatch.setattr(alarms, 'Timerfd', none)
    assert isinstance(Alarm(get_hub())._timer, alarms.LoopTimer)


def test_it_rings_within_a_fraction_of_a_millisecond():
    """epoll alone would be late by up to a millisecond, half of one in the middle."""
    found = Alarm(get_hub())
    if not isinstance(found._timer, alarms.ExactTimer):
        pytest.skip('the system has no timer that is a file')

    def late():
        at = []
        for _ in range(21):
            moment = time.monotonic() + 0.0123 * MS * 1000
            found.at(moment, lambda moment=moment: at.append(time.monotonic() - moment))
            wait(found)
        return sorted(at)[10] * 1000
    once_within(0.35 * MS * 1000, late)


def test_an_alarm_that_is_gone_leaves_no_descriptor_open():
    found = Alarm(get_hub())
    if not isinstance(found._timer, alarms.ExactTimer):
        pytest.skip('the system has no timer that is a file')
    fd = found._timer._timer.fd
    found._timer._watcher.stop()
    found._timer._watcher.close()
    del found
    gc.collect()
    with pytest.raises(OSError, match='Bad file descriptor'):
        os.fstat(fd)


# -- greenlets

def test_it_waits_so_long_and_not_less():
    start = time.monotonic()
    sleep(3 * MS)
    assert time.monotonic() >= start + 3 * MS


def test_nothing_and_less_are_no_wait_at_all():
    turns = []
    other = gevent.spawn(turns.append, 1)
    sleep(0)
    sleep(-5)
    sleep_until(0)
    assert turns == []
    other.join()


def test_what_is_ended_while_it_waits_leaves_nothing_behind(monkeypatch):
    monkeypatch.setattr(get_hub(), 'vaurien_alarm', Alarm(get_hub()), raising=False)    # others have left some
    before = len(alarm())
    sleeping = [gevent.spawn(sleep_until, moment) for moment in (inf, time.monotonic() + 1000)]
    gevent.sleep(MS)
    assert len(alarm()) == before + 2
    gevent.killall(sleeping)
    assert len(alarm()) == before


def test_greenlets_wait_beside_each_other():
    start = time.monotonic()
    gevent.joinall([gevent.spawn(sleep, 20 * MS) for _ in range(100)])
    assert time.monotonic() < start + 1500 * MS


# -- the timer of the system, as Python gives it and as the C library does

WAYS = [name for name, there in (('_of_libc', sys.platform == 'linux'), ('_of_python', hasattr(os, 'timerfd_create'))) if there]


@pytest.fixture(params=WAYS)
def timer(request, monkeypatch):
    way = getattr(alarms, request.param)
    monkeypatch.setattr(alarms, 'calls', way)
    return Timerfd()


def rings(timer, seconds):
    return bool(select.select([timer.fd], [], [], seconds)[0])


def test_it_rings_at_its_moment_and_not_earlier(timer):
    moment = time.monotonic() + 5 * MS
    timer.set(moment)
    assert rings(timer, 1000 * MS)
    assert time.monotonic() >= moment - 1e-6    # it counts whole nanoseconds


def test_it_rings_until_it_is_set_again(timer):
    timer.set(1e-9)
    assert rings(timer, 1000 * MS)
    assert rings(timer, 0)
    timer.set(time.monotonic() + 1000)
    assert not rings(timer, 0)


def test_zero_is_never(timer):
    timer.set(1e-9)
    timer.set(0)
    assert not rings(timer, 2 * MS)


def test_no_program_that_is_started_has_it(timer):
    assert not os.get_inheritable(timer.fd)


def test_an_error_of_the_system_is_an_oserror(timer):
    other = Timerfd()
    fd = os.dup(other.fd)
    os.close(fd)
    with pytest.raises(OSError, match='Bad file descriptor'):
        other._set(fd, 1.0)


def test_a_system_without_it_says_so(monkeypatch):
    monkeypatch.setattr(alarms, 'calls', lambda: None)
    with pytest.raises(OSError, match='no timerfd'):
        Timerfd()
