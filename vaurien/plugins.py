"""The one place that knows a plugin of any kind: the three kinds, what there is of each, and how one is made of a spec.

Knows the registries, and nothing of sessions, streams or how a user wrote it.
"""
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .behaviors import Behavior
from .behaviors.dummy import DUMMY, Dummy
from .errors import ConfigError, RegistrationError, UnknownPluginError
from .options import Option, flag
from .protocols import Protocol
from .protocols.base import BaseProtocol
from .protocols.tls_kinds import place_for
from .registry import Registry
from .spec import BehaviorSpec, ProxySpec, tls_sides
from .toxics import TOXICS


class PluginKind(NamedTuple):
    """A kind of plugin.

    Args:
        registry: Where its classes are found.
        has_flags: Whether each option of each class is a flag of the command line, and a key of a section ``[kind:NAME]``.
            A toxic is written with its attributes in one text, any number of times, so it has none.
    """

    registry: Registry[Any]
    has_flags: bool


KINDS = {
    'behavior': PluginKind(Behavior, has_flags=True),
    'protocol': PluginKind(Protocol, has_flags=True),
    'toxic': PluginKind(TOXICS, has_flags=False),
}
WITH_FLAGS = {name: kind for name, kind in KINDS.items() if kind.has_flags}


class Plugin(NamedTuple):
    """A plugin as it is shown to users.

    Args:
        summary: What it does, in one sentence; empty: it does not say.
        options: What it can be told.
    """

    summary: str
    options: dict[str, Option]


#: plugins by kind and name
Catalog = Mapping[str, Mapping[str, Plugin]]


class Loaded(Mapping[str, Plugin]):
    """The plugins of one kind, each loaded when it is asked for; what cannot be loaded is not there.

    Args:
        registry: Where they are found.
        notes: Gets a line for each that cannot be loaded.
    """

    def __init__(self, registry: Registry[Any], notes: list[str]) -> None:
        self._registry, self._notes = registry, notes
        self._found: dict[str, Plugin | None] = {}

    def __getitem__(self, name: str) -> Plugin:
        if name not in self._found:
            self._found[name] = self._load(name)
        plugin = self._found[name]
        if plugin is None:
            raise KeyError(name)
        return plugin

    def _load(self, name: str) -> Plugin | None:
        try:
            cls = self._registry.get(name)
            return Plugin(summary(cls), self._registry.options(cls))
        except UnknownPluginError:
            return None
        except RegistrationError as error:
            self._notes.append(str(error))
            return None

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._registry.names() if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f'<the {self._registry.kind} plugins>'


def open_catalog(kinds: Mapping[str, PluginKind]) -> tuple[Catalog, list[str]]:
    """Return the plugins of some kinds, none of which is loaded yet; the second value says of each that could not be why not."""
    notes: list[str] = []
    return {kind: Loaded(registry, notes) for kind, (registry, _) in kinds.items()}, notes


def make_catalog(kinds: Mapping[str, PluginKind] = WITH_FLAGS) -> tuple[Catalog, list[str]]:
    """List the plugins of some kinds with their options. What cannot be loaded is left out; the second value says why."""
    catalog, notes = open_catalog(kinds)
    for registry, _ in kinds.values():
        for name in registry.own_names():
            try:
                registry.load_announced(name)
            except RegistrationError as error:      # it is taken, and stays what it is
                notes.append(str(error))
    found = {kind: dict(plugins) for kind, plugins in catalog.items()}
    return found, list(dict.fromkeys(notes))


def summary(cls: type) -> str:
    """Return the first sentence of a class's own docstring; empty: it has none."""
    paragraph = ' '.join(str(cls.__doc__ or '').strip().split('\n\n')[0].split())
    return paragraph.partition('. ')[0].removesuffix('.') + '.' if paragraph else ''


def make_behavior(entry: BehaviorSpec, settings: Mapping[str, Mapping[str, Any]], protocol: type[BaseProtocol]) -> Dummy:
    """Make the behavior object of one entry of a mix.

    Args:
        entry: The entry.
        settings: Configured values by behavior and option; those of the entry win.
        protocol: The protocol's class; the behavior is checked against it.

    Raises:
        UnknownPluginError: There is no such behavior.
        ConfigError: An unknown option, or a value that does not fit.
        RegistrationError: It raises anything else.
    """
    cls = Behavior.get(entry.name)
    given = {**settings.get(entry.name, {}), **entry.settings}
    behavior = Behavior.make(cls, Behavior.settle(cls, given, lambda option: flag('behavior', entry.name, option)))
    with Behavior.guarded(entry.name):
        if not isinstance(behavior.settings, Mapping) or not hasattr(behavior.match, 'search') and behavior.match is not None:
            raise TypeError('its settings are no mapping, or its match no regular expression')
        behavior.suit(protocol)
        return DUMMY if cls.transparent() else behavior


def check_place(behavior: Dummy, spec: ProxySpec) -> None:
    """Refuse a kind of TLS that a proxy cannot have.

    Raises:
        ConfigError: The behavior was told one.
    """
    kind = behavior.settings.get('kind', '')
    if place := place_for(kind, *tls_sides(spec)):
        raise ConfigError('kind', kind, place)


def protocol_settings(cls: type[BaseProtocol], given: Mapping[str, Any]) -> dict[str, Any]:
    """Complete the settings of a protocol. One object is made with them, so that one that cannot be is found out before a client
    meets it.

    Raises:
        ConfigError: An unknown option, or a value that does not fit.
        RegistrationError: It raises anything else.
    """
    settings = Protocol.settle(cls, given, lambda option: flag('protocol', cls.name, option))
    Protocol.make(cls, dict(settings))
    return settings
