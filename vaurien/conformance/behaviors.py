"""Checks that a behavior keeps what its contract says. Opens no connection: its streams are made of bytes."""
from copy import deepcopy
from typing import Any

from ..behaviors import Behavior
from ..behaviors.dummy import HOOKS, Dummy
from ..protocols.base import Exchange
from .fakes import FakeSession, FakeStream, Relay
from .rules import WAITS, call_plugin, look_at_class, make_with_defaults, require, takes


def check_behavior(cls: type[Dummy]) -> None:
    """Check a behavior class.

    Raises:
        RegistrationError: It cannot be registered.
        AssertionError: It breaks its contract; the message names the class and the rule.
    """
    Behavior.check(cls)
    cls = Behavior.adapt(cls)
    options = Behavior.options(cls)
    look_at_class(cls, options, ('inline', 'reports'))
    for hook in HOOKS:
        require(cls, takes(getattr(cls, hook), 4), f'{hook} takes (self, protocol, source, dest, to_backend)')
    behavior = make_with_defaults(cls, options)
    for to_backend in (True, False):
        _check_hooks(cls, behavior, to_backend)


def _check_hooks(cls: type[Dummy], behavior: Dummy, to_backend: bool) -> None:
    """Apply it to one exchange, as the lane would."""
    protocol, exchange, settings = Relay(), Exchange(), deepcopy(behavior.settings)
    protocol.session, exchange.behavior = FakeSession(exchange), behavior
    source, dest = FakeStream(b'a message'), FakeStream()

    def call(hook: str) -> Any:
        return call_plugin(cls, f'{hook} raises nothing', cls.inline,
                           lambda: getattr(behavior, hook)(protocol, source, dest, to_backend))
    passes = call('on_before_handle')
    require(cls, passes is WAITS or isinstance(passes, bool), 'on_before_handle returns True, or False to keep the message back')
    if passes is True and not source.ending:
        protocol._handle(source, dest, to_backend)
        call('on_after_handle')
    require(cls, behavior.settings == settings, 'settings are never written by an exchange')
