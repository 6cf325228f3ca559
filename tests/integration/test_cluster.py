"""A cluster with a real etcd of three members, real members in processes of their own and simulated ones."""
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import vaurien
from tests.support.clusters import TTL, UNIT, asked_at, ctl, listed, until, url_of
from tests.support.daemon import Daemon, daemon, environment
from tests.support.etcd import Cable, etcd_or_skip, etcd_servers
from tests.support.members import simulated
from tests.support.peers import ask, connect
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.clusters.asking import Asking, TakenError
from vaurien.clusters.etcd.errors import CompactedError, UnreachableError
from vaurien.clusters.etcd.errors import RefusedError as EtcdRefusedError
from vaurien.clusters.etcd.watch import Watch
from vaurien.clusters.where import find_cluster

#: asks for a fault, and stays
OWNER = '''
import vaurien, time
with vaurien.cluster({url!r}, ttl={ttl}) as cluster:
    cluster.mix('*', '100:abort')
    print('on', flush=True)
    time.sleep(1000)
'''
JOIN = '--cluster-ttl', str(TTL)


@pytest.fixture(scope='module')
def etcd():
    yield from etcd_or_skip(3)


@pytest.fixture(scope='module')
def real(etcd):
    """Two real members of the cluster ``real`` with an echo server behind them."""
    from tests.support.peers import echo_server
    with echo_server() as backend, contextlib.ExitStack() as ending:
        yield [ending.enter_context(daemon('--backend', f'127.0.0.1:{backend.port}', '--join', etcd.url('real'), '--member', name,
                                           '--label', f'zone={name[-1]}', *JOIN)) for name in ('r1', 'r2')]


@pytest.fixture
def cluster(etcd, request):
    """The URL of a cluster of this test's own."""
    return url_of(etcd, request)


def leader(etcd):
    """Return the number of the member that leads."""
    for number in range(3):
        with asked_at(etcd.url('x', ports=[etcd.ports[number]])) as client:
            status = client.call('/v3/maintenance/status', {})
        if status['header']['member_id'] == status['leader']:
            return number
    raise AssertionError('no member leads')


# -- asking

def test_a_change_reaches_all_members_and_ends_with_the_block(etcd, real):
    url = etcd.url('real')
    listed(url, 'r1', 'r2')
    with simulated(url, 5, ['default']) as members:
        listed(url, *(member.name for member in members))
        with vaurien.cluster(url, ttl=TTL) as cluster:
            cluster.mix('def*', '100:abort')
            assert all(member.behaviors('default') == ['abort'] for member in members)
            for process in real:
                with connect(process.port) as sock, contextlib.suppress(ConnectionError):
                    sock.sendall(b'x')
                    assert sock.recv(1) == b''
            cluster.toxic('default', 'latency', latency=1, on=['r1'])
            assert len(cluster.members()['r1']['applied']['orders']) == 2
            assert len(cluster.members()['r2']['applied']['orders']) == 1
        until(lambda: not any(member.behaviors('default') for member in members), 'the mix goes on after its owner')
    for process in real:
        with connect(process.port) as sock:
            until(lambda sock=sock: ask(sock, b'hello') == b'hello', 'it does not echo')


def test_a_refusal_is_seen_by_the_one_who_asked_and_nothing_has_changed(etcd, real):
    url = etcd.url('real')
    listed(url, 'r1', 'r2')
    done = ctl(url, 'mix', 'default', '20:abort')
    assert done.status == 0, done.stderr
    assert 'in force on 2 members' in done.stdout
    refused = ctl(url, 'mix', 'default', '20:delay', '--delay-sleep=soon', '--replace')
    assert refused.status == 1
    assert refused.stderr.startswith("vaurienctl: r1 refuses: --behavior-delay-sleep: 'soon' is not valid, expected a number")
    assert refused.stderr.endswith(' (and 1 more members); nothing has changed\n')
    orders = json.loads(ctl(url, 'orders', '--json').stdout)['orders']
    assert [order['what'] for order in orders] == ['mix 20:abort']
    clash = ctl(url, 'mix', 'def*', '20:error')
    assert clash.status == 1
    assert 'has asked for the mix of default already' in clash.stderr
    assert ctl(url, 'end', 'all').stdout == 'orders that were ended: 1\n'


@pytest.mark.parametrize('words, message', [
    (('mix', 'nowhere', '20:delay'), 'no member has a proxy nowhere; nothing has changed'),
    (('mix', 'default', '20:delay', '--on', 'nobody'), 'no member is meant; nothing has changed'),
    (('end', 'r0'), 'there is no order r0; nothing has changed'),
    (('resume',), 'the cluster is not halted'),
    (('plan', 'nonsense'), 'plan: '),
], ids=['proxy', 'member', 'order', 'resume', 'plan'])
def test_what_cannot_be_done_is_said_in_a_line(etcd, real, words, message):
    listed(etcd.url('real'), 'r1', 'r2')
    done = ctl(etcd.url('real'), *words)
    assert done.status == 1
    assert message in done.stderr
    assert done.stderr.count('\n') == 1


def test_two_who_ask_at_once_do_not_overwrite_each_other(cluster):
    with simulated(cluster, 1):
        listed(cluster, 's0')
        askings = [Asking(find_cluster(cluster), f'person {number}', TTL) for number in range(4)]
        outcomes, start = [], threading.Barrier(4)

        def ask_once(asking):
            order = asking.order(proxy='api', mix='20:delay', note=asking.by)
            start.wait()
            try:
                asking.ask(order)
                outcomes.append('taken')
            except TakenError as error:
                outcomes.append(str(error))
        threads = [threading.Thread(target=ask_once, args=(asking,)) for asking in askings]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert outcomes.count('taken') == 1
        assert all('has asked for the mix of api already' in text for text in outcomes if text != 'taken')
        assert len(askings[0].state().orders) == 1
        for asking in askings:
            asking.close()


def test_a_halt_reaches_all_and_holds_until_resume(cluster):
    with simulated(cluster, 3) as members, vaurien.cluster(cluster, ttl=TTL) as one, vaurien.cluster(cluster, ttl=TTL) as other:
        listed(cluster, 's0', 's1', 's2')
        one.mix('api', '20:delay')
        other.halt('lunch')
        until(lambda: not any(member.behaviors('api') for member in members), 'it is not halted')
        with pytest.raises(TakenError, match='has halted the cluster .lunch.: nothing is injected before resume'):
            one.toxic('api', 'latency', latency=1)
        assert one.halted.reason == 'lunch'
        one.resume()
        until(lambda: all(member.behaviors('api') == ['delay'] for member in members), 'it stays halted')


def test_a_proxy_of_the_cluster_stays_until_it_is_removed(cluster):
    with simulated(cluster, 2) as members:
        listed(cluster, 's0', 's1')
        made = ctl(cluster, 'create', 'more', '--listen', '127.0.0.1:0', '--backend', '127.0.0.1:9', '--on', 's0')
        assert made.stdout == 'proxy more is on 1 members\n', made.stderr
        assert ['more' in member.fleet.proxies for member in members] == [True, False]
        assert ctl(cluster, 'create', 'more', '--listen', ':0', '--backend', '127.0.0.1:9').status == 1
        assert ctl(cluster, 'remove', 'more').status == 0
        until(lambda: 'more' not in members[0].fleet.proxies, 'it is still there')


# -- what ends faults

def test_an_owner_who_is_killed_leaves_no_fault_behind(etcd, real):
    url = etcd.url('real')
    listed(url, 'r1', 'r2')
    with simulated(url, 3, ['default']) as members:
        listed(url, *(member.name for member in members))
        script = OWNER.format(url=url, ttl=TTL)
        owner = subprocess.Popen([sys.executable, '-c', script], env=environment(), stdout=subprocess.PIPE)
        try:
            assert owner.stdout.readline() == b'on\n'
            time.sleep(TTL / 2)     # it is kept alive meanwhile
            assert all(member.behaviors('default') == ['abort'] for member in members)
            owner.send_signal(signal.SIGKILL)
            took = until(lambda: not any(member.behaviors('default') for member in members), 'the fault goes on')
            assert took < TTL + UNIT
        finally:
            owner.kill()
            owner.wait()
            owner.stdout.close()


def test_a_time_that_is_over_is_over_also_where_etcd_keeps_the_lease(cluster):
    with simulated(cluster, 1) as members:
        listed(cluster, 's0')
        asking = Asking(find_cluster(cluster), ttl=TTL, kept=False)
        asking.ask(asking.order(proxy='api', mix='20:delay'))
        until(lambda: members[0].behaviors('api') == ['delay'], 'it never began')
        begun = time.monotonic()
        while members[0].behaviors('api'):
            asking.etcd.keep_alive(asking._lease)   # as a new leader does, which lets all leases begin anew
            assert time.monotonic() - begun < TTL + UNIT
            time.sleep(50 * MS)
        assert asking.state().orders
        asking.close()


def test_the_leader_is_killed_and_nothing_is_lost(etcd, cluster):
    with simulated(cluster, 3, ttl=6) as members, vaurien.cluster(cluster, ttl=6, timeout=PATIENCE) as owner:
        listed(cluster, *(member.name for member in members))
        owner.mix('api', '20:delay')
        number = leader(etcd)
        etcd.kill(number)
        try:
            def asked():
                with contextlib.suppress(UnreachableError):     # no leader yet
                    owner.toxic('api', 'latency', latency=1, replace=True)
                    return True
                return False
            until(asked, 'nothing can be asked for')
            assert all(len(member.orders) == 2 for member in members)
            assert all(member.behaviors('api') == ['delay'] for member in members)
        finally:
            etcd.start(number)


def test_without_etcd_members_heal_and_relay_on_and_find_back(etcd, real):
    url = etcd.url('real')
    listed(url, 'r1', 'r2')
    relayed, ended, wrong = [0], threading.Event(), []

    def talk():
        with connect(real[1].port) as sock:
            sock.settimeout(PATIENCE)
            while not ended.is_set():
                data = os.urandom(64)
                wrong.extend([1] if ask(sock, data) != data else [])
                relayed[0] += 1
    talking = threading.Thread(target=talk, daemon=True)
    with simulated(url, 2, ['default']) as members, vaurien.cluster(url, ttl=TTL) as owner:
        listed(url, *(member.name for member in members))
        owner.mix('default', '100:abort', on=['r1', 's*'])
        talking.start()
        assert aborts(real[0])
        etcd.kill()
        try:
            took = until(lambda: all(member.healed for member in members), 'they do not heal')
            assert took < TTL + UNIT
            assert not any(member.behaviors('default') for member in members)
            until(lambda: not aborts(real[0]), 'a real member does not heal')
            assert 'etcd was out of reach for more than 2 s: all faults are suspended, bytes are relayed on' in real[0].log
            before = relayed[0]
            until(lambda: relayed[0] > before + 10, 'nothing is relayed')
        finally:
            etcd.start()
        until(lambda: not any(member.healed for member in members), 'they do not find back')
        until(lambda: len(members[0].noticed) > 1, 'it does not say so')
        healed, *_, back = members[0].noticed
        assert healed == 'cluster: healed: etcd was out of reach for more than 2 s; all faults are suspended'
        assert back.startswith('cluster: back: ')
        assert back.endswith(' orders are in force')
    ended.set()
    talking.join(PATIENCE)
    assert wrong == []
    assert 'Traceback' not in real[0].log + real[1].log


def aborts(process):
    """Return whether a connection through a member is reset."""
    with connect(process.port) as sock:
        try:
            return ask(sock, b'x') != b'x'
        except (ConnectionError, EOFError):
            return True


# -- the watch

def test_a_member_whose_wire_was_cut_reads_all_anew_after_compaction(etcd, cluster):
    cable = Cable(etcd.ports[0])
    through = f'etcd://127.0.0.1:{cable.port}/{cluster.rpartition("/")[2]}'
    try:
        with simulated(through, 1) as members, vaurien.cluster(cluster, ttl=30, timeout=PATIENCE) as owner:
            listed(cluster, 's0')
            cable.whole.clear()
            until(lambda: members[0].healed, 'it does not heal')
            asking = owner._asking
            for number in range(3):
                asked = asking.ask(asking.order(proxy='api', mix=f'{20 + number}:delay'), replace=number > 0)
            asking.etcd.call('/v3/kv/compaction', {'revision': str(asked.revision)})
            with pytest.raises(CompactedError), contextlib.closing(
                    Watch(asking.etcd, asking.keys.wanted, asked.revision - 2)) as watch:
                next(iter(watch))
            cable.whole.set()
            until(lambda: members[0].behaviors('api') == ['delay'], 'it has not read anew')
            assert members[0].fleet.get('api').spec.mix[0].percent == 22
    finally:
        cable.close()


def test_a_watch_that_is_silent_though_something_has_changed_is_noticed(etcd, cluster):
    """What a member of etcd does to a watch when it is cut off from the others: it stays open, and never says a word."""
    cable = Cable(etcd.ports[0])
    url = find_cluster(cluster)
    try:
        with simulated(etcd.url(url.name, ports=[cable.port, etcd.ports[1]]), 1, ttl=4) as members, \
                vaurien.cluster(cluster, ttl=30, timeout=PATIENCE) as owner:
            listed(cluster, 's0')
            cable.whole.clear()
            # nobody waits for its word: on a slow machine its lease may end meanwhile, and it heals itself, and is back
            owner._asking.ask(owner._asking.order(proxy='api', mix='20:delay'))
            until(lambda: members[0].behaviors('api') == ['delay'], 'it has not noticed')
            watching = members[0].membership._watching
            until(lambda: watching.at == 1, 'the watch stays where it is silent, and the next change will be late, too')
    finally:
        cable.close()


# -- getting in

def test_a_member_and_its_owner_get_in_with_a_password_and_once_more_after_a_restart(tmp_path, monkeypatch):
    (tmp_path / 'password').write_text('secret\n')
    with etcd_servers(1) as etcd:
        for path, body in (('user/add', {'name': 'root', 'password': 'r'}), ('role/add', {'name': 'root'}),
                           ('user/grant', {'user': 'root', 'role': 'root'}), ('user/add', {'name': 'v', 'password': 'secret'}),
                           ('role/add', {'name': 'v'}), ('user/grant', {'user': 'v', 'role': 'v'}),
                           ('role/grant', {'name': 'v', 'perm': {'permType': 'READWRITE', 'key': 'L3ZhdXJpZW4v',
                                                                 'range_end': 'L3ZhdXJpZW4w'}}), ('enable', {})):
            with asked_at(etcd.url('x')) as admin:
                admin.call(f'/v3/auth/{path}', body)
        stranger = ctl(etcd.url('a'), 'members')
        assert stranger.stderr == ('vaurienctl: etcd refuses: it wants a user, such as etcd://USER@HOST/NAME, and a password in '
                                   'VAURIEN_ETCD_PASSWORD\n')
        monkeypatch.setenv('VAURIEN_ETCD_PASSWORD', 'nonsense')
        wrong = ctl(etcd.url('a', 'v'), 'members')
        assert wrong.stderr == 'vaurienctl: etcd refuses: authentication failed, invalid user ID or password\n'
        monkeypatch.setenv('VAURIEN_ETCD_PASSWORD_FILE', str(tmp_path / 'password'))
        url = etcd.url('a', 'v')
        assert 'secret' not in repr(find_cluster(url))
        with asked_at(url) as client, pytest.raises(EtcdRefusedError, match='permission denied'):
            client.range('/other/')
        with simulated(url, 1) as members, vaurien.cluster(url, ttl=30, timeout=PATIENCE) as owner:
            listed(url, 's0')
            etcd.kill()     # and with it all tokens: a watch is cancelled, and a call refused
            etcd.start()
            until(lambda: not members[0].healed, 'it does not find back')
            owner.mix('api', '20:delay')
            assert members[0].behaviors('api') == ['delay']


def test_a_cluster_speaks_tls_and_trusts_only_whom_it_is_told_to(monkeypatch):
    from tests.support.tls import certificates
    with etcd_servers(1, tls=True) as etcd:
        url = etcd.url('t')
        stranger = ctl(url, 'members')
        assert stranger.status == 1
        assert 'certificate verify failed' in stranger.stderr
        assert stranger.stderr.count('\n') == 1
        monkeypatch.setenv('VAURIEN_ETCD_CACERT', certificates().ca)
        with simulated(url, 1) as members, vaurien.cluster(url, ttl=TTL) as owner:
            listed(url, 's0')
            owner.mix('api', '20:delay')
            assert members[0].behaviors('api') == ['delay']


def test_a_second_member_of_the_same_name_follows_and_says_so(etcd, cluster):
    with simulated(cluster, 1):
        listed(cluster, 's0')
        with daemon('--backend', 'embedded', '--join', cluster, '--member', 's0', *JOIN) as process:
            process.wait_for('another member has the name s0; this one follows, and is not listed')


def test_a_start_without_etcd_relays_without_faults_and_says_so(echo_server):
    with daemon('--backend', f'127.0.0.1:{echo_server.port}', '--behavior', '100:abort', '--join', 'etcd://127.0.0.1:9/x',
                *JOIN) as process:
        process.wait_for('etcd cannot be reached at 127.0.0.1:9')
        assert not aborts(process)
    assert isinstance(process, Daemon)
