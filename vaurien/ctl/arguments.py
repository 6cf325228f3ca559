"""What the commands of ``vaurienctl`` are made of: their arguments, each under a name. Knows no command."""
import argparse
from collections.abc import Callable
from typing import Any, NamedTuple

from ..links import STREAMS
from ..options import Bounded
from .results import Result, Stream, UsageError

TOP_INTERVAL = 1.0  #: [seconds] between two tables of ``top``
MIN_INTERVAL = 0.05  #: [seconds] that such an interval may be; the server has other things to do
MAX_SECONDS = 86_400  #: [seconds] that anything here may take


class Argument:
    """One argument of a command.

    Args:
        name: Its flag; or, where it has none, the attribute that its word becomes.
        metavar, help: As ``add_argument`` takes them.
        more: What else that takes.
    """

    def __init__(self, name: str, metavar: str | None, help: str, **more: Any) -> None:
        self.name, self.fields = name, {'help': help, **({'metavar': metavar} if metavar else {}), **more}

    def add_to(self, parser: argparse.ArgumentParser) -> None:
        """Let a parser take it."""
        parser.add_argument(self.name, **self.fields)


class Command(NamedTuple):
    """One command.

    Args:
        help: What it does.
        run: Does it, with the one that it is asked of: a ``Client``, or a cluster.
        arguments: What it takes.
        options: It also takes options that are not known here.
        stays: What it asks a cluster for ends with it.
    """

    help: str
    run: Callable[[Any, argparse.Namespace], Result | Stream]
    arguments: tuple[Argument, ...] = ()
    options: bool = False
    stays: bool = False


class Limited:
    """A number on the command line, within bounds; argparse shows the message."""

    def __init__(self, base: type[int] | type[float], low: float, high: float | None = None) -> None:
        self._bounded = Bounded(base, low, high)

    def __call__(self, text: str) -> int | float:
        try:
            return self._bounded(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f'{text!r} is not valid, expected {self._bounded.expected}') from None


# -- words

PROXY = Argument('proxy', 'PROXY', 'the name of the proxy')
PROXY_OR_ALL = Argument('proxy', 'PROXY', 'the name of a proxy; none: all', nargs='?')
BEHAVIOR = Argument('behavior', 'NAME', 'the name of the behavior; its options follow it as --option value')
NEW_BEHAVIOR = Argument('behavior', 'NAME', 'the behavior that takes the place of what was set; its options follow it as '
                        '--option value; none: show what is set', nargs='?')
NEW_MIX = Argument('mix', 'MIX', 'such as 20:delay,10:error; none: show it', nargs='?')
NEW_PROTOCOL = Argument('protocol', 'NAME', 'what client and backend speak; open sessions are reset; none: show it', nargs='?')
NEW_BACKEND = Argument('backend', 'HOST:PORT', 'where new sessions are connected to; none: show it', nargs='?')
NUMBERS = Argument('numbers', 'NUMBER', 'numbers of sessions; none: all', nargs='*', type=Limited(int, 1))
TYPE = Argument('toxic', 'TYPE', 'which toxic')
TOXIC = Argument('toxic', 'TOXIC', 'its name')
ATTRIBUTES = Argument('attributes', 'ATTRIBUTE', 'such as latency=100; of a change: what else there is stays', nargs='*')

PLAN_ACTION = Argument('action', 'ACTION', 'list, add, remove or clear (default: list)', nargs='?', default='list',
                       choices=('list', 'add', 'remove', 'clear'))
PLAN_WORDS = Argument('words', 'WORD', 'of add: entries such as "cache: SET session:* #2 = readonly"; of remove: their ids',
                      nargs='*')

TEST = Argument('test', 'TEST', 'the test that begins, by its name; none: show which one runs', nargs='?')

# -- flags

CALLED = Argument('--name', 'NAME', 'how it is called (default: TYPE_STREAM)', dest='called')
STREAM = Argument('--stream', 'STREAM', f'one of {", ".join(STREAMS)} (default: {STREAMS[0]})', choices=STREAMS)
TOXICITY = Argument('--toxicity', 'SHARE', 'of the sessions that it is active in (default: 1)', type=Limited(float, 0, 1))
OF_PROXY = Argument('--proxy', 'NAME', 'the proxy that is meant', default='')
OF = Argument('--proxy', 'PROXY', 'the same as the word', default='', dest='of')
LISTEN = Argument('--listen', 'HOST:PORT', 'where it listens (default: a free port)', default='127.0.0.1:0')
BACKEND = Argument('--backend', 'HOST:PORT', 'where it connects to', required=True)
PROTOCOL = Argument('--protocol', 'NAME', 'what client and backend speak (default: tcp)', default='tcp')
MIX = Argument('--mix', 'MIX', 'what goes wrong, such as 20:delay,10:error', default='')
DISABLED = Argument('--disabled', None, 'do not listen yet', action='store_true')
FOLLOW = Argument('--follow', None, 'show them as they happen, until interrupted', action='store_true')
SINCE = Argument('--since', 'ID', 'only those after the one with this id', type=Limited(int, 0))
INTERVAL = Argument('--interval', 'SECONDS', f'between two tables (default: {TOP_INTERVAL:g})', default=TOP_INTERVAL,
                    type=Limited(float, MIN_INTERVAL, MAX_SECONDS))
SECONDS = Argument('--seconds', 'N', 'of the last so many seconds; 0: of all since it began (default: 10)', default=10,
                   type=Limited(int, 0, 60))
END = Argument('--end', None, 'the test has ended', action='store_true')
PLAIN = Argument('--plain', None, 'the table alone, where pip install "vaurien[tui]" has brought a full screen',
                 action='store_true')
COUNT = Argument('--count', 'N', 'end after so many tables (default: when interrupted)', default=0, type=Limited(int, 0))


def read_attributes(args: argparse.Namespace) -> dict[str, str]:
    """Read ``latency=100``; values stay text, as those of behaviors.

    Raises:
        UsageError: A word is not of this form.
    """
    attributes = {}
    for word in (*args.attributes, *args.options):      # argparse leaves those after an option to the latter
        name, equals, value = word.partition('=')
        if not name or not equals or name.startswith('-'):
            raise UsageError(f'{word!r} is no attribute, expected NAME=VALUE')
        attributes[name] = value
    return attributes
