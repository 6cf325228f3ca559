"""Who may import whom: the layout of the package as a table of folders, held by reading the imports of every file.

A folder may import from itself and from the lines above its own; a file of the root is a line's entry like a folder. What no
line names fails: a new folder gets a line before it gets an import.
"""
import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).parents[2] / 'vaurien'

#: What anybody may build on, and what needs none of the data plane. Files of the root, in order, each of which may import those
#: before it.
WORDS = ('errors', 'options', 'address', 'mix', 'spec', 'registry', 'links', 'words')
#: Each line may import from the lines above it, and from nothing beside it.
FOLDERS = (
    ('alarm',),
    ('protocols', 'behaviors', 'toxics', 'net'),
    ('plugins', 'wire'),
    ('plans',),
    ('relay',),
    ('proxies',),
    ('clusters',),  # which stands beside all of this as well: what asks is not a member
    ('following',),
    ('conformance', 'config', 'outputs'),
    ('workers',),
    ('client',),    # which stands beside all of this as well: a command may steer another vaurien
    ('scenario',),
    ('control',),
    ('cli',),
    ('run',),
    ('explore',),
    ('__main__',),
)
#: Beside them, on the words alone: what comes into a user's process, and ``__init__``, which is what ``import vaurien`` gives.
BESIDE = (
    ('client', 'clusters'),
    ('testing', 'ctl', 'chaostoolkit'),
    ('pytest_plugin', 'util', 'testcontainers', '__init__'),
)
LINES = [*((word,) for word in WORDS), *FOLDERS]
BESIDE_LINES = [*((word,) for word in WORDS), *BESIDE]

#: A plugin imports what is pure, its base, and what it is split into; never another plugin.
BASES = {
    'protocols': ('protocols', 'protocols.answers', 'protocols.base', 'protocols.effects.sql',
                  'protocols.effects.words', 'protocols.failure', 'protocols.framing', 'protocols.halves', 'protocols.kinds',
                  'protocols.message', 'protocols.shapes', 'protocols.sized', 'protocols.sql_shapes', 'protocols.starttls',
                  'protocols.tls_kinds', 'protocols.traceparent'),
    'behaviors': ('alarm', 'behaviors', 'behaviors.base', 'behaviors.dummy'),
    'toxics': ('alarm', 'toxics', 'toxics.base'),
}
#: Plugins that are another one with something added.
BUILT_ON = {'behaviors.transient': 'behaviors.error'}
#: Inside a folder of a protocol: the tables of failures know no framer, and nothing but the folder's own file knows its class.
WITHIN_A_PROTOCOL = {'failures': ('requests', 'responses', 'framer', 'framers', 'text', 'binary')}

#: The event loop must not come into a user's tests, nor into what is pure: neither directly nor through others.
WITHOUT_GEVENT = (*WORDS, *(name for line in BESIDE for name in line))
#: What works for any process may need nothing that has to be installed.
STANDARD_LIBRARY_ONLY = ('errors', 'address', 'allowed', 'client')
#: Wire formats are bytes only.
NOT_IN_PROTOCOLS = {'gevent', 'greenlet', 'socket', 'select', 'ssl', 'asyncio', 'threading', 'time', 'random'}

#: Distributions that vaurien may use, and the lines that may; None: any that may import gevent.
INSTALLED = {
    'gevent': None, 'greenlet': None, 'statsd': ('outputs',), 'httptools': None,
    'msgspec': tuple(name for line in [*LINES, *BESIDE] for name in line),
    'opentelemetry': ('outputs',), 'textual': ('ctl',), 'rich': ('ctl',),
    'cryptography': ('net',), 'falcon': ('control',), 'prometheus_client': ('outputs',), 'pytest': ('pytest_plugin', 'explore'),
    'chaoslib': ('chaostoolkit',), 'testcontainers': ('testcontainers',),
    'vaurien_told': ('explore',),       # explore.bring's own, by the name that it has where vaurien is not installed
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


def top(name: str) -> str:
    """Return the folder, or the file of the root, that a module is a part of."""
    return name.split('.')[0]


def above(here: str) -> set[str]:
    """Return all that an entry of the tables may import from, itself included; empty: no line names it."""
    for lines in (BESIDE_LINES, LINES):
        for at, line in enumerate(lines):
            if here in line:
                return {here, *(name for earlier in lines[:at] for name in earlier)}
    return set()


def family(name: str) -> str:
    """Return what a file is a part of: ``protocols.redis`` for ``protocols.redis.failures``."""
    return '.'.join(name.split('.')[:2])


def broken(name: str, path: Path, known: dict[str, Path]) -> list[str]:
    """Return what is wrong with the imports of a file, a line for each."""
    return [f'{item.where}: {name} imports {item.module}, {reason}'
            for item in imports(name, path, known) if (reason := wrong(name, item))]


def wrong(name: str, item: Import) -> str | None:
    """Return what is wrong with one import; None: nothing."""
    return wrong_within(name, item) if item.own else wrong_outside(name, item)


def wrong_within(name: str, item: Import) -> str | None:
    here, there, plugins = top(name), top(item.module), top(name) in BASES
    if item.names == ('__version__',) or not above(here):
        return None
    if there not in above(here):
        return f'which is not above {here}'
    if here in STANDARD_LIBRARY_ONLY and there not in STANDARD_LIBRARY_ONLY:
        return 'which needs more than the standard library'
    if not plugins or name in BASES or there in WORDS:
        return None
    if family(item.module) == family(name):
        return wrong_in_family(name, item)
    if item.module in BASES[here] or BUILT_ON.get(family(name)) == family(item.module):
        return None
    return 'a plugin imports its base and what is pure'


def wrong_in_family(name: str, item: Import) -> str | None:
    """Return what is wrong with an import within the folder of a protocol; None: nothing."""
    if item.module == family(name) != name and item.module in KNOWN:
        return 'and only the others know the class'
    if item.module.rpartition('.')[2] in WITHIN_A_PROTOCOL.get(name.rpartition('.')[2], ()):
        return 'and a failure knows no framer'
    return None


def wrong_outside(name: str, item: Import) -> str | None:
    here = top(name)
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


def test_every_folder_and_file_of_the_root_stands_in_a_line_of_the_tables():
    assert [name for name in KNOWN if not above(top(name))] == [], 'give the folder, or file of the root, a place in the tables'


def test_no_two_files_need_each_other():
    # a plugin that registers itself takes the registry from its folder, which has it before it takes the plugins
    needs = {name: {item.module for item in imports(name, path, KNOWN) if item.own and item.module in KNOWN} - {name, *BASES}
             for name, path in KNOWN.items()}
    while free := {name for name, others in needs.items() if not others & needs.keys()}:
        needs = {name: others for name, others in needs.items() if name not in free}
    assert needs == {}, 'these need each other: move what both need into a file below them'


def test_the_tables_name_nothing_that_is_not_there():
    there = {top(name) for name in KNOWN}
    assert [name for line in [*LINES, *BESIDE] for name in line if name not in there] == []


@pytest.mark.parametrize('name', KNOWN)
def test_a_file_imports_what_its_line_may(name):
    assert broken(name, KNOWN[name], KNOWN) == [], \
        'the tables at the top of this file say who may import whom; move what is needed to where both may import it from'


@pytest.mark.parametrize('name', [name for name in KNOWN if top(name) in WITHOUT_GEVENT])
def test_the_event_loop_stays_out_also_through_others(name):
    code = f'import sys, vaurien.{name}; sys.exit("gevent" in sys.modules)'.replace('.__init__', '')
    done = subprocess.run([sys.executable, '-c', code], cwd=PACKAGE.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f'{name} brings gevent along\n{done.stderr}'


#: What reads a configuration and nothing more: it must not bring what listens, connects and relays.
CONFIGURING = ('plugins', 'config')
DATA_PLANE = ('net', 'wire', 'relay', 'proxies', 'httpd', 'control')
BROUGHT = """
import sys, vaurien.{name}
from gevent._hub_local import get_hub_if_exists
print(*(name.removeprefix('vaurien.') for name in sys.modules if name.startswith('vaurien.')), get_hub_if_exists())
"""


@pytest.mark.parametrize('name', CONFIGURING)
def test_configuring_brings_no_data_plane_and_starts_no_event_loop(name):
    """The toxics' own files import gevent, since they wait; no loop is made of it before something waits."""
    done = subprocess.run([sys.executable, '-c', BROUGHT.format(name=name)], cwd=PACKAGE.parent, capture_output=True, text=True,
                          check=True)
    *brought, hub = done.stdout.split()
    assert [module for module in brought if top(module) in DATA_PLANE] == []
    assert hub == 'None'


STARTED = """
import sys
from vaurien.config import configure
configure({argv!r})
import vaurien.proxies.fleet
print(*sys.modules)
"""
#: what no start needs that is asked for nothing of it
NOT_NEEDED = ('configparser', 'tomllib', 'shlex', 'email.message', 'importlib.metadata')


#: of which only those may be there that are asked for, and tcp: what a forward proxy does not open is relayed by it
PROTOCOLS = ('http', 'memcache', 'mysql', 'postgres', 'redis', 'smtp')


@pytest.mark.parametrize('protocol', ['tcp', 'redis'])
def test_a_start_brings_what_it_is_asked_for(protocol):
    argv = ['--protocol', protocol, '--behavior', '5:delay', '--toxic', 'latency:latency=5']
    done = subprocess.run([sys.executable, '-S', '-c', STARTED.format(argv=argv)], cwd=PACKAGE.parent, capture_output=True,
                          text=True, check=True, env={'PYTHONPATH': os.pathsep.join(sys.path)})
    brought = set(done.stdout.split())
    assert {name for name in PROTOCOLS if f'vaurien.protocols.{name}' in brought} == {protocol} - {'tcp'}
    assert [name for name in NOT_NEEDED if name in brought] == []


FORBIDDEN = {
    'upwards': ('errors', 'from .options import Option', 'not above'),
    'upwards in a function': ('net.stream', 'def later():\n    from ..proxies.proxy import Proxy', 'not above'),
    'upwards by the full name': ('relay.lane', 'import vaurien.proxies.fleet', 'not above'),
    'upwards out of a package': ('behaviors.hang', 'from ..proxies import fleet', 'not above'),
    'a folder beside it': ('outputs.statsd', 'from ..config.files.ini import read_sections', 'not above'),
    'the data plane in the client': ('ctl.command', 'from ..cli.log import open_log', 'not above'),
    'another plugin': ('protocols.redis', 'from .http import HTTP', 'its base'),
    'another plugin from its package': ('protocols.redis.failures', 'from .. import http', 'its base'),
    'a framer in a table of failures': ('protocols.redis.failures', 'from .requests import Requests', 'no framer'),
    'the class in one of its parts': ('protocols.redis.failures', 'from . import Redis', 'know the class'),
    'a stream in a plugin': ('behaviors.delay', 'from ..net.stream import Stream', 'not above'),
    'a file in no line': ('proxies.proxy', 'from ..helpers import help', 'not above'),
    'a socket in a wire format': ('protocols.http', 'import socket', 'bytes only'),
    'the event loop in a wire format': ('protocols.http', 'from gevent import sleep', 'bytes only'),
    'the event loop in what is pure': ('mix', 'import gevent.event', 'not for this line'),
    'the event loop in a test helper': ('testing.daemon', 'from gevent import socket', 'not for this line'),
    'a package in the client': ('client.http', 'import msgspec', 'standard library'),
    'more than the standard library through another file': ('client.http', 'from ..spec import ProxySpec', 'standard library'),
    'a package that is not required': ('proxies.proxy', 'import yaml', 'not for this line'),
    'a web framework in the data plane': ('relay.session', 'import falcon', 'not for this line'),
}
ALLOWED = {
    'downwards': ('relay.session', 'from .lane import Lane\nfrom ..protocols.base import Exchange\nimport gevent'),
    'the base of a plugin': ('protocols.redis.state', 'from .. import Protocol\nfrom ..message import Framer'),
    'what is pure': ('behaviors.delay', 'from ..errors import ConfigError\nfrom ..options import Option'),
    'a part of the same plugin': ('protocols.redis.state', 'from .failures import KINDS\nfrom random import Random'),
    'a plugin that adds to another': ('behaviors.transient', 'from .error import Error'),
    'a part of the same line': ('control.app', 'from .native import calls\nfrom ..proxies.fleet import Fleet\nimport falcon'),
    'the version': ('options', 'from . import __version__'),
    'the package': ('__init__', 'from .client import Client'),
}


def written(tmp_path: Path, name: str, code: str) -> list[str]:
    path = tmp_path / 'written.py'
    if name == '__init__':
        path = tmp_path / '__init__.py'
    path.write_text(code)
    names = {name, 'proxies.fleet', 'protocols.http', 'protocols.redis', 'control.native.calls', 'client'}
    return broken(name, path, dict.fromkeys(names, path))


@pytest.mark.parametrize('case', FORBIDDEN)
def test_a_forbidden_import_is_seen(case, tmp_path):
    name, code, reason = FORBIDDEN[case]
    assert [reason in message for message in written(tmp_path, name, code)] == [True]


@pytest.mark.parametrize('case', ALLOWED)
def test_an_allowed_import_passes(case, tmp_path):
    assert written(tmp_path, *ALLOWED[case]) == []
