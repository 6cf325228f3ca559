"""The vaurien that tests with real servers share; each test makes proxies of its own in it."""
from collections.abc import Iterator

import pytest

from tests.support.proxied import SEED
from tests.support.tls_sides import SecureDaemon
from vaurien.testing import Daemon


@pytest.fixture(scope='session')
def daemon() -> Iterator[Daemon]:
    """A vaurien in a child process, with ``SEED``."""
    process = SecureDaemon(SEED)
    yield process
    process.close()
