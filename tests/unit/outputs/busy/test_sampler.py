"""Looks are added up by whose time it was; the moments are given, and no timer of the system runs."""
from types import SimpleNamespace

import pytest
from gevent.hub import Hub

from vaurien.outputs.busy import sampler as module
from vaurien.outputs.busy.owners import Owner
from vaurien.outputs.busy.sampler import LONG, MAX_OWNERS, TURNING, WAITING, Sampler

SLOW, QUICK = Owner('a', 'tcp', 'behavior slow'), Owner('b', 'tcp', 'relay')
HUB = SimpleNamespace(f_code=Hub.run.__code__)


class Looking(Sampler):
    """A sampler to which it is said what runs, and when; it is due after each 10 ms."""

    def __init__(self):
        super().__init__(lambda: {'a', 'b'}, lambda frame: frame)
        self._loop = SimpleNamespace(iteration=0, run_callback_threadsafe=lambda call, *args: call(*args))
        self.now = self._started = self._last = 100.0

    def look(self, owner, seconds, turn=None):
        self._due = self.now + 0.01
        self.now += seconds
        self._loop.iteration = self._loop.iteration + 1 if turn is None else turn
        self._add(owner if owner is HUB else named(owner), self.now)


def named(owner):
    """Return an owner that can be asked for its code, as a frame is."""
    class Named(Owner):
        f_code = None
    return Named(*owner)


@pytest.fixture
def looking(monkeypatch):
    monkeypatch.setattr(module.time, 'thread_time', lambda: 0.0)
    found = Looking()
    monkeypatch.setattr(module.time, 'perf_counter', lambda: found.now)
    return found


def test_shares_are_of_all_the_time_and_the_most_comes_first(looking):
    looking.look(QUICK, 0.03)
    looking.look(SLOW, 0.05)
    looking.look(HUB, 0.02)
    report = looking.report()
    assert (report.looks, round(report.seconds, 6)) == (3, 0.1)
    assert [(share.owner, round(share.share, 6)) for share in report.shares] == [(SLOW, 0.5), (QUICK, 0.3), (WAITING, 0.2)]


def test_only_the_last_seconds_count_where_these_are_asked_for(looking):
    looking.look(SLOW, 1.0)
    for _ in range(5):
        looking.look(QUICK, 1.0)
    assert [share.owner for share in looking.report(3).shares] == [QUICK]
    assert [share.owner for share in looking.report().shares] == [QUICK, SLOW]
    for _ in range(100):
        looking.look(QUICK, 1.0)
    assert len(looking._seconds) == module.KEPT + 1


def test_time_without_code_is_the_loops_as_far_as_a_processor_was_used(looking, monkeypatch):
    monkeypatch.setattr(module.time, 'thread_time', lambda: 0.75 * (looking.now - 100.0))
    for _ in range(100):
        looking.look(HUB, 0.01)
    assert round(looking.totals[TURNING], 6) == 0.75
    assert round(looking.totals[WAITING], 6) == 0.25


def test_a_turn_that_holds_up_all_else_is_told_once_with_what_had_most_of_it(looking, caplog):
    looking.look(QUICK, 0.01, turn=7)
    for _ in range(12):
        looking.look(SLOW, 0.01, turn=7)
    assert not caplog.records
    looking.look(HUB, 0.01)
    assert [record.getMessage() for record in caplog.records] == \
        ['all else was held up for 120 ms, 120 ms of them by behavior slow of a, tcp']
    assert looking.longest[1] == SLOW
    looking.look(HUB, 5 * LONG)
    assert len(caplog.records) == 1


def test_a_call_that_cannot_be_interrupted_counts_from_when_a_look_was_due(looking, caplog):
    looking.look(HUB, 0.01)
    looking.look(SLOW, 0.31)
    looking.look(QUICK, 0.01)
    assert [record.getMessage() for record in caplog.records] == \
        ['all else was held up for 300 ms, 300 ms of them by behavior slow of a, tcp']
    assert round(looking.report().longest[0], 6) == 0.3


def test_what_raises_costs_a_look_and_nothing_else(looking, monkeypatch):
    monkeypatch.setattr(looking, '_again', lambda: None)
    looking._look(14, None)     # None has no code
    assert looking.report().shares == []


def test_proxies_that_are_gone_are_forgotten(looking):
    gone = Owner('gone', 'tcp', 'relay')
    looking.look(gone, 0.01)
    looking.look(SLOW, 0.01)
    assert set(looking.known()) == {SLOW}
    looking.totals.update({Owner(f'gone {number}', 'tcp', 'relay'): 1.0 for number in range(MAX_OWNERS)})
    looking.look(SLOW, 1.0)
    assert set(looking.totals) == {SLOW}
