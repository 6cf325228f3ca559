"""From a file to a ``Scenario``: what is wrong with it is one line with the place, what is allowed, and what was meant.

Knows the model, and nothing of what its names stand for.
"""
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from ..errors import ConfigError
from ..options import known
from .model import Scenario

MAX_FILE_BYTES = 1024 * 1024    #: [bytes] of one file
UNKNOWN, MISSING = re.compile(r'Object contains unknown field `(.*)`'), re.compile(r'Object missing required field `(.*)`')
STEP = re.compile(r'\.(\w+)|\[(\d+)\]|(\[\.\.\.\])')     #: of a path as msgspec writes it
LINE = re.compile(r'(.*) \(at line (\d+), column (\d+)\)')
#: msgspec's words, and those for people; in this order
WORDS = ((r', got `.*`$', ''), (r'^Expected ', ''), (r'`object`|\bobject\b', 'a table'), (r'`array`', 'a list'),
         (r'`float`', 'a number'), (r'`int`', 'an integer'), (r'`str`', 'a text'), (r'`bool`', 'true or false'),
         (r'list of length >= (\d+)', r'list of \1 entries or more'),
         (r'list of length <= (\d+)', r'list of \1 entries or fewer'),
         (r' of length >= (\d+)', r' of at least \1'), (r' of length <= (\d+)', r' of at most \1'),
         (r' >= ([\d.]+)', r' of at least \1'), (r' <= ([\d.]+)', r' of at most \1'), (r'(\d)\.0\b', r'\1'))
#: of a type that msgspec names between other ones
SHORT = {'bool': 'true or false', 'str': 'a text', 'float': 'a number', 'int': 'an integer', 'array': 'a list',
         'object': 'a table', 'null': 'nothing'}
Path_ = tuple[str | int, ...]


def read_file(path: str) -> Scenario:
    """Read a scenario's file.

    Raises:
        ConfigError: It is no TOML, a key is not known, or a value does not fit.
        OSError: It cannot be read.
    """
    return read_data(read_tables(path), path)


def read_tables(path: str) -> dict[str, Any]:
    """Read the tables of a scenario's file, whatever stands in them.

    Raises:
        ConfigError: It is no TOML.
        OSError: It cannot be read.
    """
    with Path(path).open('rb') as file:
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise ConfigError('scenario', path, f'a file of at most {MAX_FILE_BYTES} bytes')
    try:
        return parsed(data.decode(), path)
    except UnicodeDecodeError as error:
        raise ConfigError('scenario', path, f'text in UTF-8; byte {error.start} is none') from None


def read_text(text: str, label: str) -> Scenario:
    """Read a scenario.

    Args:
        text: What stands in its file.
        label: How the user knows the file.

    Raises:
        ConfigError: As for ``read_file``.
    """
    return read_data(parsed(text, label), label)


def parsed(text: str, label: str) -> dict[str, Any]:
    """Read TOML.

    Raises:
        ConfigError: It is none.
    """
    try:
        return tomllib.loads(f'{text}\n')  # at its very end a mistake has no line
    except tomllib.TOMLDecodeError as error:
        raise not_toml(str(error), text, label) from None


def not_toml(words: str, text: str, label: str) -> ConfigError:
    """Make the error for what is no TOML, with the line."""
    found, lines = LINE.fullmatch(words), text.split('\n')
    if not found:
        return ConfigError(label, lines[-1], f'TOML: {words}')
    line = lines[min(int(found[2]), len(lines)) - 1].strip()
    return ConfigError(f'{label} line {found[2]}', line, f'TOML: {found[1]} at column {found[3]}')


def read_data(data: Mapping[str, Any], label: str) -> Scenario:
    """Make a scenario of what TOML or JSON gives.

    Raises:
        ConfigError: As for ``read_file``.
    """
    try:
        return msgspec.convert(data, Scenario)
    except msgspec.ValidationError as error:
        raise refused(str(error), data, label) from None


def refused(words: str, data: Any, label: str) -> ConfigError:
    """Say in one line what msgspec refuses, and where."""
    text, path = located(words, data)
    value = at(data, path)
    if found := UNKNOWN.fullmatch(text):
        return ConfigError(place(label, path, data), found[1], known(found[1], keys_of(path)))
    if found := MISSING.fullmatch(text):
        return ConfigError(place(label, path, data), value, f'{found[1]!r} in it')
    return ConfigError(place(label, path, data), value, expected(text, path))


def located(words: str, data: Any) -> tuple[str, Path_]:
    """Take apart what msgspec says: what is wrong, and where; it does not name keys that are free, so these are looked for."""
    text, _, written = words.partition(' - at `')
    path: list[str | int] = []
    for name, index, free in STEP.findall(written):
        path.append(culprit(words, data, path) if free else int(index) if index else name)
    return text, tuple(path)


def culprit(words: str, data: Any, path: Sequence[str | int]) -> str:
    """Return which of the free keys at a place is refused: the one with which alone the same is said."""
    there = at(data, path)
    for key in there:
        try:
            msgspec.convert(replaced(data, path, {key: there[key]}), Scenario)
        except msgspec.ValidationError as error:
            if str(error) == words:
                return str(key)
    return '...'


def replaced(data: Any, path: Sequence[str | int], value: Any) -> Any:
    """Return a copy of some data with another value at a place."""
    if not path:
        return value
    first, copied = path[0], data.copy()
    copied[first] = replaced(data[first], path[1:], value)
    return copied


def at(data: Any, path: Sequence[str | int]) -> Any:
    """Return the value at a place."""
    for step in path:
        data = data[step]
    return data


def place(label: str, path: Path_, data: Any) -> str:
    """Write where something stands as people count: ``FILE [[phase]] 2 (slow) until.over``."""
    parts, left = [label], list(path)
    if len(left) > 1 and isinstance(left[1], int):
        kind, number = left[0], left[1]
        name = at(data, path[:2]).get('name') if isinstance(at(data, path[:2]), dict) else None
        parts.append(f'[[{kind}]] {number + 1}' + (f' ({name})' if isinstance(name, str) and name else ''))
        left = left[2:]
    rest = ''.join(f'[{step}]' if isinstance(step, int) else f'.{step}' for step in left).removeprefix('.')
    return ' '.join([*parts, rest]).strip()


def types(found: Any) -> list[Any]:
    """Return the types that one of the model comes to, without what is said about them."""
    if isinstance(found, inspect.Metadata):
        return types(found.type)
    return [single for kind in found.types for single in types(kind)] if isinstance(found, inspect.UnionType) else [found]


def types_at(path: Path_) -> list[Any]:
    """Return what the model has at a place."""
    found = types(inspect.type_info(Scenario))
    for step in path:
        for kind in found:
            if isinstance(step, int) and isinstance(kind, inspect.ListType):
                found = types(kind.item_type)
            elif isinstance(kind, inspect.DictType):
                found = types(kind.value_type)
            elif isinstance(kind, inspect.StructType):
                found = types(next(field.type for field in kind.fields if field.encode_name == step))
    return found


def keys_of(path: Path_) -> list[str]:
    """Return the keys that a table may have."""
    return [field.encode_name for kind in types_at(path) for field in getattr(kind, 'fields', ())]


def expected(text: str, path: Path_) -> str:
    """Say what is allowed at a place, after "expected"."""
    values = [repr(value) for kind in types_at(path) for value in getattr(kind, 'values', ())]
    if values:
        return f'true, false, {" or ".join(sorted(values))}'
    for pattern, word in WORDS:
        text = re.sub(pattern, word, text)
    return re.sub(r'`([\w| ]+)`', lambda listed: ' or '.join(SHORT.get(name, name) for name in listed[1].split(' | ')), text)
