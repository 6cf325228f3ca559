"""What the control server refuses is told by the arguments of the Python method that was called."""
import pytest

from vaurien.client import RefusedError
from vaurien.testing.arguments import BEHAVIOR, FAULT, MIX, PROXY, TOXIC, in_python, said

REST = ' is not valid, expected another'


@pytest.mark.parametrize('words, server, python', [
    (BEHAVIOR, f"mix[0].settings.knd: 'readonly'{REST}", f"knd='readonly'{REST}"),
    (BEHAVIOR, f"kind: 'redonly'{REST}", f"kind='redonly'{REST}"),
    (BEHAVIOR, "the 'eror' behavior does not exist", "the 'eror' behavior does not exist"),
    (MIX, f'settings.delay.slep: 2{REST}', f"delay['slep']=2{REST}"),
    (MIX, f"mix: 'x'{REST}", f"mix='x'{REST}"),
    (TOXIC, f'attributes.latncy: 3{REST}', f'latncy=3{REST}'),
    (PROXY, f'settings.delay.slep: 1{REST}', f"settings['delay']['slep']=1{REST}"),
    (PROXY, f"protocol_settings.keep: 'x'{REST}", f"protocol_settings['keep']='x'{REST}"),
    (PROXY, f"backend: 'nonsense'{REST}", f"backend='nonsense'{REST}"),
    (FAULT, f"faults[0] name: 'kind:redonly'{REST}", f"kind='redonly'{REST}"),
    (FAULT, f"faults[0] option: 'slep'{REST}", f'slep={REST}'),
    (FAULT, f"faults[0] stage: 'x'{REST}", f"stage='x'{REST}"),
], ids=str)
def test_keys_of_a_body_become_arguments(words, server, python):
    assert said(server, words) == python


def test_a_value_of_another_type_is_told_by_its_argument():
    error = RefusedError(400, 'the body: Expected `float` <= 100.0', [{'name': 'mix[0].percent'}])
    assert str(in_python(error, BEHAVIOR)) == 'percent= is not valid, expected `float` <= 100.0'


def test_an_argument_that_there_is_not_is_told_with_the_nearest():
    error = RefusedError(400, 'the body: Object contains unknown field `mixx`', [{'name': ''}])
    assert str(in_python(error, PROXY, ('mix', 'backend'))) == 'mixx= is not known; did you mean mix=?'
    assert str(in_python(error, PROXY, ('backend',))) == 'mixx= is not known'
