"""Runs the command with its proxies, as often as it is told, each time with other faults. Judges nothing."""
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gevent.lock import RLock

from ...errors import VaurienError
from ...run.child import Child
from ...run.keeper import Keeper
from ...spec import FaultSpec
from ..model.records import WHOLE, Run
from .channel import CHOSEN_VARIABLE, VARIABLE, Channel, Message
from .kinds import SERVED, TOLD, Suite
from .lanes import Lanes
from .limits import Limits
from .starting import LOOK, MAX_SAID, SHELL, Starter, end
from .watching import Watching

if TYPE_CHECKING:
    from ...proxies.fleet import Fleet

GRACE = 5.0     #: [seconds] that a test may take once the connection that it waits on is reset
READY = 60.0    #: [seconds] that a program may take until it is ready
STATE = 30.0    #: [seconds] that the command may take that tells of the state


class Stopped(Exception):  # noqa: N818 - it is no error
    """The user has asked to stop, or the time is up."""


class Runner:
    """Runs the command.

    Args:
        suite: What is run.
        environ: Its environment without proxies.
        through: What tells it of the proxies.
        fleet: The proxies.
        keeper: The process that starts it.
        folder: A folder for its files.
        aside: The process that starts what runs beside it; None: nothing does.
        state: A command for a shell that tells of the state of the backends; empty: none does.
        lanes: Proxies for each process where several run tests at once; None: they are to run in one.
    """

    def __init__(self, suite: Suite, environ: Mapping[str, str], through: Mapping[str, str], fleet: 'Fleet', keeper: Keeper,
                 folder: Path, aside: Keeper | None = None, state: str = '', lanes: Lanes | None = None) -> None:
        self.suite, self._environ, self._through = suite, dict(environ), dict(through)
        self._fleet, self._folder, self.state, self._failed, self._lanes = fleet, folder, state, '', lanes
        self._starter = Starter(keeper, folder / 'output')
        self._aside = Starter(aside, folder / 'aside', ()) if aside is not None else None
        self._looking = RLock()     # one thing at a time runs beside the command
        self._watching: Watching | None = None
        self._channel = Channel(str(folder / 'told'), self._told)
        self.count = 0
        self.note = ''      # what the user should know of how tests are run
        self._shared = False    # several processes run tests at once
        self._heard = False     # something tells of tests
        self.stopping = False

    def close(self) -> None:
        """Take no more from tests."""
        self._channel.close()

    def _told(self, message: Message) -> Message:
        """Take in what tests tell; what makes no sense ends the exploration, as it cannot be relied on."""
        watching, worker = self._watching, str(message.get('worker', ''))
        self._shared |= bool(worker) and self._lanes is None
        if watching is None or (message.get('do') == 'gone' and self._lanes is None):
            return {}
        if message.get('do') == 'begin':
            self._heard = True
            if self.suite.kind == TOLD and watching.now is not None:
                self._failed = f'{message.get("test")} begins while {watching.now.name} is on: tests that run at once are not ' \
                               'told apart; let them run one after the other'
        try:
            return self._lanes.told(worker, message) if worker and self._lanes is not None else watching.told(message)
        except (KeyError, TypeError, ValueError) as error:
            said = f'what tells of tests has said {json.dumps(message)[:MAX_SAID]}: {type(error).__name__} {error}'
            self._failed = self._failed or said
            return {}

    def run(self, limits: Limits, plan: Sequence[FaultSpec] = (), tests: Sequence[str] | None = None,
            beside: bool = False) -> Run:
        """Run it once.

        Args:
            limits: How long it may take.
            plan: The faults.
            tests: The tests that are run; None: all.
            beside: It gets the addresses of its backends, and not those of the proxies.

        Raises:
            Stopped: The user has asked for it.
            VaurienError: The command cannot be started, or what tells of the state fails.
        """
        self.count += 1
        self._starter.empty()
        self._fleet.plan.replace(plan)
        watching = self._watching = Watching(self._fleet, self._snapshot if self.state and not beside else None)
        variables = self._variables(tests, beside)
        watching.start()
        if self._lanes is not None:
            self._lanes.begin(plan, beside)
        try:
            status = self._drive(variables, watching, limits) if self.suite.kind == SERVED else \
                self._commands(variables, watching, limits, tests)
        finally:
            self._watching = None
            watching.stop()
            if self._lanes is not None:
                self._lanes.end()
            self._fleet.plan.replace(())
        if self.stopping:
            raise Stopped
        if self._failed:
            raise VaurienError(self._failed)
        if self._shared:
            self._run_in_one_process()
            return self.run(limits, plan, tests, beside)
        if self._heard and not self.suite.tells:
            self.suite = self.suite._replace(kind=TOLD)
            return self.run(limits, plan, tests, beside)
        return self._with_lanes(watching.result(status, self._starter.written))

    def _with_lanes(self, run: Run) -> Run:
        """Return a run with what the processes have shown that run tests beside each other."""
        if not self._lanes:
            return run
        self.note = f'pytest runs tests in {len(self._lanes)} processes at once: each has proxies of its own'
        return self._lanes.added(run)

    def _is_over(self, watching: Watching, limits: Limits) -> bool:
        """Return whether a run has to be ended."""
        return self.stopping or (self._lanes.look(limits, GRACE) if self._lanes else watching.look(limits, GRACE))

    def _run_in_one_process(self) -> None:
        """Let the tests of the next runs run in one process.

        Raises:
            VaurienError: They should already.
        """
        if self.note:
            raise VaurienError('the tests run in several processes at once, and are not told apart: leave out -n of pytest-xdist')
        self._shared = False
        self.suite = self.suite.in_one_process()
        self.note = 'pytest runs in one process, with -n 0: --state and fixed addresses are for one alone'

    def _commands(self, variables: Mapping[str, str], watching: Watching, limits: Limits,
                  tests: Sequence[str] | None) -> int | None:
        """Run what has to be started for some tests, and return the status of the last."""
        status: int | None = None
        for name, command in self.suite.commands(tests):
            if name:
                watching.begin(name, file=name if Path(name).is_file() else '')     # ``sh {test}`` has files for names
            status = self._starter.run(command, variables, lambda: self._is_over(watching, limits))
            if name:
                watching.ended(status, self._starter.written)
            if self.stopping or self._failed:
                break
        return status

    def _drive(self, variables: Mapping[str, str], watching: Watching, limits: Limits) -> int | None:
        """Start the program, wait until it is ready, drive it, and return the status of what does."""
        assert self._aside is not None
        program = self._starter.start(self.suite.command, variables)
        try:
            self._wait_until_ready(program)
            if self.stopping:
                return None
            self._aside.empty()
            watching.begin(WHOLE)
            status = self._aside.run((*SHELL, self.suite.drive), self._environ,
                                     lambda: self.stopping or watching.look(limits, GRACE))
            watching.ended(status, self._aside.written + self._starter.written, program.wait_for(LOOK))
            return status
        finally:
            end(program)

    def _wait_until_ready(self, program: Child) -> None:
        """Ask until the program is ready.

        Raises:
            VaurienError: It ends before, or it takes too long.
        """
        assert self._aside is not None
        until = time.monotonic() + READY
        while not self.stopping:
            status = program.wait_for(LOOK)
            if status is not None:
                raise VaurienError(f'the program ended with {status} before it was ready{self._starter.said_after}')
            self._aside.empty()
            if self._aside.run((*SHELL, self.suite.ready), self._environ, lambda: self.stopping or time.monotonic() > until) == 0:
                return
            if time.monotonic() > until:
                raise VaurienError(f'--ready: {self.suite.ready!r} does not succeed within {READY:g} s{self._aside.said_after}')

    def _snapshot(self) -> str:
        """Return what the command prints that tells of the state; what fails there ends the run."""
        assert self._aside is not None
        with self._looking:
            self._aside.empty()
            until = time.monotonic() + STATE
            status = self._aside.run((*SHELL, self.state), self._environ, lambda: self.stopping or time.monotonic() > until)
            if status != 0 and not self.stopping:
                ends = f'does not end within {STATE:g} s' if status is None else f'ends with {status}'
                self._failed = f'--state: {self.state!r} {ends}{self._aside.said_after}'
            return self._aside.written

    def list_tests(self, command: str) -> None:
        """Let a command print the names of the tests, one on each line.

        Raises:
            VaurienError: It cannot be started, fails, or prints nothing.
        """
        self._starter.empty()
        status = self._starter.run((*SHELL, command), self._environ, lambda: self.stopping)
        names = tuple(dict.fromkeys(line.strip() for line in self._starter.written.splitlines() if line.strip()))
        if self.stopping:
            raise Stopped
        if status or not names:
            raise VaurienError(f'--tests: {command!r} ' + (f'ends with {status}{self._starter.said_after}' if status else
                                                           'names no test: it prints nothing'))
        self.suite = self.suite._replace(tests=names)

    def _variables(self, tests: Sequence[str] | None, beside: bool) -> dict[str, str]:
        """Return the environment of one run."""
        outer = {key: value for key, value in self._environ.items() if not key.startswith('PYTEST_XDIST')}     # of who runs us
        found = {**outer, **({} if beside else self._through)}
        found.update(self.suite.brings(found))
        if self.suite.tells or not self.suite.kind:     # a command of which nothing is known may have a listener
            found[VARIABLE] = self._channel.path
            if tests is not None:
                path = self._folder / 'tests'
                path.write_text(json.dumps(list(tests)), encoding='utf-8')
                found[CHOSEN_VARIABLE] = str(path)
        return found

