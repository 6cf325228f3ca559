"""Fleets run by the tests themselves: in a thread with its own event loop, or in a child process to be measured.

Knows specs and the fleet, and no command line. In the thread plugins may be classes of the test; a child shows what a whole
process needs: descriptors, memory, processor time.
"""
import contextlib
import functools
import gc
import json
import os
import queue
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import gevent
import msgspec
from gevent.event import Event

from vaurien.alarm import alarm
from vaurien.mix import parse_mix
from vaurien.proxies.fleet import Fleet
from vaurien.proxies.proxy import Proxy
from vaurien.spec import BehaviorSpec, ProxySpec

from .daemon import ROOT, environment
from .trap import Trap
from .unit_of_time import MS, PATIENCE

SEED = 7
#: [s] between two looks at something that is to become true
LOOK = 2 * MS


def spec_for(backend: Any, mix: 'str | tuple[BehaviorSpec, ...]' = '', **fields: Any) -> ProxySpec:
    """Make a spec of a proxy on a free port.

    Args:
        backend: What has an ``address``, or the address, or a port of 127.0.0.1.
        mix: Behaviors as ``20:delay,10:error``, their settings being among the fields, as ``settings``; or as they are.
        fields: The other fields of the spec.
    """
    address = f'127.0.0.1:{backend}' if isinstance(backend, int) else getattr(backend, 'address', backend)
    entries = mix if isinstance(mix, tuple) else \
        tuple(BehaviorSpec(name=name, percent=percent) for percent, name in parse_mix(mix))
    return ProxySpec(**{'proxy': '127.0.0.1:0', 'backend': address, 'mix': entries, **fields})


def eventually(holds: Callable[[], Any], what: str = 'it') -> Any:
    """Wait until something is true and return it.

    Raises:
        AssertionError: It was not, within ``PATIENCE``.
    """
    deadline = time.monotonic() + PATIENCE
    while not (found := holds()):
        assert time.monotonic() < deadline, f'{what} has not come true'
        time.sleep(LOOK)
    return found


def state() -> dict[str, Any]:
    """Return what this process holds: descriptors, threads, bytes of memory, seconds of work; and what this thread's loop does:
    live greenlets and watchers.
    """
    gc.collect()
    hub = gevent.get_hub()
    alarm()     # a loop has one from its first wait on, and keeps its descriptor
    alive = [found for found in gc.get_objects() if isinstance(found, gevent.Greenlet) and not found.dead and found.parent is hub]
    used = resource.getrusage(resource.RUSAGE_SELF)
    with open('/proc/self/status', encoding='utf-8') as status:
        memory = {key: value for key, _, value in (line.partition(':') for line in status)}
    return {'fds': len(os.listdir('/proc/self/fd')), 'threads': threading.active_count(), 'greenlets': len(alive),
            'watchers': hub.loop.activecnt, 'rss': int(memory['VmRSS'].split()[0]) * 1024,
            'peak': int(memory['VmHWM'].split()[0]) * 1024, 'cpu': used.ru_utime + used.ru_stime}


@contextlib.contextmanager
def registered(registry: Any, cls: type) -> Iterator[type]:
    """Make a plugin known until the end of the block."""
    registry.register(cls)
    try:
        yield cls
    finally:
        registry.unregister(cls.name)     # type: ignore[attr-defined]


class Hosted:
    """A fleet in a thread of its own.

    Attributes:
        fleet: The fleet; touch it only within ``call``, except to read a number.
        failures: What has escaped into the event loop; the end of the ``with`` block raises it.
        trap: What has caught calls that may wait; the end of the ``with`` block raises them.
    """

    def __init__(self, *specs: ProxySpec, seed: int = SEED) -> None:
        self._jobs: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = queue.SimpleQueue()
        self._ready: Future[None] = Future()
        self._seed = seed
        self.fleet: Fleet
        self.failures: list[str] = []
        self.trap = Trap()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.result(PATIENCE)
        for spec in specs:
            self.call(functools.partial(self.fleet.create, spec))

    def _run(self) -> None:
        with self.trap:
            self._loop()

    def _loop(self) -> None:
        hub = gevent.get_hub()
        setattr(hub, 'handle_error', self._escaped)     # noqa: B010 - a method that gevent lets one replace
        self._wake, self._done = hub.loop.async_(), Event()
        self._wake.start(self._take)
        self.fleet = Fleet(self._seed)
        self._ready.set_result(None)
        self._done.wait()
        self._wake.close()
        setattr(hub, 'handle_error', lambda *error: None)   # noqa: B010 - the end of the loop is one
        hub.destroy(destroy_loop=True)

    def _escaped(self, context: Any, kind: Any, value: Any, traceback: Any) -> None:
        if not issubclass(kind, gevent.get_hub().NOT_ERROR):
            self.failures.append(f'{context!r}: {value!r}')

    def _take(self) -> None:
        while not self._jobs.empty():
            gevent.spawn(self._work, *self._jobs.get())

    @staticmethod
    def _work(job: Callable[[], Any], future: 'Future[Any]') -> None:
        try:
            future.set_result(job())
        except Exception as error:  # noqa: BLE001 - raised again where the test waits
            future.set_exception(error)

    def call(self, job: Callable[[], Any], patience: float = PATIENCE) -> Any:
        """Run something in the event loop's thread, in a greenlet, and return or raise what it does.

        Args:
            job: What to run.
            patience: [s] How long it may take.
        """
        future: Future[Any] = Future()
        self._jobs.put((job, future))
        self._wake.send()
        return future.result(patience)

    def change(self, name: str = 'default', **fields: Any) -> None:
        """Change fields of a proxy's spec."""
        self.call(lambda: self.fleet.change(name, **fields))

    def mix(self, mix: str) -> None:
        """Change the mix of the proxy."""
        self.change(mix=spec_for('', mix).mix)

    @property
    def proxy(self) -> Proxy:
        """The first proxy."""
        return next(iter(self.fleet.proxies.values()))

    @property
    def port(self) -> int:
        """Where the first proxy listens."""
        return int(self.proxy.bound.port or 0)

    def wait_idle(self) -> None:
        """Wait until no proxy has a session."""
        eventually(lambda: not any(proxy.sessions for proxy in self.fleet.proxies.values()), 'the end of all sessions')

    def state(self) -> dict[str, Any]:
        """Return what this process holds; see ``state``."""
        return dict(self.call(state))

    def close(self) -> None:
        """End the fleet and its thread."""
        try:
            self.call(self.fleet.close)
        finally:
            self.call(lambda: self._done.set())
            self._thread.join(PATIENCE)


@contextlib.contextmanager
def hosted(*specs: ProxySpec, seed: int = SEED) -> Iterator[Hosted]:
    """Run proxies in a thread until the end of the block; what escaped into the event loop fails the test."""
    host = Hosted(*specs, seed=seed)
    try:
        yield host
    finally:
        host.close()
    assert not host.failures, host.failures
    assert not host.trap.calls, str(host.trap)


class Child:
    """A fleet in a child process.

    Args:
        spec: The proxy.
        files: How many descriptors it may have; None: as many as we.
    """

    def __init__(self, spec: ProxySpec, files: int | None = None) -> None:
        command = [sys.executable, '-m', 'tests.support.hosting', msgspec.json.encode(spec).decode(), str(files or 0)]
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment(), text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.port = int(self._line())

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, 'the child has ended'
        return line

    def state(self) -> dict[str, Any]:
        """Return what the child holds, and the counts of its proxy; see ``state``."""
        assert self.process.stdin is not None
        print(file=self.process.stdin, flush=True)
        return dict(json.loads(self._line()))

    def close(self) -> None:
        """End it."""
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        try:
            assert self.process.wait(PATIENCE) == 0
        finally:
            self.process.kill()


@contextlib.contextmanager
def child(spec: ProxySpec, files: int | None = None) -> Iterator[Child]:
    """Run a proxy in a child process until the end of the block."""
    process = Child(spec, files)
    try:
        yield process
    finally:
        process.close()


def main(text: str, files: str) -> None:
    """Be the child: say the port, and then what it holds for each line that comes, until there is none."""
    few = (int(files), int(files) + 8) if int(files) else resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, few)
    with Trap() as trap:
        serve(text, few)
    assert not trap.calls, str(trap)


def serve(text: str, few: tuple[int, int]) -> None:
    """Run a fleet until standard input ends; it may have few descriptors."""
    fleet = Fleet(SEED)
    proxy = fleet.create(msgspec.json.decode(text, type=ProxySpec))
    print(proxy.bound.port, flush=True)
    while gevent.get_hub().threadpool.apply(sys.stdin.readline):
        stats = proxy.stats
        counts = {name: getattr(stats, name) for name in ('accepted', 'refused', 'backend_errors', 'accept_errors')}
        sessions = list(proxy.sessions.values())
        counts['read'] = sum(sum(session.transferred) for session in sessions)
        lanes = [session.upstream for session in sessions]
        counts['left'] = any(lane.left is not None and not lane._paused for lane in lanes)      # and held back by nobody
        resource.setrlimit(resource.RLIMIT_NOFILE, (few[1], few[1]))    # looking needs one or two itself
        print(json.dumps({**state(), **counts, 'sessions': len(proxy.sessions)}), flush=True)
        resource.setrlimit(resource.RLIMIT_NOFILE, few)
    fleet.close()


if __name__ == '__main__':
    main(*sys.argv[1:])
