"""What happens to the exchanges of one session: one draw for each. Knows behaviors by their weights, and no stream."""
from random import Random

from ..behaviors.dummy import DUMMY, Dummy
from ..protocols.base import BaseProtocol, Exchange
from .chaos import Chaos, fails_opening


class Draws:
    """Draws for the exchanges of one session, from a generator of its own.

    Args:
        chaos: The mix; another one takes its place when the proxy is changed.
        seed, name, number: The seed, the proxy's name and the session's number; the generator is made from these.

    Attributes:
        count: The exchanges so far: requests, or events from the client where the protocol knows no requests.
    """

    __slots__ = ('chaos', 'count', '_seed', '_name', '_number', '_random')

    def __init__(self, chaos: Chaos, seed: int, name: str, number: int) -> None:
        self.chaos, self.count = chaos, 0
        self._seed, self._name, self._number = seed, name, number    # no tuple: there is one for each idle session
        self._random: Random | None = None

    @property
    def random(self) -> Random:
        """The session's own generator; nothing but the seed, the proxy's name and the session's number decide what it gives."""
        if self._random is None:    # most sessions need none, and seeding one takes its time
            self._random = Random(f'{self._seed}/{self._name}/{self._number}')
        return self._random

    def draw(self, exchange: Exchange) -> None:
        """Choose the behavior of an exchange, and number it."""
        self.count += 1
        exchange.number = self.count
        chaos, behavior = self.chaos, DUMMY
        if not chaos.plain:
            behavior = chaos.draw(self.random)
            if behavior.match is not None and not behavior.match.search(exchange.name):
                behavior = DUMMY
        exchange.behavior = behavior

    def draw_opening(self, exchange: Exchange, protocol: type[BaseProtocol]) -> Dummy | None:
        """Choose the behavior of the opening of the connection; None: nothing happens to it."""
        behavior = exchange.behavior = self.chaos.draw(self.random)
        if not fails_opening(behavior, protocol):
            return None
        return behavior if behavior.match is None or behavior.match.search(exchange.name) else None
