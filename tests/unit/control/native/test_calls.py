"""The native surface: what each call does, and what it says where it is not done."""
import contextlib

import pytest

import vaurien
from tests.support.control_client import steering
from tests.support.hosting import eventually, spec_for
from tests.support.peers import connect, echo_server
from vaurien.protocols import Protocol
from vaurien.protocols.tls_kinds import TLS_KINDS
from vaurien.spec import BehaviorSpec

NOWHERE = '127.0.0.1:9'
MADE = {'name': 'made', 'backend': NOWHERE}


@pytest.fixture
def server():
    with steering(spec_for(NOWHERE, '10:error')) as running:
        yield running


@pytest.fixture
def served():
    """A control server whose proxy has a backend that echoes."""
    with echo_server() as backend, steering(spec_for(backend)) as running:
        yield running


def sessions(server, count):
    """Open so many connections, and wait until they are sessions."""
    stack = contextlib.ExitStack()
    for _ in range(count):
        stack.enter_context(connect(server.host.port))
    eventually(lambda: len(server.host.proxy.sessions) == count)
    return stack


# -- the process

def test_version_and_seed_are_told(server):
    assert server.get('/v1/version') == {'version': vaurien.__version__}
    assert server.get('/v1/seed') == {'seed': 7}


def test_health_counts_what_there_is(server):
    assert server.get('/health') == {'status': 'ok', 'proxies': 1, 'sessions': 0}


def test_plugins_are_described_with_their_options(server):
    behaviors = {found['name']: found for found in server.get('/v1/behaviors')['behaviors']}
    sleep = behaviors['delay']['options'][0]
    assert (sleep['name'], sleep['type'], sleep['default']) == ('sleep', 'number', 1.0)
    assert behaviors['delay']['description']
    protocols = {found['name']: found for found in server.get('/v1/protocols')['protocols']}
    assert [option['name'] for option in protocols['tcp']['options']] == ['reuse_socket', 'buffer', 'keep_alive']
    of_tls = [kind['name'] for kind in protocols['tcp']['kinds']]
    assert of_tls == list(TLS_KINDS)
    assert [kind['name'] for kind in protocols['http']['kinds']] == [
        *of_tls, *Protocol.get('http').errors, *Protocol.get('http').tables]
    assert protocols['http']['kinds'][0].keys() == {'name', 'description', 'stages', 'codes', 'category', 'scope',
                                                      'only_named'}
    assert 'latency' in {found['name'] for found in server.get('/v1/toxics')['toxics']}


# -- proxies

def test_a_proxy_is_made_shown_listed_and_removed(server):
    made = server.ask('POST', '/v1/proxies', {**MADE, 'protocol': 'http', 'mix': '20:delay'})
    assert made.status == 201
    assert made.json['mix'] == [{'name': 'delay', 'percent': 20.0, 'settings': {}}]
    assert made.json['address'].startswith('127.0.0.1:')
    assert not made.json['address'].endswith(':0')
    assert server.get('/v1/proxies/made') == made.json
    assert [proxy['name'] for proxy in server.get('/v1/proxies')['proxies']] == ['default', 'made']
    removed = server.ask('DELETE', '/v1/proxies/made')
    assert (removed.status, removed.body) == (204, b'')
    assert server.ask('GET', '/v1/proxies/made').status == 404


def test_what_is_shown_as_mix_and_toxics_can_be_given_back(server):
    toxic = {'type': 'latency', 'attributes': {'latency': 5}}
    shown = server.ask('PATCH', '/v1/proxies/default', {'mix': '5:delay,6:hang', 'toxics': [toxic]}).json
    server.ask('PATCH', '/v1/proxies/default', {'mix': '', 'toxics': []})
    assert server.get('/v1/proxies/default')['toxics'] == []
    again = server.ask('PATCH', '/v1/proxies/default', {'mix': shown['mix'], 'toxics': shown['toxics']})
    assert (again.status, again.json) == (200, shown)


def test_only_what_is_given_changes(server):
    before = server.get('/v1/proxies/default')
    after = server.ask('PATCH', '/v1/proxies/default', {'max_connections': 5, 'timeout': 2})
    assert (after.status, after.json) == (200, {**before, 'max_connections': 5, 'timeout': 2.0})
    assert server.ask('PATCH', '/v1/proxies/default', {}).json == after.json


def test_another_protocol_does_not_inherit_options(server):
    server.ask('PATCH', '/v1/proxies/default', {'protocol': 'http', 'protocol_settings': {'overwrite_host_header': True}})
    changed = server.ask('PATCH', '/v1/proxies/default', {'protocol': 'tcp'})
    assert (changed.status, changed.json['protocol_settings']) == (200, {})


def test_a_disabled_proxy_comes_back_where_it_was(served):
    port = served.host.port
    assert served.ask('PATCH', '/v1/proxies/default', {'enabled': False}).json['enabled'] is False
    with pytest.raises(ConnectionRefusedError):
        connect(port)
    assert served.ask('PATCH', '/v1/proxies/default', {'enabled': True}).status == 200
    with connect(port) as client:
        client.sendall(b'hello')
        assert client.recv(5) == b'hello'


def test_a_proxy_that_accepts_nothing_refuses_new_connections_and_open_ones_live_on(served):
    port = served.host.port
    with connect(port) as before:
        before.sendall(b'hello')
        assert before.recv(5) == b'hello'
        assert served.ask('PATCH', '/v1/proxies/default', {'accepting': False}).json['accepting'] is False
        with pytest.raises(ConnectionRefusedError):
            connect(port)
        before.sendall(b'still')
        assert before.recv(5) == b'still'
        assert served.ask('PATCH', '/v1/proxies/default', {'accepting': True}).status == 200
        with connect(port) as after:
            after.sendall(b'again')
            assert after.recv(5) == b'again'


def settled(proxy):
    """Return what a proxy is, without what its mixes have come to: that is remembered, as its counts are."""
    return {key: value for key, value in proxy.items() if key != 'uses'}


def test_reset_makes_proxies_what_they_were_created_as(server):
    before = server.get('/v1/proxies')['proxies']
    server.ask('PATCH', '/v1/proxies/default', {'mix': 'hang', 'backend': 'localhost:8', 'enabled': False, 'timeout': 1})
    one = server.ask('POST', '/v1/proxies/default/reset')
    assert (one.status, settled(one.json)) == (200, settled(before[0]))
    server.ask('PATCH', '/v1/proxies/default', {'toxics': [{'type': 'noop'}]})
    everything = server.ask('POST', '/v1/reset')
    assert everything.status == 200
    assert list(map(settled, everything.json['proxies'])) == list(map(settled, before))


REFUSED = {
    'no JSON': ('POST', '/v1/proxies', b'{', 400, 'body', ''),
    'no UTF-8': ('POST', '/v1/proxies', b'"\xff"', 400, 'body', ''),
    'too deep': ('POST', '/v1/proxies', b'{"name":' + b'[' * 100_000, 400, 'body', 'name'),
    'too deep where anything may be': ('POST', '/v1/proxies', b'{"protocol_settings":{"a":' + b'[' * 100_000, 400, 'body', ''),
    'a number without end': ('PATCH', '/v1/proxies/default', b'{"timeout": %b}' % (b'1' * 5000), 400, 'body', 'timeout'),
    'no name': ('POST', '/v1/proxies', {'backend': NOWHERE}, 400, 'body', ''),
    'a name that is none': ('POST', '/v1/proxies', {**MADE, 'name': 'a/b'}, 400, 'body', 'name'),
    'a name with a line end': ('POST', '/v1/proxies', {**MADE, 'name': 'a\n'}, 400, 'body', 'name'),
    'a key that is not known': ('POST', '/v1/proxies', {**MADE, 'mixx': ''}, 400, 'body', ''),
    'an address that is none': ('POST', '/v1/proxies', {**MADE, 'proxy': 'x'}, 400, 'body', 'proxy'),
    'an address of somebody else': ('POST', '/v1/proxies', {**MADE, 'proxy': '192.0.2.1:0'}, 400, 'body', 'proxy'),
    'a host that nobody knows': ('POST', '/v1/proxies', {**MADE, 'proxy': 'nobody.invalid:0'}, 400, 'body', 'proxy'),
    'a backend that is none': ('POST', '/v1/proxies', {**MADE, 'backend': 'x'}, 400, 'body', 'backend'),
    'an unknown protocol': ('POST', '/v1/proxies', {**MADE, 'protocol': 'x'}, 400, 'body', 'protocol'),
    'an unknown option of the protocol': ('POST', '/v1/proxies', {**MADE, 'protocol_settings': {'x': 1}}, 400, 'body',
                                          'protocol_settings.x'),
    'an unknown behavior': ('PATCH', '/v1/proxies/default', {'mix': [{'name': 'x'}]}, 400, 'body', 'mix[0].name'),
    'an option of the wrong type': ('PATCH', '/v1/proxies/default',
                                    {'mix': [{'name': 'hang'}, {'name': 'delay', 'settings': {'sleep': 'x'}}]}, 400, 'body',
                                    'mix[1].settings.sleep'),
    'a configured option of the wrong type': ('PATCH', '/v1/proxies/default', {'settings': {'delay': {'sleep': []}}}, 400,
                                              'body', 'settings.delay.sleep'),
    'configured options of nothing': ('PATCH', '/v1/proxies/default', {'settings': {'x': {}}}, 400, 'body', 'settings.x'),
    'a mix above 100': ('PATCH', '/v1/proxies/default', {'mix': '60:delay,50:hang'}, 400, 'body', 'mix'),
    'a listed mix above 100': ('PATCH', '/v1/proxies/default', {'mix': [{'name': 'hang'}, {'name': 'delay'}]}, 400, 'body',
                               'mix'),
    'a mix of numbers': ('PATCH', '/v1/proxies/default', {'mix': [5]}, 400, 'body', 'mix[0]'),
    'a kind of another protocol': ('PATCH', '/v1/proxies/default', {'mix': [{'name': 'error', 'settings': {'kind': 'loading'}}]},
                                   400, 'body', 'kind'),
    'an unknown toxic': ('PATCH', '/v1/proxies/default', {'toxics': [{'type': 'x'}]}, 400, 'body', 'toxic'),
    'a limit below 0': ('PATCH', '/v1/proxies/default', {'max_connections': -1}, 400, 'body', 'max_connections'),
    'a name that is taken': ('POST', '/v1/proxies', {**MADE, 'name': 'default'}, 409, 'body', 'name'),
    'an unknown proxy': ('GET', '/v1/proxies/x', None, 404, 'path', 'proxy'),
    'an unknown proxy to change': ('PATCH', '/v1/proxies/x', {}, 404, 'path', 'proxy'),
    'an unknown proxy to remove': ('DELETE', '/v1/proxies/x', None, 404, 'path', 'proxy'),
    'an unknown session': ('GET', '/v1/proxies/default/sessions/99', None, 404, 'path', 'number'),
    'an unknown session to end': ('DELETE', '/v1/proxies/default/sessions/99', None, 404, 'path', 'number'),
    'a session that is no number': ('GET', '/v1/proxies/default/sessions/x', None, 404, '', ''),
    'a limit that is no number': ('GET', '/v1/faults?limit=x', None, 400, 'query', 'limit'),
    'a limit of nothing': ('GET', '/v1/faults?limit=0', None, 400, 'query', 'limit'),
    'a limit given twice': ('GET', '/v1/faults?limit=1&limit=2', None, 400, 'query', 'limit'),
    'a question that is not known': ('GET', '/v1/faults?limt=1', None, 400, 'query', ''),
    'a path that is not known': ('GET', '/v1/x', None, 404, '', ''),
    'a path of nobody': ('GET', '/', None, 404, '', ''),
    'another method': ('PUT', '/v1/proxies/default', {}, 405, '', ''),
    'a body that is too large': ('POST', '/v1/proxies', b' ' * (2 ** 20 + 1), 413, 'body', ''),
}


@pytest.mark.parametrize('case', REFUSED)
def test_a_mistake_is_named_and_changes_nothing(server, case):
    method, path, body, status, location, name = REFUSED[case]
    before = server.get('/v1/proxies')
    answer = server.ask(method, path, body)
    assert answer.status == status, answer
    assert list(answer.json) == ['status', 'error', 'location', 'name']
    assert (answer.json['status'], answer.json['location'], answer.json['name']) == (status, location, name), answer
    assert answer.json['error']
    assert server.get('/v1/proxies') == before


def test_a_port_that_is_taken_is_a_conflict_and_changes_nothing(served):
    taken = served.get('/v1/proxies/default')['address']
    made = served.ask('POST', '/v1/proxies', {**MADE, 'proxy': taken})
    assert (made.status, made.json['location'], made.json['name']) == (409, 'body', 'proxy')
    assert 'in use' in made.json['error']
    served.ask('POST', '/v1/proxies', MADE)
    before = served.get('/v1/proxies/made')
    moved = served.ask('PATCH', '/v1/proxies/made', {'proxy': taken, 'mix': 'hang', 'timeout': 3})
    assert moved.status == 409
    assert served.get('/v1/proxies/made') == before


# -- sessions

def test_a_session_is_shown_with_what_it_does(served):
    with sessions(served, 1), connect(served.host.port) as client:
        client.sendall(b'hello')
        assert client.recv(5) == b'hello'
        found = served.get('/v1/proxies/default/sessions')
        assert (found['total'], [session['number'] for session in found['sessions']]) == (2, [1, 2])
        session = served.get('/v1/proxies/default/sessions/2')
        host, port = client.getsockname()
        assert session == {**found['sessions'][1], 'age': session['age']}
        assert (session['client'], session['from_client'], session['from_backend']) == (f'{host}:{port}', 5, 5)
        assert (session['exchanges'], session['behavior'], session['request']) == (1, '', '')


def test_a_session_tells_what_it_meets(served):
    served.host.mix((BehaviorSpec(name='hang'),))
    with connect(served.host.port) as client:
        client.sendall(b'hello')
        eventually(lambda: served.get('/v1/proxies/default/sessions')['sessions'][0]['exchanges'])
        assert served.get('/v1/proxies/default/sessions/1')['behavior'] == 'hang'


def test_sessions_are_listed_page_by_page(served):
    with sessions(served, 5):
        first = served.get('/v1/proxies/default/sessions?limit=2')
        assert ([session['number'] for session in first['sessions']], first['total']) == ([1, 2], 5)
        rest = served.get('/v1/proxies/default/sessions?limit=9&after=2')
        assert [session['number'] for session in rest['sessions']] == [3, 4, 5]


def test_one_session_is_ended_with_a_reset(served):
    with connect(served.host.port) as one, connect(served.host.port) as other:
        eventually(lambda: len(served.host.proxy.sessions) == 2)
        numbers = {session['client'].rpartition(':')[2]: session['number']
                   for session in served.get('/v1/proxies/default/sessions')['sessions']}
        number = numbers[str(one.getsockname()[1])]
        assert served.ask('DELETE', f'/v1/proxies/default/sessions/{number}').status == 204
        with pytest.raises(ConnectionResetError):
            one.recv(1)
        other.sendall(b'hello')
        assert other.recv(5) == b'hello'
    assert served.ask('DELETE', f'/v1/proxies/default/sessions/{number}').status == 404


def test_all_sessions_are_ended(served):
    with sessions(served, 3):
        answer = served.ask('DELETE', '/v1/proxies/default/sessions')
        assert (answer.status, answer.json) == (200, {'killed': 3})
        assert served.get('/v1/proxies/default/sessions') == {'sessions': [], 'total': 0}
        assert served.get('/v1/proxies/default')['enabled'] is True


def test_bytes_and_exchanges_are_counted_live(served):
    with connect(served.host.port) as client:
        client.sendall(b'hello')
        client.recv(5)
        stats, = served.get('/v1/stats')['proxies']
        assert (stats['proxy'], stats['sessions'], stats['accepted']) == ('default', 1, 1)
        assert (stats['exchanges'], stats['from_client'], stats['from_backend']) == (1, 5, 5)
    served.host.wait_idle()
    ended, = served.get('/v1/stats')['proxies']
    assert ended == {**stats, 'sessions': 0}


# -- faults

def test_faults_are_listed_oldest_first(served):
    def inject():
        for number in range(1, 6):
            served.fleet.journal.add('default' if number % 2 else 'other', 1, number, 'error', 'loading', f'GET {number}')
    served.host.call(inject)
    everything = served.get('/v1/faults')
    assert ([fault['id'] for fault in everything['faults']], everything['last'], everything['kept']) == \
        ([1, 2, 3, 4, 5], 5, 10000)
    fault = everything['faults'][0]
    assert {key: fault[key] for key in fault if key != 'time'} == {
        'id': 1, 'proxy': 'default', 'session': 1, 'exchange': 1, 'behavior': 'error', 'kind': 'loading', 'request': 'GET 1',
        'plan': 0}
    pages = {'limit=2': [4, 5], 'limit=2&since=0': [1, 2], 'since=3': [4, 5], 'proxy=other': [2, 4],
             'since=2&proxy=default': [3, 5], 'since=9': [], 'proxy=none': []}
    for query, expected in pages.items():
        assert [fault['id'] for fault in served.get(f'/v1/faults?{query}')['faults']] == expected, query


def test_a_fault_that_a_client_meets_is_in_the_journal_and_in_the_counts(served):
    served.host.mix('error')
    with connect(served.host.port) as client:
        client.sendall(b'hello')
        assert len(client.recv(100)) > 5
    fault, = served.get('/v1/faults')['faults']
    assert (fault['proxy'], fault['session'], fault['exchange'], fault['behavior']) == ('default', 1, 1, 'error')
    stats, = served.get('/v1/stats')['proxies']
    assert (stats['faults'], stats['faults_by']) == (1, [{'behavior': 'error', 'kind': fault['kind'], 'count': 1}])
