"""The plugin of pytest that explore brings along: tells where a test begins, where it ends, and how.

It works where vaurien is not installed: the folder comes by PYTHONPATH, the name by PYTEST_PLUGINS. Standard library and
pytest only.
"""
import json
import os
import socket
import threading
import time
from collections.abc import Generator, Iterable
from typing import Any

import pytest

PATH = os.environ.get('VAURIEN_EXPLORE', '')
WORKER = os.environ.get('PYTEST_XDIST_WORKER', '')
MAX_TYPES = 40      #: of a chain of exceptions
MAX_TEXT = 2000     #: [characters] of a failure


class Told:
    """The connection to vaurien; what is said on it has been taken in when ``say`` returns.

    Args:
        path: The socket that vaurien listens at; empty: nobody does, and nothing is said.
    """

    def __init__(self, path: str) -> None:
        self._lock, self._pid = threading.Lock(), os.getpid()
        self._file: Any = None
        if path:
            self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                self._sock.connect(path)
            except OSError:
                self._sock.close()      # else a program that makes errors of warnings would fail
                raise
            self._file = self._sock.makefile('rb')

    def say(self, **message: Any) -> dict[str, Any]:
        """Say something, and return what is answered; a process that a test has made by fork says nothing."""
        if self._file is None or os.getpid() != self._pid:
            return {}
        with self._lock:
            try:
                self._sock.sendall(json.dumps(message).encode() + b'\n')
                line = self._file.readline()
            except OSError:
                return {}
        return dict(json.loads(line)) if line else {}


def connect() -> Told:
    """Find vaurien, and take over the addresses that it has for this process."""
    try:
        told = Told(PATH)
    except OSError:     # it has ended
        return Told('')
    os.environ.update(told.say(do='hello', worker=WORKER).get('environ', {}))
    return told


class Now:
    """The test that is on.

    Attributes:
        test: Its name; empty: none is.
        outcome, errors, text: How it has ended so far.
        sharing: What fixtures ask for that several tests share belongs to none: not while one is torn down, which is the same.
    """

    test = outcome = text = ''
    errors: list[list[str]] = []
    sharing = False


TOLD, NOW = connect(), Now()


def chain(error: BaseException) -> list[list[str]]:
    """Return the types of an exception and of what it comes from, each with its bases, the outermost first."""
    found: list[list[str]] = []
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting and len(found) < MAX_TYPES:
        one = waiting.pop(0)
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        found.append([f'{cls.__module__}.{cls.__qualname__}' for cls in type(one).__mro__ if cls not in (object, BaseException)])
        waiting += [one.__cause__, one.__context__, *getattr(one, 'exceptions', ())]
    return found


def where(item: Any) -> str:
    """Return what names a test on a command line that is given here."""
    path, colons, rest = item.nodeid.partition('::')
    try:
        return f'{os.path.relpath(str(item.path))}{colons}{rest}'
    except (AttributeError, ValueError):
        return str(item.nodeid)


def chosen() -> set[str] | None:
    """Return the tests that this run is about; None: all."""
    path = os.environ.get('VAURIEN_EXPLORE_TESTS', '')
    if not path:
        return None
    with open(path, encoding='utf-8') as file:
        return set(json.load(file))


def pytest_ignore_collect(collection_path: Any, config: Any) -> bool | None:
    """Leave files with tests alone that hold none which this run is about: reading them may take longer than the tests."""
    wanted = chosen()
    if wanted is None or collection_path.suffix != '.py' or collection_path.name == '__init__.py':
        return None
    try:
        name = collection_path.relative_to(config.rootpath).as_posix()
    except ValueError:
        return None
    return None if any(test.partition('::')[0] == name for test in wanted) else True


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    """Leave out the tests that this run is not about."""
    wanted = chosen()
    if wanted is None:
        return
    left: Iterable[Any] = [item for item in items if item.nodeid not in wanted]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item.nodeid in wanted]


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: Any, nextitem: Any) -> Generator[None, Any, None]:
    """Tell of a test."""
    NOW.test, NOW.outcome, NOW.errors, NOW.text, NOW.sharing = item.nodeid, 'passed', [], '', True
    began = time.monotonic()
    TOLD.say(do='begin', test=item.nodeid, where=where(item))
    yield
    TOLD.say(do='end', test=item.nodeid, outcome=NOW.outcome, errors=NOW.errors, text=NOW.text, seconds=time.monotonic() - began)
    NOW.test = ''


@pytest.hookimpl(hookwrapper=True)
def pytest_fixture_setup(fixturedef: Any, request: Any) -> Generator[None, Any, None]:
    """Tell where what several tests share is made."""
    shared = fixturedef.scope != 'function' and NOW.test and NOW.sharing
    if shared:
        TOLD.say(do='mark', test='')
    yield
    if shared:
        TOLD.say(do='mark', test=NOW.test)


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: Any, nextitem: Any) -> Generator[None, Any, None]:
    """Tell that all that a test asks from here on is tidying up."""
    NOW.sharing = False
    TOLD.say(do='mark', test='')
    yield


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: Any, call: Any) -> Generator[None, Any, None]:
    """Take note of how a test ends: of several failures the first."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and NOW.outcome == 'passed':
        NOW.outcome = 'skipped'
    elif report.failed and NOW.outcome != 'failed':
        NOW.outcome, NOW.text = 'failed', str(report.longrepr)[-MAX_TEXT:]
        if call.excinfo is not None:
            NOW.errors = chain(call.excinfo.value)
