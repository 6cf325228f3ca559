"""The HTTP API of vaurien 1.x: every row of its table, and every error, by an HTTP client."""
import socket

import pytest

from tests.support.control_client import steering
from tests.support.hosting import spec_for
from vaurien.behaviors import Behavior
from vaurien.spec import ProxySpec

OK = {'status': 'ok'}
NOWHERE = '127.0.0.1:9'


@pytest.fixture
def server():
    configured = {'delay': {'sleep': 0.5, 'before': False}, 'error': {'warmup': 3}}
    with steering(spec_for(NOWHERE, settings=configured), spec_for(NOWHERE, name='other', protocol='http')) as running:
        yield running


def settings(server, name='default'):
    """Return what the behaviors of a proxy were made with, without the options that are not set."""
    return [{key: value for key, value in behavior.settings.items() if value is not None}
            for _, behavior in server.fleet.get(name).chaos.entries]


# -- what there is

def test_behavior_is_dummy_at_first(server):
    assert server.get('/behavior') == {'behavior': 'dummy'}


def test_behaviors_are_listed_in_order(server):
    assert server.get('/behaviors') == {'behaviors': sorted(Behavior.names())}
    assert 'blackout' in server.get('/behaviors')['behaviors']


def test_backend_is_shown(server):
    assert server.get('/backend') == {'backend': NOWHERE}


def test_a_behavior_is_set_with_its_options(server):
    answer = server.ask('PUT', '/behavior', {'name': 'delay', 'sleep': 2})
    assert (answer.status, answer.json) == (200, OK)
    assert server.get('/behavior') == {'behavior': 'delay'}
    assert settings(server)[0]['sleep'] == 2


def test_options_not_given_have_their_configured_values(server):
    server.ask('PUT', '/behavior', {'name': 'delay', 'sleep': 2})
    assert settings(server) == [{'sleep': 2, 'before': False}]
    server.ask('PUT', '/behavior', {'name': 'delay'})
    assert settings(server) == [{'sleep': 0.5, 'before': False}]


def test_a_mix_is_set_and_shown(server):
    answer = server.ask('PUT', '/behavior', {'mix': '20:delay,0.5:error', 'settings': {'delay': {'sleep': 2}}})
    assert (answer.status, answer.json) == (200, OK)
    assert answer.body == b'{"status":"ok"}'
    assert server.get('/behavior') == {'behavior': '20:delay,0.5:error', 'mix': [
        {'percent': 20, 'name': 'delay', 'sleep': 2}, {'percent': 0.5, 'name': 'error'}]}
    assert [found.get('sleep') for found in settings(server)] == [2, None]


def test_what_get_shows_as_mix_can_be_put_back(server):
    server.ask('PUT', '/behavior', {'mix': '20:delay,10:delay', 'settings': {'delay': {'sleep': 2}}})
    shown = server.get('/behavior')
    server.ask('PUT', '/behavior', {'name': 'hang'})
    assert server.ask('PUT', '/behavior', {'mix': shown['mix']}).status == 200
    assert server.get('/behavior') == shown


def test_the_backend_is_changed(server):
    assert server.ask('PUT', '/backend', {'backend': '[::1]:99'}).json == OK
    assert server.get('/backend') == {'backend': '[::1]:99'}


def test_a_proxy_is_named_in_the_query(server):
    assert server.ask('PUT', '/behavior?proxy=other', {'name': 'hang'}).json == OK
    assert server.get('/behavior?proxy=other') == {'behavior': 'hang'}
    assert server.get('/behavior') == {'behavior': 'dummy'}
    assert server.ask('PUT', '/backend?proxy=other', {'backend': 'localhost:81'}).json == OK
    assert (server.get('/backend')['backend'], server.get('/backend?proxy=other')['backend']) == (NOWHERE, 'localhost:81')


# -- what is wrong

def test_an_unknown_behavior_is_named_as_ever(server):
    answer = server.ask('PUT', '/behavior', {'name': 'x'})
    assert answer.status == 400
    assert answer.json == {'status': 'error', 'errors': [
        {'location': 'body', 'name': 'name', 'description': "the 'x' behavior does not exist"}]}


REFUSED = {
    'no JSON': ('PUT', '/behavior', b'{', 400, 'body', ''),
    'no body': ('PUT', '/behavior', None, 400, 'body', ''),
    'no UTF-8': ('PUT', '/behavior', b'{"name": "\xff"}', 400, 'body', ''),
    'no object': ('PUT', '/behavior', [], 400, 'body', ''),
    'too deep': ('PUT', '/behavior', b'[' * 100_000, 400, 'body', ''),
    'a number without end': ('PUT', '/behavior', b'1' * 5000, 400, 'body', ''),
    'no name': ('PUT', '/behavior', {}, 400, 'body', 'name'),
    'a name that is no text': ('PUT', '/behavior', {'name': 1}, 400, 'body', 'name'),
    'an option that is not known': ('PUT', '/behavior', {'name': 'delay', 'slep': 2}, 400, 'body', 'slep'),
    'an option of the wrong type': ('PUT', '/behavior', {'name': 'delay', 'sleep': 'long'}, 400, 'body', 'sleep'),
    'an option out of range': ('PUT', '/behavior', {'name': 'delay', 'sleep': -1}, 400, 'body', 'sleep'),
    'a pattern that is none': ('PUT', '/behavior', {'name': 'delay', 'match': '('}, 400, 'body', 'match'),
    'a pattern too deep': ('PUT', '/behavior', {'name': 'delay', 'match': '(' * 5000 + ')' * 5000}, 400, 'body', 'match'),
    'a kind of another protocol': ('PUT', '/behavior', {'name': 'error', 'kind': 'loading'}, 400, 'body', 'kind'),
    'a mix above 100': ('PUT', '/behavior', {'mix': '60:delay,60:error'}, 400, 'body', 'mix'),
    'a mix that is none': ('PUT', '/behavior', {'mix': 'x:y:z'}, 400, 'body', 'mix'),
    'a mix of an unknown behavior': ('PUT', '/behavior', {'mix': '10:x'}, 400, 'body', 'mix'),
    'a mix that is a number': ('PUT', '/behavior', {'mix': 5}, 400, 'body', 'mix'),
    'a listed mix without percents': ('PUT', '/behavior', {'mix': [{'name': 'delay'}]}, 400, 'body', 'mix'),
    'a listed mix with a word for a percent': ('PUT', '/behavior', {'mix': [{'percent': True, 'name': 'delay'}]}, 400, 'body',
                                               'mix'),
    'a listed mix below 0': ('PUT', '/behavior', {'mix': [{'percent': -1, 'name': 'delay'}]}, 400, 'body', 'mix'),
    'settings that are none': ('PUT', '/behavior', {'mix': 'delay', 'settings': {'delay': 2}}, 400, 'body', 'settings'),
    'settings of what is not in the mix': ('PUT', '/behavior', {'mix': 'delay', 'settings': {'hang': {}}}, 400, 'body',
                                           'settings'),
    'another key beside the mix': ('PUT', '/behavior', {'mix': 'delay', 'sleep': 2}, 400, 'body', 'sleep'),
    'no backend': ('PUT', '/backend', {}, 400, 'body', 'backend'),
    'a backend that is no address': ('PUT', '/backend', {'backend': 'rubbish'}, 400, 'body', 'backend'),
    'a backend without a port': ('PUT', '/backend', {'backend': 'localhost:0'}, 400, 'body', 'backend'),
    'a backend that is a number': ('PUT', '/backend', {'backend': 5}, 400, 'body', 'backend'),
    'a backend and more': ('PUT', '/backend', {'backend': 'a:1', 'x': 1}, 400, 'body', 'x'),
    'an unknown proxy': ('GET', '/behavior?proxy=none', None, 404, 'querystring', 'proxy'),
    'an unknown question': ('GET', '/behavior?prxy=none', None, 400, 'querystring', 'prxy'),
    'another path below': ('GET', '/behavior/x', None, 404, 'url', ''),
    'a slash at the end': ('GET', '/backend/', None, 404, 'url', ''),
    'another method': ('DELETE', '/behavior', None, 405, 'url', ''),
    'another method that changes': ('PUT', '/behaviors', {}, 405, 'url', ''),
    'an unheard method': ('FROB', '/behavior', None, 400, 'url', ''),
    'a body that is too large': ('PUT', '/behavior', b'x' * (2 ** 20 + 1), 413, 'body', ''),
}


@pytest.mark.parametrize('case', REFUSED)
def test_a_mistake_is_answered_in_the_shape_of_old_and_changes_nothing(server, case):
    method, path, body, status, location, name = REFUSED[case]
    before = server.fleet.get('default').spec, server.fleet.get('other').spec
    answer = server.ask(method, path, body)
    assert answer.status == status, answer
    assert list(answer.json) == ['status', 'errors']
    error, = answer.json['errors']
    assert list(error) == ['location', 'name', 'description']
    assert (answer.json['status'], error['location'], error['name']) == ('error', location, name)
    assert error['description']
    assert (server.fleet.get('default').spec, server.fleet.get('other').spec) == before


def test_a_wrong_method_names_the_right_ones(server):
    assert server.ask('POST', '/behavior').headers['allow'] == 'GET, PUT'


def test_without_the_proxy_of_the_command_line_its_absence_is_said():
    with steering(ProxySpec(name='cache', proxy='127.0.0.1:0', backend=NOWHERE)) as server:
        answer = server.ask('GET', '/behavior')
        assert (answer.status, answer.json['errors'][0]['name']) == (404, 'proxy')
        assert 'cache' in answer.json['errors'][0]['description']
        assert server.get('/behavior?proxy=cache') == {'behavior': 'dummy'}


def test_a_connection_serves_one_request_after_the_other(server):
    request = b'GET /backend HTTP/1.1\r\nHost: localhost:%d\r\n\r\n' % server.port
    with server.connect() as sock:
        sock.sendall(request * 3)
        sock.shutdown(socket.SHUT_WR)
        data = b''
        while piece := sock.recv(65536):
            data += piece
    assert data.count(b'HTTP/1.1 200 OK') == 3
