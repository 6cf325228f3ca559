"""The command ``vaurien``: starts what the specs say, prints where it listens, and ends it on a signal.

Knows no flag and no key; the event loop and the proxies are imported once the command line has been read.
"""
import gc
import logging
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError, RegistrationError, VaurienError, in_words
from ..words.console import abandon_stdout, complain
from .background import never_waiting
from .log import close_log, log_exception, open_log, said_once
from .parent import Parent
from .parts import (
    begin_busy,
    begin_keylog,
    begin_replay,
    describe,
    join_cluster,
    open_control,
    open_journal,
    open_spans,
    warn_of_unmet,
)

if TYPE_CHECKING:
    from ..config import Configuration
    from ..following.follower import Follower
    from ..proxies.fleet import Fleet
    from ..spec import ProcessSpec
    from .signals import Signals

#: exit statuses; the last but one: an entry of the plan was not applied, and --strict asks for that; the last: SIGINT before
#: anything listened
DONE, FAILED, USAGE, UNMET, INTERRUPTED = 0, 1, 2, 3, 130
#: said where nothing can go wrong: no proxy was told what, and nobody can change that
NOTHING = 'all of it is relayed as it is; --behavior 20:delay,10:error would break some, vaurien --help says more'
#: systems on which nothing can be relayed, and what is said there
WITHOUT = {'win32': 'it does not work on Windows; it does in the Windows Subsystem for Linux, and in a container'}

logger = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run vaurien until a signal ends it, or one of its subcommands.

    Args:
        argv: The arguments without the program's name; None: those of the process.

    Returns:
        The exit status: 0 after a signal, ``--help`` or ``--version``; 1 where something cannot be opened, or on Windows;
        2 where the user has to change what he gave; 3 where an entry of the plan was not applied, with ``--strict``; that
        of the subcommand.
    """
    if sys.platform in WITHOUT:
        return complain('vaurien', WITHOUT[sys.platform], FAILED)
    words = list(sys.argv[1:] if argv is None else argv)
    return answered('vaurien', lambda: dispatched(words))


def dispatched(words: Sequence[str]) -> int:
    """Run what the first word of a command line names; where it names nothing, plain vaurien."""
    from ..config.subcommands import COMPLETION, SUBCOMMANDS
    found = SUBCOMMANDS.get(words[0]) if words else None
    if found is None and any(word.partition('=')[0] == COMPLETION for word in words):
        return load('vaurien.cli.completion:main')(words)
    if found is None:
        return plain(words)
    return answered(f'vaurien {words[0]}', lambda: load(found.target)(words[1:]))


def answered(program: str, call: Callable[[], int]) -> int:
    """Call something, and make a line and an exit status of what it raises.

    Args:
        program: What the line begins with.
        call: Returns an exit status.
    """
    try:
        return call()
    except SystemExit as answer:
        return int(answer.code or DONE)
    except KeyboardInterrupt:
        return INTERRUPTED
    except (ConfigError, RegistrationError) as error:
        return complain(program, str(error), USAGE)
    except (OSError, VaurienError) as error:
        return complain(program, in_words(error), FAILED)


def load(target: str) -> Callable[[Sequence[str]], int]:
    """Import the function of a subcommand."""
    module, _, name = target.partition(':')
    function: Callable[[Sequence[str]], int] = getattr(import_module(module), name)
    return function


def plain(argv: Sequence[str]) -> int:
    """Run the proxies of a command line until a signal ends them."""
    from ..config import configure
    return run(configure(argv))


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


class Task:
    """What a process does while its proxies are there: nothing, until a signal asks for its end.

    Attributes:
        breaks: Something will go wrong, even where the proxies' own specs say nothing of it.
    """

    breaks = False

    def begin(self, fleet: 'Fleet', spec: 'ProcessSpec', tell: Callable[[str], None]) -> None:
        """Look at what is to be done, before anything listens.

        Args:
            fleet: The proxies; none is there yet.
            spec: What the process should be.
            tell: Writes a line for those who look at standard output.
        """

    def work(self, asked: Any, number: Callable[[], int]) -> None:
        """Do it, and return when the process is to end.

        Args:
            asked: The event that a signal sets which asks for the end.
            number: Returns the number of that signal.
        """
        asked.wait()

    def end(self) -> None:
        """Do what is left once all sessions have ended."""


def run(configuration: 'Configuration', task: Task | None = None) -> int:
    """Start a process's proxies and its control server, end them on a signal or when a task is done, and return the exit status.

    Raises:
        ConfigError: A proxy cannot be what its spec says.
        OSError: An address cannot be listened on, or the log not be written.
        VaurienError: The control server is not available.
    """
    from ..workers.starting import make_fleet, open_nursery, settled
    configuration = settled(configuration)
    spec, task = configuration.spec, task or Task()
    with ExitStack() as ending:
        nursery = open_nursery(configuration, ending, partial(open_worker, spec))   # before there is a thread
        from ..following.follower import Follower
        from .signals import Signals
        log, out = open_outputs(spec, sys.stdout, ending)
        for note in configuration.notes:
            logger.warning('%s', note)
        signals = Signals(reloads=configuration.again is not None)
        ending.callback(signals.close)
        if spec.end_with_parent:
            ending.callback(Parent(signals.insist).close)
        fleet, configuration = make_fleet(configuration, nursery)
        ending.callback(fleet.close)
        follower = Follower(fleet)
        if spec.cluster.join:
            follower.heal()     # before the cluster is asked nobody knows whether it is halted
        logger.info('seed %d, repeat with --seed %d', fleet.seed, fleet.seed)
        task.begin(fleet, spec, lambda text: say(text, out))
        with said_once(log, spec.log_output):
            lines = begin(fleet, follower, spec, out, ending, task.breaks)
        for line in lines:
            say(line, out)
        follow_on(fleet, follower, configuration, signals, out, ending)
        gc.freeze()     # all sessions wait for a full collection; what is here by now stays, and need not be looked at again
        ending.callback(gc.unfreeze)
        task.work(signals.asked, lambda: signals.number)
        drain(fleet, spec.grace, signals)
        task.end()
        return UNMET if warn_of_unmet(fleet) and spec.strict else DONE


def open_outputs(spec: 'ProcessSpec', stream: Any, ending: ExitStack) -> tuple[Any, Any]:
    """Open the log, which has what greenlets raise too, and a stream that makes nobody wait.

    Args:
        spec: What the process should be.
        stream: Standard output or error.
        ending: What is to be done in the end is added to it.

    Returns:
        The handler of the log, and what to write to.

    Raises:
        OSError: The log cannot be written.
    """
    from gevent import get_hub
    log = open_log(spec.log_level, spec.log_output)
    ending.callback(close_log, log)
    out = ending.enter_context(never_waiting(stream, 'vaurien: lines that were dropped: {}\n'.format))
    hub = get_hub()
    hub.print_exception = log_exception  # type: ignore[method-assign]
    ending.callback(delattr, hub, 'print_exception')
    return log, out


def open_worker(spec: 'ProcessSpec', number: int, ending: ExitStack) -> None:
    """Open the log of a worker, which says whose a line is; of changes it says nothing, as its parent does."""
    log, _ = open_outputs(spec, None, ending)
    log.addFilter(partial(name_worker, number))
    logging.getLogger('vaurien.proxies.fleet').setLevel(logging.ERROR)
    if spec.tls_keylog:
        from ..net.tls.keylog import keylog
        keylog.open(spec.tls_keylog)
    gc.freeze()


def name_worker(number: int, record: logging.LogRecord) -> bool:
    """Say in a record of the log which worker it is of."""
    record.name = f'worker {number} {record.name}'
    return True


def begin(fleet: 'Fleet', follower: 'Follower', spec: 'ProcessSpec', out: Any, ending: ExitStack,
          breaks: bool = False) -> list[str]:
    """Start all that a process is to have, and return what is to be said of it.

    Args:
        fleet: The proxies; none is there yet.
        follower: Makes them what is wanted.
        spec: What the process should be.
        out: Where faults and requests are shown.
        ending: What is to be done in the end is added to it.
        breaks: Something will go wrong that the proxies' specs do not say.
    """
    from .reload import first
    begin_replay(fleet, spec)     # the first client finds it in force
    begin_keylog(spec.tls_keylog)
    if spec.journal:
        ending.callback(open_journal(fleet, spec.journal).close)
    if spec.http_times:
        from ..outputs.times import Times
        fleet.times = Times(fleet)
    if spec.otel:
        fleet.spans = open_spans(fleet, spec)
        ending.callback(fleet.spans.close)
    if spec.show != 'none':
        from .live import is_colored, show
        show(fleet, spec.show, out, is_colored(), ending)
    follower.become(first(spec))
    lines = [describe(proxy) for proxy in fleet.proxies.values()]
    if spec.http:
        server = open_control(fleet, spec)
        ending.callback(server.stop)
        lines.append(f'control server on {server.url}')
    elif not (breaks or spec.cluster.join) and not any(
            proxy.toxics or not proxy.chaos.plain or proxy.chaos.greeting or proxy.planned for proxy in fleet.proxies.values()):
        lines.append(NOTHING)
    if spec.statsd.enabled:
        from ..outputs.statsd import Reporter
        reporter = Reporter(fleet, spec.statsd)
        reporter.start()
        ending.callback(reporter.stop)
    begin_busy(fleet, spec, lambda text: say(text, out), ending)
    return lines


def follow_on(fleet: 'Fleet', follower: 'Follower', configuration: 'Configuration', signals: 'Signals', out: Any,
              ending: ExitStack) -> None:
    """Follow what may change while the proxies run: the cluster, where the process is a member of one, and the configuration.

    Args:
        fleet: The proxies.
        follower: Makes them what is wanted.
        configuration: What the process should be.
        signals: Where a signal to read the configuration again would come.
        out: Where it is said which cluster that is, and which proxies are new.
        ending: What is to be done in the end is added to it.
    """
    from .reload import Reload
    source: Any = follower
    spec = configuration.spec
    if spec.cluster.join:
        say(f'member {spec.cluster.member} of {spec.cluster.join}', out)
        source = join_cluster(fleet, follower, spec, ending)
    if configuration.again is not None:
        ending.callback(Reload(source, configuration, signals.reload,
                               lambda name: say(describe(fleet.get(name)), out)).close)


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
