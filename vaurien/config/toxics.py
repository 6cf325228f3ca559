"""Toxics as a user writes them: ``latency@upstream~0.3:latency=100,jitter=20``, or a section ``[toxic:NAME]``.

Makes specs. Knows no proxy, and nothing that works on a wire.
"""
import re
from collections.abc import Iterable, Mapping

import msgspec

from ..errors import ConfigError, UnknownPluginError
from ..links import STREAMS
from ..options import Bounded, Given, Option, as_data, convert, known
from ..spec import ToxicSpec
from ..toxics import TOXICS
from .files import Section
from .settings import TOXIC

WRITTEN = re.compile(r'(?P<type>[^@~:=,]+)(?:@(?P<stream>[^~:]*))?(?:~(?P<toxicity>[^:]*))?(?::(?P<attributes>.*))?', re.DOTALL)
#: what can be said of every toxic; all else are attributes
COMMON = {
    'stream': Option("downstream: from the backend to the client; upstream: the other way", str, STREAMS[0], STREAMS),
    'toxicity': Option("The share of the sessions that it is active in, 0 to 1", Bounded(float, 0, 1), 1.0),
}


def read_toxic(text: str, label: str) -> ToxicSpec:
    """Read a toxic of the command line; it has no name yet.

    Args:
        text: What was written.
        label: The flag or key that it was written after.

    Raises:
        ConfigError: It is not of that form, names no toxic, or a value does not fit.
    """
    found = WRITTEN.fullmatch(text)
    pairs = [pair.partition('=') for pair in (found['attributes'] or '').split(',')] if found else []
    if pairs == [('', '', '')]:
        pairs = []
    names = [name for name, equals, _ in pairs if name and equals]
    if not found or len(set(names)) < len(pairs) or COMMON.keys() & set(names):
        raise ConfigError(label, text, TOXIC)
    common = {name: found[name] for name in COMMON if found[name] is not None}
    given = {name: Given(value, f'{label} {name}') for name, value in (*common.items(), *((n, v) for n, _, v in pairs))}
    return make_toxic(Given(found['type'], label), given)


def read_section(name: str, values: Section) -> ToxicSpec:
    """Read a section ``[toxic:NAME]``; without ``type`` its name is the type.

    Raises:
        ConfigError: As for ``read_toxic``.
    """
    where = next((given.label.rpartition(' ')[0] for given in values.values()), f'[toxic:{name}]')
    kind = values.get('type', Given(name, f'{where} type'))
    return make_toxic(kind, {key: given for key, given in values.items() if key != 'type'}, name)


def make_toxic(kind: Given, values: Mapping[str, Given], name: str = '') -> ToxicSpec:
    """Make a spec of what was given.

    Args:
        kind: The type.
        values: Attributes, and what ``COMMON`` has.
        name: How it is called; empty: it has no name yet.

    Raises:
        ConfigError: There is no such type, it has no such attribute, or a value does not fit.
    """
    try:
        options = {**TOXICS.options(TOXICS.get(str(kind.value))), **COMMON}
    except UnknownPluginError as error:
        raise ConfigError(kind.label, kind.value, error.reason) from None
    settled = {}
    for key, given in values.items():
        if key not in options:
            raise ConfigError(given.label.rpartition(' ')[0], key, known(key, options))
        settled[key] = as_data(convert(given.label, options[key], given.value), given.value)
    own = {key: settled.pop(key) for key in COMMON if key in settled}
    return ToxicSpec(type=str(kind.value), name=name, attributes=settled, **own)


def with_names(toxics: Iterable[ToxicSpec], label: str) -> tuple[ToxicSpec, ...]:
    """Give those without a name the one of their type and stream, with a number from the second one on.

    Args:
        toxics: The toxics of one proxy.
        label: The flag or key that the last of them were written after.

    Raises:
        ConfigError: Two were given the same name.
    """
    toxics, taken = list(toxics), set()
    for toxic in toxics:
        if toxic.name and toxic.name in taken:
            raise ConfigError(label, toxic.name, 'each toxic once, and names that no other one has')
        taken.add(toxic.name)
    return tuple(toxic if toxic.name else msgspec.structs.replace(toxic, name=free_name(toxic, taken)) for toxic in toxics)


def free_name(toxic: ToxicSpec, taken: set[str]) -> str:
    """Find a name for a toxic, and take it."""
    first = name = toxic.named().name
    number = 1
    while name in taken:
        number += 1
        name = f'{first}_{number}'
    taken.add(name)
    return name
