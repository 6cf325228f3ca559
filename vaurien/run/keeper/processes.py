"""Processes and what they have started, as the system shows them. Knows no message, and not why one is to end."""
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

LINUX = sys.platform == 'linux'
#: of prctl(2)
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
PROC = Path('/proc')
LOOK_INTERVAL = 0.02    #: [seconds] between two looks at what has not ended yet
LAST_WAIT = 1.0     #: [seconds] for what was killed to be gone; one of another user is left alone after that


def prctl(option: int, value: int) -> None:
    """Set something of this process (Linux); nothing happens elsewhere."""
    if LINUX:
        ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of what a child leaves behind (Linux)."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)


def end_with_parent() -> None:
    """Let this process get SIGTERM when its parent ends (Linux)."""
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def has_terminal() -> bool:
    """Return whether this process has a controlling terminal, and so a shell with job control may watch it."""
    try:
        os.close(os.open('/dev/tty', os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK))
    except OSError:
        return False
    return True


def parents() -> dict[int, int]:
    """Return the parent of each process; one that has ended and not been waited for does not count."""
    found = {}
    for entry in PROC.iterdir() if LINUX else ():
        if entry.name.isdigit():
            with suppress(OSError):
                state, parent = (entry / 'stat').read_text(errors='replace').rpartition(')')[2].split()[:2]
                if state not in 'ZX':
                    found[int(entry.name)] = int(parent)
    return found or shown_parents()


def shown_parents() -> dict[int, int]:
    """Return what ``parents`` does, by the words of ``ps``, without that process itself."""
    with subprocess.Popen(['ps', '-A', '-o', 'pid=,ppid=,stat='], stdout=subprocess.PIPE, text=True) as ps:
        rows = [line.split() for line in ps.stdout or ()]
    return {int(pid): int(parent) for pid, parent, state in rows if 'Z' not in state and int(pid) != ps.pid}


def below(pid: int) -> set[int]:
    """Return the processes that a process has started, and those that these have started.

    Args:
        pid: This process: without a child there is nothing to look for.
    """
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return set()
    children = defaultdict(set)
    for child, parent in parents().items():
        children[parent].add(child)
    found: set[int] = set()
    new = {pid}
    while new:
        new = {child for parent in new for child in children[parent]} - found
        found |= new
    return found


def send(pids: set[int], number: signal.Signals) -> None:
    """Send a signal to processes; those that are gone, or of another user, do not count."""
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def reap() -> None:
    """Wait for children that have ended."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def end(pid: int, grace: float) -> int:
    """End all below a process, which is this one: with SIGTERM, and with SIGKILL what has not ended after some time.

    Args:
        pid: This process.
        grace: Seconds that they may take.

    Returns:
        How many there were.
    """
    count = len(below(pid))
    asked: set[int] = set()
    until = time.monotonic() + grace
    while (left := below(pid)) and time.monotonic() < until + LAST_WAIT:
        new = left - asked
        late = time.monotonic() >= until
        send(left if late else new, signal.SIGKILL if late else signal.SIGTERM)
        send(new, signal.SIGCONT)   # one that is stopped takes no other signal before
        asked |= new
        select.select([], [], [], LOOK_INTERVAL)
        reap()
    return count
