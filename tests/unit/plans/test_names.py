"""What the name in an entry means for a protocol, and what is said where it means nothing."""
import pytest

from vaurien.errors import ConfigError
from vaurien.plans.names import BEHAVIOR, KIND, TOXIC, behaviors_of, check_name, meaning_of
from vaurien.protocols import Protocol
from vaurien.protocols.base import BaseProtocol
from vaurien.protocols.message import FailureKind
from vaurien.spec import FaultSpec

NEAREST = "--fault name: 'readonli' is not valid, expected a known name, the nearest is readonly"
REDIS, TCP, POSTGRES = (Protocol.get(name) for name in ('redis', 'tcp', 'postgres'))


class Coded(BaseProtocol):
    name = 'coded'
    errors = {'one': FailureKind('', ('command',), lambda protocol, exchange: None, ('E1', 'E2')),
              'two': FailureKind('', ('command',), lambda protocol, exchange: None, ('E2',)),
              'delay': FailureKind('', ('command',), lambda protocol, exchange: None)}


def meaning(name, protocol=REDIS, **settings):
    return meaning_of(FaultSpec(name=name, settings=settings), protocol, '--fault')


@pytest.mark.parametrize('name, protocol, what, names', [
    ('readonly', REDIS, KIND, ('readonly',)), ('delay', REDIS, BEHAVIOR, ('delay',)), ('latency', REDIS, TOXIC, ('latency',)),
    ('hang', TCP, BEHAVIOR, ('hang',)), ('kind:readonly', REDIS, KIND, ('readonly',)),
    ('E1', Coded, KIND, ('one',)), ('E2', Coded, KIND, ('one', 'two')),
    ('delay', Coded, KIND, ('delay',)), ('behavior:delay', Coded, BEHAVIOR, ('delay',)),     # the kind goes first
    ('toxic:timeout', REDIS, TOXIC, ('timeout',)),
])
def test_a_name_is_a_kind_or_a_code_then_a_behavior_then_a_toxic(name, protocol, what, names):
    assert meaning(name, protocol)[:2] == (what, names)


@pytest.mark.parametrize('name, protocol, settings, message', [
    ('readnly', REDIS, {}, "--fault name: 'readnly' is not valid, expected a known name, the nearest is readonly"),
    ('readonly', TCP, {}, "--fault name: 'readonly' is not valid"),
    ('behavior:readonly', REDIS, {}, "--fault name: 'behavior:readonly' is not valid"),
    ('behaviour:delay', REDIS, {}, "--fault name: 'behaviour:delay' is not valid, expected one of kind, behavior, toxic before"),
    ('delay', REDIS, {'slep': 1}, "--fault option: 'slep' is not valid, expected a known name, the nearest is sleep"),
    ('delay', REDIS, {'stge': 'x'}, "--fault option: 'stge' is not valid, expected a known name, the nearest is stage"),
    ('latency', REDIS, {'latncy': 1}, "--fault option: 'latncy' is not valid, expected a known name, the nearest is latency"),
    ('latency', REDIS, {'latency': 'x'}, "--fault latency: 'x' is not valid, expected an integer"),
    ('latency', REDIS, {'stream': 'up'}, "--fault stream: 'up' is not valid, expected one of downstream, upstream"),
    ('latency', REDIS, {'requests': -1}, '--fault requests: -1 is not valid, expected an integer from 0'),
    ('slow_open', REDIS, {}, "--fault name: 'slow_open' is not valid, expected a toxic that acts on bytes"),
    ('readonly', REDIS, {'kind': 'oom'}, "--fault option: 'kind' is not valid"),
])
def test_what_cannot_be_is_refused_in_one_line(name, protocol, settings, message):
    with pytest.raises(ConfigError) as caught:
        meaning(name, protocol, **settings)
    assert str(caught.value).startswith(message)


def test_values_of_behaviors_are_refused_where_they_are_made():
    with pytest.raises(ConfigError, match="^--fault sleep: 'x' is not valid, expected a number of at least 0"):
        behaviors_of(meaning('delay', sleep='x'), REDIS, '--fault')
    assert behaviors_of(meaning('delay', sleep='2'), REDIS, '--fault')['delay'].option('sleep') == 2


def test_a_toxic_has_its_direction_and_its_end():
    assert meaning('latency', latency='100')[2:] == ({'latency': 100, 'jitter': 0, 'distribution': 'uniform'}, 'downstream', 0)
    assert meaning('latency', stream='upstream', requests='3')[3:] == ('upstream', 3)


def clear(proxies):
    """Return proxies without TLS."""
    return [(name, (protocol, False, False, False)) for name, protocol in proxies]


@pytest.mark.parametrize('proxies', [[], [('other', TCP)], [('cache', REDIS)], [('cache', REDIS), ('cache2', TCP)]])
def test_an_entry_is_good_where_some_proxy_that_it_is_about_can_apply_it_or_none_is_there_yet(proxies):
    check_name(FaultSpec(name='readonly', proxy='cache*'), clear(proxies), '--fault')


@pytest.mark.parametrize('proxies, message', [
    ([('cache', TCP)], "--fault name: 'readonli' is not valid, expected one of abort, "),
    ([('cache', POSTGRES)], "--fault name: 'readonli' is not valid, expected a known name, the nearest is read-only"),
    ([('cache', POSTGRES), ('cache', REDIS)], NEAREST),
    ([], NEAREST),
])
def test_an_entry_that_none_can_apply_is_refused(proxies, message):
    with pytest.raises(ConfigError) as caught:
        check_name(FaultSpec(name='readonli', proxy='cache'), clear(proxies), '--fault')
    assert str(caught.value).startswith(message)


def test_a_value_that_does_not_fit_is_said_before_what_others_do_not_know():
    with pytest.raises(ConfigError, match="^--fault option: 'warmpu' is not valid, expected a known name, the nearest is warmup"):
        check_name(FaultSpec(name='readonly', settings={'warmpu': 1}), clear([('one', TCP), ('two', REDIS)]), '--fault')


@pytest.mark.parametrize('kind, sides, message', [
    ('expired-certificate', (False, True, False), 'a proxy that ends TLS for this one, whose address begins with tls://'),
    ('tls-truncated', (False, False, False), 'a proxy that ends TLS for this one, whose address begins with tls://'),
    ('self-signed', (True, True, True), "a proxy without tls_cert for this one: what it shows is issued by vaurien's own "
                                        'authority'),
    ('alert-close', (False, True, False), 'clients that speak TLS for this one; those of a proxy with TLS on the side of the '
                                          'backend alone do not')])
def test_a_kind_of_tls_is_refused_where_no_proxy_that_it_is_about_can_have_it(kind, sides, message):
    with pytest.raises(ConfigError) as caught:
        check_name(FaultSpec(name=kind), [('one', (TCP, *sides))], '--fault')
    assert str(caught.value) == f'--fault kind: {kind!r} is not valid, expected {message}'
    check_name(FaultSpec(name=kind), [('one', (TCP, *sides)), ('two', (REDIS, True, False, False))], '--fault')
    check_name(FaultSpec(name=kind), [], '--fault')
