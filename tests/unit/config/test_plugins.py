"""Plugins that a command line or an INI file names, and those that cannot be used."""
import importlib.metadata
import os
import sys
from pathlib import Path

import pytest

from vaurien.behaviors import Behavior
from vaurien.config import configure
from vaurien.errors import RegistrationError, VaurienError
from vaurien.plugins import make_catalog
from vaurien.protocols import Protocol
from vaurien.toxics import TOXICS

from .configuring import configuration, new_folder, proxy, refused, spec  # noqa: F401 - a fixture

PLUGIN = '''
from vaurien.behaviors import Behavior
from vaurien.behaviors.dummy import Dummy


class {name}(Dummy):
    """Something of its own happens. And more."""

    name = '{lower}'
    options = {{'strength': ("Percent, up to 100%", int, 1)}}
    inline = True

    def on_before_handle(self, protocol, source, dest, to_backend):
        return True

{register}
'''


def write_plugin(module, name, register=True):
    text = PLUGIN.format(name=name, lower=name.lower(), register=f'Behavior.register({name})' if register else '')
    Path(f'{module}.py').write_text(text)


def test_a_module_of_the_current_directory_is_a_plugin():
    write_plugin('plugin_one', 'Mine')
    found = proxy('--plugin', 'plugin_one', '--behavior', '5:mine', '--behavior-mine-strength', '3')
    assert found.settings == {'mine': {'strength': 3}}
    assert sys.path[-1] == os.getcwd(), 'behind all other places'


def test_several_plugins_come_from_the_command_line_and_the_file():
    for module, name in (('plugin_a', 'A'), ('plugin_b', 'B'), ('plugin_c', 'C'), ('plugin_d', 'D')):
        write_plugin(module, name)
    found = proxy('--plugin', 'plugin_a', '--plugin=plugin_b', '--behavior', '1:a,1:b,1:c,1:d',
                  ini='[vaurien]\nplugin = plugin_c\n  plugin_d\n[behavior:d]\nstrength = 4')
    assert [entry.name for entry in found.mix] == ['a', 'b', 'c', 'd']
    assert found.settings == {'d': {'strength': 4}}


def test_a_callable_makes_a_plugin_of_a_section():
    write_plugin('plugin_two', 'Mine', register=False)
    found = proxy('--behavior', 'mine', ini='[behavior:mine]\ncallable = plugin_two:Mine\nstrength = 3')
    assert found.settings == {'mine': {'strength': 3}}


def test_a_callable_may_be_a_protocol():
    Path('plugin_three.py').write_text(
        'from vaurien.protocols.base import BaseProtocol\n\n\nclass Line(BaseProtocol):\n    name = "line"\n'
        '    options = {"end": ("Line end", str, "x")}\n\n    def _handle(self, source, dest, to_backend):\n'
        '        return False\n')
    found = proxy('--protocol', 'line', '--protocol-line-end', 'y', '--bufsize', '77',
                  ini='[protocol:line]\ncallable = plugin_three.Line')
    assert found.protocol_settings == {'end': 'y', 'buffer': 77}


@pytest.mark.parametrize('order', [1, -1])
def test_old_mistake_5_only_the_first_custom_section_of_a_file_worked(order):
    sections = []
    for name in ('First', 'Second', 'Third'):
        write_plugin(f'plugin_{name}', name, register=False)
        sections.append(f'[behavior:{name.lower()}]\ncallable = plugin_{name}:{name}\nstrength = {len(name)}\n')
    found = proxy('--behavior', '1:first,1:second,1:third', ini=''.join(sections[::order]))
    assert found.settings == {'first': {'strength': 5}, 'second': {'strength': 6}, 'third': {'strength': 5}}


def test_reading_the_same_again_gives_the_same():
    write_plugin('plugin_two', 'Mine', register=False)
    ini = '[behavior:mine]\ncallable = plugin_two:Mine\nstrength = 3'
    assert spec(ini=ini) == spec(ini=ini)


def test_a_plugins_options_are_in_the_help(capsys):
    write_plugin('plugin_one', 'Mine')
    with pytest.raises(SystemExit) as caught:
        configure(['--plugin', 'plugin_one', '--help-all'], {})
    assert caught.value.code == 0
    text = ' '.join(capsys.readouterr().out.split())
    assert 'behavior mine: Something of its own happens. --behavior-mine-strength N Percent, up to 100% (default: 1)' in text


def test_a_plugin_that_is_nowhere_is_refused():
    assert refused('--plugin', 'no_such_module_here') == (
        "--plugin: 'no_such_module_here' is not valid, expected a module that can be imported, but "
        "ModuleNotFoundError(\"No module named 'no_such_module_here'\")")


@pytest.mark.parametrize('source', ['1/0', 'raise SystemExit(0)', 'def', 'raise ValueError("a\\nb")'])
def test_a_plugin_that_fails_is_refused_in_one_line(source):
    Path('plugin_failing.py').write_text(source)
    assert refused('--plugin', 'plugin_failing').startswith("--plugin: 'plugin_failing' is not valid, expected a module")


@pytest.mark.parametrize('name', ['', '.', '.x', 'a b'])
def test_a_plugin_that_cannot_be_a_module_is_refused(name):
    if not name:
        assert spec('--plugin', name).proxies
    else:
        assert refused('--plugin', name).startswith('--plugin: ')


def test_a_plugin_that_registers_what_is_malformed_is_refused():
    Path('plugin_bad.py').write_text('from vaurien.behaviors import Behavior\nBehavior.register(int)\n')
    assert refused('--plugin', 'plugin_bad', error=RegistrationError).startswith(
        '--plugin plugin_bad: behavior int cannot be registered: its name is None')


@pytest.mark.parametrize('target, reason', [
    ('no_such_module_here:X', 'ModuleNotFoundError'),
    ('vaurien.behaviors.delay:Nothing', 'AttributeError'),
    ('vaurien.behaviors.dummy:pattern', 'it is not a class'),
    ('', 'cannot be loaded'),
])
def test_a_callable_that_cannot_be_used_is_named_with_file_and_section(target, reason):
    message = refused(ini=f'[behavior:mine]\ncallable = {target}', error=RegistrationError)
    assert message.startswith('main.ini [behavior:mine] callable: behavior ')
    assert reason in message


def test_a_callable_cannot_take_the_name_of_a_built_in():
    write_plugin('plugin_delay', 'Delay', register=False)
    message = refused(ini='[behavior:delay]\ncallable = plugin_delay:Delay', error=RegistrationError)
    assert "the name 'delay' is taken by vaurien.behaviors.delay.Delay" in message


@pytest.fixture
def broken_package(monkeypatch):
    """An installed package announces a behavior that cannot be loaded."""
    entry = importlib.metadata.EntryPoint('broken', 'no_such_module_here:X', Behavior.group)
    monkeypatch.setattr(Behavior, '_announced', None)
    monkeypatch.setattr(importlib.metadata, 'entry_points', lambda group: [entry] if group == Behavior.group else [])


def test_a_broken_package_that_nobody_asks_for_is_said_where_all_are_listed(broken_package):
    found = configuration()
    assert (found.spec, found.notes) == (spec(), ())
    catalog, (note,) = make_catalog()
    assert note.startswith('behavior no_such_module_here:X cannot be loaded: ModuleNotFoundError')
    assert 'broken' not in catalog['behavior']


def test_what_is_installed_is_looked_at_only_for_a_name_that_is_not_known(monkeypatch):
    looked = []
    monkeypatch.setattr(importlib.metadata, 'entry_points', lambda group: looked.append(group) or [])
    for registry in (Behavior, Protocol, TOXICS):
        monkeypatch.setattr(registry, '_announced', None)
    argv = ('--behavior', '20:delay', '--behavior-delay-sleep', '2', '--protocol', 'redis', '--toxic', 'latency:latency=1')
    assert configuration(*argv).spec.proxies[0].settings == {'delay': {'sleep': 2.0}}
    assert looked == []
    refused('--behavior', '10:unknown')
    assert looked == [Behavior.group]


def test_a_package_that_announces_a_name_of_vaurien_overrides_nothing_and_is_named_where_all_are_listed(monkeypatch):
    write_plugin('plugin_delay', 'Delay', register=False)
    monkeypatch.syspath_prepend(os.getcwd())
    entry = importlib.metadata.EntryPoint('delay', 'plugin_delay:Delay', Behavior.group)
    monkeypatch.setattr(Behavior, '_announced', None)
    monkeypatch.setattr(importlib.metadata, 'entry_points', lambda group: [entry] if group == Behavior.group else [])
    assert Behavior.get('delay').__module__ == 'vaurien.behaviors.delay'
    catalog, (note,) = make_catalog()
    assert "the name 'delay' is taken by vaurien.behaviors.delay.Delay" in note
    assert catalog['behavior']['delay'].options['sleep'].default == 1.0


def test_a_broken_package_that_somebody_asks_for_is_an_error(broken_package):
    assert 'cannot be loaded' in refused('--behavior', '10:broken', error=VaurienError)
