"""Looking at the requests of a proxy that real clients use: all of few, some of many, and nothing left of it afterwards."""
import http.client

import pytest

from tests.support import http2
from tests.support.hosting import eventually, hosted, spec_for
from tests.support.unit_of_time import PATIENCE
from vaurien.control.native.live import watch as module
from vaurien.control.native.live.watch import OTHERS, Watches
from vaurien.protocols.base import Exchange
from vaurien.protocols.message import Queue


@pytest.fixture
def host():
    with hosted(spec_for('embedded', name='one', protocol='http')) as running:
        yield running


@pytest.fixture
def watches(host):
    return host.call(Watches)


@pytest.fixture
def client(host):
    connection = http.client.HTTPConnection('127.0.0.1', host.proxy.bound.port, timeout=PATIENCE)
    yield connection
    connection.close()


def get(client, path):
    client.request('GET', path)
    client.getresponse().read()


def test_every_request_of_few_is_seen_in_open_sessions_and_new_ones(host, watches, client):
    get(client, '/before')
    watch = host.call(lambda: watches.hold(host.proxy))
    eventually(lambda: host.proxy.exchanges.newcomers)
    get(client, '/items/1')
    client.close()
    get(client, '/items/2')
    eventually(lambda: watch.count == 2)
    assert [(seen.session, seen.request) for seen in watch.newest] == [(1, 'GET /items/1'), (2, 'GET /items/2')]
    assert {name: shape.seen for name, shape in watch.shapes.items()} == {'GET /items/?': 2}
    host.call(lambda: watches.release(watch))


def test_a_proxy_is_looked_at_from_the_moment_on_that_somebody_asks_for_it(host, watches):
    first = host.call(lambda: watches.hold(host.proxy))
    other = host.call(lambda: host.fleet.create(spec_for('embedded', name='other', protocol='http')))
    watch, newcomers = host.call(lambda: (watches.hold(other), set(other.exchanges.newcomers)))
    assert 'other' in newcomers
    for one in (first, watch):
        host.call(lambda one=one: watches.release(one))


def test_what_a_request_met_is_told_with_the_time_it_took(host, watches, client):
    host.call(lambda: host.fleet.change('one', mix=spec_for('', '100:delay').mix, settings={'delay': {'sleep': 0.05}}))
    watch = host.call(lambda: watches.hold(host.proxy))
    get(client, '/')
    eventually(lambda: watch.count == 1)
    assert watch.newest[0].met == 'delay'
    assert watch.newest[0].seconds >= 0.05
    host.call(lambda: watches.release(watch))


def test_nothing_is_left_when_the_last_one_lets_go(host, watches, client):
    first, second = (host.call(lambda: watches.hold(host.proxy)) for _ in range(2))
    assert first is second
    get(client, '/')
    session, = host.proxy.sessions.values()
    host.call(lambda: watches.release(first))
    assert type(session.protocol.queue) is not Queue
    host.call(lambda: watches.release(second))
    assert (type(session.protocol.queue), session.draws.watched, host.proxy.exchanges.newcomers) == (Queue, None, {})
    assert session.draws.plain
    get(client, '/')
    assert first.count <= 1


def test_a_busy_proxy_is_looked_at_now_and_then(host, watches, client, monkeypatch):
    monkeypatch.setattr(module, 'FEW', -1)      # any is too many
    watch = host.call(lambda: watches.hold(host.proxy))
    eventually(lambda: host.proxy.exchanges.newcomers)
    eventually(lambda: not host.proxy.exchanges.newcomers)
    get(client, '/')
    assert watch.noted <= 1
    host.call(lambda: watches.release(watch))


def test_shapes_are_bounded_and_requests_without_an_end_are_forgotten(host, watches, monkeypatch):
    monkeypatch.setattr(module, 'MAX_SHAPES', 2)
    monkeypatch.setattr(module, 'FORGOTTEN', -1.0)
    watch = host.call(lambda: watches.hold(host.proxy))
    for name in (b'GET /a', b'GET /b', b'GET /c', b'GET /d'):
        watch.passed(1, Exchange(name), 0.1)
    assert list(watch.shapes) == ['GET /a', 'GET /b', OTHERS]
    watch.began(Exchange(b'GET /'))
    watch.forget()
    assert watch.under_way == {}
    watch.quantiles()
    assert watch.latest[0] == pytest.approx(0.1, rel=0.01)
    host.call(lambda: watches.release(watch))


def test_requests_of_http_2_have_lines_of_their_own_in_open_connections_and_in_new_ones(watches):
    with http2.server() as backend, hosted(spec_for(backend.address, name='two', protocol='http')) as host, \
            http2.Client(host.proxy.bound.port) as before:
        before.get('/before')
        watch = host.call(lambda: watches.hold(host.proxy))
        before.wait(*[before.ask(f'/items/{number}') for number in (1, 2)])
        with http2.Client(host.proxy.bound.port) as later:
            later.get('/items/3')
            eventually(lambda: watch.count == 3)
            assert {(seen.session, seen.request) for seen in watch.newest} == {
                (1, 'GET /items/1'), (1, 'GET /items/2'), (2, 'GET /items/3')}
            assert {name: shape.seen for name, shape in watch.shapes.items()} == {'GET /items/?': 3}
            host.call(lambda: host.fleet.change('two', mix=spec_for('', '100:error').mix, settings={'error': {'kind': '503'}}))
            assert later.get('/items/4').status == 503
            eventually(lambda: watch.count == 4)
            assert watch.newest[-1].met == 'error'
            host.call(lambda: watches.release(watch))
            later.get('/items/5')
            assert (watch.count, watch.under_way) == (4, {})
