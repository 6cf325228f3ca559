"""What clients saw of one proxy in one phase, counted. Memory is bounded, whatever backends answer. Knows no proxy."""
from collections import Counter
from typing import NamedTuple, Protocol

from ...relay.recording.records import CUT, NO_ANSWER, UNREAD, WELL
from .histogram import Histogram

MAX_KINDS = 100     #: of errors, and of faults, that are counted apart; what more there is counts as ``OTHERS``
OTHERS = 'others'
LOST = 'lost'       #: of a request whose connection ended before it was answered
UNTIMED = frozenset((CUT, NO_ANSWER, UNREAD))


class Exchange(Protocol):
    """What is read of a recorded exchange."""

    @property
    def proxy(self) -> str: ...
    @property
    def answer(self) -> str: ...
    @property
    def seconds(self) -> float: ...
    @property
    def fault(self) -> str: ...


def answered(found: Exchange) -> bool:
    """Return whether there was an answer of which it is known how long it took."""
    return found.answer not in UNTIMED


class Kind(NamedTuple):
    """How a request failed.

    Args:
        answer: The protocol's own code or word, or ``LOST``.
        fault: The fault that was injected; empty: none, so that it was the backend's own.
    """

    answer: str
    fault: str


class Tally:
    """Counts.

    Attributes:
        requests: All requests that have come to their end.
        answered: How long those took that were answered, with an error too.
        errors: Those that were answered with an error, or not at all.
        faults: What was injected, by behavior and kind.
        accepted, refused, unreachable: Connections that were accepted, that were too many, and that no backend took.
    """

    __slots__ = ('requests', 'failed', 'answered', 'errors', 'faults', 'accepted', 'refused', 'unreachable')

    def __init__(self) -> None:
        self.requests = self.failed = self.accepted = self.refused = self.unreachable = 0
        self.answered = Histogram()
        self.errors: Counter[Kind] = Counter()
        self.faults: Counter[str] = Counter()

    def exchange(self, found: Exchange, fault: str) -> bool:
        """Count an exchange that got a fault (empty: none), and return whether it failed."""
        self.requests += 1
        if answered(found):
            self.answered.add(found.seconds)
        if found.answer in WELL:
            return False
        self.failed += 1
        kind = Kind(found.answer or LOST, fault)
        self.errors[kind if kind in self.errors or len(self.errors) < MAX_KINDS else Kind(OTHERS, '')] += 1
        return True

    def fault(self, name: str) -> None:
        """Count a fault."""
        self.faults[name if name in self.faults or len(self.faults) < MAX_KINDS else OTHERS] += 1

    def merge(self, other: 'Tally') -> None:
        """Add what another one has counted."""
        for name in ('requests', 'failed', 'accepted', 'refused', 'unreachable'):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.answered.merge(other.answered)
        self.errors.update(other.errors)
        self.faults.update(other.faults)
