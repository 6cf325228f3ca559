"""From what holds to what a proxy becomes: a spec made of the one that it had before. Knows specs, and no proxy."""
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from ...errors import ConfigError
from ...links import LINKS, STREAMS, make_link
from ...options import known
from ...spec import BehaviorSpec, ProxySpec, ToxicSpec, read_mix
from ..toxics import unchecked_toxic, with_names
from .model import Conditions, Phase, Ramp

Read = Callable[[str, str], ToxicSpec]  #: reads a toxic that is written as a text; the second one is how the user knows it
#: of a proxy, what a phase may change
CHANGED = ('mix', 'settings', 'toxics', 'enabled')
DOWN = 'down'   #: what the toxics are called that let a backend hang; with their stream


def in_phase(before: ProxySpec, phase: Phase, progress: float, where: str, read: Read = unchecked_toxic) -> ProxySpec:
    """Make what a proxy is in a phase; arguments and errors as for ``become``."""
    own = phase.on.get(before.name)
    if own is None:
        return become(before, [phase], progress, where, read)
    return become(before, [phase, own], progress, f'{where} on.{before.name}', read)


def become(before: ProxySpec, layers: Sequence[Conditions], progress: float, where: str,
           read: Read = unchecked_toxic) -> ProxySpec:
    """Make what a proxy is while some conditions hold.

    Args:
        before: What it was before the scenario.
        layers: What holds; the later ones win.
        progress: How far ramps are, 0 to 1.
        where: Where the conditions stand, for messages.
        read: Reads toxics that are written as texts.

    Raises:
        ConfigError: A mix, a toxic or a link cannot be read, or a ramp is of something that there is twice.
    """
    found, down = before, ''
    for layer in layers:
        found = with_conditions(found, layer, where, read)
        down = down if layer.down is UNSET else 'hang' if layer.down == 'hang' else 'refuse' if layer.down else ''
    for layer in layers:
        found = ramped(found, layer.ramp, progress, where)
    if down == 'hang':
        hanging = (ToxicSpec(type='timeout', name=f'{DOWN}_{stream}', stream=stream) for stream in STREAMS)
        return msgspec.structs.replace(found, toxics=(*found.toxics, *hanging))
    return msgspec.structs.replace(found, enabled=False) if down else found


def is_down(spec: ProxySpec) -> bool:
    """Return whether a proxy lets its backend be down."""
    return not spec.enabled or any(toxic.name.startswith(f'{DOWN}_') for toxic in spec.toxics)


def with_conditions(spec: ProxySpec, layer: Conditions, where: str, read: Read) -> ProxySpec:
    """Return a spec to which what holds was applied, without ramps."""
    fields: dict[str, Any] = {'settings': merged(spec.settings, layer.settings)}
    if layer.mix is not UNSET:
        fields['mix'] = mix_of(layer.mix, f'{where} mix')
    if layer.toxics is not UNSET or layer.link is not UNSET:
        fields['toxics'] = wire_of(layer.toxics, layer.link, where, read)
    return msgspec.structs.replace(spec, **fields)


def mix_of(given: str | Sequence[BehaviorSpec], label: str) -> tuple[BehaviorSpec, ...]:
    """Read a mix."""
    if not isinstance(given, str):
        return tuple(given)
    try:
        return read_mix(given)
    except ConfigError as error:
        raise ConfigError(label, error.value, error.reason) from None


def wire_of(given: 'Iterable[str | ToxicSpec] | UnsetType', link: str | UnsetType, where: str,
            read: Read) -> tuple[ToxicSpec, ...]:
    """Read what the wire is like: the toxics of a link, and those that are named."""
    found: list[ToxicSpec] = []
    if link is not UNSET:
        if link not in LINKS:
            raise ConfigError(f'{where} link', link, known(str(link), LINKS))
        found += (ToxicSpec(**toxic) for toxic in make_link(str(link)))
    for toxic in () if isinstance(given, UnsetType) else given:
        found.append(read(toxic, f'{where} toxics') if isinstance(toxic, str) else toxic)
    return with_names(found, f'{where} toxics')


def merged(settings: Mapping[str, Mapping[str, Any]], more: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return settings with others added; those win, option by option."""
    return {name: {**settings.get(name, {}), **more.get(name, {})} for name in {**settings, **more}}


# -- ramps

def between(pair: Sequence[float], progress: float) -> float:
    """Return the number at a place between two; an integer where both are."""
    value = pair[0] + (pair[1] - pair[0]) * progress
    return round(value) if all(isinstance(end, int) for end in pair) else value


def ramped(spec: ProxySpec, ramp: Ramp, progress: float, where: str) -> ProxySpec:
    """Return a spec with the values that ramps have at a moment."""
    # what is missing to 100 is dummy: where it is said it would leave no room
    mix = [entry for entry in spec.mix if not ramp.mix or entry.name != 'dummy' or 'dummy' in ramp.mix]
    toxics = list(spec.toxics)
    for name, pair in ramp.mix.items():
        entry = BehaviorSpec(name=name, percent=bounded_percent(between([float(end) for end in pair], progress), where, name))
        put(mix, [at for at, other in enumerate(mix) if other.name == name], f'{where} ramp.mix', name, entry, keep='settings')
    for name, attributes in ramp.toxics.items():
        values = {key: between(pair, progress) for key, pair in attributes.items()}
        there = [at for at, toxic in enumerate(toxics) if toxic.name == name] or \
            [at for at, toxic in enumerate(toxics) if toxic.type == name]
        old = toxics[there[0]] if there else ToxicSpec(type=name).named()
        new = msgspec.structs.replace(old, attributes={**old.attributes, **values})
        put(toxics, there, f'{where} ramp.toxics', name, new)
    options = {name: {key: between(pair, progress) for key, pair in pairs.items()} for name, pairs in ramp.settings.items()}
    return msgspec.structs.replace(spec, mix=tuple(mix), toxics=tuple(toxics), settings=merged(spec.settings, options))


def bounded_percent(percent: float, where: str, name: str) -> float:
    """Return a percentage that is one."""
    if not 0 <= percent <= 100:
        raise ConfigError(f'{where} ramp.mix.{name}', percent, 'percentages from 0 to 100')
    return percent


def put(items: list[Any], there: Sequence[int], label: str, name: str, new: Any, keep: str = '') -> None:
    """Put an item in the place of the one that a ramp means, or at the end.

    Raises:
        ConfigError: There are several.
    """
    if len(there) > 1:
        raise ConfigError(label, name, 'a name that one of them has; there are several')
    if not there:
        items.append(new)
    else:
        old = items[there[0]]
        items[there[0]] = msgspec.structs.replace(new, **{keep: getattr(old, keep)}) if keep else new
