"""What is watched of an exploration: it stays small whatever is explored, and it is known who has been told of it."""
import json

import pytest

from tests.support.control_client import Steering
from tests.support.hosting import hosted, spec_for
from vaurien.control.native.live import exploration
from vaurien.control.native.live.exploration import ExplorationFinding, Exploring, Failure
from vaurien.control.native.live.feed import Feeds

LONG = '<b>\u202e' + 'x' * 5000
FINDING = ExplorationFinding(verdict='hang', level='FAIL', proxy=LONG, category='D', mode='once', sentence=LONG, detail=LONG,
                             again=LONG, accepted=False, requests=[LONG] * 50, request_count=50, test_count=1)


@pytest.fixture
def exploring():
    return Exploring(1, [Failure(category=letter, mode='once', meaning=f'what {letter} means') for letter in 'ABC'])


@pytest.fixture
def host():
    with hosted(spec_for('embedded', name='one', protocol='http')) as running:
        yield running


def test_only_failures_that_may_happen_somewhere_are_columns(exploring):
    exploring.put(('one', 'GET /', ''), 2, 'waiting')
    exploring.put(('one', 'PUT /', ''), 0, 'waiting')
    exploring.put(('one', 'GET /', ''), 2, 'pass')
    seen = exploring.view()
    assert [failure.category for failure in seen.failures] == ['A', 'C']
    assert [(row.request, row.cells) for row in seen.requests] == [('GET /', ['', 'pass']), ('PUT /', ['waiting', ''])]


def test_it_is_small_whatever_is_explored_and_says_what_is_left_out(exploring):
    for number in range(exploration.MAX_ROWS + 3):
        for column in range(3):
            exploring.put((LONG, f'{number} {LONG}', ''), column, 'waiting')
    exploring.end(LONG, [FINDING] * (exploration.MAX_FINDINGS + 5))
    seen = exploring.view()
    assert (len(seen.requests), seen.requests_left_out) == (exploration.MAX_ROWS, 3)
    assert (len(seen.findings), seen.findings_left_out) == (exploration.MAX_FINDINGS, 5)
    assert len(exploring.written()) < 600_000
    assert len(seen.findings[0].requests) == exploration.MAX_REQUESTS


def test_a_follower_is_told_of_each_change_once_and_it_is_known_when_all_were(host, exploring):
    def begun():
        follower = Feeds(host.fleet, exploring).follow(None)
        next(follower)
        return follower

    def told(follower):
        return b'event: exploration' in host.call(lambda: next(follower))
    exploring.say('trying', 'level 1')
    assert exploring.is_told, 'nobody follows'
    follower = host.call(begun)
    assert told(follower)
    assert not exploring.is_told, 'it has been given, and not yet taken'
    assert not told(follower)
    assert exploring.is_told
    exploring.say('trying', 'more')
    assert not exploring.is_told
    host.call(follower.close)
    assert exploring.is_told, 'who has left is not waited for'


def test_where_nothing_is_explored_that_is_said(host):
    steering = Steering(host)
    try:
        assert json.loads(steering.ask('GET', exploration.PATH).body) == {'exploration': None}
    finally:
        host.call(steering.server.stop)
