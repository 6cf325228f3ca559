"""A member with an etcd in memory: its lease, its watch, what it says, and when it heals itself."""
import contextlib
import json
import logging
import time

import gevent
import msgspec
import pytest
from gevent.queue import Queue

from tests.support.memory_etcd import MemoryEtcd
from tests.support.orders import BASE
from tests.support.peers import Backend, free_port, sink
from tests.support.unit_of_time import MS, PATIENCE
from tests.unit.clusters.etcd.test_client import read_request
from vaurien.clusters.choice import Self
from vaurien.clusters.etcd.client import encoded
from vaurien.clusters.etcd.errors import CanceledError, CompactedError, UnreachableError
from vaurien.clusters.etcd.watch import Change
from vaurien.clusters.keys import Keys
from vaurien.clusters.model import Applied, Counts, Order, read, write
from vaurien.clusters.where import find_cluster
from vaurien.errors import ConfigError
from vaurien.following.follower import Follower
from vaurien.following.member import member as module
from vaurien.following.member.member import RETRY, Membership
from vaurien.following.wanted import Wanted
from vaurien.proxies.fleet import Fleet
from vaurien.spec import BehaviorSpec, ProxySpec

KEYS = Keys('x')
GONE = UnreachableError('h:1', 'no')
DELAY = write(Order(by='me', ttl=3600, kept=True, mix='20:delay'))


class Watching:
    """Stands in for a watch: gives what it is told, or raises it.

    Attributes:
        news: What the watches that there are give next.
        begin: Raised where one begins, in turn.
    """

    def __init__(self):
        self.news, self.begin = Queue(), []

    def __call__(self, etcd, prefix, revision):
        if self.begin:
            raise self.begin.pop(0)
        return self

    def __iter__(self):
        while True:
            change = self.news.get()
            if isinstance(change, Exception):
                raise change
            yield change

    def close(self):
        pass


class Cut:
    """An etcd that may be out of reach for all who ask, for as long as that is so."""

    def __init__(self, etcd):
        self.etcd, self.off = etcd, False

    def __getattr__(self, name):
        if self.off and name not in ('close', 'at', 'where', 'timeout'):
            raise GONE
        return getattr(self.etcd, name)


@pytest.fixture
def etcd():
    return MemoryEtcd()


@pytest.fixture
def cut(etcd):
    return Cut(etcd)


@pytest.fixture
def watching():
    return Watching()


@pytest.fixture
def join(etcd, cut, watching, follower, fleet, monkeypatch):
    """Lets processes join, and leave in the end."""
    monkeypatch.setattr(module, 'Etcd', lambda *_: cut)
    monkeypatch.setattr(module, 'Watch', watching)
    monkeypatch.setattr(module, 'RETRY', 1 * MS)
    made = []

    def begin(ttl=300 * MS, name='m', count=None):
        made.append(Membership(find_cluster('etcd://h/x'), Self(name, 'h', {}), follower, BASE, ttl, {}, count,
                               notice=fleet.journal.notice))
        made[-1]._self = msgspec.structs.replace(made[-1]._self, ttl=1)  # what is said of it is in whole seconds
        return made[-1]
    yield begin
    cut.off = False
    etcd.failing.clear()
    for one in made:
        one.close()


def until(holds):
    with gevent.Timeout(PATIENCE):
        while not holds():
            gevent.sleep(1 * MS)


def behaviors(fleet):
    return [entry.name for entry in fleet.get('api').spec.mix]


def noticed(fleet):
    return [notice.text for notice in fleet.journal.notices]


def test_it_says_what_it_applies_and_what_has_ended(etcd, fleet, join, watching):
    revision = etcd.put(f'{KEYS.orders}one', DELAY, 7)
    member = join(ttl=3600)
    until(lambda: behaviors(fleet) == ['delay'])
    until(lambda: f'{KEYS.applied}m' in etcd.keys)
    assert read(Applied, etcd.keys[f'{KEYS.applied}m'].value, 'm').orders == {'one': 1}
    watching.news.put(Change(revision + 100, {f'{KEYS.orders}one': None}))
    watching.news.put(Change(revision, {f'{KEYS.orders}one': None}))    # overtaken
    until(lambda: not behaviors(fleet))
    assert noticed(fleet) == ['cluster: healed: order one of me has ended']
    assert not member.healed
    member.close()
    assert f'{KEYS.members}m' not in etcd.keys


def test_an_order_that_cannot_be_applied_any_more_is_told_as_one(etcd, fleet, join, watching):
    revision = etcd.put(f'{KEYS.orders}one', DELAY, 7)
    join(ttl=3600)
    until(lambda: behaviors(fleet) == ['delay'])
    bad = write(Order(by='me', ttl=3600, kept=True, mix='20:nothing'))
    watching.news.put(Change(revision + 100, {f'{KEYS.orders}one': etcd.keys[f'{KEYS.orders}one']._replace(
        value=bad, changed=revision + 100)}))
    until(lambda: not behaviors(fleet))
    assert noticed(fleet) == ['cluster: healed: order one of me is not applied any more']


def test_without_etcd_it_heals_itself_and_finds_back(etcd, cut, fleet, join, caplog):
    caplog.set_level(logging.INFO)
    etcd.put(f'{KEYS.orders}one', DELAY, 7)
    member = join()
    until(lambda: behaviors(fleet) == ['delay'])
    cut.off = True
    until(lambda: member.healed)
    assert behaviors(fleet) == []
    assert noticed(fleet)[0].startswith('cluster: healed: etcd was out of reach for more than ')
    cut.off = False
    until(lambda: behaviors(fleet) == ['delay'])
    until(lambda: len(noticed(fleet)) > 1)
    assert noticed(fleet)[1] == 'cluster: back: 1 orders are in force'
    assert 'cluster: etcd answers again' in caplog.text


def test_a_lease_that_is_gone_is_made_anew_and_it_is_listed_again(etcd, join):
    member = join()
    until(lambda: f'{KEYS.members}m' in etcd.keys)
    lease = member._lease
    etcd.revoke(lease)
    until(lambda: f'{KEYS.members}m' in etcd.keys)
    assert member._lease != lease


def test_the_key_of_a_process_that_has_ended_is_its_own_after_a_restart_of_the_lease(etcd, join):
    member = join()
    until(lambda: f'{KEYS.members}m' in etcd.keys)
    etcd.leases.discard(member._lease)      # and the key is there still, as that of a leader that knows of nothing yet
    before = member._lease
    until(lambda: etcd.keys[f'{KEYS.members}m'].lease not in (0, before))


def test_another_one_of_its_name_is_told_once(etcd, join, fleet, caplog):
    etcd.put(f'{KEYS.members}m', b'{"id": "other", "host": "h"}')
    etcd.put(f'{KEYS.orders}one', DELAY, 7)
    member = join()
    until(lambda: behaviors(fleet) == ['delay'])
    beaten = member._heard
    until(lambda: member._heard > beaten)
    assert caplog.text.count('another member has the name m') == 1
    assert f'{KEYS.applied}m' not in etcd.keys


def test_a_watch_that_has_missed_something_reads_all_anew(etcd, fleet, join, watching):
    join(ttl=3600)
    until(lambda: f'{KEYS.applied}m' in etcd.keys)
    etcd.put(f'{KEYS.orders}one', DELAY, 7)
    watching.begin.append(CompactedError())
    watching.news.put(CanceledError())
    until(lambda: behaviors(fleet) == ['delay'])
    etcd.txn([], [{'request_delete_range': {'key': encoded(f'{KEYS.orders}one')}}])
    watching.news.put(CompactedError())
    until(lambda: not behaviors(fleet))


def test_an_etcd_that_was_made_anew_is_followed(etcd, fleet, join):
    etcd.revision = 1000
    etcd.put(f'{KEYS.orders}one', DELAY, 7)
    join()
    until(lambda: behaviors(fleet) == ['delay'])
    etcd.keys.clear()
    etcd.revision = 2
    until(lambda: not behaviors(fleet))


def test_what_it_has_counted_is_said_where_that_has_changed(etcd, join, monkeypatch):
    monkeypatch.setattr(module, 'COUNTS_INTERVAL', 1 * MS)
    counts = [Counts(), Counts(faults=3)]
    join(count=lambda: counts[-1] if f'{KEYS.applied}m' in etcd.keys else counts[0])
    until(lambda: f'{KEYS.counts}m' in etcd.keys)
    assert json.loads(etcd.keys[f'{KEYS.counts}m'].value) == {'faults': 3}


def test_what_cannot_be_written_is_written_later_and_a_bug_ends_nothing(etcd, join, fleet, caplog):
    member = join(ttl=3600)
    until(lambda: f'{KEYS.applied}m' in etcd.keys)
    written = etcd.keys[f'{KEYS.applied}m'].changed
    etcd.failing.append(GONE)
    member._unsaid.set()
    until(lambda: etcd.keys[f'{KEYS.applied}m'].changed > written)
    etcd.failing.append(RuntimeError('a bug'))
    member._unsaid.set()
    until(lambda: 'cluster: unexpected: ' in caplog.text)


def test_it_leaves_without_a_word_where_etcd_is_away(etcd, cut, join, caplog):
    caplog.set_level(logging.INFO)
    member = join(ttl=3600)
    until(lambda: f'{KEYS.members}m' in etcd.keys)
    cut.off = True
    member.close()
    assert 'cluster: left without a word: ' in caplog.text


def test_a_time_that_is_over_is_over_by_its_own_clock(etcd, fleet, join, monkeypatch):
    etcd.put(f'{KEYS.orders}one', write(Order(by='me', ttl=3600, mix='20:delay')), 7)
    member = join(ttl=3600)
    until(lambda: behaviors(fleet) == ['delay'])
    member._until = dict.fromkeys(member._until, 0.0)
    member._until['gone', 3] = 0.0
    until(lambda: not behaviors(fleet))
    assert ('gone', 3) not in member._until


def test_a_reload_is_of_what_it_is_by_itself(fleet, join):
    member = join(ttl=3600)
    more = ProxySpec(name='more', proxy='127.0.0.1:0', enabled=False)
    assert member.become(Wanted(version=2, specs=(*BASE.specs, more))).created == ('more',)


def test_a_proxy_that_cannot_be_up_again_is_said(join, monkeypatch, caplog):
    member = join(ttl=3600)
    monkeypatch.setattr(member._obeying, 'suspend', lambda on: 'its port is taken')
    member._suspend(True)
    assert 'cluster: a proxy is not what it should be: its port is taken' in caplog.text


HANGS = Wanted(version=1, specs=(ProxySpec(name='api', proxy='127.0.0.1:0', enabled=False, mix=(BehaviorSpec(name='hang'),)),))


@pytest.fixture
def hanging(fleet, monkeypatch):
    """A member of its own that wants a fault, with an etcd that is out of reach."""
    monkeypatch.setattr(module, 'RESUME_RETRY', 0.0)
    follower = Follower(fleet)
    follower.become(HANGS)
    made = Membership(find_cluster(f'etcd://127.0.0.1:{free_port()}/x'), Self('m', 'h', {}), follower, HANGS, 100, {})
    yield made
    made.close()


def test_what_cannot_be_put_in_force_is_refused_until_it_can(hanging, fleet, caplog):
    hanging.applied = Applied(revision=0, orders={'one': 1}, refused={'two': 'it is bad'})
    become, fleet.become = fleet.become, refuse
    for _ in range(2):
        hanging._resume()
    assert (hanging.healed, fleet.get('api').spec.mix) == (True, ())
    assert hanging.applied.orders == {}
    assert hanging.applied.refused == {'one': "api: 1 is not valid, expected 2", 'two': 'it is bad'}
    assert caplog.text.count('all faults stay suspended') == 1
    fleet.become = become
    hanging._resume()
    assert (hanging.healed, fleet.get('api').spec.mix) == (False, HANGS.specs[0].mix)
    assert hanging.applied.refused == {}     # what is wanted is looked at again: nothing is known of it here


def refuse(specs):
    raise ConfigError('api', 1, '2')


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
