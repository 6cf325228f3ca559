"""Loads the plugins that a command line and an INI file name. Makes no spec; converts no value."""
import importlib
import os
import sys
from typing import Any

from ..errors import ConfigError, RegistrationError
from ..options import Given, read_lines
from ..plugins import KINDS
from ..registry import RAISED, Registry, words
from .arguments import Values
from .files import NOT_GIVEN, Sections


def load_plugins(line: Values, sections: Sections) -> None:
    """Import the modules of ``plugin``, and register the classes of ``callable``.

    Raises:
        ConfigError: A module cannot be imported.
        RegistrationError: A class cannot be registered.
    """
    for values in (line, sections.get('vaurien', {})):
        given = values.get('plugin', NOT_GIVEN)
        for module in read_lines(str(given.value)):
            import_plugin(module, given.label)
    for section, values in sections.items():
        kind, _, name = section.partition(':')
        target = values.pop('callable', None) if kind in KINDS else None
        if not target:
            continue
        registry, has_flags = KINDS[kind]
        if has_flags:
            register(registry, str(target.value), name, target.label)
        else:   # the section's name is that of one toxic; ``type`` is the class's
            wanted = str(values['type'].value) if 'type' in values else None
            values['type'] = Given(register(registry, str(target.value), wanted, target.label), target.label)


def import_plugin(module: str, label: str) -> None:
    """Import a module that registers plugins, from the current directory if it is nowhere else."""
    search_here()
    try:
        importlib.import_module(module)
    except RegistrationError as error:
        raise RegistrationError(f'{label} {module}: {error}') from error
    except KeyboardInterrupt:
        raise
    except RAISED as error:
        raise ConfigError(label, module, f'a module that can be imported, but {words(error)}') from error


def register(registry: Registry[Any], target: str, name: str | None, label: str) -> str:
    """Register the class of a ``callable``, and return its name.

    Args:
        registry: Where.
        target: The class.
        name: The name that it is to have; None: its own.
        label: How the user knows the ``callable``.

    Raises:
        RegistrationError: It cannot be registered.
    """
    search_here()
    try:
        return str((registry.load(target) if name is None else registry.load_as(target, name)).name)
    except RegistrationError as error:
        raise RegistrationError(f'{label}: {error}') from error


def search_here() -> None:
    """Let modules be found in the current directory, after all other places."""
    here = os.getcwd()
    if not {'', here} & set(sys.path):
        sys.path.append(here)
