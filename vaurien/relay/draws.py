"""What happens to the exchanges of one session: one draw for each. Knows behaviors by their weights, and no stream.

Nothing here is asked at a time that a response decides, so that the requests of a session, in their order, get the same however
fast they come and are answered: one number is drawn for each exchange when it begins, and all else that is random comes from a
generator of that exchange alone.
"""
import logging
from random import Random
from typing import Protocol

from ..behaviors.dummy import DUMMY, Dummy
from ..mix import generator
from ..plans.planned import Planned
from ..plans.steps import ProxyPlan, SessionPlan
from ..protocols.base import BaseProtocol, Behavior, Exchange, SharedExchange
from ..protocols.message import MessageProtocol
from ..spec import ProxySpec
from .chaos import Chaos, stages_of

logger = logging.getLogger(__name__)

NAMED = 100     #: [characters] of a request's name that are logged
SharedExchange.behavior = DUMMY     # type: ignore[misc] # where these are made, no behavior is known


class DrawnFor(Protocol):
    """What has to be known of a proxy to draw for what comes to it.

    Attributes:
        seed, spec: What the generators are made from, and what the proxy should be, as it is now.
        chaos: Its mix; an open session is told when another one takes its place.
        planned: What its plan has for it; None: nothing.
    """

    seed: int

    @property
    def spec(self) -> ProxySpec: ...
    @property
    def chaos(self) -> Chaos: ...
    @property
    def planned(self) -> ProxyPlan | None: ...


class Looks(Protocol):
    """Who looks at exchanges while they pass."""

    def began(self, exchange: Exchange) -> None:
        """Learn of an exchange that begins."""


class Draws:
    """Draws for the exchanges of one session, from generators of its own.

    Args:
        chaos: The mix; ``change`` puts another one in its place.
        seed, name, number: The seed, the proxy's name and the session's number; the generators are made from these.

    Attributes:
        plain: Nothing is drawn for an exchange, looked up or recorded: it needs only to be counted. Lanes look at this before
            they take a shorter way.
        runs: Nothing is looked up for an exchange, or recorded of it: what is drawn tells all, and many may be drawn for at once.
        recorded: Exchanges are recorded, though nothing may happen to them; ``change`` says so.
        watched: Who looks at them while they pass; None: nobody. ``watch`` says so.
        stages: Those of the kinds that are named, in the mix or in the plan: what is no request of its own gets nothing else.
        compares: What is looked up in the plan has to have the digest of its payload.
        plan: What is meant for certain exchanges, before all that is drawn; None: nothing. ``plan_for`` puts another one in its
            place.
        count: The exchanges so far: requests, or events from the client where the protocol knows no requests.
        followers: Those that draw from the same mix, by the same plan, for a part of the session.
    """

    __slots__ = ('chaos', 'stages', 'plain', 'runs', 'recorded', 'watched', 'compares', 'plan', 'count', 'followers', '_seed',
                 '_name', '_number', '_draws', '_random', '_ahead')

    def __init__(self, chaos: Chaos, seed: int, name: str, number: int) -> None:
        self.count, self.recorded, self.followers = 0, False, ()    # type: int, bool, tuple[Draws, ...]
        self.watched: Looks | None = None
        self.plan: SessionPlan | None = None
        self.chaos, self.stages, self.compares = chaos, chaos.stages, False     # as ``change`` would
        self.runs, self.plain = True, chaos.plain
        self._seed, self._name, self._number = seed, name, number    # no tuple: there is one for each idle session
        self._draws: Random | None = None       # most sessions need none, and seeding one takes its time
        self._random: Random | None = None
        self._ahead: Dummy | None = None        # chosen already, for the next one

    def change(self, chaos: Chaos | None = None, recorded: bool | None = None) -> None:
        """Let the next exchange, and all after it, be drawn from another mix, or be recorded; None: as before."""
        if chaos is not None:
            self.chaos = chaos
        if recorded is not None:
            self.recorded = recorded
        self.runs = not self.recorded and self.watched is None and self.plan is None
        self.plain = self.chaos.plain and self.runs
        self.stages = self.chaos.stages if self.plan is None else self.chaos.stages | self.plan.plan.stages
        self.compares = self.plan is not None and self.plan.compares
        for follower in self.followers:
            follower.plan = self.plan
            follower.change(self.chaos, self.recorded)

    def watch(self, looks: 'Looks | None') -> None:
        """Let somebody look at the next exchanges; None: nobody."""
        if looks is not self.watched:
            self.watched = looks
            self.change()

    def plan_for(self, plan: SessionPlan | None) -> None:
        """Let the next exchange, and all after it, be looked up in a plan; None: in none."""
        self.plan = plan
        self.change()

    def _generator(self, what: str = '') -> Random:
        return generator(self._seed, self._name, self._number, what)

    @property
    def random(self) -> Random:
        """A generator for the session's protocol; behaviors have one for each exchange. The mix is not drawn from it."""
        if self._random is None:
            self._random = self._generator('/protocol')
        return self._random

    def random_of(self, exchange: Exchange) -> Random:
        """Return the generator of one exchange; what others draw, and when, does not change what it gives."""
        if exchange.random is None:
            exchange.random = self._generator(f'/{exchange.number}')
        return exchange.random

    def _choose(self) -> Dummy:
        """Choose one of the mix."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            return ahead
        if self._draws is None:
            self._draws = self._generator()
        return self.chaos.draw(self._draws)

    def pass_over(self, count: int) -> int:
        """Draw for the next requests, in order, up to the first that something is drawn for; that is kept for its ``draw``.

        Args:
            count: How many requests there are; only where ``runs`` allows it.

        Returns:
            How many of them are drawn for, and counted: nothing happens to these.
        """
        if not self.chaos.plain:
            if self._draws is None:
                self._draws = self._generator()
            count, drawn = self.chaos.pass_over(self._draws, count)
            if drawn is not DUMMY:
                self._ahead = drawn
        self.count += count
        return count

    def draw(self, exchange: Exchange, digest: str = '') -> None:
        """Choose the behavior of an exchange, and number it. What a plan means for it goes before what is drawn for it.

        Args:
            exchange: The exchange.
            digest: Of its payload, where ``compares`` asks for it and it is known.
        """
        self.count += 1
        exchange.number = self.count
        if self.plain:
            exchange.behavior = DUMMY
            return
        behavior: Behavior = DUMMY
        if not self.chaos.plain:
            behavior = self._choose()
            if behavior is not DUMMY and (id(behavior) in self.chaos.greeting or not self.chaos.meant(behavior, exchange)):
                behavior = DUMMY
        if self.plan is not None:
            behavior = self.plan.choose(exchange, behavior, digest)
        exchange.behavior = behavior
        if self.watched is not None:
            self.watched.began(exchange)

    def draw_opening(self, exchange: Exchange, protocol: type[BaseProtocol]) -> Dummy | None:
        """Choose the behavior of the opening of the connection; None: nothing happens to it."""
        behavior = exchange.behavior = self._choose()
        if exchange.stage not in stages_of(behavior, protocol):
            return None
        return behavior if self.chaos.meant(behavior, exchange) else None

    def draw_undrawn(self, exchange: Exchange, protocol: type[BaseProtocol]) -> None:
        """Choose the behavior of what is no request of its own, where some kind of its stage is named: one that was told it.

        Where none is named nothing is drawn for it, so that to all others the same happens as if there were no such kinds.
        """
        found: Behavior | None = self.plan.choose_undrawn(exchange) if self.plan is not None else None
        if found is None and exchange.stage in self.chaos.stages:
            found = self.draw_opening(exchange, protocol)
        exchange.behavior = found or DUMMY

    def collect(self, exchange: Exchange, protocol: MessageProtocol) -> None:
        """Apply an error to this request that was drawn where it did not fit, if it fits here; one that was switched off
        meanwhile is forgotten, unless it has begun. Where a plan means this request it waits on."""
        owed, begun = protocol.owed, protocol.begun(exchange)
        if isinstance(exchange.behavior, Planned) and not begun:
            return
        if owed is None or not (self.chaos.has(owed[0]) or begun):
            protocol.owed = None
            return
        behavior = protocol.owes(exchange)
        if behavior is not None:
            exchange.behavior, exchange.due = behavior, True

    def spared(self, exchange: Exchange, kind: str, reason: str) -> None:
        """Tell that nothing has happened to a response that is not of that sort: once loudly for each entry of the mix."""
        level = logging.INFO if self.chaos.spared(exchange) else logging.DEBUG
        logger.log(level, 'session %d of %s lets a response pass that %s is not for: %r: %s',
                   self._number, self._name, kind, exchange.name[:NAMED], reason)
