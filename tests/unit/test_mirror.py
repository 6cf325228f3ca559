"""The tests of this folder lie as the package lies: a file says by its place and its name what it tests."""
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PACKAGE = HERE.parents[1] / 'vaurien'
#: what is of no one file, by why
ACROSS = {
    'test_imports.py': 'who may import whom, of all files',
    'test_clocks.py': 'which clock is read, of all files',
    'test_mirror.py': 'this',
    'test_bench.py': 'bench',
    'test_hunt.py': 'tests/hunt',
    'test_hunt_models.py': 'tests/hunt, where a model says what is answered',
    'test_hunt_waits.py': 'tests/hunt, where it waits',
    'test_peers.py': 'tests/support/peers.py',
    'test_watchdog.py': 'tests/support/watchdog.py',
    'test_trap.py': 'tests/support/trap.py',
    'test_classic_plugins.py': 'plugins that were written for 1.x, of all kinds',
    'config/test_defaults.py': 'flags as the defaults of proxies that are made later',
    'proxies/embedded/test_completions.py': 'completions in the shapes of all APIs, as their libraries read them',
    'protocols/test_costs.py': 'what bytes that come one by one and long queues cost, in all protocols',
    'protocols/test_ends.py': 'which requests ask for nothing but the end, in all protocols',
    'protocols/http/test_doubts.py': 'what two readers of HTTP may read differently: requests, responses and headers',
    'protocols/http/test_edits.py': 'what a behavior may change: requests, responses and headers',
    'protocols/mysql/test_limits.py': 'what is bounded, in all files of the folder',
}
FILES = sorted(path.relative_to(HERE) for path in HERE.rglob('test_*.py'))


@pytest.mark.parametrize('path', FILES, ids=Path.as_posix)
def test_a_test_file_lies_where_what_it_tests_lies(path):
    folder, name = PACKAGE / path.parent, path.stem.removeprefix('test_')
    there = folder.is_dir() and (folder.name == name or (folder / name).is_dir() or (folder / f'{name}.py').is_file())
    assert there != (path.as_posix() in ACROSS), 'name a file or a folder of vaurien/, or say in ACROSS what it is about'
