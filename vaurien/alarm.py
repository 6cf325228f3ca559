"""Moments that something waits for: one alarm for all of them, exact to some microseconds where the system has timerfd.

``alarm`` is for what runs in the event loop, ``sleep`` and ``sleep_until`` are for greenlets. Thousands may wait: they are a
heap, and one watcher wakes the loop for the first of them. Where many are due at once they are called for a while, and the rest
when all other sessions have had their turn. Knows neither sessions nor toxics.
"""
import os
import sys
import time
import weakref
from collections.abc import Callable
from functools import cache, partial
from heapq import heapify, heappop, heappush
from math import inf, modf
from time import monotonic
from typing import Any, Protocol

from gevent import get_hub
from gevent.hub import Waiter

#: a call that waits: its moment, its place among those of the same moment, and what is called; None: nothing any more
Ticket = list[Any]

RAISED: tuple[type[BaseException], ...] = (BaseException,)    #: what a call may raise
READABLE = 1        #: as libev counts the events of a watcher
#: [s] that the calls of one turn of the loop may take, from the first on; at least one is made
BUDGET = 0.0005
#: [s] that the timer is set for at most: later moments are looked at again by then
FAR = 24 * 3600.0
#: tickets that are no longer wanted and still in the heap, from which on they are looked for
MANY = 256
#: [seconds] that the loop's own timers come late in the middle, since epoll counts whole milliseconds; they begin so much earlier
LATE = 0.0007
#: [seconds] such a timer waits where less than that is left; any more and half of all waits would be a millisecond too long
SHORT = 0.0001
#: settime: the moment is one of the clock, and not so long from now
ABSOLUTE = 1
#: create: reading never waits, and no program that is started has it. They are those of open(2) on each system
NEVER_WAITING, NOT_INHERITED = getattr(os, 'O_NONBLOCK', 0), getattr(os, 'O_CLOEXEC', 0)

Set = Callable[[int, float], object]    # from a descriptor and a moment; 0.0: never


class Timer(Protocol):
    """What wakes the event loop."""

    def set(self, moment: float) -> None:
        """Ring at a moment; ``inf``: not any more. The loop lives on as long as it is to ring."""


class Alarm:
    """What waits in one event loop.

    Args:
        hub: The loop's greenlet.
        exact: Use the system's timer; where there is none, or False, the loop's own.
    """

    def __init__(self, hub: Any, exact: bool = True) -> None:
        self._hub = hub
        self._heap: list[Ticket] = []
        self._count = self._unwanted = 0
        self._set = inf     # the moment that the timer is set to
        self._ringing = False
        self._timer: Timer = exact and _exact(hub, self._ring) or LoopTimer(hub, self._ring)

    def __len__(self) -> int:
        return len(self._heap) - self._unwanted

    def at(self, moment: float, call: Callable[[], object]) -> Ticket:
        """Call something once, in the loop, at a moment of ``time.monotonic`` and never earlier; ``inf``: never.

        Calls of the same moment are made in the order in which they were asked for.
        """
        self._count += 1
        ticket = [moment, self._count, call]
        heappush(self._heap, ticket)
        if moment < self._set and not self._ringing:
            self._arm()
        return ticket

    def cancel(self, ticket: Ticket) -> None:
        """Forget a call; one that was made, or is forgotten, is left alone."""
        if ticket[2] is None:
            return
        ticket[2] = None
        self._unwanted += 1
        if self._unwanted > MANY and self._unwanted > len(self._heap) // 2:
            self._heap[:] = [ticket for ticket in self._heap if ticket[2] is not None]
            heapify(self._heap)
            self._unwanted = 0
        elif ticket is self._heap[0] and not self._ringing:
            self._arm()

    def _ring(self) -> None:
        """Call what is due."""
        heap, self._ringing = self._heap, True
        now = monotonic()
        until = now + BUDGET
        while heap and heap[0][0] <= now < until:
            ticket = heappop(heap)
            call, ticket[2] = ticket[2], None
            if call is None:
                self._unwanted -= 1
                continue
            try:
                call()
            except RAISED:      # the others have their turn; the loop would take the alarm's watcher away
                self._hub.handle_error(call, *sys.exc_info())
            now = monotonic()
        self._ringing = False
        self._arm()

    def _arm(self) -> None:
        """Set the timer to the first moment."""
        heap = self._heap
        while heap and heap[0][2] is None:
            heappop(heap)
            self._unwanted -= 1
        self._set = heap[0][0] if heap else inf
        self._timer.set(self._set)


class ExactTimer:
    """Wakes an event loop by the system's timer.

    Args:
        hub: The loop's greenlet.
        ring: Called when the moment has come.

    Raises:
        OSError: The system has no such timer, or no descriptor is left.
    """

    def __init__(self, hub: Any, ring: Callable[[], None]) -> None:
        self._timer = Timerfd()
        self._watcher = hub.loop.io(self._timer.fd, READABLE, ref=False)
        self._watcher.start(ring)
        self._awaited = False

    def set(self, moment: float) -> None:
        """Ring at a moment; ``inf``: not any more. The loop lives on as long as it is to ring."""
        awaited = moment < inf
        if awaited:
            # 0 would mean never, and beyond some years a number does not fit; it rings then, and is set again
            self._timer.set(min(max(moment, 1e-9), monotonic() + FAR))
        else:
            self._timer.set(0)
        if awaited is not self._awaited:
            self._awaited = self._watcher.ref = awaited


class LoopTimer:
    """Wakes an event loop by a timer of its own, to the millisecond.

    Args:
        hub: The loop's greenlet.
        ring: Called when the moment has come.
    """

    def __init__(self, hub: Any, ring: Callable[[], None]) -> None:
        self._loop, self._ring = hub.loop, ring
        self._watcher: Any = None
        self._moment = inf

    def set(self, moment: float) -> None:
        """Ring at a moment; ``inf``: not any more."""
        self._moment = moment
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher.close()
            self._watcher = None
        if moment < inf:
            self._loop.update_now()     # its clock stands still within a callback, and a timer counts from there
            self._watcher = self._loop.timer(min(max(moment - monotonic() - LATE, SHORT), FAR))
            self._watcher.start(self._look)

    def _look(self) -> None:
        if monotonic() < self._moment:
            self.set(self._moment)      # it was set a little early
        else:
            self._ring()


def _exact(hub: Any, ring: Callable[[], None]) -> Timer | None:
    try:
        return ExactTimer(hub, ring)
    except OSError:
        return None


def alarm() -> Alarm:
    """Return the alarm of the event loop of this thread."""
    hub: Any = get_hub()
    found: Alarm | None = getattr(hub, 'vaurien_alarm', None)
    if found is None:
        found = hub.vaurien_alarm = Alarm(hub)
    return found


def sleep(seconds: float) -> None:
    """Wait; 0 or less: not at all."""
    sleep_until(monotonic() + seconds)


def sleep_until(moment: float) -> None:
    """Wait until ``time.monotonic()`` is ``moment``, and never less; ``inf``: until the greenlet is ended."""
    if moment <= monotonic():
        return
    waiter: Any = Waiter(get_hub())
    ringing = alarm()
    ticket = ringing.at(moment, partial(waiter.switch, None))
    try:
        waiter.get()
    finally:
        ringing.cancel(ticket)


# -- the system's timer that is a file: from Python 3.13 on, and before of the C library


class Timerfd:
    """One timer.

    Raises:
        OSError: The system has none, or no descriptor is left.

    Attributes:
        fd: Its descriptor: readable from the moment on that was set, until another one is.
    """

    __slots__ = ('fd', '_set', '__weakref__')

    def __init__(self) -> None:
        found = calls()
        if found is None:
            raise OSError('there is no timerfd here')
        create, self._set = found
        self.fd = create()
        weakref.finalize(self, os.close, self.fd)

    def set(self, moment: float) -> None:
        """Be readable from a moment of ``time.monotonic`` on, perhaps a past one; 0: never, and no more."""
        self._set(self.fd, moment)


@cache
def calls() -> tuple[Callable[[], int], Set] | None:
    """Return what creates a timer and what sets one; None: the system has none."""
    if hasattr(os, 'timerfd_create'):
        return _of_python()
    return _of_libc() if sys.platform == 'linux' and sys.maxsize > 2 ** 32 else None


def _of_python() -> tuple[Callable[[], int], Set]:
    module: Any = os
    create, settime, absolute = module.timerfd_create, module.timerfd_settime, module.TFD_TIMER_ABSTIME
    flags = module.TFD_NONBLOCK | module.TFD_CLOEXEC
    return (lambda: int(create(time.CLOCK_MONOTONIC, flags=flags)),
            lambda fd, moment: settime(fd, flags=absolute, initial=moment))


def _of_libc() -> tuple[Callable[[], int], Set] | None:
    import ctypes  # slow to import
    libc: Any = ctypes.PyDLL(None, use_errno=True)
    try:
        timerfd_create, timerfd_settime = libc.timerfd_create, libc.timerfd_settime
    except AttributeError:
        return None
    times = (ctypes.c_long * 4)()   # itimerspec: the interval, and the moment in seconds and nanoseconds
    at = ctypes.byref(times)

    def checked(result: int) -> int:
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return result

    def settime(fd: int, moment: float) -> None:
        rest, seconds = modf(moment)
        times[2], times[3] = int(seconds), int(rest * 1e9)
        checked(timerfd_settime(fd, ABSOLUTE, at, None))
    return lambda: checked(timerfd_create(time.CLOCK_MONOTONIC, NEVER_WAITING | NOT_INHERITED)), settime
