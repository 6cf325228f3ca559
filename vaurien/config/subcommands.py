"""The first words of a command line that begin another one than that of plain ``vaurien``. A table; imports none of them."""
from typing import NamedTuple


class Subcommand(NamedTuple):
    """One of them.

    Args:
        target: ``module:function``, called with the arguments after the word; it returns the exit status.
        help: What it does, in half a line.
        parser: ``module:function``, called with the catalog of plugins; it returns the parser of its options.
        all_flags: It takes the options of plain ``vaurien`` too.
    """

    target: str
    help: str
    parser: str
    all_flags: bool = False


COMPLETION = '--completion'     #: the flag, which is answered before all others
HELP = 'help'   #: the word that asks for a page about plugins
SUBCOMMANDS: dict[str, Subcommand] = {
    'run': Subcommand('vaurien.run:main', 'between a command and its backends: vaurien run --help',
                      'vaurien.run.arguments:make_parser'),
    'explore': Subcommand('vaurien.explore:main', 'each failure at each request: vaurien explore --help',
                          'vaurien.explore.arguments:make_parser'),
    'scenario': Subcommand('vaurien.cli.scenario:main', 'an outage, phase by phase: vaurien scenario --help',
                           'vaurien.cli.scenario:make_parser', all_flags=True),
    'ca': Subcommand('vaurien.cli.ca:main', 'certificates of its own for TLS: vaurien ca --help', 'vaurien.cli.ca:make_parser'),
}
