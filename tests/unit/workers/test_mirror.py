"""A fleet with workers that are played by the test: what one of them refuses is taken back in all, and here."""
import os

import gevent
import msgspec
import pytest

from tests.support.hosting import spec_for
from tests.support.orders import KEYS, state
from tests.support.peers import free_port
from tests.support.played_workers import until
from vaurien.clusters.choice import Self
from vaurien.clusters.model import Applied, Counts
from vaurien.following.follower import Follower
from vaurien.following.member.joining import count
from vaurien.following.member.obeying import Obeying
from vaurien.following.wanted import Wanted
from vaurien.outputs.times import BUCKETS, Times
from vaurien.proxies.refusals import ElsewhereError
from vaurien.spec import BehaviorSpec
from vaurien.workers import crew as crews
from vaurien.workers.frames import Frame


def names(played, number):
    return [[spec.name for spec in wanted.specs] for wanted in played.told[number]]


def test_all_are_told_the_place_that_is_held(mirror, played):
    proxy = mirror.create(spec_for(1, name='one'))
    assert [wanted.specs[0].proxy for told in played.told.values() for wanted in told] == [proxy.address] * 2


def test_a_new_proxy_that_one_refuses_is_nowhere(mirror, played):
    mirror.create(spec_for(1, name='one'))
    played.refuses[2] = 'two'
    port = free_port()
    with pytest.raises(ElsewhereError, match='worker 2 refuses it, and nothing has changed: no room'):
        mirror.create(spec_for(1, name='two', proxy=f'127.0.0.1:{port}'))
    assert list(mirror.proxies) == ['one']
    assert names(played, 1) == names(played, 2) == [['one'], ['one', 'two'], ['one']]
    mirror.create(spec_for(1, name='three', proxy=f'127.0.0.1:{port}'))     # the place is held no more


def test_a_change_that_one_refuses_leaves_every_proxy_as_it_was(mirror, played):
    kept, moved, gone = spec_for(1, name='kept'), spec_for(1, name='moved'), spec_for(1, name='gone')
    mirror.reconcile([kept, moved, gone])
    before = [(proxy.spec, proxy.address, proxy.started) for proxy in mirror.proxies.values()]
    played.refuses[1] = 'new'
    elsewhere = msgspec.structs.replace(moved, proxy=f'127.0.0.1:{free_port()}', mix=(BehaviorSpec(name='hang'),))
    with pytest.raises(ElsewhereError):
        mirror.reconcile([kept, elsewhere, spec_for(1, name='new')])
    assert [(proxy.spec, proxy.address, proxy.started) for proxy in mirror.proxies.values()] == before
    assert played.told[2][-1].specs == played.told[2][0].specs
    played.refuses.clear()
    assert str(mirror.reconcile([kept, elsewhere])) == 'changed moved; removed gone'


def test_a_move_from_one_path_to_another_that_one_refuses_leaves_it_where_it_was(mirror, played, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)     # a path may have 107 bytes
    proxy = mirror.create(spec_for(1, name='one', proxy='unix:here'))
    held = os.stat('here').st_ino
    played.refuses[2] = lambda wanted: 'there' in wanted.specs[0].proxy
    with pytest.raises(ElsewhereError):
        mirror.change('one', proxy='unix:there')
    assert (proxy.address, proxy.started, os.listdir(), os.stat('here').st_ino) == ('unix:here', True, ['here'], held)
    assert sorted(played.paths[1]) == ['here', 'there']     # it becomes again what it was with a descriptor of where it was
    mirror.change('one', backend='127.0.0.1:2')
    assert played.paths == {1: ['here'], 2: ['here']}


def test_rows_are_added_up_and_stay_when_their_worker_is_gone(mirror, played):
    proxy = mirror.create(spec_for(1, name='one'))
    played.row(1, 5, sessions=3)
    played.row(2, 7, sessions=2)
    played.row(1, 6, sessions=4)
    until(lambda: (proxy.stats.accepted, len(proxy.sessions)) == (13, 6))
    played.channels[1].close()
    until(lambda: mirror.crew.replaced)
    assert (proxy.stats.accepted, len(proxy.sessions), mirror.crew.lost) == (13, 2, 4)


def test_a_row_of_another_proxy_that_had_the_name_is_not_counted(mirror, played):
    mirror.create(spec_for(1, name='one'))
    mirror.remove('one')
    proxy = mirror.create(spec_for(1, name='one'))
    played.row(1, 5, version=1)
    played.row(1, 2, version=mirror.crew.version, serial=2)
    until(lambda: proxy.stats.accepted)
    assert proxy.stats.accepted == 2


# -- as a member of a cluster

HANG = (BehaviorSpec(name='hang'),)


def obeying(mirror):
    follower, base = Follower(mirror), Wanted(version=1, specs=(spec_for(1, name='one'),), plan=())
    follower.become(base)
    return follower, Obeying(follower, base, Self('m', 'h', {}))


def hangs(wanted):
    return any(spec.mix for spec in wanted.specs)


def test_an_order_that_one_refuses_is_refused_by_the_member(mirror, played):
    _, member = obeying(mirror)
    played.refuses[2] = hangs
    applied = member.become(state(2, one={'mix': '20:hang'}, two={'mix': '20:transient'}, three={'plan': ['one: * = hang']}))
    assert applied.orders == {}
    assert applied.refused['one'] == 'worker 2 refuses it, and nothing has changed: no room'
    assert applied.refused['two'].endswith('expected one process: --workers 1')
    assert applied.refused['three'].endswith('expected one process: --workers 1')
    assert [hangs(played.told[number][-1]) for number in (1, 2)] == [False, False]
    assert member.become(state(3, one={'proxy': 'one', 'toxics': [{'type': 'noop'}]})).orders == {'one': 1}
    assert [played.told[number][-1].specs[0].toxics[0].type for number in (1, 2)] == ['noop', 'noop']


def test_what_comes_while_workers_change_is_not_said_to_be_applied(mirror, played):
    _, member = obeying(mirror)
    wanted = state(2, one={'mix': '20:hang'})

    def come(told):
        wanted.change(3, {KEYS.orders + 'one': None})
        return False    # it refuses nothing
    played.refuses[1] = come
    assert (member.become(wanted), wanted.revision) == (Applied(revision=2, orders={'one': 1}), 3)
    assert member.become(wanted) == Applied(revision=3)
    assert hangs(played.told[1][-1]) is False


def test_the_configuration_is_read_again_while_an_order_comes_and_both_are_in_force(mirror, played):
    _, member = obeying(mirror)
    becoming = gevent.spawn(member.become, state(2, one={'mix': '20:hang'}))
    gevent.sleep(0)     # it waits for workers
    base = Wanted(version=2, specs=(spec_for(1, name='one', protocol='redis'),))
    assert member.rebase(base).changed == ('one',)
    assert becoming.get().orders == {'one': 1}
    assert [(wanted.specs[0].protocol, hangs(wanted)) for wanted in (told[-1] for told in played.told.values())] == [
        ('redis', True)] * 2


def test_healing_reaches_all_and_ends_one_that_refuses_it(mirror, played, monkeypatch):
    monkeypatch.setattr(crews, 'SHORT_LIFE', 0.0)
    follower, _ = obeying(mirror)
    mirror.change('one', mix=HANG)
    played.refuses[2] = lambda wanted: not hangs(wanted)
    first = played.made
    follower.heal()
    assert hangs(played.told[1][-1]) is False
    assert (mirror.crew.replaced, mirror.halted) == (1, True)
    played.refuses.clear()
    until(lambda: played.made > first)
    until(lambda: not hangs(played.told[2][-1]))
    follower.resume()
    assert [hangs(played.told[number][-1]) for number in (1, 2)] == [True, True]


def test_one_that_does_not_answer_is_ended_and_the_change_is_in_force(mirror, played, monkeypatch, caplog):
    monkeypatch.setattr(crews, 'ANSWER_TIMEOUT', 0.05)
    monkeypatch.setattr(crews, 'SHORT_LIFE', 0.0)
    mirror.create(spec_for(1, name='one'))
    played.silent.add(1)
    mirror.change('one', mix=HANG)
    assert hangs(played.told[2][-1])
    assert 'is ended: it has not answered for 0.05 s' in caplog.text
    until(lambda: mirror.crew.replaced > 1)     # the one in its place does not answer either
    played.silent.clear()
    until(lambda: hangs(played.told[1][-1]))


def test_a_cluster_is_told_the_sums(mirror, played):
    mirror.create(spec_for(1, name='one'))
    played.row(1, 5, sessions=3)
    played.row(2, 7, sessions=2)
    until(lambda: mirror.proxies['one'].stats.accepted == 12)
    assert count(mirror) == Counts(sessions=5, accepted=12)
    assert [frame.kind for frame in played.asked[1]] == ['count']


# -- what takes long

def test_times_of_requests_are_added_up_and_those_of_a_proxy_that_was_are_not(mirror, played):
    mirror.times = Times(mirror)
    mirror.create(spec_for(1, name='one'))
    mirror.remove('one')
    mirror.create(spec_for(1, name='one'))
    key = 'one', 'tcp', 'ok'
    for number, version, seconds in ((1, 1, 9.0), (1, mirror.crew.version, 1.0), (2, mirror.crew.version, 2.0)):
        played.channels[number].post(Frame('times', version, [(key, [1, *[0] * len(BUCKETS)], seconds)]))
    until(lambda: [total for _, _, total in mirror.times.samples()] == [3.0])
