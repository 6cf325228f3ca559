"""What can be said of a spec without any registry: how a toxic is called, and a mix as text."""
import pytest

from vaurien.errors import ConfigError
from vaurien.spec import BehaviorSpec, ToxicSpec, read_mix


def test_a_toxic_without_a_name_is_called_by_its_type_and_stream():
    assert ToxicSpec(type='latency', stream='upstream').named() == ToxicSpec(type='latency', stream='upstream',
                                                                             name='latency_upstream')


def test_a_toxic_with_a_name_keeps_it():
    toxic = ToxicSpec(type='latency', name='slow')
    assert toxic.named() is toxic


def test_a_mix_is_read_as_specs():
    assert read_mix('20:delay,10:error') == (BehaviorSpec(name='delay', percent=20), BehaviorSpec(name='error', percent=10))


def test_a_mix_of_more_than_all_is_refused():
    with pytest.raises(ConfigError):
        read_mix('20:delay,error')
