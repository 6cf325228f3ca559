"""TOML as data of a model: what is wrong with it is one line with the place, what is allowed, and what was meant.

Knows no model; a ``Reader`` is given one.
"""
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import inspect

from ..errors import ConfigError
from ..options import known

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
T = TypeVar('T')


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


class Reader(Generic[T]):
    """Makes data of a model of what TOML or JSON gives.

    Args:
        model: The model, a struct.
    """

    def __init__(self, model: type[T]) -> None:
        self.model = model

    def read(self, data: Mapping[str, Any], label: str) -> T:
        """Make data of the model.

        Args:
            data: The tables.
            label: How the user knows the file.

        Raises:
            ConfigError: A key is not known, or a value does not fit.
        """
        try:
            return msgspec.convert(data, self.model)
        except msgspec.ValidationError as error:
            raise self.refused(str(error), data, label) from None

    def refused(self, words: str, data: Any, label: str) -> ConfigError:
        """Say in one line what msgspec refuses, and where."""
        text, path = self.located(words, data)
        value = at(data, path)
        if found := UNKNOWN.fullmatch(text):
            return ConfigError(place(label, path, data), found[1], known(found[1], self.keys_of(path)))
        if found := MISSING.fullmatch(text):
            return ConfigError(place(label, path, data), value, f'{found[1]!r} in it')
        return ConfigError(place(label, path, data), value, self.expected(text, path))

    def located(self, words: str, data: Any) -> tuple[str, Path_]:
        """Take apart what msgspec says: what is wrong, and where. Keys that are free it does not name: these are looked for."""
        text, _, written = words.partition(' - at `')
        path: list[str | int] = []
        for name, index, free in STEP.findall(written):
            path.append(self.culprit(words, data, path) if free else int(index) if index else name)
        return text, tuple(path)

    def culprit(self, words: str, data: Any, path: Sequence[str | int]) -> str:
        """Return which of the free keys at a place is refused: the one with which alone the same is said."""
        there = at(data, path)
        for key in there:
            try:
                msgspec.convert(replaced(data, path, {key: there[key]}), self.model)
            except msgspec.ValidationError as error:
                if str(error) == words:
                    return str(key)
        return '...'

    def types_at(self, path: Path_) -> list[Any]:
        """Return what the model has at a place."""
        found = types(inspect.type_info(self.model))
        for step in path:
            for kind in found:
                if isinstance(step, int) and isinstance(kind, inspect.ListType):
                    found = types(kind.item_type)
                elif isinstance(kind, inspect.DictType):
                    found = types(kind.value_type)
                elif isinstance(kind, inspect.StructType):
                    found = types(next(field.type for field in kind.fields if field.encode_name == step))
        return found

    def keys_of(self, path: Path_) -> list[str]:
        """Return the keys that a table may have."""
        return [field.encode_name for kind in self.types_at(path) for field in getattr(kind, 'fields', ())]

    def expected(self, text: str, path: Path_) -> str:
        """Say what is allowed at a place, after "expected"."""
        there = self.types_at(path)
        values = sorted(repr(value) for kind in there for value in getattr(kind, 'values', ()))
        if values:
            flags = ['true', 'false'] if any(isinstance(kind, inspect.BoolType) for kind in there) else []
            *most, last = [*flags, *values]
            return f'{", ".join(most)} or {last}' if most else last
        for pattern, word in WORDS:
            text = re.sub(pattern, word, text)
        return re.sub(r'`([\w| ]+)`', lambda listed: ' or '.join(SHORT.get(name, name) for name in listed[1].split(' | ')), text)


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
    """Return the types that one of a model comes to, without what is said about them."""
    if isinstance(found, inspect.Metadata):
        return types(found.type)
    return [single for kind in found.types for single in types(kind)] if isinstance(found, inspect.UnionType) else [found]
