"""The command ``vaurien``: starts what the specs say, prints where it listens, and ends it on a signal.

Knows no flag and no key; the event loop and the proxies are imported once the command line has been read.
"""
import gc
import logging
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from ..address import Address
from ..console import abandon_stdout, complain
from ..errors import ConfigError, RegistrationError, VaurienError, cannot_listen, in_words
from .background import never_waiting
from .log import close_log, log_exception, open_log, said_once
from .parent import Parent

if TYPE_CHECKING:
    from ..config import Configuration
    from ..control.app import ControlServer
    from ..proxies.fleet import Fleet
    from ..proxies.proxy import Proxy
    from ..spec import ProcessSpec
    from .signals import Signals

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130     #: exit statuses; the last: SIGINT before anything listened
#: said where nothing can go wrong: no proxy was told what, and nobody can change that
NOTHING = 'all of it is relayed as it is; --behavior 20:delay,10:error would break some, vaurien --help says more'

logger = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run vaurien until a signal ends it.

    Args:
        argv: The arguments without the program's name; None: those of the process.

    Returns:
        The exit status: 0 after a signal, ``--help`` or ``--version``; 1 where something cannot be opened; 2 where the
        user has to change what he gave.
    """
    try:
        from ..config import configure
        run(configure(sys.argv[1:] if argv is None else argv))
    except SystemExit as answered:
        return int(answered.code or DONE)
    except KeyboardInterrupt:
        return INTERRUPTED
    except (ConfigError, RegistrationError) as error:
        return complain('vaurien', str(error), USAGE)
    except (OSError, VaurienError) as error:
        return complain('vaurien', in_words(error), FAILED)
    return DONE


def say(text: str, stream: Any = None) -> None:
    """Print a line at once; where it has no reader any more, nothing happens.

    Args:
        text: The line.
        stream: Where to; None: standard output.
    """
    stream = stream or sys.stdout
    if stream is None:
        return
    try:
        stream.write(f'vaurien: {text}\n')
        stream.flush()
    except OSError:
        abandon_stdout()


def run(configuration: 'Configuration') -> None:
    """Start a process's proxies and its control server, and end them on a signal.

    Raises:
        ConfigError: A proxy cannot be what its spec says.
        OSError: An address cannot be listened on, or the log not be written.
        VaurienError: The control server is not available.
    """
    from gevent import get_hub

    from ..proxies.fleet import Fleet
    from .reload import Reload
    from .signals import Signals
    spec = configuration.spec
    with ExitStack() as ending:
        log = open_log(spec.log_level, spec.log_output)
        ending.callback(close_log, log)
        out = ending.enter_context(never_waiting(sys.stdout, 'vaurien: lines that were dropped: {}\n'.format))
        hub = get_hub()
        hub.print_exception = log_exception  # type: ignore[method-assign]
        ending.callback(delattr, hub, 'print_exception')
        for note in configuration.notes:
            logger.warning('%s', note)
        signals = Signals(reloads=configuration.again is not None)
        ending.callback(signals.close)
        if spec.end_with_parent:
            ending.callback(Parent(signals.insist).close)
        fleet = Fleet(spec.seed, spec.defaults)
        ending.callback(fleet.close)
        logger.info('seed %d, repeat with --seed %d', fleet.seed, fleet.seed)
        with said_once(log, spec.log_output):
            lines = begin(fleet, spec, out, ending)
        for line in lines:
            say(line, out)
        if configuration.again is not None:
            ending.callback(Reload(fleet, configuration, signals.reload, lambda proxy: say(describe(proxy), out)).close)
        gc.freeze()     # all sessions wait for a full collection; what is here by now stays, and need not be looked at again
        ending.callback(gc.unfreeze)
        signals.asked.wait()
        drain(fleet, spec.grace, signals)


def begin(fleet: 'Fleet', spec: 'ProcessSpec', out: Any, ending: ExitStack) -> list[str]:
    """Start all that a process is to have, and return what is to be said of it.

    Args:
        fleet: The proxies; none is there yet.
        spec: What the process should be.
        out: Where faults are shown.
        ending: What is to be done in the end is added to it.
    """
    fleet.reconcile(spec.proxies)
    lines = [describe(proxy) for proxy in fleet.proxies.values()]
    if spec.http:
        server = open_control(fleet, spec)
        ending.callback(server.stop)
        lines.append(f'control server on http://{server.address}')
    elif not any(proxy.toxics or not proxy.chaos.plain for proxy in fleet.proxies.values()):
        lines.append(NOTHING)
    if spec.show == 'faults':
        from .live import Live, is_colored
        ending.callback(Live(fleet.journal, out, is_colored()).close)
    if spec.statsd.enabled:
        from ..metrics.statsd import Reporter
        reporter = Reporter(fleet, spec.statsd)
        reporter.start()
        ending.callback(reporter.stop)
    return lines


def describe(proxy: 'Proxy') -> str:
    """Return what to say of a proxy that was started."""
    where = f'listening on {proxy.address}' if proxy.spec.enabled else 'disabled'
    return f'proxy {proxy.name} {where}, {proxy.summary}'


def open_control(fleet: 'Fleet', spec: 'ProcessSpec') -> 'ControlServer':
    """Start the control server.

    Raises:
        OSError: Its address cannot be listened on.
        VaurienError: What it needs is not installed.
    """
    try:
        from ..control.app import ControlServer  # falcon and prometheus-client are slow to import
    except ImportError as error:
        raise VaurienError(f'--http: the control server is not available: {error}') from error
    try:
        server = ControlServer(fleet, spec.http_host, spec.http_port, spec.http_token, spec.toxiproxy)
        server.start()
    except OSError as error:
        raise cannot_listen('control server', str(Address(spec.http_host, spec.http_port)), error) from error
    return server


def drain(fleet: 'Fleet', grace: float, signals: 'Signals') -> None:
    """Accept nothing more, let sessions end, cut the rest, and say how many; a second signal cuts at once.

    Args:
        fleet: The proxies.
        grace: Seconds that sessions may take.
        signals: Where a second signal would come.
    """
    import gevent
    logger.info('stopping; open sessions have %g s', grace)
    draining = gevent.spawn(fleet.drain, grace)
    either: list[Any] = [draining, signals.insisted]
    gevent.wait(either, count=1)
    if draining.ready():
        cut = draining.get()
    else:
        draining.kill()
        cut = fleet.close()
    logger.log(logging.WARNING if cut else logging.INFO, 'stopped; sessions cut: %d', cut)
