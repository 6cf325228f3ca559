"""A scenario on a cluster, with a real etcd, real members in processes of their own and simulated ones."""
import contextlib
import json
import re
import signal
import subprocess
import sys
import threading

import pytest

import vaurien
from tests.support.clusters import TTL, UNIT, ctl, listed, until, url_of
from tests.support.daemon import daemon, environment
from tests.support.etcd import Cable, etcd_or_skip
from tests.support.members import simulated
from tests.support.paged import client_of, opened
from tests.support.peers import ask, connect, free_port
from tests.support.unit_of_time import PATIENCE
from vaurien.clusters.asking import TakenError
from vaurien.clusters.playing.player import UnplayableError
from vaurien.errors import ConfigError

from .test_top_screen import CTL as TOP
from .test_top_screen import terminal, terminals

__all__ = ['terminal', 'terminals']     # fixtures

LONG = f'{PATIENCE:.0f}s'
OWNER = '''
import vaurien
with vaurien.cluster({url!r}, ttl={ttl}) as cluster:
    cluster.scenario({path!r}, tell=lambda line: print(line, flush=True))
'''
CTL = 'import sys; from vaurien.ctl import main; sys.exit(main())'
DOWN = f'name = "gone"\nfor = "{LONG}"\ndown = true'
DELAYED = f'name = "slow"\nfor = "{LONG}"\nmix = "100:delay"'


@pytest.fixture(scope='module')
def etcd():
    yield from etcd_or_skip(1)


@pytest.fixture
def cluster(etcd, request):
    """The URL of a cluster of this test's own."""
    return url_of(etcd, request)


@pytest.fixture
def scenario(tmp_path):
    """Write a scenario, and return its path."""
    def write(*phases, head=''):
        path = tmp_path / 'outage.toml'
        path.write_text(head + ''.join(f'[[phase]]\n{phase}\n' for phase in phases))
        return path
    return write


def toxics(member, proxy='api'):
    return {toxic.name: toxic.attributes for toxic in member.fleet.get(proxy).spec.toxics}


class Telling:
    """Does something once a line comes.

    Attributes:
        lines: All that came.
    """

    def __init__(self, **then):
        self.lines, self.then = [], then

    def __call__(self, line):
        self.lines.append(line)
        for word, act in self.then.items():
            if word in line:
                act()


def test_phases_follow_each_other_on_all_members_and_nothing_is_left(cluster, scenario):
    seen = []
    path = scenario('for = "50ms"\nname = "slow"\nmix = "20:delay"\nsettings.delay.sleep = 3',
                    'for = "50ms"\nname = "far"\ntoxics = ["latency:latency=7"]\nplan = ["api: * #2 = delay"]\n'
                    'on.cache = {toxics = []}',
                    'for = "100ms"\nname = "farther"\nsteps = 3\nramp.toxics.latency.latency = [10, 30]')
    with simulated(cluster, 2, ['api', 'cache']) as members, vaurien.cluster(cluster, ttl=TTL, timeout=PATIENCE) as owner:
        listed(cluster, 's0', 's1')

        def look():
            seen.append([(member.behaviors('api'), toxics(member), toxics(member, 'cache'), len(member.fleet.plan.entries))
                         for member in members])
        telling = Telling(applied=look)
        played = owner.scenario(path, tell=telling)
        until(lambda: not any(toxics(member) or member.orders for member in members), 'something is left')
        notice, = members[0].noticed
        assert re.fullmatch(r'cluster: healed: order [0-9a-f]{8} of .* has ended', notice)
        assert owner.orders() == {}
    assert telling.lines == [
        'phase 1 of 3, slow, 50 ms: mix 20:delay, settings of delay', '  applied by s0, s1',
        'phase 2 of 3, far, 50 ms: toxics latency:latency=7, a plan of 1; cache: toxics none', '  applied by s0, s1',
        'phase 3 of 3, farther, 100 ms: ramp of latency', '  applied by s0, s1']
    assert seen == [
        [(['delay'], {}, {}, 0)] * 2,
        [([], {'latency_downstream': {'latency': '7'}}, {}, 1)] * 2,
        [([], {'latency_downstream': {'latency': 10}}, {'latency_downstream': {'latency': 10}}, 0)] * 2]
    assert [(phase.name, phase.members, phase.ended) for phase in played] == [
        (name, ('s0', 's1'), 'time') for name in ('slow', 'far', 'farther')]


def test_only_the_members_that_are_meant_play_and_who_joins_plays_too(cluster, scenario):
    path = scenario(DELAYED)
    with simulated(cluster, 1, labels={'zone': 'a'}) as here, simulated(cluster, 1, prefix='far') as far, \
            vaurien.cluster(cluster, ttl=TTL, timeout=PATIENCE) as owner, contextlib.ExitStack() as joining:
        listed(cluster, 's0', 'far0')
        stop, late = threading.Event(), []
        coming = simulated(cluster, 1, prefix='late', labels={'zone': 'a'})
        telling = Telling(**{'applied by s0': lambda: late.extend(joining.enter_context(coming)), 'joined': stop.set})
        played, = owner.scenario(path, labels={'zone': 'a'}, tell=telling, stop=stop)
        assert telling.lines[-1] == '  joined, and applied by late0'
        assert (played.members, played.ended) == (('late0', 's0'), 'stopped')
        assert far[0].orders == {}
        until(lambda: not (here[0].behaviors('api') or late[0].behaviors('api')), 'it goes on')


@pytest.mark.parametrize('phases, said', [
    (['for = "10ms"', 'for = "10ms"\nname = "bad"\nmix = "20:delai"'], 'vaurienctl: phase 1: s0 refuses: phase bad'),
    (['for = "10ms"', 'for = "10ms"\nname = "bad"\ntoxics = ["latency:latency=x"]'], 'latency'),
    (['for = "10ms"', 'for = "10ms"\nname = "bad"\nplan = ["nonsense"]'], 'phase bad: plan: '),
    (['for = "10ms"', 'for = "10ms"\non.elsewhere.mix = "1:delay"'], 'no member has a proxy elsewhere'),
], ids=['behavior', 'toxic', 'plan', 'proxy'])
def test_what_a_member_refuses_of_any_phase_is_said_before_the_first_one_is_played(cluster, scenario, phases, said):
    with simulated(cluster, 1) as members:
        listed(cluster, 's0')
        done = ctl(cluster, 'scenario', str(scenario(*phases)), '--timeout', f'{PATIENCE:.0f}')
        assert done.status == 1
        assert said in done.stderr
        assert done.stderr.endswith('; all of it was taken back\n')
        assert done.stderr.count('\n') == 1
        assert 'phase 2' not in done.stdout
        until(lambda: not members[0].orders, 'an order is left')


def test_what_others_asked_for_comes_back_where_a_member_refuses(cluster, scenario):
    with simulated(cluster, 1) as members, vaurien.cluster(cluster, ttl=30, timeout=PATIENCE) as other, \
            vaurien.cluster(cluster, ttl=30, timeout=PATIENCE) as owner:
        listed(cluster, 's0')
        order = other.mix('api', '20:delay')
        path = scenario('for = "10ms"\nmix = "20:nothing"')
        with pytest.raises(TakenError, match='has asked for the mix of api already'):
            owner.scenario(path)
        with pytest.raises(UnplayableError, match='phase 1: s0 refuses: .*; all of it was taken back'):
            owner.scenario(path, replace=True)
        assert list(other.orders()) == [order]
        until(lambda: members[0].behaviors('api') == ['delay'], 'it does not come back')
        other.end(order)
        owner.scenario(scenario('for = "10ms"'))


@pytest.mark.parametrize('phases, head, said', [
    (['for = "10ms"'], '[[proxy]]\nname = "p"\nbackend = "localhost:1"\n',
     "outage.toml [[proxy]]: 'p' is not valid, expected no proxy of its own over a cluster"),
    (['for = "10ms"\nuntil.requests = 3'], '', "outage.toml [[phase]] 1 until: 'requests' is not valid, expected no until"),
    (['for = "10ms"\nmix = "x:y"'], '', "outage.toml [[phase]] 1 mix: 'x:y' is not valid"),
    (['for = "10ms"\nlink = "satelite"'], '', 'the nearest is satellite'),
    (['for = "never"'], '', "outage.toml [[phase]] 1 for: 'never' is not valid"),
    (['during = "10ms"'], '', 'outage.toml'),
], ids=['proxy', 'until', 'mix', 'link', 'time', 'key'])
def test_what_makes_no_sense_over_a_cluster_is_refused_before_anything_is_asked_for(scenario, phases, head, said, monkeypatch,
                                                                                   tmp_path):
    scenario(*phases, head=head)
    monkeypatch.chdir(tmp_path)
    done = ctl(f'etcd://127.0.0.1:{free_port()}/x', 'scenario', 'outage.toml')
    assert done.status == 2
    assert done.stderr.startswith('vaurienctl: outage.toml')
    assert said in done.stderr
    assert done.stderr.count('\n') == 1


def test_a_scale_that_is_none_and_a_file_that_is_not_there_are_refused(scenario, tmp_path):
    url = f'etcd://127.0.0.1:{free_port()}/x'
    done = ctl(url, 'scenario', str(tmp_path / 'none.toml'))
    assert (done.status, done.stderr) == (1, f'vaurienctl: {tmp_path / "none.toml"} cannot be read: No such file or directory\n')
    with vaurien_cluster(url) as owner, pytest.raises(ConfigError, match='scale: 0 is not valid'):
        owner.scenario(scenario('for = 1'), scale=0)


def vaurien_cluster(url):
    """Return a cluster that is asked for nothing."""
    return contextlib.closing(vaurien.cluster(url))


# -- what ends it

def test_a_halt_ends_the_scenario_and_says_who_it_was(cluster, scenario):
    with simulated(cluster, 1) as members, vaurien.cluster(cluster, by='ann') as other:
        listed(cluster, 's0')
        halted = threading.Event()

        def halt():
            until(lambda: members[0].behaviors('api'), 'it never began')
            other.halt('lunch')
            halted.set()
        halting = threading.Thread(target=halt)
        halting.start()
        done = ctl(cluster, 'scenario', str(scenario(DELAYED)), '--json')
        halting.join()
        assert done.status == 1
        assert done.stderr == 'vaurienctl: ann has halted the cluster (lunch): the scenario has ended\n'
        *_, end = map(json.loads, done.stdout.splitlines())
        assert (end['ended'], end['phases'][0]['ended'], end['phases'][0]['members']) == ('failed', 'failed', ['s0'])
        assert other.orders() == {}
        other.resume()
        until(lambda: not members[0].orders and not members[0].follower.halted, 'it is halted still')
        assert members[0].behaviors('api') == []


def test_somebody_else_ends_it(cluster, scenario):
    with simulated(cluster, 1), vaurien.cluster(cluster, ttl=TTL, timeout=PATIENCE) as owner:
        listed(cluster, 's0')
        with pytest.raises(TakenError, match='was ended by somebody else: the scenario has ended'):
            owner.scenario(scenario(DELAYED), tell=Telling(applied=lambda: ctl(cluster, 'end', 'all')))


@pytest.fixture
def playing(cluster, scenario):
    """Plays a scenario in a process of its own; gives the process and a simulated member, once it has begun there."""
    with simulated(cluster, 1) as members:
        listed(cluster, 's0')

        @contextlib.contextmanager
        def play(*command):
            process = subprocess.Popen([sys.executable, *command], env=environment(), stdout=subprocess.PIPE, text=True)
            try:
                assert process.stdout.readline().startswith('phase 1 of 1, slow')
                assert process.stdout.readline() == '  applied by s0\n'
                assert members[0].behaviors('api') == ['delay']
                yield process, members[0]
            finally:
                process.kill()
                process.wait()
                process.stdout.close()
        yield play


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_on_all_members_and_what_was_played_is_told(cluster, scenario, playing, number):
    with playing('-c', CTL, '--cluster', cluster, 'scenario', str(scenario(DELAYED))) as (process, member):
        process.send_signal(number)
        output = process.stdout.read()
        assert process.wait(PATIENCE) == 128 + number
        assert 'slow' in output
        assert output.endswith('the scenario has ended: stopped\n')
        until(lambda: not member.behaviors('api'), 'the fault goes on')


def test_a_player_who_is_killed_leaves_no_fault_behind(cluster, scenario, playing):
    script = OWNER.format(url=cluster, ttl=TTL, path=str(scenario(DELAYED)))
    with playing('-c', script) as (process, member):
        process.kill()
        assert until(lambda: not member.behaviors('api'), 'the fault goes on') < TTL + UNIT
        assert not member.healed


# -- a backend that is down

def is_up(port):
    """Return whether a connection is taken and answered."""
    try:
        with connect(port) as sock:
            return ask(sock, b'x') == b'x'
    except (ConnectionError, EOFError, TimeoutError):
        return False


def test_a_backend_that_is_down_is_up_again_by_a_halt_and_without_etcd(etcd, cluster, scenario, echo_server):
    cable = Cable(etcd.ports[0])
    with contextlib.closing(cable), daemon(
            '--backend', f'127.0.0.1:{echo_server.port}', '--join', f'etcd://127.0.0.1:{cable.port}/{cluster.rpartition("/")[2]}',
            '--member', 'r1', '--cluster-ttl', str(TTL)) as process, \
            vaurien.cluster(cluster, ttl=30, timeout=PATIENCE, by='ann') as owner:
        listed(cluster, 'r1')

        def halt():
            assert not is_up(process.port)
            owner.halt()
        with pytest.raises(TakenError, match='ann has halted the cluster: the scenario has ended'):
            owner.scenario(scenario(DOWN), tell=Telling(applied=halt))
        until(lambda: is_up(process.port), 'it stays down')
        owner.resume()
        stop = threading.Event()

        def cut():
            assert not is_up(process.port)
            cable.whole.clear()
            until(lambda: is_up(process.port), 'it stays down without etcd')
            cable.whole.set()
            until(lambda: not is_up(process.port), 'it is not down again')
            stop.set()
        played, = owner.scenario(scenario(DOWN), tell=Telling(applied=cut), stop=stop)
        assert played.ended == 'stopped'
        until(lambda: is_up(process.port), 'it stays down after the scenario')
    assert 'Traceback' not in process.log


# -- what is seen of it

@pytest.fixture(scope='module')
def watched(etcd):
    """A member that has healed itself, as the order of its fault has ended."""
    url = etcd.url('watched')
    with daemon('--backend', 'embedded', '--join', url, '--member', 'w1', '--http', '--http-port', '0') as process:
        listed(url, 'w1')
        with vaurien.cluster(url, ttl=TTL, timeout=PATIENCE) as owner:
            owner.mix('default', '1:abort')
        process.wait_for('no order')
        yield process


def test_the_page_shows_that_a_member_has_healed_itself(window, watched):
    opened(window, watched).reads('cluster: healed: order ')


def test_the_screen_of_top_shows_that_a_member_has_healed_itself(terminal, watched):
    terminal.start(*TOP, 'top', '--host', watched.control)
    terminal.reads('cluster: healed: order ')


def test_who_follows_events_is_told_that_a_member_has_healed_itself(watched):
    name, data = next((name, data) for name, data in client_of(watched).live() if name == 'notices')
    notice, = data['notices']
    assert re.fullmatch(r'cluster: healed: order [0-9a-f]{8} of .* has ended', notice['text'])
