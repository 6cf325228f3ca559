"""How long requests took, as Prometheus reads it."""
import http.client

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.hosting import eventually, hosted, spec_for
from tests.support.unit_of_time import PATIENCE
from vaurien.outputs.prometheus import Metrics
from vaurien.outputs.times import BUCKETS, Times
from vaurien.proxies.fleet import Fleet

NAME = 'vaurien_exchange_seconds'


@pytest.fixture
def host():
    with hosted(spec_for('embedded', name='one', protocol='http')) as running:
        yield running


@pytest.fixture
def times(host):
    return host.call(lambda: Times(host.fleet))


def get(host, path, count=1):
    connection = http.client.HTTPConnection('127.0.0.1', host.port, timeout=PATIENCE)
    for _ in range(count):
        connection.request('GET', path)
        connection.getresponse().read()
    connection.close()


def samples(host, times):
    """Return the samples by what became of the request, and by name and bucket."""
    text = host.call(lambda: Metrics(host.fleet, times).text()).decode()
    family = next(family for family in text_string_to_metric_families(text) if family.name == NAME)
    return {(sample.labels['outcome'], sample.name.removeprefix(NAME), sample.labels.get('le', '')): sample.value
            for sample in family.samples}


def test_requests_are_counted_by_what_became_of_them(host, times):
    get(host, '/', 3)
    get(host, '/nowhere')
    host.call(lambda: host.fleet.change('one', mix=spec_for('', '100:error').mix, settings={'error': {'kind': '503'}}))
    get(host, '/')
    eventually(lambda: sum(sum(counts) for counts in times._counts.values()) == 5)
    found = samples(host, times)
    assert {outcome: found[outcome, '_count', ''] for outcome in ('ok', 'error', 'fault')} == {'ok': 3, 'error': 1, 'fault': 1}
    assert found['ok', '_bucket', '+Inf'] == 3
    ends = [found['ok', '_bucket', str(end)] for end in BUCKETS]
    assert ends == sorted(ends)
    assert 0 < found['ok', '_sum', ''] < PATIENCE


def test_a_proxy_that_has_gone_is_forgotten_and_after_the_end_nothing_is_counted(host, times):
    get(host, '/')
    eventually(lambda: times._counts)
    host.call(times.close)
    assert not host.fleet.exchanges.followed
    host.call(lambda: host.fleet.remove('one'))
    assert samples(host, times) == {}


def test_what_was_counted_elsewhere_is_added_once():
    here, there = (Times(Fleet(1)) for _ in range(2))
    key = ('one', 'redis', 'ok')
    for counts, seconds in (([1, 2, *[0] * 14], 0.5), ([0, 3, *[0] * 14], 1.5)):
        there.add((key, counts, seconds))
        [counted] = there.take()
        here.add(counted)
    assert there.take() == []
    assert here.take() == [(key, [1, 5, *[0] * 14], 2.0)]
