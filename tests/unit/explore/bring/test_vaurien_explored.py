"""The plugin that explore brings into other programs: what it says, and that it stands in nobody's way."""
import contextlib
import json
import os
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.peers import Backend
from vaurien.explore.bring import vaurien_explored as brought


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / 'told')


def take(heard, sock):
    """Take lines in, and answer each but for ``go``, at which the connection ends."""
    with sock.makefile('rb') as file:
        for line in file:
            heard.append(json.loads(line))
            if heard[-1]['do'] == 'go':
                return
            sock.sendall(json.dumps({'environ': {'EXPLORED': str(len(heard))}}).encode() + b'\n')


@contextlib.contextmanager
def told(path):
    """Give a connection, and what is said on it."""
    heard = []
    with Backend(partial(take, heard), path):
        one = brought.Told(path)
        yield one, heard
        if one._file is not None:
            one._file.close()
            one._sock.close()


def test_what_is_said_is_taken_in_when_it_returns_and_nothing_is_lost_at_the_end(path):
    with told(path) as (one, heard):
        assert one.say(do='begin', test='a') == {'environ': {'EXPLORED': '1'}}
        assert heard == [{'do': 'begin', 'test': 'a'}]
        assert one.say(do='go') == {}
        assert one.say(do='end') == {}


def test_nobody_is_told_where_nobody_listens(path, monkeypatch):
    assert brought.Told('').say(do='begin') == {}
    monkeypatch.setattr(brought, 'PATH', path)
    assert brought.connect().say(do='begin') == {}


def test_a_process_made_by_fork_says_nothing(path, monkeypatch):
    with told(path) as (one, heard):
        monkeypatch.setattr(os, 'getpid', lambda: one._pid + 1)
        assert one.say(do='begin') == {}
        assert heard == []


def test_addresses_are_taken_over_when_it_connects(path, monkeypatch):
    heard = []
    monkeypatch.setattr(brought, 'PATH', path)
    monkeypatch.setenv('EXPLORED', '')
    with Backend(partial(take, heard), path):
        one = brought.connect()
        assert os.environ['EXPLORED'] == '1'
        assert [message['do'] for message in heard] == ['hello']
        one._file.close()
        one._sock.close()


def caused(error, cause):
    error.__cause__ = cause
    return error


def firsts(error):
    return [types[0] for types in brought.chain(error)]


def test_the_chain_has_causes_contexts_and_groups_with_their_bases_each_once():
    group = ExceptionGroup('both', [ValueError('a'), KeyError('b')])
    error = caused(TypeError('out'), group)
    assert firsts(error) == ['builtins.TypeError', 'builtins.ExceptionGroup', 'builtins.ValueError', 'builtins.KeyError']
    assert brought.chain(KeyError('x'))[0] == ['builtins.KeyError', 'builtins.LookupError', 'builtins.Exception']
    group.__cause__ = error     # a circle
    assert len(firsts(error)) == 4


def test_a_chain_without_end_is_cut():
    error = ValueError('first')
    for _ in range(2 * brought.MAX_TYPES):
        error = caused(ValueError('next'), error)
    assert len(firsts(error)) == brought.MAX_TYPES


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
