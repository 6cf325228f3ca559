"""A clock that is stepped changes nothing: whatever is waited for or kept for a while is measured on the monotonic clock.

The time of day of the event loop, ``loop.now()``, is a clock that can be stepped too.
"""
import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / 'vaurien'
STEPPED = {'time.time', 'time.time_ns', 'time.localtime', 'time.gmtime', 'time.strftime', 'datetime.now', 'datetime.utcnow',
           'loop.now'}
#: where the time of day is shown to somebody, or held against a date in a file, and nothing is measured by it
SHOWN = {
    'proxies/journal.py': {'time.time'}, 'control/toxiproxy/calls.py': {'time.time'},
    'scenario/player.py': {'time.time'}, 'outputs/journal/file.py': {'time.time'}, 'proxies/exchanges.py': {'time.time'},
    'relay/recording/recorder.py': {'time.time'}, 'relay/recording/session.py': {'time.time'},
    'net/tls/files.py': {'datetime.UTC', 'datetime.datetime', 'datetime.now'},
    'net/tls/authority/faults.py': {'datetime.UTC', 'datetime.datetime', 'datetime.timedelta', 'datetime.now'},
    'proxies/arrivals/greeted.py': {'time.time'}, 'control/native/live/watch.py': {'time.time'},
    'net/tls/validity.py': {'datetime.UTC', 'datetime.datetime'},
    'net/tls/authority/issuing.py': {'datetime.UTC', 'datetime.datetime', 'datetime.timedelta', 'datetime.now'},
    'net/tls/authority/kept.py': {'datetime.UTC', 'datetime.datetime', 'datetime.now'},
    'clusters/python.py': {'time.time'}, 'ctl/cluster/commands.py': {'time.time'},
    'cli/live.py': {'time.strftime', 'time.localtime'}, 'ctl/text.py': {'time.strftime', 'time.localtime'},
}


def clocks(source: str) -> Iterator[str]:
    """Yield every clock that a file reads and that can be stepped; also what it takes from ``time`` by name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            owner = getattr(node.value, 'attr', getattr(node.value, 'id', ''))
            if f'{owner}.{node.attr}' in STEPPED:
                yield f'{owner}.{node.attr}'
        elif isinstance(node, ast.ImportFrom) and node.module in ('time', 'datetime'):
            yield from (f'{node.module}.{alias.name}' for alias in node.names if alias.name != 'monotonic')


@pytest.mark.parametrize('path', sorted(PACKAGE.rglob('*.py')), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_is_measured_on_a_clock_that_can_be_stepped(path):
    assert set(clocks(path.read_text(encoding='utf-8'))) <= SHOWN.get(path.relative_to(PACKAGE).as_posix(), set())


@pytest.mark.parametrize('source', ['time.time()', 'get_hub().loop.now()', 'loop.now()', 'from time import time',
                                    'datetime.datetime.now()', 'from datetime import datetime'])
def test_a_clock_that_can_be_stepped_is_seen(source):
    assert list(clocks(source))
