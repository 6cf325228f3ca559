"""``--intercept``: the forward proxy of a run, and how a command is told of it."""
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ...address import Address
from ...errors import ConfigError
from ...options import Given
from ...spec import ANY, INTERCEPTED
from ...words.hosts import FORM, read_hosts, settle_hosts
from ..places import Place

NAME = 'intercept'      #: the proxy's
#: what never goes through it, unless it is named
LOCAL = ('localhost', '127.0.0.1', '::1')
#: variables with the address of a proxy; curl and git read those in lower case, other programs either
PROXY_VARIABLES = ('HTTP_PROXY', 'HTTPS_PROXY')
#: what an environment says of another proxy, which is not asked in a run
OTHERS = ('HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy')
NODE_VARIABLE, JAVA_VARIABLE = 'NODE_USE_ENV_PROXY', 'JAVA_TOOL_OPTIONS'
#: words of a command that may come to node
NODE = re.compile(r'(?:^|[/\s])(?:node|npm|npx|pnpm|yarn)(?=\s|$)')
VERSION = re.compile(r'v(\d+)\.(\d+)')
NODE_KNOWS = {22: 21}   #: the first minor version of a major one that reads ``NODE_VARIABLE``
NODE_KNOWS_ALL = 24     #: the major version from which on all do
SHEBANG_BYTES = 128     #: [bytes] of the first line of a script
NODE_SECONDS = 10.0     #: [seconds] that node may take to say its version


def read_intercept(given: Sequence[Given]) -> Place | None:
    """Return the forward proxy of a run; None: it has none.

    Args:
        given: What ``--intercept`` was given, each time.

    Raises:
        ConfigError: One is not of its form, or empty.
    """
    texts = []
    for one in given:
        try:
            texts.append(settle_hosts(str(one.value)))
        except ValueError:
            texts.append('')
        if not texts[-1]:
            raise ConfigError(one.label, one.value, FORM)
    return Place(NAME, Address(ANY, 0), INTERCEPTED, intercept=','.join(texts)) if texts else None


def variables(door: Address, intercept: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return what tells programs of the proxy.

    Args:
        door: Where it listens.
        intercept: The hosts that are named.
        environ: The environment of the command so far.
    """
    named = {host.pattern for host in read_hosts(intercept)}
    past = [host for host in LOCAL if host not in named]
    upper = {**dict.fromkeys(PROXY_VARIABLES, f'http://{door}'), 'NO_PROXY': ','.join(past)}
    java = [f'-D{scheme}.{key}={value}' for scheme in ('http', 'https')
            for key, value in (('proxyHost', door.host), ('proxyPort', door.port))]
    java.append(f'-Dhttp.nonProxyHosts={"|".join(f"[{host}]" if ":" in host else host for host in past)}')
    return {**upper, **{name.lower(): value for name, value in upper.items()}, NODE_VARIABLE: '1',
            JAVA_VARIABLE: ' '.join([*filter(None, [environ.get(JAVA_VARIABLE, '')]), *java])}


def notes(command: Sequence[str], environ: Mapping[str, str]) -> Iterator[str]:
    """Give a line for each thing that keeps a command from going through the proxy, or the proxy from where it wants to.

    Args:
        command: The command.
        environ: Its environment so far.
    """
    other = next((name for name in OTHERS if environ.get(name)), '')
    if other:
        yield f'--intercept: {other} names another proxy, which is not asked while this runs'
    node = shutil.which('node', path=environ.get('PATH', os.defpath))
    version = version_of(node) if node is not None and comes_to_node(command, environ) else None
    if version is not None and not reads_environment(version):
        yield (f'--intercept: node {version} reads no HTTPS_PROXY by itself, as 24 and 22.21 do: only what reads it in the '
               'program, as axios does, goes through the proxy')


def comes_to_node(command: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Return whether a command is likely to start node: a word of it says so, or its first line."""
    if any(NODE.search(word) for word in command):
        return True
    path = shutil.which(command[0], path=environ.get('PATH', os.defpath))
    try:
        with Path(path or '').open('rb') as file:
            begin = file.read(SHEBANG_BYTES)
    except OSError:
        return False
    return begin.startswith(b'#!') and b'node' in begin.partition(b'\n')[0]


def version_of(node: str) -> str | None:
    """Return what a node says of its version, ``v20.19.2``; None: nothing."""
    import subprocess  # noqa: TID251 - there is no session yet, and most runs have no node
    try:
        said = subprocess.run([node, '--version'], stdin=subprocess.DEVNULL, capture_output=True, timeout=NODE_SECONDS,
                              check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    found = VERSION.match(said.stdout.decode('ascii', 'replace'))
    return said.stdout.decode('ascii').strip() if found else None


def reads_environment(version: str) -> bool:
    """Return whether a node of some version goes through a proxy that its environment names."""
    found = VERSION.match(version)
    major, minor = (int(found[1]), int(found[2])) if found else (0, 0)
    return major >= NODE_KNOWS_ALL or minor >= NODE_KNOWS.get(major, minor + 1)
