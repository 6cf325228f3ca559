"""What one run of a suite has shown: each test, how it ended, and what it asked its backends. Knows no process and no plan."""
from collections.abc import Mapping
from typing import NamedTuple

from ...relay.recording.records import Exchanged
from .state import Change

PASSED, FAILED, SKIPPED, UNFINISHED = 'passed', 'failed', 'skipped', 'unfinished'
WHOLE = 'command'   #: the one test where the command tells of none


class Tested(NamedTuple):
    """One test in one run.

    Args:
        name: Its name.
        outcome: How it ended; ``unfinished``: it was ended, or the run was over first.
        seconds: How long it took.
        errors: The types of the exception that it failed with and of those that it comes from, the outermost first, each with its
            bases; empty: none is known.
        text: What was said of the failure.
        exchanges: What it asked, in the order in which the requests began.
        hung: A client still waited for a silent backend at the limit.
        open: Connections that it has opened and that are open at its end.
        signalled: The number of the signal that ended the run while it was on; 0: none; -1: its process ended, and nothing tells
            how.
        where: What names it on the command's own command line; empty: its name does.
        file: Where it is written, as seen from where the command runs; empty: that is not known.
        line: The line of that file, from 1; 0: it is not known.
        died: The exit status of a program that ended while the test asked it; None: it did not, or there is none.
        change: What it changes in what its backends have; None: nothing tells of that.
    """

    name: str
    outcome: str
    seconds: float
    errors: tuple[tuple[str, ...], ...] = ()
    text: str = ''
    exchanges: tuple[Exchanged, ...] = ()
    hung: bool = False
    open: int = 0
    signalled: int = 0
    where: str = ''
    file: str = ''
    line: int = 0
    died: int | None = None
    change: Change | None = None

    @property
    def passed(self) -> bool:
        """Whether it has passed."""
        return self.outcome == PASSED


class Run(NamedTuple):
    """One run of the suite.

    Args:
        status: The command's exit status; None: it was ended at a limit.
        seconds: How long it took.
        tests: The tests by name, in the order in which they began.
        outside: What was asked while no test was on.
        output: What the command has written, the end of it.
    """

    status: int | None
    seconds: float
    tests: Mapping[str, Tested]
    outside: tuple[Exchanged, ...] = ()
    output: str = ''
