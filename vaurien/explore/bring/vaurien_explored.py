"""The plugin of pytest that explore brings along: tells where a test begins, where it ends, and how.

It works where vaurien is not installed: the folder comes by PYTHONPATH, the name by PYTEST_PLUGINS. Standard library and
pytest only.
"""
import functools
import os
import threading
import time
from collections.abc import Generator, Iterable
from typing import Any

import pytest

if __package__:
    from .vaurien_told import MAX_TEXT, Now, chain, chosen, connect, end
else:
    from vaurien_told import MAX_TEXT, Now, chain, chosen, connect, end  # type: ignore[import-not-found,no-redef]

TOLD, NOW = connect(), Now()


def where(item: Any) -> str:
    """Return what names a test on a command line that is given here."""
    path, colons, rest = item.nodeid.partition('::')
    try:
        return f'{os.path.relpath(str(item.path))}{colons}{rest}'
    except (AttributeError, ValueError):
        return str(item.nodeid)


def written(item: Any) -> tuple[str, int]:
    """Return the file and the line that a test is written in, the file as it is seen from here."""
    try:
        path, line = item.reportinfo()[:2]
        return os.path.relpath(str(path)), (line or 0) + 1
    except (AttributeError, ValueError, TypeError):
        return '', 0


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
    NOW.test, NOW.outcome, NOW.errors, NOW.text, NOW.sharing, NOW.threads = item.nodeid, 'passed', [], '', True, []
    began = time.monotonic()
    file, line = written(item)
    TOLD.say(do='begin', test=item.nodeid, where=where(item), file=file, line=line)
    yield
    errors = NOW.errors + NOW.threads if NOW.errors else []
    end(TOLD, test=item.nodeid, outcome=NOW.outcome, errors=errors, text=NOW.text, seconds=time.monotonic() - began)
    NOW.test = ''


@pytest.hookimpl(hookwrapper=True, trylast=True)
def pytest_runtest_call(item: Any) -> Generator[None, Any, None]:
    """Note what ends threads, inside of what pytest does about them."""
    before = threading.excepthook
    threading.excepthook = functools.partial(NOW.of_thread, before)
    yield
    threading.excepthook = before


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
    TOLD.say(do='tidy')
    yield


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: Any, call: Any) -> Generator[None, Any, None]:
    """Note how a test ends: of several failures the first."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and NOW.outcome == 'passed':
        NOW.outcome = 'skipped'
    elif report.failed and NOW.outcome != 'failed':
        NOW.outcome, NOW.text = 'failed', str(report.longrepr)[-MAX_TEXT:]
        if call.excinfo is not None:
            NOW.errors = chain(call.excinfo.value)
