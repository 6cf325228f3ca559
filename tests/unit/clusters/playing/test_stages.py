"""From a file to what a cluster is asked for."""
import pytest

from vaurien.clusters.playing.stages import later, make_stages
from vaurien.errors import ConfigError
from vaurien.words.phases.reading import read_data


def stages(*phases, scale=1.0, **scenario):
    return make_stages(read_data({'phase': list(phases), **scenario}, 'file'), 'file', scale)


def test_each_turn_is_a_stage_and_each_phase_is_checked_once():
    found = stages({'for': '2s', 'name': 'a', 'repeat': 2, 'mix': '1:delay'},
                   {'for': 1, 'ramp': {'mix': {'delay': [0, 9]}}, 'steps': 3}, {'for': 1}, scale=0.5)
    assert [(stage.name, stage.seconds, stage.progress) for stage in found] == [
        ('a 1', 1.0, [0.0]), ('a 2', 1.0, [0.0]), ('phase 2', 0.5, [0.0, 0.5, 1.0]), ('phase 3', 0.5, [0.0])]
    assert [phase.name for phase in later(found)] == ['phase 2', 'phase 3']
    assert str(found[0]) == 'a 1, 1 s: mix 1:delay'


@pytest.mark.parametrize('phase, scenario, said', [
    ({}, {'proxy': [{'name': 'p', 'backend': 'localhost:1'}]}, r"file \[\[proxy\]\]: 'p' is not valid, expected no proxy"),
    ({'until': {'requests': 1, 'errors_below': 0.1}}, {}, r"file \[\[phase\]\] 1 until: 'requests, errors_below' is not valid"),
    ({'on': {'api': {'mix': 'x:y'}}}, {}, r"file \[\[phase\]\] 1 on.api mix: 'x:y' is not valid"),
    ({'ramp': {'mix': {'delay': [0, 200]}}}, {}, r'file \[\[phase\]\] 1 ramp.mix.delay: 200.0 is not valid'),
    ({'toxics': ['latency:x']}, {}, r"file \[\[phase\]\] 1 toxics: 'latency:x' is not valid"),
], ids=['proxy', 'until', 'mix', 'ramp', 'toxic'])
def test_what_cannot_be_played_is_refused(phase, scenario, said):
    with pytest.raises(ConfigError, match=said):
        stages({'for': 1, **phase}, **scenario)


def test_a_scale_out_of_bounds_is_refused():
    with pytest.raises(ConfigError, match='^scale: -1 is not valid'):
        stages({'for': 1}, scale=-1)
