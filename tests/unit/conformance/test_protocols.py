"""The public checks: every built-in plugin passes them, and each rule is broken by a plugin that is told so in one line."""
import random

import gevent
import pytest

from tests.integration.test_data_plane_behaviors import SeedTCP, Slow1x
from vaurien.behaviors import Behavior
from vaurien.behaviors.dummy import Dummy
from vaurien.conformance import check_behavior, check_protocol
from vaurien.errors import RegistrationError
from vaurien.protocols import Protocol
from vaurien.protocols.base import BaseProtocol, Exchange, SharedExchange, UnansweredExchange
from vaurien.protocols.message import Failure, FailureKind, Framer, MessageProtocol


@pytest.mark.parametrize('name', Behavior.names())
def test_built_in_behavior_keeps_its_contract(name):
    check_behavior(Behavior.get(name))


@pytest.mark.parametrize('name', Protocol.names())
def test_built_in_protocol_keeps_its_contract(name):
    check_protocol(Protocol.get(name))


def test_plugins_written_for_1x_keep_their_contract():
    check_protocol(SeedTCP)
    check_behavior(Slow1x)


def hook(before):
    def on_before_handle(self, protocol, source, dest, to_backend):
        return before(self, source)
    return {'on_before_handle': on_before_handle}


BAD_BEHAVIORS = {
    'it can be made': {'__init__': lambda self, settings: None if settings is None else 1 / 0},
    'docstring': {'__doc__': None},
    'inline is True or False': {'inline': 'yes'},
    "option 'x' has a description": {'options': {'x': ('', int, 1)}},
    "the default of option 'x' is a value of its type": {'options': {'x': ('An x', str.upper, 'a')}},
    'on_before_handle takes': {'on_before_handle': lambda self, source, dest: True},
    'on_after_handle takes': {'on_after_handle': lambda self: True},
    'on_before_handle returns True, or False': hook(lambda self, source: None),
    'on_before_handle raises nothing': hook(lambda self, source: 1 / 0),
    'inline is only for what never waits': {'inline': True, **hook(lambda self, source: gevent.sleep(0.001) is None)},
    'drawn from protocol.random': hook(lambda self, source: random.random() < 2),
    'settings are never written': {'options': {'x': ('An x', int, 1)},
                                   **hook(lambda self, source: self.settings.update(x=2) is None)},
}


@pytest.mark.parametrize('rule', BAD_BEHAVIORS)
def test_behavior_that_breaks_a_rule_is_told_which(rule):
    cls = type('Bad', (Dummy,), {'name': 'bad', '__doc__': 'It is bad.', **BAD_BEHAVIORS[rule]})
    with pytest.raises(AssertionError, match=f'Bad breaks the rule: .*{rule}') as told:
        check_behavior(cls)
    assert '\n' not in str(told.value)


def handler(handle, **fields):
    return {'_handle': handle, **fields}


def lossy(self, source, dest, to_backend):
    data = source.recv()
    dest.sendall(data.replace(b'\r', b''))
    return bool(data)


def endless(self, source, dest, to_backend):
    dest.sendall(source.recv())
    return True


def talkative(self, source, dest, to_backend):
    data = source.recv()
    dest.sendall(data or b'bye')
    return bool(data)


def wordy(self, source, dest, to_backend):
    data = source.recv()
    dest.sendall(data)
    return data or False


def blocking(self, source, dest, to_backend):
    gevent.sleep(0)
    return bool(source.forward(dest))


def fragile(self, source, dest, to_backend):
    data = source.recv()
    dest.sendall(data)
    data.decode('ascii')
    return bool(data)


BAD_PROTOCOLS = {
    'passes on every byte, from client to backend': handler(lossy),
    'passes on every byte, from backend to client': handler(lambda self, source, dest, to_backend:
                                                            (bool(source.forward(dest)) if to_backend else
                                                             lossy(self, source, dest, to_backend))),
    '_handle returns False at the end of a stream': handler(endless),
    '_handle writes nothing at the end of a stream': handler(talkative),
    '_handle returns True, or False': handler(wordy),
    'inline is only for what never waits': handler(blocking, inline=True),
    '_handle raises nothing for bytes it does not know': handler(fragile),
    'duplex is True or False': handler(endless, duplex=None),
}


@pytest.mark.parametrize('rule', BAD_PROTOCOLS)
def test_protocol_that_breaks_a_rule_is_told_which(rule):
    cls = type('Bad', (BaseProtocol,), {'name': 'bad', '__doc__': 'It is bad.', **BAD_PROTOCOLS[rule]})
    with pytest.raises(AssertionError, match=f'Bad breaks the rule: .*{rule}') as told:
        check_protocol(cls)
    assert '\n' not in str(told.value)


class Lines(Framer):
    def scan(self, data, start):
        end = data.find(b'\n', start) + 1
        if end:
            yield end, None, True


class Careless(Framer):
    def scan(self, data, start):
        yield start, data.decode('ascii') and None, True


class Backwards(Framer):
    def scan(self, data, start):
        yield len(data), None, False
        yield 0, None, True


def build(protocol, exchange):
    return Failure(b'no')


BAD_MESSAGES = {
    'a framer raises nothing but ProtocolError': {'framers': (Careless, Lines)},
    'parts that a framer reports follow each other': {'framers': (Lines, Backwards)},
    "the error 'x' is a FailureKind": {'errors': {'x': ('It fails.', ('any',), build)}},
    "the error 'x' has a description": {'errors': {'x': FailureKind('', ('any',), build)}},
    "the error 'x' has a tuple of stages": {'errors': {'x': FailureKind('It fails.', 'any', build)}},
    "the error 'x' has a tuple of codes": {'errors': {'x': FailureKind('It fails.', ('any',), build, '503')}},
    "the error 'x' has a category": {'errors': {'x': FailureKind('It fails.', ('any',), build, category='Z')}},
    'and is of request or server': {'errors': {'x': FailureKind('It fails.', ('any',), build, scope='moon')}},
    'duplex and inline': {'inline': False},
}


@pytest.mark.parametrize('rule', BAD_MESSAGES)
def test_protocol_that_knows_requests_and_breaks_a_rule_is_told_which(rule):
    fields = {'name': 'bad', '__doc__': 'It is bad.', 'framers': (Lines, Lines)}
    check_protocol(type('Good', (MessageProtocol,), fields))
    with pytest.raises(AssertionError, match=f'Bad breaks the rule: .*{rule}'):
        check_protocol(type('Bad', (MessageProtocol,), {**fields, **BAD_MESSAGES[rule]}))


@pytest.mark.parametrize('check, good', [(check_behavior, Dummy), (check_protocol, SeedTCP)])
def test_class_that_cannot_be_registered_is_refused_as_registration_refuses_it(check, good):
    for wrong in (type('Bad', (good,), {'name': 'not a name'}), type('Bad', (good,), {'options': {'x': 1}}), object, good({})):
        with pytest.raises(RegistrationError, match='cannot be registered'):
            check(wrong)


class Lines(Framer):
    """Finds lines."""

    def scan(self, data, start):
        while end := data.find(b'\n', start) + 1:
            yield end, Exchange(data[start:end - 1], 'line'), True
            start = end


class Replies(Framer):
    """Finds the lines that answer them."""

    def scan(self, data, start):
        while end := data.find(b'\n', start) + 1:
            yield end, self.protocol.queue[0] if self.protocol.queue else None, True
            start = end


def run_of(exchange, lines=0, beyond=0):
    """Return a ``run`` of so many lines more than there are, that ends so many bytes later than they do."""
    def run(self, data, most):
        count = min(data.count(b'\n') + lines, most)
        end = len(data) - len(data.split(b'\n', count)[-1])
        return (end + beyond, [exchange] * count) if count else (0, ())
    return run


CONVERSATION = (True, b'one\ntwo\n'), (False, b'ONE\nTWO\n')


def lines_with(run, **more):
    framer = type('Running', (Lines,), {'run': run, '__doc__': 'Finds lines.', **more})
    return type('Told', (MessageProtocol,), {'name': 'test-told', 'framers': (framer, Replies), '__doc__': 'Lines.'})


def test_a_run_that_says_what_scan_says_keeps_the_contract():
    check_protocol(lines_with(run_of(SharedExchange('line'))), *CONVERSATION)
    check_protocol(lines_with(Framer.run), *CONVERSATION)


@pytest.mark.parametrize('run, rule', [
    (run_of(SharedExchange('other')), 'each message of a run belongs'),
    (run_of(Exchange(b'', 'line')), 'each message of a run belongs'),
    (run_of(UnansweredExchange('line')), 'each message of a run belongs'),
    (run_of(SharedExchange('line'), lines=1), 'a run'),
    (run_of(SharedExchange('line'), beyond=1), 'run'),
    (lambda self, data, most: setattr(self, 'count', most) or (0, ()), 'run changes nothing')],
    ids=['stage', 'not shared', 'not mixed', 'too many', 'beyond', 'changes'])
def test_a_run_that_says_something_else_breaks_it(run, rule):
    with pytest.raises(AssertionError, match=rule):
        check_protocol(lines_with(run), *CONVERSATION)


def test_what_ran_records_is_what_scan_would_have_changed():
    def ran(self, data, end):
        self.count = end

    with pytest.raises(AssertionError, match='change nothing but what ran records'):
        check_protocol(lines_with(run_of(SharedExchange('line')), count=0, ran=ran), *CONVERSATION)
