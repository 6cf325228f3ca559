"""Toxiproxy's API to the byte: codes, bodies, content types, and the order in which it finds things wrong, as tables.

A row that has two things wrong says which of them is found first.
"""
import re

import pytest

from tests.support.control_client import read_all, steering
from tests.support.peers import free_port, listener, read_exactly

JSON, TEXT = 'application/json', 'text/plain; charset=utf-8'
ID = re.compile('[0-9a-v]{20}')
BAD = 'bad request body: '
WRONG = BAD + 'json: cannot unmarshal '
STREAM = 'stream was invalid, can be either upstream or downstream'
LIST = '[]struct { toxiproxy.Proxy; Enabled *bool "json:\\"enabled\\"" }'


@pytest.fixture(scope='module')
def server():
    with steering() as running:
        yield running


@pytest.fixture
def api(server):
    """A server with the proxy ``web``, which is disabled and has the toxic ``slow``."""
    assert server.ask('POST', '/proxies', WEB).status == 201
    assert server.ask('POST', '/proxies/web/toxics', {'name': 'slow', 'type': 'latency'}).status == 200
    yield server
    for name in list(server.fleet.proxies):     # some cannot be addressed
        server.host.call(lambda name=name: server.fleet.remove(name))


WEB = {'name': 'web', 'listen': '127.0.0.1:21000', 'upstream': 'web.example:80', 'enabled': False}
SLOW = '{"attributes":{"latency":0,"jitter":0},"name":"slow","type":"latency","stream":"downstream","toxicity":1}'
SHOWN = ('{"name":"web","listen":"127.0.0.1:21000","upstream":"web.example:80","enabled":false,"Logger":{},'
         f'"toxics":[{SLOW}]}}')


def proxy(name='new', listen='127.0.0.1:0', upstream='x'):
    """Write a disabled proxy as the API shows it."""
    return f'{{"name":"{name}","listen":"{listen}","upstream":"{upstream}","enabled":false,"Logger":{{}},"toxics":[]}}'


def toxic(kind, attributes, stream='downstream', name='', toxicity='1'):
    """Write a toxic as the API shows it."""
    return (f'{{"attributes":{attributes},"name":"{name or f"{kind}_{stream}"}","type":"{kind}","stream":"{stream}",'
            f'"toxicity":{toxicity}}}')


def check(answer, status, body, kind):
    """Hold an answer against the contract, header fields included."""
    assert (answer.status, answer.body.decode()) == (status, body)
    assert answer.headers.get('content-type') == kind
    assert ('x-content-type-options' in answer.headers) == (kind == TEXT)


def check_error(answer, status, text):
    """Hold an answer against the form of errors."""
    quoted = text.replace('\\', '\\\\').replace('"', '\\"')
    check(answer, status, f'{{"error":"{quoted}","status":{status}}}\n', TEXT)
    assert ID.fullmatch(answer.headers['x-toxiproxy-request-id'])


# -- each route

ROUTES = [
    ('GET', '/version', None, 200, '{"version": "2.12.0"}\n'),
    ('GET', '/proxies', None, 200, f'{{"web":{SHOWN}}}'),
    ('POST', '/proxies', {'name': 'new', 'upstream': 'x', 'listen': '127.0.0.1:0', 'enabled': False}, 201, proxy()),
    ('POST', '/populate', [WEB], 201, f'{{"proxies":[{SHOWN}]}}'),
    ('POST', '/populate', [], 201, '{"proxies":null}'),
    ('POST', '/populate', b'null', 201, '{"proxies":null}'),
    ('GET', '/proxies/web', None, 200, SHOWN),
    ('POST', '/proxies/web', {}, 200, SHOWN),
    ('PATCH', '/proxies/web', {'name': 'other', 'toxics': [], 'unknown': 1}, 200, SHOWN),
    ('POST', '/proxies/web', {'upstream': 'other'}, 200, SHOWN.replace('web.example:80', 'other')),
    ('DELETE', '/proxies/web', None, 204, ''),
    ('GET', '/proxies/web/toxics', None, 200, f'[{SLOW}]'),
    ('POST', '/proxies/web/toxics', {'type': 'noop'}, 200, toxic('noop', '{}')),
    ('GET', '/proxies/web/toxics/slow', None, 200, SLOW),
    ('POST', '/proxies/web/toxics/slow', {}, 200, SLOW),
    ('PATCH', '/proxies/web/toxics/slow', {'name': 'x', 'type': 'x', 'stream': 'x'}, 200, SLOW),
    ('DELETE', '/proxies/web/toxics/slow', None, 204, ''),
]


@pytest.mark.parametrize('method, path, body, status, text', ROUTES)
def test_a_call_answers_to_the_byte(method, path, body, status, text, api):
    answer = api.ask(method, path, body)
    kind = None if status == 204 else 'application/json;charset=utf-8' if path == '/version' else JSON
    check(answer, status, text, kind)
    assert ID.fullmatch(answer.headers['x-toxiproxy-request-id'])


def test_reset_takes_an_empty_body(server):
    check(server.ask('POST', '/reset', b''), 204, '', None)


@pytest.mark.parametrize('path, removed, text', [
    ('/proxies/web', '/proxies/web', 'proxy not found'),
    ('/proxies/web/toxics', '/proxies/web', 'proxy not found'),
    ('/proxies/web/toxics/slow', '/proxies/web', 'proxy not found'),
    ('/proxies/web/toxics/slow', '/proxies/web/toxics/slow', 'toxic not found'),
])
def test_what_is_removed_while_a_body_arrives_is_not_found(path, removed, text, api):
    body = b'{"type": "noop"}'
    with api.connect() as sock:
        sock.sendall(f'POST {path} HTTP/1.1\r\nHost: localhost:{api.port}\r\nContent-Length: {len(body)}\r\n'
                     'Connection: close\r\nExpect: 100-continue\r\n\r\n'.encode())
        assert read_exactly(sock, 25) == b'HTTP/1.1 100 Continue\r\n\r\n'     # the body is awaited
        assert api.ask('DELETE', removed).status == 204
        sock.sendall(body)
        answer = read_all(sock).decode()
    assert answer.startswith('HTTP/1.1 404 ')
    assert answer.endswith(f'\r\n\r\n{{"error":"{text}","status":404}}\n')


def test_there_are_no_proxies_at_first(server):
    check(server.ask('GET', '/proxies'), 200, '{}', JSON)


def test_proxies_are_in_the_order_of_their_names(api):
    for name in ('zoo', 'Bee', 'ant'):
        api.ask('POST', '/proxies', {**WEB, 'name': name})
    assert list(api.get('/proxies')) == ['Bee', 'ant', 'web', 'zoo']


def test_toxics_upstream_come_first_each_in_the_order_of_creation(api):
    for name, stream in (('c', 'upstream'), ('b', 'downstream'), ('a', 'UPSTREAM')):
        api.ask('POST', '/proxies/web/toxics', {'type': 'noop', 'name': name, 'stream': stream})
    assert [entry['name'] for entry in api.get('/proxies/web/toxics')] == ['c', 'a', 'slow', 'b']


def test_each_answer_has_a_number_of_its_own(server):
    numbers = [server.ask('GET', '/version').headers['x-toxiproxy-request-id'] for _ in range(3)]
    assert sorted(set(numbers)) == numbers


# -- the router

@pytest.mark.parametrize('path', ['/proxies/', '/proxies/web/', '/proxies/web/toxics/', '/proxies//toxics', '/proxies/web%2Fx',
                                  '/proxies/web/x', '/proxies/web/toxics/slow/x', '/version/', '/reset/x', '/populate/'])
def test_a_path_that_is_none_is_not_found(path, api):
    answer = api.ask('GET', path)
    check(answer, 404, '404 page not found\n', TEXT)
    assert 'x-toxiproxy-request-id' not in answer.headers


@pytest.mark.parametrize('method', ['GET', 'POST', 'DELETE', 'HEAD', 'FOO'])
@pytest.mark.parametrize('path', ['/', '/x', '/proxiesx', '/proxies', '/v1/x', '/behavior/x'])
def test_a_path_of_nobody_is_answered_in_text_where_toxiproxy_is_spoken(method, path):
    with steering(toxiproxy=True) as server:
        answer = server.ask(method, path)
    if path == '/proxies':
        assert answer.status == {'GET': 200, 'POST': 400}.get(method, 405)
    elif path in ('/v1/x', '/behavior/x'):      # of vaurien's own interfaces, which Toxiproxy does not have
        assert (answer.status, answer.headers['content-type']) == (404, JSON)
    else:
        check(answer, 404, '' if method == 'HEAD' else '404 page not found\n', TEXT)


def test_a_path_of_nobody_is_answered_in_json_where_toxiproxy_is_not_spoken_first(server):
    answer = server.ask('GET', '/x')
    assert (answer.status, answer.headers['content-type']) == (404, JSON)


@pytest.mark.parametrize('method, path', [
    ('POST', '/version'), ('HEAD', '/version'), ('OPTIONS', '/version'), ('PUT', '/proxies'), ('DELETE', '/proxies'),
    ('HEAD', '/proxies'), ('GET', '/populate'), ('GET', '/reset'), ('PUT', '/proxies/web'), ('DELETE', '/proxies/web/toxics'),
    ('PUT', '/proxies/web/toxics/slow'), ('OPTIONS', '/proxies/nobody'),
])
def test_a_method_that_a_path_has_not_is_refused_without_a_word(method, path, api):
    answer = api.ask(method, path)
    assert (answer.status, answer.body) == (405, b'')
    assert not {'allow', 'content-type', 'x-toxiproxy-request-id'} & set(answer.headers)


@pytest.mark.parametrize('agent, allowed', [('Mozilla/5.0', False), ('Mozilla', True), ('x Mozilla/5.0', True), ('', True)])
def test_browsers_are_known_by_their_name(agent, allowed, server):
    answer = server.ask('GET', '/proxies', None, {'User-Agent': agent})
    if allowed:
        assert answer.status == 200
    else:
        check(answer, 403, 'User agent not allowed\n', TEXT)
    assert ID.fullmatch(answer.headers['x-toxiproxy-request-id'])


def test_the_router_is_asked_before_the_browser_is_refused(server):
    browser = {'User-Agent': 'Mozilla/5.0'}
    assert [server.ask('GET', path, None, browser).status for path in ('/proxies/', '/reset')] == [404, 405]


# -- proxies: what is wrong, and what of it is found first

CREATE = [
    (b'', 400, f'{BAD}EOF'),
    (b'{', 400, f'{BAD}unexpected EOF'),
    (b'{"name": new}', 400, f"{BAD}invalid character 'e' in literal null (expecting 'u')"),
    ([], 400, f'{WRONG}array into Go value of type toxiproxy.Proxy'),
    (b'"x"', 400, f'{WRONG}string into Go value of type toxiproxy.Proxy'),
    ({'enabled': 'yes'}, 400, f'{WRONG}string into Go struct field Proxy.enabled of type bool'),
    ({'name': 1}, 400, f'{WRONG}number into Go struct field Proxy.name of type string'),
    ({'listen': {}, 'name': 1}, 400, f'{WRONG}object into Go struct field Proxy.listen of type string'),
    (b'null', 400, 'missing required field: name'),
    ({}, 400, 'missing required field: name'),
    ({'name': '', 'upstream': 'x'}, 400, 'missing required field: name'),
    ({'name': 'web'}, 400, 'missing required field: upstream'),
    ({'name': 'web', 'upstream': None}, 400, 'missing required field: upstream'),
    ({'name': 'web', 'upstream': 'x', 'listen': 'bad'}, 409, 'proxy already exists'),
    ({'name': 'new', 'upstream': 'x', 'listen': 'foo'}, 500, 'listen tcp: address foo: missing port in address'),
    ({'name': 'new', 'upstream': 'x', 'listen': 'a:b:1'}, 500, 'listen tcp: address a:b:1: too many colons in address'),
    ({'name': 'new', 'upstream': 'x', 'listen': '127.0.0.1:99999'}, 500, 'listen tcp: address 99999: invalid port'),
]


@pytest.mark.parametrize('body, status, text', CREATE)
def test_what_is_wrong_with_a_new_proxy(body, status, text, api):
    check_error(api.ask('POST', '/proxies', body), status, text)
    assert list(api.get('/proxies')) == ['web']


def test_an_address_that_is_taken_is_told_as_go_tells_it(api):
    with listener('127.0.0.1') as taken:
        address = f'127.0.0.1:{taken.getsockname()[1]}'
        for listen in (address, address.replace('127.0.0.1', 'localhost')):
            check_error(api.ask('POST', '/proxies', {'name': 'new', 'upstream': 'x', 'listen': listen}), 500,
                        f'listen tcp {address}: bind: address already in use')
    assert list(api.get('/proxies')) == ['web']


UPDATE = [
    ('nobody', b'{', 404, 'proxy not found'),
    ('web', b'', 400, f'{BAD}EOF'),
    ('web', {'enabled': 1}, 400, f'{WRONG}number into Go struct field Proxy.enabled of type bool'),
    ('web', {'listen': 'bad', 'upstream': 'other'}, 500, 'address bad: missing port in address'),
    ('web', {'listen': 'x:70000', 'enabled': True}, 500, 'address 70000: invalid port'),
]


@pytest.mark.parametrize('name, body, status, text', UPDATE)
@pytest.mark.parametrize('method', ['POST', 'PATCH'])
def test_what_is_wrong_with_a_changed_proxy(method, name, body, status, text, api):
    check_error(api.ask(method, f'/proxies/{name}', body), status, text)
    assert api.ask('GET', '/proxies/web').body.decode() == SHOWN


@pytest.mark.parametrize('listen, shown', [
    ('127.0.0.1:0', r'127\.0\.0\.1:[1-9]\d*'), ('localhost:0', r'127\.0\.0\.1:[1-9]\d*'), ('0.0.0.0:0', r'\[::\]:[1-9]\d*'),
    (':0', r'\[::\]:[1-9]\d*'), ('[::]:0', r'\[::\]:[1-9]\d*'), (None, r'\[::\]:[1-9]\d*'), ('', r'\[::\]:[1-9]\d*'),
])
def test_a_listen_is_shown_as_it_is_bound_and_stays_so(listen, shown, api):
    made = api.ask('POST', '/proxies', {'name': 'new', 'upstream': 'x', 'listen': listen})
    assert made.status == 201
    assert re.fullmatch(shown, made.json['listen'])
    for enabled in (False, True):
        assert api.ask('POST', '/proxies/new', {'enabled': enabled}).json == {**made.json, 'enabled': enabled}


@pytest.mark.parametrize('listen', ['127.0.0.1:0', 'localhost:0', '0.0.0.0:0', ':0', ''])
def test_a_disabled_proxy_shows_the_listen_that_it_was_given(listen, api):
    body = {'name': 'new', 'upstream': 'x', 'listen': listen, 'enabled': False}
    check(api.ask('POST', '/proxies', body), 201, proxy(listen=listen), JSON)


def test_toxics_in_the_body_of_a_proxy_are_ignored(api):
    made = api.ask('POST', '/proxies', {**WEB, 'name': 'new', 'toxics': [{'type': 'latency'}]})
    assert (made.status, made.json['toxics']) == (201, [])


def test_a_name_with_a_slash_can_be_made_and_not_be_addressed(api):
    assert api.ask('POST', '/proxies', {**WEB, 'name': 'a/b'}).status == 201
    assert api.ask('GET', '/proxies/a/b').body == api.ask('GET', '/proxies/a%2Fb').body == b'404 page not found\n'
    assert list(api.get('/proxies')) == ['a/b', 'web']


def test_a_name_is_written_so_that_it_may_stand_in_a_page(api):
    made = api.ask('POST', '/proxies', {**WEB, 'name': '<ü&\u2028"\n'})
    assert made.body.startswith('{"name":"\\u003cü\\u0026\\u2028\\"\\n","listen"'.encode())


def test_who_is_not_there_cannot_be_shown_or_deleted(server):
    for method in ('GET', 'DELETE'):
        check_error(server.ask(method, '/proxies/nobody'), 404, 'proxy not found')


# -- how bodies are read

BODIES = [
    (b'{"NAME":"new","Upstream":"x","LiStEn":"127.0.0.1:0","ENABLED":false}', 201),
    (b'{"name":"new","upstream":"x","listen":"127.0.0.1:0","enabled":false} and so on', 201),
    (b'{"name":"other","name":"new","upstream":"x","listen":"127.0.0.1:0","enabled":false,"more":[{}]}', 201),
    (b'\n\t {"name":"new","upstream":"x","listen":"127.0.0.1:0","enabled":false,"name":null}', 201),
]


@pytest.mark.parametrize('body, status', BODIES)
@pytest.mark.parametrize('kind', ['application/json', 'text/plain', 'application/x-www-form-urlencoded'])
def test_a_body_is_read_as_go_reads_it_whatever_it_is_called(body, status, kind, api):
    check(api.ask('POST', '/proxies', body, {'Content-Type': kind}), status, proxy(), JSON)


# -- populate

POPULATE = [
    (b'', f'{BAD}EOF'),
    ({}, f'{WRONG}object into Go value of type {LIST}'),
    (b'5', f'{WRONG}number into Go value of type {LIST}'),
    ([{**WEB, 'name': 'new'}, {'upstream': 'x'}], 'missing required field: name at proxy 2'),
    ([{'name': 'new'}, {}], 'missing required field: upstream at proxy 1'),
    ([{'name': 'new', 'upstream': 'x', 'enabled': 1}], f'{WRONG}number into Go struct field .enabled of type bool'),
]


@pytest.mark.parametrize('body, text', POPULATE)
def test_a_list_is_checked_as_a_whole_before_anything_is_done(body, text, api):
    answer = api.ask('POST', '/populate', body)
    check(answer, 400, answer.body.decode(), JSON)
    assert answer.json == {'error': text, 'status': 400, 'proxies': None}
    assert list(answer.json) == ['error', 'status', 'proxies']
    assert list(api.get('/proxies')) == ['web']


def test_a_list_leaves_others_alone_and_replaces_what_has_other_addresses(api):
    listed = [{**WEB, 'upstream': 'other'}, {**WEB, 'name': 'new', 'listen': '127.0.0.1:21001'}]
    check(api.ask('POST', '/populate', listed), 201,
          f'{{"proxies":[{proxy("web", "127.0.0.1:21000", "other")},{proxy("new", "127.0.0.1:21001", "web.example:80")}]}}', JSON)
    assert api.ask('POST', '/populate', [{**WEB, 'name': 'third'}]).status == 201
    assert list(api.get('/proxies')) == ['new', 'third', 'web']


def test_a_list_stops_at_the_first_that_cannot_listen_and_tells_what_is_done(api):
    listed = [{**WEB, 'name': 'new'}, {'name': 'bad', 'upstream': 'x', 'listen': 'foo'}, {**WEB, 'name': 'late'}]
    answer = api.ask('POST', '/populate', listed)
    done = proxy('new', '127.0.0.1:21000', 'web.example:80')
    check(answer, 500, '{"error":"listen tcp: address foo: missing port in address","status":500,"proxies":[' + done + ']}', JSON)
    assert list(api.get('/proxies')) == ['new', 'web']


@pytest.mark.parametrize('upstreams, enabled', [('ab', [False, True]), ('aa', [True, True]), ('aab', [False, False, True]),
                                                ('aba', [False, False, True])])
def test_a_list_with_a_name_twice_shows_the_replaced_one_as_disabled(upstreams, enabled, api):
    port = free_port()
    listed = [{'name': 'twice', 'listen': f'127.0.0.1:{port}', 'upstream': f'{upstream}:1'} for upstream in upstreams]
    shown = api.ask('POST', '/populate', listed).json['proxies']
    assert [(entry['upstream'], entry['enabled']) for entry in shown] == list(zip((f'{u}:1' for u in upstreams), enabled,
                                                                                 strict=True))
    assert api.get('/proxies/twice')['enabled'] is True


def test_a_list_that_fails_at_a_replacement_shows_the_stopped_one_as_disabled(api):
    with listener('127.0.0.1') as taken:
        listed = [{'name': 'twice', 'listen': f'127.0.0.1:{port}', 'upstream': 'a:1'} for port in (0, taken.getsockname()[1])]
        answer = api.ask('POST', '/populate', listed)
    assert (answer.status, [entry['enabled'] for entry in answer.json['proxies']]) == (500, [False])


# -- toxics

TYPES = [
    ('latency', '{"latency":0,"jitter":0}'), ('bandwidth', '{"rate":0}'), ('slow_close', '{"delay":0}'),
    ('timeout', '{"timeout":0}'), ('reset_peer', '{"timeout":0}'), ('limit_data', '{"bytes":0}'),
    ('slicer', '{"average_size":0,"size_variation":0,"delay":0}'),
    ('noop', '{}'), ('packet_loss', '{"loss_rate":0,"correlation":0}'),
]


@pytest.mark.parametrize('kind, attributes', TYPES)
@pytest.mark.parametrize('given', [{}, {'attributes': None}, {'attributes': {}, 'name': ''}, {'attributes': {'unknown': 'x'}}])
def test_all_attributes_of_a_type_are_shown(kind, attributes, given, api):
    check(api.ask('POST', '/proxies/web/toxics', {'type': kind, **given}), 200, toxic(kind, attributes), JSON)


SHOWN_TOXICS = [
    ({'stream': 'UPSTREAM'}, toxic('bandwidth', '{"rate":0}', 'UPSTREAM')),
    ({'name': 'thin', 'stream': 'upstream'}, toxic('bandwidth', '{"rate":0}', 'upstream', 'thin')),
    ({'attributes': {'RATE': -5}}, toxic('bandwidth', '{"rate":-5}')),
    ({'attributes': {'rate': 2 ** 63 - 1}}, toxic('bandwidth', f'{{"rate":{2 ** 63 - 1}}}')),
    *(({'toxicity': given}, toxic('bandwidth', '{"rate":0}', toxicity=shown)) for given, shown in (
        (0.3, '0.3'), (5, '5'), (-3, '-3'), (0, '0'), (1e-7, '1e-7'), (0.00001, '0.00001'), (1e21, '1e+21'),
        (0.1234567891, '0.12345679'))),
]


@pytest.mark.parametrize('body, shown', SHOWN_TOXICS)
def test_a_toxic_is_shown_as_it_was_given(body, shown, api):
    check(api.ask('POST', '/proxies/web/toxics', {'type': 'bandwidth', **body}), 200, shown, JSON)


FIELD = f'{WRONG}{{}} into Go struct field LatencyToxic.attributes.latency of type int64'
NEW_TOXIC = [
    ('nobody', b'{', 404, 'proxy not found'),
    ('web', b'', 400, f'{BAD}EOF'),
    ('web', {'type': 5, 'stream': 'x'}, 400, f'{WRONG}number into Go struct field ToxicWrapper.type of type string'),
    ('web', {'toxicity': '1', 'stream': 'x'}, 400, f'{WRONG}string into Go struct field ToxicWrapper.toxicity of type float32'),
    ('web', {'toxicity': 1e39}, 400, f'{WRONG}number 1e+39 into Go struct field ToxicWrapper.toxicity of type float32'),
    ('web', {'attributes': 'x', 'stream': 'x'}, 400,
     f'{WRONG}string into Go struct field ToxicWrapper.attributes of type toxics.NoopToxic'),
    ('web', {'type': 'gremlins', 'stream': 'sideways', 'name': 'slow'}, 400, STREAM),
    ('web', {'stream': ''}, 400, STREAM),
    ('web', {'type': 'gremlins', 'name': 'slow'}, 400, 'invalid toxic type'),
    ('web', {}, 400, 'invalid toxic type'),
    ('web', {'type': 'latency', 'name': 'slow', 'attributes': {'latency': 'x'}}, 409, 'toxic already exists'),
    ('web', {'type': 'timeout', 'name': 'slow', 'stream': 'upstream'}, 409, 'toxic already exists'),
    ('web', {'type': 'latency', 'attributes': {'latency': '5'}}, 400, FIELD.format('string')),
    ('web', {'type': 'latency', 'attributes': {'latency': 100.0}}, 400, FIELD.format('number 100.0')),
    ('web', b'{"type":"latency","attributes":{"latency":1e2}}', 400, FIELD.format('number 1e2')),
    ('web', {'type': 'latency', 'attributes': {'latency': 2 ** 63}}, 400, FIELD.format(f'number {2 ** 63}')),
    ('web', {'type': 'slicer', 'attributes': {'delay': True}}, 400,
     f'{WRONG}bool into Go struct field SlicerToxic.attributes.delay of type int'),
    ('web', {'type': 'reset_peer', 'attributes': {'timeout': []}}, 400,
     f'{WRONG}array into Go struct field ResetToxic.attributes.timeout of type int64'),
]


@pytest.mark.parametrize('name, body, status, text', NEW_TOXIC)
def test_what_is_wrong_with_a_new_toxic(name, body, status, text, api):
    check_error(api.ask('POST', f'/proxies/{name}/toxics', body), status, text)
    assert api.ask('GET', '/proxies/web').body.decode() == SHOWN


CHANGED_TOXIC = [
    ('nobody/toxics/slow', b'{', 404, 'proxy not found'),
    ('web/toxics/nobody', b'{', 404, 'toxic not found'),
    ('web/toxics/slow', b'', 400, f'{BAD}EOF'),
    ('web/toxics/slow', {'toxicity': 'x'}, 400, f'{WRONG}string into Go struct field .toxicity of type float32'),
    ('web/toxics/slow', {'attributes': {'jitter': 5, 'latency': 'x'}, 'toxicity': 0}, 400, FIELD.format('string')),
]


@pytest.mark.parametrize('path, body, status, text', CHANGED_TOXIC)
@pytest.mark.parametrize('method', ['POST', 'PATCH'])
def test_what_is_wrong_with_a_changed_toxic(method, path, body, status, text, api):
    check_error(api.ask(method, f'/proxies/{path}', body), status, text)
    assert api.ask('GET', '/proxies/web').body.decode() == SHOWN


def test_an_update_merges_what_is_given(api):
    path, first = '/proxies/web/toxics/slow', toxic('latency', '{"latency":100,"jitter":0}', name='slow')
    assert api.ask('POST', path, {'attributes': {'latency': 100}}).body.decode() == first
    last = toxic('latency', '{"latency":100,"jitter":7}', name='slow', toxicity='0.5')
    assert api.ask('PATCH', path, {'attributes': {'JITTER': 7}, 'toxicity': 0.5}).body.decode() == last
    assert api.ask('PATCH', path, {'attributes': None, 'toxicity': None}).body.decode() == last
    assert api.ask('GET', path).body.decode() == last


@pytest.mark.parametrize('method', ['GET', 'DELETE'])
@pytest.mark.parametrize('path, text', [('nobody/toxics/slow', 'proxy not found'), ('web/toxics/nobody', 'toxic not found')])
def test_a_toxic_that_is_not_there(method, path, text, api):
    check_error(api.ask(method, f'/proxies/{path}'), 404, text)


def test_reset_enables_all_and_takes_their_toxics(api):
    api.ask('POST', '/proxies/web', {'listen': '127.0.0.1:0'})
    assert api.ask('POST', '/reset').status == 204
    found = api.get('/proxies/web')
    assert (found['enabled'], found['toxics']) == (True, [])
