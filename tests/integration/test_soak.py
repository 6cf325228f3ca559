"""A short soak; ``make soak MINUTES=60`` is a long one."""
from tests.soak import mischief, run
from tests.soak.talks import TALKS


def test_soak_leaves_nothing_behind_and_loses_no_byte():
    for seconds in (12, 60, 180):       # a machine that is busy with other things does less in its time
        report = run.soak(seconds, seed=7)
        assert report.failures == []
        if report.counts['faults'] > 100 and report.counts['changes'] > 50:
            break
    assert report.counts['verified'] > 1_000_000
    assert report.counts['faults'] > 100
    assert report.counts['changes'] > 50


def test_soak_tells_where_bytes_are_lost(monkeypatch):
    monkeypatch.setattr(mischief, 'KIND', {'corrupt': lambda random: {'rate': 0.01}, 'noop': lambda random: {}})
    monkeypatch.setattr(run, 'WARM_UP', 0.0)
    monkeypatch.setattr('tests.soak.clients.PATIENCE', 1.0)
    failures = run.soak(20, seed=7).failures    # it ends with the first one
    assert any(f'{talk.protocol}, calm: ' in failure for talk in TALKS for failure in failures), failures


def test_what_is_left_behind_is_told():
    before = {'sessions': 0, 'fds': 10, 'greenlets': 1, 'watchers': 5, 'threads': 1, 'rss': 10 ** 7, 'errors': 0, 'first': []}
    assert run.differences(before, before) == []
    for name in run.HELD:
        more = before[name] + 1
        assert run.differences(before, {**before, name: more}) == [f'{name}: {more - 1} before, {more} after']
    assert run.differences(before, {**before, 'rss': 10 ** 9})
    assert run.differences(before, {**before, 'errors': 1})
