"""From what holds to what a proxy becomes."""
import pytest

from vaurien.config.toxics import read_toxic
from vaurien.errors import ConfigError
from vaurien.links import LINKS, make_link
from vaurien.spec import BehaviorSpec, ProxySpec, ToxicSpec
from vaurien.words.phases.conditions import become, in_phase
from vaurien.words.phases.model import Ramp
from vaurien.words.phases.reading import read_data

BEFORE = ProxySpec(mix=(BehaviorSpec(name='delay', percent=20),), settings={'delay': {'sleep': 2, 'before': False}},
                   toxics=(ToxicSpec(type='latency', name='far', attributes={'latency': 7}),))


def made(progress=0.0, before=BEFORE, **fields):
    """Return what a proxy becomes by these conditions."""
    phase = read_data({'phase': [{'for': '1s', **fields}]}, 'file').phase[0]
    return become(before, [phase, *phase.on.values()], progress, 'file [[phase]] 1', read_toxic)


def changed(spec):
    """Return the fields in which a spec is not ``BEFORE``."""
    return {name: getattr(spec, name) for name in spec.__struct_fields__ if getattr(spec, name) != getattr(BEFORE, name)}


def test_where_nothing_is_said_nothing_changes():
    assert made() == BEFORE


def test_a_mix_takes_the_place_of_the_one_before():
    assert changed(made(mix='5:error,1:hang')) == {
        'mix': (BehaviorSpec(name='error', percent=5), BehaviorSpec(name='hang', percent=1))}
    entry = {'name': 'error', 'percent': 3, 'settings': {'kind': '503'}}
    assert made(mix=[entry]).mix == (BehaviorSpec(**entry),)


def test_settings_stand_beside_those_before():
    assert made(settings={'delay': {'sleep': 3}, 'hang': {'match': 'x'}}).settings == {
        'delay': {'sleep': 3, 'before': False}, 'hang': {'match': 'x'}}


def test_toxics_and_a_link_take_the_place_of_the_toxics_before():
    assert made(toxics=[]).toxics == ()
    both = made(link='3g', toxics=['slicer', {'type': 'latency', 'name': 'mine'}]).toxics
    link = [toxic['name'] for toxic in make_link('3g')]
    assert [toxic.name for toxic in both] == [*link, 'slicer_downstream', 'mine']


@pytest.mark.parametrize('down', [True, 'refuse'])
def test_a_backend_that_is_down_refuses(down):
    assert changed(made(down=down)) == {'enabled': False}


def test_a_backend_that_hangs_has_a_toxic_in_each_direction():
    found = made(down='hang')
    assert [(toxic.type, toxic.stream) for toxic in found.toxics[1:]] == [('timeout', 'downstream'), ('timeout', 'upstream')]
    assert found.enabled


def test_what_is_said_of_one_proxy_wins():
    assert made(down=True, mix='1:hang', on={'default': {'down': False}}) == made(mix='1:hang')


RAMPS = {
    'integers stay integers': ({'toxics': {'far': {'latency': [10, 500]}}}, lambda spec: spec.toxics[0].attributes, 'latency',
                               (10, 255, 500)),
    'by the type': ({'toxics': {'latency': {'latency': [10, 500]}}}, lambda spec: spec.toxics[0].attributes, 'latency',
                    (10, 255, 500)),
    'of a toxic that is new': ({'toxics': {'bandwidth': {'rate': [100, 1]}}}, lambda spec: spec.toxics[1].attributes, 'rate',
                               (100, 50, 1)),
    'of a setting': ({'settings': {'delay': {'sleep': [0, 1.0]}}}, lambda spec: spec.settings['delay'], 'sleep', (0, 0.5, 1)),
    'of a percentage': ({'mix': {'delay': [20, 0]}}, lambda spec: {entry.name: entry.percent for entry in spec.mix}, 'delay',
                        (20, 10, 0)),
    'of a behavior that is new': ({'mix': {'error': [0, 5]}}, lambda spec: {entry.name: entry.percent for entry in spec.mix},
                                  'error', (0, 2.5, 5)),
}


@pytest.mark.parametrize('case', RAMPS)
def test_a_ramp_goes_from_one_value_to_the_other(case):
    ramp, values, key, expected = RAMPS[case]
    found = [values(made(progress, ramp=ramp))[key] for progress in (0, 0.5, 1)]
    assert found == pytest.approx(expected)
    assert case != 'integers stay integers' or all(isinstance(value, int) for value in found)


def test_a_ramp_keeps_what_the_entry_was_told():
    entry = BehaviorSpec(name='error', percent=1, settings={'kind': '503'})
    found, = made(1.0, ProxySpec(mix=(entry,)), ramp={'mix': {'error': [0, 9]}}).mix
    assert (found.percent, found.settings) == (9, entry.settings)


TWICE = ProxySpec(mix=(BehaviorSpec(name='error', percent=1), BehaviorSpec(name='error', percent=2)))
WRONG = {
    'a mix': ({'mix': 'x:y'}, "mix: 'x:y' is not valid"),
    'a link': ({'link': 'satelite'}, "link: 'satelite' is not valid, expected a known name, the nearest is satellite"),
    'a toxic': ({'toxics': ['latncy']}, "toxics: 'latncy' is not valid, expected one of"),
    'an attribute': ({'toxics': ['latency:latenci=3']}, "toxics: 'latenci' is not valid, expected a known name"),
    'a name twice': ({'toxics': [{'type': 'latency', 'name': 'a'}, {'type': 'slicer', 'name': 'a'}]}, "toxics: 'a' is not valid"),
    'a percentage': ({'ramp': {'mix': {'error': [0, 200]}}}, 'ramp.mix.error: 200.0 is not valid'),
}


@pytest.mark.parametrize('case', WRONG)
def test_what_cannot_be_read_is_refused_with_its_place(case):
    fields, said = WRONG[case]
    with pytest.raises(ConfigError) as refused:
        made(1.0, **fields)
    assert str(refused.value).startswith(f'file [[phase]] 1 {said}')


def test_a_ramp_of_what_is_there_twice_is_refused():
    with pytest.raises(ConfigError, match="ramp.mix: 'error' is not valid, expected a name that one of them has"):
        made(0.5, TWICE, ramp={'mix': {'error': [0, 1]}})


def test_every_link_can_be_named():
    assert all(made(link=name).toxics for name in LINKS)
    assert Ramp() == Ramp()


def test_a_ramp_has_the_room_that_dummy_was_said_to_have():
    before = ProxySpec(mix=(BehaviorSpec(name='dummy', percent=100),))
    assert [entry.name for entry in made(1.0, before, ramp={'mix': {'error': [0, 60]}}).mix] == ['error']
    assert made(1.0, before) == before


def test_a_phase_is_one_thing_for_the_proxy_that_it_names_and_another_for_all_else():
    phase = read_data({'phase': [{'for': '1s', 'mix': '5:error', 'toxics': ['latency:latency=7'],
                                  'on': {'cache': {'toxics': []}}}]}, 'file').phase[0]
    api, cache = (in_phase(ProxySpec(name=name), phase, 0.0, 'phase 1') for name in ('api', 'cache'))
    assert [toxic.attributes for toxic in api.toxics] == [{'latency': '7'}]     # who applies it makes a number of it
    assert (cache.toxics, cache.mix) == ((), api.mix)
