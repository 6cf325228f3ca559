"""Counts the instructions that a process executes for a load: by perf, or by valgrind where the machine has no counters.

Knows no vaurien. Instructions of the system are in neither.
"""
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

from tests.support.processes import MissingServer, program

EVENT = 'instructions:u'    #: what perf counts
ENOUGH = 120                #: [s] for each of the programs
BEGIN = 0.5                 #: [s] until perf has found the threads of a process
TOTALS = re.compile(r'^totals: (\d+)$', re.MULTILINE)       #: in what callgrind writes


class Counter(Protocol):
    """Counts.

    Attributes:
        name: The program that does.
        prefix: What the command line of the process begins with that is to be counted; ``{folder}`` is one of its own.
    """

    @property
    def name(self) -> str: ...
    @property
    def prefix(self) -> tuple[str, ...]: ...

    def count(self, pid: int, where: Path, load: Callable[[], object]) -> int:
        """Return how many instructions a process executes during a load; ``where`` is its folder.

        Raises:
            RuntimeError: The program has counted nothing.
        """


class Perf(NamedTuple):
    """By the counters of the processor, which cost nothing."""

    path: str
    event: str = EVENT
    name: str = 'perf'
    prefix: tuple[str, ...] = ()

    def count(self, pid: int, where: Path, load: Callable[[], object]) -> int:
        """See ``Counter``."""
        counting = subprocess.Popen((self.path, 'stat', '-x', ',', '-e', self.event, '-p', str(pid)), text=True,
                                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            time.sleep(BEGIN)
            load()
        finally:
            counting.send_signal(signal.SIGINT)
            printed = counting.communicate(timeout=ENOUGH)[1]
        return counted(printed)


class Callgrind(NamedTuple):
    """By running the process in valgrind, some fifty times as slow, and the same on any machine."""

    path: str
    control: str
    name: str = 'callgrind'

    @property
    def prefix(self) -> tuple[str, ...]:
        """See ``Counter``."""
        return self.path, '--tool=callgrind', '--instr-atstart=no', '--callgrind-out-file={folder}/counts'

    def count(self, pid: int, where: Path, load: Callable[[], object]) -> int:
        """See ``Counter``."""
        self._tell(pid, '-i', 'on')
        load()
        self._tell(pid, '-i', 'off')
        self._tell(pid, '--dump')
        found = [int(total) for path in sorted(where.glob('counts*')) for total in TOTALS.findall(path.read_text())]
        if not any(found):
            raise RuntimeError('callgrind has counted nothing')
        return max(found)

    def _tell(self, pid: int, *words: str) -> None:
        done = subprocess.run((self.control, *words, str(pid)), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=ENOUGH, check=False)
        if done.returncode or 'OK.' not in done.stdout:
            raise RuntimeError(f'callgrind_control {" ".join(words)}: {(done.stderr or done.stdout).strip()}')


def counted(printed: str) -> int:
    """Return the count that ``perf stat -x ,`` has printed.

    Raises:
        RuntimeError: It has counted nothing.
    """
    for line in printed.splitlines():
        first = line.partition(',')[0]
        if first.isdigit():
            return int(first)
    raise RuntimeError(f'perf has counted nothing: {printed.strip()}')


def counter() -> Counter:
    """Return what counts on this machine.

    Raises:
        MissingServer: Nothing does; the message says so.
    """
    try:
        path = program('perf')
        counted(subprocess.run((path, 'stat', '-x', ',', '-e', EVENT, 'true'), stdin=subprocess.DEVNULL, capture_output=True,
                               text=True, timeout=ENOUGH, check=False).stderr)
        return Perf(path)
    except (MissingServer, RuntimeError):
        pass
    try:
        return Callgrind(program('valgrind'), program('callgrind_control'))
    except MissingServer:
        raise MissingServer('no instruction counts: perf counts none on this machine, and it has no valgrind') from None
