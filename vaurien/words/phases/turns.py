"""The phases of a scenario one after the other, each under its name, and what holds in them, in words. Knows no proxy."""
from collections.abc import Callable
from typing import Any, TypeVar

from msgspec import UNSET

from ...errors import ConfigError
from .model import MAX_PLAYED, Conditions, Phase, Ramp, Scenario

T = TypeVar('T')


def in_order(scenario: Scenario, label: str, make: Callable[[Phase, str, str], T], named: Callable[[T, str], T]) -> list[T]:
    """Return all that is played, repeats counted.

    Args:
        scenario: The scenario.
        label: How the user knows it.
        make: Makes what is played of a phase, its name, and where it stands; called once for each phase of the file.
        named: Gives that another name.

    Raises:
        ConfigError: There is too much of it.
    """
    found: list[tuple[str, T]] = []
    for number, phase in enumerate(scenario.phase, 1):
        name = f'phase {number}' if phase.name is UNSET else str(phase.name)
        where = f'{label} [[phase]] {number}' + ('' if phase.name is UNSET else f' ({name})')
        made = make(phase, name, where)
        if phase.repeat > MAX_PLAYED:
            raise ConfigError(f'{where} repeat', phase.repeat, f'at most {MAX_PLAYED} phases in all')
        found += [(name, made)] if phase.repeat == 1 else ((f'{name} {turn}', made) for turn in range(1, phase.repeat + 1))
        if len(found) * scenario.repeat > MAX_PLAYED:
            raise ConfigError(f'{label} repeat', scenario.repeat, f'at most {MAX_PLAYED} phases in all')
    if scenario.repeat > 1:
        found = [(f'{name} #{turn}', made) for turn in range(1, scenario.repeat + 1) for name, made in found]
    return [named(made, name) for name, made in found]


def progress_of(phase: Phase) -> list[float]:
    """Return how far the ramps of a phase are in each of its steps, 0 to 1; one step where there are none."""
    ramps = any(layer.ramp != Ramp() for layer in (phase, *phase.on.values()))
    count = phase.steps if ramps else 1
    return [number / max(1, count - 1) for number in range(count)]


def summary(phase: Phase) -> str:
    """Say in a line what holds in a phase."""
    planned = f'a plan of {len(phase.plan)}' if phase.plan else ''
    own = ', '.join(filter(None, (conditions_in_words(phase), planned)))
    found = [own, *(f'{name}: {conditions_in_words(part)}' for name, part in phase.on.items())]
    return '; '.join(filter(None, found)) or 'as it was before'


def conditions_in_words(found: Conditions) -> str:
    """Say in a few words what holds."""
    words = []
    if found.down is not UNSET:
        words.append({False: 'up', 'hang': 'hangs'}.get(found.down, 'down'))
    if found.mix is not UNSET:
        words.append(f'mix {found.mix}' if isinstance(found.mix, str) else 'a mix')
    if found.link is not UNSET:
        words.append(f'link {found.link}')
    if found.toxics is not UNSET:
        words.append('toxics ' + (', '.join(toxic if isinstance(toxic, str) else toxic.type for toxic in found.toxics) or 'none'))
    ramps: dict[str, Any] = {**found.ramp.mix, **found.ramp.toxics, **found.ramp.settings}
    words += [f'ramp of {name}' for name in ramps]
    words += [f'settings of {name}' for name in found.settings]
    return ', '.join(words)
