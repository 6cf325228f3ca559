"""A plan as a proxy and its sessions have it: what an exchange gets, and what is said where it gets nothing."""
import pytest

from vaurien.behaviors.dummy import DUMMY
from vaurien.behaviors.hang import Hang
from vaurien.plans.entry import Entry
from vaurien.plans.names import meaning_of
from vaurien.plans.planned import Planned
from vaurien.plans.step import Step
from vaurien.plans.steps import ProxyPlan, SessionPlan
from vaurien.protocols import Protocol
from vaurien.protocols.base import OPENING, Exchange
from vaurien.spec import FaultSpec

REDIS, TCP = Protocol.get('redis'), Protocol.get('tcp')
DRAWN = Hang()


def entries(*specs):
    return [Entry(number, FaultSpec(**spec)) for number, spec in enumerate(specs, 1)]


def planned(*found, protocol=REDIS, test=''):
    return ProxyPlan([Step(entry, meaning_of(entry.spec, protocol, 'fault'), protocol) for entry in found], protocol, test)


def session(plan, number=1, protocol=REDIS, before=None):
    return SessionPlan(plan, number, protocol(), before)


def exchange(number, name=b'SET a', stage='command'):
    made = Exchange(name, stage, note=(0xFFFF, b'', '', 1))
    made.number = number
    return made


def chosen(plan, number, name=b'SET a', stage='command', drawn=DUMMY):
    """Return the id of the entry that an exchange gets, and the name of its behavior; 0: none."""
    behavior = plan.choose(exchange(number, name, stage), drawn)
    return (behavior.entry.number if isinstance(behavior, Planned) and behavior.entry else 0), behavior.name


def test_what_the_plan_does_not_mean_keeps_what_was_drawn():
    plan = session(planned(*entries({'name': 'abort', 'request': 'GET *'})))
    assert chosen(plan, 1, drawn=DRAWN) == (0, 'hang')
    assert chosen(plan, 2, b'GET a', drawn=DRAWN) == (1, 'abort')


def test_the_first_entry_that_fits_is_applied_and_the_others_know():
    found = entries({'name': 'readonly', 'stage': 'exec'}, {'name': 'abort', 'nth': 2}, {'name': 'readonly'},
                    {'name': 'hang', 'nth': 0})
    plan = session(planned(*found))
    assert [chosen(plan, 1), chosen(plan, 2)] == [(3, 'error'), (2, 'abort')]
    assert [entry.why_not for entry in found] == ['no request has matched', 'it was due, and has done nothing',
                                                 'it was due, and has done nothing', 'matched, but entry 2 was applied to it']
    assert [entry.matched for entry in found] == [0, 2, 2, 2]


@pytest.mark.parametrize('name, stage, fits', [
    ('readonly', 'command', True), ('readonly', 'nowhere', False), ('max-clients', 'command', False), ('error', 'command', True),
    ('error', 'nowhere', False), ('transient', 'nowhere', False), ('hang', 'nowhere', True), ('delay', 'nowhere', True),
    ('latency', 'nowhere', True),
])
def test_a_kind_that_does_not_fit_is_not_applied_and_owed_to_no_later_request(name, stage, fits):
    found, = entries({'name': name})
    plan = session(planned(found))
    assert chosen(plan, 1, stage=stage)[0] == fits
    assert chosen(plan, 2) == (0, 'dummy')
    assert found.why_not == ('it was due, and has done nothing' if fits else f'matched, but {name} does not fit at {stage}')


def test_an_error_that_spoils_the_response_fits_where_there_is_one():
    found, = entries({'name': 'error', 'settings': {'inject': 'true'}})
    assert chosen(session(planned(found)), 1, stage='nowhere') == (1, 'error')


@pytest.mark.parametrize('name, fits', [
    ('max-clients', True), ('readonly', False), ('error', True), ('abort', True), ('latency', True)])
def test_the_opening_gets_what_belongs_there(name, fits):
    found, = entries({'name': name, 'request': OPENING})
    plan = session(planned(found))
    opening = plan.opening()
    assert (opening is not None) == fits
    assert plan.opening() is None   # another session's would be the second


def test_without_requests_events_are_counted_and_errors_are_random_bytes():
    plan = session(planned(*entries({'name': 'error', 'nth': 2}), protocol=TCP), protocol=TCP)
    assert [chosen(plan, 1, b'', ''), chosen(plan, 2, b'', '')] == [(0, 'dummy'), (1, 'error')]


def test_entries_are_asked_in_their_order_however_they_name_a_request():
    found = entries({'name': 'hang', 'nth': 0}, {'name': 'abort', 'request': 'SET a'}, {'name': 'delay', 'exchange': 1})
    plan = session(planned(*found))
    assert [chosen(plan, number) for number in (1, 2)] == [(1, 'hang')] * 2
    assert [entry.matched for entry in found] == [2, 2, 1]
    found = entries({'name': 'delay', 'exchange': 2}, {'name': 'abort', 'request': 'set A'}, {'name': 'hang', 'nth': 0})
    plan = session(planned(*found))
    assert [chosen(plan, number) for number in (1, 2)] == [(2, 'abort'), (1, 'delay')]
    assert chosen(plan, 3, b'GET a') == (3, 'hang')


def test_sessions_are_told_apart_and_an_occurrence_is_counted_over_all_of_them():
    one, two = entries({'name': 'abort', 'session': 2}, {'name': 'hang', 'nth': 2})
    plan = planned(one, two)
    assert [chosen(session(plan, number), 1) for number in (1, 2, 3)] == [(0, 'dummy'), (1, 'abort'), (0, 'dummy')]


def test_only_entries_of_the_mark_that_holds_are_asked():
    found = entries({'name': 'abort', 'test': 'test_a'}, {'name': 'hang', 'nth': 2})
    plan = planned(*found)
    made = session(plan)
    assert chosen(made, 1) == (0, 'dummy')
    plan.marked('test_a')
    assert chosen(made, 2) == (1, 'abort')
    plan.marked('test_b')
    assert chosen(made, 3) == (0, 'dummy')
    assert [entry.matched for entry in found] == [1, 3]


class Wire:
    """Notes which toxics are put on and taken off; one that is in ``held`` stays."""

    def __init__(self):
        self.said, self.held = [], False

    def set_toxic(self, attached, on, at_once=False):
        self.said.append((attached.spec.name, attached.direction, on))
        return on or self.held


class Talk:
    def __init__(self, wire):
        self.session = wire


def handled(plan, wire, number):
    """Handle a request and its response, and return what is said of toxics meanwhile, by direction."""
    wire.said = []
    behavior = plan.choose(exchange(number), DUMMY)
    for to_backend in (True, False):
        behavior.on_before_handle(Talk(wire), None, None, to_backend)
        behavior.on_after_handle(Talk(wire), None, None, to_backend)
    return wire.said


@pytest.mark.parametrize('stream', ['downstream', 'upstream'])
def test_a_toxic_is_put_on_with_its_request_and_taken_off_with_the_one_after_its_last(stream):
    plan, wire = session(planned(*entries({'name': 'latency', 'nth': 2, 'settings': {'stream': stream, 'requests': 2}}))), Wire()
    assert [handled(plan, wire, number) for number in range(1, 6)] == [
        [], [('plan_1', stream, True)], [], [('plan_1', stream, False)], []]


def test_a_toxic_stays_until_the_session_ends_where_nothing_else_is_said():
    plan, wire = session(planned(*entries({'name': 'latency'}))), Wire()
    assert [handled(plan, wire, number) for number in range(1, 5)] == [[('plan_1', 'downstream', True)], [], [], []]


def test_a_toxic_that_holds_something_is_taken_off_later():
    plan, wire = session(planned(*entries({'name': 'latency', 'settings': {'requests': 1}}))), Wire()
    handled(plan, wire, 1)
    wire.held = True
    assert [handled(plan, wire, number) for number in (2, 3)] == [[('plan_1', 'downstream', False)]] * 2
    wire.held = False
    assert [handled(plan, wire, number) for number in (4, 5)] == [[('plan_1', 'downstream', False)], []]


def test_a_plan_that_takes_the_place_of_another_knows_its_toxics():
    one, two = entries({'name': 'latency', 'settings': {'requests': 2}}, {'name': 'bandwidth', 'nth': 7})
    before, wire = session(planned(one, two)), Wire()
    handled(before, wire, 1)
    assert [toxic.spec.name for toxic in before.gone(None)] == ['plan_1']   # the other one was not due yet
    assert [toxic.spec.name for toxic in before.gone(planned(two))] == ['plan_1']
    after = session(planned(one), before=before)
    assert handled(after, wire, 3) == [('plan_1', 'downstream', False)]
