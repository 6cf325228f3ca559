"""vaurien for tests: a daemon in a process of its own, and proxies in it. Knows the daemon's command line and its client."""
import secrets
import sys
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from ..address import TOKEN_VARIABLE
from ..client import MAIN, Client, RefusedError
from ..client.quiet import block, is_refusal
from ..errors import VaurienError
from .arguments import PROXY, in_python
from .process import CONTROL_READY, Process
from .proxy import RunningProxy, split

HOST = '127.0.0.1'
START_TIMEOUT = 30.0  #: [seconds] that a daemon may take until it answers; it takes 0.5 on an idle machine
SEED_BOUND = 2 ** 32  #: [exclusive] of the seeds that are chosen here
__tracebackhide__ = is_refusal


class Daemon:
    """A vaurien for tests: a child process, and a way to make proxies in it. No one else can steer it: its control server
    has a token that stays in this process.

    Args:
        seed: What all randomness is made from; None: one is chosen.
        plugins: Modules that register protocols or behaviors.
        log_level: The least that it logs.
        kinds: Files of kinds of error.

    Raises:
        VaurienError: It does not start; the message has what it printed.

    Attributes:
        seed: The seed that it has.
        client: Its control server.
        process: Its process.
    """

    flags: ClassVar[Sequence[str]] = ()     #: more of its command line; they hold for each proxy that is made in it

    def __init__(self, seed: int | None = None, plugins: Sequence[str] = (), log_level: str = 'info',
                 kinds: Sequence[str] = ()) -> None:
        self.seed = secrets.randbelow(SEED_BOUND) if seed is None else seed
        token = secrets.token_urlsafe()
        self.process = Process(
            ['--fleet-only', '--http', '--http-host', HOST, '--http-port', '0', '--seed', str(self.seed),
             '--log-level', log_level, *(f'--plugin={plugin}' for plugin in plugins),
             *(f'--kinds={path}' for path in kinds), *self.flags], {TOKEN_VARIABLE: token})
        host, port = split(self.process.wait_for(CONTROL_READY, START_TIMEOUT))
        self.client = Client(host, port, token)

    def create(self, name: str, backend: str = '', protocol: str = 'tcp', unused_ok: bool = False, **fields: Any) -> RunningProxy:
        """Make a proxy.

        Args:
            name: How it is to be called; with the seed it decides which faults it draws.
            backend: Where it connects to: ``localhost:6379``, ``unix:/path``, or ``embedded``, a small HTTP server; nothing
                with ``intercept``: each client says where it wants to be connected to.
            protocol: What client and backend speak; with ``intercept`` it is http.
            unused_ok: Whether no fault has to be applied that it is asked for: see ``RunningProxy.check_used``.
            fields: Others of ``vaurien.spec.ProxySpec``: ``mix='20:delay,10:error'``, ``settings={'delay': {'sleep': 2}}``,
                ``protocol_settings={'keep_alive': False}``, ``proxy='127.0.0.1:8000'`` (else a free port), ...

        Raises:
            ValueError: A name or a value does not fit.
        """
        return create(self.client, self.seed, name, backend, protocol, unused_ok, **fields)

    def repeat(self) -> str:
        """Say how the same faults come again."""
        return f'repeat with --vaurien-seed {self.seed}'

    @property
    def closed(self) -> bool:
        """Whether it has been ended by ``close``."""
        return self.process.closed

    @property
    def logged(self) -> int:
        """How many bytes it has logged so far."""
        return self.process.logged

    def log(self, since: int = 0) -> str:
        """Return what it has logged after the first ``since`` bytes, at most the newest 16 KiB."""
        return self.process.log(since)

    def close(self) -> None:
        """End it, and all sessions with it.

        Raises:
            VaurienError: It had ended before, or has to be killed; the message has its log.
        """
        early, status, log = self.process.status, self.process.stop(), self.process.log()
        self.process.close()
        if early is not None or status != 0:
            raise VaurienError(f'vaurien has not ended as it should: status {status}; it logged:\n{log}')


def create(client: Client, seed: int, name: str, backend: str = '', protocol: str = 'tcp', unused_ok: bool = False,
           **fields: Any) -> RunningProxy:
    """Make a proxy in a vaurien.

    Args:
        client: Its control server.
        seed: What all randomness in it is made from.
        name, backend, protocol, unused_ok, fields: As for ``Daemon.create``.

    Raises:
        ValueError: A name or a value does not fit.
    """
    try:
        where = {} if fields.get('intercept') else {'backend': backend, 'protocol': protocol}
        made = client.create(name, **where, **fields)
    except RefusedError as error:
        from ..spec import ProxySpec  # nothing else here needs msgspec
        raise in_python(error, PROXY, (*ProxySpec.__struct_fields__, 'unused_ok')) from None
    return RunningProxy(client, made, seed, unused_ok)


@block
def running(backend: str = '', protocol: str = 'tcp', seed: int | None = None, plugins: Sequence[str] = (),
            log_level: str = 'info', name: str = MAIN, unused_ok: bool = False, kinds: Sequence[str] = (),
            **fields: Any) -> Iterator[RunningProxy]:
    """Run a proxy for the length of a block, in a process that ends with it.

    Where the block ends with an exception, what vaurien logged is printed on standard error.

    Args:
        backend, protocol: As for ``Daemon.create``.
        seed: What all randomness is made from: the same one repeats the same faults; None: one is chosen.
        plugins: Modules that register protocols or behaviors.
        log_level: The least that it logs.
        name: How the proxy is called.
        kinds: Files of kinds of error.
        unused_ok, fields: As for ``Daemon.create``.

    Raises:
        ValueError: A name or a value does not fit.
        UnusedFaultError: A fault was asked for that was certain to be applied, and was not; never over another exception.
        VaurienError: It does not start, or has ended before the block; the message has what it printed.
    """
    daemon = Daemon(seed, plugins, log_level, kinds)
    try:
        proxy = daemon.create(name, backend, protocol, unused_ok, **fields)
        yield proxy
        proxy.check_used()
    except BaseException:
        sys.stderr.write(f'vaurien, with seed={daemon.seed}, logged:\n{daemon.process.log()}')
        daemon.process.close()
        raise
    daemon.close()
