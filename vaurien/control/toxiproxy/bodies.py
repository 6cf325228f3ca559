"""Bodies of Toxiproxy's API, read and checked as Toxiproxy does, with its words for mistakes. Knows registries, and no proxy."""
from collections.abc import Callable
from typing import Any

import falcon

from ...errors import ConfigError, RegistrationError, UnknownPluginError
from ...net.breath import Breath
from ...spec import MAX_PROXIES, read_mix
from ...toxics import TOXICS, Toxic
from .. import checks
from ..surface import read_body
from .gojson import GoError, Object, Struct, read, word
from .replies import ApiError, bad_body, missing
from .toxics import attributes_struct

EXTRAS = {'protocol': 'string', 'behavior': 'string'}   #: what only vaurien has, in the body of a proxy
PROXY = {'name': 'string', 'listen': 'string', 'upstream': 'string', 'enabled': 'bool', **EXTRAS}
NEW_PROXY = Struct('Proxy', PROXY, 'toxiproxy.Proxy')
POPULATED = Struct('', PROXY, '[]struct { toxiproxy.Proxy; Enabled *bool "json:\\"enabled\\"" }')
NEW_TOXIC = Struct('ToxicWrapper', {'attributes': 'object toxics.NoopToxic', 'name': 'string', 'type': 'string',
                                    'stream': 'string', 'toxicity': 'float32'}, 'toxics.ToxicWrapper')
CHANGED_TOXIC = Struct('', {'attributes': 'object struct', 'toxicity': 'float32'},
                       'struct { Attributes interface {} "json:\\"attributes\\""; Toxicity float32 "json:\\"toxicity\\"" }')


def body_of(request: falcon.Request) -> Any:
    """Read the first JSON value of a body.

    Raises:
        ApiError: There is none.
    """
    try:
        return read(read_body(request), Breath())
    except GoError as error:
        raise bad_body(error) from None


def fields_of(struct: Struct, value: Any) -> dict[str, Any]:
    """Read fields from a body.

    Raises:
        ApiError: One of them is of another type.
    """
    try:
        return struct.fill(value)
    except GoError as error:
        raise bad_body(error) from None


def extras_of(given: dict[str, Any]) -> dict[str, Any]:
    """Make fields of a spec of what only vaurien has.

    Raises:
        ApiError: It does not fit.
    """
    extras: dict[str, Any] = {}
    try:
        if 'protocol' in given:
            checks.check_protocol(given['protocol'], {})
            extras['protocol'] = given['protocol']
        if 'behavior' in given:
            extras['mix'] = read_mix(given['behavior'])
            checks.check_mix(extras['mix'])
    except (ConfigError, RegistrationError) as error:
        raise bad_body(error) from None
    return extras


def entries_of(value: Any, breathe: Callable[[], None]) -> list[dict[str, Any]]:
    """Read the proxies of a list, and check all of them before anything is done.

    Args:
        value: The list.
        breathe: Called now and then, as a long one takes its time.

    Raises:
        ApiError: It is no list, an entry does not fit, or there are too many.
    """
    if not isinstance(value, list | None):
        raise bad_body(f'json: cannot unmarshal {word(value)} into Go value of type {POPULATED.full}')
    if len(value or ()) > MAX_PROXIES:
        raise bad_body(f'{len(value or ())} proxies, expected at most {MAX_PROXIES}')
    entries = []
    for entry in value or ():
        breathe()
        entries.append(fields_of(POPULATED, entry))
    for number, entry in enumerate(entries, 1):
        for field in ('name', 'upstream'):
            if not entry.get(field):
                raise missing(f'{field} at proxy {number}')
    return entries


def toxic_class(kind: str) -> type[Toxic]:
    """Return the class of a toxic.

    Raises:
        ApiError: There is none.
    """
    try:
        return TOXICS.get(kind)
    except (UnknownPluginError, RegistrationError):
        raise ApiError(400, 'invalid toxic type') from None


def attributes_of(cls: type[Toxic], value: Object | None) -> dict[str, Any]:
    """Read the attributes of a toxic; unknown ones are ignored.

    Raises:
        ApiError: One is of another type.
    """
    return fields_of(attributes_struct(cls), value)
