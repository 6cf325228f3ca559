"""What requests ask for, and what is said where it cannot be."""
import pytest

from tests.support.framing import CLIENT, replay
from tests.unit.protocols.http.messages import GET, HEAD
from vaurien.behaviors.dummy import DUMMY
from vaurien.plans.planned import Planned
from vaurien.protocols.base import Exchange
from vaurien.protocols.http import HTTP
from vaurien.relay.asked.behavior import ask, behavior_for


def asked(text: str, request: bytes = GET) -> Exchange:
    dialogue = replay(HTTP, [(CLIENT, request)])
    exchange = dialogue.exchanges[0]
    ask(text, dialogue.protocol, exchange)
    return exchange


@pytest.mark.parametrize('text, name, told', [
    ('503', 'error', {'kind': '503'}), ('error status=404 header="a: b" header="c: d"', 'error', {'status': 404}),
    ('delay sleep=2', 'delay', {'sleep': 2}), ('behavior:hang', 'hang', {}), ('kind:reset', 'error', {'kind': 'reset'}),
    ('edit keep=3', 'edit', {'keep': 3})])
def test_a_request_gets_what_it_asks_for(text: str, name: str, told: dict[str, object]) -> None:
    behavior = asked(text).drawn
    assert behavior.name == name
    assert {key: behavior.settings[key] for key in told} == told


@pytest.mark.parametrize('text, request_, words', [
    ('', GET, 'x-vaurien-fault'), ('503 "', GET, 'x-vaurien-fault'), ('50x', GET, 'expected'),
    ('transient agitate=2', GET, 'agitate'),
    ('error quota=1/1s', GET, 'quota'), ('hang session=3', GET, 'session'), ('toxic:latency', GET, 'no toxic'),
    ('truncated', HEAD, 'what fits at no page'), ('refused-stream', GET, 'what fits at page'),
    ('error body=' + 'x' * 70000, GET, 'body')],
    ids=['empty', 'quote', 'name', 'agitate', 'quota', 'session', 'toxic', 'stage', 'version', 'long'])
def test_what_cannot_be_is_answered_in_one_line(text: str, request_: bytes, words: str) -> None:
    behavior = asked(text, request_).drawn
    assert (behavior.name, behavior.settings['status']) == ('error', 400)
    assert words in behavior.settings['body']
    assert behavior.settings['body'].count('\n') == 1


def test_each_request_gets_a_behavior_of_its_own() -> None:
    dialogue = replay(HTTP, [(CLIENT, GET)])
    exchange = dialogue.exchanges[0]
    assert behavior_for('503', dialogue.protocol, exchange) is not behavior_for('503', dialogue.protocol, exchange)


def test_a_plan_goes_before_it() -> None:
    dialogue = replay(HTTP, [(CLIENT, GET)])
    exchange = dialogue.exchanges[0]
    planned = exchange.behavior = Planned(None, DUMMY)
    ask('503', dialogue.protocol, exchange)
    assert exchange.behavior is planned
