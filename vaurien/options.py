"""What a plugin can be told, and the one place that names an option wherever a user meets it.

Knows nothing of plugins beyond their ``options`` mapping: name -> (description, type, default[, choices]).
"""
import re
from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from typing import Any, NamedTuple

from .errors import ConfigError, meant, nearest

TRUE = frozenset(('1', 'true', 'yes', 'on'))
FALSE = frozenset(('0', 'false', 'no', 'off'))
#: what a type may raise to refuse a value
REFUSALS = (ValueError, TypeError, ArithmeticError, LookupError, AttributeError, re.error)
#: what else it raises is a bug of its author's, which ends no process either
BUGS = (Exception, SystemExit)


class Option(NamedTuple):
    """One setting that a plugin declares. A plain tuple of three or four elements means the same.

    Args:
        description: What it does, with its unit.
        type: ``bool``, ``int``, ``float``, ``str``, or a callable that converts and raises ``ValueError``; its
            ``expected`` attribute, if any, says in words what it takes.
        default: The value when the user gives none. None: not set.
        choices: The only values allowed; None: any of the type.
    """

    description: str
    type: Callable[[Any], Any]
    default: Any
    choices: tuple[Any, ...] | None = None


class Given(NamedTuple):
    """A value as a user gave it.

    Args:
        value: Text; a bool for a flag that takes no value.
        label: How the user knows it, for messages: a flag, or a file, section and key.
    """

    value: str | bool
    label: str


class Bounded:
    """A number type with bounds, for ``Option.type``.

    Args:
        base: ``int`` or ``float``.
        low: The smallest value allowed.
        high: The largest value allowed; None: no limit.
    """

    def __init__(self, base: type[int] | type[float], low: float, high: float | None = None) -> None:
        self.base, self.low, self.high = base, low, high
        self.__name__ = base.__name__
        words = 'an integer' if base is int else 'a number'
        self.expected = f'{words} of at least {low}' if high is None else f'{words} from {low} to {high}'

    def __call__(self, value: Any) -> int | float:
        number: int | float = plain(self.base, value)
        if number < self.low or (self.high is not None and number > self.high):
            raise ValueError(value)
        return number


def plain(base: Callable[[Any], Any], value: Any) -> Any:
    """Convert ``value`` to one of the plain types, from text or from JSON.

    Raises:
        ValueError: The value is not of the type. A bool is no number, 1.5 is no integer, and neither infinity nor
            what only Python reads as a number (``1_000``) is one.
    """
    if base is bool:
        return to_bool(value)
    if base is str:
        if not isinstance(value, str):
            raise ValueError(value)
        return value
    if base is int or base is float:
        return to_number(base, value)
    return base(value)


def to_number(base: type[int] | type[float], value: Any) -> int | float:
    """Read a finite number in ASCII digits, or take one as it is."""
    if isinstance(value, str):
        fits = value.isascii() and '_' not in value
    elif isinstance(value, float) and base is int:
        fits = value.is_integer()
    else:
        fits = isinstance(value, int | float) and not isinstance(value, bool)
    if not fits or not isfinite(number := base(value)):
        raise ValueError(value)
    return number


def to_bool(value: Any) -> bool:
    """Read a yes or a no: a bool, or one of ``1 true yes on 0 false no off`` in any case."""
    if isinstance(value, bool):
        return value
    text = str(value).lower()
    if text in TRUE:
        return True
    if text in FALSE:
        return False
    raise ValueError(value)


EXPECTED: dict[Callable[[Any], Any], str] = {bool: 'true or false', int: 'an integer', float: 'a number', str: 'text'}


def read_lines(text: str) -> tuple[str, ...]:
    """Take a list apart that has one item a line; empty lines do not count."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def expected(option: Option) -> str:
    """Return in words which values an option takes."""
    if option.choices is not None:
        return f'one of {", ".join(map(str, option.choices))}'
    words = getattr(option.type, 'expected', None) or EXPECTED.get(option.type)
    return str(words or f'a value that {getattr(option.type, "__name__", option.type)} takes')


def convert(label: str, option: Option, value: Any) -> Any:
    """Turn what a user gave into a value of the option.

    Args:
        label: How the user knows the option; it goes into the message.
        option: Its declaration.
        value: Text from a command line or an INI file, or a JSON value. None is taken where None is the default.

    Raises:
        ConfigError: The value is of another type, out of range or out of choice.
    """
    if value is None and option.default is None:
        return None
    try:
        result = plain(option.type, value)
    except REFUSALS:
        raise ConfigError(label, value, expected(option)) from None
    except BUGS as error:
        raise ConfigError(label, value, f'{expected(option)}, and its type has raised {type(error).__name__}') from error
    if option.choices is not None and result not in option.choices:
        raise ConfigError(label, value, expected(option))
    return result


def check_count(label: str, count: int, most: int, what: str) -> None:
    """Refuse too many of something.

    Args:
        label: How the user knows what holds them; it goes into the message.
        count: How many there are.
        most: How many there may be.
        what: What they are.

    Raises:
        ConfigError: There are more.
    """
    if count > most:
        raise ConfigError(label, f'{count} {what}', f'at most {most}')


def as_data(value: Any, given: Any) -> Any:
    """Return a value as a spec can hold it: where it is no plain one, what the user gave, which gives it again."""
    return value if value is None or isinstance(value, bool | int | float | str) else given


def normalize(options: Mapping[str, Any]) -> dict[str, Option]:
    """Make named tuples of a plugin's ``options``.

    Raises:
        ValueError: An entry is malformed; the message names it.
    """
    result = {}
    for name, entry in options.items():
        if not isinstance(entry, tuple) or len(entry) not in (3, 4):
            raise ValueError(f'option {name!r} must be a tuple (description, type, default[, choices])')
        option = Option(*entry)
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(f'option {name!r} must be named by an identifier')
        if not isinstance(option.description, str) or not callable(option.type):
            raise ValueError(f'option {name!r} must have a text and a type')
        if option.choices is not None and not isinstance(option.choices, tuple | list):
            raise ValueError(f'the choices of option {name!r} must be a tuple')
        try:
            convert(name, option, option.default)
        except ConfigError as error:
            raise ValueError(f'the default of option {name!r}: {error}') from None
        result[name] = option
    return result


def options_of(cls: Any, common: Mapping[str, Any]) -> dict[str, Option]:
    """Return the options of a plugin class: its own, and those that all of its kind have, unless it declares one itself.

    Raises:
        ValueError: An entry is malformed; the message names it.
    """
    own = dict(cls.options.items())
    return normalize({**own, **{name: option for name, option in common.items() if name not in own}})


def settle(options: Mapping[str, Option], given: Mapping[str, Any],
           label: Callable[[str], str] = str) -> dict[str, Any]:
    """Complete and convert the values given for a plugin's options.

    Args:
        options: What the plugin declares.
        given: What the user gave, by option name.
        label: Makes of an option's name the one that the user wrote.

    Returns:
        A value for each option, in the order of ``options``.

    Raises:
        ConfigError: An unknown option, or a value that does not fit.
    """
    for name in given:
        if name not in options:
            raise ConfigError(label(name), given[name], one_of(options, 'one of the options ') + meant(name, options))
    return {name: convert(label(name), option, given[name]) if name in given else option.default
            for name, option in options.items()}


def one_of(names: Iterable[str], prefix: str = 'one of ') -> str:
    """List the allowed names for a message."""
    listed = ', '.join(sorted(names))
    return f'{prefix}{listed}' if listed else 'no option at all'


MAX_LISTED = 60     #: names that a message lists; of more it says where they are listed


def known(word: str, names: Iterable[str], otherwise: str = '') -> str:
    """Return in words what was meant, by the name that looks most like ``word``.

    Args:
        word: What the user wrote.
        names: What would have been known.
        otherwise: What to say where nothing looks like it; empty: all names.
    """
    names = sorted(names)
    near = nearest(word, names)
    return f'a known name, the nearest is {near}' if near else otherwise or one_of(names)


def flag(kind: str, plugin: str, option: str) -> str:
    """Name an option on the command line: ``--behavior-delay-sleep``."""
    return '--' + '-'.join((kind, plugin, option)).replace('_', '-')
