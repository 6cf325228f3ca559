"""What ``vaurienctl`` can do, as a table. Knows the client's methods and how results are written; no exit status, no output."""
import argparse
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from ..client import MAIN, Client
from ..errors import VaurienError
from ..links import STREAMS
from ..options import Bounded
from . import text as ctl_text
from .text import line, listing, table
from .top import Rates

TOP_INTERVAL = 1.0  #: [seconds] between two tables of ``top``
MIN_INTERVAL = 0.05  #: [seconds] that such an interval may be; the server has other things to do
MAX_SECONDS = 86_400  #: [seconds] that anything here may take
STATUS_OK = {'status': 'ok'}  #: what there is to say where nothing is asked


class UsageError(VaurienError):
    """The command line is not right; the message says what is wrong with it."""


class Result(NamedTuple):
    """What a command has to say.

    Args:
        data: What ``--json`` writes.
        text: Makes what a person reads of it.
    """

    data: Any
    text: Callable[[Any], str]


class Stream(NamedTuple):
    """What a command has to say, piece by piece.

    Args:
        pieces: What ``--json`` writes, a line each; None is for people alone.
        text: Makes what a person reads of a piece.
        whole: Each piece takes the place of the one before it.
    """

    pieces: Iterable[Any]
    text: Callable[[Any], str]
    whole: bool = False


class Command(NamedTuple):
    """One command.

    Args:
        help: What it does.
        run: Does it.
        arguments: Which of ``ARGUMENTS`` it takes.
        options: It also takes options that are not known here.
    """

    help: str
    run: Callable[[Client, argparse.Namespace], Result | Stream]
    arguments: tuple[str, ...] = ()
    options: bool = False


def done(text: str) -> Result:
    """Say that something has been done."""
    return Result(STATUS_OK, lambda _: text)


# -- behaviors

def list_behaviors(client: Client, args: argparse.Namespace) -> Result:
    return Result({'behaviors': client.list_behaviors()}, lambda data: ', '.join(data['behaviors']))


def get_behavior(client: Client, args: argparse.Namespace) -> Result:
    return Result({'behavior': client.get_behavior()}, lambda data: str(data['behavior']))


def set_behavior(client: Client, args: argparse.Namespace) -> Result:
    client.set_behavior(args.behavior, **read_options(args.options))
    return done(f'Behavior changed to "{args.behavior}"')


def read_options(words: Sequence[str]) -> dict[str, str | bool]:
    """Read options of a behavior: ``--sleep 2``, ``--sleep=2``, ``--inject``, ``--no-before``.

    Values stay text: the server knows of what type they are.

    Raises:
        UsageError: There is a word that belongs to none.
    """
    options: dict[str, str | bool] = {}
    rest = list(words)
    while rest:
        name, equals, value = rest.pop(0).partition('=')
        if not name.startswith('--') or name == '--':
            raise UsageError(f'{name!r} belongs to no option, expected --option value')
        key = name[2:].replace('-', '_')
        if equals:
            options[key] = value
        elif rest and not rest[0].startswith('--'):
            options[key] = rest.pop(0)
        else:
            options[key.removeprefix('no_')] = not key.startswith('no_')
    return options


def mix(client: Client, args: argparse.Namespace) -> Result:
    shown = client.show(args.name) if args.mix is None else client.change(args.name, mix=args.mix)
    return Result({'mix': shown['mix']}, lambda _: str(shown['behavior']))


# -- proxies

def proxies(client: Client, args: argparse.Namespace) -> Result:
    return Result({'proxies': client.proxies()}, lambda data: table(ctl_text.PROXIES, data['proxies']))


def show(client: Client, args: argparse.Namespace) -> Result:
    return Result(client.show(args.name), listing)


def create(client: Client, args: argparse.Namespace) -> Result:
    made = client.create(args.name, proxy=args.listen, backend=args.backend, protocol=args.protocol, mix=args.mix,
                         enabled=not args.disabled)
    where = f'listens on {made["address"]}' if made['enabled'] else 'is disabled'
    return Result(made, lambda _: f'{args.name} {where}')


def remove(client: Client, args: argparse.Namespace) -> Result:
    client.remove(args.name)
    return done(f'{args.name} removed')


def enable(client: Client, args: argparse.Namespace) -> Result:
    shown = client.enable(args.name)
    return Result(shown, lambda _: f'{args.name} listens on {shown["address"]}')


def disable(client: Client, args: argparse.Namespace) -> Result:
    return Result(client.disable(args.name), lambda _: f'{args.name} is disabled')


# -- toxics

def toxic(client: Client, args: argparse.Namespace) -> Result:
    return TOXIC_ACTIONS[args.action](client, args)


def list_toxics(client: Client, args: argparse.Namespace) -> Result:
    refuse(args, 'stream', 'called', 'toxicity', 'toxic', 'attributes', 'options')
    return Result({'toxics': client.toxics(args.name)}, lambda data: table(ctl_text.TOXICS, data['toxics']))


def add_toxic(client: Client, args: argparse.Namespace) -> Result:
    fields = {'name': args.called, 'stream': args.stream, 'toxicity': args.toxicity}
    given = {key: value for key, value in fields.items() if value is not None}
    made = client.add_toxic(args.name, needed(args), read_attributes(args), **given)
    return Result(made, lambda data: f'{args.name} has the toxic {data["name"]}')


def update_toxic(client: Client, args: argparse.Namespace) -> Result:
    refuse(args, 'stream', 'called')
    given = {} if args.toxicity is None else {'toxicity': args.toxicity}
    changed = client.change_toxic(args.name, needed(args), read_attributes(args), **given)
    return Result(changed, lambda data: f'{args.name} has changed the toxic {data["name"]}')


def remove_toxic(client: Client, args: argparse.Namespace) -> Result:
    refuse(args, 'stream', 'called', 'toxicity', 'attributes', 'options')
    client.remove_toxic(args.name, needed(args))
    return done(f'{args.name} has the toxic {args.toxic} no more')


TOXIC_ACTIONS: dict[str, Callable[[Client, argparse.Namespace], Result]] = {
    'list': list_toxics, 'add': add_toxic, 'update': update_toxic, 'remove': remove_toxic,
}


def needed(args: argparse.Namespace) -> str:
    """Return the toxic that is meant.

    Raises:
        UsageError: There is none on the command line.
    """
    if args.toxic is None:
        raise UsageError(f'toxic {args.action}: which toxic is missing')
    return str(args.toxic)


def refuse(args: argparse.Namespace, *names: str) -> None:
    """Refuse what an action does not take.

    Raises:
        UsageError: It is given.
    """
    for name in names:
        if getattr(args, name) not in (None, []):
            raise UsageError(f'toxic {args.action}: {getattr(args, name)!r} has no meaning here')


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


# -- sessions and what happens

def sessions(client: Client, args: argparse.Namespace) -> Result:
    return Result({'sessions': client.sessions(args.name)}, lambda data: table(ctl_text.SESSIONS, data['sessions']))


def kill(client: Client, args: argparse.Namespace) -> Result:
    for number in args.numbers:
        client.kill(args.name, number)
    count = len(args.numbers) if args.numbers else client.kill_all(args.name)
    return Result({'killed': count}, lambda data: f'sessions of {args.name} ended: {data["killed"]}')


def faults(client: Client, args: argparse.Namespace) -> Result | Stream:
    if args.follow:
        return Stream(follow(client, args.proxy, args.since), lambda fault: line(ctl_text.FAULTS, fault))
    found = [fault._asdict() for fault in client.faults(args.proxy, args.since or 0)]
    return Result({'faults': found}, lambda data: table(ctl_text.FAULTS, data['faults']))


def follow(client: Client, proxy: str, since: int | None) -> Iterator[dict[str, Any] | None]:
    """Give the headings, and the faults as they happen."""
    stream = client.follow(proxy, client.last_fault() if since is None else since)
    yield None
    for fault in stream:
        yield fault._asdict()


def top(client: Client, args: argparse.Namespace) -> Stream:
    return Stream(busy(client, args.interval, args.count), lambda data: table(ctl_text.TOP, data['proxies']), whole=True)


def busy(client: Client, interval: float, count: int) -> Iterator[dict[str, Any]]:
    """Say again and again how busy the proxies are.

    Args:
        client: What to ask.
        interval: Seconds between two times, and before the first one.
        count: How often; 0: without end.
    """
    rates, never, said = Rates(), threading.Event(), 0
    rates.rows(client.stats(), time.monotonic())
    while not count or said < count:
        never.wait(interval)
        yield {'proxies': rates.rows(client.stats(), time.monotonic())}
        said += 1


class Limited:
    """A number on the command line, within bounds; argparse shows the message."""

    def __init__(self, base: type[int] | type[float], low: float, high: float | None = None) -> None:
        self._bounded = Bounded(base, low, high)

    def __call__(self, text: str) -> int | float:
        try:
            return self._bounded(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f'{text!r} is not valid, expected {self._bounded.expected}') from None


ARGUMENTS: dict[str, dict[str, Any]] = {
    'action': {'metavar': 'ACTION', 'choices': tuple(TOXIC_ACTIONS), 'help': f'one of {", ".join(TOXIC_ACTIONS)}'},
    'toxic': {'metavar': 'TOXIC', 'nargs': '?', 'help': 'its type, to add it; else its name'},
    'attributes': {'metavar': 'ATTRIBUTE', 'nargs': '*', 'help': 'such as latency=100; to update: what else stays'},
    '--name': {'metavar': 'NAME', 'dest': 'called', 'help': 'how an added one is called (default: TYPE_STREAM)'},
    '--stream': {'metavar': 'STREAM', 'choices': STREAMS,
                 'help': f'of an added one; one of {", ".join(STREAMS)} (default: {STREAMS[0]})'},
    '--toxicity': {'metavar': 'SHARE', 'type': Limited(float, 0, 1), 'help': 'of the sessions that it is active in (default: 1)'},
    'name': {'metavar': 'NAME', 'help': 'the name of the proxy'},
    'behavior': {'metavar': 'NAME', 'help': 'the name of the behavior; its options follow it as --option value'},
    'mix': {'metavar': 'MIX', 'nargs': '?', 'help': 'such as 20:delay,10:error; none: show it'},
    'numbers': {'metavar': 'NUMBER', 'nargs': '*', 'type': Limited(int, 1), 'help': 'numbers of sessions; none: all'},
    '--proxy': {'metavar': 'NAME', 'default': '', 'help': 'the proxy that is meant'},
    '--listen': {'metavar': 'HOST:PORT', 'default': '127.0.0.1:0', 'help': 'where it listens (default: a free port)'},
    '--backend': {'metavar': 'HOST:PORT', 'required': True, 'help': 'where it connects to'},
    '--protocol': {'metavar': 'NAME', 'default': 'tcp', 'help': 'what client and backend speak (default: tcp)'},
    '--mix': {'metavar': 'MIX', 'default': '', 'help': 'what goes wrong, such as 20:delay,10:error'},
    '--disabled': {'action': 'store_true', 'help': 'do not listen yet'},
    '--follow': {'action': 'store_true', 'help': 'show them as they happen, until interrupted'},
    '--since': {'metavar': 'ID', 'type': Limited(int, 0), 'help': 'only those after the one with this id'},
    '--interval': {'metavar': 'SECONDS', 'type': Limited(float, MIN_INTERVAL, MAX_SECONDS), 'default': TOP_INTERVAL,
                   'help': f'between two tables (default: {TOP_INTERVAL:g})'},
    '--count': {'metavar': 'N', 'type': Limited(int, 0), 'default': 0,
                'help': 'end after so many tables (default: when interrupted)'},
}
COMMANDS: dict[str, Command] = {
    'list-behaviors': Command('list the behaviors that there are', list_behaviors),
    'get-behavior': Command(f'show what a proxy does; without --proxy, {MAIN}', get_behavior, ('--proxy',)),
    'set-behavior': Command(f'apply a behavior to every exchange; without --proxy, those of {MAIN}', set_behavior,
                            ('behavior', '--proxy'), options=True),
    'mix': Command('show or change the mix of a proxy', mix, ('name', 'mix')),
    'proxies': Command('list the proxies', proxies),
    'show': Command('show all about a proxy', show, ('name',)),
    'create': Command('make a proxy', create, ('name', '--listen', '--backend', '--protocol', '--mix', '--disabled')),
    'remove': Command('end a proxy and its sessions', remove, ('name',)),
    'enable': Command('let a proxy listen again, where it did', enable, ('name',)),
    'disable': Command('let a proxy refuse connections, and reset the open ones', disable, ('name',)),
    'toxic': Command('list, add, update or remove toxics of a proxy', toxic,
                     ('action', 'name', 'toxic', 'attributes', '--name', '--stream', '--toxicity'), options=True),
    'sessions': Command('list the open sessions of a proxy', sessions, ('name',)),
    'kill': Command('reset sessions of a proxy', kill, ('name', 'numbers')),
    'faults': Command('list what was injected', faults, ('--follow', '--proxy', '--since')),
    'top': Command('show again and again how busy the proxies are', top, ('--interval', '--count')),
}
