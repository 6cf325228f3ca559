"""The command line of ``vaurienctl --cluster``: its commands and their arguments. Does nothing."""
import argparse
import os
import re
from typing import Any

from ...clusters.model import MAX_TTL, Members, read_label
from ...clusters.where import CLUSTER_VARIABLE, FORM
from ...words.phases.model import MAX_SCALE, MIN_SCALE
from ..arguments import ATTRIBUTES, CALLED, MAX_SECONDS, STREAM, TOXICITY, Argument, Limited
from ..results import UsageError

DEFAULT_TIMEOUT = 10.0      #: [seconds] that members may take to say what became of a change
DEFAULT_FOR = 300       #: [seconds] that faults are in force where nothing else is said
UNITS = {'s': 1, 'm': 60, 'h': 3600}
DURATION = re.compile(r'(\d{1,6})([smh]?)\Z')


def seconds(text: str) -> int:
    """Read ``30``, ``30s``, ``5m`` or ``1h``; argparse shows the message."""
    found = DURATION.match(text)
    value = int(found[1]) * UNITS[found[2] or 's'] if found else 0
    if not 1 <= value <= MAX_TTL:
        expected = f'a time such as 30s, 5m or 1h, at most {MAX_TTL // 3600}h'
        raise argparse.ArgumentTypeError(f'{text!r} is not valid, expected {expected}')
    return value


FOR = Argument('--for', 'TIME', f'how long it is in force, such as 30s, 5m or 1h (default: {DEFAULT_FOR // 60}m)', dest='ttl',
               type=seconds)
STAY = Argument('--stay', None, 'stay, and end it with Ctrl-C or with this process, in place of --for', action='store_true')
REPLACE = Argument('--replace', None, 'end what others have asked for there', action='store_true')
PARTLY = Argument('--partly', None, 'leave it in force where only some members can apply it', action='store_true')
NAMES = Argument('--on', 'MEMBER', 'a member, by name; * stands for any characters; may be repeated', action='append',
                 dest='names')
HOSTS = Argument('--on-host', 'HOST', 'the members of a machine, likewise', action='append', dest='hosts')
LABELS = Argument('--on-label', 'KEY=VALUE', 'the members with a label, likewise; all that is said has to fit', action='append',
                  dest='labels')
NOTE = Argument('--note', 'TEXT', 'what others are told who look at it', default='')
CHOICE = NAMES, HOSTS, LABELS
ASKING = (*CHOICE, FOR, STAY, REPLACE, PARTLY, NOTE)
PROXY = Argument('proxy', 'PROXY', 'the proxies, by name; * stands for any characters')
MIX = Argument('mix', 'MIX', 'such as 20:delay,10:error; options of behaviors follow it as --delay-sleep=2')
TYPE = Argument('toxic', 'TYPE', 'which toxic')
ENTRIES = Argument('entries', 'ENTRY', 'such as "cache: SET session:* #2 = readonly"', nargs='+')
ORDERS = Argument('orders', 'ORDER', 'its id; all: each one', nargs='+')
WHY = Argument('reason', 'REASON', 'why, for all who look', nargs='?', default='')
NAME = Argument('proxy', 'PROXY', 'its name')
LISTEN = Argument('--listen', 'HOST:PORT', 'where it listens on each member', required=True)
BACKEND = Argument('--backend', 'HOST:PORT', 'where it connects to', required=True)
PROTOCOL = Argument('--protocol', 'NAME', 'what client and backend speak (default: tcp)', default='tcp')
FILE = Argument('file', 'FILE', 'the scenario: its phases, without proxies of its own and without until')
SCALE = Argument('--scale', 'NUMBER', 'what all times of the file are multiplied with (default: 1)', default=1.0,
                 type=Limited(float, MIN_SCALE, MAX_SCALE))
TOXIC = (PROXY, TYPE, ATTRIBUTES, CALLED, STREAM, TOXICITY)


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add what stands before and after each command."""
    parser.add_argument('--cluster', metavar='URL', help=f'the cluster (default: that of {CLUSTER_VARIABLE}): {FORM}')
    parser.add_argument('--timeout', metavar='SECONDS', type=Limited(float, 0.001, MAX_SECONDS),
                        help=f'for members to say what became of a change (default: {DEFAULT_TIMEOUT:g})')
    parser.add_argument('--json', action='store_true', help='write JSON')


def defaults() -> argparse.Namespace:
    """Return what holds where nothing is said."""
    return argparse.Namespace(cluster=os.environ.get(CLUSTER_VARIABLE, ''), timeout=DEFAULT_TIMEOUT, json=False)


def read_members(args: argparse.Namespace) -> Members:
    """Make of the arguments which members are meant."""
    labels = dict(read_label(text, '--on-label') for text in args.labels or ())
    return Members(names=tuple(args.names or ()), hosts=tuple(args.hosts or ()), labels=labels)


def read_settings(words: list[str]) -> dict[str, dict[str, Any]]:
    """Read options of behaviors: ``--delay-sleep=2``, ``--delay-sleep 2``. Values stay text: members know of what type they are.

    Raises:
        UsageError: A word belongs to none.
    """
    found: dict[str, dict[str, Any]] = {}
    rest = list(words)
    while rest:
        name, equals, value = rest.pop(0).partition('=')
        behavior, dash, option = name.removeprefix('--').partition('-')
        if not name.startswith('--') or not dash or not behavior or not option:
            raise UsageError(f'{name!r} belongs to no option, expected --BEHAVIOR-OPTION=VALUE, such as --delay-sleep=2')
        if not equals:
            if not rest or rest[0].startswith('--'):
                raise UsageError(f'{name} lacks its value')
            value = rest.pop(0)
        found.setdefault(behavior, {})[option.replace('-', '_')] = value
    return found
