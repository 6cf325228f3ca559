"""What a proxy draws from: behavior objects with their weights. Knows no registry and no session."""
from collections.abc import Iterable, Mapping
from typing import Any

from ..behaviors.dummy import DUMMY, Dummy
from ..mix import Mix, check_sum, format_mix
from ..plugins import make_behavior
from ..protocols.base import BaseProtocol
from ..spec import BehaviorSpec

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


def fails_opening(behavior: Dummy, protocol: type[BaseProtocol]) -> bool:
    """Return whether a behavior was told a kind that belongs to the opening of a connection."""
    kind = protocol.errors.get(behavior.settings.get('kind', ''))
    return kind is not None and OPENING in kind.stages
