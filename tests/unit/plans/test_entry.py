"""An entry of a plan: which requests it matches, which of them it is for, and what it says of itself."""
import pytest

from vaurien.errors import ConfigError
from vaurien.plans.entry import KEPT, Applied, Entry, Request
from vaurien.protocols.base import OPENING, BaseProtocol, Exchange
from vaurien.spec import FaultSpec


def exchange(name='SET a:7', stage='command', number=1):
    made = Exchange(name.encode(), stage)
    made.number = number
    return made


def matches(asked, **fields):
    request = Request(asked.name, BaseProtocol.shape)
    return Entry(1, FaultSpec(name='hang', **fields)).matches(1, asked, request)


@pytest.mark.parametrize('fields', [
    {}, {'request': 'SET *'}, {'request': 'set a:7'}, {'request': 'SET a:?'}, {'match': '^set'}, {'stage': 'command'},
    {'session': 1}, {'exchange': 1}, {'request': 'SET *', 'match': '7$', 'stage': 'command', 'session': 1, 'exchange': 1},
    {'request': '*connect*', 'match': 'a'},
])
def test_a_request_is_meant(fields):
    assert matches(exchange('SET a:7 connect' if 'connect' in str(fields) else 'SET a:7'), **fields)


@pytest.mark.parametrize('fields', [
    {'request': 'SET'}, {'request': 'SET a:8'}, {'request': 'SET a'}, {'match': '^a'}, {'stage': 'exec'}, {'session': 2},
    {'exchange': 2}, {'request': 'SET *', 'match': '8$'}, {'stage': OPENING}, {'request': OPENING},
])
def test_a_request_is_not_meant(fields):
    assert not matches(exchange(), **fields)


@pytest.mark.parametrize('fields, meant', [({'stage': OPENING}, True), ({'request': 'Connect'}, True), ({}, False),
                                           ({'request': 'conn*'}, False), ({'stage': OPENING, 'session': 2}, False)])
def test_the_opening_is_meant_only_where_it_is_named(fields, meant):
    assert matches(exchange(OPENING, OPENING, 0), **fields) == meant


def test_a_shape_is_made_only_where_the_name_does_not_do():
    made = []
    request = Request('SET a:7', lambda name: made.append(name) or 'SET a:?')
    assert Entry(1, FaultSpec(name='hang', request='SET a:7')).matches(1, exchange(), request)
    assert not made
    for _ in range(2):
        assert Entry(1, FaultSpec(name='hang', request='SET a:?')).matches(1, exchange(), request)
    assert made == ['SET a:7']


@pytest.mark.parametrize('nth, count, due', [
    (1, 1, [1]), (2, 1, [2]), (2, 2, [2, 3]), (0, 1, [1, 2, 3, 4, 5]), (3, 0, [3, 4, 5])])
def test_it_is_for_the_nth_that_matches_and_those_after_it(nth, count, due):
    entry = Entry(1, FaultSpec(name='hang', nth=nth, count=count))
    assert [number for number in range(1, 6) if entry.counts()] == due
    assert entry.matched == 5


def test_within_marks_it_counts_anew_with_each():
    entry, whole = Entry(1, FaultSpec(name='hang', nth=2, test='test_*')), Entry(2, FaultSpec(name='hang', nth=2))
    assert [entry.holds_in(test) for test in ('', 'other', 'test_a', 'TEST_B')] == [False, False, True, True]
    assert [whole.holds_in(test) for test in ('', 'test_a')] == [True, True]
    for one in (entry, whole):
        assert [one.counts(), one.counts()] == [False, True]
        one.marked()
    assert [entry.counts(), entry.counts(), whole.counts(), whole.counts()] == [False, True, False, False]
    assert entry.matched == 4


def test_it_says_why_it_was_not_applied():
    entry, said = Entry(1, FaultSpec(name='hang', nth=3)), []
    for _ in range(2):
        said.append(entry.why_not)
        entry.counts()
    said.append(entry.why_not)
    entry.counts()
    entry.missed('it did not fit')
    said.append(entry.why_not)
    entry.met(Applied(0.0, 'cache', 1, 3, 'SET a'))
    assert said == ['no request has matched', 'matched once, and not the one that it is for',
                    'matched 2 times, and not the one that it is for', 'it did not fit']
    assert (entry.applied, entry.why_not, list(entry.where)) == (1, '', [Applied(0.0, 'cache', 1, 3, 'SET a')])


def test_it_remembers_the_newest_requests():
    entry = Entry(1, FaultSpec(name='hang'))
    for number in range(KEPT + 5):
        entry.met(Applied(0.0, 'cache', 1, number, ''))
    assert (entry.applied, entry.where[0].exchange, len(entry.where)) == (KEPT + 5, 5, KEPT)


def test_an_expression_that_could_take_long_is_refused():
    with pytest.raises(ConfigError, match=r"^faults\[0\] match: '\(' is not valid, expected a regular expression"):
        Entry(1, FaultSpec(name='hang', match='('), 'faults[0]')


@pytest.mark.parametrize('fields, before', [
    ({'name': 'alert-close'}, 'handshake'), ({'name': 'kind:alert-close', 'request': 'api*'}, 'handshake'),
    ({'name': 'error', 'settings': {'kind': 'wrong-host'}}, 'handshake'), ({'name': 'hang', 'stage': 'handshake'}, 'handshake'),
    ({'name': 'tls-reset'}, ''), ({'name': 'hang'}, ''), ({'name': 'hang', 'request': 'connect'}, OPENING),
    ({'name': 'hang', 'stage': 'command'}, '')])
def test_what_comes_before_requests_is_known_by_the_kind_or_the_stage(fields, before):
    entry = Entry(1, FaultSpec(**fields))
    assert entry.before == before
    shaking = exchange('handshake api.example', 'handshake', 0)
    assert entry.matches(1, shaking, Request('handshake api.example', BaseProtocol.shape)) == (
        before == 'handshake' and fields.get('request') != 'api*')
    assert entry.matches(1, exchange(), Request('SET a:7', BaseProtocol.shape)) == (before == '')
