"""Looks some hundred times a second at what the event loop does, and adds up whose time that is. Knows no protocol and no proxy.

It is a timer of the system that interrupts the thread of the loop, and no clock around each call, for three reasons. A call that
is timed costs even where nobody asks, and a request is 20 of them; this costs nothing while it is off, and 1 % while it is on. A
clock knows only the calls that it was put around; a stack tells whose code ran, however it came to run. And the shares are true:
the moments are random, so each has as many looks as it has time. Of 10 seconds, which are 1,000 looks, a share of 50 % is told to
within 2 %, one of 1 % to within 0.3 %.

A second thread that looks would not do: it waits for the interpreter, which the loop gives up in system calls, and would find it
there. Time that the process waits for a processor counts for what was interrupted.
"""
import logging
import signal
import time
from collections import deque
from collections.abc import Callable
from random import Random
from types import FrameType
from typing import Any, NamedTuple

from gevent import get_hub
from gevent.hub import Hub

from ...proxies.rate_limited_log import RateLimitedLog
from .owners import IDLE, LOOP, Owner, owner_of

#: [s] between two looks, at random: what happens in a rhythm of its own is met as often as it should be
LEAST, MOST = 0.005, 0.015
KEPT = 60       #: seconds of which the shares are known one by one
LONG = 0.1      #: [s] for which one turn of the loop may hold up everything else without a line in the log
MAX_OWNERS = 20_000     #: that are known; of more, those of proxies that are gone are forgotten
WAITING, TURNING = Owner('', '', IDLE), Owner('', '', LOOP)

logger = logging.getLogger(__name__)


class Share(NamedTuple):
    """What one owner has had: its seconds, and their share of all, 0 to 1."""

    owner: Owner
    seconds: float
    share: float


class Report(NamedTuple):
    """Where the time of some seconds went.

    Attributes:
        seconds: How long that was; 0: nothing is known yet.
        looks: How often was looked.
        shares: Whose time it was, the most first.
        longest: The turn of the loop that held up everything else for the longest time, and who had most of it; None: none did
            for as long as two looks are apart.
    """

    seconds: float
    looks: int
    shares: list[Share]
    longest: tuple[float, Owner] | None


class Second:
    """What was seen in one second."""

    __slots__ = ('at', 'looks', 'owners', 'longest')

    def __init__(self, at: int) -> None:
        self.at, self.looks = at, 0
        self.owners: dict[Owner, float] = {}
        self.longest: tuple[float, Owner] | None = None


class Sampler:
    """Samples the thread that it is started in, which has to be the main one, until ``stop``.

    Args:
        there: Returns the names of the proxies that there are.
        owner: Tells whose code runs.

    Attributes:
        totals: [s] by owner since the start, idle included.
        looks: How often was looked.
        longest: As in ``Report``, since the start.
    """

    def __init__(self, there: Callable[[], Any], owner: Callable[[FrameType | None], Owner] = owner_of) -> None:
        self._there, self._owner, self._random = there, owner, Random()
        self.totals: dict[Owner, float] = {}
        self.looks = 0
        self.longest: tuple[float, Owner] | None = None
        self._seconds: deque[Second] = deque(maxlen=KEPT + 1)
        self._before: Any = None
        self._due = self._last = self._started = self._worked = 0.0
        self._hub = 0.0         # [s] in which nothing of Python ran
        self._turn = -1         # the turn of the loop at the last look
        self._held: dict[Owner, float] = {}     # [s] of that turn
        self._warn = RateLimitedLog(logger)

    def start(self) -> None:
        """Begin to look."""
        self._loop: Any = get_hub().loop
        self._started = self._last = time.perf_counter()
        self._worked = time.thread_time()
        self._before = signal.signal(signal.SIGALRM, self._look)
        self._again()

    def stop(self) -> None:
        """Look no more; what was seen is kept."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._before or signal.SIG_DFL)

    def report(self, seconds: int = 0) -> Report:
        """Return where the time of the last seconds went; 0: of all since the start."""
        if not seconds:
            return made(self.totals.copy(), self.looks, self.longest)
        oldest, owners, looks, longest = int(time.perf_counter()) - seconds, dict[Owner, float](), 0, None
        for second in list(self._seconds):
            if second.at >= oldest:
                looks += second.looks
                longest = longer(longest, second.longest)
                for owner, share in second.owners.copy().items():
                    owners[owner] = owners.get(owner, 0.0) + share
        return made(owners, looks, longest)

    def known(self) -> dict[Owner, float]:
        """Return the seconds by owner since the start, without those of proxies that are gone."""
        there = self._there()
        return {owner: seconds for owner, seconds in self.totals.copy().items() if not owner.proxy or owner.proxy in there}

    # -- looking: anything may have been interrupted, so nothing here waits, logs or raises

    def _again(self) -> None:
        pause = self._random.uniform(LEAST, MOST)
        self._due = time.perf_counter() + pause
        signal.setitimer(signal.ITIMER_REAL, pause)

    def _look(self, number: int, frame: FrameType | None) -> None:
        try:
            self._add(frame, time.perf_counter())
        except Exception:   # noqa: BLE001  # of an object that is being made, or near the end of the stack: this look is lost
            pass
        finally:
            self._again()

    def _add(self, frame: FrameType | None, now: float) -> None:
        passed, self._last = now - self._last, now
        second = self._seconds[-1] if self._seconds else None
        if second is None or second.at != int(now):
            second = Second(int(now))
            self._seconds.append(second)
            self._forget()
        self.looks += 1
        second.looks += 1
        if frame is not None and frame.f_code is Hub.run.__code__:
            self._end_turn()
            self._nothing_ran(passed, now, second)
            return
        owner = self._owner(frame)
        self._count(owner, passed, second)
        self._hold(owner, passed, now, second)

    def _count(self, owner: Owner, seconds: float, second: Second) -> None:
        self.totals[owner] = self.totals.get(owner, 0.0) + seconds
        second.owners[owner] = second.owners.get(owner, 0.0) + seconds

    def _nothing_ran(self, seconds: float, now: float, second: Second) -> None:
        """Count time in which no code of Python ran: the loop waited, as far as the thread used no processor, or was at work."""
        self._hub += seconds
        waited = max(0.0, now - self._started - (time.thread_time() - self._worked))
        idle = min(max(0.0, min(self._hub, waited) - self.totals.get(WAITING, 0.0)), seconds)
        if idle:
            self._count(WAITING, idle, second)
        if idle < seconds:
            self._count(TURNING, seconds - idle, second)

    def _hold(self, owner: Owner, passed: float, now: float, second: Second) -> None:
        """Find out for how long one turn of the loop goes on already."""
        turn = self._loop.iteration
        if turn != self._turn:
            self._end_turn()
            self._turn, passed = turn, max(0.0, now - self._due)    # not sooner than the look was due, or there had been one
        self._held[owner] = self._held.get(owner, 0.0) + passed
        held = sum(self._held.values()), max(self._held, key=self._held.__getitem__)
        second.longest, self.longest = longer(second.longest, held), longer(self.longest, held)

    def _end_turn(self) -> None:
        """Forget the turn that is over; one that was too long is told of in a callback, where that may be done."""
        held, self._held = self._held, {}
        if held and sum(held.values()) > LONG:
            self._loop.run_callback_threadsafe(self._tell, held)

    def _tell(self, held: dict[Owner, float]) -> None:
        most = max(held, key=held.__getitem__)
        self._warn.warning('all else was held up for %.0f ms, %.0f ms of them by %s', sum(held.values()) * 1000,
                           held[most] * 1000, most)

    def _forget(self) -> None:
        if len(self.totals) > MAX_OWNERS:
            self.totals = self.known()


def longer(one: tuple[float, Owner] | None, two: tuple[float, Owner] | None) -> tuple[float, Owner] | None:
    """Return the turn that took longer."""
    return max(one, two, key=lambda turn: turn[0]) if one and two else one or two


def made(owners: dict[Owner, float], looks: int, longest: tuple[float, Owner] | None) -> Report:
    """Make a report of seconds by owner."""
    total = sum(owners.values())
    shares = [Share(owner, seconds, seconds / total) for owner, seconds in owners.items() if seconds > 0]
    return Report(total, looks, sorted(shares, key=lambda share: (-share.seconds, share.owner)), longest)
