"""Whether the machine does something else meanwhile, and how much. Knows nothing of what is measured. Linux only."""
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .meters import TICK, family

CORES = os.cpu_count() or 1
LOUD = 0.1      #: processors; where others use more, a figure is marked
LOOK = 1.0      #: [s] for which one looks before all else
KERNEL = '2'    #: the parent of the kernel's own threads, whose time is in no processor's
NAMED = 5       #: of the processes that use most are named
LEAST = 0.01    #: processors that a process uses which is named


class Others(NamedTuple):
    """What was used by whatever is not of the benchmark.

    Attributes:
        share: Processors: 1 is one of them all the time. What the host took from this machine counts too.
        names: The programs that use most, the first most, with the processors that each uses.
    """

    share: float
    names: tuple[tuple[str, float], ...] = ()

    @property
    def loud(self) -> bool:
        """It is enough to disturb figures."""
        return self.share > LOUD

    def __str__(self) -> str:
        used = f'others use {self.share:.2f} of {CORES} processors'
        return used + ''.join(f', {name} {share:.2f}' for name, share in self.names)


class Look:
    """The time from its making on."""

    def __init__(self, now: float) -> None:
        self._began, self._all, self._each = now, busy(Path('/proc/stat').read_text()), dict(processes())
        self._own = own()

    def others(self, now: float) -> Others:
        """Return what others have used since; ``now`` is of the same clock [s]."""
        seconds = now - self._began
        if seconds <= 0:
            return Others(0.0)
        share = (busy(Path('/proc/stat').read_text()) - self._all - (own() - self._own)) / seconds
        ours, each = set(family(os.getpid())), dict(processes())
        more = [(each[key] - self._each.get(key, 0.0), key) for key in each if key[0] not in ours]
        names = tuple((key[1], spent / seconds) for spent, key in sorted(more, reverse=True)[:NAMED] if spent / seconds >= LEAST)
        return Others(max(0.0, share), names)


def busy(stat: str) -> float:
    """Return what all processors have spent on programs, or the host has taken, by the text of /proc/stat [s].

    Interrupts are left out: they are counted beside the programs, whose packets most of them bring.
    """
    user, nice, system, _idle, _waiting, _irq, _soft, steal, *_ = (int(word) for word in stat.split('\n', 1)[0].split()[1:])
    return (user + nice + system + steal) * TICK


def own() -> float:
    """Return what this process and all below it have spent, those that have ended among them [s]."""
    return sum(sum(map(int, fields[11:15])) for pid in family(os.getpid()) if (fields := _fields(pid))) * TICK


def processes() -> Iterator[tuple[tuple[int, str], float]]:
    """Report each process but the kernel's threads, by its id and its program's name, and what it has spent [s]."""
    for path in Path('/proc').iterdir():
        if path.name.isdigit() and (fields := _fields(int(path.name))) and fields[1] != KERNEL:
            yield (int(path.name), _name(int(path.name))), (int(fields[11]) + int(fields[12])) * TICK


def _fields(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the third on; none: the process has ended."""
    try:
        return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    except OSError:
        return []


def _name(pid: int) -> str:
    try:
        return Path(f'/proc/{pid}/comm').read_text().strip()
    except OSError:
        return ''
