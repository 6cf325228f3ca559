"""Programs that run beside the tests: found, started on a free port of 127.0.0.1, waited for, ended by their own id.

Knows no program by name. Each runs in a temporary folder and, where it refuses to run as root, as another user.
"""
import contextlib
import fcntl
import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .peers import connect, free_port
from .unit_of_time import MS, PATIENCE

HOST = '127.0.0.1'
#: [s] until a server that has been started must answer: MariaDB on a busy machine needs most of it
START = 3 * PATIENCE
#: [s] between two looks at a server that is starting, and less at first: a twentieth of the time that it has had
LOOK = 20 * MS
#: How often another free port is tried when another process took the first
TRIES = 3
#: The variable that names the folder in which the processes of one run keep what is slow to make
SHELF = 'VAURIEN_TEST_SHELF'
#: Where Debian keeps servers that are in no PATH
PLACES = ('/usr/sbin', '/usr/local/sbin', '/usr/lib/postgresql/*/bin')


class MissingServer(Exception):
    """The program is not on this machine; the message names it."""


class Server(NamedTuple):
    """A running server.

    Attributes:
        name: What it is.
        port: Where it listens, on 127.0.0.1.
        folder: Its temporary folder; what it serves or stores is in there.
        process: Its process.
        log: What it prints, standard output and error together.
    """

    name: str
    port: int
    folder: Path
    process: 'subprocess.Popen[bytes]'
    log: Path

    @property
    def address(self) -> str:
        """The address as vaurien's command line takes it."""
        return f'{HOST}:{self.port}'

    @property
    def pid(self) -> int:
        return self.process.pid


def program(*names: str) -> str:
    """Find the first of these programs.

    Raises:
        MissingServer: There is none of them.
    """
    places = [place for pattern in PLACES for place in sorted(glob.glob(pattern), reverse=True)]
    path = os.pathsep.join([os.environ.get('PATH', ''), *places])
    for name in names:
        if found := shutil.which(name, path=path):
            return found
    raise MissingServer(f'there is no {" or ".join(names)} on this machine')


@contextlib.contextmanager
def folder(account: str | None = None) -> Iterator[Path]:
    """Give a temporary folder that belongs to the account and is gone afterwards."""
    path = Path(tempfile.mkdtemp(prefix='vaurien-'))
    try:
        if account:
            shutil.chown(path, account)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def unprivileged(*names: str) -> str | None:
    """Return the first of these accounts that exists, for servers that refuse to run as root; None: we are not root."""
    if os.getuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in (*names, 'nobody') if name in known)


def as_account(account: str | None) -> dict[str, Any]:
    """Return the arguments of ``subprocess`` that run a program as this account; None: as we are."""
    if account is None:
        return {}
    return {'user': account, 'group': pwd.getpwnam(account).pw_gid, 'extra_groups': ()}


def once(name: str, folder: Path, make: Callable[[], None]) -> None:
    """Make a folder that is slow to make: the first process of a run does, the others copy it from the shelf.

    Args:
        name: What is made; the same everywhere.
        folder: Where it is to be; it does not exist.
        make: Makes it there.
    """
    if SHELF not in os.environ:
        make()
        return
    kept = Path(os.environ[SHELF]) / name
    with kept.with_suffix('.lock').open('w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            make()
            run(['cp', '-a', str(folder), f'{kept}.new'], kept.parent)
            Path(f'{kept}.new').rename(kept)
            return
    run(['cp', '-a', str(kept), str(folder)], kept.parent)


def run(command: Sequence[str], where: Path, account: str | None = None, text: str = '') -> None:
    """Run a command to its end, in a folder.

    Raises:
        RuntimeError: It failed; the message has what it printed.
    """
    done = subprocess.run(command, cwd=where, input=text.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=START, check=False, **as_account(account))
    if done.returncode:
        raise RuntimeError(f'{command[0]} failed: {done.stdout.decode(errors="replace")[-2000:]}')


@contextlib.contextmanager
def serving(name: str, where: Path, command: Callable[[int], Sequence[str]], ready: Callable[[int], bool],
            account: str | None = None, port: int | None = None, last: signal.Signals = signal.SIGTERM) -> Iterator[Server]:
    """Run a server.

    Args:
        name: What it is.
        where: The folder that it runs in.
        command: Makes the command line for a port.
        ready: Asks the server at a port whether it answers; may raise ``OSError`` or ``EOFError`` while it does not.
        account: Whom it runs as; None: as we are.
        port: Where it listens; None: at a free one.
        last: The signal that ends it; one that keeps nothing need not be waited for while it saves what it has.

    Raises:
        RuntimeError: It does not answer; the message has what it printed.
    """
    log = where / 'log'
    for _ in range(TRIES):
        place = port or free_port()
        with log.open('wb') as output:
            process = subprocess.Popen(command(place), cwd=where, stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=subprocess.STDOUT, **as_account(account))
        try:
            if answers(process, place, ready):
                yield Server(name, place, where, process, log)
                return
        finally:
            end(process, last)
    raise RuntimeError(f'{name} does not start: {log.read_text(errors="replace")[-2000:]}')


def answers(process: 'subprocess.Popen[bytes]', port: int, ready: Callable[[int], bool]) -> bool:
    """Wait until the server answers; False when its process has ended, or after ``START`` seconds."""
    begun = time.monotonic()
    while process.poll() is None and (waited := time.monotonic() - begun) < START:
        with contextlib.suppress(OSError, EOFError):
            if ready(port):
                return True
        time.sleep(min(LOOK, max(waited / 20, LOOK / 40)))
    return False


def end(process: 'subprocess.Popen[bytes]', last: signal.Signals = signal.SIGTERM) -> None:
    """End a process by its id and a signal, and by SIGKILL if that does not."""
    if process.poll() is None:
        process.send_signal(last)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def says(question: bytes, *starts: bytes) -> Callable[[int], bool]:
    """Make a ``ready`` that holds when the answer to a question begins like one of these."""
    def ready(port: int) -> bool:
        with connect(port) as sock:
            sock.sendall(question)
            return sock.recv(64).startswith(starts)
    return ready
