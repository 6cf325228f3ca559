"""Starts commands, one at a time, with their output in a file, and waits for their ends. Knows no test and no proxy."""
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ...errors import VaurienError
from ...run.child import Child, NotStartedError
from ...run.keeper import Keeper

LOOK = 0.05     #: [seconds] between two looks at the time
#: [seconds] that the processes of a command may take to end when they are told to
END_GRACE = 2.0
MAX_OUTPUT = 64 * 1024      #: [bytes] of what a command has written that are read
MAX_SAID = 200      #: [characters] of it that stand in an error
SHELL = '/bin/sh', '-c'
#: appends what a command writes to a file, whose name comes first
APPENDING = 'exec "$@" >>"$0" 2>&1 </dev/null'


class Starter:
    """Starts commands.

    Args:
        keeper: The process that is their parent.
        output: The file that they write into.
        passed: Signals to vaurien that they get as well.
    """

    def __init__(self, keeper: Keeper, output: Path, passed: Sequence[signal.Signals] = (signal.SIGTSTP, signal.SIGCONT)) -> None:
        self._keeper, self._output, self._passed = keeper, output, passed

    def empty(self) -> None:
        """Forget what was written so far."""
        self._output.write_bytes(b'')

    @property
    def written(self) -> str:
        """The end of what was written."""
        return self._output.read_bytes()[-MAX_OUTPUT:].decode('utf-8', 'replace')

    @property
    def said_after(self) -> str:
        """The end of what was written, for the end of a line, with what is before it."""
        said = ' '.join(self.written.split())[-MAX_SAID:]
        return f': {said}' if said else ', and writes nothing'

    def start(self, command: Sequence[str], variables: Mapping[str, str]) -> Child:
        """Start a command; ``end`` has to be called with it.

        Raises:
            VaurienError: It cannot be started.
        """
        child = Child(self._keeper, self._passed)
        try:
            child.start((*SHELL, APPENDING, str(self._output), *command), variables, END_GRACE)
        except NotStartedError as error:
            child.close()
            raise VaurienError(str(error)) from None
        return child

    def run(self, command: Sequence[str], variables: Mapping[str, str], over: Callable[[], bool]) -> int | None:
        """Start a command and wait for its end.

        Args:
            command: The command.
            variables: All of its environment.
            over: Called again and again while it runs; says whether it has to be ended.

        Returns:
            Its exit status, 128 and the number of the signal where that has ended it; None: it had to be ended.

        Raises:
            VaurienError: It cannot be started.
        """
        child = self.start(command, variables)
        status = None
        try:
            while status is None and not over():
                status = child.wait_for(LOOK)
            return status
        finally:
            end(child)


def end(child: Child) -> None:
    """End a command, and all that it has started."""
    child.end_rest()
    child.close()
