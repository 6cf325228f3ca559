"""Which plugins there are for a command line and an INI file. Makes no spec; converts no value."""
import importlib
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..behaviors import Behavior
from ..behaviors.base import all_options
from ..errors import ConfigError, RegistrationError
from ..options import Given, Option, normalize, read_lines
from ..protocols import Protocol
from ..registry import ANYTHING, Registry
from ..relay.chaos import protocol_options
from ..toxics import Toxic
from .arguments import Catalog, Plugin, Values
from .ini import NOTHING, Sections


class Kind(NamedTuple):
    """A kind of plugin: its registry, and what makes a class's options."""

    registry: Registry[Any]
    options: Callable[[Any], Mapping[str, Option]]


#: those whose options have flags
KINDS = {'behavior': Kind(Behavior, all_options), 'protocol': Kind(Protocol, protocol_options)}
ALL = {**KINDS, 'toxic': Kind(Toxic, lambda cls: normalize(cls.options))}


def load_plugins(line: Values, sections: Sections) -> None:
    """Import the modules of ``plugin``, and register the classes of ``callable``.

    Raises:
        ConfigError: A module cannot be imported.
        RegistrationError: A class cannot be registered.
    """
    for values in (line, sections.get('vaurien', {})):
        given = values.get('plugin', NOTHING)
        for module in read_lines(str(given.value)):
            import_plugin(module, given.label)
    for section, values in sections.items():
        kind, _, name = section.partition(':')
        target = values.pop('callable', None) if kind in ALL else None
        if target and kind == 'toxic':  # the section's name is that of one toxic; ``type`` is the class's
            wanted = str(values['type'].value) if 'type' in values else None
            values['type'] = Given(register(Toxic, str(target.value), wanted, target.label), target.label)
        elif target:
            register(KINDS[kind].registry, str(target.value), name, target.label)


def import_plugin(module: str, label: str) -> None:
    """Import a module that registers plugins, from the current directory if it is nowhere else."""
    search_here()
    try:
        importlib.import_module(module)
    except RegistrationError as error:
        raise RegistrationError(f'{label} {module}: {error}') from error
    except ANYTHING as error:
        raise ConfigError(label, module, f'a module that can be imported, but {error!r}') from error


def register(registry: Registry[Any], target: str, name: str | None, label: str) -> str:
    """Register the class of a ``callable``, and return its name.

    Args:
        registry: Where.
        target: The class.
        name: The name that it must have; None: any.
        label: How the user knows the ``callable``.

    Raises:
        RegistrationError: It cannot be registered.
    """
    search_here()
    try:
        return str(registry.load(target, name).name)
    except RegistrationError as error:
        raise RegistrationError(f'{label}: {error}') from error


def search_here() -> None:
    """Let modules be found in the current directory, behind all other places."""
    here = os.getcwd()
    if not {'', here} & set(sys.path):
        sys.path.append(here)


def make_catalog(kinds: Mapping[str, Kind] = KINDS) -> tuple[Catalog, list[str]]:
    """List the plugins of some kinds with their options. What cannot be loaded is left out; the second value says why."""
    notes: list[str] = []
    catalog: dict[str, dict[str, Plugin]] = {kind: {} for kind in kinds}
    for kind, (registry, options) in kinds.items():
        for name in registry.names():
            try:
                cls = registry.get(name)
            except RegistrationError as error:
                notes.append(str(error))
            else:
                catalog[kind][name] = Plugin(summary(cls), dict(options(cls)))
    return catalog, notes


def summary(cls: type) -> str:
    """Return the first sentence of a class's own docstring; empty: it has none."""
    paragraph = ' '.join((cls.__doc__ or '').strip().split('\n\n')[0].split())
    return paragraph.partition('. ')[0].removesuffix('.') + '.' if paragraph else ''
