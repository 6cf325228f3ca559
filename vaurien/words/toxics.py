"""Toxics as a user writes them, taken apart: ``latency@upstream~0.3:latency=100,jitter=20``. Knows no toxic."""
import re
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from ..errors import ConfigError
from ..links import STREAMS
from ..options import Bounded, Option, convert
from ..spec import ToxicSpec

TOXIC = 'NAME[@STREAM][~TOXICITY][:ATTRIBUTE=VALUE,...], such as latency@upstream~0.3:latency=100'
WRITTEN = re.compile(r'(?P<type>[^@~:=,]+)(?:@(?P<stream>[^~:]*))?(?:~(?P<toxicity>[^:]*))?(?::(?P<attributes>.*))?', re.DOTALL)
#: what can be said of every toxic; all else are attributes
COMMON = {
    'stream': Option("downstream: from the backend to the client; upstream: the other way", str, STREAMS[0], STREAMS),
    'toxicity': Option("The share of the sessions that it is active in, 0 to 1", Bounded(float, 0, 1), 1.0),
}


class Parts(NamedTuple):
    """A toxic that was taken apart; all values are texts.

    Args:
        type: Which one.
        common: What ``COMMON`` has, as far as it was written.
        attributes: The others.
    """

    type: str
    common: dict[str, str]
    attributes: dict[str, str]


def parts_of(text: str, label: str) -> Parts:
    """Take a toxic apart.

    Args:
        text: What was written.
        label: The flag or key that it was written after.

    Raises:
        ConfigError: It is not of that form.
    """
    found = WRITTEN.fullmatch(text)
    pairs = [pair.partition('=') for pair in (found['attributes'] or '').split(',')] if found else []
    if pairs == [('', '', '')]:
        pairs = []
    names = [name for name, equals, _ in pairs if name and equals]
    if not found or len(set(names)) < len(pairs) or COMMON.keys() & set(names):
        raise ConfigError(label, text, TOXIC)
    common = {name: found[name] for name in COMMON if found[name] is not None}
    return Parts(found['type'], common, {name: value for name, _, value in pairs})


def unchecked_toxic(text: str, label: str) -> ToxicSpec:
    """Read a toxic of which it is not known what there is: who applies it finds out whether its attributes fit.

    Raises:
        ConfigError: It is not of that form, or its stream or toxicity does not fit.
    """
    parts = parts_of(text, label)
    common = {name: convert(f'{label} {name}', COMMON[name], value) for name, value in parts.common.items()}
    return ToxicSpec(type=parts.type, attributes=dict(parts.attributes), **common)


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
