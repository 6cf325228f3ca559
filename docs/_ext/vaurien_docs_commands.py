"""What is made of the parsers of ``vaurien`` and ``vaurienctl``, of the tables of settings, and of what the source logs."""
import argparse
import ast
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from vaurien_docs_text import indented, literal, section, sentence, table

import vaurien
from vaurien.config import arguments
from vaurien.config.help import short
from vaurien.config.settings import PROXY, STATSD, VAURIEN, flag_of
from vaurien.ctl import command as ctl
from vaurien.ctl.cluster.command import make_parser as make_cluster_parser
from vaurien.ctl.commands.older import OLDER
from vaurien.options import Option, expected
from vaurien.plugins import KINDS, Catalog, make_catalog
from vaurien.words.toxics import COMMON

PACKAGE = Path(vaurien.__file__).parent
#: keys of sections that ``ini`` writes a table of, by section: what is taken beside the table's rows
BESIDE = {
    'vaurien': [('extends', 'Other files, one on each line, that supply what is missing; relative to the folder of this one.')],
    'proxy:NAME': [('behavior.NAME.OPTION', 'An option of a behavior, for this proxy alone; also in ``[vaurien]``.'),
                   ('protocol.OPTION', 'An option of its protocol, for this proxy alone; also in ``[vaurien]``.')],
}
#: of groups of flags, in place of what ``--help`` has
HEADINGS = {'options': 'Help'}
VARIES = re.compile(r'%[-\d.]*[sdgrf]')
LEVELS = ('error', 'warning', 'info', 'debug')


# -- command lines

def own_plugins() -> Catalog:
    """Return the plugins that come with vaurien."""
    catalog, _ = make_catalog()
    return {kind: {name: plugin for name, plugin in plugins.items()
                   if KINDS[kind].registry.get(name).__module__.startswith('vaurien.')}
            for kind, plugins in catalog.items()}


def parser() -> argparse.ArgumentParser:
    """Make the parser of ``vaurien`` with the plugins that come with it."""
    return arguments.full_parser(own_plugins())


def flags() -> str:
    """Write all flags of ``vaurien``, by their headings in ``--help``."""
    made = parser()
    pages = ['.. program:: vaurien', '']
    for group in made._action_groups:
        if group._group_actions:
            title = HEADINGS.get(str(group.title), sentence(str(group.title))[:-1])
            pages.append(section(title, *map(flag_entry, group._group_actions)))
    return '\n'.join(pages)


def short_help() -> str:
    """Write the page that fits on a screen, as it is printed."""
    return f'.. code-block:: text\n\n{indented(short(own_plugins()))}\n'


def flag_entry(action: argparse.Action) -> str:
    """Write one flag, or one argument."""
    value = '' if action.nargs == 0 or not action.metavar else f' {action.metavar}'
    names = ', '.join(f'{name}{value}' for name in action.option_strings) or str(action.metavar)
    text = str(action.help or '').replace('%%', '%').strip()
    return f'.. option:: {names}\n\n{indented(sentence(text))}\n'


def control() -> str:
    """Write all commands of ``vaurienctl``."""
    made = ctl.make_parser()
    found = next(action for action in made._actions if isinstance(action, argparse._SubParsersAction))
    common = [action for action in made._actions if action is not found]
    shared = {name for action in common for name in action.option_strings}
    pages = ['.. program:: vaurienctl', '', section('For all commands', *map(flag_entry, common))]
    for name, command in found.choices.items():
        if name == next(iter(OLDER)):
            pages.append(section('Older forms', 'They do the same as the commands above; ``--help`` lists them no more.'))
        words = [f'.. program:: vaurienctl-{name}', str(command.description)]
        own = [action for action in command._actions if not shared & set(action.option_strings) and action.dest != 'help']
        pages.append(section(name, *words, *map(argument_entry, own)))
    return '\n'.join(pages)


def cluster() -> str:
    """Write all commands of ``vaurienctl --cluster``."""
    made = make_cluster_parser(ctl.Parser)
    found = next(action for action in made._actions if isinstance(action, argparse._SubParsersAction))
    common = [action for action in made._actions if action is not found and action.dest != 'help']
    shared = {name for action in common for name in action.option_strings}
    pages = ['.. program:: vaurienctl-cluster', '', section('For all commands of a cluster', *map(flag_entry, common))]
    for name, command in found.choices.items():
        own = [action for action in command._actions if not shared & set(action.option_strings) and action.dest != 'help']
        words = [f'.. program:: vaurienctl-cluster-{name}', str(command.description)]
        pages.append(section(name, *words, *map(argument_entry, own)))
    return '\n'.join(pages)


def argument_entry(action: argparse.Action) -> str:
    """Write an argument of a command."""
    if action.option_strings:
        return flag_entry(action)
    name = str(action.metavar or action.dest)
    return f'{literal(name)}\n{indented(sentence(str(action.help)))}\n'


# -- the INI file

def ini() -> str:
    """Write all sections and their keys."""
    pages = [
        section('[vaurien]', 'The process, and its first proxy, which is named ``default``. Each key is the flag of the same '
                'name.', keys('vaurien', VAURIEN)),
        section('[proxy:NAME]', 'One more proxy of the process.', keys('proxy:NAME', PROXY)),
        section('[statsd]', 'Where counters are sent to.', keys('statsd', STATSD)),
    ]
    pages.append(section('[toxic:NAME]', 'A toxic, named by its section; of the first proxy, unless ``toxic`` of another one '
                         'names it.', toxic_keys()))
    for kind in sorted(KINDS):
        pages.append(section(f'[{kind}:NAME]', PLUGINS[kind], table(['key', 'what it is'], [
            [literal('callable'), f'``package.module:Class``; the class is registered as the {kind} ``NAME``.'],
            ['any option', f'Those of the {kind}: :doc:`{kind}s`.']])))
    return '\n'.join(pages)


def toxic_keys() -> str:
    """Write the keys of a section of a toxic."""
    common = [[literal(key), sentence(option.description)] for key, option in COMMON.items()]
    return table(['key', 'what it is'], [
        [literal('type'), 'Which toxic; without it ``NAME`` is the type.'], *common,
        [literal('callable'), '``package.module:Class``; the class is registered, and is the type.'],
        ['any attribute', 'Those of the type: :doc:`toxics`.']])


#: what a section of a plugin is for
PLUGINS = defaultdict(lambda: 'The options of a plugin.', {
    'behavior': 'The options of a behavior, wherever it is drawn.',
    'protocol': 'The options of a protocol, wherever it is spoken.',
})


def keys(part: str, options: Mapping[str, Option]) -> str:
    """Write the keys of a section."""
    rows = [[literal(key.rpartition('.')[2]), sentence(option.description), expected(option), f':option:`vaurien {flag_of(key)}`']
            for key, option in options.items()]
    rows += [[literal(key), text, '', ''] for key, text in BESIDE.get(part, ())]
    return table(['key', 'what it is', 'takes', 'flag'], rows, '22 40 20 18')


# -- the log

def log() -> str:
    """Write what is logged at each level, read from the source."""
    found = defaultdict(set)
    for level, text, logger in logged():
        found[level].add((text, logger))
    return '\n'.join(section(level.upper(), table(['message', 'logger'], [[literal(text), literal(logger)]
                                                                            for text, logger in sorted(found[level])]))
                     for level in LEVELS)


def logged() -> Iterator[tuple[str, str, str]]:
    """Give level, text and logger of each call that logs a text of its own."""
    for path in sorted(PACKAGE.rglob('*.py')):
        name = '.'.join(['vaurien', *path.relative_to(PACKAGE).with_suffix('').parts]).removesuffix('.__init__')
        nodes = list(ast.walk(ast.parse(path.read_text('utf-8'))))
        loggers = {'logger', *rate_limited(nodes)}
        for node in nodes:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) in loggers:
                for level, text in calls(node, node.func.attr):
                    yield level, text, name


def rate_limited(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Give what a file assigns a ``RateLimitedLog`` to, as it is written there: ``self._refused``."""
    for node in nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                names, values = (found.elts if isinstance(found, ast.Tuple) else [found] for found in (target, node.value))
                yield from (ast.unparse(name) for name, value in zip(names, values, strict=False)
                            if isinstance(value, ast.Call) and ast.unparse(value.func) == 'RateLimitedLog')


def calls(node: ast.Call, method: str) -> Iterator[tuple[str, str]]:
    """Give the levels and the text of one call, with what varies in angle brackets."""
    levels = {'exception': ['error'], 'log': ['warning', 'info']}.get(method, [method])
    texts = [(place, argument.value) for place, argument in enumerate(node.args)
             if isinstance(argument, ast.Constant) and isinstance(argument.value, str)]
    if not texts or levels[0] not in LEVELS or texts[0][1] == '%s':
        return
    place, words = texts[0]
    names = iter(map(varying, node.args[place + 1:]))
    text = VARIES.sub(lambda _: f'<{next(names)}>', words)
    yield from ((level, text) for level in levels)


#: what is looked at of an expression to find a word for it
INNER: dict[type, Callable[[Any], ast.expr]] = {
    ast.BoolOp: lambda found: found.values[-1],
    ast.Call: lambda found: found.args[0] if found.args else found.func,
    ast.IfExp: lambda found: found.body,
    ast.Subscript: lambda found: found.value,
}


def varying(argument: ast.expr) -> str:
    """Name what an argument puts into a message, by the last word of it."""
    while inner := INNER.get(type(argument)):
        argument = inner(argument)
    return argument.attr if isinstance(argument, ast.Attribute) else ast.unparse(argument)
