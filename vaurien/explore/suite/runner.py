"""Runs the command with its proxies, as often as it is told, each time with other faults. Judges nothing."""
import json
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import VaurienError
from ...run.child import Child, NotStartedError
from ...run.keeper import Keeper
from ...spec import FaultSpec
from ..model.records import Run
from .channel import CHOSEN_VARIABLE, VARIABLE, Channel, Message
from .kinds import Suite
from .limits import Limits
from .watching import Watching

if TYPE_CHECKING:
    from ...proxies.fleet import Fleet

LOOK = 0.05     #: [seconds] between two looks at the time
GRACE = 5.0     #: [seconds] that a test may take once the connection that it waits on is reset
#: [seconds] that the processes of a run may take to end when they are told to
END_GRACE = 2.0
MAX_SAID = 200      #: [characters] of what a command has written that stand in an error
MAX_OUTPUT = 64 * 1024      #: [bytes] of what a command has written that are read


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
    """

    def __init__(self, suite: Suite, environ: Mapping[str, str], through: Mapping[str, str], fleet: 'Fleet', keeper: Keeper,
                 folder: Path) -> None:
        self.suite, self._environ, self._through = suite, dict(environ), dict(through)
        self._fleet, self._keeper, self._folder = fleet, keeper, folder
        self._watching: Watching | None = None
        self._channel = Channel(str(folder / 'told'), self._told)
        self.count = 0
        self._shared = False    # several processes run tests at once
        self.stopping = False

    def close(self) -> None:
        """Take no more from tests."""
        self._channel.close()

    def _told(self, message: Message) -> Message:
        self._shared |= bool(message.get('worker'))
        return self._watching.told(message) if self._watching is not None else {}

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
            VaurienError: The command cannot be started, or several processes run its tests at once.
        """
        self.count += 1
        output = self._folder / 'output'
        output.write_bytes(b'')
        self._fleet.plan.replace(plan)
        watching = self._watching = Watching(self._fleet)
        variables = self._variables(tests, beside)
        status: int | None = None
        watching.start()
        try:
            for name, command in self.suite.commands(tests):
                if name:
                    watching.begin(name)
                status = self._start(command, variables, output, watching, limits)
                if name:
                    watching.ended(status, end_of(output))
                if self.stopping:
                    break
        finally:
            watching.stop()
            self._watching = None
            self._fleet.plan.replace(())
        if self.stopping:
            raise Stopped
        if self._shared:
            raise VaurienError('the tests run in several processes at once, and are not told apart: leave out -n of pytest-xdist')
        return watching.result(status, end_of(output))

    def list_tests(self, command: str) -> None:
        """Let a command print the names of the tests, one on each line.

        Raises:
            VaurienError: It cannot be started, fails, or prints nothing.
        """
        output = self._folder / 'output'
        output.write_bytes(b'')
        status = self._start(('/bin/sh', '-c', command), dict(self._environ), output, None, None)
        text = output.read_text('utf-8', 'replace')
        names = tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
        if self.stopping:
            raise Stopped
        if status or not names:
            said = ' '.join(text.split())[-MAX_SAID:]
            raise VaurienError(f'--tests: {command!r} ends with {status}, and names {len(names)} tests: {said}')
        self.suite = self.suite._replace(tests=names)

    def _start(self, command: Sequence[str], variables: Mapping[str, str], output: Path, watching: Watching | None,
               limits: Limits | None) -> int | None:
        """Start a command and wait for its end; return its status, None: it had to be ended."""
        child = Child(self._keeper, (signal.SIGTSTP, signal.SIGCONT))
        try:
            words = ('/bin/sh', '-c', 'exec "$@" >>"$0" 2>&1 </dev/null', str(output), *command)
            child.start(words, variables, END_GRACE)
            status = self._wait(child, watching, limits)
            child.end_rest()
            return status
        except NotStartedError as error:
            raise VaurienError(str(error)) from None
        finally:
            child.close()

    def _wait(self, child: Child, watching: Watching | None, limits: Limits | None) -> int | None:
        """Wait for its end, and return its status; None: it has to be ended."""
        while not self.stopping:
            status = child.wait_for(LOOK)
            if status is not None:
                return status
            if watching is not None and limits is not None and watching.look(limits, GRACE):
                return None
        return None

    def _variables(self, tests: Sequence[str] | None, beside: bool) -> dict[str, str]:
        """Return the environment of one run."""
        outer = {key: value for key, value in self._environ.items() if not key.startswith('PYTEST_XDIST')}     # of who runs us
        found = {**outer, **({} if beside else self._through)}
        found.update(self.suite.brings(found))
        if self.suite.tells:
            found[VARIABLE] = self._channel.path
            if tests is not None:
                path = self._folder / 'tests'
                path.write_text(json.dumps(list(tests)), encoding='utf-8')
                found[CHOSEN_VARIABLE] = str(path)
        return found


def end_of(output: Path) -> str:
    """Return the end of what was written."""
    return output.read_bytes()[-MAX_OUTPUT:].decode('utf-8', 'replace')
