"""Sites and points: what a suite asks, counted so that a fault can be put on exactly one of it. Pure."""
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ...plans.globs import Glob
from ...protocols.effects.words import BEGIN, COMMIT, IMPLICIT, READ, ROLLBACK, Effect, Effects, worst
from ...protocols.shapes import MASK
from ...protocols.tls_kinds import HANDSHAKE
from ...relay.recording.records import OK, Exchanged
from .records import Run, Tested

#: [characters] that a journal keeps of a shape
MAX_SHAPE = 256
#: what requests are that faults can be put on; those of a login have a stage of their own
POINTS = ('', 'inside', 'cleaning')


class Site(NamedTuple):
    """Requests of one kind.

    Args:
        proxy: The proxy's name.
        stage: Where in the conversation they stand.
        shape: What they look like.
    """

    proxy: str
    stage: str
    shape: str

    @property
    def glob(self) -> str:
        """What a plan calls them."""
        return self.shape.replace(MASK, '*') + ('*' if len(self.shape) >= MAX_SHAPE else '')


class Place(NamedTuple):
    """One request of one test.

    Args:
        site: What it is.
        test: The test.
        k: Which of the test's requests at this site it is, from 1.
        nth: Which of those that ``glob`` of the site matches it is in the test, from 1.
        effect: What it does.
        answered: How it was answered in the baseline.
        cost: Seconds that the test takes.
        at: Which of all requests of the proxy in the test, from 1.
    """

    site: Site
    test: str
    k: int
    nth: int
    effect: Effect
    answered: str
    cost: float
    at: int = 1


class Known(NamedTuple):
    """What is known of the proxies.

    Args:
        effects: What requests do, by proxy.
        names: Learned shapes, by proxy and the shape that the protocol makes.
    """

    effects: Mapping[str, Effects]
    names: Mapping[tuple[str, str], str]

    def site(self, exchange: Exchanged) -> Site:
        """Return the site of a request."""
        shape = self.names.get((exchange.proxy, exchange.shape), exchange.shape)
        return Site(exchange.proxy, exchange.stage, shape)

    def effects_of(self, exchanges: Sequence[Exchanged]) -> list[Effect]:
        """Return what each of several requests does, in their order.

        One that ends a transaction does what the others did within it; these are ``queued`` or ``inside``.
        """
        states: dict[tuple[str, int], Transaction] = defaultdict(Transaction)
        return [READ if one.stage == HANDSHAKE else states[one.proxy, one.session].add(self.effects[one.proxy], one)
                for one in exchanges]


class Transaction:
    """The transaction of one connection, as its requests show it."""

    def __init__(self) -> None:
        self._inside: list[Effect] | None = None    # what was done within it; None: there is none
        self._implicit = False

    def add(self, effects: Effects, exchange: Exchanged) -> Effect:
        """Take the next request, and return what it does."""
        effect, turn = effects.of(exchange.name, exchange.stage), effects.turn(exchange.name, exchange.stage)
        if turn == BEGIN:
            self._inside = []
        elif turn in (COMMIT, ROLLBACK):
            inside, self._inside = self._inside, None
            return worst(inside or ()) if turn == COMMIT else READ._replace(part='end')
        elif turn:
            self._implicit = turn == IMPLICIT
        elif effect.part == 'queued':
            self._inside = [*(self._inside or ()), effects.of(exchange.name, '')]
        elif effect.writes and not effect.part and (self._inside is not None or self._implicit):
            self._inside = [*(self._inside or ()), effect]
            return effect._replace(part='inside')
        return effect


def places(tested: Tested, known: Known) -> list[Place]:
    """Return the requests of a test that faults can be put on, in their order.

    Args:
        tested: The test, in a clean run.
        known: What is known of the proxies.
    """
    counts: Counter[Site] = Counter()
    found = []
    at: Counter[str] = Counter()
    earlier: list[Exchanged] = []
    for exchange, effect in zip(tested.exchanges, known.effects_of(tested.exchanges), strict=True):
        if exchange.number == 0 and exchange.stage != HANDSHAKE:
            continue
        earlier.append(exchange)
        at[exchange.proxy] += exchange.number > 0
        site = known.site(exchange)
        counts[site] += 1
        glob = Glob(site.glob)
        nth = sum(1 for other in earlier if other.proxy == site.proxy and other.stage == site.stage
                  and (glob.matches(other.name) or glob.matches(other.shape)))
        if effect.part in POINTS:
            found.append(Place(site, tested.name, counts[site], nth, effect, exchange.answer, tested.seconds, at[exchange.proxy]))
    return found


def stable(runs: Sequence[Run], known: Known) -> tuple[set[Site], set[Site]]:
    """Return all sites of some clean runs, and those of which each run had the same number in each test."""
    counted = [Counter((known.site(exchange), tested.name) for tested in run.tests.values() for exchange in tested.exchanges)
               for run in runs]
    every = {site for counts in counted for site, _ in counts}
    moving = {key[0] for counts in counted for key in counts if any(other[key] != counts[key] for other in counted)}
    return every, every - moving


def answered_ok(answer: str) -> bool:
    """Return whether a request was served."""
    return answer in (OK, 'none')


def count_exchanges(run: Run) -> int:
    """Return how many requests a run had."""
    return sum(len(tested.exchanges) for tested in run.tests.values()) + len(run.outside)


def all_exchanges(runs: Iterable[Run]) -> list[Exchanged]:
    """Return the requests of the tests of some runs."""
    return [exchange for run in runs for tested in run.tests.values() for exchange in tested.exchanges]
