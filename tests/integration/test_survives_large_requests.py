"""Requests to the control server that are legal and large: a refusal names the limit, and the rest holds nobody up."""
import json
from types import SimpleNamespace

import gevent
import pytest

from tests.support.control_client import steering
from tests.support.hosting import spec_for
from vaurien.mix import MAX_ENTRIES
from vaurien.net import breath
from vaurien.outputs import prometheus
from vaurien.spec import MAX_ADDRESS, MAX_NAME, MAX_PROXIES, MAX_TOXICS
from vaurien.words.matching import MAX_PATTERN

ONE, TOXIPROXY = '/v1/proxies/default', {'name': 'new', 'upstream': '127.0.0.1:9', 'enabled': False}
LISTED = [{'name': 'delay', 'percent': 0}] * (MAX_ENTRIES + 1)
TEXT = ','.join(['0:delay'] * (MAX_ENTRIES + 1))
TOXICS = [{'type': 'noop', 'name': f'n{number}'} for number in range(MAX_TOXICS + 1)]
MANY = 300      #: proxies, as many as are worth a breath or two


@pytest.fixture(scope='module')
def server():
    with steering(spec_for('127.0.0.1:9')) as running:
        yield running


#: method, path, body, and the limit that the refusal names
TOO_MUCH = {
    'a mix as a list': ('PATCH', ONE, {'mix': LISTED}, MAX_ENTRIES),
    'a mix as a text': ('PATCH', ONE, {'mix': TEXT}, MAX_ENTRIES),
    'a mix of a new proxy': ('POST', '/v1/proxies', {'name': 'a', 'backend': ':9', 'mix': LISTED}, MAX_ENTRIES),
    'a classic mix as a list': ('PUT', '/behavior', {'mix': LISTED}, MAX_ENTRIES),
    'a classic mix as a text': ('PUT', '/behavior', {'mix': TEXT}, MAX_ENTRIES),
    "a mix in Toxiproxy's body": ('POST', '/proxies', {**TOXIPROXY, 'behavior': TEXT}, MAX_ENTRIES),
    'toxics': ('PATCH', ONE, {'toxics': TOXICS}, MAX_TOXICS),
    'a match': ('PATCH', ONE, {'mix': [{'name': 'delay', 'settings': {'match': 'a' * (MAX_PATTERN + 1)}}]}, MAX_PATTERN),
    'a classic match': ('PUT', '/behavior', {'name': 'delay', 'match': 'a' * (MAX_PATTERN + 1)}, MAX_PATTERN),
    "a name in Toxiproxy's body": ('POST', '/proxies', {**TOXIPROXY, 'name': 'a' * (MAX_NAME + 1)}, MAX_NAME),
    "an upstream in Toxiproxy's body": ('POST', '/proxies', {**TOXIPROXY, 'upstream': 'a' * (MAX_ADDRESS + 1)}, MAX_ADDRESS),
    "a toxic's name": ('POST', '/proxies/default/toxics', {'type': 'noop', 'name': 'a' * (MAX_NAME + 1)}, MAX_NAME),
    'an address': ('PATCH', ONE, {'backend': 'a' * (MAX_ADDRESS + 1) + ':9'}, MAX_ADDRESS),
    'a list of proxies': ('POST', '/populate', [{'name': 'a'}] * (MAX_PROXIES + 1), MAX_PROXIES),
}


@pytest.mark.parametrize('method, path, body, limit', TOO_MUCH.values(), ids=TOO_MUCH)
def test_too_much_is_refused_in_one_line_that_names_the_limit(server, method, path, body, limit):
    before = server.get(ONE)
    answer = server.ask(method, path, body)
    assert answer.status == 400
    assert f'at most {limit}' in answer.body.decode()
    assert len(answer.body) < 1000
    assert server.get(ONE) == before


def test_as_much_as_fits_is_taken(server):
    answer = server.ask('PATCH', ONE, {'mix': LISTED[1:], 'toxics': TOXICS[1:]})
    assert answer.status == 200
    assert (len(answer.json['mix']), len(answer.json['toxics'])) == (MAX_ENTRIES, MAX_TOXICS)
    assert server.ask('POST', f'{ONE}/toxics', {'type': 'noop'}).status == 400
    assert server.ask('PATCH', ONE, {'mix': [], 'toxics': []}).status == 200


def test_there_are_only_so_many_proxies(server, monkeypatch):
    monkeypatch.setattr('vaurien.proxies.fleet.MAX_PROXIES', 1)
    for path, body in (('/proxies', TOXIPROXY), ('/v1/proxies', {'name': 'new', 'backend': ':9'})):
        answer = server.ask('POST', path, body)
        assert (answer.status, 'at most 1' in answer.body.decode()) == (400, True)


@pytest.fixture
def turns(server, monkeypatch):
    """Count the turns that others have while a request is worked on, where each step is thought to be long."""
    pauses = []

    def sleep(seconds):
        pauses.append(seconds)
        gevent.sleep(seconds)
    monkeypatch.setattr(breath, 'MAX_TURN', 0.0)
    monkeypatch.setattr(breath, 'gevent', SimpleNamespace(sleep=sleep))
    monkeypatch.setattr(prometheus, 'SLICE', 1)

    def during(method, path, body=None):
        pauses.clear()
        assert server.ask(method, path, body).status in (200, 201, 400)
        return len(pauses)
    return during


def test_others_have_their_turn_while_a_long_list_is_worked_on(server, turns):
    listed = [{**TOXIPROXY, 'name': f'n{number:03}'} for number in range(MANY)]
    assert turns('POST', '/populate', listed) > MANY
    for path in ('/proxies', '/v1/proxies', '/v1/stats', '/metrics'):
        assert turns('GET', path) > MANY
    assert turns('POST', '/proxies', {'some': [1] * MANY}) > MANY
    assert list(server.get('/proxies')) == ['default', *(entry['name'] for entry in listed)]


def test_a_page_of_metrics_is_the_same_in_slices(server, monkeypatch):
    def page():
        return server.ask('GET', '/metrics').body
    whole = page()
    monkeypatch.setattr(prometheus, 'SLICE', 1)
    assert page() == whole


def test_a_message_shows_the_beginning_of_a_long_value(server):
    body = json.dumps({'mix': [{'name': 'x' * 500_000}]}).encode()
    for method, path in (('PATCH', ONE), ('PUT', '/behavior')):
        answer = server.ask(method, path, body)
        assert (answer.status, len(answer.body) < 1000) == (400, True)
    assert len(server.ask('GET', f'/v1/proxies/{"x" * 5000}').body) < 1000


def test_no_request_takes_a_match_longer_than_its_name(server):
    mix = [{'name': 'delay', 'settings': {'match': '(a+)+$', 'sleep': 0}}]
    assert server.ask('PATCH', ONE, {'protocol': 'http', 'mix': mix}).status == 200
    proxy = server.fleet.get('default')
    drawn = next(iter(proxy.chaos.entries))[1]
    assert drawn.match.search('GET /' + 'a' * 5000)
    assert not drawn.match.search('GET /' + 'a' * 5000 + '/')
