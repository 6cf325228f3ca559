"""An entry of a plan with what it applies to the requests of one protocol. Knows no proxy and no session."""
from ..behaviors.dummy import DUMMY, Dummy
from ..behaviors.error import Error
from ..protocols.base import BaseProtocol, Exchange
from ..protocols.message import MessageProtocol
from ..protocols.tls_kinds import HANDSHAKE
from ..spec import ToxicSpec
from ..wire.toxics import AttachedToxic, check_toxic
from .entry import Entry
from .names import KIND, TOXIC, Meaning, behaviors_of

PREFIX = 'plan_'    #: what the names of a plan's toxics begin with


class Step:
    """An entry, and what it applies to the requests of one proxy.

    Args:
        entry: The entry.
        meaning: What its name means there.
        protocol: The class of the proxy's protocol.

    Attributes:
        toxic: The toxic that it applies, once it has been due; None: not yet, or it applies none.
    """

    __slots__ = ('entry', 'meaning', 'toxic', '_protocol', '_behaviors')

    def __init__(self, entry: Entry, meaning: Meaning, protocol: type[BaseProtocol]) -> None:
        self.entry, self.meaning, self._protocol = entry, meaning, protocol
        self.toxic: AttachedToxic | None = None
        self._behaviors: dict[str, Dummy] | None = None     # of thousands of entries a few are due

    @property
    def stages(self) -> set[str]:
        """The stages of the kinds that it may be; empty: it applies something else."""
        if self.meaning.what != KIND:
            return set()
        return {stage for name in self.meaning.names for stage in self._protocol.kind(name).stages}

    def choose(self, protocol: BaseProtocol, exchange: Exchange) -> Dummy | None:
        """Return the behavior that an exchange gets, DUMMY for a toxic; None: it cannot be, and the entry knows why."""
        self.entry.missed('it was due, and has done nothing')   # until it has
        if self.meaning.what == TOXIC:
            self.toxic = self.toxic or toxic_of(self.meaning, f'{PREFIX}{self.entry.number}')
            return DUMMY
        if self._behaviors is None:
            self._behaviors = behaviors_of(self.meaning, self._protocol, 'fault')
        for behavior in self._behaviors.values():
            if fits(behavior, protocol, exchange):
                return behavior
        self.entry.missed(f'matched, but {self.entry.spec.name} does not fit at {exchange.stage or protocol.name}')
        return None


def toxic_of(meaning: Meaning, name: str) -> AttachedToxic:
    """Make the toxic of an entry."""
    return check_toxic(ToxicSpec(type=meaning.names[0], name=name, stream=meaning.stream,
                                 attributes=dict(meaning.settings)))


def fits(behavior: Dummy, protocol: BaseProtocol, exchange: Exchange) -> bool:
    """Return whether a behavior can be applied to an exchange.

    An error can where the real server could fail with it, and one that spoils the response where there is one. All others need
    no more than a connection.
    """
    if not isinstance(behavior, Error):
        return exchange.stage != HANDSHAKE
    if exchange.stage == HANDSHAKE and exchange.number == 0:
        return any(HANDSHAKE in protocol.kind(kind).stages for kind in protocol.kinds_named(behavior.option('kind')))
    if not isinstance(protocol, MessageProtocol):
        return exchange.number > 0
    if behavior.option('inject'):
        return exchange.number > 0 and protocol.responds(exchange)
    kind = behavior.option('kind')
    return any(protocol.may_fail(name, exchange) for name in ([kind] if kind else protocol.at_random()))
