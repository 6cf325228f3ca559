"""What unit tests of several folders share; a test file that needs another of the same name has its own."""
from collections.abc import Iterator

import pytest

from tests.support.hosting import Hosted, hosted
from tests.support.memory_etcd import MemoryEtcd, Obedient, asked_by_all, two_members
from tests.support.peers import Backend, echo_server


@pytest.fixture(scope='module')
def backend() -> Iterator[Backend]:
    """A backend that echoes, for all tests of a file."""
    with echo_server() as server:
        yield server


@pytest.fixture
def host() -> Iterator[Hosted]:
    """A fleet without a proxy."""
    with hosted() as running:
        yield running


@pytest.fixture
def etcd(monkeypatch: pytest.MonkeyPatch) -> MemoryEtcd:
    """An etcd in memory, which all who ask a cluster ask."""
    return asked_by_all(monkeypatch)


@pytest.fixture
def members(etcd: MemoryEtcd) -> list[Obedient]:
    """Two members of the cluster ``x`` that answer at once."""
    return two_members(etcd)
