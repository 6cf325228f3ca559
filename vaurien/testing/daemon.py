"""vaurien for tests: a daemon in a process of its own, and proxies in it. Knows the daemon's command line and what it prints.

Nothing of it comes into this process: no event loop, no thread, no signal handler. The daemon holds the other end of a pipe,
and ends when this process does, however that ends.
"""
import contextlib
import os
import re
import secrets
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import IO, Any

from ..address import TOKEN_VARIABLE, join
from ..client import MAIN, Client
from ..errors import VaurienError
from .proxy import Change, OpenSession, RunningProxy, split

__all__ = ['Change', 'Daemon', 'OpenSession', 'RunningProxy', 'running', 'start_proxy', 'stop_proxy']

HOST = '127.0.0.1'
START = 30.0    #: [seconds] that a daemon may take until it answers; it takes 0.5 on an idle machine
STOP = 5.0      #: [seconds] that it may take to end before it is killed
SHOWN = 16 * 1024   #: [bytes] of its log that are shown, the last ones
READ = 4096     #: [bytes] one read of what it prints
SEEDS = 2 ** 32     #: seeds are chosen below
CONTROL = re.compile(rb'vaurien: control server on http://(\S+)\n')
PROXY = re.compile(rb'vaurien: proxy \S+ listening on (\S+), backend .*\n')


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
                [sys.executable, '-m', 'vaurien', '--end-with-parent', *arguments],
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
        """Return what it has logged: the newest ``SHOWN`` bytes of what came after the first ``since`` bytes."""
        start = max(since, self.logged - SHOWN)
        return os.pread(self._log.fileno(), SHOWN, start).decode(errors='replace')

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
                data = os.read(stream.fileno(), READ)
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
                self._process.wait(STOP)
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


class Daemon:
    """A vaurien for tests: a child process, and a way to make proxies in it. Nobody else can steer it: its control server
    has a token that only we know.

    Args:
        seed: What all randomness is made from; None: one is chosen.
        plugins: Modules that register protocols or behaviors.
        log_level: The least that it logs.

    Raises:
        VaurienError: It does not start; the message has what it printed.

    Attributes:
        seed: The seed that it has.
        client: Its control server.
        process: Its process.
    """

    def __init__(self, seed: int | None = None, plugins: Sequence[str] = (), log_level: str = 'info') -> None:
        self.seed = secrets.randbelow(SEEDS) if seed is None else seed
        token = secrets.token_urlsafe()
        self.process = Process(
            ['--fleet-only', '--http', '--http-host', HOST, '--http-port', '0', '--seed', str(self.seed),
             '--log-level', log_level, *(f'--plugin={plugin}' for plugin in plugins)], {TOKEN_VARIABLE: token})
        host, port = split(self.process.wait_for(CONTROL, START))
        self.client = Client(host, port, token)

    def create(self, name: str, backend: str, protocol: str = 'tcp', **fields: Any) -> RunningProxy:
        """Make a proxy.

        Args:
            name: How it is to be called; with the seed it decides which faults it draws.
            backend: Where it connects to: ``localhost:6379``, ``unix:/path``, or ``embedded``, a small HTTP server.
            protocol: What client and backend speak.
            fields: Others of ``vaurien.spec.ProxySpec``: ``mix='20:delay,10:error'``, ``settings={'delay': {'sleep': 2}}``,
                ``protocol_settings={'keep_alive': False}``, ``proxy='127.0.0.1:8000'`` (else a free port), ...

        Raises:
            ValueError: A name or a value does not fit.
        """
        made = self.client.create(name, backend=backend, protocol=protocol, **fields)
        return RunningProxy(self.client, made, self.seed)

    def close(self) -> None:
        """End it, and all sessions with it.

        Raises:
            VaurienError: It had ended before, or has to be killed; the message has its log.
        """
        early, status, log = self.process.status, self.process.stop(), self.process.log()
        self.process.close()
        if early is not None or status != 0:
            raise VaurienError(f'vaurien has not ended as it should: status {status}; it logged:\n{log}')


@contextlib.contextmanager
def running(backend: str, protocol: str = 'tcp', seed: int | None = None, plugins: Sequence[str] = (),
            log_level: str = 'info', name: str = MAIN, **fields: Any) -> Iterator[RunningProxy]:
    """Run a proxy for the length of a block, in a process that ends with it.

    Where the block ends with an exception, what vaurien logged is printed on standard error.

    Args:
        backend: Where it connects to: ``localhost:6379``, ``unix:/path``, or ``embedded``, a small HTTP server.
        protocol: What client and backend speak.
        seed: What all randomness is made from: the same one repeats the same faults; None: one is chosen.
        plugins: Modules that register protocols or behaviors.
        log_level: The least that it logs.
        name: How the proxy is called.
        fields: As for ``Daemon.create``.

    Raises:
        ValueError: A name or a value does not fit.
        VaurienError: It does not start, or has ended before the block; the message has what it printed.
    """
    daemon = Daemon(seed, plugins, log_level)
    try:
        yield daemon.create(name, backend, protocol, **fields)
    except BaseException:
        sys.stderr.write(f'vaurien, with seed={daemon.seed}, logged:\n{daemon.process.log()}')
        daemon.process.close()
        raise
    daemon.close()


#: what ``start_proxy`` has started, by process id
_STARTED: dict[int, Process] = {}


def start_proxy(proxy_host: str = 'localhost', proxy_port: int = 8000, backend_host: str = 'localhost',
                backend_port: int = 8888, protocol: str = 'tcp', http: bool = True, warmup: float = 2,
                http_host: str = 'localhost', http_port: int = 8080, options: Sequence[str] | None = None,
                log_level: str = 'info', log_output: str = '-') -> int:
    """Start vaurien in a process of its own, and return when it answers. It ends with ``stop_proxy``, or with this process.

    Args:
        proxy_host, proxy_port: Where it listens.
        backend_host, backend_port: Where it connects to.
        protocol: What client and backend speak.
        http: Whether it has a control server, for ``Client``.
        warmup: Seconds to wait for it at most.
        http_host, http_port: Where the control server listens.
        options: More arguments of its command line.
        log_level: The least that it logs.
        log_output: A path; ``-``: it is printed on standard error by ``stop_proxy``.

    Returns:
        Its process id.

    Raises:
        VaurienError: It does not start; the message has what it printed.
    """
    flags = ['--proxy', join(proxy_host, proxy_port), '--backend', join(backend_host, backend_port),
             '--protocol', protocol, '--log-level', log_level, '--log-output', log_output, *(options or ())]
    if http:
        flags += ['--http', '--http-host', http_host, '--http-port', str(http_port)]
    process = Process(flags)
    process.wait_for(CONTROL if http else PROXY, warmup)
    _STARTED[process.pid] = process
    return process.pid


def stop_proxy(pid: int) -> None:
    """End what ``start_proxy`` has started, and print what it logged on standard error.

    Raises:
        ValueError: It has not started this process, or it has been stopped already.
    """
    process = _STARTED.pop(pid, None)
    if process is None:
        raise ValueError(f'{pid} is no process that start_proxy has started')
    process.stop()
    sys.stderr.write(process.log())
    process.close()
