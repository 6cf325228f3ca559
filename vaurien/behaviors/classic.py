"""Behaviors written for vaurien 1.x, made into those of today: the one place that knows how they differ.

In 1.x a behavior needed no base class but two hooks; its constructor took nothing, and it was told its settings afterwards, by
``update_settings``. The hooks have stayed the same.
"""
from collections.abc import Mapping
from typing import Any, ClassVar

from ..options import options_of, settle
from ..registry import derive, takes_settings, wrong_constructor
from .dummy import COMMON, HOOKS, Dummy, pattern


def malformed(cls: Any) -> str | None:
    """Return why a class can be no behavior, neither of today nor of 1.x; None: it can."""
    if not issubclass(cls, Dummy) and not any(hasattr(cls, hook) for hook in HOOKS):
        return 'it does not derive from vaurien.behaviors.dummy.Dummy, and has not the two hooks of 1.x'
    for hook in HOOKS:
        if not callable(getattr(cls, hook, None)):
            return f'it has no method {hook}(self, protocol, source, dest, to_backend)'
    return wrong_constructor(cls, Dummy)


def adapt(cls: Any) -> Any:
    """Return a class of today that does what a class does; the class itself where it is one of today."""
    if not issubclass(cls, Dummy):
        more = {'adapts': cls, 'name': cls.name, 'options': cls.options}
        return derive(Adapted, cls, **more, **{flag: bool(getattr(cls, flag, False)) for flag in ('inline', 'reports')})
    if takes_settings(cls, Dummy) and cls.update_settings is Dummy.update_settings:
        return cls

    def __init__(self: Any, settings: Mapping[str, Any] | None = None) -> None:
        settled = settle(options_of(cls, COMMON), settings or {})
        cls.__init__(self, *([settled] if takes_settings(cls, Dummy) else []))
        self.update_settings(dict(settled))
        self.match = None if settled['match'] is None else pattern(settled['match'])
    return derive(cls, cls, __init__=__init__)


class Adapted(Dummy):
    """Hands its hooks on to an object of a class that does not derive from ``Dummy``."""

    adapts: ClassVar[type]

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__(settings)
        self._adapted = make(self.adapts, {name: self.settings[name] for name in self.options})

    def suit(self, protocol: Any) -> None:
        suit = getattr(self._adapted, 'suit', None)
        if callable(suit):
            suit(protocol)

    def on_before_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> bool:
        return bool(self._adapted.on_before_handle(protocol, source, dest, to_backend))

    def on_after_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> bool:
        return bool(self._adapted.on_after_handle(protocol, source, dest, to_backend))


def make(cls: type, settings: dict[str, Any]) -> Any:
    """Make an object of a class that does not derive from ``Dummy``, and tell it its settings in the way that it knows."""
    if takes_settings(cls, Dummy):
        return cls(settings)
    made = cls()
    update = getattr(made, 'update_settings', None)
    if callable(update):
        update(settings)
    elif settings:
        made.settings = settings
    if settings and not hasattr(made, 'option'):
        made.option = settings.__getitem__
    return made
