"""The command line: a parser made of option mappings. Converts nothing, and knows no INI file."""
import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

from .. import __version__
from ..errors import ConfigError, RegistrationError
from ..links import LINKS
from ..options import Given, Option, expected, flag, known
from ..plugins import WITH_FLAGS, Catalog, Plugin
from .help import help_text, metavar, short
from .settings import FILE, GROUPS, flag_of
from .subcommands import COMPLETION, HELP, SUBCOMMANDS

#: by the name of the setting: ``timeout``, ``statsd.port``, ``behavior.delay.sleep``
Values = dict[str, Given]
REPEATED = ('plugin', 'kinds', 'toxic', 'fault', 'label')  #: settings whose values add up, one a line
CONFIG = Option("An INI file; the command line wins over it; SIGHUP has it read again",
                FILE, None)
HELP_FLAGS = {'--help', '-h', '--help-all'}   #: those that show all plugins
SHELLS = ('bash', 'zsh', 'fish')
COMPLETION_OPTION = Option("Print what lets a shell complete this command, and exit", str, None, SHELLS)
USAGE = 'vaurien [--proxy HOST:PORT] [--backend HOST:PORT] [--protocol NAME] [--behavior MIX] [option ...]'
EPILOG = ('In an INI file the options stand in [vaurien] without the leading dashes, those of a plugin in '
          '[behavior:NAME] or [protocol:NAME], a toxic in [toxic:NAME], those of more proxies in [proxy:NAME].')


class StoreGiven(argparse.Action):
    """Keeps a value together with the flag that it was given by.

    Attributes:
        adds: Values add up, one a line.
    """

    adds = False

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any,
                 option_string: str | None = None) -> None:
        label = str(option_string)
        before = getattr(namespace, self.dest, None)
        value = not label.startswith('--no-') if self.nargs == 0 else values
        if before is not None and (self.adds or self.dest in REPEATED):
            value = f'{before.value}\n{value}'
        setattr(namespace, self.dest, Given(value, label))


class AddGiven(StoreGiven):
    """Adds a value to those that were given before."""

    adds = True


class Show(argparse.Action):
    """Prints a text, and ends the process."""

    def __init__(self, option_strings: Sequence[str], dest: str, text: str | Callable[[], str], help: str, default: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, help=help, default=default)
        self.text = text

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        sys.stdout.write(self.text if isinstance(self.text, str) else self.text())
        raise SystemExit(0)


class Parser(argparse.ArgumentParser):
    """A parser that leaves the end of the process, and the message, to others."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(prog='vaurien', allow_abbrev=False, exit_on_error=False,
                         argument_default=argparse.SUPPRESS, **kwargs)
        self.options: dict[str, Option] = {}
        #: the group of those that are in no other; told of one itself, a parser asks at once how wide the terminal is
        self.first = self._optionals

    def add_option(self, group: Any, key: str, name: str, option: Option, action: type[argparse.Action] = StoreGiven) -> None:
        """Add the flag of a setting.

        Args:
            group: The group of flags that it is shown in.
            key: The setting.
            name: The flag.
            option: What it takes.
            action: What keeps its value.

        Raises:
            RegistrationError: Another setting has this flag.
        """
        switch = option.type is bool
        if action is StoreGiven and getattr(option.type, 'repeated', False):
            action = AddGiven
        flags = (name, f'--no-{name[2:]}') if switch else (name,)
        more: dict[str, Any] = {'nargs': 0} if switch else {'metavar': metavar(option)}
        try:
            group.add_argument(*flags, dest=key, action=action, help=help_text(option), **more)
        except argparse.ArgumentError as error:
            raise RegistrationError(f'the option {key} cannot have a flag: {error.message}') from None
        self.options.update(dict.fromkeys(flags, option))

    def read(self, argv: Sequence[str]) -> tuple[Values, list[str]]:
        """Return the values given, and the arguments that are not known here.

        Raises:
            ConfigError: A flag lacks its value, or has one that it does not take.
        """
        try:
            namespace, unknown = self.parse_known_args(argv)
        except argparse.ArgumentError as error:
            names = str(error.argument_name).split('/')
            value = next((arg.partition('=')[2] for arg in argv if arg.partition('=')[0] in names), '')
            option = self.options[names[0]]
            raise ConfigError(names[0], value, 'no value' if option.type is bool else expected(option)) from None
        return vars(namespace), unknown


def early(argv: Sequence[str]) -> tuple[Values, list[str]]:
    """Read what must be known before the plugins' flags are: ``--config``, ``--plugin`` and ``--kinds``; answer ``--version``.

    Returns:
        Their values, and all that is not known yet.
    """
    return make_parser().read(argv)


def parse(argv: Sequence[str], catalog: Catalog) -> Values:
    """Read a command line; answer ``--help`` and ``--help-all``.

    Args:
        argv: The arguments, without the program's name.
        catalog: The plugins whose options have flags.

    Returns:
        The values that were given, unconverted.

    Raises:
        ConfigError: A flag is not known, or lacks its value.
        SystemExit: ``--help``, ``--help-all`` or ``--version`` was given, and its text has been printed.
    """
    some = mentioned(argv, catalog)
    if some is not None:
        try:
            values, unknown = full_parser(some).read(argv)
        except ConfigError:
            unknown = ['']  # what is wrong is said with all flags at hand
        if not unknown:
            return values
    parser = full_parser(catalog)
    values, unknown = parser.read(argv)
    for word in unknown:
        if word in (*SUBCOMMANDS, HELP):
            raise ConfigError('command line', word, f'that word before all others: vaurien {word} ...')
        meant = known(word.partition('=')[0], [*parser.options, *SUBCOMMANDS, HELP], 'a flag that --help-all lists')
        raise ConfigError('command line', word, meant)
    return values


def mentioned(argv: Sequence[str], catalog: Catalog) -> Catalog | None:
    """Return those plugins that the flags of a command line are of, without a look at what is installed; None: all are wanted."""
    if HELP_FLAGS & set(argv):
        return None
    found: dict[str, dict[str, Plugin]] = {kind: {} for kind in WITH_FLAGS}
    words = [word.removeprefix('--no-').removeprefix('--') for word in argv if word.startswith('--')]
    for kind, (registry, _) in WITH_FLAGS.items():
        for name in registry.own_names():
            start = flag(kind, name, '').removeprefix('--')
            if any(word.startswith(start) for word in words) and name in catalog[kind]:
                found[kind][name] = catalog[kind][name]
    return found


def make_parser(**kwargs: Any) -> Parser:
    """Make a parser of the flags that concern all others."""
    parser = Parser(add_help=False, **kwargs)
    group = parser.add_argument_group('general')
    group.add_argument('--version', action='version', version=__version__, help='Print the version and exit')
    parser.add_option(group, 'config', '--config', CONFIG)
    for key in ('plugin', 'kinds'):
        parser.add_option(group, key, f'--{key}', GROUPS['the process'][key])
    return parser


def full_parser(catalog: Catalog) -> Parser:
    """Make the parser of the whole command line; the docs are made from it too.

    Args:
        catalog: The plugins whose options have flags.
    """
    parser = make_parser(usage=USAGE, epilog=EPILOG, formatter_class=wide,
                         description='A chaos TCP proxy that speaks the protocols it proxies.')
    parser.first.add_argument('--help', '-h', action=Show, text=lambda: short(catalog),
                              help='Print a page that fits on a screen, and exit')
    parser.first.add_argument('--help-all', action='help',
                              help='Print every flag, those of the plugins that are loaded too, and exit')
    parser.add_option(parser.first, 'completion', COMPLETION, COMPLETION_OPTION)
    for title, options in GROUPS.items():
        group = parser.add_argument_group(title)
        for key, option in options.items():
            if flag_of(key) not in parser.options:
                parser.add_option(group, key, flag_of(key), option)
    for kind, plugins in sorted(catalog.items()):
        for name, plugin in sorted(plugins.items()):
            if kind == 'toxic':
                parser.add_argument_group(f'toxic {name}', toxic_text(plugin))
                continue
            group = parser.add_argument_group(f'{kind} {name}', plugin.summary)
            for option_name, option in plugin.options.items():
                parser.add_option(group, f'{kind}.{name}.{option_name}', flag(kind, name, option_name), option)
    parser.add_argument_group('links', '\n'.join(f'{name}: {link}' for name, link in LINKS.items()))
    return parser


class Lines(argparse.HelpFormatter):
    """A formatter that keeps the lines of descriptions."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return '\n'.join(super(Lines, self)._fill_text(line, width, indent) for line in text.splitlines())


def wide(prog: str) -> argparse.HelpFormatter:
    """Make a formatter whose first column takes most flags of plugins."""
    return Lines(prog, max_help_position=38)


def toxic_text(plugin: Plugin) -> str:
    """Describe a toxic with its attributes, a line each."""
    attributes = (f'{name}={metavar(option)}: {help_text(option)}'.replace('%%', '%') for name, option in plugin.options.items())
    return '\n'.join((plugin.summary, *attributes))
