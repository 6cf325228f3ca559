"""What each request of memcached does to the data, and whether doing it twice is doing it once. Pure."""
from typing import Final

from ..effects.words import ADDS, CLEANING, END, KEEPS, LOGIN, READ, Effect, Effects

TABLE: Final[dict[str, Effect]] = {
    **dict.fromkeys(('set', 'add', 'replace', 'cas', 'delete', 'touch', 'gat', 'gats', 'ms', 'md'), KEEPS),
    **dict.fromkeys(('append', 'prepend', 'incr', 'decr', 'increment', 'decrement', 'ma'), ADDS),
    **dict.fromkeys(('flush_all', 'flush'), CLEANING), 'quit': END, 'version': LOGIN, 'auth': LOGIN, 'sasl_auth': LOGIN,
}
#: what says that a request changed nothing
UNCHANGED: Final = ('NOT_STORED', 'NOT_FOUND', 'EXISTS', 'NS', 'NF', 'EX')
#: what a second one is answered with
REFUSED: Final = {'add': ('NOT_STORED', 'NS', 'EXISTS'), 'cas': ('EXISTS', 'EX'), 'delete': ('NOT_FOUND', 'NF')}


def effect(name: str, stage: str) -> Effect:
    """Return what a request does."""
    return TABLE.get(name.partition(' ')[0].lower(), READ)


def had_effect(answer: str, code: str) -> bool:
    """Return whether a write has changed anything, by its response."""
    return answer in ('ok', 'none') and code not in UNCHANGED


def refused_by_itself(name: str, answer: str, code: str) -> bool:
    """Return whether a request is refused because the one before it was not."""
    return code in REFUSED.get(name.partition(' ')[0].lower(), ())


EFFECTS: Final = Effects(effect, had_effect, refused_by_itself)
