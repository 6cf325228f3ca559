"""Whether something that was asked for was applied: by one rule, and in words."""
from types import SimpleNamespace

import pytest

from vaurien.words.uses import CLEAR, MAX_KEPT, MAX_NAME, MAX_NAMES, Counts, Entry, Unread, Use, Uses, explain, is_clear

ALL, SOME = 100.0, 5.0
ENCRYPTED = Unread('what follows is encrypted', 2, 1)


def entry(percent=ALL, **settings):
    return Entry('error', percent, settings)


def request(name):
    return SimpleNamespace(name=name)


@pytest.mark.parametrize('asked, counts, requests, unread, clear', [
    (entry(), Counts(), 0, [], True),
    (entry(), Counts(3, 3), 3, [], True),
    (entry(), Counts(3, 2, 1), 3, [], False),
    (entry(0.0), Counts(), 3, [], False),
    (entry(SOME), Counts(), 0, [], False),
    (entry(SOME), Counts(), 1000, [], False),
    (entry(SOME), Counts(CLEAR - 1), 100, [], False),
    (entry(SOME), Counts(CLEAR), 100, [], True),
    (entry(SOME), Counts(CLEAR, applied=1), 100, [], False),
    (entry(SOME, warmup=3), Counts(CLEAR + 2), 100, [], False),
    (entry(SOME, warmup=3), Counts(CLEAR + 3), 100, [], True),
    (entry(SOME), Counts(), 0, [ENCRYPTED], True),
    (entry(SOME), Counts(), 1, [ENCRYPTED], False),
])
def test_one_rule_tells_what_had_to_be_applied(asked, counts, requests, unread, clear):
    assert is_clear(asked, counts, requests, unread) is clear


NAMES = ('startup user=app', 'SELECT 1', 'UPDATE stock SET n = 1', 'COMMIT')


@pytest.mark.parametrize('asked, counts, requests, unread, reason', [
    (entry(), Counts(), 0, [], 'error of db was asked for and never applied: no request came'),
    (entry(), Counts(), 0, [ENCRYPTED], 'no request came; 2 sessions were relayed unread: what follows is encrypted'),
    (entry(), Counts(), 0, [Unread('TLS begins', 0, 1)], 'no request came; 1 session was relayed unread: TLS begins'),
    (entry(), Counts(), 4, [], 'it was chosen for none of 4 requests'),
    (entry(match='UPDAT stok'), Counts(4, 4, 0, NAMES), 4, [],
     "error (match='UPDAT stok') of db was asked for and never applied: match='UPDAT stok' is found in none of 4 requests; "
     "such as 'UPDATE stock SET n = 1', 'startup user=app', 'SELECT 1'"),
    (entry(warmup=3), Counts(1, 0, 0, NAMES[:1]), 1, [], 'warmup=3 lets that many pass first, and 1 request came'),
    (entry(kind='deadlock'), Counts(1, 0, 0, NAMES[1:2]), 1, [],
     "kind='deadlock' happens at none of 1 request; such as 'SELECT 1'"),
    (entry(kind='deadlock', match='S'), Counts(3, 1), 3, [], "kind='deadlock' happens at none of 2 requests with match='S'"),
    (entry(), Counts(2), 2, [], 'it was applied to none of 2 requests'),
])
def test_the_reason_is_said_in_one_line(asked, counts, requests, unread, reason):
    line = explain(asked, counts, requests, unread, 'db')
    assert line.endswith(reason)
    assert '\n' not in line


def test_names_are_remembered_until_something_is_applied_and_bounded():
    use = Use(entry())
    for number in range(2 * MAX_NAMES):
        use.choose(request(f'{number} {"x" * 1000}'))
    assert use.counts.chosen == 2 * MAX_NAMES
    assert [len(name) for name in use.counts.names] == [MAX_NAME] * MAX_NAMES
    applied = Use(entry())
    applied.applied = 1
    applied.choose(request('GET a'))
    assert applied.counts == Counts(1, 0, 1)


def test_an_entry_that_comes_back_goes_on_with_its_counts():
    uses = Uses()
    first = uses.take(Use(entry(kind='503')))
    first.applied = 2
    other = uses.take(Use(entry(kind='500')))
    again = uses.take(Use(entry(kind='503')))
    assert again is first
    assert (first.number, other.number) == (1, 2)
    assert [use.number for use in uses.known.values()] == [2, 1]


def test_the_oldest_entries_are_forgotten():
    uses = Uses()
    for number in range(MAX_KEPT + 5):
        uses.take(Use(entry(warmup=number)))
        uses.forget(1)
    assert len(uses.known) == MAX_KEPT + 1
    assert next(iter(uses.known.values())).number == 5
