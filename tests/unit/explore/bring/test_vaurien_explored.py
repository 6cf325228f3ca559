"""The plugin of pytest that explore brings into other programs: which tests it lets run, and what it calls them."""
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from vaurien.explore.bring import vaurien_explored as brought


def test_a_test_is_named_from_where_the_command_is_run(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    item = SimpleNamespace(nodeid='below/test_a.py::test_b[c::d]', path=tmp_path / 'up' / 'test_a.py')
    assert brought.where(item) == str(Path('up') / 'test_a.py') + '::test_b[c::d]'
    assert brought.where(SimpleNamespace(nodeid='of no file')) == 'of no file'


@pytest.mark.parametrize('wanted, left', [(None, 'abc'), ('b', 'b'), ('abc', 'abc')], ids=['all', 'one', 'each'])
def test_tests_that_a_run_is_not_about_are_left_out_and_said_so(monkeypatch, tmp_path, wanted, left):
    chosen = tmp_path / 'tests'
    chosen.write_text(json.dumps(list(wanted or '')))
    monkeypatch.setenv('VAURIEN_EXPLORE_TESTS', '' if wanted is None else str(chosen))
    items, said = [SimpleNamespace(nodeid=name) for name in 'abc'], []
    config = SimpleNamespace(hook=SimpleNamespace(pytest_deselected=lambda items: said.extend(one.nodeid for one in items)))
    brought.pytest_collection_modifyitems(config, items)
    assert ''.join(item.nodeid for item in items) == left
    assert ''.join(said) == ''.join(name for name in 'abc' if name not in left)


@pytest.mark.parametrize('name, ignored', [
    ('t/test_a.py', None), ('t/test_b.py', True), ('t/__init__.py', None), ('t', None), ('t/case.yaml', None),
    ('/else/test_b.py', None),
])
def test_files_without_a_wanted_test_are_not_read(monkeypatch, tmp_path, name, ignored):
    chosen = tmp_path / 'tests'
    chosen.write_text(json.dumps(['t/test_a.py::test_c[x::y]']))
    config = SimpleNamespace(rootpath=tmp_path)
    assert brought.pytest_ignore_collect(tmp_path / name, config) is None
    monkeypatch.setenv('VAURIEN_EXPLORE_TESTS', str(chosen))
    assert brought.pytest_ignore_collect(tmp_path / name, config) is ignored
