"""What a source says, and what is reported to it: both go through JSON unchanged."""
import msgspec
import pytest

from vaurien.following.wanted import Report, Wanted, is_older
from vaurien.spec import BehaviorSpec, FaultSpec, ProxyDefaults, ProxySpec, ToxicSpec

WHOLE = Wanted(
    version=7, halted=True, plan=(FaultSpec(name='readonly', proxy='cache', nth=3, settings={'a': [1, 'b', None]}),),
    specs=(ProxySpec(name='one', mix=(BehaviorSpec(name='delay', percent=20.5, settings={'sleep': 0.25}),),
                     toxics=(ToxicSpec(type='latency', attributes={'latency': 80}),), protocol_settings={'buffer': 100}),
           ProxySpec(name='two', settings={'delay': {'sleep': 1}}, enabled=False)),
    defaults=ProxyDefaults(limits={'timeout': 3.0}, settings={'delay': {'sleep': 2.0}}))


@pytest.mark.parametrize('value', [
    WHOLE, Wanted(version='git 3f2a'), Wanted(version=1, plan=()), Report(version=7, applied=True, created=('one',)),
    Report(version='x', applied=False, error='name: \'\' is not valid'), Report(version=2, applied=False, overtaken=True),
], ids=['whole', 'text', 'empty plan', 'applied', 'refused', 'overtaken'])
def test_it_goes_through_json_unchanged(value):
    assert msgspec.json.decode(msgspec.json.encode(value), type=type(value)) == value


def test_a_word_that_is_not_known_is_refused():
    with pytest.raises(msgspec.ValidationError, match='haltd'):
        msgspec.json.decode(b'{"version": 1, "haltd": true}', type=Wanted)


@pytest.mark.parametrize('version, than, older', [(1, 2, True), (2, 2, False), (3, 2, False), ('a', 'b', False), (1, 'b', False)])
def test_only_of_integers_one_is_known_to_be_the_older(version, than, older):
    assert is_older(version, than) is older
