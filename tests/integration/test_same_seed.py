"""A seed gives the same faults at any pace: a few seeds of each protocol; ``make seeds`` takes a thousand."""
import pytest

from tests.conftest import REQUIRED
from tests.seeds import compare, play, run
from tests.support.processes import MissingServer
from vaurien.relay.draws import Draws
from vaurien.spec import BehaviorSpec

#: one, two and more sessions; 50 of them are left to ``make seeds``
SEEDS = range(4)


@pytest.mark.parametrize('protocol', run.SERVERS)
def test_faults_depend_on_the_requests_of_a_session_alone(protocol):
    faults = []
    try:
        differences = run.differences(protocol, SEEDS, lambda seed, count: faults.append(count))
    except MissingServer as missing:
        if REQUIRED:
            raise
        pytest.skip(str(missing))
    assert differences == []
    assert sum(faults) > 10


def test_draws_that_responses_decide_are_told(monkeypatch):
    """What the comparison is for: one generator for all that is random in a session, also when responses come."""
    monkeypatch.setattr(Draws, 'random_of', lambda draws, exchange: draws.random)
    monkeypatch.setattr(compare, 'mix', lambda protocol, random: (
        BehaviorSpec(name='error', percent=50, settings={'inject': True}), BehaviorSpec(name='error', percent=50)))
    try:
        assert run.differences('redis', SEEDS)
    except MissingServer as missing:
        pytest.skip(str(missing))


def test_a_session_that_was_cut_within_the_id_of_a_statement_has_the_beginning_of_what_another_one_got():
    def outcome(said, *faults):
        return play.Outcome(faults, said, lost=bool(faults))
    abort, prepared = (1, 'abort', '', ''), b'\x0c\0\0\x01\0'
    differs = compare.PARTICULARS['mysql'].differs
    whole = outcome(prepared + b'ab\0\0' + b'\0\1', abort)
    for count in range(len(whole.said) + 1):
        assert compare.same(whole, outcome(prepared + b'cd\0\0'[:count], abort), differs)
    assert not compare.same(whole, outcome(prepared + b'cd\0\0\1', abort), differs)
