"""A plan as one proxy has it: the entries that are about it, each with what it applies here. Knows no proxy."""
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..behaviors.dummy import DUMMY, Dummy
from ..protocols.base import OPENING, BaseProtocol, Behavior, Exchange
from ..protocols.tls_kinds import HANDSHAKE
from ..wire.toxics import AttachedToxic
from .entry import Request
from .planned import Planned
from .step import Step

if TYPE_CHECKING:
    from .replay import ProxyReplay, SessionReplay


class ProxyPlan:
    """The entries that are about one proxy, in their order.

    Args:
        steps: These.
        protocol: The class of the proxy's protocol.
        test: The mark that holds; empty: none.
        replay: What is to be repeated of an earlier run; None: nothing.
    """

    def __init__(self, steps: Iterable[Step], protocol: type[BaseProtocol], test: str,
                 replay: 'ProxyReplay | None' = None) -> None:
        self._steps, self._shape, self.replay = tuple(steps), protocol.shape, replay
        #: something is meant for the handshake of TLS
        self.greets = any(entry.before == HANDSHAKE for entry in (
            *(step.entry for step in self._steps), *(() if replay is None else replay.entries)))
        #: those at which some entry fails a request by a kind of the protocol's errors
        self.stages = frozenset(stage for step in self._steps for stage in step.stages)
        self._named: dict[str | int, list[Step]] = {}   # by the one name, or else the one number, that an exchange must have
        self._others: list[Step] = []
        self.marked(test)

    def marked(self, test: str) -> None:
        """Record which mark holds now."""
        self._named, self._others = {}, []
        for step in self._steps:
            if step.entry.holds_in(test):
                key = step.entry.spec.exchange or step.entry.literal
                (self._others if key is None else self._named.setdefault(key, [])).append(step)

    @property
    def toxics(self) -> dict[str, AttachedToxic]:
        """The toxics that may have been put on sessions, by name."""
        return {step.toxic.spec.name: step.toxic for step in self._steps if step.toxic is not None}

    def _candidates(self, exchange: Exchange, asked: Request) -> list[Step]:
        """Return the entries that may mean an exchange, in their order."""
        named = self._named
        if not named:
            return self._others
        keys: set[str | int] = {exchange.number, asked.name.casefold(), asked.shape.casefold()}
        found = [step for key in keys for step in named.get(key, [])]
        return sorted(found + self._others, key=lambda step: step.entry.number) if found else self._others

    def find(self, session: int, protocol: BaseProtocol, exchange: Exchange, at_stage: bool = False) -> tuple[Step, Dummy] | None:
        """Count a request for the entries that mean it, and return the first that is applied to it; None: none is.

        Args:
            session: The session's number.
            protocol: Its protocol object.
            exchange: The exchange, with its number; 0: the opening of the connection.
            at_stage: Only those entries mean it whose kind has its stage: it is no request of its own.
        """
        asked, found = Request(exchange.name, self._shape), None
        for step in self._candidates(exchange, asked):
            entry = step.entry
            if at_stage and exchange.stage not in step.stages:
                continue
            if not entry.matches(session, exchange, asked) or not entry.counts():
                continue
            if found is not None:
                entry.missed(f'matched, but entry {found[0].entry.number} was applied to it')
            elif (behavior := step.choose(protocol, exchange)) is not None:
                found = step, behavior
        return found


class SessionPlan:
    """A plan as one session meets it.

    Args:
        plan: That of its proxy.
        number: The session's number.
        protocol: Its protocol object.
        before: The plan whose place it takes; its toxics stay as long as they were to. None: there was none.
    """

    __slots__ = ('plan', '_number', '_protocol', '_until', '_replay')

    def __init__(self, plan: ProxyPlan, number: int, protocol: BaseProtocol, before: 'SessionPlan | None' = None) -> None:
        self.plan, self._number, self._protocol = plan, number, protocol
        #: toxics at work, and the exchange from which on they are not
        self._until: dict[str, tuple[int, AttachedToxic]] = {} if before is None else before._until
        self._replay: SessionReplay | None = None
        if before is not None:
            self._replay = before._replay
        elif plan.replay is not None:
            self._replay = plan.replay.session(number)

    @property
    def compares(self) -> bool:
        """Whether the payloads of requests are looked at."""
        return self._replay is not None and self._replay.compares

    def choose(self, exchange: Exchange, drawn: Behavior, digest: str = '') -> Behavior:
        """Return what an exchange gets.

        Args:
            exchange: The exchange, with its number.
            drawn: What it gets where the plan does not mean it.
            digest: Of its payload; empty: none is known.
        """
        repeated = None if self._replay is None else self._replay.find(self._protocol, exchange, digest)
        found = self.plan.find(self._number, self._protocol, exchange) or repeated
        over = self._over(exchange.number) if self._until else ()
        if found is None:
            return Planned(None, drawn, over=over, later=self._later) if over else drawn
        step, behavior = found
        if step.toxic is not None and step.meaning.requests:
            self._until[step.toxic.spec.name] = max(exchange.number, 1) + step.meaning.requests, step.toxic
        return Planned(step.entry, behavior, step.toxic, over, self._later)

    def choose_undrawn(self, exchange: Exchange) -> Behavior | None:
        """Return what an exchange gets that is no request of its own, from an entry whose kind has its stage; None: nothing."""
        found = self.plan.find(self._number, self._protocol, exchange, at_stage=True)
        return None if found is None else Planned(found[0].entry, found[1])

    def _over(self, number: int) -> list[AttachedToxic]:
        """Return the toxics whose requests are over."""
        over = [toxic for until, toxic in self._until.values() if until <= number]
        for toxic in over:
            del self._until[toxic.spec.name]
        return over

    def _later(self, toxic: AttachedToxic) -> None:
        """Take a toxic off with the next exchange."""
        self._until.setdefault(toxic.spec.name, (0, toxic))

    def opening(self) -> Exchange | None:
        """Return the opening of the connection, with what happens to it; None: nothing does."""
        exchange = Exchange(OPENING.encode(), OPENING)
        exchange.behavior = self.choose(exchange, DUMMY)
        return None if exchange.behavior is DUMMY else exchange

    def gone(self, plan: ProxyPlan | None) -> list[AttachedToxic]:
        """Return the toxics that may be at work, and are in a plan that has taken the place of this one no more."""
        left = {} if plan is None else plan.toxics
        return [toxic for name, toxic in self.plan.toxics.items() if name not in left]
