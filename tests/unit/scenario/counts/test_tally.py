"""What clients saw of a proxy, counted."""
from typing import NamedTuple

from vaurien.scenario.counts.tally import LOST, MAX_KINDS, OTHERS, Kind, Tally


class Seen(NamedTuple):
    """An exchange as it is recorded."""

    answer: str = 'ok'
    seconds: float = 0.01
    fault: str = ''
    proxy: str = 'default'


def counted(*seen):
    found = Tally()
    for exchange in seen:
        found.exchange(exchange, exchange.fault)
    return found


def test_the_backends_own_errors_and_ours_are_told_apart():
    found = counted(Seen(), Seen('READONLY'), Seen('READONLY', fault='error/readonly'), Seen('', fault='hang'), Seen(''))
    assert found.errors == dict.fromkeys(
        [Kind('READONLY', ''), Kind('READONLY', 'error/readonly'), Kind(LOST, 'hang'), Kind(LOST, '')], 1)
    assert (found.requests, found.failed, found.answered.count) == (5, 4, 3)


def test_what_has_no_answer_or_cannot_be_followed_is_no_error_and_took_no_time():
    found = counted(Seen('none'), Seen('unread'))
    assert (found.requests, found.failed, found.answered.count) == (2, 0, 0)


def test_a_late_request_that_was_answered_well_is_no_error():
    assert counted(Seen(fault='delay')).failed == 0


def test_kinds_that_backends_invent_are_bounded():
    found = counted(*(Seen(f'E{number}') for number in range(3 * MAX_KINDS)))
    for number in range(3 * MAX_KINDS):
        found.fault(f'f{number}')
    assert (len(found.errors), found.errors[Kind(OTHERS, '')]) == (MAX_KINDS + 1, 2 * MAX_KINDS)
    assert (len(found.faults), found.faults[OTHERS]) == (MAX_KINDS + 1, 2 * MAX_KINDS)


def test_two_are_merged():
    found, other = counted(Seen(), Seen('503')), counted(Seen('503'))
    other.fault('delay')
    other.accepted = 2
    found.merge(other)
    assert (found.requests, found.failed, found.errors[Kind('503', '')], found.faults['delay'], found.accepted) == (3, 2, 2, 1, 2)
