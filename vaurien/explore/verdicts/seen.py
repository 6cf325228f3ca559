"""One point as it went: the test without and with the fault, and what the rules ask of both. Pure."""
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cached_property

from ...protocols.effects.words import COMMIT, ROLLBACK, Effect
from ...relay.recording.records import Exchanged
from ..model.faults import Point
from ..model.records import Tested
from ..model.sites import Known, Site, answered_ok
from ..model.state import Change


class Seen:
    """A point, the test in a clean run, and the test with the fault.

    Args:
        point: The point.
        base: The test in a clean run.
        tested: The test with the fault.
        known: What is known of the proxies.
        stable: Sites that have the same number of requests in each clean run.
    """

    def __init__(self, point: Point, base: Tested, tested: Tested, known: Known, stable: Iterable[Site]) -> None:
        self.point, self.base, self.tested, self.known, self.stable = point, base, tested, known, frozenset(stable)
        self.site, self.category, self.mode = point.place.site, point.category, point.mode

    @cached_property
    def faulted(self) -> list[Exchanged]:
        """The requests that met the fault, in their order; empty: none did."""
        if self.point.first is None:
            return [exchange for exchange in self.tested.exchanges if exchange.fault and exchange.proxy == self.site.proxy]
        here, there = ([one for one in tested.exchanges if one.fault and self.known.site(one) == self.site]
                       for tested in (self.base, self.tested))
        return there[len(here):]

    @property
    def met(self) -> bool:
        """Whether any request met it."""
        return bool(self.faulted)

    @property
    def changes(self) -> tuple[Change, Change] | None:
        """What the test has changed in what its backends have, and what it changes without the fault; None: it is not known."""
        there, usual = self.tested.change, self.base.change
        return (there, usual) if there is not None and usual is not None else None

    @property
    def first(self) -> Exchanged:
        """The first request that met it."""
        return self.faulted[0]

    @cached_property
    def repeats(self) -> list[Exchanged]:
        """Requests after the first faulted one that are the same one again, more often than without the fault."""
        first = self.first
        same = [exchange for exchange in self.tested.exchanges if self.same(exchange, first)]
        usual = self.usual(first)
        return [exchange for exchange in same[usual:] if exchange.time >= first.time and exchange is not first] \
            if len(same) > usual else []

    def same(self, one: Exchanged, other: Exchanged) -> bool:
        """Return whether two requests of a run are the same: of one site, with one payload."""
        return one.digest == other.digest and self.known.site(one) == self.known.site(other)

    def usual(self, exchange: Exchanged) -> int:
        """Return how often a request comes without the fault; at least once, where its payload is another one in each run."""
        alike = Counter(other.digest for other in self.base.exchanges if self.known.site(other) == self.known.site(exchange))
        return alike[exchange.digest] or max(alike.values(), default=1)

    def effect_of(self, exchange: Exchanged) -> Effect:
        """Return what a request of the run with the fault does."""
        exchanges = self.tested.exchanges
        return self.known.effects_of(exchanges)[exchanges.index(exchange)]

    def effect_unkeyed(self, exchange: Exchanged) -> Effect:
        """Return what a request would do that is not known again by a key."""
        return self.known.effects[exchange.proxy].of(exchange.name, '')

    def had(self, exchange: Exchanged) -> bool:
        """Return whether a write has changed anything: by its reply, or where that was lost, by what was done to it."""
        if exchange.fault.endswith(('lost-reply', 'half-reply')):
            return True
        return not exchange.fault and self.known.effects[exchange.proxy].had(exchange.answer, exchange.code)

    def served(self, exchange: Exchanged) -> bool:
        """Return whether a write was taken, even if it changed nothing: ``HSET`` says 0 of what is there already."""
        return exchange.fault.endswith(('lost-reply', 'half-reply')) or not exchange.fault and answered_ok(exchange.answer)

    def done(self, tested: Tested) -> Counter[Site]:
        """Return how many writes of each site were taken in a test.

        Set-up and tear-down do not count, nor what takes away: where that is not done nothing is lost.
        """
        found: Counter[Site] = Counter()
        waiting: dict[tuple[str, int], list[Site]] = defaultdict(list)
        for exchange, effect in zip(tested.exchanges, self.known.effects_of(tested.exchanges), strict=True):
            session, effects = (exchange.proxy, exchange.session), self.known.effects[exchange.proxy]
            turn = effects.turn(exchange.name, exchange.stage)
            if turn in (COMMIT, ROLLBACK):
                found.update(waiting.pop(session, []) if turn == COMMIT and self.served(exchange) else ())
            if effect.writes and not effect.takes and self.served(exchange):
                if effect.part == 'inside':
                    waiting[session].append(self.known.site(exchange))
                elif not effect.part:
                    found[self.known.site(exchange)] += 1
        return found

    @cached_property
    def streak(self) -> list[Exchanged]:
        """The most attempts of one request in a row that failed with the fault."""
        best: list[Exchanged] = []
        row: list[Exchanged] = []
        for exchange in self.tested.exchanges:
            if exchange.fault and (not row or self.same(exchange, row[-1])):
                row.append(exchange)
            elif exchange.fault:
                row = [exchange]
            elif row and self.same(exchange, row[-1]):
                row = []
            best = max(best, row, key=len)
        return list(best)
