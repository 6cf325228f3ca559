"""One exploration from its command line to its exit status. Knows the steps, and no rule."""
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ..cli.background import never_waiting
from ..cli.log import close_log, log_exception, open_log
from ..errors import ConfigError
from ..protocols import Protocol
from ..run.command import environment
from ..run.keeper import Keeper
from ..run.setup import Setup, make_setup
from . import arguments
from .exploring import Confirming, Given, Level, plan_level, take_baseline
from .findings import Hit, grouped
from .report import terminal
from .suite.runner import Runner, Stopped
from .verdicts import FAIL

FINE, FOUND, NO_BASELINE, INTERRUPTED = 0, 1, 3, 130    #: exit statuses


def explore(argv: Sequence[str], keeper: Keeper, environ: Mapping[str, str] = os.environ) -> int:
    """Explore a command.

    Args:
        argv: The arguments after the word ``explore``.
        keeper: The process that is to start the command.
        environ: The environment that the command is to have, but for what is replaced.

    Returns:
        The exit status.

    Raises:
        ConfigError: A value does not fit; nothing was started.
        OSError, VaurienError: Something cannot be opened.
    """
    values, rest = arguments.read(argv)
    setup = make_setup(rest, environ)
    check(setup)
    with ExitStack() as ending:
        folder = tempfile.mkdtemp(prefix='vaurien-')
        keeper.send(do='remove', folder=folder)     # where this process is killed
        ending.callback(shutil.rmtree, folder, ignore_errors=True)
        for place in setup.places:
            if place.listen.unix:
                (Path(folder) / place.name).mkdir()
        opened = Opened(setup.inside(Path(folder)), Path(folder), keeper, environ, ending)
        return Exploration(opened.given(values, rest), opened.say).run()


def check(setup: Setup) -> None:
    """Refuse what would add faults of its own.

    Raises:
        ConfigError: There is such a thing.
    """
    spec = setup.configuration.spec
    if setup.playing is not None:
        raise ConfigError('--scenario', '', 'nothing: explore says itself what goes wrong')
    if spec.plan:
        raise ConfigError('--fault', '', 'nothing: explore says itself what goes wrong')
    for proxy in spec.proxies:
        if any(entry.name != 'dummy' for entry in proxy.mix) or proxy.toxics:
            raise ConfigError('--behavior, --toxic', proxy.name, 'nothing: explore says itself what goes wrong')
    if any(place.alone for place in setup.places):
        raise ConfigError('--in-place', '', 'HOST:PORT=BACKEND: the command runs many times')


class Opened:
    """What is open while it explores.

    Args:
        setup: What the command line says.
        folder: A folder for its files.
        keeper: The process that is to start the command.
        environ: The environment of the command.
        ending: What is to be done in the end is added to it.
    """

    def __init__(self, setup: Setup, folder: Path, keeper: Keeper, environ: Mapping[str, str], ending: ExitStack) -> None:
        from gevent import get_hub, signal_handler

        from ..proxies.fleet import Fleet
        self.setup, spec = setup, setup.configuration.spec
        ending.callback(close_log, open_log(spec.log_level, spec.log_output))
        self._out = ending.enter_context(never_waiting(sys.stdout, 'vaurien: lines that were dropped: {}\n'.format))
        hub = get_hub()
        hub.print_exception = log_exception  # type: ignore[method-assign]
        ending.callback(delattr, hub, 'print_exception')
        fleet = Fleet(spec.seed, spec.defaults)
        ending.callback(fleet.close)
        fleet.exchanges.follow(lambda exchanged: None)      # sessions are recorded from the first one on
        fleet.reconcile(spec.proxies)
        through = environment(setup, {name: proxy.bound for name, proxy in fleet.proxies.items()})
        tells = is_pytest(setup.command)
        self.runner = Runner(setup.command, environ, through, fleet, keeper, folder, tells)
        ending.callback(self.runner.close)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            handler: Any = signal_handler(number, self._stop)
            handler.ref = False
            ending.callback(handler.cancel)

    def _stop(self) -> None:
        self.runner.stopping = True

    def say(self, text: str) -> None:
        """Say something to the user."""
        self._out.write(f'{text}\n')
        self._out.flush()

    def given(self, values: Mapping[str, Any], rest: Sequence[str]) -> Given:
        """Return what is explored."""
        protocols = {proxy.name: proxy.protocol for proxy in self.setup.configuration.spec.proxies}
        effects = {name: Protocol.get(protocol).effects for name, protocol in protocols.items()}
        command = self.setup.command
        options = list(rest[:list(rest).index('--')])
        paths = [word for word in command[1:] if not word.startswith('-') and Path(word.partition('::')[0]).exists()]
        return Given(self.runner, protocols, effects, options, command, paths, values['limit'])


def is_pytest(command: Sequence[str]) -> bool:
    """Return whether a command is pytest, which tells of its tests."""
    names = [Path(word).name for word in command]
    return any(name in ('pytest', 'py.test') for name in names)


class Exploration:
    """The steps, and what is said of them.

    Args:
        given: What is explored.
        say: Called with each line.
    """

    def __init__(self, given: Given, say: Any) -> None:
        self._given, self._say = given, say
        self._hits: list[Hit] = []
        self._unstable: list[Hit] = []
        self._left = 0

    def run(self) -> int:
        """Go through all steps, and return the exit status."""
        began, status = time.monotonic(), FINE
        try:
            baseline = take_baseline(self._given, lambda text: None)
            for line in terminal.baseline_line(baseline):
                self._say(line)
            if baseline.broken or not baseline.tests:
                self._say(f'the baseline does not hold: {", ".join(baseline.broken) or "no test passes"}'
                          + (' fails only through vaurien' if baseline.broken else ''))
                self._say(baseline.runs[-1].output[-2000:])
                return NO_BASELINE
            self._explore(baseline)
        except Stopped:
            status = INTERRUPTED
        findings = grouped(self._hits)
        for finding in findings:
            for line in terminal.finding_lines(finding):
                self._say(line)
        self._say(terminal.summary(findings, len(self._unstable), self._left, self._given.runner.count, time.monotonic() - began))
        return status or (FOUND if any(finding.level == FAIL for finding in findings) else FINE)

    def _explore(self, baseline: Any) -> None:
        level = Level(self._given, baseline, plan_level(baseline, self._given.protocols))
        self._say(f'{"level 1":12} {terminal.counted(len(level.left), "fault")} in {terminal.counted(level.runs, "suite run")}')
        while level.left:
            self._left = len(level.left)
            level.step()
        self._left = len(level.unmet)
        confirming = Confirming(self._given, baseline)
        by_point: dict[int, list[Hit]] = {}
        for hit in level.hits:
            by_point.setdefault(id(hit.point), []).append(hit)
        for hits in by_point.values():
            held, not_held = confirming.confirm(hits)
            self._hits += held
            self._unstable += not_held
