"""A weighted choice: ``20:delay,10:error``, and what is missing to 100 is dummy.

Knows nothing of what it chooses from, and draws only from the generator it is given.
"""
from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

from .errors import ConfigError
from .options import check_count, plain

T = TypeVar('T')
FORM = 'percent:name[,percent:name...] with a sum of at most 100, such as 20:delay,10:error'
MAX_ENTRIES = 256  #: of a mix; each is checked and made in one go, while nothing else has a turn
ROUNDING = 1e-9  #: [percent] by which a sum of fractions may exceed 100


def generator(seed: int, proxy: str, session: int, what: str = '') -> Random:
    """Return the generator of a session, or of something in it."""
    return Random(f'{seed}/{proxy}/{session}{what}')


def parse_mix(text: str, option: str = 'mix') -> list[tuple[float, str]]:
    """Read a mix. A bare name means 100 percent; an empty text is an empty mix.

    Args:
        text: ``percent:name[,percent:name...]``; fractions are allowed.
        option: How the user knows it; it goes into the message.

    Returns:
        Pairs of percent and name, as written.

    Raises:
        ConfigError: It is not of this form, the sum is above 100, or there are too many.
    """
    parts = [part.strip() for part in text.split(',') if part.strip()]
    check_entries(len(parts), option)
    entries = [parse_entry(part, text, option) for part in parts]
    check_sum(entries, text, option)
    return entries


def parse_entry(part: str, text: str, option: str) -> tuple[float, str]:
    percent, colon, name = part.partition(':')
    if not colon:
        percent, name = '100', part
    try:
        weight = plain(float, percent)
    except ValueError:
        raise ConfigError(option, text, FORM) from None
    if not 0 <= weight <= 100 or not name.strip() or ':' in name:
        raise ConfigError(option, text, FORM)
    return float(weight), name.strip()


def check_entries(count: int, option: str = 'mix') -> None:
    """Refuse more than ``MAX_ENTRIES`` entries."""
    check_count(option, count, MAX_ENTRIES, 'entries')


def check_sum(entries: Sequence[tuple[float, str]], text: object, option: str = 'mix') -> None:
    """Refuse weights that are negative or add up to more than 100, and too many of them."""
    check_entries(len(entries), option)
    if any(not 0 <= weight <= 100 for weight, _ in entries) or sum(weight for weight, _ in entries) > 100 + ROUNDING:
        raise ConfigError(option, text, FORM)


def format_mix(entries: Sequence[tuple[float, str]]) -> str:
    """Write a mix as text; one with a single entry of 100 percent is the bare name, an empty one ``dummy``."""
    if not entries:
        return 'dummy'
    if len(entries) == 1 and entries[0][0] == 100:
        return entries[0][1]
    return ','.join(f'{str(float(weight)).removesuffix(".0")}:{name}' for weight, name in entries)


class Mix(Generic[T]):
    """Draws one of several items by weight.

    Args:
        entries: Pairs of weight [percent] and item.
        rest: What is drawn for the percents that are missing to 100.
    """

    __slots__ = ('entries', 'rest', 'plain', '_limits', '_items')

    def __init__(self, entries: Sequence[tuple[float, T]], rest: T) -> None:
        self.entries, self.rest = list(entries), rest
        self._items = [item for _, item in entries] + [rest]
        limits = (limit / 100 for limit in accumulate(weight for weight, _ in entries))
        self._limits = [1.0 if limit > 1 - ROUNDING else limit for limit in limits]
        #: nothing but ``rest`` can come out, and nothing is drawn for it
        self.plain = not any(weight for weight, _ in entries)

    def draw(self, random: Random) -> T:
        """Choose an item; costs one number of the generator."""
        return self._items[bisect(self._limits, random.random())]

    def pass_over(self, random: Random, count: int) -> tuple[int, T]:
        """Choose as often as ``rest`` comes out, at most ``count`` times, and once more where that was less often.

        Returns:
            How often ``rest`` was chosen, and what was chosen then; ``rest``: nothing else in all of them.
        """
        limits, items, rest, draw = self._limits, self._items, self.rest, random.random
        last = limits[-1] if limits else 0.0
        for passed in range(count):
            drawn = draw()
            if drawn < last:
                item = items[bisect(limits, drawn)]
                if item is not rest:
                    return passed, item
        return count, rest
