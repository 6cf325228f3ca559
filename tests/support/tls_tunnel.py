"""Tests that know nothing of TLS, with TLS on both sides of the proxy: one process beside it speaks TLS for them.

A client in the clear reaches the proxy through that process, which verifies the proxy's certificate; a server in the clear is
reached through it too, unless it has a port of its own that speaks TLS (``TWINS``). The ends of connections pass as they come.
"""
import os
import secrets
from collections.abc import Collection, Iterator
from types import ModuleType
from typing import Any

import pytest

from vaurien.address import TOKEN_VARIABLE
from vaurien.client import Client
from vaurien.testing import Daemon
from vaurien.testing.daemon import START_TIMEOUT
from vaurien.testing.process import CONTROL_READY, Process
from vaurien.testing.proxy import split

from .processes import HOST
from .proxied import CALM, SEED
from .tls import certificates

FLAGS = [f'--{name.replace("_", "-")}={path}' for name, path in certificates().both.items()]
TWINS: dict[str, str] = {}      #: by the address of a server in the clear: where the same server speaks TLS


class SecureDaemon(Daemon):
    """A vaurien for tests whose proxies may speak TLS: the files of it are named on command lines alone."""

    def __init__(self, seed: int) -> None:
        self.seed, token = seed, secrets.token_urlsafe()
        self.process = Process(['--fleet-only', '--http', '--http-host', HOST, '--http-port', '0', '--seed', str(seed), *FLAGS],
                               {TOKEN_VARIABLE: token})
        host, port = split(self.process.wait_for(CONTROL_READY, START_TIMEOUT))
        self.client = Client(host, port, token)


class TunnelClient(Client):
    """A client that makes three proxies of one: before and after the one that is asked for, one that speaks TLS with it.

    Args:
        inner: The daemon whose client this is in place of.
        tunnels: Where the others are.
    """

    def __init__(self, inner: Daemon, tunnels: Daemon) -> None:
        super().__init__(inner.client.channel.host, inner.client.channel.port, inner.client.channel.token)
        self._tunnels = tunnels.client

    def create(self, name: str, **fields: Any) -> dict[str, Any]:
        backend, tls = fields.pop('backend'), {'proxy': f'tls://{HOST}:0'}
        if backend not in TWINS:
            server = self._tunnels.create(f'{name}-server', backend=backend, **tls)
        made = super().create(name, backend=f'tls://{TWINS.get(backend) or bare(server)}', **{**tls, **fields})
        client = self._tunnels.create(f'{name}-client', backend=f'tls://{bare(made)}')
        return {**made, 'address': client['address']}

    def remove(self, name: str) -> None:
        super().remove(name)
        for proxy in self._tunnels.proxies():
            if proxy['name'] in (f'{name}-client', f'{name}-server'):
                self._tunnels.remove(proxy['name'])


def bare(made: dict[str, Any]) -> str:
    """Return where a proxy listens."""
    return str(made['address']).removeprefix('tls://')


class TunnelDaemon(SecureDaemon):
    """A vaurien for tests all of whose proxies have TLS on both sides, and are reached in the clear."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._tunnels = SecureDaemon(seed)
        self.client = TunnelClient(self, self._tunnels)

    def close(self) -> None:
        self._tunnels.close()
        super().close()


@pytest.fixture(scope='module')
def daemon() -> Iterator[TunnelDaemon]:
    """A vaurien in a child process, with ``SEED``, all of whose proxies have TLS on both sides."""
    process = TunnelDaemon(SEED)
    yield process
    process.close()


def inside(module: ModuleType, leave_out: Collection[str] = ()) -> dict[str, Any]:
    """Return the tests and fixtures of a module for another one, with a ``daemon`` that is a ``TunnelDaemon``.

    Of the ways of ``CALM`` it takes the one in which every request is read and named; ``VAURIEN_ALL_CASES`` lets it take all.

    Args:
        module: The module.
        leave_out: Tests that mean nothing there.

    Raises:
        AssertionError: There is no such test.
    """
    found = {name: value for name, value in vars(module).items()
             if name.startswith('test_') or hasattr(value, '_pytestfixturefunction')    # until pytest 8.3
             or type(value).__name__ == 'FixtureFunctionDefinition'}
    assert set(leave_out) <= set(found), sorted(set(leave_out) - set(found))
    if 'calm' in found and not os.environ.get('VAURIEN_ALL_CASES'):
        found['calm'] = pytest.fixture(params=list(CALM)[-1:])(function_of(found['calm']))
    return {**{name: value for name, value in found.items() if name not in leave_out}, 'daemon': daemon}


def function_of(fixture: Any) -> Any:
    """Return the function that a fixture was made of, in either way that pytest has had to keep it."""
    older = getattr(fixture, '__pytest_wrapped__', None)
    return older.obj if older is not None else fixture._get_wrapped_function()
