"""JSON as Go's ``encoding/json`` reads it, with its words for what is wrong. Knows no route and no proxy.

It is read by hand, since Toxiproxy refuses a body that is no JSON in Go's own words, such as ``invalid character 'x' after
object key``, and its clients show them; Python's ``json`` stops at other places and says other things. Numbers are kept as
they were written, because Go names them so where they do not fit.

Facts: the package's documentation, and what Toxiproxy's clients see: keys match in any case, unknown ones are ignored, what
follows the first value is ignored, ``null`` leaves the default, integers have neither fraction nor exponent.
"""
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, NoReturn

from .gowriting import FLOAT32_LIMIT, float32

MAX_DEPTH = 200     #: of nested values; Go takes 10,000, and no client more than three
WHITE_SPACE = b' \t\r\n'
LITERALS = {b't': (b'true', True), b'f': (b'false', False), b'n': (b'null', None)}
ESCAPES = {b'b': '\b', b'f': '\f', b'n': '\n', b'r': '\r', b't': '\t', b'/': '/', b'\\': '\\', b'"': '"'}
HEX = frozenset(b'0123456789abcdefABCDEF')
UNESCAPED = re.compile(rb'[^"\\\x00-\x1f]+')
DIGITS = re.compile(rb'[0-9]*')
#: the names of Go's types for the values that JSON has
TYPE_NAMES = {bool: 'bool', str: 'string', list: 'array'}


class GoError(ValueError):
    """What Go says of a text that it does not take."""


class Number(NamedTuple):
    """A number as it was written."""

    text: str


class Object(NamedTuple):
    """An object: its keys and values as they were written, in order."""

    items: list[tuple[str, Any]]


# -- reading

def read(data: bytes, breathe: Callable[[], None] = lambda: None) -> Any:
    """Read the first value of a text.

    Args:
        data: The text.
        breathe: Called now and then, as a long text takes its time.

    Raises:
        GoError: There is none; ``EOF`` where there is nothing at all.
    """
    if not data.strip(WHITE_SPACE):
        raise GoError('EOF')
    return Reader(data, breathe).value(0)


class Reader:
    """Reads one value after the other.

    Args:
        data: The text.
        breathe: Called after each value.
    """

    def __init__(self, data: bytes, breathe: Callable[[], None]) -> None:
        self.data, self.at, self.breathe = data, 0, breathe

    def peek(self, space: bool = True) -> bytes:
        """Return the next byte after white space."""
        while space and self.data[self.at:self.at + 1] in (b' ', b'\t', b'\r', b'\n'):
            self.at += 1
        if self.at >= len(self.data):
            raise GoError('unexpected EOF')
        return self.data[self.at:self.at + 1]

    def fail(self, context: str) -> NoReturn:
        """Refuse the next byte."""
        raise GoError(f'invalid character {quoted(self.data[self.at])} {context}')

    def value(self, depth: int) -> Any:
        """Read a value."""
        self.breathe()
        first = self.peek()
        if depth > MAX_DEPTH:
            raise GoError('exceeded max depth')
        if first == b'{':
            return self.object(depth + 1)
        if first == b'[':
            return self.array(depth + 1)
        if first == b'"':
            return self.string()
        if first in LITERALS:
            return self.literal(*LITERALS[first])
        if first == b'-' or first.isdigit():
            return self.number()
        return self.fail('looking for beginning of value')

    def object(self, depth: int) -> Object:
        self.at += 1
        items: list[tuple[str, Any]] = []
        if self.peek() == b'}':
            self.at += 1
            return Object(items)
        while True:
            if self.peek() != b'"':
                self.fail('looking for beginning of object key string')
            key = self.string()
            if self.peek() != b':':
                self.fail('after object key')
            self.at += 1
            items.append((key, self.value(depth)))
            if self.ends(b'}', 'after object key:value pair'):
                return Object(items)

    def array(self, depth: int) -> list[Any]:
        self.at += 1
        items: list[Any] = []
        if self.peek() == b']':
            self.at += 1
            return items
        while True:
            items.append(self.value(depth))
            if self.ends(b']', 'after array element'):
                return items

    def ends(self, end: bytes, context: str) -> bool:
        """Read what follows a value: a comma, or the end of what it is in."""
        byte = self.peek()
        if byte not in (b',', end):
            self.fail(context)
        self.at += 1
        return byte == end

    def literal(self, word: bytes, value: Any) -> Any:
        for place, expected in enumerate(word):
            if self.peek(space=False)[0] != expected:
                self.fail(f'in literal {word.decode()} (expecting {quoted(word[place])})')
            self.at += 1
        return value

    def string(self) -> str:
        self.at += 1
        parts: list[str] = []
        while True:
            found = UNESCAPED.match(self.data, self.at)
            if found:
                parts.append(found[0].decode('utf-8', 'replace'))
                self.at = found.end()
            byte = self.peek(space=False)
            if byte == b'"':
                self.at += 1
                # halves of a pair, written one by one, are a pair; those alone are no character
                return ''.join(parts).encode('utf-16', 'surrogatepass').decode('utf-16', 'replace')
            if byte != b'\\':
                self.fail('in string literal')
            self.at += 1
            parts.append(self.escape())

    def escape(self) -> str:
        byte = self.peek(space=False)
        if byte in ESCAPES:
            self.at += 1
            return ESCAPES[byte]
        if byte != b'u':
            self.fail('in string escape code')
        for _ in range(4):
            self.at += 1
            if self.peek(space=False)[0] not in HEX:
                self.fail('in \\u hexadecimal character escape')
        self.at += 1
        return chr(int(self.data[self.at - 4:self.at], 16))

    def number(self) -> Number:
        start = self.at
        if self.data[self.at:self.at + 1] == b'-':
            self.at += 1
        if self.peek(space=False) == b'0':
            self.at += 1
        else:
            self.digits('in numeric literal')
        if self.data[self.at:self.at + 1] == b'.':
            self.at += 1
            self.digits('after decimal point in numeric literal')
        if self.data[self.at:self.at + 1] in (b'e', b'E'):
            self.at += 1
            if self.peek(space=False) in (b'+', b'-'):
                self.at += 1
            self.digits('in exponent of numeric literal')
        return Number(self.data[start:self.at].decode())

    def digits(self, context: str) -> None:
        if not self.peek(space=False).isdigit():
            self.fail(context)
        found = DIGITS.match(self.data, self.at)
        self.at = found.end() if found else self.at


def quoted(byte: int) -> str:
    """Show a byte as Go shows it in its messages."""
    special = {ord("'"): "'\\''", ord('"'): "'\"'"}
    names = {7: '\\a', 8: '\\b', 9: '\\t', 10: '\\n', 11: '\\v', 12: '\\f', 13: '\\r', ord('\\'): '\\\\'}
    if byte in special:
        return special[byte]
    plain = 32 <= byte < 127 or byte > 160 and byte != 173
    return f"'{names.get(byte) or (chr(byte) if plain else f'{chr(92)}x{byte:02x}' if byte < 128 else f'{chr(92)}u{byte:04x}')}'"


# -- into structs

class Struct(NamedTuple):
    """What Go would read an object into.

    Args:
        name: The type's name; empty: it has none.
        fields: The types of its fields, by their keys: ``string``, ``bool``, ``int``, ``int64``, ``float32``, ``float64``, or
            ``object NAME`` for one that is read apart.
        full: The type's name with its package.
        path: What its keys stand in.
    """

    name: str
    fields: Mapping[str, str]
    full: str = ''
    path: str = ''

    def fill(self, value: Any) -> dict[str, Any]:
        """Take what fits from a value.

        Returns:
            The fields that were given; those given as ``null`` were not.

        Raises:
            GoError: A value is of another type; the first one.
        """
        if not isinstance(value, Object):
            if value is None:
                return {}
            raise GoError(f'json: cannot unmarshal {word(value)} into Go value of type {self.full or self.name}')
        by_key = {key.casefold(): key for key in self.fields}
        result: dict[str, Any] = {}
        wrong: GoError | None = None
        for key, given in value.items:
            name = key if key in self.fields else by_key.get(key.casefold())
            if name is None or given is None:
                continue
            try:
                result[name] = self.take(name, given)
            except GoError as error:
                wrong = wrong or error
        if wrong:
            raise wrong
        return result

    def take(self, name: str, value: Any) -> Any:
        """Convert the value of a field."""
        kind = self.fields[name]
        taken = value if kind.startswith('object ') and isinstance(value, Object) else CONVERTERS.get(kind, refuse)(value)
        if taken is None:
            what = f'number {value.text}' if isinstance(value, Number) and kind in NUMBERS else word(value)
            path = f'{self.path}.{name}' if self.path else name
            raise GoError(f'json: cannot unmarshal {what} into Go struct field {self.name}.{path} of type '
                          f'{kind.removeprefix("object ")}')
        return taken


def word(value: Any) -> str:
    """Return what Go calls a value."""
    return 'object' if isinstance(value, Object) else 'number' if isinstance(value, Number) else TYPE_NAMES[type(value)]


def refuse(value: Any) -> None:
    """Take nothing."""


def take_int(value: Any) -> int | None:
    """Take an integer of 64 bits."""
    if not isinstance(value, Number) or not re.fullmatch('-?[0-9]{1,19}', value.text):
        return None
    number = int(value.text)
    return number if -2 ** 63 <= number < 2 ** 63 else None


def take_float(value: Any) -> float | None:
    """Take a number."""
    number = float(value.text) if isinstance(value, Number) else math.inf
    return number if math.isfinite(number) else None


def take_float32(value: Any) -> float | None:
    """Take a number, and keep what 32 bits keep of it."""
    number = take_float(value)
    return float32(number) if number is not None and abs(number) < FLOAT32_LIMIT else None


CONVERTERS: dict[str, Any] = {
    'string': lambda value: value if isinstance(value, str) else None,
    'bool': lambda value: value if isinstance(value, bool) else None,
    'int': take_int, 'int64': take_int, 'float32': take_float32, 'float64': take_float,
}
NUMBERS = ('int', 'int64', 'float32', 'float64')
