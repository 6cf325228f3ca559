"""Who may import whom: the rules of the package's layout as tables, held by reading the imports of every file.

``protocols.redis_kinds`` is a part of ``protocols.redis``, ``lane_feed`` of ``lane``: what stands behind an underscore
belongs to the same idea. A file that no line names fails; it gets a line before it gets an import.
"""
import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).parents[2] / 'vaurien'

#: Each line may import from the lines above it. ``__init__`` is the package itself: what ``import vaurien`` gives.
LINES = (
    'errors', 'options', 'registry', 'address', 'mix', 'spec',
    'journal', 'links', 'settings', 'ini', 'arguments',
    'pipe', 'sockets', 'stream',
    'protocols', 'behaviors', 'toxics',
    'chain', 'wire', 'chaos', 'connect', 'pool', 'lane', 'messagelane', 'requestlane', 'answerlane',
    'session', 'proxy',
    'quiet', 'embedded', 'fleet', 'control', 'conformance',
    'client', 'testing', 'pytest_plugin', 'util', '__init__',
    'config', 'cli', 'ctl', '__main__',
)
#: What anybody may build on.
PURE = LINES[:LINES.index('spec') + 1]

#: A plugin imports what is pure, its base, and what it is split into; never another plugin.
BASES = {
    'protocols': ('protocols', 'protocols.base', 'protocols.message'),
    'behaviors': ('behaviors', 'behaviors.base', 'behaviors.dummy', 'protocols.base', 'protocols.message'),
    'toxics': ('toxics', 'toxics.base'),
}
#: Plugins that are another one with something added.
BUILT_ON = {'behaviors.transient': 'behaviors.error'}

#: The event loop must not come into a user's tests, nor into what is pure: neither directly nor through others.
WITHOUT_GEVENT = (*PURE, 'client', 'testing', 'pytest_plugin', 'util', '__init__')
#: What works for any process may need nothing that has to be installed.
STANDARD_LIBRARY_ONLY = ('errors', 'client')
#: Wire formats are bytes only.
NOT_IN_PROTOCOLS = {'gevent', 'greenlet', 'socket', 'select', 'ssl', 'asyncio', 'threading', 'time', 'random'}

#: Distributions that vaurien may use, and the lines that may; None: any that may import gevent.
INSTALLED = {
    'gevent': None, 'greenlet': None, 'statsd': None, 'httptools': None, 'msgspec': LINES,
    'falcon': ('control',), 'prometheus_client': ('control',), 'pytest': ('pytest_plugin',),
}


class Import(NamedTuple):
    """One import.

    Attributes:
        module: A module of the package by its name in it (``protocols.base``), or the distribution's top-level module.
        own: Whether it is the package's own.
        where: File and line, for the message.
        names: What is taken from it.
    """

    module: str
    own: bool
    where: str
    names: tuple[str, ...] = ()


def modules(package: Path) -> dict[str, Path]:
    """Return every file of the package by its module's name; a package is known by its own name."""
    found = {}
    for path in sorted(package.rglob('*.py')):
        parts = path.relative_to(package).with_suffix('').parts
        found['.'.join(parts[:-1] if parts[-1] == '__init__' and len(parts) > 1 else parts)] = path
    return found


def imports(name: str, path: Path, known: dict[str, Path]) -> Iterator[Import]:
    """Read all imports of a file, those within functions and for type checkers too."""
    package = name.split('.') if path.name == '__init__.py' else name.split('.')[:-1]
    package = [part for part in package if part != '__init__']
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        where = f'{path.name}:{getattr(node, "lineno", 0)}'
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield resolved(alias.name.split('.'), where, ())
        elif isinstance(node, ast.ImportFrom):
            above = package[:len(package) - node.level + 1] if node.level else []
            base = [*(['vaurien'] if node.level else []), *above, *(node.module.split('.') if node.module else [])]
            for alias in node.names:
                full = [*base, alias.name]
                is_module = base[0] == 'vaurien' and '.'.join(full[1:]) in known
                yield resolved(full if is_module else base, where, (alias.name,))


def resolved(parts: list[str], where: str, names: tuple[str, ...]) -> Import:
    """Name what is imported: below ``vaurien`` by its name in the package, elsewhere by the distribution."""
    own = parts[0] == 'vaurien'
    return Import(('.'.join(parts[1:]) or '__init__') if own else parts[0], own, where, names)


def line(name: str) -> str | None:
    """Return the line that a module stands in; None: in none."""
    top = name.split('.')[0]
    fitting = [entry for entry in LINES if top == entry or top.startswith(f'{entry}_')]
    return max(fitting, key=len, default=None)


def family(name: str) -> str:
    """Return what a file is a part of: ``protocols.redis`` for ``protocols.redis_kinds`` and ``protocols.redis.x``."""
    return '.'.join(name.split('.')[:2]).partition('_')[0]


def broken(name: str, path: Path, known: dict[str, Path]) -> list[str]:
    """Return what is wrong with the imports of a file, a line for each."""
    return [f'{item.where}: {name} imports {item.module}, {reason}'
            for item in imports(name, path, known) if (reason := wrong(name, item))]


def wrong(name: str, item: Import) -> str | None:
    """Say what is wrong with one import; None: nothing."""
    return wrong_within(name, item) if item.own else wrong_outside(name, item)


def wrong_within(name: str, item: Import) -> str | None:
    here, there, plugins = line(name), line(item.module), name.split('.')[0] in BASES
    if item.names == ('__version__',) or here is None:
        return None
    if there is None or LINES.index(there) > LINES.index(here):
        return f'which is not above {here}'
    if here in STANDARD_LIBRARY_ONLY and there not in STANDARD_LIBRARY_ONLY:
        return 'which needs more than the standard library'
    if not plugins or name in BASES or there in PURE or family(item.module) == family(name):
        return None
    if item.module in BASES[here] or BUILT_ON.get(family(name)) == family(item.module):
        return None
    return 'a plugin imports its base and what is pure'


def wrong_outside(name: str, item: Import) -> str | None:
    here = line(name) or ''
    if here == 'protocols' and item.module in NOT_IN_PROTOCOLS and item.names != ('Random',):
        return 'a wire format is bytes only'
    if item.module in sys.stdlib_module_names:
        return None
    if here in STANDARD_LIBRARY_ONLY:
        return 'which is not of the standard library'
    allowed = INSTALLED.get(item.module, ())
    if here in allowed if allowed is not None else here not in WITHOUT_GEVENT:
        return None
    return 'which is not for this line'


KNOWN = modules(PACKAGE)


def test_every_file_stands_in_a_line_of_the_table():
    assert [name for name in KNOWN if line(name) is None] == []


@pytest.mark.parametrize('name', KNOWN)
def test_a_file_imports_what_its_line_may(name):
    assert broken(name, KNOWN[name], KNOWN) == []


@pytest.mark.parametrize('name', [name for name in KNOWN if line(name) in WITHOUT_GEVENT])
def test_the_event_loop_stays_out_also_through_others(name):
    code = f'import sys, vaurien.{name}; sys.exit("gevent" in sys.modules)'.replace('.__init__', '')
    done = subprocess.run([sys.executable, '-c', code], cwd=PACKAGE.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f'{name} brings gevent along\n{done.stderr}'


FORBIDDEN = {
    'upwards': ('errors', 'from .options import Option', 'not above'),
    'upwards in a function': ('stream', 'def later():\n    from .proxy import Proxy', 'not above'),
    'upwards by the full name': ('lane', 'import vaurien.relay.session', 'not above'),
    'upwards out of a package': ('behaviors.hang', 'from .. import fleet', 'not above'),
    'another plugin': ('protocols.redis', 'from .http import HTTP', 'its base'),
    'another plugin from its package': ('protocols.redis_kinds', 'from . import http', 'its base'),
    'a stream in a plugin': ('behaviors.delay', 'from ..stream import Stream', 'its base'),
    'a file in no line': ('proxy', 'from .helpers import help', 'not above'),
    'a socket in a wire format': ('protocols.http', 'import socket', 'bytes only'),
    'the event loop in a wire format': ('protocols.http', 'from gevent import sleep', 'bytes only'),
    'the event loop in what is pure': ('mix', 'import gevent.event', 'not for this line'),
    'the event loop in a test helper': ('testing', 'from gevent import socket', 'not for this line'),
    'a package in the client': ('client', 'import msgspec', 'standard library'),
    'more than the standard library through another file': ('client', 'from .spec import ProxySpec', 'standard library'),
    'a package that is not required': ('proxy', 'import yaml', 'not for this line'),
    'a web framework in the data plane': ('session', 'import falcon', 'not for this line'),
}
ALLOWED = {
    'downwards': ('session', 'from .lane import Lane\nfrom .protocols.base import Exchange\nimport gevent'),
    'the base of a plugin': ('protocols.redis_kinds', 'from . import Protocol\nfrom .message import Framer'),
    'what is pure': ('behaviors.delay', 'from ..errors import ConfigError\nfrom ..options import Option'),
    'a part of the same plugin': ('protocols.redis', 'from .redis_kinds import KINDS\nfrom random import Random'),
    'a plugin that adds to another': ('behaviors.transient', 'from .error import Error'),
    'a part of the same line': ('control.app', 'from .native import Native\nfrom ..fleet import Fleet\nimport falcon'),
    'the version': ('options', 'from . import __version__'),
    'the package': ('__init__', 'from .client import Client'),
}


def written(tmp_path: Path, name: str, code: str) -> list[str]:
    path = tmp_path / 'written.py'
    if name == '__init__':
        path = tmp_path / '__init__.py'
    path.write_text(code)
    names = {name, 'fleet', 'protocols.http', 'protocols.redis_kinds', 'client'}
    return broken(name, path, dict.fromkeys(names, path))


@pytest.mark.parametrize('case', FORBIDDEN)
def test_a_forbidden_import_is_seen(case, tmp_path):
    name, code, reason = FORBIDDEN[case]
    assert [reason in message for message in written(tmp_path, name, code)] == [True]


@pytest.mark.parametrize('case', ALLOWED)
def test_an_allowed_import_passes(case, tmp_path):
    assert written(tmp_path, *ALLOWED[case]) == []
