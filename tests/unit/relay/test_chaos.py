"""From specs to behavior objects: settings by precedence, checked against the protocol, and shared by nobody."""
from random import Random

import pytest

import vaurien.protocols.http  # noqa: F401 - registers itself
from vaurien.behaviors.dummy import DUMMY
from vaurien.errors import ConfigError, UnknownPluginError
from vaurien.plugins import protocol_settings
from vaurien.protocols import Protocol
from vaurien.protocols.base import Exchange
from vaurien.protocols.tcp import TCP
from vaurien.relay.chaos import Chaos
from vaurien.spec import BehaviorSpec


def chaos(*entries: BehaviorSpec, protocol: type = TCP, **settings) -> Chaos:
    return Chaos(entries, settings, protocol)


def test_settings_of_an_entry_win_over_those_of_the_proxy_and_those_over_defaults():
    made = chaos(BehaviorSpec(name='delay', percent=50, settings={'sleep': 3}), BehaviorSpec(name='delay', percent=50),
                 delay={'sleep': 2, 'before': False})
    assert [behavior.settings for _, behavior in made.entries] == [
        {'sleep': seconds, 'before': False, 'to': None, 'p99': None, 'match': None} for seconds in (3.0, 2.0)]


def test_each_entry_has_an_object_of_its_own():
    made = chaos(BehaviorSpec(name='error', percent=10), BehaviorSpec(name='error', percent=10))
    first, second = (behavior for _, behavior in made.entries)
    assert first is not second


@pytest.mark.parametrize('entries', [(), (BehaviorSpec(name='dummy'),), (BehaviorSpec(name='error', percent=0),)])
def test_a_mix_that_can_do_nothing_is_plain_and_draws_nothing(entries):
    assert chaos(*entries).plain


def test_dummy_is_drawn_for_what_is_missing_to_100():
    made = chaos(BehaviorSpec(name='error', percent=1))
    random = Random(1)
    assert not made.plain
    assert sum(made.draw(random) is DUMMY for _ in range(1000)) == 990


@pytest.mark.parametrize('entry, settings, text', [
    (BehaviorSpec(name='delai'), {}, "the 'delai' behavior does not exist, known: abort"),
    (BehaviorSpec(name='delay', settings={'sleep': 'long'}), {}, "delay-sleep: 'long' is not valid, expected a number"),
    (BehaviorSpec(name='delay', settings={'sleep': -1}), {}, "--behavior-delay-sleep: -1 is not valid"),
    (BehaviorSpec(name='delay'), {'delay': {'slep': 1}}, "--behavior-delay-slep: 1 is not valid, expected one of the options"),
    (BehaviorSpec(name='delay', settings={'match': '('}), {}, "expected a regular expression"),
    (BehaviorSpec(name='error', settings={'kind': '500'}), {}, "kind: '500' is not valid, expected nothing: tcp has no kinds"),
    (BehaviorSpec(name='error', percent=101), {}, 'sum of at most 100'),
])
def test_what_does_not_fit_is_refused_with_its_name_and_what_is_expected(entry, settings, text):
    with pytest.raises((ConfigError, UnknownPluginError)) as told:
        chaos(entry, **settings)
    assert text in str(told.value)


def test_kinds_are_checked_against_the_protocol():
    http = Protocol.get('http')
    kind = sorted(http.errors)[0]
    assert chaos(BehaviorSpec(name='error', settings={'kind': kind}), protocol=http).entries[0][1].option('kind') == kind
    with pytest.raises(ConfigError, match='expected one of the kinds of http: see vaurien help http$'):
        chaos(BehaviorSpec(name='error', settings={'kind': 'nothing'}), protocol=http)


@pytest.mark.parametrize('protocol, word, near', [
    ('redis', 'readonyl', 'readonly, or another '), ('postgres', '40P02', '40P01, or another '), ('redis', '450', '')])
def test_the_error_for_an_unknown_kind_names_the_nearest_and_ends_with_all_names(protocol, word, near):
    cls = Protocol.get(protocol)
    with pytest.raises(ConfigError) as told:
        chaos(BehaviorSpec(name='error', settings={'kind': word}), protocol=cls)
    names = ', '.join(sorted(cls.errors))
    assert str(told.value).endswith(f'kind: {word!r} is not valid, expected {near}one of the kinds of {protocol}: {names}')


@pytest.mark.parametrize('word, near', [('5033', '503, or another '), ('openai-rate-limits', 'openai-rate-limit'), ('qqqq', '')])
def test_a_protocol_of_more_kinds_than_a_line_holds_names_the_nearest_and_where_all_are_listed(word, near):
    with pytest.raises(ConfigError) as told:
        chaos(BehaviorSpec(name='error', settings={'kind': word}), protocol=Protocol.get('http'))
    line = str(told.value)
    assert f'kind: {word!r} is not valid, expected {near}' in line
    assert line.endswith('one of the kinds of http: see vaurien help http')
    assert len(line) < 200


@pytest.mark.parametrize('protocol, code, opens', [
    ('redis', 'READONLY', False), ('redis', 'DENIED', True), ('smtp', '450', False), ('smtp', '421', True),
    ('mysql', '1040', True), ('http', '503', False)])
def test_a_code_is_a_kind_and_may_fail_the_opening(protocol, code, opens):
    made = chaos(BehaviorSpec(name='error', settings={'kind': code}), protocol=Protocol.get(protocol))
    assert made.opens is opens


def test_it_reads_as_the_mix_it_was_made_of():
    assert str(chaos(BehaviorSpec(name='delay', percent=20), BehaviorSpec(name='error', percent=0.5))) == '20:delay,0.5:error'


def test_common_options_of_protocols_have_their_defaults():
    assert protocol_settings(TCP, {'buffer': 100})['buffer'] == 100
    assert {'reuse_socket', 'buffer', 'keep_alive'} <= set(Protocol.options(TCP))
    with pytest.raises(ConfigError, match='--protocol-tcp-bufer'):
        protocol_settings(TCP, {'bufer': 1})


def test_of_responses_that_nothing_happens_to_the_first_of_each_entry_is_told():
    made = chaos(BehaviorSpec(name='error', percent=50), BehaviorSpec(name='error', percent=50))
    exchanges = [Exchange(b'GET /') for _ in range(5)]
    for exchange, at in zip(exchanges, (0, 0, 1, 1, 0), strict=True):
        exchange.behavior = made.entries[at][1]
    assert [made.spared(exchange) for exchange in exchanges] == [True, False, True, False, False]
    assert [made.spared(Exchange(b'GET /')) for _ in range(2)] == [True, True]      # of no entry, but of a plan
