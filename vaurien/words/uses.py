"""Whether what was asked for has been applied: what each entry of a mix has come to, and in words why one never was applied.

Knows no session and no event loop: a proxy counts with this, and a test reads by it what a proxy has counted.
"""
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

MAX_NAMES = 10  #: different names of requests that are remembered of an entry until it is applied
MAX_NAME = 100  #: [characters] of each
MAX_KEPT = 64   #: entries that a proxy remembers beside those that it has; each takes some 2 KB at the most
SHOWN_NAMES = 3     #: that a message has, those nearest to what was looked for
#: how often an entry of less than 100 percent must have been chosen before it is clear that it cannot be applied
CLEAR = 5


class Entry(NamedTuple):
    """What was asked for: an entry of a mix.

    Args:
        name: The behavior's name.
        percent: Its share of the requests, 0 to 100.
        settings: What it was told, by option; the options that are missing have their defaults.
    """

    name: str
    percent: float
    settings: Mapping[str, Any]

    def __str__(self) -> str:
        told = ', '.join(f'{name}={value!r}' for name, value in self.settings.items())
        return f'{self.name} ({told})' if told else self.name

    @property
    def certain(self) -> bool:
        """Whether every request was to get it."""
        return self.percent > 100 - 1e-9

    @property
    def warmup(self) -> int:
        """How many requests pass first."""
        return int(self.settings.get('warmup') or 0)


class Counts(NamedTuple):
    """What an entry has come to.

    Args:
        chosen: Requests that it was chosen for.
        unmatched: Those among them in whose names its ``match`` is not found.
        applied: Faults that came of it.
        names: Names of requests that it was chosen for before it was applied at all, at most ``MAX_NAMES``.
    """

    chosen: int = 0
    unmatched: int = 0
    applied: int = 0
    names: tuple[str, ...] = ()

    def since(self, before: 'Counts') -> 'Counts':
        """Return what was counted after another look."""
        return Counts(self.chosen - before.chosen, self.unmatched - before.unmatched, self.applied - before.applied, self.names)


class Unread(NamedTuple):
    """Sessions of a proxy that are relayed unread.

    Args:
        reason: Why.
        sessions: How many there were for this reason since the proxy was made.
        open: How many of them are open.
    """

    reason: str
    sessions: int
    open: int

    def __str__(self) -> str:
        count = self.sessions or self.open
        return f'{count} session{"s were" if count > 1 else " was"} relayed unread: {self.reason}'


# -- in a proxy

class Named(Protocol):
    """A request, as far as this file knows one."""

    @property
    def name(self) -> str: ...


class Use:
    """Counts what an entry comes to.

    Args:
        entry: The entry.

    Attributes:
        number: How its proxy knows it, from 1; 0: it is not known yet.
        spared: Responses that nothing has happened to, as they were not of the sort that something happens to.
    """

    __slots__ = ('entry', 'number', 'chosen', 'unmatched', 'applied', 'names', 'spared')

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.number = self.chosen = self.unmatched = self.applied = self.spared = 0
        self.names: dict[str, None] = {}

    def choose(self, request: Named) -> None:
        """Record that it was chosen for a request."""
        self.chosen += 1
        if not self.applied and len(self.names) < MAX_NAMES:
            self.names[request.name[:MAX_NAME]] = None

    @property
    def counts(self) -> Counts:
        """What was counted so far."""
        return Counts(self.chosen, self.unmatched, self.applied, tuple(self.names))


class Uses:
    """What the entries have come to that a proxy has and had: one that comes back goes on with its counts."""

    def __init__(self) -> None:
        self.known: dict[str, Use] = {}
        self._count = 0

    def take(self, use: Use) -> Use:
        """Return what is counted with for an entry: what was counted before, if the proxy had the same one."""
        key = repr((use.entry.name, use.entry.percent, sorted(use.entry.settings.items())))
        found = self.known.pop(key, use)
        if not found.number:
            self._count += 1
            found.number = self._count
        self.known[key] = found     # the newest is the last one
        return found

    def forget(self, current: int) -> None:
        """Forget the oldest ones beside so many current ones."""
        while len(self.known) > MAX_KEPT + current:
            del self.known[next(iter(self.known))]


# -- in words

def is_clear(entry: Entry, counts: Counts, requests: int, unread: Sequence[Unread] = ()) -> bool:
    """Return whether an entry was never applied though it had to be: the one rule for errors and for warnings.

    Every request was to get it; or it was chosen ``CLEAR`` times beyond its warmup, and in vain; or nothing could be read.

    Args:
        entry: What was asked for.
        counts: What it has come to.
        requests: How many requests came meanwhile.
        unread: Sessions that were relayed unread meanwhile.
    """
    if counts.applied or not entry.percent:
        return False
    return entry.certain or counts.chosen - entry.warmup >= CLEAR or bool(unread) and not requests


def explain(entry: Entry, counts: Counts, requests: int, unread: Sequence[Unread] = (), where: str = '') -> str:
    """Say in one line that an entry was never applied, and why.

    Args:
        entry, counts, requests, unread: As for ``is_clear``.
        where: The proxy's name.
    """
    of = f' of {where}' if where else ''
    return f'{entry}{of} was asked for and never applied: {"; ".join([_reason(entry, counts, requests), *map(str, unread)])}'


def _reason(entry: Entry, counts: Counts, requests: int) -> str:
    match, kind = entry.settings.get('match'), entry.settings.get('kind')
    if not requests and not counts.chosen:
        return 'no request came'
    if not counts.chosen:
        return f'it was chosen for none of {_count(requests)}'
    if counts.unmatched == counts.chosen:
        return f'match={match!r} is found in none of {_count(counts.chosen)}{_nearest(match, counts.names)}'
    if counts.chosen - counts.unmatched <= entry.warmup:
        return f'warmup={entry.warmup} lets that many pass first, and {_count(counts.chosen - counts.unmatched)} came'
    what = f'kind={kind!r} happens at' if kind else 'it was applied to'
    which = f' with match={match!r}' if match else ''
    return f'{what} none of {_count(counts.chosen - counts.unmatched)}{which}{_nearest(kind, counts.names)}'


def _count(requests: int) -> str:
    return f'{requests} request{"" if requests == 1 else "s"}'


def _nearest(wanted: object, names: Iterable[str]) -> str:
    """List the names that look most like what was wanted."""
    from difflib import SequenceMatcher  # needed by few, and slow to import
    text = str(wanted).lower()
    near = sorted((name for name in names if name), key=lambda name: -SequenceMatcher(None, text, name.lower()).ratio())
    return f'; such as {", ".join(map(repr, near[:SHOWN_NAMES]))}' if near else ''
