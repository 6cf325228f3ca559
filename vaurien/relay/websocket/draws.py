"""What is drawn for the messages of one direction: from a generator of its own, since who speaks first is a matter of time.

Knows no frame.
"""
from random import Random

from ...behaviors.dummy import DUMMY
from ...protocols.base import Exchange
from ..draws import Draws


class MessageDraws(Draws):
    """Draws for the messages of one direction, from the mix and the plan of its session.

    Args:
        draws: Those of the session.
        direction: What tells it from the others of the session.

    Attributes:
        ordinal: The messages so far.
    """

    __slots__ = ('ordinal', '_all', '_direction')

    def __init__(self, draws: Draws, direction: str) -> None:
        super().__init__(draws.chaos, draws._seed, draws._name, draws._number)
        self.ordinal, self._all, self._direction = 0, draws, direction
        self.plan = draws.plan
        self.change(draws.chaos, draws.recorded)
        draws.followers = (*draws.followers, self)

    def end(self) -> None:
        """Follow the session no more."""
        self._all.followers = tuple(other for other in self._all.followers if other is not self)

    def _generator(self, what: str = '') -> Random:
        return super()._generator(f'/{self._direction}{what}')

    def passed(self) -> None:
        """Count a message that nothing is drawn for."""
        self.ordinal += 1
        self._all.count += 1

    def draw(self, exchange: Exchange, digest: str = '') -> None:
        self.ordinal += 1
        self.count = self._all.count
        super().draw(exchange, digest)
        self._all.count = self.count
        if exchange.behavior is not DUMMY:
            exchange.random = self._generator(f'/{self.ordinal}')
