"""Makes a behavior of what a request asks for: the text of a plan's entry, after its equals sign. Knows no session."""
from functools import lru_cache
from typing import Any

from ...behaviors.dummy import Dummy
from ...errors import ConfigError, VaurienError
from ...plans.grammar import WHERE, read_fault
from ...plans.names import TOXIC, Meaning, behaviors_of, meaning_of
from ...plans.planned import Planned
from ...plans.step import fits
from ...plugins import make_behavior
from ...protocols.base import Exchange
from ...spec import BehaviorSpec

FIELD = 'x-vaurien-fault'       #: how messages call it
#: options that count requests: this is about one
COUNTING = frozenset(('agitate', 'bucket', 'first', 'quota', 'warmup'))
MAX_REMEMBERED = 256    #: texts whose meaning is remembered; clients repeat theirs
REFUSED = 400           #: the status of a response to a request that asks for what cannot be


@lru_cache(MAX_REMEMBERED)
def meaning(text: str, protocol: Any) -> Meaning:
    """Return what a text means to the class of a protocol.

    Raises:
        ConfigError: Nothing, or what one request cannot ask for.
    """
    spec = read_fault(f'* = {text}', FIELD)
    for name, option in WHERE.items():
        if getattr(spec, name) != option.default:
            raise ConfigError(f'{FIELD} {name}', getattr(spec, name), 'nothing: it is about this request')
    for name in COUNTING & spec.settings.keys():
        raise ConfigError(f'{FIELD} {name}', spec.settings[name], 'nothing: it is about this request')
    found = meaning_of(spec, protocol, FIELD)
    if found.what == TOXIC:
        raise ConfigError(FIELD, text, 'a kind of error or a behavior, and no toxic')
    return found


def behavior_for(text: str, protocol: Any, exchange: Exchange) -> Dummy:
    """Return the behavior that a request asks for; one that says in a response what is wrong, where it cannot be."""
    cls: Any = type(protocol)
    try:
        made = behaviors_of(meaning(text, cls), cls, FIELD)
        for behavior in made.values():
            if fits(behavior, protocol, exchange):
                return behavior
        raise ConfigError(FIELD, text, f'what fits at {exchange.stage}')
    except VaurienError as error:
        settings = {'status': REFUSED, 'body': f'{error}\n'}
        return make_behavior(BehaviorSpec(name='error', settings=settings), {}, cls)


def ask(text: str, protocol: Any, exchange: Exchange) -> None:
    """Let an exchange get what its request asks for, in place of what was drawn; what a plan means for it goes before that."""
    if not isinstance(exchange.behavior, Planned):
        exchange.behavior = behavior_for(text, protocol, exchange)
