"""What a test changes in what its backends have: lines that count and lines that are counted."""
import pytest

from vaurien.explore.model.state import change, counted, fewer, more


@pytest.mark.parametrize('text, expected', [
    ('3\n', {'it': 3}),
    ('payments 3\npayments|4\n\n', {'payments': 7}),
    ('balance -12\n', {'balance': -12}),
    ('ann\nbob\nann\n', {'ann': 2, 'bob': 1}),
    ('', {}),
    ('a2b\n', {'a2b': 1}),
    ('9' * 30, {'9' * 12: 999999999999999999}),
], ids=['number', 'named', 'negative', 'lines', 'nothing', 'inside', 'long'])
def test_a_number_at_the_end_counts_and_other_lines_are_counted(text, expected):
    assert counted(text) == expected


def test_a_change_is_by_how_much_it_is_more_or_less():
    assert change('payments 3\nann\nbob\n', 'payments 4\nann\neve\n') == {'payments': 1, 'bob': -1, 'eve': 1}
    assert change('payments 3\n', 'payments 3\n') == {}


@pytest.mark.parametrize('seen, usual, too_much, too_little', [
    ({'a': 1}, {'a': 1}, '', ''),
    ({'a': 2}, {'a': 1}, 'a +2, and +1 without the fault', ''),
    ({}, {'a': 1}, '', 'a +0, and +1 without the fault'),
    ({'a': -20}, {'a': -10}, 'a -20, and -10 without the fault', ''),
    ({'a': -5}, {'a': -10}, '', 'a -5, and -10 without the fault'),
    ({'a': -1}, {'a': 1}, '', 'a -1, and +1 without the fault'),
    ({'a': 1, 'errors': 1}, {'a': 1}, '', ''),      # a failure leaves its own traces
    ({'a': 5}, {}, '', ''),
], ids=['same', 'twice', 'lost', 'withdrawn twice', 'half', 'undone', 'traces', 'nothing usual'])
def test_more_and_fewer_are_held_against_what_is_usual(seen, usual, too_much, too_little):
    assert more(seen, usual) == too_much
    assert fewer(seen, usual) == too_little
