"""What a toxic may do to the direction it is on. Knows no toxic and no session."""
from collections.abc import Callable
from random import Random


class ToxicHandle:
    """One direction of one session, as a toxic on it may act on it.

    Args:
        random: A generator for this toxic on this session alone.
        close: Ends this direction here, delivers what was passed on, and then ends the session.
        reset: Resets the session.
    """

    __slots__ = ('random', 'close', 'reset')

    def __init__(self, random: Random, close: Callable[[], None], reset: Callable[[], None]) -> None:
        self.random, self.close, self.reset = random, close, reset
