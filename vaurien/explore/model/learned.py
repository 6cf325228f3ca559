"""Shapes that are learned: words of requests that take many values are masked, which no function of one name could do."""
from collections import defaultdict
from collections.abc import Iterable, Mapping

from ...protocols.shapes import MASK
from ...protocols.tls_kinds import HANDSHAKE
from ...relay.recording.records import Exchanged

VALUES = 3      #: as many different words in one place of a name mask it
MAX_WORDS = 64  #: [words] of a name that are looked at

#: by proxy: the shapes as the protocol makes them, and what each is called
Table = Mapping[tuple[str, str], str]
#: of requests that could be alike: the proxy, the first word, and how many words there are
Family = tuple[str, str, int]


def learn(exchanges: Iterable[Exchanged], free: Iterable[str]) -> dict[tuple[str, str], str]:
    """Return what each shape is called once what differs is masked.

    Args:
        exchanges: Those of the baseline.
        free: The proxies whose protocol masks values by itself, so that what is left are names: SQL.
    """
    kept = set(free)
    families: dict[Family, set[str]] = defaultdict(set)
    found: dict[tuple[str, str], str] = {}
    for exchange in exchanges:
        words = exchange.shape.split(' ')
        found[exchange.proxy, exchange.shape] = exchange.shape
        if exchange.proxy not in kept and exchange.stage != HANDSHAKE and 1 < len(words) <= MAX_WORDS:
            families[exchange.proxy, words[0], len(words)].add(exchange.shape)
    for (proxy, _, _), shapes in families.items():
        if len(shapes) >= VALUES:
            masked = mask(sorted(shapes))
            found.update({(proxy, shape): masked[shape] for shape in shapes})
    return found


def mask(shapes: list[str]) -> dict[str, str]:
    """Mask the words, and parts of words, that take many values among shapes of one family.

    >>> mask(['GET user:ann', 'GET user:bob', 'GET user:eve'])
    {'GET user:ann': 'GET user:?', 'GET user:bob': 'GET user:?', 'GET user:eve': 'GET user:?'}
    """
    found = {}
    prefixes: dict[tuple[int, str], set[str]] = defaultdict(set)
    for shape in shapes:
        for at, word in enumerate(shape.split(' ')):
            prefixes[at, head(word)].add(word)
    for shape in shapes:
        words = shape.split(' ')
        for at, word in enumerate(words):
            if at and len(prefixes[at, head(word)]) >= VALUES:
                words[at] = head(word) + MASK
        found[shape] = ' '.join(words)
    return found


def head(word: str) -> str:
    """Return what a word begins with up to its last separator; empty: it has none."""
    at = max(word.rfind(separator) for separator in ':/')
    return word[:at + 1]
