"""Runs one command of ``vaurienctl --cluster``. Knows no command by name, and no etcd."""
import argparse
from collections.abc import Sequence
from typing import Any

from ...clusters.asking import DEFAULT_TTL, Asking
from ...clusters.where import CLUSTER_VARIABLE, find_cluster
from ...errors import VaurienError
from ..results import Result, Stream, UsageError
from .arguments import DEFAULT_FOR, add_common, defaults
from .commands import COMMANDS

#: [seconds] for each endpoint of etcd
CALL_TIMEOUT = 3.0


def make_parser(kind: type[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Make the parser; the docs are made from it too.

    Args:
        kind: A parser that says in one line what is wrong.
    """
    common = kind(add_help=False, argument_default=argparse.SUPPRESS)
    add_common(common)
    parser = kind(prog='vaurienctl --cluster URL', allow_abbrev=False, parents=[common],
                  description='Steers all members of a cluster (vaurien --join) through its etcd.')
    commands = parser.add_subparsers(dest='command', metavar='COMMAND', required=True)
    for name, command in COMMANDS.items():
        made = commands.add_parser(name, help=command.help, description=f'{command.help.capitalize()}.', parents=[common],
                                   allow_abbrev=False)
        for argument in command.arguments:
            argument.add_to(made)
    return parser


def parse(words: Sequence[str], kind: type[argparse.ArgumentParser]) -> argparse.Namespace:
    """Read the arguments; what may be options of a behavior is left in ``options``.

    Raises:
        UsageError: They are not right.
    """
    parser = make_parser(kind)
    args, options = parser.parse_known_args(words, defaults())
    args.options = options
    if options and not COMMANDS[args.command].options:
        parser.error(f'unrecognized arguments: {" ".join(options)}')
    if getattr(args, 'stay', False) and args.ttl is not None:
        raise UsageError('--stay and --for are not for the same command: it ends with this process, or by its time')
    return args


class Session:
    """One command, and the one who asks; what it has asked for stays where it should.

    Args:
        args: Its arguments.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self._stays = COMMANDS[args.command].stays or getattr(args, 'stay', False)
        ttl = DEFAULT_TTL if self._stays else getattr(args, 'ttl', None) or DEFAULT_FOR
        where = find_cluster(args.cluster, '--cluster' if args.cluster else CLUSTER_VARIABLE)
        self.asking = Asking(where, ttl=ttl, kept=self._stays, timeout=CALL_TIMEOUT)

    def __enter__(self) -> Result | Stream:
        try:
            return COMMANDS[self.args.command].run(self.asking, self.args)
        except BaseException as error:
            # an error has been taken back; an answer that never came may be to what was carried out
            self.asking.close(revoke=isinstance(error, (VaurienError, KeyboardInterrupt)))
            raise

    def __exit__(self, *_: Any) -> None:
        self.asking.close(revoke=self._stays)
