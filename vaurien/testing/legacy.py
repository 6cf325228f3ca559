"""``start_proxy`` and ``stop_proxy``, as vaurien 1.x had them: a process id is all that there is in between."""
import sys
from collections.abc import Sequence

from ..address import join
from .process import CONTROL_READY, PROXY_READY, Process

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
    process.wait_for(CONTROL_READY if http else PROXY_READY, warmup)
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
