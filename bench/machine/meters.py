"""What a process has used, read from the kernel. Knows nothing of what the process does. Linux only."""
import contextlib
import os
from pathlib import Path

TICK = 1 / os.sysconf('SC_CLK_TCK')     #: [s] the kernel counts processor time in
PAGE = os.sysconf('SC_PAGE_SIZE')       #: [bytes]


def family(pid: int) -> list[int]:
    """Return a process and all below it: nginx relays in a child."""
    found = [pid]
    for parent in found:
        for children in Path(f'/proc/{parent}/task').glob('*/children'):
            with contextlib.suppress(OSError):      # a thread that has ended since
                found += map(int, children.read_text().split())
    return found


def cpu_seconds(pid: int) -> float:
    """Return the processor time, user and system, that a process and those below it have used [s]."""
    return sum(each_cpu_seconds(pid).values())


def each_cpu_seconds(pid: int) -> dict[int, float]:
    """Return the same of each of them, by its id."""
    return {one: _ticks(one) * TICK for one in family(pid)}


def memory(pid: int) -> int:
    """Return the resident memory of a process and those below it [bytes]."""
    return sum(int(Path(f'/proc/{one}/statm').read_text().split()[1]) for one in family(pid)) * PAGE


def _ticks(pid: int) -> int:
    fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()   # the name may have spaces in it
    return int(fields[11]) + int(fields[12])    # utime and stime: proc(5) counts them as fields 14 and 15
