"""What tests of clusters have in common: a real etcd, the command that asks, and waiting for what comes of it."""
import contextlib
import time
from collections.abc import Callable
from io import StringIO
from typing import NamedTuple

import pytest

from vaurien.clusters.asking import Asking
from vaurien.clusters.etcd.client import Etcd
from vaurien.clusters.where import find_cluster
from vaurien.ctl.command import main

from .etcd import Etcds
from .unit_of_time import MS, PATIENCE

#: [s] of all leases in tests: the least that etcd grants
TTL = 2
#: [s] beside it: etcd looks at leases twice a second, a member at its clock four times
UNIT = 1000 * MS


def url_of(etcd: Etcds, request: pytest.FixtureRequest) -> str:
    """Return the URL of a cluster of a test's own."""
    return etcd.url(request.node.name.replace('[', '-').replace(']', '').replace(' ', '-')[-60:].lstrip('-_'))


def until(holds: Callable[[], object], what: str | Callable[[], str], patience: float = PATIENCE) -> float:
    """Wait until something holds, and return how long that took [s]."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < patience, what() if callable(what) else what
        time.sleep(10 * MS)
    return time.monotonic() - begun


def listed(url: str, *names: str) -> None:
    """Wait until members are in the list."""
    asking = Asking(find_cluster(url))
    until(lambda: {seen.name for seen in asking.members() if seen.applied} >= set(names), f'{names} are not all in the list')
    asking.close()


class Done(NamedTuple):
    """What a command has come to."""

    status: int
    stdout: str
    stderr: str


def ctl(url: str, *words: str) -> Done:
    """Run ``vaurienctl --cluster``."""
    out, err = StringIO(), StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(['--cluster', url, *words])
    return Done(status, out.getvalue(), err.getvalue())


def asked_at(url: str) -> 'contextlib.closing[Etcd]':
    """Return a client of the etcd itself."""
    return contextlib.closing(Etcd(find_cluster(url)))
