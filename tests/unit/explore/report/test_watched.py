"""What the page is told of an exploration: the word of each cell, while it is on and in the end."""
import msgspec
import pytest

from vaurien.explore.model.faults import Point
from vaurien.explore.model.sites import Place, Site
from vaurien.explore.report.document import Document, Found, Tried
from vaurien.explore.report.document import Place as Shown
from vaurien.explore.report.watched import Watched, make_exploring
from vaurien.protocols.effects.words import READ

SITE = Site('store', '', 'GET key')
DOCUMENT = Document(version=1, vaurien='3', command=('true',), level=2, ended='', baseline=None, findings=(), unstable=(),
                    faults=3, kept=0, left=0, unmet=0, unconfirmed=0, runs=3,
                    seconds=1.0)


def point(test, category='C', mode='once'):
    return Point(Place(SITE, test, 1, 1, READ, 'ok', 0.1), category, mode, ('lost-reply',))


@pytest.fixture
def exploring():
    return make_exploring(2)


@pytest.fixture
def watched(exploring):
    return Watched(None, exploring)


def cells(exploring):
    """Return the words of the one row, by failure."""
    seen = exploring.view()
    return {(failure.category, failure.mode): word for failure, word in zip(seen.failures, seen.requests[0].cells, strict=True)}


def test_a_cell_of_several_tests_says_the_worst(watched, exploring):
    points = [point(name) for name in 'abc']
    said = []
    for which, word in ((points, 'waiting'), (points[:1], 'running'), (points[:1], 'pass'), (points[1:2], 'hang'),
                        (points[2:], 'not met')):
        watched.points(which, word)
        said.append(cells(exploring)['C', 'once'])
    assert said == ['waiting', 'running', 'waiting', 'hang', 'hang']


def test_all_that_pass_is_a_pass_and_one_that_no_request_met_is_said(watched, exploring):
    watched.points([point('a'), point('b')], 'pass')
    watched.points([point('a', 'B')], 'pass')
    watched.points([point('b', 'B')], 'not met')
    assert cells(exploring) == {('C', 'once'): 'pass', ('B', 'once'): 'not met'}


def test_in_the_end_a_verdict_stands_that_has_come_again_and_no_other(watched, exploring):
    watched.points([point('a'), point('a', 'B'), point('a', 'D'), point('a', 'F')], 'hang')
    place = Shown('GET key', 'a', '', 0, 'lost-reply', 'waited', 'failed', 1.0, '', 'vaurien run', (), 0, 0)
    found = Found('hang', 'FAIL', 'store', 'C', 'once', ('lost-reply',), ('GET key',), ('a',), 'waited', 'vaurien run', False,
                  (place,))
    outcomes = {'C': ('hang',), 'B': ('hang',), 'D': ('left',), 'F': ('kept',)}
    tried = tuple(Tried('store', '', 'GET key', letter, 'once', 'a', outcome) for letter, outcome in outcomes.items())
    watched.ended(msgspec.structs.replace(DOCUMENT, findings=(found,), tried=tried), '1 FAIL')
    words = {'C': 'hang', 'B': 'not confirmed', 'D': 'not tried', 'F': 'pass'}
    assert cells(exploring) == {(letter, 'once'): word for letter, word in words.items()}
    seen = exploring.view()
    assert (seen.state, seen.summary) == ('ended', '1 FAIL')
    assert (seen.findings[0].again, seen.findings[0].request_count) == ('vaurien run', 1)
    assert 'silent server' in seen.findings[0].sentence


def test_what_is_done_is_said_in_words(watched, exploring):
    watched.show('baseline: run 1 of 3')
    assert (exploring.state, exploring.doing) == ('baseline', 'run 1 of 3')
    watched.level(2, 1, 4, 3, 0.0)
    assert (exploring.state, exploring.doing) == ('trying', 'level 2, run 2 of 4, 3 found')
    assert (exploring.runs, exploring.runs_left) == (1, 3)
    watched.stepped(4, 0)
    watched.show('confirm: 1 of 2 alone')
    assert (exploring.runs, exploring.runs_left) == (4, 0)
    assert (exploring.state, exploring.doing) == ('confirming', '1 of 2 alone')
