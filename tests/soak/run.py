"""One soak from its beginning to its end: warm up, remember what the process holds, make trouble, calm down, look again."""
import contextlib
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from tests.support.daemon import ROOT, environment
from tests.support.peers import Backend
from vaurien.client import Client

from .clients import Worker
from .mischief import Mischief
from .talks import TALKS, serve

WORKERS = 12        #: clients at the same time
PAUSE = 0.02        #: [s] between two changes of the fleet
WARM_UP = 3.0       #: [s] before what the process holds is remembered: code is imported, buffers have their size
SETTLE = 60.0       #: [s] until nothing must be left; hung sessions end as soon as their clients have gone
GROWTH = 32 * 2 ** 20       #: [bytes] of memory that may be more at the end: 10,000 faults in the journal, and the allocator
HELD = ('sessions', 'fds', 'greenlets', 'watchers', 'threads')


class Report(NamedTuple):
    """What a soak came to.

    Args:
        counts: What was done.
        before: What the process held after warming up.
        after: What it held at the end.
        failures: What must not have happened; empty: all is well.
    """

    counts: Counter[str]
    before: dict[str, Any]
    after: dict[str, Any]
    failures: list[str]


class Host:
    """The process that is soaked."""

    def __init__(self, process: 'subprocess.Popen[str]') -> None:
        self._process = process
        self.client = Client('127.0.0.1', int(self._line()), token='', timeout=30.0)

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, 'vaurien has ended'
        return line

    def state(self) -> dict[str, Any]:
        """Return what it holds."""
        assert self._process.stdin is not None
        print(file=self._process.stdin, flush=True)
        return dict(json.loads(self._line()))

    @property
    def ports(self) -> dict[str, int]:
        """Where its proxies listen."""
        return {proxy['name']: int(proxy['address'].rpartition(':')[2]) for proxy in self.client.proxies()}


@contextlib.contextmanager
def host(seed: int) -> Iterator[Host]:
    """Run it for the length of a block."""
    process = subprocess.Popen([sys.executable, '-m', 'tests.soak.host', str(seed)], cwd=ROOT, env=environment(), text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield Host(process)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(SETTLE)
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def trouble(seconds: float, seed: str, mischief: Mischief, ports: dict[str, int]) -> tuple[Counter[str], list[str]]:
    """Let clients and changes loose for a while.

    Returns:
        What the clients have counted, and what has failed.
    """
    over, counts, failures = threading.Event(), Counter[str](), list[str]()
    workers = [Worker(Random(f'{seed}/{number}'), ports, over) for number in range(WORKERS)]
    for worker in workers:
        worker.start()
    until = time.monotonic() + seconds
    while time.monotonic() < until and not over.wait(PAUSE):
        mischief.once()
    over.set()
    for worker in workers:
        worker.join(SETTLE)
        counts.update(worker.counts)
        failures += [*worker.failures, *(['a client hangs'] if worker.is_alive() else [])]
    return counts, failures


def settled(running: Host, before: dict[str, Any] | None) -> dict[str, Any]:
    """Wait until no session is left, and all that is held is what it was; None: whatever it is."""
    until = time.monotonic() + SETTLE
    while True:
        state = running.state()
        wanted = before or {**state, 'sessions': 0}
        if all(state[key] <= wanted[key] for key in HELD) or time.monotonic() > until:
            return state
        time.sleep(0.1)


def soak(seconds: float, seed: int) -> Report:
    """Run a soak.

    Args:
        seconds: How long there is trouble.
        seed: What all of it is made from, on both sides.
    """
    with contextlib.ExitStack() as stack:
        backends = {talk.protocol: stack.enter_context(Backend(serve(talk))).address for talk in TALKS}
        running = stack.enter_context(host(seed))
        mischief = Mischief(running.client, Random(f'{seed}/mischief'), backends)
        mischief.set_up()
        ports = running.ports
        trouble(WARM_UP, f'{seed}/warm-up', mischief, ports)
        mischief.calm_down()
        before = settled(running, None)
        counts, failures = trouble(seconds, str(seed), mischief, ports)
        mischief.calm_down()
        after = settled(running, before)
        counts['changes'] = mischief.done
        counts['faults'] = running.client.last_fault()
    return Report(counts, before, after, [*failures, *differences(before, after)])


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return what is left at the end that was not there before."""
    found = [f'{key}: {before[key]} before, {after[key]} after' for key in HELD if after[key] > before[key]]
    if after['rss'] - before['rss'] > GROWTH:
        found.append(f'memory: {before["rss"]} bytes before, {after["rss"]} after')
    if after['errors']:
        found.append(f'{after["errors"]} errors were logged, the first: {after["first"]}')
    return found
