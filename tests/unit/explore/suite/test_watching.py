"""What a test leaves open."""
import pytest

from vaurien.explore.suite.watching import left_open, signal_of

A1, A2, A3, B1, B2 = ('a', 1), ('a', 2), ('a', 3), ('b', 1), ('b', 2)


@pytest.mark.parametrize('there, before, left', [
    ([], [], 0),
    ([A1], [], 1),
    ([A1], [A1], 0),
    ([A2], [A1], 0),            # a shared connection broke, and another one stands for it
    ([A2, A3], [A1], 1),
    ([A1, A2], [A1], 1),
    ([B1], [A1], 1),            # that of another backend stands for none
    ([], [A1, B1], 0),
    ([A2, B1, B2], [A1, B1], 1),
], ids=['nothing', 'one', 'lasting', 'in place of', 'one more', 'beside', 'another backend', 'closed', 'both'])
def test_a_connection_that_stands_for_one_that_broke_is_not_left_open(there, before, left):
    assert left_open(there, before) == left


@pytest.mark.parametrize('status, number', [(None, 0), (0, 0), (1, 0), (128, 0), (134, 6), (137, 9), (255, 0)])
def test_a_status_tells_of_a_signal(status, number):
    assert signal_of(status) == number
