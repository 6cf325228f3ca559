"""The calls about the toxics of one proxy: what each does, what it says where it is not done, and that sessions stay."""
import pytest

from tests.support.control_client import steering
from tests.support.hosting import spec_for
from tests.support.peers import ask, connect, echo_server
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.toxics import TOXICS

ALL = '/v1/proxies/default/toxics'
ONE = f'{ALL}/slow'
SLOW = {'type': 'latency', 'name': 'slow', 'stream': 'upstream', 'toxicity': 0.5, 'attributes': {'latency': 5}}
#: [ms] that nobody waits for
LONG = 3_600_000


@pytest.fixture
def server():
    with steering(spec_for('127.0.0.1:9')) as running:
        running.ask('POST', ALL, SLOW)
        yield running


def test_a_toxic_is_added_shown_listed_and_removed(server):
    made = server.ask('POST', ALL, {'type': 'noop'})
    noop = {'type': 'noop', 'name': 'noop_downstream', 'stream': 'downstream', 'toxicity': 1.0, 'attributes': {}}
    assert (made.status, made.json) == (201, noop)
    assert server.get(f'{ALL}/noop_downstream') == noop
    assert server.get(ALL) == {'toxics': [SLOW, noop]}
    assert server.get('/v1/proxies/default')['toxics'] == [SLOW, noop]
    assert server.ask('DELETE', ONE)[::2] == (204, b'')
    assert server.get(ALL) == {'toxics': [noop]}
    assert server.ask('DELETE', ONE).status == 404


@pytest.mark.parametrize('name', TOXICS.names())
def test_every_toxic_can_be_added_with_its_defaults(server, name):
    assert server.ask('POST', ALL, {'type': name, 'stream': 'upstream'}).json['name'] == f'{name}_upstream'


def test_only_what_is_given_of_a_toxic_changes(server):
    assert server.ask('PATCH', ONE, {'attributes': {'jitter': '7'}}).json == {**SLOW, 'attributes': {'latency': 5, 'jitter': 7}}
    assert server.ask('PATCH', ONE, {'toxicity': 1}).json['toxicity'] == 1.0
    assert server.get(ONE) == {**SLOW, 'toxicity': 1.0, 'attributes': {'latency': 5, 'jitter': 7}}
    assert server.ask('PATCH', ONE, {}).json == server.get(ONE)


def test_a_changed_toxic_keeps_its_place(server):
    server.ask('POST', ALL, {'type': 'noop'})
    server.ask('PATCH', ONE, {'attributes': {'latency': 6}})
    assert [toxic['name'] for toxic in server.get(ALL)['toxics']] == ['slow', 'noop_downstream']


def test_values_are_kept_as_what_they_are_and_not_as_text(server):
    made = server.ask('POST', ALL, {'type': 'bandwidth', 'attributes': {'rate': '5', 'shared': 'yes'}})
    assert made.json['attributes'] == {'rate': 5, 'shared': True}


def test_a_reset_takes_away_what_was_added(server):
    server.ask('POST', '/v1/reset')
    assert server.get(ALL) == {'toxics': []}


REFUSED = {
    'an unknown type': ('POST', ALL, {'type': 'ltency'}, 400, 'body', 'type'),
    'no type': ('POST', ALL, {}, 400, 'body', ''),
    'an unknown attribute': ('POST', ALL, {'type': 'latency', 'attributes': {'latncy': 1}}, 400, 'body', 'attributes.latncy'),
    'a value that does not fit': ('POST', ALL, {'type': 'latency', 'attributes': {'latency': 'x'}}, 400, 'body',
                                  'attributes.latency'),
    'a stream that is none': ('POST', ALL, {'type': 'noop', 'stream': 'both'}, 400, 'body', 'stream'),
    'too much toxicity': ('POST', ALL, {'type': 'noop', 'toxicity': 1.5}, 400, 'body', 'toxicity'),
    'a name that is none': ('POST', ALL, {'type': 'noop', 'name': 'a/b'}, 400, 'body', 'name'),
    'a name that is taken': ('POST', ALL, {'type': 'noop', 'name': 'slow'}, 409, 'body', 'name'),
    'a key that is not known': ('POST', ALL, {'type': 'noop', 'latency': 5}, 400, 'body', ''),
    'an unknown attribute to change': ('PATCH', ONE, {'attributes': {'latncy': 1}}, 400, 'body', 'attributes.latncy'),
    'a value to change that does not fit': ('PATCH', ONE, {'toxicity': 1, 'attributes': {'latency': None}}, 400, 'body',
                                            'attributes.latency'),
    'another type': ('PATCH', ONE, {'type': 'noop'}, 400, 'body', ''),
    'too little toxicity': ('PATCH', ONE, {'toxicity': -1}, 400, 'body', 'toxicity'),
    'an unknown toxic': ('GET', f'{ALL}/x', None, 404, 'path', 'toxic'),
    'an unknown toxic to change': ('PATCH', f'{ALL}/x', {}, 404, 'path', 'toxic'),
    'an unknown toxic to remove': ('DELETE', f'{ALL}/x', None, 404, 'path', 'toxic'),
    'toxics of an unknown proxy': ('GET', '/v1/proxies/x/toxics', None, 404, 'path', 'proxy'),
    'a toxic for an unknown proxy': ('POST', '/v1/proxies/x/toxics', {'type': 'noop'}, 404, 'path', 'proxy'),
    'a toxic of an unknown proxy': ('GET', '/v1/proxies/x/toxics/slow', None, 404, 'path', 'proxy'),
    'another method': ('PUT', ONE, {}, 405, '', ''),
}


@pytest.mark.parametrize('case', REFUSED)
def test_a_mistake_about_toxics_is_named_and_changes_nothing(server, case):
    method, path, body, status, location, name = REFUSED[case]
    answer = server.ask(method, path, body)
    assert (answer.status, answer.json['location'], answer.json['name']) == (status, location, name), answer
    assert server.get(ALL) == {'toxics': [SLOW]}


def test_an_open_session_meets_each_change_at_once_and_loses_no_byte():
    with echo_server() as backend, steering(spec_for(backend)) as server, connect(server.host.port) as client:
        assert ask(client, b'before') == b'before'
        server.ask('POST', ALL, {'type': 'latency', 'name': 'slow', 'attributes': {'latency': LONG}})
        client.sendall(b'held ')
        client.settimeout(50 * MS)
        with pytest.raises(TimeoutError):
            client.recv(1)
        client.settimeout(PATIENCE)
        server.ask('PATCH', ONE, {'attributes': {'latency': 1}})
        assert ask(client, b'let go', len(b'held let go')) == b'held let go'
        server.ask('PATCH', ONE, {'attributes': {'latency': LONG}})
        client.sendall(b'held again')
        server.ask('DELETE', ONE)
        assert client.recv(100) == b'held again'
