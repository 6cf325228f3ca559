"""What lets a shell complete the command line: a script for bash, zsh or fish, made of the parsers themselves. Starts nothing."""
import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module

from ..config import arguments
from ..config.arguments import SHELLS
from ..config.files.ini import read_sections
from ..config.files.reading import check_path, read_first
from ..config.kinds import load_kinds
from ..config.plugins import load_plugins
from ..config.subcommands import COMPLETION, HELP, SUBCOMMANDS, Subcommand
from ..errors import ConfigError
from ..links import LINKS
from ..options import expected
from ..plugins import KINDS, Catalog, make_catalog
from ..protocols import Protocol
from ..words.shells import SCRIPTS, Commands, Flag, Takes
from .ca import WORDS
from .command import DONE

PROGRAM = 'vaurien'
FILES = 'FILE'      #: the metavar of options that take the path of a file


def main(argv: Sequence[str]) -> int:
    """Print the script for a shell.

    Args:
        argv: All arguments; what ``--plugin``, ``--kinds`` and ``--config`` beside ``--completion`` bring is completed too.

    Raises:
        ConfigError: There is no such shell, or it is asked for something else as well.
    """
    line, rest = arguments.early(argv)
    word, equals, shell = rest[0].partition('=')
    words = [shell, *rest[1:]] if equals else rest[1:]
    if word != COMPLETION:
        raise ConfigError('command line', word, f'{COMPLETION} and no other option but --plugin, --kinds and --config')
    if len(words) != 1 or words[0] not in SHELLS:
        raise ConfigError(COMPLETION, ' '.join(words), expected(arguments.COMPLETION_OPTION))
    sections = read_sections(check_path(line['config']), {}, read_first) if 'config' in line else {}
    load_plugins(line, sections)
    load_kinds(line, sections, read_first)
    catalog, _ = make_catalog(KINDS)
    sys.stdout.write(SCRIPTS[words[0]](commands(catalog)))
    return DONE


def commands(catalog: Catalog) -> Commands:
    """Collect what can be completed.

    Args:
        catalog: The plugins whose options have flags.
    """
    plain = tuple(flags(arguments.full_parser(catalog), catalog))
    found = {PROGRAM: plain}
    for word, subcommand in SUBCOMMANDS.items():
        own = tuple(flags(parser_of(subcommand, catalog), catalog))
        names = {flag.name for flag in own}
        found[word] = (*own, *(flag for flag in plain if subcommand.all_flags and flag.name not in names))
    found[HELP] = ()
    names = {*LINKS, *(name for plugins in catalog.values() for name in plugins)}
    helps = {word: subcommand.help for word, subcommand in SUBCOMMANDS.items()}
    helps = {HELP: 'about a protocol and its errors, a behavior, a toxic or a link', **helps}
    return Commands(PROGRAM, found, helps, {HELP: (Takes(tuple(sorted(names))),), 'scenario': (Takes(files=True),),
                                               'ca': (Takes(WORDS),)}, first=True)


def parser_of(subcommand: Subcommand, catalog: Catalog) -> arguments.Parser:
    """Make the parser of a subcommand."""
    module, _, name = subcommand.parser.partition(':')
    parser: arguments.Parser = getattr(import_module(module), name)(catalog)
    return parser


def flags(parser: arguments.Parser, catalog: Catalog) -> Iterator[Flag]:
    """Give the flags of a parser."""
    for action in parser._actions:
        for name in action.option_strings:
            if name.startswith('--'):
                line = ' '.join(str(action.help or '').replace('%%', '%').split())
                yield Flag(name, line, takes(name, action, parser, catalog) if action.nargs != 0 else None)


def takes(name: str, action: argparse.Action, parser: arguments.Parser, catalog: Catalog) -> Takes:
    """Return what a flag takes: names of plugins or of links, kinds of error, choices, a file, or anything."""
    option = parser.options.get(name)
    if option and option.choices:
        return Takes(tuple(map(str, option.choices)))
    if name.startswith('--behavior-') and name.endswith('-kind'):
        by = {protocol: tuple(kinds) for protocol in sorted(catalog['protocol']) if (kinds := kinds_of(protocol))}
        return Takes(tuple(sorted({kind for kinds in by.values() for kind in kinds})), by=by)
    if name == '--through':
        return Takes(variables=True)
    words = list(LINKS) if name == '--link' else sorted(catalog.get(name.removeprefix('--'), ()))
    return Takes(tuple(words), files=action.metavar == FILES, mix=name == '--behavior')


def kinds_of(protocol: str) -> Iterable[str]:
    """Return the names of the errors that a protocol knows."""
    cls = Protocol.get(protocol)
    return [*(getattr(cls, 'errors', None) or ()), *getattr(cls, 'tables', ())]
