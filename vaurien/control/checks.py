"""Checks of what bodies say about plugins, in the words of a body. Knows the registries, and neither HTTP nor the fleet.

A spec is checked again, and completely, by the proxy that is to become it; here a mistake is found by its key.
"""
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..behaviors import Behavior
from ..errors import ConfigError, UnknownPluginError
from ..mix import check_entries
from ..options import as_data
from ..protocols import Protocol
from ..registry import NAME, NAME_FORM
from ..spec import BehaviorSpec
from ..toxics import TOXICS


def check_name(name: str) -> None:
    """Refuse a name that is awkward in a path, a log or a metric.

    Raises:
        ConfigError: It is one.
    """
    if not NAME.match(name):
        raise ConfigError('name', name, NAME_FORM)


def check_entry(entry: BehaviorSpec, label: Callable[[str], str] = str) -> None:
    """Refuse an entry of a mix that names no behavior, or settings that it does not take.

    Args:
        entry: The entry.
        label: Makes of an option's name the key of the body.

    Raises:
        UnknownPluginError: There is no such behavior.
        ConfigError: An option is not known, or a value does not fit.
    """
    Behavior.settle(Behavior.get(entry.name), entry.settings, label)


def check_mix(mix: Iterable[BehaviorSpec]) -> None:
    """Check all entries of a mix; as ``check_entry``."""
    mix = tuple(mix)
    check_entries(len(mix))
    for index, entry in enumerate(mix):
        with named(f'mix[{index}].name'):
            check_entry(entry, below(f'mix[{index}].settings'))


def check_settings(settings: Mapping[str, Mapping[str, Any]]) -> None:
    """Check settings by behavior and option; as ``check_entry``."""
    for name, values in settings.items():
        with named(f'settings.{name}'):
            check_entry(BehaviorSpec(name=name, settings=dict(values)), below(f'settings.{name}'))


def below(key: str) -> Callable[[str], str]:
    """Return what makes of an option's name the key of the body that it stands at."""
    return lambda option: f'{key}.{option}'


@contextmanager
def named(key: str) -> Iterator[None]:
    """Say of a plugin that is not known by which key it was asked for."""
    try:
        yield
    except UnknownPluginError as error:
        error.option = key
        raise


def check_protocol(name: str, settings: Mapping[str, Any]) -> None:
    """Refuse a protocol that does not exist, or settings that it does not take.

    Raises:
        UnknownPluginError: There is no such protocol.
        ConfigError: An option is not known, or a value does not fit.
    """
    Protocol.settle(Protocol.get(name), settings, below('protocol_settings'))


def check_attributes(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes given for a toxic as values of their types.

    Raises:
        UnknownPluginError: There is no such toxic.
        ConfigError: It has no such attribute, or a value does not fit.
    """
    with named('type'):
        cls = TOXICS.get(kind)
    settled = TOXICS.settle(cls, given, below('attributes'))
    return {name: as_data(settled[name], value) for name, value in given.items()}
