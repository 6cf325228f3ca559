"""Counts what happens while a scenario is played, by phase and proxy, and over time. Is told of it, and knows no proxy."""
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from time import monotonic
from typing import NamedTuple

from ..program import Condition
from .tally import Exchange, Tally, answered
from .timeline import Timeline

DOWN = 'down'   #: the fault of what was lost since the backend was down
SLOTS = 10  #: that the time of a share is divided into: it is exact to a tenth of it


class Window:
    """The share of the requests that failed within the last so many seconds.

    Args:
        over: How many.
    """

    def __init__(self, over: float) -> None:
        self._width = over / SLOTS
        self._slots: deque[list[int]] = deque(maxlen=SLOTS)     # number, requests, failed

    def add(self, now: float, failed: bool) -> None:
        """Count a request."""
        number = int(now / self._width)
        if not self._slots or self._slots[-1][0] != number:
            self._slots.append([number, 0, 0])
        self._slots[-1][1] += 1
        self._slots[-1][2] += failed

    def share(self, now: float) -> float | None:
        """Return it; None: there was no request."""
        first = int(now / self._width) - SLOTS
        found = [slot for slot in self._slots if slot[0] > first]
        requests = sum(slot[1] for slot in found)
        return sum(slot[2] for slot in found) / requests if requests else None


class Planned(NamedTuple):
    """What became of an entry of a phase's plan.

    Args:
        text: What it says.
        matched: The requests that were as it says.
        applied: Those of them that got it.
        reason: Why none did, or not the newest one that was due; empty: it did.
    """

    text: str
    matched: int
    applied: int
    reason: str


class Played:
    """What happened in one phase.

    Args:
        name: Its name.
        begin: When it began, in seconds of the scenario.

    Attributes:
        end: When it ended; None: it has not.
        why: Why it ended: ``time``, ``until``, or what ended the scenario.
        proxies: What clients saw, by proxy.
        plan: What became of its plan.
    """

    def __init__(self, name: str, begin: float) -> None:
        self.name, self.begin, self.why = name, begin, ''
        self.end: float | None = None
        self.proxies: defaultdict[str, Tally] = defaultdict(Tally)
        self.plan: tuple[Planned, ...] = ()

    def total(self) -> Tally:
        """Return what clients saw of all proxies together."""
        found = Tally()
        for tally in self.proxies.values():
            found.merge(tally)
        return found


class Recorder:
    """Counts.

    Args:
        clock: Seconds that only grow.

    Attributes:
        phases: What has been played, the current phase at the end.
        after: What happened after the last phase, until all connections had ended.
        timeline: The same over time.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock, self._start = clock, clock()
        self.phases: list[Played] = []
        self.after = Played('after', 0.0)
        self.timeline = Timeline()
        self._now = self.after
        self._requests = self._faults = 0   # of the phase
        self._down: frozenset[str] = frozenset()    # proxies that let their backend be down, in this phase and in the one before
        self._down_before = self._down
        self._window: Window | None = None

    def seconds(self) -> float:
        """Return the time since the beginning."""
        return self._clock() - self._start

    def begin(self, name: str, until: Condition | None = None, down: Iterable[str] = ()) -> Played:
        """Begin a phase; the first one begins the scenario.

        Args:
            name: Its name.
            until: What ends it before its time; None: nothing.
            down: The proxies whose backends are down in it, so that what is lost is lost by that.
        """
        self._down = frozenset(down)
        if not self.phases:
            self._start, self.timeline = self._clock(), Timeline()
        self._now = Played(name, self.seconds())
        self.phases.append(self._now)
        self._requests = self._faults = 0
        self._window = Window(until.over) if until else None
        return self._now

    def end(self, why: str) -> None:
        """End the phase."""
        self._now.end, self._now.why = self.seconds(), why
        self._down_before, self._down = self._down, frozenset()
        self._now = self.after
        self.after.begin = self.seconds()

    def exchange(self, found: Exchange) -> None:
        """Count an exchange that has come to its end."""
        fault = found.fault
        if not fault and not found.answer and found.proxy in self._down | self._down_before:
            fault = DOWN    # what hangs is closed when the next phase begins
        failed, seconds = self._now.proxies[found.proxy].exchange(found, fault), self.seconds()
        self._requests += 1
        if self._window is not None:
            self._window.add(seconds, failed)
        if self._now is not self.after:
            cell = self.timeline.at(seconds)
            cell.requests += 1
            cell.failed += failed
            if answered(found):
                cell.answered.add(found.seconds)

    def fault(self, proxy: str, name: str) -> None:
        """Count a fault."""
        self._now.proxies[proxy].fault(name)
        self._faults += 1
        if self._now is not self.after:
            self.timeline.at(self.seconds()).faults += 1

    def met(self, until: Condition) -> bool:
        """Return whether what ends the phase is true."""
        seconds = self.seconds() - self._now.begin
        if seconds < until.after or self._requests < (until.requests or 0) or self._faults < (until.faults or 0):
            return False
        above, below = until.errors_above, until.errors_below
        if above is None and below is None:
            return True
        share = self._window.share(self.seconds()) if self._window else None
        if seconds < until.over or share is None:
            return False
        return (above is None or share > above) and (below is None or share < below)
