"""``vaurien run`` as its users start it: a command line, an environment, a terminal, and what comes of it."""
import contextlib
import os
import pty
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from .daemon import environment
from .unit_of_time import MS, PATIENCE

#: what all processes of a run have in their environment, and no other process has
MARK = 'VAURIEN_TEST_RUN'
PROC = Path('/proc')


def run(*arguments: str, text: str = '', cwd: Path | None = None, **variables: str) -> 'subprocess.CompletedProcess[str]':
    """Run ``vaurien run`` to its end.

    Args:
        arguments: What stands behind ``run``.
        text: What the command reads on its standard input.
        cwd: The folder it runs in; None: ours.
        variables: What the environment has beside that of this process.
    """
    return subprocess.run([sys.executable, '-m', 'vaurien', 'run', *arguments], env={**environment(), **variables}, text=True,
                          input=text, capture_output=True, timeout=PATIENCE, check=False, cwd=cwd)


def wait_until(true: Callable[[], object], what: str) -> None:
    """Wait until something is true.

    Raises:
        AssertionError: It is not, within ``PATIENCE``.
    """
    until = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < until, what
        time.sleep(10 * MS)


class Running:
    """A ``vaurien run`` that is under way, with what tells its processes from all others.

    Args:
        folder: The folder it runs in.
        arguments: What stands behind ``run``.
        terminal: Whether it is the first process of a terminal of its own.
        sockets: Whether one of its proxies listens at a socket, which is a file.

    Attributes:
        pid: The process of vaurien.
        terminal: The other side of its terminal; None: it has none.
    """

    def __init__(self, folder: Path, *arguments: str, terminal: bool = False, sockets: bool = True) -> None:
        self._mark = uuid.uuid4().hex
        self.folder = folder
        environ = {**environment(), MARK: self._mark, 'TMPDIR': str(folder), 'A': 'redis://127.0.0.1:9',
                   'B': 'unix:///run/nowhere.sock'}
        through = ['--through', 'A', *(['--through', 'B'] if sockets else [])]
        words = [sys.executable, '-m', 'vaurien', 'run', *through, '--grace', str(50 * MS), *arguments]
        self.terminal: int | None = None
        self._error = (folder / 'stderr').open('w')
        side: int = subprocess.DEVNULL
        if terminal:
            self.terminal, side = pty.openpty()
        self._process = subprocess.Popen(words, cwd=folder, env=environ, stdin=side, stdout=side, stderr=self._error,
                                         start_new_session=True, preexec_fn=own_terminal if terminal else None)
        if terminal:
            os.close(side)
        self.pid = self._process.pid

    def wait(self) -> int:
        """Wait for its end, and return its status; negative: the signal that has ended it."""
        return self._process.wait(PATIENCE)

    def processes(self) -> dict[int, str]:
        """Return its processes, each with its command line, by their ids; those that have ended do not count."""
        found = {}
        for entry in PROC.iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and f'{MARK}={self._mark}'.encode() in (entry / 'environ').read_bytes().split(b'\0'):
                    found[int(entry.name)] = (entry / 'cmdline').read_bytes().replace(b'\0', b' ').decode()
        return found

    def state(self, pid: int) -> str:
        """Return the state of a process as ``ps`` has it: S, R, T, Z."""
        return (PROC / str(pid) / 'stat').read_text().rpartition(')')[2].split()[0]

    def keeper(self) -> int:
        """Return the process that is the command's parent."""
        return next(int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit() and parent(entry) == self.pid)

    def said(self, name: str) -> str:
        """Return what a file of its folder has; empty: it is not there."""
        path = self.folder / name
        return path.read_text() if path.exists() else ''

    def close(self) -> None:
        """End what is left of it."""
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(PATIENCE)
        self._error.close()
        if self.terminal is not None:
            os.close(self.terminal)


def parent(entry: Path) -> int:
    """Return the parent of a process; 0: it is gone."""
    try:
        return int((entry / 'stat').read_text(errors='replace').rpartition(')')[2].split()[1])
    except OSError:
        return 0


def own_terminal() -> None:
    """Make the terminal on standard input the controlling one of this session."""
    os.close(os.open(os.ttyname(0), os.O_RDWR))


@contextlib.contextmanager
def running(folder: Path, *arguments: str, terminal: bool = False, sockets: bool = True) -> Iterator[Running]:
    """Run ``vaurien run`` until the end of a block, and then hold it to its promise: nothing is left.

    Args:
        folder: The folder it runs in.
        arguments: What stands behind ``run``.
        terminal: Whether it has a terminal of its own.
        sockets: Whether one of its proxies listens at a socket, which is a file.
    """
    made = Running(folder, *arguments, terminal=terminal, sockets=sockets)
    try:
        yield made
        wait_until(lambda: not made.processes(), 'processes are left')
        assert list(folder.glob('vaurien-*')) == [], 'files are left'
    finally:
        made.close()
