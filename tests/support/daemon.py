"""vaurien as its users start it: a child process with a command line. Knows what it prints, nothing of its insides."""
import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from .unit_of_time import PATIENCE

ROOT = Path(__file__).parents[2]
PROXY = re.compile(r'vaurien: proxy (\S+) listening on (\S+), backend ([^\s,]+), protocol')
#: what tells where a proxy listens, or that there is none here
ELSEWHERE = {'--proxy', '--config', '--fleet-only', '--toxiproxy', '--control'}
CONTROL = re.compile(r'vaurien: control server on (https?://\S+)')


def environment() -> dict[str, str]:
    """Return an environment in which any folder's ``python -m vaurien`` is the one of this checkout."""
    return {**os.environ, 'PYTHONPATH': os.pathsep.join(filter(None, (str(ROOT), os.environ.get('PYTHONPATH'))))}


def unmeasured() -> dict[str, str]:
    """Return the environment without what ``make coverage`` puts there, for a process that is asked what it has imported."""
    return {name: value for name, value in environment().items() if not name.startswith('COVERAGE_')}


class Daemon:
    """A running ``python -m vaurien``.

    Args:
        arguments: Its command line. Where it names no proxy, no file and no other vaurien, the proxy gets ``127.0.0.1:0``.
        cwd: The folder it runs in; None: ours.
        env: What its environment has beside ours.

    Attributes:
        status: Its exit status once it has ended; negative for the signal that ended it; None before.
    """

    def __init__(self, *arguments: str, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> None:
        if not ELSEWHERE & {argument.partition('=')[0] for argument in arguments}:
            arguments = ('--proxy', '127.0.0.1:0', *arguments)
        self._lines: list[str] = []
        self._errors: list[str] = []
        self._changed = threading.Condition()
        self._open = 2          # pipes that it has not closed
        self._ended = False     # whether the test itself has seen it end
        self.process = subprocess.Popen(
            [sys.executable, '-m', 'vaurien', *arguments], cwd=cwd, env={**environment(), **(env or {})}, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._readers = [self._read(self.process.stdout, self._lines), self._read(self.process.stderr, self._errors)]

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def status(self) -> int | None:
        return self.process.poll()

    @property
    def output(self) -> str:
        """What it has printed on standard output so far."""
        return ''.join(self._lines)

    @property
    def log(self) -> str:
        """What it has printed on standard error so far."""
        return ''.join(self._errors)

    @property
    def proxies(self) -> dict[str, tuple[str, int]]:
        """The host and port bound by each proxy, by its name; a Unix socket has its path and port 0."""
        return {name: _split(address) for name, address, _ in PROXY.findall(self.output)}

    @property
    def port(self) -> int:
        """The port of the first proxy."""
        return next(iter(self.proxies.values()))[1]

    @property
    def control(self) -> str:
        """The URL of the control server."""
        found = CONTROL.search(self.output)
        assert found, f'vaurien runs no control server\n{self._everything()}'
        return found[1]

    def wait_for(self, pattern: 'str | re.Pattern[str]', count: int = 1) -> None:
        """Wait until a pattern has been printed so often, on standard output and error together.

        Raises:
            AssertionError: It was not, within ``PATIENCE``, or vaurien has ended; the message has all it printed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._printed(pattern) >= count or self._silent(), PATIENCE)
            assert self._printed(pattern) >= count, f'vaurien has not printed {pattern}\n{self._everything()}'

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def wait(self, seconds: float = PATIENCE) -> int:
        """Wait for its end.

        Returns:
            Its exit status.

        Raises:
            AssertionError: It has not ended by then.
        """
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f'vaurien has not ended within {seconds} s\n{self._everything()}') from None
        for reader in self._readers:
            reader.join(PATIENCE)
        self._ended = True
        return status

    def stop(self) -> int:
        """End it with SIGTERM and return its exit status."""
        if self.status is None:
            self.send(signal.SIGTERM)
        return self.wait()

    def close(self) -> None:
        """End it in any case, and let go of its pipes."""
        if self.status is None:
            self.process.kill()
        self.wait()
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()

    def _read(self, stream: IO[str] | None, lines: list[str]) -> threading.Thread:
        def reader() -> None:
            for line in stream or ():
                with self._changed:
                    lines.append(line)
                    self._changed.notify_all()
            with self._changed:
                self._open -= 1
                self._changed.notify_all()
        thread = threading.Thread(target=reader, daemon=True)
        thread.start()
        return thread

    def _printed(self, pattern: 'str | re.Pattern[str]') -> int:
        return len(re.findall(pattern, self.output)) + len(re.findall(pattern, self.log))

    def _silent(self) -> bool:
        return not self._open

    def _everything(self) -> str:
        return f'status {self.status}\n--- standard output\n{self.output}\n--- standard error\n{self.log}'


def _split(address: str) -> tuple[str, int]:
    if address.startswith('unix:'):
        return address.removeprefix('unix:'), 0
    host, _, port = address.rpartition(':')
    return host.strip('[]'), int(port)


@contextlib.contextmanager
def daemon(*arguments: str, proxies: int = 1, cwd: Path | None = None) -> Iterator[Daemon]:
    """Run vaurien until the end of the block, and hold it to its promise: SIGTERM ends it with status 0.

    A test that ends it in another way waits for that end itself, by ``wait`` or ``stop``.

    Args:
        arguments: Its command line; see ``Daemon``.
        proxies: How many proxies to wait for.
        cwd: The folder it runs in; None: ours.

    Raises:
        AssertionError: It does not start, or ends with another status; the message has all it printed.
    """
    vaurien = Daemon(*arguments, cwd=cwd)
    try:
        vaurien.wait_for(PROXY, proxies)
        if '--http' in arguments:
            vaurien.wait_for(CONTROL)
        yield vaurien
        if not vaurien._ended:
            assert vaurien.stop() == 0, f'vaurien ended badly\n{vaurien._everything()}'
    finally:
        vaurien.close()


def run_to_end(*arguments: str, cwd: Path | None = None) -> 'subprocess.CompletedProcess[str]':
    """Run vaurien with a command line that ends by itself: ``--help``, ``--version``, a mistake."""
    return subprocess.run([sys.executable, '-m', 'vaurien', *arguments], cwd=cwd, env=environment(), text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False)
