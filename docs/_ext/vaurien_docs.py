"""The pages that are made of the live code: ``.. vaurien:: behaviors`` stands for what ``PAGES`` has under that name.

Knows tables, parsers and docstrings of vaurien, and how reStructuredText is written; Sphinx is asked for by ``setup`` alone,
so that tests read what the pages say without it.
"""
import inspect
import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import vaurien_docs_bench as bench
import vaurien_docs_ca as ca
import vaurien_docs_commands as commands
import vaurien_docs_explore as explore
import vaurien_docs_http as http
import vaurien_docs_kinds as kind_files
import vaurien_docs_layout as layout
import vaurien_docs_run as run
import vaurien_docs_scenario as scenario
from vaurien_docs_text import literal, section, sentence, table

from vaurien.behaviors import Behavior
from vaurien.behaviors.dummy import COMMON as COMMON_OF_BEHAVIORS
from vaurien.options import Option, expected, flag, normalize
from vaurien.plans.grammar import WHERE
from vaurien.plans.names import OF_TOXICS
from vaurien.protocols import Protocol
from vaurien.protocols.base import COMMON as COMMON_OF_PROTOCOLS
from vaurien.protocols.http.events.failures import ERRORS as OF_EVENTS
from vaurien.protocols.http.ws.failures import ERRORS as SOCKET_KINDS
from vaurien.protocols.message import CATEGORIES
from vaurien.protocols.tls_kinds import HANDSHAKE_KINDS, STREAM_KINDS, TLS_KINDS
from vaurien.spec import FaultSpec
from vaurien.toxics import TOXICS

#: an argument in the docstring of a class, and what is said of it
ARGUMENT = re.compile(r'^    (\w+): (.*(?:\n {5,}.*)*)', re.MULTILINE)
DOCS = Path(__file__).parent.parent
REALISM, DIFFERENCES = DOCS / 'realism', DOCS / 'toxiproxy-differences.rst'
#: where the part of a docstring begins that is for programmers
FIELDS = re.compile(r'^(Args|Attributes|Returns|Raises):$', re.MULTILINE)


def described(cls: type) -> str:
    """Return what a class's docstring says to its users."""
    return FIELDS.split(inspect.getdoc(cls) or '')[0].strip()


def default_of(option: Option) -> str:
    """Write an option's default."""
    if option.default in (None, ''):
        return 'none'
    return literal(str(option.default).lower() if isinstance(option.default, bool) else option.default)


def options_table(options: Mapping[str, Any], kind: str = '', name: str = '') -> str:
    """Write the options of a plugin.

    Args:
        options: By name.
        kind: What the plugin is; empty: they have no flags of their own.
        name: Its name.
    """
    rows = []
    for key, option in normalize(options).items():
        row = [literal(key), sentence(option.description), expected(option), default_of(option)]
        rows.append([*row, f':option:`vaurien {flag(kind, name, key)}`'] if kind else row)
    return table(['option', 'what it does', 'takes', 'default', *(['flag'] if kind else [])], rows)


def without(options: Mapping[str, Any], common: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that a plugin has besides the common ones."""
    return {key: option for key, option in options.items() if key not in common or tuple(option) != tuple(common[key])}


def behaviors() -> str:
    """Write all behaviors that come with vaurien."""
    pages = [section('Options of every behavior', options_table(COMMON_OF_BEHAVIORS), label='behavior-common')]
    for name in own(Behavior):
        cls = Behavior.get(name)
        options = without(cls.options, COMMON_OF_BEHAVIORS)
        text = options_table(options, 'behavior', name) if options else 'It has no options of its own.'
        pages.append(section(name, described(cls), text, label=f'behavior-{name}'))
    return '\n'.join(pages)


def protocols() -> str:
    """Write all protocols that come with vaurien."""
    common = options_table(COMMON_OF_PROTOCOLS)
    pages = [section('Options of every protocol', common, label='protocol-common')]
    for name in own(Protocol):
        cls = Protocol.get(name)
        options = without(cls.options, COMMON_OF_PROTOCOLS)
        parts = [options_table(options, 'protocol', name)] if options else []
        if cls.errors:
            parts += ['Its kinds of error:', kinds_table(cls.errors)]
        pages.append(section(name, described(cls), *parts, label=f'protocol-{name}'))
    return '\n'.join(pages)


def kinds_table(kinds: Mapping[str, Any]) -> str:
    """Write the failures that a protocol knows."""
    rows = [[literal(name), ', '.join(map(literal, kind.codes)), kind.category, kind.description, told(kind)]
            for name, kind in kinds.items()]
    titles = ['kind', 'codes', ':doc:`class </explanation/failures>`',
              'when the server fails like this, and what the client observes', 'at']
    return table(titles, rows, '18 10 6 48 18')


def told(kind: Any) -> str:
    """Write where a kind fits, whose state it is, and whether it is drawn."""
    further = ['the server\'s state'] * (kind.scope == 'server') + ['only by its name'] * kind.only_named
    return '; '.join([', '.join(kind.stages), *further])


def classes() -> str:
    """Write what a client can tell apart, and which kinds of each protocol are of which class."""
    talking = [name for name in own(Protocol) if Protocol.get(name).errors]
    rows = [[letter, meaning, *(of_class(Protocol.get(name).errors, letter) for name in talking), of_class(TLS_KINDS, letter)]
            for letter, meaning in CATEGORIES.items()]
    return table(['class', 'the request was, or there is', *talking, 'TLS'], rows)


def of_class(kinds: Mapping[str, Any], letter: str) -> str:
    """Write the kinds that are of one class."""
    return ', '.join(literal(kind) for kind, row in kinds.items() if row.category == letter)


def kinds(name: str) -> str:
    """Write the failures of one protocol, or of a part: ``handshake``, ``response`` (of TLS), ``stream``, ``websocket``."""
    parts = {'handshake': HANDSHAKE_KINDS, 'response': STREAM_KINDS, 'stream': OF_EVENTS, 'websocket': SOCKET_KINDS}
    return kinds_table(parts.get(name) or Protocol.get(name).errors)


def plan(which: str) -> str:
    """Write what an entry of a plan can be told: ``fields`` in a file, ``where`` among options, ``toxics`` beside their own."""
    if which == 'fields':
        said = dict(ARGUMENT.findall(inspect.getdoc(FaultSpec) or ''))
        keys = msgspec.json.schema(FaultSpec)['$defs']['FaultSpec']['properties'].items()
        return table(['key', 'what it is', 'type', 'default'],
                     [[literal(key), ' '.join(said[key].split()), found.get('type', ''),
                       literal(json.dumps(found['default'])) if 'default' in found else ''] for key, found in keys])
    return options_table({'where': WHERE, 'toxics': OF_TOXICS}[which])


def toxics() -> str:
    """Write all toxics that come with vaurien."""
    pages = []
    for name in own(TOXICS):
        cls = TOXICS.get(name)
        text = options_table(cls.options) if cls.options else 'It has no attributes.'
        pages.append(section(name, described(cls), text, label=f'toxic-{name}'))
    return '\n'.join(pages)


def realism(name: str) -> str:
    """Write what real clients get: the page of ``make realism`` without its title."""
    path = REALISM / f'{name}.rst'
    return path.read_text('utf-8').split('\n', 3)[3] if path.exists() else '``make realism`` has no rows for it yet.'


def differences() -> str:
    """Take in the table of what differs from Toxiproxy."""
    if not DIFFERENCES.exists():
        return ''
    return section('What differs', 'All of these are on purpose.', DIFFERENCES.read_text('utf-8'))


def own(registry: Any) -> Iterable[str]:
    """Return the names of the plugins that come with vaurien."""
    return [name for name in registry.names() if registry.get(name).__module__.startswith('vaurien.')]


#: by the first word of the directive's argument; the other words are handed to it
PAGES: dict[str, Callable[..., str]] = {
    'behaviors': behaviors, 'protocols': protocols, 'kinds': kinds, 'classes': classes, 'toxics': toxics, 'realism': realism,
    'differences': differences, 'short': commands.short_help, 'flags': commands.flags, 'ini': commands.ini,
    'cluster': commands.cluster,
    'vaurienctl': commands.control, 'log': commands.log, 'routes': http.routes, 'schemas': http.schemas, 'classic': http.calls,
    'surfaces': http.further, 'metrics': http.metrics, 'tree': layout.tree, 'imports': layout.imports,
    'run-short': run.short, 'run-flags': run.flags, 'run-addresses': run.addresses, 'plan': plan,
    'explore-short': explore.short, 'explore-flags': explore.flags, 'explore-verdicts': explore.verdicts,
    'explore-report': explore.report,
    'ca-short': ca.short, 'ca-flags': ca.flags, 'ca-variables': ca.variables,
    'kinds-file': kind_files.file, 'kinds-tables': kind_files.tables,
    'bench-history': bench.history,
    'scenario-file': scenario.file, 'scenario-report': scenario.report, 'scenario-flags': scenario.flags,
}


def setup(app: Any) -> dict[str, Any]:
    """Make the directive known to Sphinx."""
    from sphinx.util.docutils import SphinxDirective

    class Generated(SphinxDirective):
        """Stands for a page made of the live code."""

        required_arguments, final_argument_whitespace = 1, True

        def run(self) -> list[Any]:
            name, *words = self.arguments[0].split()
            return self.parse_text_to_nodes(PAGES[name](*words), allow_section_headings=True)

    app.add_directive('vaurien', Generated)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
