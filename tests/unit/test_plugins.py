"""What is the same for plugins of any kind: what there is of each, and how one is made of a spec."""
import pytest

from vaurien.behaviors import Behavior
from vaurien.behaviors.dummy import DUMMY, Dummy
from vaurien.errors import ConfigError, RegistrationError
from vaurien.plugins import KINDS, WITH_FLAGS, make_behavior, make_catalog, protocol_settings, summary
from vaurien.protocols.tcp import TCP
from vaurien.spec import BehaviorSpec


def test_every_kind_has_a_registry_of_its_name():
    assert {kind: registry.kind for kind, (registry, _) in KINDS.items()} == dict(zip(KINDS, KINDS, strict=True))
    assert WITH_FLAGS.keys() == {'behavior', 'protocol'}


def test_the_catalog_has_all_plugins_with_all_their_options():
    catalog, notes = make_catalog(KINDS)
    assert notes == []
    for kind, (registry, _) in KINDS.items():
        assert sorted(catalog[kind]) == registry.names()
        for name, plugin in catalog[kind].items():
            assert plugin.options == registry.options(registry.get(name))
    assert 'match' in catalog['behavior']['delay'].options
    assert 'reuse_socket' in catalog['protocol']['tcp'].options


@pytest.mark.parametrize('text, expected', [
    (None, ''), ('', ''), ('It is odd', 'It is odd.'), ('It is odd. And more.', 'It is odd.'), ('It\n  is\n\nodd', 'It is.'),
])
def test_a_summary_is_the_first_sentence(text, expected):
    assert summary(type('Made', (), {'__doc__': text})) == expected


def test_a_behavior_that_does_nothing_is_the_shared_one():
    assert make_behavior(BehaviorSpec(name='dummy'), {}, TCP) is DUMMY


def test_settings_of_an_entry_win_over_those_of_the_proxy():
    entry = BehaviorSpec(name='delay', settings={'sleep': 3})
    assert make_behavior(entry, {'delay': {'sleep': 2, 'before': False}}, TCP).settings == {
        'sleep': 3.0, 'before': False, 'to': None, 'p99': None, 'match': None}


def test_a_behavior_that_wants_to_end_the_process_is_refused():
    class Leaving(Dummy):
        """It leaves."""

        name = 'leaving'

        def suit(self, protocol):
            raise SystemExit(3)
    Behavior.register(Leaving)
    try:
        with pytest.raises(RegistrationError, match='behavior leaving cannot be made'):
            make_behavior(BehaviorSpec(name='leaving'), {}, TCP)
    finally:
        Behavior.unregister('leaving')


def test_an_option_that_is_not_known_is_named_as_the_flag():
    with pytest.raises(ConfigError, match='--protocol-tcp-bufer'):
        protocol_settings(TCP, {'bufer': 1})
