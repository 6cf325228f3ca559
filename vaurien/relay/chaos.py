"""What a proxy draws from: behavior objects with their weights. Knows no registry and no session."""
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..behaviors.dummy import DUMMY, Dummy
from ..mix import Mix, check_sum, format_mix
from ..plugins import make_behavior
from ..protocols.base import OPENING, BaseProtocol, Exchange
from ..protocols.tls_kinds import HANDSHAKE
from ..spec import BehaviorSpec
from ..words.uses import Entry, Use


class Chaos(Mix[Dummy]):
    """The behaviors of one proxy, as they are drawn.

    Args:
        entries: The mix.
        settings: Configured values by behavior and option.
        protocol: The protocol's class; behaviors are checked against it.

    Raises:
        UnknownPluginError: A behavior is not known.
        ConfigError: A value does not fit, or weights add up to more than 100.

    Attributes:
        uses: What each entry has come to, by the ``id`` of its behavior.
        opens: Some behavior fails the opening of connections, before any request.
        greeting: The ids of those behaviors that fail the handshake of TLS, and nothing else.
    """

    __slots__ = ('spec', 'stages', 'opens', 'greeting', 'uses')

    def __init__(self, entries: Iterable[BehaviorSpec], settings: Mapping[str, Mapping[str, Any]],
                 protocol: type[BaseProtocol]) -> None:
        self.spec = tuple(entries)
        weights = [(entry.percent, entry.name) for entry in self.spec]
        check_sum(weights, format_mix(weights))
        super().__init__([(entry.percent, make_behavior(entry, settings, protocol)) for entry in self.spec], DUMMY)
        behaviors = [behavior for _, behavior in self.entries]
        self.greeting = frozenset(id(behavior) for behavior in behaviors if HANDSHAKE in stages_of(behavior, protocol))
        self.plain = self.plain or all(behavior is DUMMY or id(behavior) in self.greeting for behavior in behaviors)
        self.uses = {id(behavior): Use(Entry(entry.name, entry.percent, {**settings.get(entry.name, {}), **entry.settings}))
                     for entry, (_, behavior) in zip(self.spec, self.entries, strict=True) if behavior is not DUMMY}
        #: the stages of the kinds that are named
        self.stages = frozenset(stage for behavior in behaviors for stage in stages_of(behavior, protocol))
        self.opens = OPENING in self.stages

    def __str__(self) -> str:
        return format_mix([(entry.percent, entry.name) for entry in self.spec])

    def meant(self, behavior: Dummy, exchange: Exchange) -> bool:
        """Count a behavior that was chosen for an exchange, and return whether it is meant for one of this name."""
        use = self.uses.get(id(behavior))
        if use is not None:
            use.choose(exchange)
        if behavior.match is None or behavior.match.search(exchange.name):
            return True
        if use is not None:
            use.unmatched += 1
        return False

    def spared(self, exchange: Exchange) -> bool:
        """Count a response that nothing has happened to, and return whether it is the first one of its entry, or of none."""
        use = self.uses.get(id(exchange.behavior))
        if use is not None:
            use.spared += 1
        return use is None or use.spared == 1

    def has(self, behavior: object) -> bool:
        """Return whether a behavior can still be drawn."""
        return any(entry is behavior for _, entry in self.entries)


def stages_of(behavior: Dummy, protocol: type[BaseProtocol]) -> Iterator[str]:
    """Give the stages of the kinds that a behavior was told; none where it was told none."""
    for kind in protocol.kinds_named(behavior.settings.get('kind', '')):
        yield from protocol.kind(kind).stages
