"""Toxics as a user writes them: ``latency@upstream~0.3:latency=100,jitter=20``, or a section ``[toxic:NAME]``.

Makes specs. Knows no proxy, and nothing that works on a wire.
"""
from collections.abc import Mapping

from ..errors import ConfigError, UnknownPluginError
from ..options import Given, as_data, convert, known
from ..spec import ToxicSpec
from ..toxics import TOXICS
from ..words.toxics import COMMON, parts_of
from .files import Section


def read_toxic(text: str, label: str) -> ToxicSpec:
    """Read a toxic of the command line; it has no name yet.

    Args:
        text: What was written.
        label: The flag or key that it was written after.

    Raises:
        ConfigError: It is not of that form, names no toxic, or a value does not fit.
    """
    parts = parts_of(text, label)
    given = {name: Given(value, f'{label} {name}') for name, value in {**parts.common, **parts.attributes}.items()}
    return make_toxic(Given(parts.type, label), given)


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
