"""One hunt: schedule after schedule, several at once, until time is up or something is wrong; what is wrong is made small."""
import contextlib
import importlib
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context

from tests.support.unit_of_time import PATIENCE

from . import host
from .limit import Bounded, StandsStillError
from .player import Outcome, Player
from .schedule import Schedule, make
from .shrink import shrink
from .subject import Subject

#: the protocols, each a file of this folder
PROTOCOLS = ('tcp', 'http', 'redis', 'memcache', 'postgres', 'mysql', 'smtp')
PLAYERS = 16            #: schedules at the same time in one process
SHRINK = 60.0           #: [s] that a failing schedule may take to become small
LIMIT = 30 * PATIENCE   #: [s] that one schedule may take: several of its sessions may each wait in vain for all that is theirs
AGAIN = 3               #: plays of one schedule until it is said not to fail: some failures depend on the moment


def subject_of(protocol: str) -> Subject:
    """Return what there is to know of a protocol."""
    found: Subject = importlib.import_module(f'.{protocol}', __package__).SUBJECT
    return found


@dataclass
class Report:
    """What a hunt came to.

    Attributes:
        counts: ``schedules``, ``sessions``, ``requests``, ``faults``.
        failures: For each schedule that went wrong, what was wrong and how to play it again.
        percentile: The processor time [s] that 99.99 % of the callbacks of vaurien's loop did not exceed; of several processes,
            the longest.
        longest: The callbacks that took longest, in words.
    """

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    percentile: float = 0.0
    longest: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Count one schedule."""
        self.counts.update(schedules=1, sessions=outcome.sessions, requests=outcome.asks, faults=outcome.faults)

    def merge(self, other: 'Report') -> None:
        """Add what another process has found."""
        self.counts.update(other.counts)
        self.failures += other.failures
        self.longest += other.longest
        self.percentile = max(self.percentile, other.percentile)


class Hunt:
    """The hunt of one process.

    Args:
        subject: The protocol.
        backend: The address of its server.
        port: Of the host.
        limit: [s] that one schedule may take; then it is told where both sides stand, and nobody waits for it.
    """

    def __init__(self, subject: Subject, backend: str, port: int, limit: float = LIMIT) -> None:
        self.subject, self.backend, self.port, self.limit = subject, backend, port, limit
        self.report = Report()
        self._names = itertools.count(1)
        self._lock = threading.Lock()
        self._failed: Schedule | None = None
        self._wrong: list[str] = []
        self._stands = False    # a schedule has not come to its end; to play it again would take as long

    def play(self, line: host.Line, schedule: Schedule) -> Outcome:
        """Play one schedule; its proxy is named by its seed, so that it meets the same faults each time."""
        player = Player(self.subject, self.backend, line, f'{self.subject.name}-{schedule["seed"]}')
        try:
            return Bounded(lambda: player.play(schedule)).within(self.limit)
        except StandsStillError as error:
            self._stands = True
            where = f'the client:\n{error}\n{self._where(player.name)}'
            return Outcome([f'it stands still after {self.limit:.0f} s\n{where}'], 0, 0, 0)
        except Exception as error:  # noqa: BLE001 - told with the schedule
            return Outcome([f'{type(error).__name__}: {error}'], 0, 0, 0)

    def _where(self, name: str) -> str:
        """Return where the host stands, and what it knows of a proxy."""
        try:
            with contextlib.closing(host.Line(self.port)) as line:
                return f'the host:\n{line("stacks", name=name)}'
        except OSError as error:
            return f'the host does not answer: {error!r}'

    def run(self, seeds: Iterator[int], until: float) -> Report:
        """Play schedules until a moment of ``time.monotonic()``, or until one fails."""
        threads = [threading.Thread(target=self._work, args=(seeds, until)) for _ in range(PLAYERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with contextlib.closing(host.Line(self.port)) as line:
            callbacks = line('callbacks')
        self.report.counts['callbacks'] = callbacks['count']
        self.report.percentile, self.report.longest = callbacks['percentile'], callbacks['longest']
        if self._failed is not None:
            self.report.failures.append(self._explain(self._failed, self._wrong))
        return self.report

    def _work(self, seeds: Iterator[int], until: float) -> None:
        line = host.Line(self.port)
        try:
            while time.monotonic() < until and self._failed is None:
                with self._lock:
                    seed = next(seeds)
                schedule = make(self.subject, seed)
                outcome = self.play(line, schedule)
                with self._lock:
                    self.report.add(outcome)
                    if outcome.wrong and self._failed is None:
                        self._failed, self._wrong = schedule, outcome.wrong
        finally:
            line.close()

    def _explain(self, schedule: Schedule, wrong: list[str]) -> str:
        """Make a failing schedule small, and tell how to play it again."""
        if self._stands:
            return self._told(schedule, 'has not come to its end', wrong)
        line, until = host.Line(self.port), time.monotonic() + SHRINK
        found = list[list[str]]([wrong])

        def fails(candidate: Schedule) -> bool:
            for _ in range(AGAIN):
                outcome = self.play(line, candidate)
                if outcome.wrong:
                    found.append(outcome.wrong)
                    return True
            return False
        small = shrink(schedule, fails, lambda: time.monotonic() > until)
        line.close()
        return self._told(small, 'fails' if len(found) > 1 else 'has failed once, and not again', found[-1])

    def _told(self, schedule: Schedule, how: str, wrong: list[str]) -> str:
        name, seed = self.subject.name, schedule['seed']
        return (f'{name}, seed {seed} {how}: {"; ".join(wrong[:3])}\n'
                f'python -m tests.hunt --protocol {name} --seed {seed} --script FILE, with this in FILE:\n'
                f'{written(schedule)}')


def written(schedule: Schedule) -> str:
    """Write a schedule as JSON, a move each line."""
    moves = ',\n'.join(f'  {json.dumps(move)}' for move in schedule['moves'])
    return f'{{"protocol": "{schedule["protocol"]}", "seed": {schedule["seed"]}, "moves": [\n{moves}]}}'


def hunt(protocol: str, backend: str, seed: int, step: int, seconds: float, planted: str = '') -> Report:
    """Hunt in this process, with every ``step``-th seed from one on, for so long."""
    with host.running(planted) as port:
        return Hunt(subject_of(protocol), backend, port).run(itertools.count(seed, step), time.monotonic() + seconds)


def hunts(protocol: str, seed: int, seconds: float, processes: int) -> Report:
    """Hunt in some processes at once, each with seeds of its own."""
    report = Report()
    with subject_of(protocol).server() as server, \
            ProcessPoolExecutor(processes, mp_context=get_context('spawn')) as pool:
        futures = [pool.submit(hunt, protocol, server.address, seed + number, processes, seconds) for number in range(processes)]
        for future in futures:
            report.merge(future.result())
    return report


def replay(schedule: Schedule, times: int) -> list[str]:
    """Play one schedule some times; return what was wrong the first time that something was."""
    subject = subject_of(schedule['protocol'])
    with subject.server() as server, host.running() as port:
        line, hunting = host.Line(port), Hunt(subject, server.address, port)
        with contextlib.closing(line):
            return next((wrong for _ in range(times) if (wrong := hunting.play(line, schedule).wrong)), [])
