"""The vaurien that tests with real servers share; each test makes proxies of its own in it."""
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from tests.support.http2 import Server, server
from tests.support.http_clients import HTTP_2
from tests.support.proxied import SEED, Between, between
from tests.support.tls_sides import WAYS, SecureDaemon, Way
from vaurien.testing import Daemon


@pytest.fixture(scope='session')
def daemon() -> Iterator[Daemon]:
    """A vaurien in a child process, with ``SEED``."""
    process = SecureDaemon(SEED)
    yield process
    process.close()


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    """One way through vaurien after the other: see ``WAYS``."""
    return WAYS[request.param]


@pytest.fixture(scope='module')
def streams() -> Iterator[Server]:
    """A server of HTTP/2."""
    with server() as backend:
        yield backend


@pytest.fixture
def proxied(daemon: Daemon, streams: Server, request: pytest.FixtureRequest) -> Callable[..., AbstractContextManager[Between]]:
    """Make a proxy with a mix for a client of ``http_clients``, in front of a server of its version."""
    def make(client: str, *mix: dict[str, Any]) -> AbstractContextManager[Between]:
        name = re.sub('[^a-z0-9]+', '-', request.node.name)[:80]
        return between(daemon, name, streams if client in HTTP_2 else 'embedded', 'http', mix)
    return make
