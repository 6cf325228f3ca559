"""The command line of ``vaurien run``: options, for all proxies or for one, and the command. Converts nothing."""
import argparse
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ..config.arguments import REPEATED as ADDED_UP
from ..config.arguments import Parser, Show, StoreGiven, Values, wide
from ..config.settings import GROUPS, PROXY, flag_of
from ..config.values import of_plugin
from ..errors import ConfigError
from ..options import Given, flag, known
from ..plugins import Catalog
from . import help
from .settings import ELSEWHERE, REPEATED, RUN

ON = '--on'     #: what stands before the options of one proxy
END = '--'      #: what stands before the command
USAGE = 'vaurien run --through VAR [option ...] -- COMMAND [argument ...]'


class Line(NamedTuple):
    """What a command line says.

    Args:
        own: The options of ``run`` that may be given several times, each with its values.
        common: All other options, for all proxies and for the process.
        on: What is said of single proxies, by their names.
    """

    own: dict[str, list[Given]]
    common: Values
    on: dict[str, Values]


class Collect(argparse.Action):
    """Keeps each value of an option that may be given several times."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any,
                 option_string: str | None = None) -> None:
        before = getattr(namespace, self.dest, [])
        setattr(namespace, self.dest, [*before, Given(values, str(option_string))])


def split(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the options, and the command; empty: there is none."""
    words = list(argv)
    at = words.index(END) if END in words else len(words)
    return words[:at], words[at + 1:]


def parts(words: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Give the options for all proxies under an empty name, and then those for one after the other."""
    name = ''
    part: list[str] = []
    rest = iter(words)
    for word in rest:
        head, equals, value = word.partition('=')
        if head == ON:
            yield name, part
            name, part = value if equals else next(rest, ''), []
            if not name:
                raise ConfigError(ON, '', 'the name of a proxy')
        else:
            part.append(word)
    yield name, part


def read(options: Sequence[str], catalog: Catalog) -> Line:
    """Read a command line.

    Args:
        options: What stands before the command.
        catalog: The plugins whose options have flags.

    Raises:
        ConfigError: A flag is not known, or lacks its value.
        SystemExit: ``--help`` or ``--help-all`` was given.
    """
    parser = make_parser(catalog)
    line = Line({}, {}, {})
    for name, words in parts(options):
        found, unknown = parser.read(words)
        for word in unknown:
            otherwise = 'a flag that --help-all lists' if word.startswith('-') else f'{END} before the command'
            raise ConfigError('command line', word, known(word.partition('=')[0], parser.options, otherwise))
        values: dict[str, Any] = found
        for key, value in values.items():
            if key in REPEATED:
                line.own.setdefault(key, []).extend(value)
            elif name and (key in PROXY or of_plugin(key)):
                line.on.setdefault(name, {})[key] = value
            elif key in ADDED_UP and key in line.common:
                line.common[key] = Given(f'{line.common[key].value}\n{value.value}', value.label)
            else:
                line.common[key] = value
        if name:
            line.on.setdefault(name, {})
    return line


def make_parser(catalog: Catalog) -> Parser:
    """Make the parser of the options.

    Args:
        catalog: The plugins whose options have flags.
    """
    parser = Parser(add_help=False, usage=USAGE, formatter_class=wide)
    parser.add_argument('--help', '-h', action=Show, text=help.TEXT, help='Print a page that fits on a screen, and exit')
    parser.add_argument('--help-all', action='help', help='Print every flag, those of the plugins that are loaded too, and exit')
    group = parser.add_argument_group('the command')
    for key, option in RUN.items():
        parser.add_option(group, key, flag_of(key), option, Collect if key in REPEATED else StoreGiven)
    for title, options in GROUPS.items():
        group = parser.add_argument_group(title)
        for key, option in options.items():
            if key not in ELSEWHERE and flag_of(key) not in parser.options:
                parser.add_option(group, key, flag_of(key), option)
    for kind in ('behavior', 'protocol'):
        for name, plugin in sorted(catalog[kind].items()):
            group = parser.add_argument_group(f'{kind} {name}', plugin.summary)
            for option_name, option in plugin.options.items():
                parser.add_option(group, f'{kind}.{name}.{option_name}', flag(kind, name, option_name), option)
    return parser
