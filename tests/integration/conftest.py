"""The vaurien that tests with real servers share; each test makes proxies of its own in it."""
from collections.abc import Iterator

import pytest

from tests.support.proxied import SEED
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
