"""Registries: what can be registered, what is said where it cannot, and that order does not matter."""
import importlib.metadata
import sys

import pytest

from vaurien.errors import RegistrationError, UnknownPluginError
from vaurien.registry import Registry

MODULE = '''
class Mine:
    name = 'mine'
    options = {}

    class Inner:
        name = 'inner'
        options = {}

class Same:
    name = 'mine'
    options = {}

text = 'no class'
'''


def make(name='mine', **attributes):
    return type('Made', (), {'name': name, 'options': {}, **attributes})


@pytest.fixture
def announced():
    """What installed packages announce: pairs of name and target."""
    return []


@pytest.fixture
def registry(monkeypatch, announced):
    """A registry of its own, and beside it what the list says is installed."""
    def entry_points(group):
        return [importlib.metadata.EntryPoint(name, value, group) for name, value in announced]
    monkeypatch.setattr(importlib.metadata, 'entry_points', entry_points)
    return Registry('fault', 'vaurien.tests', lambda cls: 'it is cursed' if hasattr(cls, 'cursed') else None)


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module that can be imported."""
    (tmp_path / 'registered_module.py').write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    yield 'registered_module'
    sys.modules.pop('registered_module', None)


def test_a_class_is_found_under_its_name(registry):
    cls = make()
    assert registry.register(cls) is cls
    assert registry.get('mine') is cls
    assert registry.names() == ['mine']


def test_register_is_also_a_decorator(registry):
    @registry.register
    class Fault:
        name = 'decorated'
        options = {'sleep': ('Seconds', float, 1.0)}
    assert registry.get('decorated') is Fault


def test_names_are_sorted(registry):
    for name in ('b', 'c', 'a'):
        registry.register(make(name))
    assert registry.names() == ['a', 'b', 'c']


def test_the_same_class_may_be_registered_again(registry):
    cls = make()
    registry.register(cls)
    assert registry.register(cls) is cls


@pytest.mark.parametrize('cls, reason', [
    (make().__new__(make()), 'it is not a class'),
    ('mine', 'it is not a class'),
    (type('NoName', (), {'options': {}}), 'its name is None'),
    (make(''), "its name is ''"),
    (make(5), 'its name is 5'),
    (make('a b'), "its name is 'a b'"),
    (make('a\n'), r"its name is 'a\\n'"),
    (make('-a'), "its name is '-a'"),
    (make('a:b'), "its name is 'a:b'"),
    (make(options=[]), r'its options are \[\], expected a mapping'),
    (make(options={'x': 1}), "option 'x' must be a tuple"),
    (make(options={'x': ('X', int, 'no')}), "the default of option 'x'"),
    (make(cursed=True), 'it is cursed'),
])
def test_a_malformed_class_is_refused_with_the_reason(registry, cls, reason):
    with pytest.raises(RegistrationError, match=f'^fault .* cannot be registered: {reason}'):
        registry.register(cls)
    assert registry.names() == []


def test_a_taken_name_is_refused_and_nothing_changes(registry):
    first = registry.register(make())
    with pytest.raises(RegistrationError, match="the name 'mine' is taken by .*Made; register.cls, replace=True. replaces it"):
        registry.register(make())
    assert registry.get('mine') is first


def test_a_taken_name_can_be_replaced(registry):
    registry.register(make())
    second = registry.register(make(), replace=True)
    assert registry.get('mine') is second


def test_an_unknown_name_lists_the_known_ones(registry):
    registry.register(make('b'))
    registry.register(make('a'))
    with pytest.raises(UnknownPluginError, match="the 'c' fault does not exist, known: a, b"):
        registry.get('c')


@pytest.mark.parametrize('name', [None, 5, [], {}])
def test_a_name_that_is_no_text_is_unknown(registry, name):
    with pytest.raises(UnknownPluginError):
        registry.get(name)


@pytest.fixture
def shipped(module):
    """A registry that knows where one class is, which nothing has imported yet."""
    return Registry('fault', 'vaurien.none', lambda cls: None, own={'mine': f'{module}:Mine'})


def test_a_class_that_comes_with_the_registry_is_imported_when_it_is_asked_for(shipped, module):
    assert shipped.names() == shipped.own_names() == ['mine']
    assert module not in sys.modules
    assert shipped.get('mine') is sys.modules[module].Mine
    assert shipped.register(sys.modules[module].Mine) is shipped.get('mine')


def test_a_name_is_taken_by_a_class_that_was_not_imported_yet(shipped, module):
    with pytest.raises(RegistrationError, match=f"the name 'mine' is taken by {module}.Mine"):
        shipped.register(make())
    other = make()
    assert shipped.register(other, replace=True) is shipped.get('mine') is other


def test_a_class_that_registers_itself_where_it_is_imported_is_the_one_that_was_asked_for(shipped, module):
    __import__(module)
    cls = sys.modules[module].Mine
    shipped.register(cls)
    assert shipped.get('mine') is cls


def test_a_class_that_comes_with_the_registry_may_be_forgotten(shipped):
    shipped.unregister('mine')
    assert shipped.names() == []
    with pytest.raises(UnknownPluginError):
        shipped.get('mine')


def test_a_forgotten_class_is_unknown(registry):
    registry.register(make())
    registry.unregister('mine')
    registry.unregister('mine')
    with pytest.raises(UnknownPluginError):
        registry.get('mine')


@pytest.mark.parametrize('target', ['{}:Mine', '{}.Mine'])
def test_a_class_is_loaded_from_where_it_is(registry, module, target):
    cls = registry.load(target.format(module))
    assert cls.__name__ == 'Mine'
    assert registry.get('mine') is cls


def test_a_class_within_a_class_is_loaded(registry, module):
    assert registry.load(f'{module}:Mine.Inner').name == 'inner'


@pytest.mark.parametrize('target, reason', [
    ('no_such_module_here:Mine', 'ModuleNotFoundError'),
    ('registered_module:Other', 'AttributeError'),
    ('registered_module:', 'AttributeError'),
    ('registered_module', 'ValueError'),
    ('', 'ValueError'),
    (':Mine', 'ValueError'),
    ('.registered_module:Mine', 'TypeError'),
    ('registered_module:text', 'it is not a class'),
])
def test_what_cannot_be_loaded_is_refused_with_the_reason(registry, module, target, reason):
    with pytest.raises(RegistrationError, match=reason):
        registry.load(target)


@pytest.mark.parametrize('source', ['raise OSError("disk")', 'import sys; sys.exit(3)', 'def'])
def test_a_module_that_fails_is_refused_in_one_line(registry, tmp_path, monkeypatch, source):
    (tmp_path / 'failing_module.py').write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(RegistrationError, match='fault failing_module:Mine cannot be loaded: ') as caught:
        registry.load('failing_module:Mine')
    assert '\n' not in str(caught.value)


def test_a_class_with_another_name_than_asked_for_is_refused(registry, module):
    with pytest.raises(RegistrationError, match="registered_module:Mine cannot be registered as 'other': its name is 'mine'"):
        registry.load(f'{module}:Mine', 'other')
    assert registry.names() == []


def test_what_a_package_announces_is_known_before_it_is_loaded(registry, announced, module):
    announced.append(('mine', f'{module}:Mine'))
    assert registry.names() == ['mine']
    assert module not in sys.modules
    assert registry.get('mine').__name__ == 'Mine'


def test_what_a_package_announces_under_another_name_is_refused(registry, announced, module):
    announced.append(('yours', f'{module}:Mine'))
    with pytest.raises(RegistrationError, match="cannot be registered as 'yours'"):
        registry.get('yours')


def test_a_package_that_cannot_be_loaded_harms_nobody_else(registry, announced):
    announced.append(('broken', 'no_such_module_here:Mine'))
    other = registry.register(make('other'))
    assert registry.get('other') is other
    with pytest.raises(RegistrationError, match='fault no_such_module_here:Mine cannot be loaded'):
        registry.get('broken')


@pytest.mark.parametrize('first', ['registered', 'announced'])
def test_a_name_taken_twice_is_refused_no_matter_who_came_first(registry, announced, module, first):
    announced.append(('mine', f'{module}:Mine'))
    if first == 'registered':
        registry.register(make())
        with pytest.raises(RegistrationError, match='is taken'):
            registry.get('mine')
    else:
        registry.get('mine')
        with pytest.raises(RegistrationError, match='is taken'):
            registry.register(make())


@pytest.mark.parametrize('order', [1, -1])
def test_a_name_that_two_packages_announce_is_refused(registry, announced, module, order):
    announced.extend([('mine', f'{module}:Mine'), ('mine', f'{module}:Same')][::order])
    with pytest.raises(RegistrationError, match="Same cannot be registered: the name 'mine' is taken"):
        registry.get('mine')


def test_a_package_found_twice_is_one_package(registry, announced, module):
    announced.extend([('mine', f'{module}:Mine')] * 2)
    assert registry.get('mine').__name__ == 'Mine'


def test_what_is_announced_can_be_replaced(registry, announced, module):
    announced.append(('mine', f'{module}:Mine'))
    mine = registry.register(make(), replace=True)
    assert registry.get('mine') is mine


def test_what_is_announced_is_loaded_once_and_again_where_it_was_forgotten(registry, announced, module, monkeypatch):
    announced.append(('mine', f'{module}:Mine'))
    loaded, load = [], registry.load
    monkeypatch.setattr(registry, 'load', lambda *target: loaded.append(target) or load(*target))
    mine = registry.get('mine')
    assert (registry.get('mine'), len(loaded)) == (mine, 1)
    registry.unregister('mine')
    assert (registry.get('mine'), len(loaded)) == (mine, 2)


COMMON = {'match': ('Which', str, 'all')}


def test_options_of_a_class_are_its_own_and_those_of_its_kind_unless_it_declares_one_itself():
    registry = Registry('fault', 'vaurien.tests', lambda cls: None, COMMON)
    assert list(registry.options(make(options={'sleep': ('Seconds', float, 1.0)}))) == ['sleep', 'match']
    assert registry.options(make(options={'match': ('Where', str, 'none')}))['match'].default == 'none'
    assert registry.settle(make(), {'match': 'some'}) == {'match': 'some'}
