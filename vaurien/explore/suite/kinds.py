"""What kinds of suites there are: how each is started, and how its tests are told apart. Starts nothing."""
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ..model.records import WHOLE

#: kinds; empty: the whole command is one test
PYTEST, UNITTEST, TOLD, EACH, SERVED = 'pytest', 'unittest', 'told', 'each', 'served'
BROUGHT = Path(__file__).parent.parent / 'bring'
PLUGIN, STAND_IN = 'vaurien_explored', 'vaurien_unittest'
NAMES = 'pytest', 'py.test'     #: what it is called on a command line
TEST = '{test}'     #: stands for the name of a test


class Suite(NamedTuple):
    """A command with tests.

    Args:
        command: As it was given; of a suite whose tests are started one by one, what starts one.
        kind: ``PYTEST``, ``UNITTEST``, ``EACH``, ``SERVED``, or ``TOLD`` where a listener of the user's tells of tests; empty:
            the whole command is one test.
        tests: The tests, where each is started by itself.
        ready, drive: Of a program that serves: for a shell, what succeeds once it is ready, and what asks it, which is the test.
    """

    command: tuple[str, ...]
    kind: str = ''
    tests: tuple[str, ...] = ()
    ready: str = ''
    drive: str = ''

    @property
    def tells(self) -> bool:
        """Whether the command tells of its tests itself."""
        return self.kind in (PYTEST, UNITTEST, TOLD)

    def commands(self, tests: Sequence[str] | None) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Give what is started, each with the name of the test that it is; empty: it is none, but has some.

        Args:
            tests: The tests that are run; None: all.
        """
        if self.kind == EACH:
            for name in self.tests if tests is None else tests:
                yield name, one(self.command, name)
        elif self.kind == UNITTEST:
            at = self.command.index('unittest')
            yield '', (*self.command[:at], STAND_IN, *self.command[at + 1:])
        else:
            yield '' if self.tells else WHOLE, self.command

    def brings(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return what of the environment has to be another so that the tests are told of."""
        if self.kind not in (PYTEST, UNITTEST):
            return {}
        found = {'PYTHONPATH': os.pathsep.join(filter(None, (str(BROUGHT), environ.get('PYTHONPATH'))))}
        if self.kind == PYTEST:
            found['PYTEST_PLUGINS'] = ','.join(filter(None, (environ.get('PYTEST_PLUGINS'), PLUGIN)))
        return found

    def narrowed(self, test: str) -> list[str]:
        """Return the command that runs one test alone.

        Args:
            test: The test, as it is named on a command line; that of a command that tells of none stays as it is.
        """
        if self.kind == EACH:
            return list(one(self.command, test))
        if self.kind == UNITTEST:
            return [*self.command, '-k', test]
        if self.kind in ('', TOLD, SERVED):
            return list(self.command)
        at = next(number for number, word in enumerate(self.command) if Path(word).name in NAMES) + 1
        return [*self.command[:at], *(word for word in self.command[at:] if not names_tests(word)), test]

    def in_one_process(self) -> 'Suite':
        """Return it without processes of pytest-xdist: of several numbers of them the last one counts."""
        return self._replace(command=(*self.command, '-n', '0'))


def one(command: Sequence[str], test: str) -> tuple[str, ...]:
    """Return the command that runs one test, which a shell reads."""
    return tuple(word.replace(TEST, shlex.quote(test)) for word in command)


def names_tests(word: str) -> bool:
    """Return whether an argument of pytest names tests: a file or a folder that is there."""
    return not word.startswith('-') and Path(word.partition('::')[0]).exists()


def suite_of(command: Sequence[str], each: str = '', ready: str = '', drive: str = '') -> Suite:
    """Return the suite that a command is.

    Args:
        command: The command.
        each: What starts one test, for a shell; empty: the command is all there is.
        ready, drive: What says that a program is ready, and what asks it; empty: it does not serve.
    """
    words = tuple(command)
    if drive:
        return Suite(words, SERVED, (), ready, drive)
    if each:
        return Suite(words, EACH)
    if any(Path(word).name in NAMES for word in words):
        return Suite(words, PYTEST)
    if any(pair == ('-m', 'unittest') for pair in zip(words, words[1:], strict=False)):
        return Suite(words, UNITTEST)
    return Suite(words)
