"""Phases as they are played: all of them are checked before the first begins."""
import pytest

from vaurien.errors import ConfigError
from vaurien.proxies.validated import validate
from vaurien.scenario.program import Condition, Program, describe, make_proxies
from vaurien.spec import ProxyDefaults, ProxySpec
from vaurien.words.phases.model import MAX_PLAYED
from vaurien.words.phases.reading import read_data

BEFORE = {'web': ProxySpec(name='web', protocol='http'), 'cache': ProxySpec(name='cache', protocol='redis')}


def program(*phases, scale=1.0, **fields):
    scenario = read_data({'phase': [{'for': '10s', **phase} for phase in phases], **fields}, 'file')
    return Program(scenario, BEFORE, lambda spec: validate(spec, lambda backend: None), 'file', scale)


def test_a_phase_without_a_ramp_is_one_change():
    stage, = program({'name': 'slow', 'mix': '5:delay'}).stages
    assert (stage.name, stage.seconds, stage.until, [step.at for step in stage.steps]) == ('slow', 10, None, [0])
    assert {name: spec.mix[0].name for name, spec in stage.steps[0].specs.items()} == {'web': 'delay', 'cache': 'delay'}


def test_a_ramp_is_steps_from_its_first_value_to_its_last():
    stage, = program({'steps': 5, 'on': {'web': {'ramp': {'mix': {'error': [0, 40]}}}}}).stages
    assert [step.at for step in stage.steps] == [0, 2, 4, 6, 8]
    assert [step.specs['web'].mix[0].percent for step in stage.steps] == [0, 10, 20, 30, 40]
    assert all(step.specs['cache'] == BEFORE['cache'] for step in stage.steps)


def test_repeats_are_phases_of_their_own():
    found = program({'name': 'a', 'repeat': 2}, {}, repeat=2)
    assert [stage.name for stage in found.stages] == ['a 1 #1', 'a 2 #1', 'phase 2 #1', 'a 1 #2', 'a 2 #2', 'phase 2 #2']
    assert found.seconds == 60


def test_one_factor_scales_all_times():
    until = {'errors_above': 0.5, 'over': '2s', 'after': '4s'}
    stage, = program({'until': until, 'ramp': {'mix': {'error': [0, 1]}}, 'steps': 2}, scale=0.1).stages
    assert stage.seconds == pytest.approx(1)
    assert [step.at for step in stage.steps] == pytest.approx([0, 0.5])
    assert stage.until == Condition(errors_above=0.5, over=pytest.approx(0.2), after=pytest.approx(0.4))


def test_what_holds_is_said_in_a_line():
    stage, = program({'link': '3g', 'mix': '5:delay', 'until': {'requests': 1}, 'on': {'web': {'down': 'hang'}, 'cache': {
        'down': False, 'toxics': [], 'settings': {'delay': {'sleep': 1}}, 'ramp': {'mix': {'error': [0, 1]}}}}}).stages
    assert describe(stage) == ('10 s at most: mix 5:delay, link 3g; web: hangs; '
                               'cache: up, toxics none, ramp of error, settings of delay')
    assert describe(program({}).stages[0]) == '10 s: as it was before'


def test_a_plan_is_read_and_said():
    stage, plain = program({'plan': ['web: GET * #2 = 503', {'name': 'readonly', 'request': 'SET *'}], 'link': '3g'}, {}).stages
    assert [(fault.proxy, fault.request, fault.nth, fault.name) for fault in stage.plan] == \
        [('web', 'GET *', 2, '503'), ('*', 'SET *', 1, 'readonly')]
    assert (describe(stage), plain.plan) == ('10 s: link 3g, a plan of 2', ())


WRONG = {
    'an entry of a plan': ({'plan': ['GET * = hang', 'GET *']}, "[[phase]] 1 plan[1]: 'GET *' is not valid, expected [PROXY"),
    'a proxy of a plan': ({'plan': ['cash: GET * = hang']}, "[[phase]] 1 plan[0] proxy: 'cash' is not valid, expected"),
    'a kind of a plan': ({'name': 'x', 'plan': ['GET * = dedlock']}, "[[phase]] 1 (x) plan[0] name: 'dedlock' is not valid"),
    'a kind that the proxy of a plan lacks': ({'plan': ['web: GET * = readonly']}, "[[phase]] 1 plan[0] name: 'readonly' is not"),
    'an expression of a plan': ({'plan': ['GET * = hang match=(']}, "[[phase]] 1 plan[0] match: '(' is not valid"),
    'a field of a plan': ({'plan': [{'name': 'hang', 'nth': -1}]}, '[[phase]] 1 plan[0].nth: -1 is not valid'),
    'a proxy that is not there': ({'on': {'cash': {'down': True}}},
                                  "[[phase]] 1 on: 'cash' is not valid, expected a known name, the nearest is cache"),
    'a behavior': ({'mix': '5:dely'}, "[[phase]] 1 behavior: 'dely' is not valid, expected a known name, the nearest is delay"),
    'a kind that one of the protocols lacks': ({'mix': '5:error', 'settings': {'error': {'kind': 'readonly'}}},
                                               "[[phase]] 1 kind: 'readonly' is not valid"),
    'an option': ({'name': 'x', 'mix': '5:delay', 'settings': {'delay': {'slep': 1}}}, '[[phase]] 1 (x) --behavior-delay-slep'),
    'too much in the end': ({'mix': '50:delay', 'ramp': {'mix': {'error': [0, 60]}}}, '[[phase]] 1 mix: '),
    'a toxic': ({'toxics': [{'type': 'latncy'}]}, "[[phase]] 1 toxic: 'latncy' is not valid, expected a known name"),
    'an attribute of a ramp': ({'ramp': {'toxics': {'latency': {'late': [1, 2]}}}}, '[[phase]] 1 late: '),
    'a time': ({'for': '1d'}, "[[phase]] 1 for: '1d' is not valid, expected a time"),
    'a time of a condition': ({'until': {'faults': 1, 'after': '0s'}}, "[[phase]] 1 until.after: '0s' is not valid"),
    'a condition of nothing': ({'until': {'over': '1s'}}, '[[phase]] 1 until: {} is not valid, expected requests, faults'),
}


@pytest.mark.parametrize('case', WRONG)
def test_what_cannot_be_played_is_refused_with_its_place(case):
    phase, said = WRONG[case]
    with pytest.raises(ConfigError) as refused:
        program(phase)
    assert str(refused.value).startswith(f'file {said}')


def test_a_mistake_of_the_last_phase_is_found_too():
    with pytest.raises(ConfigError, match=r'file \[\[phase\]\] 3 toxic'):
        program({}, {}, {'toxics': [{'type': 'x'}]})


def test_phases_are_not_too_many():
    with pytest.raises(ConfigError, match=f'file repeat: .* at most {MAX_PLAYED} phases'):
        program({'repeat': 100}, repeat=MAX_PLAYED // 100 + 1)


def test_proxies_of_the_file_are_made_with_what_holds_for_all():
    scenario = read_data({'phase': [{'for': 1}], 'proxy': [
        {'name': 'cache', 'backend': 'localhost:6379', 'protocol': 'redis', 'mix': '5:error', 'link': '3g'}]}, 'file')
    spec, = make_proxies(scenario, ProxyDefaults(limits={'timeout': 3.0}, settings={'error': {'warmup': 2}}), 'file')
    assert (spec.name, spec.backend, spec.timeout, spec.settings) == ('cache', 'localhost:6379', 3.0, {'error': {'warmup': 2}})
    assert (spec.mix[0].name, len(spec.toxics) > 2) == ('error', True)
