"""The command line of ``vaurien explore``: its own options, and all those of ``run`` that say where backends are."""
import sys
from collections.abc import Sequence
from typing import Any

from ..config.arguments import Parser
from ..config.settings import flag_of
from ..errors import ConfigError
from ..options import convert
from ..plugins import Catalog
from ..run import arguments as run
from ..run.arguments import END
from . import help
from .settings import EXPLORE, REPEATED

FLAGS = {flag_of(key): key for key in EXPLORE}


def make_parser(catalog: Catalog) -> Parser:
    """Make a parser of all that can be said to ``explore``; a shell completes by it.

    Args:
        catalog: The plugins whose options have flags.
    """
    parser = run.make_parser(catalog)
    for key, option in EXPLORE.items():
        if flag_of(key) not in parser.options:
            parser.add_option(parser, key, flag_of(key), option)
    return parser


def read(argv: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """Take out what is for ``explore`` alone.

    Args:
        argv: The arguments after the word ``explore``.

    Returns:
        The values by their keys, and the arguments that ``run`` reads.

    Raises:
        ConfigError: A value does not fit, or is missing.
        SystemExit: ``--help`` has been answered.
    """
    found: dict[str, Any] = {key: [] if key in REPEATED else option.default for key, option in EXPLORE.items()}
    words = list(argv)
    at = words.index(END) if END in words else len(words)
    rest = []
    given = iter(words[:at])
    for word in given:
        head, equals, value = word.partition('=')
        key = FLAGS.get(head)
        if head in ('--help', '-h'):
            sys.stdout.write(help.TEXT)
            raise SystemExit(0)
        if key is None:
            rest.append(word)
            continue
        option = EXPLORE[key]
        if option.type is bool and not equals:
            found[key] = True
            continue
        text = value if equals else next(given, None)
        if text is None:
            raise ConfigError(head, '', 'a value')
        converted = convert(head, option, text)
        found[key] = [*found[key], converted] if key in REPEATED else converted
    return found, [*rest, *words[at:]]
