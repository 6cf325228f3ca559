"""What explore brings into other programs: what it says, and that it stands in nobody's way."""
import contextlib
import json
import os
from functools import partial
from types import SimpleNamespace

import pytest

from tests.support.peers import Backend
from vaurien.explore.bring import vaurien_told as brought


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


@pytest.mark.parametrize('some', [True, False])
def test_what_nothing_can_reach_is_collected_before_the_end_where_connections_are_open(some, monkeypatch):
    said, collected = [], []
    monkeypatch.setattr(brought.gc, 'collect', lambda: collected.append(True))
    one = SimpleNamespace(say=lambda **message: said.append(message) or {'open': some})
    brought.end(one, test='a')
    assert [message['do'] for message in said] == ['ending', 'end']
    assert bool(collected) == some


def test_what_ends_threads_is_noted_and_goes_on_to_who_hears_of_it():
    now, heard = brought.Now(), []
    ended = SimpleNamespace(exc_value=ConnectionResetError())
    now.of_thread(heard.append, ended)
    now.of_thread(heard.append, SimpleNamespace(exc_value=None))
    assert [types[0] for types in now.threads] == ['builtins.ConnectionResetError']
    assert heard[0] is ended
    assert len(heard) == 2
    assert brought.Now.threads == []
