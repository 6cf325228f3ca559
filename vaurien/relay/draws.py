"""What happens to the exchanges of one session: one draw for each. Knows behaviors by their weights, and no stream.

Nothing here is asked at a time that a response decides, so that the requests of a session, in their order, get the same however
fast they come and are answered: one number is drawn for each exchange when it begins, and all else that is random comes from a
generator of that exchange alone.
"""
from random import Random

from ..behaviors.dummy import DUMMY, Dummy
from ..protocols.base import BaseProtocol, Exchange
from .chaos import Chaos, fails_opening


class Draws:
    """Draws for the exchanges of one session, from generators of its own.

    Args:
        chaos: The mix; another one takes its place when the proxy is changed.
        seed, name, number: The seed, the proxy's name and the session's number; the generators are made from these.

    Attributes:
        count: The exchanges so far: requests, or events from the client where the protocol knows no requests.
    """

    __slots__ = ('chaos', 'count', '_seed', '_name', '_number', '_draws', '_random')

    def __init__(self, chaos: Chaos, seed: int, name: str, number: int) -> None:
        self.chaos, self.count = chaos, 0
        self._seed, self._name, self._number = seed, name, number    # no tuple: there is one for each idle session
        self._draws: Random | None = None       # most sessions need none, and seeding one takes its time
        self._random: Random | None = None

    def _generator(self, what: str = '') -> Random:
        return Random(f'{self._seed}/{self._name}/{self._number}{what}')

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
        if self._draws is None:
            self._draws = self._generator()
        return self.chaos.draw(self._draws)

    def draw(self, exchange: Exchange) -> None:
        """Choose the behavior of an exchange, and number it."""
        self.count += 1
        exchange.number = self.count
        behavior = DUMMY
        if not self.chaos.plain:
            behavior = self._choose()
            if behavior.match is not None and not behavior.match.search(exchange.name):
                behavior = DUMMY
        exchange.behavior = behavior

    def draw_opening(self, exchange: Exchange, protocol: type[BaseProtocol]) -> Dummy | None:
        """Choose the behavior of the opening of the connection; None: nothing happens to it."""
        behavior = exchange.behavior = self._choose()
        if not fails_opening(behavior, protocol):
            return None
        return behavior if behavior.match is None or behavior.match.search(exchange.name) else None
