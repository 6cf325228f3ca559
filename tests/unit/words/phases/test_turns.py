"""What is played of a file, in its order."""
import pytest

from vaurien.errors import ConfigError
from vaurien.words.phases.model import MAX_PLAYED
from vaurien.words.phases.reading import read_data
from vaurien.words.phases.turns import in_order, progress_of


def played(*phases, **scenario):
    found = read_data({'phase': list(phases), **scenario}, 'file')
    return in_order(found, 'file', lambda phase, name, where: (phase.duration, where), lambda made, name: (name, *made))


def test_repeats_are_named_by_their_turns():
    one = {'for': 1, 'name': 'one', 'repeat': 2}
    assert played(one, {'for': 2}) == [('one 1', 1, 'file [[phase]] 1 (one)'), ('one 2', 1, 'file [[phase]] 1 (one)'),
                                       ('phase 2', 2, 'file [[phase]] 2')]
    assert [name for name, _, _ in played(one, {'for': 2}, repeat=2)] == [
        'one 1 #1', 'one 2 #1', 'phase 2 #1', 'one 1 #2', 'one 2 #2', 'phase 2 #2']


@pytest.mark.parametrize('phases, scenario, said', [
    ([{'for': 1}] * 11, {'repeat': MAX_PLAYED // 10}, 'file repeat'),
    ([{'for': 1, 'repeat': MAX_PLAYED}] * 2, {}, 'file repeat'),
], ids=['the scenario', 'a phase'])
def test_more_than_can_be_reported_is_refused(phases, scenario, said):
    with pytest.raises(ConfigError, match=f'^{said}: .* at most {MAX_PLAYED} phases in all'):
        played(*phases, **scenario)


def test_ramps_go_in_steps_and_all_else_in_one():
    plain, ramped = read_data({'phase': [{'for': 1, 'steps': 5}, {'for': 1, 'steps': 3, 'ramp': {'mix': {'delay': [0, 9]}}}]},
                              'file').phase
    assert (progress_of(plain), progress_of(ramped)) == ([0.0], [0.0, 0.5, 1.0])
