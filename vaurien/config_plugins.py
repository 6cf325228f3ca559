"""Which plugins there are for a command line and an INI file. Makes no spec; converts no value."""
import importlib
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .arguments import Catalog, Plugin, Values
from .behaviors import Behavior
from .behaviors.base import all_options
from .chaos import protocol_options
from .errors import ConfigError, RegistrationError
from .ini import NOTHING, Sections
from .options import Option, read_lines
from .protocols import Protocol
from .registry import ANYTHING, Registry


class Kind(NamedTuple):
    """A kind of plugin: its registry, and what makes a class's options."""

    registry: Registry[Any]
    options: Callable[[Any], Mapping[str, Option]]


KINDS = {'behavior': Kind(Behavior, all_options), 'protocol': Kind(Protocol, protocol_options)}


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
        target = values.pop('callable', None) if kind in KINDS else None
        if target:
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


def register(registry: Registry[Any], target: str, name: str, label: str) -> None:
    """Register the class of a ``callable``, under the name of its section."""
    search_here()
    try:
        registry.load(target, name)
    except RegistrationError as error:
        raise RegistrationError(f'{label}: {error}') from error


def search_here() -> None:
    """Let modules be found in the current directory, behind all other places."""
    here = os.getcwd()
    if not {'', here} & set(sys.path):
        sys.path.append(here)


def make_catalog() -> tuple[Catalog, list[str]]:
    """List the plugins with their options. What cannot be loaded is left out; the second value says why."""
    notes: list[str] = []
    catalog: dict[str, dict[str, Plugin]] = {kind: {} for kind in KINDS}
    for kind, (registry, options) in KINDS.items():
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
