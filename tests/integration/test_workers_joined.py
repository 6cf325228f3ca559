"""A member of a cluster with workers, and a real etcd: what is wanted is in force in all of them, or in none."""
import contextlib
import os
import signal

import pytest

import vaurien
from tests.support.daemon import daemon
from tests.support.etcd import etcd_or_skip
from tests.support.hosting import eventually
from tests.support.peers import ask, connect, echo_server
from tests.support.unit_of_time import MS
from vaurien.clusters.asking import Asking
from vaurien.clusters.where import find_cluster
from vaurien.errors import VaurienError

from .test_workers import pids

TTL = round(max(4, 4000 * MS))      #: [s] without etcd until it heals: the longer the slower the machine is
CLIENTS = 8     #: that all of them are with one of two workers: 1 in 128


@pytest.fixture(scope='module')
def etcd():
    yield from etcd_or_skip(1)


@pytest.fixture(scope='module')
def url(etcd):
    return etcd.url('cores')


@pytest.fixture(scope='module')
def member(url):
    with echo_server() as backend, daemon('--backend', backend.address, '--workers', '2', '--join', url, '--member', 'm',
                                          '--cluster-ttl', str(TTL), '--http', '--http-port', '0') as running:
        with contextlib.closing(Asking(find_cluster(url))) as asking:
            eventually(lambda: [seen.name for seen in asking.members() if seen.applied] == ['m'])
        yield running


@contextlib.contextmanager
def clients(member):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(connect(member.port)) for _ in range(CLIENTS)]


def aborted(socks):
    """Return how many of some connections are reset; the others echo."""
    return sum(is_aborted(sock) for sock in socks)


def aborted_now(member):
    with clients(member) as socks:
        return aborted(socks)


def is_aborted(sock):
    try:
        assert ask(sock, b'x') == b'x'
    except (ConnectionError, EOFError):
        return True
    return False


def test_an_order_is_in_force_in_all_workers_also_in_one_that_is_new(member, url):
    with vaurien.cluster(url, ttl=TTL) as cluster:
        with clients(member) as socks:
            assert aborted(socks) == 0
            cluster.mix('default', '100:abort')
            assert aborted(socks) == CLIENTS
        os.kill(pids(member)[1], signal.SIGKILL)
        member.wait_for('worker 1 is replaced by process', 1)
        assert aborted_now(member) == CLIENTS
    eventually(lambda: aborted_now(member) == 0)    # the one who asked has gone


def test_what_counts_over_all_sessions_is_refused_by_the_member(member, url):
    with vaurien.cluster(url, ttl=TTL) as cluster:
        for ask_for in (lambda: cluster.plan('default: * #2 = hang'), lambda: cluster.mix('default', '5:transient')):
            with pytest.raises(VaurienError, match='m refuses: .*expected one process: --workers 1; nothing has changed'):
                ask_for()


def test_without_etcd_all_workers_heal_also_one_that_is_new_and_find_back(etcd, member, url):
    owner = vaurien.cluster(url, ttl=TTL)
    with owner as cluster:
        cluster.mix('default', '100:abort')
        assert aborted_now(member) == CLIENTS
        etcd.kill()
        try:
            member.wait_for('all faults are suspended, bytes are relayed on', 1)
            assert aborted_now(member) == 0
            os.kill(pids(member)[2], signal.SIGKILL)
            member.wait_for('worker 2 is replaced by process', 1)
            assert aborted_now(member) == 0
        finally:
            etcd.start()
        member.wait_for('cluster: healed no more', 1)
    assert 'Traceback' not in member.log
