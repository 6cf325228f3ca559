"""A vaurien in a child process, started by its command line. Knows what it prints, and no control server.

Nothing of it comes into this process: no event loop, no thread, no signal handler. The child holds the other end of a pipe,
and ends when this process does, however that ends.
"""
import contextlib
import os
import re
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import IO

from ..errors import VaurienError

STOP_TIMEOUT = 5.0  #: [seconds] that it may take to end before it is killed
SHOWN_BYTES = 16 * 1024  #: of its log that are shown, the last ones
READ_BYTES = 4096  #: of one read of what it prints
#: what it prints once its control server, or its proxy, listens; the group is the address
CONTROL_READY = re.compile(rb'vaurien: control server on http://(\S+)\n')
PROXY_READY = re.compile(rb'vaurien: proxy \S+ listening on (\S+), backend .*\n')


def quiet(arguments: Sequence[str]) -> list[str]:
    """Return what keeps faults from being written where nobody reads, unless the command line says something about that."""
    said = any(word.partition('=')[0] in ('--show', '--quiet', '--no-quiet') for word in arguments)
    return [] if said else ['--quiet']


class Process:
    """A vaurien in a child process. It ends when this one does.

    Args:
        arguments: Its command line.
        environ: Set in its environment, beside our own.

    Attributes:
        pid: Its process id.
    """

    def __init__(self, arguments: Sequence[str], environ: 'dict[str, str] | None' = None) -> None:
        modules = {'PYTHONPATH': os.pathsep.join(filter(None, sys.path))}   # it finds what we would, plugins too
        with contextlib.ExitStack() as failing:
            self._log: IO[bytes] = failing.enter_context(tempfile.TemporaryFile('a+b'))
            self._process = subprocess.Popen(
                [sys.executable, '-m', 'vaurien', '--end-with-parent', *quiet(arguments), *arguments],
                env={**os.environ, **modules, **(environ or {})},
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
                start_new_session=True)     # Ctrl-C is for us; we end it in time
            failing.pop_all()
        self.pid = self._process.pid

    @property
    def status(self) -> int | None:
        """Its exit status; None: it runs; negative: the signal that ended it."""
        return self._process.poll()

    @property
    def closed(self) -> bool:
        """Whether it has been ended by ``close``."""
        return self._log.closed

    @property
    def logged(self) -> int:
        """How many bytes it has logged so far."""
        return os.fstat(self._log.fileno()).st_size

    def log(self, since: int = 0) -> str:
        """Return what it has logged: the newest ``SHOWN_BYTES`` bytes of what came after the first ``since`` bytes."""
        start = max(since, self.logged - SHOWN_BYTES)
        return os.pread(self._log.fileno(), SHOWN_BYTES, start).decode(errors='replace')

    def wait_for(self, pattern: 're.Pattern[bytes]', timeout: float) -> str:
        """Wait until it has printed something; where it does not, end it.

        Args:
            pattern: What to wait for.
            timeout: Seconds to wait at most.

        Returns:
            The first group of the pattern.

        Raises:
            VaurienError: It has ended, or has not printed it in time; the message has what it printed and logged.
        """
        with contextlib.ExitStack() as failing:
            failing.callback(self.close)
            found = self._wait_for(pattern, timeout)
            failing.pop_all()
        return found[1].decode()

    def _wait_for(self, pattern: 're.Pattern[bytes]', timeout: float) -> 're.Match[bytes]':
        stream = self._process.stdout
        assert stream is not None
        printed, deadline = b'', time.monotonic() + timeout
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            while not (found := pattern.search(printed)):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise VaurienError(f'vaurien is not ready after {timeout:g} s; {self._words(printed)}')
                data = os.read(stream.fileno(), READ_BYTES)
                if not data:
                    raise VaurienError(f'vaurien has not started: status {self._process.wait()}; {self._words(printed)}')
                printed += data
        return found

    def _words(self, printed: bytes) -> str:
        words = printed.decode(errors='replace') + self.log()
        return f'it printed:\n{words}' if words else 'it printed nothing'

    def stop(self) -> int:
        """End it and all its sessions, and return its exit status; the log can be read until ``close``."""
        if self._process.poll() is None:
            self._process.terminate()
            self._let_go(self._process.stdin)   # and it does not wait for sessions to end
            try:
                self._process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                self._process.kill()
        return self._process.wait()

    def close(self) -> None:
        """End it, and let go of its pipes and its log."""
        self.stop()
        for stream in (self._process.stdin, self._process.stdout, self._log):
            self._let_go(stream)

    @staticmethod
    def _let_go(stream: IO[bytes] | None) -> None:
        if stream is not None:
            stream.close()
