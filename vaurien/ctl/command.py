"""The command ``vaurienctl``: reads its arguments, asks a running vaurien, and writes the result. Knows no command by name."""
import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Any, NoReturn

from .. import __version__
from ..address import CACERT_VARIABLE, CONTROL_VARIABLE, TOKEN_VARIABLE
from ..client import DEFAULT_CONTROL, Client, Control, UnreachableError, find_control
from ..errors import ConfigError, VaurienError, meant
from ..words.console import abandon_stdout, complain
from .arguments import MAX_SECONDS, Command, Limited
from .commands.older import OLDER
from .commands.table import COMMANDS
from .completion import COMPLETION, answer, is_about_completion
from .results import Result, Stream, UsageError

DONE, REFUSED, USAGE, NO_SERVER, INTERRUPTED = 0, 1, 2, 3, 130  #: exit statuses
EPILOG = 'Exit status: 0; 1 where vaurien refuses; 2 where the command line is not right; 3 where no vaurien answers.'
ELSEWHERE = f'vaurien --http starts a control server; --host or {CONTROL_VARIABLE} says where else one is'
DEFAULT_TIMEOUT = 10.0  #: [seconds] for each response
#: to the upper left corner, and erase all below (ECMA-48, CUP and ED)
CLEAR = '\x1b[H\x1b[J'


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: The arguments without the program's name; None: those of the process.

    Returns:
        The exit status: 0; 1 where vaurien refuses; 2 where the command line is not right; 3 where no vaurien answers.
    """
    try:
        words = sys.argv[1:] if argv is None else argv
        if is_about_completion(words):
            answer(words, make_parser())
        elif is_for_cluster(words):
            run_in_cluster(words)
        else:
            run(parse(words))
    except SystemExit as answered:
        return int(answered.code or DONE)
    except (UsageError, ConfigError) as error:
        return complain('vaurienctl', str(error), USAGE)
    except UnreachableError as error:
        return complain('vaurienctl', f'{error} ({ELSEWHERE})', NO_SERVER)
    except VaurienError as error:
        return complain('vaurienctl', str(error), REFUSED)
    except BrokenPipeError:
        abandon_stdout()    # ``head`` has read enough
    except OSError as error:
        abandon_stdout()
        return complain('vaurienctl', str(error), REFUSED)
    except KeyboardInterrupt:
        return INTERRUPTED
    return DONE


class Parser(argparse.ArgumentParser):
    """A parser that says in one line what is wrong."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f'{message} ({self.prog} --help says more)')

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if isinstance(action, argparse._SubParsersAction) and value not in action.choices:
            known = [shown.dest for shown in action._choices_actions]
            raise UsageError(f'{value!r} is not valid, expected one of {", ".join(known)}{meant(value, known)}')
        super()._check_value(action, value)


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the arguments; what may be options of a behavior is left in ``options``.

    Raises:
        UsageError: They are not right.
        SystemExit: ``--help`` or ``--version`` has been answered.
    """
    parser = make_parser()
    defaults = argparse.Namespace(host=None, token=None, cacert=None, timeout=DEFAULT_TIMEOUT, json=False)
    args, options = parser.parse_known_args(argv, defaults)
    args.options = options
    if options and not command_of(args).options:
        parser.error(f'unrecognized arguments: {" ".join(options)}')
    return args


def make_parser() -> Parser:
    """Make the parser of all commands; the docs are made from it too."""
    common = Parser(add_help=False, argument_default=argparse.SUPPRESS)    # before and after the command
    common.add_argument('--host', metavar='URL',
                        help=f'the control server (default: that of {CONTROL_VARIABLE}, else {DEFAULT_CONTROL})')
    common.add_argument('--token', help=f'what it was given as --http-token (default: that of {TOKEN_VARIABLE})')
    common.add_argument('--cacert', metavar='FILE',
                        help='of an https:// one: the authorities that its certificate may be of, in PEM (default: those of '
                             f'{CACERT_VARIABLE}, else of the system)')
    common.add_argument('--timeout', metavar='SECONDS', type=Limited(float, 0.001, MAX_SECONDS),
                        help=f'for each response (default: {DEFAULT_TIMEOUT:g})')
    common.add_argument('--json', action='store_true', help='write JSON')
    parser = Parser(prog='vaurienctl', allow_abbrev=False, parents=[common], epilog=EPILOG,
                    description='Steers a running vaurien by its control server (vaurien --http).')
    parser.add_argument('--cluster', metavar='URL',
                        help='steer all members of a cluster instead: vaurienctl --cluster URL --help')
    parser.add_argument('--version', action='version', version=__version__)
    parser.add_argument(COMPLETION, metavar='SHELL', help='print what lets bash, zsh or fish complete this command, and exit')
    commands = parser.add_subparsers(dest='command', metavar='COMMAND', required=True)
    for name, command in (COMMANDS | OLDER).items():
        shown: dict[str, Any] = {} if name in OLDER else {'help': command.help}     # without help it is not listed
        made = commands.add_parser(name, description=sentence(name, command), parents=[common], allow_abbrev=False, **shown)
        for argument in command.arguments:
            argument.add_to(made)
    return parser


def sentence(name: str, command: Command) -> str:
    """Return what a command does, as a sentence."""
    return f'{name} {command.help}.' if name in OLDER else f'{command.help.capitalize()}.'


def command_of(args: argparse.Namespace) -> Command:
    """Return the command that was asked for."""
    return COMMANDS.get(args.command) or OLDER[args.command]


def run(args: argparse.Namespace) -> None:
    """Do what was asked for, and write the result.

    Raises:
        VaurienError: It was not done.
    """
    client = make_client(find_control(args.host, '--host'), args)
    result = command_of(args).run(client, args)
    put(result, args.json)


def make_client(control: Control, args: argparse.Namespace) -> Client:
    """Make the client that asks a control server.

    Raises:
        ConfigError: The file of ``--cacert`` cannot be used.
    """
    try:
        return Client(control.host, control.port, args.token, args.timeout, getattr(args, 'proxy', None) or '', control.tls,
                      args.cacert)
    except ConfigError as error:
        raise ConfigError('--cacert' if error.option == 'cacert' else error.option, error.value, error.reason) from None


def is_for_cluster(words: Sequence[str]) -> bool:
    """Return whether a command line is about a cluster."""
    return any(word.partition('=')[0] == '--cluster' for word in words)


def run_in_cluster(words: Sequence[str]) -> None:
    """Do what was asked of a cluster, and write the result.

    Raises:
        VaurienError: It was not done.
    """
    from .cluster.command import Session
    from .cluster.command import parse as parse_words
    args = parse_words(words, Parser)
    args.say = write
    with Session(args) as result:
        put(result, args.json)


# -- writing

def put(result: Result | Stream, as_json: bool) -> None:
    """Write what a command has to say."""
    if isinstance(result, Stream):
        write_stream(result, as_json)
    else:
        write(json.dumps(result.data, indent=2) if as_json else result.text(result.data, terminal_width()))



def write_stream(stream: Stream, as_json: bool) -> None:
    """Write each piece as it comes, until the stream ends or it is interrupted."""
    start = CLEAR if stream.whole and not as_json and sys.stdout.isatty() else ''
    try:
        for piece in stream.pieces:
            if not as_json:
                write(start + stream.text(piece, terminal_width()))
            elif piece is not None:
                write(json.dumps(piece))
    except KeyboardInterrupt:
        return


def terminal_width() -> int:
    """Return how wide the terminal is that is written to [characters]; 0: it is none."""
    return shutil.get_terminal_size((0, 0)).columns if sys.stdout.isatty() else 0


def write(text: str) -> None:
    """Write a line, or several, at once."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors='backslashreplace')   # a terminal need not know all characters
    sys.stdout.write(f'{text}\n')
    sys.stdout.flush()
