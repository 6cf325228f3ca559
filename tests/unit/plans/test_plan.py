"""The plan of a process: added, replaced and taken away whole or not at all, and told to proxies and marks."""
import pytest

from vaurien.errors import ConfigError
from vaurien.plans.files import MAX_ENTRIES
from vaurien.plans.plan import Plan, UnknownEntryError
from vaurien.protocols import Protocol
from vaurien.protocols.base import Exchange
from vaurien.spec import FaultSpec

REDIS, TCP = Protocol.get('redis'), Protocol.get('tcp')


class Proxy:
    def __init__(self, name, protocol):
        self.name, self.protocol, self.told = name, protocol, 0

    tls_sides = False, False, False

    def plan_changed(self):
        self.told += 1


@pytest.fixture
def proxies():
    return [Proxy('cache', REDIS), Proxy('web', TCP)]


@pytest.fixture
def plan(proxies):
    return Plan(lambda: proxies)


def spec(name='hang', **fields):
    return FaultSpec(name=name, **fields)


def ids(plan):
    return [entry.number for entry in plan.entries]


def test_ids_are_never_given_twice(plan):
    plan.add([spec(), spec()])
    plan.remove(2)
    plan.add([spec()])
    plan.replace([spec()])
    assert ids(plan) == [4]
    with pytest.raises(UnknownEntryError, match='^the plan has no entry 2$'):
        plan.get(2)


@pytest.mark.parametrize('bad, message', [(spec('hnag'), r"^faults\[1\] name: 'hnag'"),
                                          (spec(match='('), r'^faults\[1\] match: '),
                                          (spec('delay', settings={'sleep': 'x'}), r"^faults\[1\] sleep: 'x'")])
@pytest.mark.parametrize('change', ['add', 'replace'])
def test_what_does_not_fit_changes_nothing(plan, proxies, change, bad, message):
    plan.add([spec()])
    with pytest.raises(ConfigError, match=message):
        getattr(plan, change)([spec(), bad])
    assert (ids(plan), [proxy.told for proxy in proxies]) == ([1], [1, 1])


def test_what_was_added_is_taken_back_as_far_as_it_is_there(plan, proxies):
    plan.add([spec()])
    made = plan.add([spec(), spec()])
    assert plan.add([]) == []
    plan.remove(made[0].number)
    told = proxies[0].told
    plan.take_back(made)
    plan.take_back(made)
    assert (ids(plan), proxies[0].told) == ([1], told + 1)


def test_a_plan_has_a_bound(plan):
    plan.replace([spec()] * MAX_ENTRIES)
    with pytest.raises(ConfigError, match=f'{MAX_ENTRIES + 1} entries of a plan'):
        plan.add([spec()])
    plan.replace([spec()] * MAX_ENTRIES)


def test_a_proxy_has_the_entries_that_are_about_it_and_that_it_can_apply(plan, proxies):
    made = plan.add([spec(proxy='c*'), spec('readonly')])
    assert plan.of('web', TCP) is None
    assert plan.of('other', REDIS) is not None
    assert 'readonly' in made[1].why_not
    assert plan.of('cache', REDIS) is plan.of('cache', REDIS)
    plan.clear()
    assert plan.of('cache', REDIS) is None
    assert [proxy.told for proxy in proxies] == [2, 2]


def test_a_mark_is_told_to_what_proxies_have(plan):
    entry, = plan.add([spec(nth=2, test='test_a')])
    before, applied = plan.of('cache', REDIS), []
    asked = Exchange(b'GET a', 'command')
    asked.number = 1
    for mark in ('test_a', '', 'test_a', 'test_b'):
        plan.mark(mark)
        for found in (before, plan.of('cache', REDIS)):     # open sessions have the first
            applied.append(found.find(1, REDIS(), asked) is not None)
    assert (plan.test, entry.matched, applied) == ('test_b', 4, [False, True, False, False, False, True, False, False])
    assert plan.of('web', TCP) is not None


def test_what_was_not_applied_is_known(plan):
    one, two = plan.add([spec(), spec()])
    one.applied = 1
    assert plan.unmet() == [two]


def test_only_the_proxies_that_an_entry_is_about_are_told(plan, proxies):
    cache, web = proxies
    kept = plan.add([spec(proxy='web')])
    held = plan.of('web', TCP)
    assert (cache.told, web.told) == (0, 1)
    entry, = plan.add([spec(proxy='c*')])
    assert (cache.told, web.told) == (1, 1)
    assert plan.of('web', TCP) is held
    assert plan.of('cache', REDIS) is not None
    plan.remove(entry.number)
    assert (cache.told, web.told) == (2, 1)
    assert plan.of('cache', REDIS) is None
    plan.take_back(kept)
    assert (cache.told, web.told) == (2, 2)
    assert plan.of('web', TCP) is None
    plan.clear()
    assert (cache.told, web.told) == (3, 3)
