"""A list of proxies as Toxiproxy keeps it in a file, read as if each were a section ``[proxy:NAME]``. Converts no value."""
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from ...errors import ConfigError
from ...options import Given
from ...registry import NAME, NAME_FORM
from ..arguments import Values
from .reading import MAX_FILE_BYTES, Read, check_path

#: where it listens if nothing is said; Toxiproxy would listen on all interfaces, which should only be done on purpose
DEFAULT_LISTEN = '127.0.0.1:0'
#: keys of the file, by the settings that they are; Toxiproxy has the first two, and reads them in any case
SETTINGS = {'listen': 'proxy', 'upstream': 'backend', 'protocol': 'protocol', 'behavior': 'behavior'}
KEYS = ('name', 'enabled', *SETTINGS)
#: what a list that Toxiproxy wrote itself may have beside them, without any effect there
WITHOUT_EFFECT = ('toxics', 'logger')
FORM = 'a JSON list of proxies: [{"name": ..., "listen": ..., "upstream": ..., "enabled": true}, ...]'


class Entry(NamedTuple):
    """One proxy of the file.

    Args:
        name: Its name.
        enabled: Whether it listens.
        values: What else it says, as settings of a proxy.
        label: How the user knows it.
        notes: What the user should be warned of.
    """

    name: str
    enabled: bool
    values: Values
    label: str
    notes: tuple[str, ...]


def read_populate(path: str, label: str, read: Read) -> list[Entry]:
    """Read a file of proxies.

    Args:
        path: The file.
        label: What it was named by.
        read: Reads a file.

    Raises:
        ConfigError: It is no such list, or a proxy of it lacks something or has a value of the wrong type.
        OSError: It cannot be read.
    """
    check_path(Given(path, label))
    from pathlib import Path  # slow to import
    data = read(Path(path))
    if len(data) > MAX_FILE_BYTES:
        raise ConfigError(f'{label} {path}', f'more than {MAX_FILE_BYTES} bytes', FORM)
    try:
        found = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f'{label} {path}', str(error), FORM) from None
    if not isinstance(found, list):
        raise ConfigError(f'{label} {path}', type(found).__name__, FORM)
    entries = list(read_entries(found, path))
    check_once(entries)
    return entries


def read_entries(found: list[Any], path: str) -> Iterator[Entry]:
    for number, item in enumerate(found, 1):
        where = f'{path} proxy {number}'
        if not isinstance(item, dict):
            raise ConfigError(where, item, 'an object with name, listen, upstream and enabled')
        yield read_entry({str(key).lower(): value for key, value in item.items() if value is not None}, where)


def read_entry(item: dict[str, Any], where: str) -> Entry:
    """Read one proxy, whose keys are in small letters and whose values are not null."""
    for key in item:
        if key not in (*KEYS, *WITHOUT_EFFECT):
            raise ConfigError(where, key, f'one of {", ".join(KEYS)}')
    name, enabled = item.get('name', ''), item.get('enabled', True)
    if not isinstance(name, str) or not NAME.match(name):
        raise ConfigError(f'{where} name', name, NAME_FORM)
    if not isinstance(enabled, bool):
        raise ConfigError(f'{where} enabled', enabled, 'true or false')
    if 'upstream' not in item:
        raise ConfigError(f'{where} upstream', '', 'HOST:PORT, where it connects to')
    given = {'listen': DEFAULT_LISTEN, **item}
    values = {setting: Given(given[key], f'{where} {key}') for key, setting in SETTINGS.items() if key in given}
    notes = tuple(f'{where} {key} has no effect' for key in WITHOUT_EFFECT if item.get(key))
    return Entry(name, enabled, values, where, notes)


def check_once(entries: list[Entry]) -> None:
    """Refuse two proxies of the same name."""
    seen: set[str] = set()
    for entry in entries:
        if entry.name in seen:
            raise ConfigError(f'{entry.label} name', entry.name, 'a name that no other proxy has')
        seen.add(entry.name)
