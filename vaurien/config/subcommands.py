"""The first words of a command line that begin another one than that of plain ``vaurien``. A table; imports none of them."""
from typing import NamedTuple


class Subcommand(NamedTuple):
    """One of them.

    Args:
        target: ``module:function``, called with the arguments after the word; it returns the exit status.
        help: What it does, in half a line.
    """

    target: str
    help: str


SUBCOMMANDS: dict[str, Subcommand] = {
    'run': Subcommand('vaurien.run:main', 'between a command and its backends: vaurien run --help'),
    'explore': Subcommand('vaurien.explore:main', 'each failure at each request: vaurien explore --help'),
    'scenario': Subcommand('vaurien.cli.scenario:main', 'an outage, phase by phase: vaurien scenario --help'),
}
