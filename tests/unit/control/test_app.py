"""Surfaces side by side: each has its own paths and its own words for what went wrong; a bug ends no more than its request."""
import logging

import falcon
import falcon.testing
import pytest

from vaurien.address import Address
from vaurien.control.app import application
from vaurien.control.guard import Guard
from vaurien.control.surface import Refusal, Reply, Route, Surface, json_reply, refusal_of
from vaurien.errors import ConfigError
from vaurien.proxies.fleet import Fleet
from vaurien.proxies.refusals import UnknownProxyError
from vaurien.words.allowed import Allowed

HOST = {'Host': 'localhost:1'}


def raising(error):
    def handle(request, **captured):
        raise error
    return handle


def shout(request, error):
    refusal = refusal_of(error) or Refusal(500, 'bug')
    return Reply(b'%d!' % refusal.status, refusal.status, 'text/plain')


def tell(request, error):
    refusal = refusal_of(error)
    return json_reply({'told': str(error)}, refusal.status, refusal.headers)


SHOUTING = Surface((
    Route('GET', '/loud', lambda request: json_reply('loud')),
    Route('POST', '/loud/{name}', lambda request, name: json_reply(name, 201)),
    Route('GET', '/loud/bug', raising(KeyError('secret'))),
    Route('GET', '/loud/config', raising(ConfigError('a', 'b', 'c'))),
    Route('GET', '/loud/unknown', raising(UnknownProxyError('x', ()))),
    Route('GET', '/loud/taken', raising(OSError(98, 'Address already in use'))),
    Route('GET', '/loud/short', raising(OSError(24, 'Too many open files'))),
), shout, ('/loud',))
TELLING = Surface((
    Route('GET', '/calm', lambda request: json_reply('calm')),
    Route('GET', '/calm/bug', raising(ZeroDivisionError())),
    Route('GET', '/calm/refused', raising(Refusal(409, 'no', headers={'X-Why': 'so'}))),
), tell, ('/calm',))


@pytest.fixture
def client():
    return falcon.testing.TestClient(application((TELLING, SHOUTING), Guard('localhost', Address('127.0.0.1', 1), '', Allowed())),
                                     headers=HOST)


@pytest.mark.parametrize('method, path, status, text', [
    ('GET', '/loud', 200, '"loud"'),
    ('POST', '/loud/x', 201, '"x"'),
    ('GET', '/loud/config', 400, '400!'),
    ('GET', '/loud/unknown', 404, '404!'),
    ('GET', '/loud/taken', 409, '409!'),
    ('GET', '/loud/bug', 500, '500!'),
    ('GET', '/loud/short', 500, '500!'),
    ('GET', '/loud/a/b', 404, '404!'),
    ('PUT', '/loud', 405, '405!'),
    ('OPTIONS', '/loud', 405, '405!'),
    ('HEAD', '/loud', 405, ''),
    ('GET', '/calm', 200, '"calm"'),
    ('GET', '/calm/refused', 409, '{"told":"409: no"}'),
    ('GET', '/calm/x', 404, '{"told":"404: there is nothing at this path"}'),
    ('GET', '/louder', 404, '{"told":"404: there is nothing at this path"}'),
    ('GET', '/', 404, '{"told":"404: there is nothing at this path"}'),
])
def test_each_surface_answers_in_its_own_words(client, method, path, status, text):
    answer = client.simulate_request(method, path)
    assert (answer.status_code, answer.text) == (status, text)


def test_a_refusal_brings_its_header_fields(client):
    assert client.simulate_get('/calm/refused').headers['x-why'] == 'so'


def test_a_bug_is_logged_with_its_traceback_and_told_without(client, caplog):
    with caplog.at_level(logging.ERROR):
        answer = client.simulate_get('/calm/bug')
    assert answer.json == {'told': '500: vaurien has failed here; its log says how'}
    record, = caplog.records
    assert record.getMessage() == 'GET /calm/bug has failed'
    assert record.exc_info[0] is ZeroDivisionError


def test_what_is_refused_at_the_door_is_in_the_words_of_the_surface(client):
    assert client.simulate_get('/loud', headers={'Host': 'evil.example'}).text == '403!'
    assert client.simulate_get('/calm', headers={'Host': 'evil.example'}).json['told'].startswith('403: ')


def test_an_empty_fleet_says_that_it_is_empty():
    with pytest.raises(UnknownProxyError, match='the fleet is empty'):
        Fleet(1).get('x')
