"""Stands in for ``python -m unittest``, and tells where a test begins, where it ends, and how.

It works where vaurien is not installed: the folder comes by PYTHONPATH. Standard library only.
"""
import functools
import inspect
import os
import sys
import threading
import time
import traceback
import unittest
from typing import Any

if __package__:
    from .vaurien_told import MAX_TEXT, Now, chain, chosen, connect, end
else:
    from vaurien_told import MAX_TEXT, Now, chain, chosen, connect, end  # type: ignore[import-not-found,no-redef]

TOLD, NOW = connect(), Now()
WANTED = chosen()
RUN, TEAR_DOWN = unittest.TestCase.run, '_callTearDown'


def written(case: unittest.TestCase) -> tuple[str, int]:
    """Return the file and the line that a test is written in, the file as it is seen from here."""
    try:
        function = inspect.unwrap(getattr(case, case._testMethodName))
        return os.path.relpath(inspect.getsourcefile(function) or ''), function.__code__.co_firstlineno
    except (AttributeError, TypeError, ValueError):
        return '', 0


def run(case: unittest.TestCase, result: Any = None) -> Any:
    """Run a test, if this run is about it, and tell of it."""
    name = case.id()
    if WANTED is not None and name not in WANTED:
        return result
    NOW.test, NOW.outcome, NOW.errors, NOW.text, NOW.threads = name, 'passed', [], '', []
    began = time.monotonic()
    file, line = written(case)
    TOLD.say(do='begin', test=name, where=name, file=file, line=line)
    before = threading.excepthook
    threading.excepthook = functools.partial(NOW.of_thread, before)
    try:
        return RUN(case, result)
    finally:
        threading.excepthook = before
        errors = NOW.errors + NOW.threads if NOW.errors else []
        end(TOLD, test=name, outcome=NOW.outcome, errors=errors, text=NOW.text, seconds=time.monotonic() - began)
        NOW.test = ''


def failed(error: Any) -> None:
    """Note how a test fails: of several failures the first."""
    if NOW.outcome != 'failed':
        NOW.outcome, NOW.errors = 'failed', chain(error[1])
        NOW.text = ''.join(traceback.format_exception(*error))[-MAX_TEXT:]


class Result(unittest.TextTestResult):
    """Takes note of how tests end."""

    def addError(self, test: Any, err: Any) -> None:    # noqa: N802 - unittest's name
        failed(err)
        super().addError(test, err)

    def addFailure(self, test: Any, err: Any) -> None:  # noqa: N802
        failed(err)
        super().addFailure(test, err)

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:    # noqa: N802
        if err is not None:
            failed(err)
        super().addSubTest(test, subtest, err)

    def addUnexpectedSuccess(self, test: Any) -> None:  # noqa: N802
        NOW.outcome = 'failed'
        super().addUnexpectedSuccess(test)

    def addSkip(self, test: Any, reason: str) -> None:  # noqa: N802
        NOW.outcome = 'skipped'
        super().addSkip(test, reason)


class Runner(unittest.TextTestRunner):
    """Runs tests with it."""

    resultclass = Result    # type: ignore[assignment]


def tidying(case: Any, *arguments: Any) -> Any:
    """Tell that all that a test asks from here on is tidying up."""
    TOLD.say(do='tidy')
    return BEFORE(case, *arguments)


def main() -> None:
    """Run unittest with the arguments of this process."""
    global BEFORE
    unittest.TestCase.run = run     # type: ignore[assignment]
    if hasattr(unittest.TestCase, TEAR_DOWN):
        BEFORE = getattr(unittest.TestCase, TEAR_DOWN)
        setattr(unittest.TestCase, TEAR_DOWN, tidying)
    sys.argv[0] = f'{sys.executable} -m unittest'
    sys.path.insert(0, '')
    unittest.main(module=None, testRunner=Runner)


BEFORE: Any = None
if __name__ == '__main__':
    main()
