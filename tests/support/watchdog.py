"""How much processor time each callback of an event loop takes: what runs long holds up everybody else. Knows nothing of vaurien.

Counted are the callbacks of watchers - input and output, timers, signals - and those that the loop was asked to run, each with
the greenlet that it switches to until that switches back. The time is that of the loop's own thread, so neither a busy machine
nor another thread makes a callback longer; what the garbage collector does meanwhile is counted.

``python -m tests.support.watchdog REPORT MODULE ARGUMENT...`` runs a module as a program, and writes down what its loop did.
"""
import functools
import json
import runpy
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple
from unittest import mock

import gevent
import gevent.hub
from gevent.hub import Waiter

#: [s] the steps in which times are counted: a percentile is at most one of them too long
STEP = 10e-6
#: [s] from which on a callback is worth its name
LONG = 1e-3
#: the watchers of a loop, by the names of its methods
WATCHERS = ('io', 'timer', 'signal', 'idle', 'prepare', 'check', 'fork', 'async_', 'child', 'stat')


class Long(NamedTuple):
    """One callback that took long."""

    seconds: float
    name: str

    def __str__(self) -> str:
        return f'{self.seconds * 1000:.1f} ms in {self.name}'


class Watchdog:
    """Watches every event loop that is made while it is on: ``with Watchdog() as dog: ...``.

    A loop that exists already is not watched. Each thread makes one of its own, as ``tests.support.hosting`` does; a process
    switches it on before anything waits.

    Attributes:
        count: The callbacks so far.
        total: The time [s] of all of them.
    """

    def __init__(self) -> None:
        self.count, self.total = 0, 0.0
        self._steps: dict[int, int] = {}    # by their length in STEPs, how many callbacks there were
        self._longest: dict[str, float] = {}
        self._on = ExitStack()

    def __enter__(self) -> 'Watchdog':
        loop_class = gevent.config.loop
        self._on.enter_context(mock.patch.object(gevent.hub.Hub, 'loop_class', watched(loop_class, self)))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._on.close()

    @property
    def worst(self) -> Long:
        """The longest callback; where none was worth its name, it has none."""
        return next(iter(self.longest()), Long(max(self._steps, default=0) * STEP, ''))

    def longest(self) -> list[Long]:
        """Return the longest callback of each name, the worst first; those below ``LONG`` are left out."""
        return sorted((Long(seconds, name) for name, seconds in self._longest.items()), reverse=True)

    def percentile(self, percent: float) -> float:
        """Return the time [s] that so many percent of all callbacks did not exceed; 0 if there was none."""
        wanted, seen = self.count * percent / 100, 0
        for step in sorted(self._steps):
            seen += self._steps[step]
            if seen >= wanted:
                return step * STEP
        return 0.0

    def measure(self, callback: Callable[..., object], *args: Any) -> None:
        """Call back, and count how long it took."""
        runs = what_runs(callback)
        start = time.thread_time()
        try:
            callback(*args)
        finally:
            self._took(time.thread_time() - start, runs)

    def _took(self, seconds: float, runs: Any) -> None:
        step = int(seconds / STEP) + 1
        self.count += 1
        self.total += seconds
        self._steps[step] = self._steps.get(step, 0) + 1
        if seconds >= LONG:
            name = name_of(runs)
            self._longest[name] = max(seconds, self._longest.get(name, 0.0))

    def __str__(self) -> str:
        return f'{self.count} callbacks, 99.99 % within {self.percentile(99.99) * 1000:.2f} ms, ' \
               f'longest: {", ".join(map(str, self.longest()[:5])) or "none"}'


class Measured:
    """A callback that is measured; gevent asks some for whose method they are."""

    __slots__ = ('_dog', '_callback')

    def __init__(self, dog: Watchdog, callback: Callable[..., object]) -> None:
        self._dog, self._callback = dog, callback

    def __call__(self, *args: Any) -> None:
        self._dog.measure(self._callback, *args)

    @property
    def __self__(self) -> object:
        return self._callback.__self__      # type: ignore[attr-defined] # AttributeError is the right answer


def watched(loop_class: type, dog: Watchdog) -> type:
    """Return a class of loops whose callbacks are measured."""
    def run_callback(self: Any, callback: Callable[..., object], *args: Any) -> Any:
        return loop_class.run_callback(self, Measured(dog, callback), *args)    # type: ignore[attr-defined]

    def run_callback_threadsafe(self: Any, callback: Callable[..., object], *args: Any) -> Any:
        return loop_class.run_callback_threadsafe(self, Measured(dog, callback), *args)     # type: ignore[attr-defined]
    module = __import__(loop_class.__module__, fromlist=WATCHERS)
    return type(loop_class.__name__, (loop_class,), {
        'run_callback': run_callback, 'run_callback_threadsafe': run_callback_threadsafe,
        **{name: _makes(_watched_watcher(getattr(module, name), dog)) for name in WATCHERS}})


def _watched_watcher(watcher_class: type, dog: Watchdog) -> type:
    def measuring(verb: str) -> Callable[..., Any]:
        def start(self: Any, callback: Callable[..., object], *args: Any, **kwargs: Any) -> None:
            getattr(watcher_class, verb)(self, Measured(dog, callback), *args, **kwargs)
        return start
    verbs = [verb for verb in ('start', 'again') if hasattr(watcher_class, verb)]
    return type(watcher_class.__name__, (watcher_class,), {verb: measuring(verb) for verb in verbs})


def _makes(watcher_class: type) -> Callable[..., Any]:
    def make(loop: Any, *args: Any, **kwargs: Any) -> Any:
        return watcher_class(loop, *args, **kwargs)
    return make


def what_runs(callback: Any) -> Any:
    """Return what a callback is about to run: the function of the greenlet that it switches to, or the callback itself.

    It has to be asked before: a greenlet that has ended does not know what it was.
    """
    owner = getattr(callback, '__self__', None)
    greenlet = owner.greenlet if isinstance(owner, Waiter) else owner
    return getattr(greenlet, '_run', callback) if isinstance(greenlet, gevent.Greenlet) else callback


def name_of(runs: Any) -> str:
    """Return the name of a function, or of a method with the class of its object."""
    while isinstance(runs, functools.partial):
        runs = runs.func
    owner = getattr(runs, '__self__', None)
    return str(getattr(runs, '__qualname__', runs)) if owner is None else f'{type(owner).__name__}.{runs.__name__}'


def main(report: str, module: str, *arguments: str) -> None:
    """Run a module as a program under a watchdog, and write its report: a JSON object whose times are in seconds.

    Args:
        report: The path of the report; it is there once the program has ended.
        module: Its name.
        arguments: Its command line.
    """
    sys.argv[1:] = arguments
    with Watchdog() as dog:
        try:
            runpy.run_module(module, run_name='__main__', alter_sys=True)
        finally:
            found = {'count': dog.count, '99.99 %': dog.percentile(99.99), 'longest': dog.longest()}
            Path(report).write_text(json.dumps(found), encoding='utf-8')


if __name__ == '__main__':
    main(*sys.argv[1:])
