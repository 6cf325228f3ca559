"""From a spec to what a proxy draws from: behavior objects with their weights. Knows registries and no session."""
from collections.abc import Iterable, Mapping
from typing import Any

from ..behaviors import Behavior
from ..behaviors.dummy import Dummy, all_options
from ..errors import RegistrationError
from ..mix import Mix, check_sum, format_mix
from ..options import flag, normalize, settle
from ..protocols.base import COMMON as PROTOCOL_OPTIONS
from ..protocols.base import BaseProtocol
from ..spec import BehaviorSpec

DUMMY = Dummy()     #: what is drawn where nothing is; shared, since it has no state
OPENING = 'connect'     #: the stage, and the name, of the opening of a connection


class Chaos(Mix[Dummy]):
    """The behaviors of one proxy, as they are drawn.

    Args:
        entries: The mix.
        settings: Configured values by behavior and option.
        protocol: The protocol's class; behaviors are checked against it.

    Raises:
        UnknownPluginError: A behavior is not known.
        ConfigError: A value does not fit, or weights add up to more than 100.
    """

    __slots__ = ('spec', 'opens')

    def __init__(self, entries: Iterable[BehaviorSpec], settings: Mapping[str, Mapping[str, Any]],
                 protocol: type[BaseProtocol]) -> None:
        self.spec = tuple(entries)
        weights = [(entry.percent, entry.name) for entry in self.spec]
        check_sum(weights, format_mix(weights))
        super().__init__([(entry.percent, make_behavior(entry, settings, protocol)) for entry in self.spec], DUMMY)
        self.plain = self.plain or all(behavior is DUMMY for _, behavior in self.entries)
        #: some behavior fails the opening of connections, before any request
        self.opens = any(fails_opening(behavior, protocol) for _, behavior in self.entries)

    def __str__(self) -> str:
        return format_mix([(entry.percent, entry.name) for entry in self.spec])

    def has(self, behavior: object) -> bool:
        """Return whether a behavior can still be drawn."""
        return any(entry is behavior for _, entry in self.entries)


def make_behavior(entry: BehaviorSpec, settings: Mapping[str, Mapping[str, Any]], protocol: type[BaseProtocol]) -> Dummy:
    """Make the behavior object of one entry of a mix.

    Raises:
        UnknownPluginError, ConfigError: As for ``Chaos``.
        RegistrationError: It wants to end the process.
    """
    cls = Behavior.get(entry.name)
    given = {**settings.get(entry.name, {}), **entry.settings}
    try:
        behavior = cls(settle(all_options(cls), given, lambda option: flag('behavior', entry.name, option)))
        behavior.suit(protocol)
    except SystemExit as error:     # whoever asked for the behavior may not bring down the process by it
        raise RegistrationError(f'behavior {entry.name} cannot be made: {error!r}') from error
    return DUMMY if cls.transparent() else behavior


def fails_opening(behavior: Dummy, protocol: type[BaseProtocol]) -> bool:
    """Say whether a behavior was told a kind that belongs to the opening of a connection."""
    kind = protocol.errors.get(behavior.settings.get('kind', ''))
    return kind is not None and OPENING in kind.stages


def protocol_settings(cls: type[BaseProtocol], given: Mapping[str, Any]) -> dict[str, Any]:
    """Complete the settings of a protocol.

    Raises:
        ConfigError: An unknown option, or a value that does not fit.
    """
    return settle(protocol_options(cls), given, lambda option: flag('protocol', cls.name, option))


def protocol_options(cls: type[BaseProtocol]) -> dict[str, Any]:
    """Return the options of a protocol class, those that all protocols have among them."""
    return normalize({**PROTOCOL_OPTIONS, **cls.options})
