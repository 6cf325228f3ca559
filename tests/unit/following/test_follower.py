"""A fleet that follows: it becomes what is wanted, whole or not at all, once, and heals without forgetting anything."""
import gevent
import msgspec
import pytest

from tests.support.hosting import spec_for
from tests.support.peers import ask, connect
from vaurien.errors import ConfigError
from vaurien.following.follower import Follower
from vaurien.following.wanted import Report, Wanted
from vaurien.proxies.refusals import HaltedError
from vaurien.spec import BehaviorSpec, FaultSpec, ToxicSpec

HANG = (BehaviorSpec(name='hang'),)
SLOW = (ToxicSpec(type='latency', name='slow', attributes={'latency': 1}),)
EACH = (FaultSpec(name='hang', nth=0, count=0, proxy='never'),)


@pytest.fixture
def reports():
    return []


@pytest.fixture
def follower(host, reports):
    made = host.call(lambda: Follower(host.fleet, reports.append))
    yield made
    host.call(made.close)


@pytest.fixture
def spec(backend):
    return lambda name='one', **fields: spec_for(backend, name=name, **fields)


def apply(host, follower, *specs, version=1, **fields):
    return host.call(lambda: follower.apply(Wanted(version=version, specs=specs, **fields)))


def faults(host, name='one'):
    spec = host.fleet.proxies[name].spec
    return spec.mix, spec.toxics


def test_it_becomes_what_is_wanted_and_reports_what_was_done(host, follower, spec):
    assert apply(host, follower, spec(), spec('two')) == Report(version=1, applied=True, created=('one', 'two'))
    assert apply(host, follower, spec(mix=HANG), version=2) == Report(version=2, applied=True, changed=('one',), removed=('two',))
    assert faults(host) == (HANG, ())


def test_what_is_refused_leaves_everything_as_it_was(host, follower, spec):
    apply(host, follower, spec(), plan=EACH)
    entries = host.fleet.plan.entries
    report = apply(host, follower, spec('new'), spec(mix=(BehaviorSpec(name='nap'),)), version=2, plan=())
    assert (report.applied, report.version) == (False, 2)
    assert report.error.startswith("the 'nap' behavior does not exist")
    assert (list(host.fleet.proxies), host.fleet.plan.entries) == (['one'], entries)
    assert follower.wanted.version == 1


def test_a_plan_that_no_proxy_can_apply_is_refused_before_any_proxy_changes(host, follower, spec):
    report = apply(host, follower, spec(), plan=(FaultSpec(name='readonly'),))
    assert not report.applied
    assert 'readonly' in report.error
    assert host.fleet.proxies == {}


def test_become_raises_where_apply_reports(host, follower, spec):
    with pytest.raises(ConfigError, match='nap'):
        host.call(lambda: follower.become(Wanted(version=1, specs=(spec(mix=(BehaviorSpec(name='nap'),)),))))
    assert follower.wanted is None


def test_the_same_once_more_is_no_change(host, follower, spec):
    first = apply(host, follower, spec(), plan=EACH)
    proxy, entries = host.fleet.proxies['one'], host.fleet.plan.entries
    host.call(lambda: host.fleet.change('one', mix=HANG))
    assert apply(host, follower, spec(), plan=EACH) is first
    assert apply(host, follower, spec(), version=2, plan=EACH) == Report(version=2, applied=True)
    assert (host.fleet.proxies['one'], host.fleet.plan.entries, faults(host)[0]) == (proxy, entries, HANG)


def test_an_older_one_that_comes_late_is_not_looked_at(host, follower, spec):
    apply(host, follower, spec(), version=5)
    assert apply(host, follower, version=4) == Report(version=4, applied=False, overtaken=True)
    assert list(host.fleet.proxies) == ['one']


def test_what_is_overtaken_is_never_applied(host, follower, reports, spec):
    def offered():
        for version, name in enumerate(['one', 'two', 'three'], 1):
            follower.offer(Wanted(version=version, specs=(spec(name),)))
        while len(reports) < 3:
            gevent.sleep(0)
    host.call(offered)
    assert [(report.version, report.applied, report.overtaken) for report in reports] == [
        (1, False, True), (2, False, True), (3, True, False)]
    assert list(host.fleet.proxies) == ['three']


def test_healing_suspends_every_fault_and_resuming_brings_all_back(host, follower, spec, backend):
    apply(host, follower, spec(mix=HANG), plan=EACH)
    host.call(lambda: host.fleet.create(spec('other', toxics=SLOW)))    # made by another one
    host.call(follower.heal)
    assert (faults(host), faults(host, 'other'), follower.halted) == (((), ()), ((), ()), True)
    with connect(host.fleet.proxies['one'].bound.port) as client:
        assert ask(client, b'relayed') == b'relayed'
        host.call(follower.resume)
        assert (faults(host), faults(host, 'other'), follower.halted) == ((HANG, ()), ((), SLOW), False)
        assert len(host.fleet.proxies['one'].sessions) == 1


def test_an_entry_of_the_plan_keeps_its_counts_while_it_is_suspended(host, follower, spec):
    apply(host, follower, spec(), plan=(FaultSpec(name='hang', proxy='one', nth=0, count=0),))
    entry = host.fleet.plan.entries[0]
    entry.applied = 4
    host.call(follower.heal)
    assert host.fleet.proxies['one'].planned is None
    host.call(follower.resume)
    assert host.fleet.proxies['one'].planned is not None
    assert [entry.applied for entry in host.fleet.plan.entries] == [4]


def test_what_is_wanted_while_it_is_healed_comes_without_faults_and_gets_them_in_the_end(host, follower, spec):
    apply(host, follower, spec())
    host.call(follower.heal)
    assert apply(host, follower, spec(mix=HANG), spec('two', toxics=SLOW), version=2).applied
    assert (faults(host), faults(host, 'two')) == (((), ()), ((), ()))
    host.call(follower.resume)
    assert (faults(host), faults(host, 'two')) == ((HANG, ()), ((), SLOW))


def test_what_is_wanted_may_be_halted(host, follower, spec):
    apply(host, follower, spec(mix=HANG), halted=True)
    assert (faults(host), follower.halted) == (((), ()), True)
    host.call(follower.heal)
    host.call(follower.resume)      # it is wanted to be halted all the same
    assert (faults(host), follower.halted) == (((), ()), True)
    apply(host, follower, spec(mix=HANG), version=2)
    assert (faults(host), follower.halted) == ((HANG, ()), False)


def test_a_refusal_while_it_would_be_halted_suspends_nothing(host, follower, spec):
    apply(host, follower, spec(mix=HANG))
    assert not apply(host, follower, spec(mix=(BehaviorSpec(name='nap'),)), version=2, halted=True).applied
    assert (faults(host), follower.halted) == ((HANG, ()), False)


@pytest.mark.parametrize('change', [
    lambda fleet, spec: fleet.change('one', mix=HANG), lambda fleet, spec: fleet.create(spec('new', toxics=SLOW)),
], ids=['change', 'create'])
def test_a_halted_fleet_takes_no_faults_and_says_so(host, follower, spec, change):
    apply(host, follower, spec(), halted=True)
    with pytest.raises(HaltedError, match='faults are halted'):
        host.call(lambda: change(host.fleet, spec))
    host.call(lambda: host.fleet.change('one', timeout=3.0))
    assert host.fleet.proxies['one'].spec == msgspec.structs.replace(spec(), timeout=3.0)


def test_another_proxy_that_has_come_under_a_name_gets_no_faults_of_the_one_before(host, follower, spec):
    host.call(lambda: host.fleet.create(spec(mix=HANG)))
    host.call(follower.heal)
    host.call(lambda: host.fleet.remove('one'))
    host.call(lambda: host.fleet.create(spec()))
    host.call(follower.resume)
    assert faults(host) == ((), ())
