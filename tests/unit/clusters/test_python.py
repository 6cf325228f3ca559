"""A cluster in a with block, with an etcd in memory and members that answer at once."""
import pytest

import vaurien
from vaurien.clusters.asking import TakenError
from vaurien.clusters.seen import RefusedError
from vaurien.errors import ConfigError


def test_what_was_asked_for_ends_with_the_block(etcd, members):
    with vaurien.cluster('etcd://h/x', by='me') as cluster:
        mix = cluster.mix('api', '20:delay', delay={'sleep': 2}, labels={'zone': '1'})
        toxic = cluster.toxic('api', 'latency', latency=100, on=['m*'])
        plan = cluster.plan('api: * #2 = delay', hosts=['h'])
        assert list(cluster.orders()) == [mix, toxic, plan]
        assert cluster.orders()[mix].settings == {'delay': {'sleep': 2}}
        seen = cluster.members()
        assert (seen['m2']['applied']['orders'], seen['m2']['counts']) == ({toxic: 1, plan: 1}, None)
        cluster.end(plan)
        cluster.end(plan)
        assert list(cluster.orders()) == [mix, toxic]
    assert etcd.closed
    assert [key for key in etcd.keys if 'wanted' in key] == []


def test_a_halt_outlives_the_block(etcd, members):
    with vaurien.cluster('etcd://h/x', by='me') as cluster:
        assert cluster.halted is None
        cluster.halt('lunch')
    with vaurien.cluster('etcd://h/x', by='you') as cluster:
        assert (cluster.halted.by, cluster.halted.reason) == ('me', 'lunch')
        cluster.resume()
        assert cluster.halted is None


def test_what_a_member_refuses_is_taken_back(etcd, members):
    members[0].refuses['delay'] = members[1].refuses['delay'] = 'no'
    with vaurien.cluster('etcd://h/x') as cluster:
        with pytest.raises(RefusedError, match=r'm1 refuses: no \(and 1 more members\); nothing has changed') as refused:
            cluster.mix('api', '20:delay')
        assert refused.value.outcome.refused == {'m1': 'no', 'm2': 'no'}
        with pytest.raises(RefusedError, match='no member has a proxy other'):
            cluster.mix('other', '20:abort')
        with pytest.raises(ConfigError, match='^on: .* a list of texts'):
            cluster.mix('api', '20:abort', on='m1')
        assert cluster.orders() == {}


def test_a_scenario_is_told_and_stands_in_the_way_of_others(etcd, members, tmp_path):
    path, lines, refused = tmp_path / 's.toml', [], []
    path.write_text('[[phase]]\nfor = "1ms"\nmix = "1:delay"\n')
    with vaurien.cluster('etcd://h/x') as cluster, vaurien.cluster('etcd://h/x', by='you') as other:
        other.plan('api: * #2 = delay')     # of single requests: that is in nobody's way

        def tell(line):
            lines.append(line)
            for ask in (lambda: other.mix('api', '1:abort'), lambda: other.toxic('a*', 'latency'), lambda: other.scenario(path)):
                with pytest.raises(TakenError) as taken:
                    ask()
                refused.append(str(taken.value))
        played, = cluster.scenario(path, tell=lambda line: tell(line) if line.startswith('  applied') else lines.append(line))
        assert (played.name, played.members, played.ended) == ('phase 1', ('m1', 'm2'), 'time')
        assert lines == ['phase 1 of 1, phase 1, 1 ms: mix 1:delay', '  applied by m1, m2']
        assert [' has asked for a scenario of * already, in order ' in text for text in refused] == [True] * 3
        other.toxic('api', 'latency')
        with pytest.raises(TakenError, match='you has asked for the toxic latency_downstream of api already'):
            cluster.scenario(path)
        assert cluster.scenario(path, replace=True)[0].ended == 'time'
