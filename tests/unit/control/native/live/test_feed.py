"""What is told once a second: what has changed, and no more."""
import json
import re

import pytest

from tests.support.hosting import hosted, spec_for
from tests.support.peers import connect
from vaurien.control.native.live.feed import MAX_TOLD, ROW, Feed, Feeds

EVENT = re.compile(rb'event: (\w+)\ndata: (.*)\n\n')


@pytest.fixture
def host(backend):
    with hosted(spec_for(backend, name='one')) as running:
        yield running


@pytest.fixture
def feed(host):
    made = host.call(lambda: Feed(host.fleet, Feeds(host.fleet).watches, None))
    yield made
    host.call(made.close)


def told(host, feed):
    """Return what a bundle tells, by the name of the event."""
    return {name.decode(): json.loads(data) for name, data in EVENT.findall(host.call(lambda: b''.join(feed.bundle())))}


def test_the_first_bundle_tells_of_all_and_the_next_of_nothing(host, feed):
    first = told(host, feed)
    assert first['proxies'] == {'changed': ['one'], 'gone': []}
    assert dict(zip(ROW, first['stats']['rows'][0], strict=True))['proxy'] == 'one'
    second = told(host, feed)
    assert list(second) == ['stats']
    assert second['stats']['rows'] == []
    assert second['stats']['seconds'] > first['stats']['seconds']


def test_what_passes_is_counted(host, feed):
    told(host, feed)
    with connect(host.proxy.bound.port) as client:
        client.sendall(b'hello')
        assert client.recv(5) == b'hello'
        row = dict(zip(ROW, told(host, feed)['stats']['rows'][0], strict=True))
    assert (row['sessions'], row['from_client'], row['from_backend']) == (1, 5, 5)


def test_a_change_a_new_proxy_and_one_that_has_gone_are_told(host, feed, backend):
    told(host, feed)
    host.call(lambda: host.fleet.change('one', timeout=3.0))
    host.call(lambda: host.fleet.create(spec_for(backend, name='two')))
    assert told(host, feed)['proxies'] == {'changed': ['one', 'two'], 'gone': []}
    host.call(lambda: host.fleet.remove('one'))
    assert told(host, feed)['proxies'] == {'changed': [], 'gone': ['one']}


def test_of_many_faults_the_newest_are_told_and_how_many_they_were(host, feed):
    told(host, feed)
    host.call(lambda: [host.fleet.journal.add('one', 1, number, 'delay', '', 'GET /') for number in range(MAX_TOLD + 5)])
    found = told(host, feed)['faults']
    assert (len(found['faults']), found['missed'], found['faults'][-1]['exchange']) == (MAX_TOLD, 5, MAX_TOLD + 4)
    assert 'faults' not in told(host, feed)


def test_one_who_follows_a_proxy_hears_of_no_other_and_of_its_requests(host):
    feed = host.call(lambda: Feed(host.fleet, Feeds(host.fleet).watches, 'one'))
    told(host, feed)
    host.call(lambda: host.fleet.journal.add('two', 1, 1, 'delay', '', 'GET /'))
    found = told(host, feed)
    assert 'faults' not in found
    assert found['requests'] == {'requests': [], 'share': 1.0, 'shapes': []}
    host.call(feed.close)


def test_a_scenario_is_told_once(host, feed):
    told(host, feed)
    host.fleet.scenario = 'storm'
    assert [told(host, feed).get('scenario') for _ in range(2)] == [{'scenario': 'storm'}, None]


def test_one_who_comes_back_hears_of_what_has_happened_meanwhile(host):
    def add(count):
        host.call(lambda: [host.fleet.journal.add('one', 1, 1, 'delay', '', '') for _ in range(count)])
    add(3)
    for since, expected in ((1, [2, 3]), (None, []), (9, [])):
        feed = host.call(lambda since=since: Feed(host.fleet, Feeds(host.fleet).watches, None, since))
        assert [fault['id'] for fault in told(host, feed).get('faults', {'faults': []})['faults']] == expected
        host.call(feed.close)


def test_what_happened_to_the_whole_process_is_told_and_the_newest_of_it_to_who_comes_later(host):
    journal = host.fleet.journal
    host.call(lambda: [journal.notice(text) for text in ('cluster: healed: x', 'cluster: back: y')])
    feed = host.call(lambda: Feed(host.fleet, Feeds(host.fleet).watches, 'one'))
    assert [notice['text'] for notice in told(host, feed)['notices']['notices']] == ['cluster: back: y']
    host.call(lambda: journal.notice('cluster: healed: z'))
    assert [notice['text'] for notice in told(host, feed)['notices']['notices']] == ['cluster: healed: z']
    assert 'notices' not in told(host, feed)
    host.call(feed.close)
