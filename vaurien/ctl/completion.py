"""What lets a shell complete ``vaurienctl``: a script made of its commands, and the names that a running vaurien has for it."""
import argparse
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..client import Client, find_control
from ..errors import ConfigError, VaurienError
from ..words.shells import SCRIPTS, Commands, Flag, Takes
from .commands.table import COMMANDS

PROGRAM = 'vaurienctl'
COMPLETION, COMPLETE = '--completion', '--complete'     #: the second one is for the scripts alone
TIMEOUT = 2.0       #: [seconds] for each response; who types waits for it
MAX_OPTIONS = 16    #: options of a behavior, and attributes of a toxic, that are completed in one line
KIND = Flag('--kind', 'which error', Takes(asked='kinds'))

CLUSTER = '--cluster'
ROOT = CLUSTER.removeprefix('--')   #: what stands for no command of a cluster yet

#: what an argument takes, by its name and the word that help has for it
Asked = Mapping[tuple[str, str], Takes]
ASKED: Asked = {
    ('proxy', 'PROXY'): Takes(asked='proxies'),
    ('--proxy', 'PROXY'): Takes(asked='proxies'),
    ('behavior', 'NAME'): Takes(asked='behaviors'),
    ('mix', 'MIX'): Takes(asked='behaviors', mix=True),
    ('--mix', 'MIX'): Takes(asked='behaviors', mix=True),
    ('protocol', 'NAME'): Takes(asked='protocols'),
    ('--protocol', 'NAME'): Takes(asked='protocols'),
    ('toxic', 'TYPE'): Takes(asked='types'),
    ('toxic', 'TOXIC'): Takes(asked='toxics'),
    ('attributes', 'ATTRIBUTE'): Takes(asked='attributes'),
}
#: with ``--cluster``
ASKED_OF_CLUSTER: Asked = {
    ('--on', 'MEMBER'): Takes(asked='members'),
    ('--on-host', 'HOST'): Takes(asked='hosts'),
    ('--on-label', 'KEY=VALUE'): Takes(asked='labels'),
    ('orders', 'ORDER'): Takes(asked='orders'),
    ('file', 'FILE'): Takes(files=True),
}


def is_about_completion(argv: Sequence[str]) -> bool:
    """Return whether the script is asked for, or the names that it asks for itself."""
    return bool(argv) and argv[0].partition('=')[0] in (COMPLETE, COMPLETION)


def answer(argv: Sequence[str], parser: argparse.ArgumentParser) -> None:
    """Print the script, or the names.

    Args:
        argv: All arguments, which are about completion.
        parser: That of all commands.

    Raises:
        ConfigError: There is no such shell, or something else is asked for as well.
    """
    word, equals, shell = argv[0].partition('=')
    if word == COMPLETE:
        sys.stdout.write(''.join(f'{name}\n' for name in names(argv[1:], parser)))
    else:
        words = [shell, *argv[1:]] if equals else list(argv[1:])
        if len(words) != 1 or words[0] not in SCRIPTS:
            raise ConfigError(COMPLETION, ' '.join(words), f'one of {", ".join(SCRIPTS)}')
        sys.stdout.write(SCRIPTS[words[0]](commands(parser)))


def commands(parser: argparse.ArgumentParser) -> Commands:
    """Collect what can be completed; the older forms of commands go on working, and are not offered."""
    found = {PROGRAM: flags(parser)}
    places = {}
    for name, made in subparsers(parser).items():
        if name in COMMANDS:
            words = [takes(action) for action in made._actions if not action.option_strings]
            found[name], places[name] = flags(made), tuple(words)
    found['behavior'] = (*found['behavior'], KIND)
    places['behavior'] += (Takes(asked='options'),) * MAX_OPTIONS
    for name in ('add-toxic', 'change-toxic'):
        places[name] += places[name][-1:] * MAX_OPTIONS
    from .cluster.command import make_parser  # few ask for the script, and all would wait
    from .cluster.commands import COMMANDS as OF_CLUSTER
    beside = make_parser(type(parser))
    found[ROOT] = flags(beside)
    for name, made in subparsers(beside).items():
        words = [takes(action, ASKED_OF_CLUSTER) for action in made._actions if not action.option_strings]
        found[f'{ROOT}-{name}'], places[f'{ROOT}-{name}'] = flags(made, ASKED_OF_CLUSTER), tuple(words)
    places[f'{ROOT}-end'] *= MAX_OPTIONS
    return Commands(PROGRAM, found, {name: command.help for name, command in COMMANDS.items()}, places, beside=CLUSTER,
                    helps_beside={name: command.help for name, command in OF_CLUSTER.items()})


def subparsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the parsers of the commands."""
    found = next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return dict(found.choices)


def flags(parser: argparse.ArgumentParser, asked: Asked | None = None) -> tuple[Flag, ...]:
    """Return the flags of a parser; what their values are asked for is that of ``takes``."""
    return tuple(Flag(name, ' '.join(str(action.help or '').split()), takes(action, asked) if action.nargs != 0 else None)
                 for action in parser._actions for name in action.option_strings if name.startswith('--'))


def takes(action: argparse.Action, asked: Asked | None = None) -> Takes:
    """Return what stands in an argument's place; ``asked`` says what some of them are, None: those of ``ASKED``."""
    if action.choices:
        return Takes(tuple(map(str, action.choices)))
    name = action.option_strings[-1] if action.option_strings else action.dest
    return (ASKED if asked is None else asked).get((name, str(action.metavar)), Takes())


# -- what a cluster or a running vaurien is asked

def in_cluster(asked: str, url: str) -> list[str]:
    """Return the names that a cluster has."""
    from ..clusters.asking import Asking  # as above
    from ..clusters.where import CLUSTER_VARIABLE, find_cluster
    asking = Asking(find_cluster(url or os.environ.get(CLUSTER_VARIABLE, '')), timeout=TIMEOUT)
    try:
        return sorted(set(NAMES_OF_CLUSTER[asked](asking)))
    finally:
        asking.close()


def names(words: Sequence[str], parser: argparse.ArgumentParser) -> list[str]:
    """Return the names that can stand next; none where no vaurien answers.

    Args:
        words: What is asked for, and what has been typed after the program's name.
        parser: That of all commands.
    """
    valued = set(commands(parser).valued())
    asked, given, typed = words[0] if words else '', dict[str, str](), list[str]()
    rest = iter(words[1:])
    for word in rest:
        flag, equals, value = word.partition('=')
        if flag in valued:
            given[flag] = value if equals else next(rest, '')
        elif not flag.startswith('-'):
            typed.append(word)
    try:
        if CLUSTER in given:
            return in_cluster(asked, given[CLUSTER])
        host, port, tls = find_control(given.get('--host'), '--host')
        client = Client(host, port, given.get('--token'), TIMEOUT, tls=tls, cacert=given.get('--cacert'))
        return list(NAMES[asked](client, typed)) if asked in NAMES else []
    except (VaurienError, LookupError):
        return []


def called(client: Client, path: str) -> dict[str, dict[str, Any]]:
    """Return the plugins of a kind by their names."""
    return {found['name']: found for found in client.channel.ask('GET', f'/v1/{path}', part=path)}


def kinds(client: Client, typed: Sequence[str]) -> Iterable[str]:
    """Return the errors that the protocol of a proxy knows."""
    return [kind['name'] for kind in called(client, 'protocols')[client.show(typed[1])['protocol']]['kinds']]


def options(client: Client, typed: Sequence[str]) -> Iterable[str]:
    """Return the options of a behavior, as flags."""
    found = [f'--{option["name"].replace("_", "-")}' for option in called(client, 'behaviors')[typed[2]]['options']]
    return [name for name in found if name != KIND.name]


def attributes(client: Client, typed: Sequence[str]) -> Iterable[str]:
    """Return the attributes of a type of toxic, or of that of a toxic of a proxy, but for those that are set already."""
    kind = typed[2]
    if typed[0] == 'change-toxic':
        kind = next(toxic['type'] for toxic in client.toxics(typed[1]) if toxic['name'] == kind)
    found = [f'{option["name"]}=' for option in called(client, 'toxics')[kind]['options']]
    return [name for name in found if not any(word.startswith(name) for word in typed)]


NAMES_OF_CLUSTER: Mapping[str, Callable[[Any], Iterable[str]]] = {
    'members': lambda asking: (seen.name for seen in asking.members()),
    'hosts': lambda asking: (seen.member.host for seen in asking.members()),
    'labels': lambda asking: (f'{key}={value}' for seen in asking.members() for key, value in seen.member.labels.items()),
    'orders': lambda asking: ('all', *(known.id for known in asking.state().orders)),
}
NAMES: Mapping[str, Callable[[Client, Sequence[str]], Iterable[str]]] = {
    'proxies': lambda client, typed: [proxy['name'] for proxy in client.proxies()],
    'behaviors': lambda client, typed: client.list_behaviors(),
    'protocols': lambda client, typed: called(client, 'protocols'),
    'types': lambda client, typed: called(client, 'toxics'),
    'toxics': lambda client, typed: [toxic['name'] for toxic in client.toxics(typed[1])],
    'attributes': attributes,
    'options': options,
    'kinds': kinds,
}
