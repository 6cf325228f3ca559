"""What a member does while etcd has answered some of its calls, and not the others."""
import contextlib
import time

import gevent

from tests.support.peers import Backend, sink
from tests.support.unit_of_time import MS
from tests.unit.clusters.etcd.test_client import read_request
from vaurien.clusters.choice import Self
from vaurien.clusters.where import find_cluster
from vaurien.following.follower import Follower
from vaurien.following.member.member import RETRY, Membership
from vaurien.following.wanted import Wanted
from vaurien.proxies.fleet import Fleet

ANSWERS = {'grant': b'{"ID": "1", "TTL": "9"}', 'txn': b'{"succeeded": true}'}


def half_an_etcd(sock):
    """Grant leases and write keys, and say nothing else."""
    with contextlib.suppress(EOFError):
        while True:
            path = read_request(sock).split(b' ')[1].decode()
            body = ANSWERS.get(path.rpartition('/')[2])
            if body is None:
                return sink(sock)
            sock.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s' % (len(body), body))


def test_one_that_is_listed_and_has_read_nothing_yet_waits_for_that(monkeypatch):
    looks, report = [], Membership._report
    monkeypatch.setattr(Membership, '_report', lambda membership: (looks.append(1), report(membership)))
    fleet = Fleet(1)
    with Backend(half_an_etcd) as etcd:
        membership = Membership(find_cluster(f'etcd://127.0.0.1:{etcd.port}/x'), Self('one', 'here', {}), Follower(fleet),
                                Wanted(version=1), 9, {})
        while not membership._listed:
            gevent.sleep(10 * MS)
        began, before = time.monotonic(), len(looks)
        gevent.sleep(100 * MS)
        assert membership.applied is None
        assert len(looks) - before <= 2 + (time.monotonic() - began) / RETRY    # and not as often as a processor can
        membership.close()
    fleet.close()
