"""The commands of ``vaurienctl --cluster``, with an etcd in memory and members that answer at once."""
import json
from itertools import islice

import pytest

from tests.support.unit_of_time import MS
from vaurien.clusters import asking as module
from vaurien.clusters.etcd.errors import UnreachableError
from vaurien.clusters.keys import Keys
from vaurien.clusters.model import Counts, write
from vaurien.clusters.where import find_cluster
from vaurien.ctl.cluster import commands
from vaurien.ctl.command import main

KEYS = Keys('x')


@pytest.fixture
def ctl(etcd, capsys):
    def run(*words):
        status = main(['--cluster', 'etcd://h/x', *words])
        found = capsys.readouterr()
        return status, found.out, found.err
    return run


def orders(ctl):
    return json.loads(ctl('orders', '--json')[1])['orders']


@pytest.mark.parametrize('words, what', [
    (('mix', 'api', '20:delay', '--delay-sleep', '2', '--delay-before=no'), 'mix 20:delay'),
    (('toxic', 'a*', 'latency', 'latency=100', '--stream', 'upstream', '--toxicity', '0.5', '--name', 'far'), 'toxic far'),
    (('toxic', 'api', 'latency'), 'toxic latency_downstream'),
    (('plan', 'api: * #2 = delay', 'api: * = abort'), 'api: * #2 = delay, api: * = abort'),
], ids=['mix', 'toxic', 'plain toxic', 'plan'])
def test_what_was_asked_for_is_listed_until_it_is_ended(ctl, members, words, what):
    status, out, err = ctl(*words, '--note', 'why', '--for', '2m', '--on-label', 'zone=1', '--on-host', 'h')
    assert (status, err) == (0, '')
    assert 'is in force on 1 members; it ends by itself in 120 s, or by: end ' in out
    order, = orders(ctl)
    assert (order['what'], order['ends'], order['members'], order['note']) == (what, 'within 120 s', 'h zone=1', 'why')
    assert ctl('end', order['id'])[1] == f'ended: {order["id"]}\n'
    assert orders(ctl) == []


def test_a_phase_of_a_scenario_is_listed_by_its_name(ctl, members, tmp_path):
    (tmp_path / 's.toml').write_text('[[phase]]\nfor = "1ms"\nname = "slow"\n[[phase]]\nfor = "1ms"\n')
    seen, etcd = [], members[0].etcd

    def look(key):
        if key.startswith(KEYS.orders) and not seen:
            seen.append(commands.what(members[0].state().orders[0].order))
    etcd.told.append(look)
    status, out, err = ctl('scenario', str(tmp_path / 's.toml'))
    assert (status, err, seen) == (0, '', ['phase slow of a scenario'])
    assert out.splitlines()[-4:] == ['PHASE    SECONDS  ENDED  MEMBERS', *out.splitlines()[-3:-1], 'the scenario has ended: time']


@pytest.mark.parametrize('words, message', [
    (('mix', 'api', '20:delay', 'sleep=2'), "'sleep' belongs to no option, expected --BEHAVIOR-OPTION=VALUE"),
    (('mix', 'api', '20:delay', '--delay-sleep'), '--delay-sleep lacks its value'),
    (('mix', 'api', '20:delay', '--delay-sleep', '--delay-before=no'), '--delay-sleep lacks its value'),
    (('toxic', 'api', 'latency', 'latency'), "'latency' is no attribute"),
    (('mix', 'api', '20:delay', '--for', '0'), "'0' is not valid, expected a time such as 30s"),
    (('mix', 'api', '20:delay', '--for', '3 weeks'), "'3 weeks' is not valid, expected a time such as 30s"),
    (('mix', 'api', '20:delay', '--stay', '--for', '1h'), '--stay and --for are not for the same command'),
    (('orders', '--nonsense'), 'unrecognized arguments: --nonsense'),
    (('halts',), "'halts' is not valid"),
    (('scenario', 'x', '--scale', '0'), "'0' is not valid"),
], ids=str)
def test_mistakes_of_the_command_line_are_said_in_a_line(ctl, words, message):
    status, out, err = ctl(*words)
    assert (status, out, err.count('\n')) == (2, '', 1)
    assert message in err


def test_members_are_shown_with_what_they_do(ctl, members, etcd):
    ctl('mix', 'api', '20:delay')
    members[1].refuses['api'] = 'no'
    members[1].look(KEYS.wanted)
    etcd.put(KEYS.counts + 'm1', write(Counts(sessions=3, faults=4)))
    etcd.put(KEYS.members + 'm0', write(members[0].member))
    found = json.loads(ctl('members', '--json')[1])['members']
    order, = orders(ctl)
    assert [row['state'] for row in found] == ['says nothing', 'follows', f'refuses {order["id"]}: no']
    assert [(row['sessions'], row['faults'], row['orders']) for row in found] == [(0, 0, ''), (3, 4, order['id']), (0, 0, '')]
    assert [row['name'] for row in json.loads(ctl('members', '--json', '--on', '*1')[1])['members']] == ['m1']


def test_an_order_that_cannot_be_read_is_listed_and_ended_with_all_others(ctl, members, etcd):
    ctl('mix', 'api', '20:delay')
    etcd.put(f'{KEYS.orders}bad', b'nonsense', 7)
    assert orders(ctl)[1]['what'].startswith("order bad: 'nonsense' is not valid")
    assert ctl('end', 'bade')[2] == 'vaurienctl: there is no order bade; nothing has changed\n'
    assert ctl('end', 'all')[1] == 'orders that were ended: 2\n'


def test_a_halt_and_its_end_are_told_with_who_says_nothing(ctl, members):
    assert ctl('halt', 'lunch')[1] == 'all faults are suspended on 2 members, nothing is injected before resume\n'
    assert 'halted' in ctl('members')[1]
    members[1].silent = True
    status, out, _ = ctl('resume', '--timeout', '0.01')
    assert status == 0
    assert out == 'faults are in force again on 1 members, what was asked for goes on; no word in time from m2\n'


def test_a_proxy_that_a_member_refuses_is_taken_back(ctl, members, etcd):
    made = ctl('create', 'more', '--listen', '127.0.0.1:0', '--backend', '127.0.0.1:9')
    assert made[1] == 'proxy more is on 2 members\n'
    assert ctl('remove', 'more')[1] == 'proxy more removed\n'

    def refuse(key):
        if key == f'{KEYS.proxies}other':
            applied = f'{KEYS.applied}m1'
            etcd.put(applied, b'{"revision": %d, "refused": {"other": "taken"}}' % (etcd.revision + 1))
    etcd.told.append(refuse)
    refused = ctl('create', 'other', '--listen', '127.0.0.1:0', '--backend', '127.0.0.1:9')
    assert refused[2] == 'vaurienctl: m1 refuses: taken; nothing has changed\n'
    assert f'{KEYS.proxies}other' not in etcd.keys


def test_an_order_is_taken_back_where_it_cannot_be_seen_what_became_of_it(ctl, members, etcd):
    fail = [UnreachableError('h:1', 'no')]
    etcd.told.append(lambda key: etcd.failing.extend([fail.pop()] if fail and key.startswith(KEYS.orders) else []))
    status, _, err = ctl('mix', 'api', '20:delay')
    assert (status, err) == (1, 'vaurienctl: etcd cannot be reached at h:1: no\n')
    assert orders(ctl) == []


def test_who_stays_ends_it_with_the_command_or_loses_it_with_the_lease(ctl, members, etcd, monkeypatch):
    class Interrupted:
        def wait(self, seconds):
            raise KeyboardInterrupt
    monkeypatch.setattr(commands.threading, 'Event', Interrupted, raising=True)
    monkeypatch.setattr(module, 'threading', Threads)
    status, out, _ = ctl('mix', 'api', '20:delay', '--stay')
    assert status == 0
    assert 'is in force on 2 members, until Ctrl-C' in out
    assert out.endswith(' has ended\n')
    assert orders(ctl) == []
    monkeypatch.setattr(module.Asking, 'lost', property(lambda self: 'its lease is gone'))
    status, _, err = ctl('mix', 'api', '20:delay', '--stay', '--replace')
    assert (status, err) == (1, 'vaurienctl: all that was asked for has ended: its lease is gone\n')


class Threads:
    """Stands in for the module of threads: the lease is kept by nobody."""

    class Event:
        def set(self):
            pass

    class Thread:
        def __init__(self, **_):
            pass

        def start(self):
            pass

        join = start


def test_what_members_do_is_told_as_it_changes(members, etcd, monkeypatch):
    monkeypatch.setattr(commands, 'WATCH_INTERVAL', 1 * MS)
    asking = module.Asking(find_cluster('etcd://h/x'))
    told = commands.changes(asking)
    follows = 'follows, orders: none'
    assert list(islice(told, 3)) == [None, {'name': 'm1', 'what': follows}, {'name': 'm2', 'what': follows}]
    del etcd.keys[f'{KEYS.members}m2']
    members[1].silent = True
    etcd.put(f'{KEYS.applied}m1', b'{"revision": 3, "healed": "etcd was away"}')
    assert list(islice(told, 2)) == [{'name': 'm1', 'what': 'follows, orders: none; etcd was away'},
                                     {'name': 'm2', 'what': 'has left'}]
    asking.close()
