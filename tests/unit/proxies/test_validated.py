"""From a spec to what a proxy becomes: everything is checked, and nothing is done."""
import pytest

from vaurien.address import parse_address
from vaurien.errors import ConfigError
from vaurien.protocols.redis import Redis
from vaurien.proxies.validated import validate
from vaurien.spec import BehaviorSpec, ProxySpec, ToxicSpec

SPEC = ProxySpec(name='it', proxy='127.0.0.1:0', backend='127.0.0.1:6379', protocol='redis',
                 mix=(BehaviorSpec(name='delay', percent=20),), toxics=(ToxicSpec(type='latency'),))


def validated(**fields):
    return validate(ProxySpec(**{**{name: getattr(SPEC, name) for name in SPEC.__struct_fields__}, **fields}), parse_address)


def test_a_spec_comes_to_addresses_classes_and_complete_settings():
    found = validated(protocol_settings={'buffer': 100})
    assert (found.listen.port, found.backend.port, found.protocol) == (0, 6379, Redis)
    assert (found.settings['buffer'], found.settings['keep_alive']) == (100, True)
    assert (str(found.chaos), list(found.toxics)) == ('20:delay', ['latency_downstream'])


@pytest.mark.parametrize('fields', [
    {'proxy': 'nowhere'}, {'backend': 'x'}, {'protocol': 'tpc'}, {'protocol_settings': {'no': 1}},
    {'mix': (BehaviorSpec(name='dely'),)}, {'settings': {'delay': {'sleep': -1}}}, {'toxics': (ToxicSpec(type='no'),)},
    {'mix': (BehaviorSpec(name='error', settings={'kind': 'no'}),)}], ids=str)
def test_what_does_not_fit_is_refused(fields):
    with pytest.raises(ConfigError):
        validated(**fields)


def test_the_same_behaviors_are_told_from_others():
    now = validated()
    assert now.same_chaos(validated(backend='127.0.0.1:1', toxics=()))
    assert not now.same_chaos(validated(mix=()))
    assert not now.same_chaos(validated(settings={'delay': {'sleep': 2}}))
    assert not now.same_chaos(validated(protocol='http'))
