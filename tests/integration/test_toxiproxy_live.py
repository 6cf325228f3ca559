"""What calls of Toxiproxy's API do to connections that are open, and where its contract and the fleet's own rules meet."""
import contextlib
import select
import time

import pytest

from tests.support.control_client import steering
from tests.support.peers import Backend, ask, connect, ending, free_port, listener, read_exactly, sink
from tests.support.unit_of_time import MS

MANY = 24       #: connections; of a half of them neither none nor all are met
NEVER = 3_600_000       #: [ms]


@pytest.fixture(scope='module')
def server():
    with steering() as running:
        yield running


@pytest.fixture
def api(server):
    """A server without proxies."""
    yield server
    for name in server.get('/proxies'):
        assert server.ask('DELETE', f'/proxies/{name}').status == 204


@pytest.fixture
def made(api, echo_server):
    """A proxy ``echo``."""
    return create(api, upstream=echo_server.address)


def create(server, **fields):
    answer = server.ask('POST', '/proxies', {'name': 'echo', 'listen': '127.0.0.1:0', **fields})
    assert answer.status == 201, answer
    return answer.json


def add_toxic(server, **fields):
    answer = server.ask('POST', '/proxies/echo/toxics', fields)
    assert answer.status == 200, answer
    return answer.json


def port_of(address):
    return int(address.rpartition(':')[2])


def echoes(address):
    with connect(port_of(address)) as client:
        return ask(client, b'ping') == b'ping'


def refuses(address):
    try:
        connect(port_of(address)).close()
    except ConnectionRefusedError:
        return True
    return False


@contextlib.contextmanager
def open_through(proxy, count=1):
    """Open connections through a proxy and use each once."""
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connect(port_of(proxy['listen']))) for _ in range(count)]
        for client in clients:
            ask(client, b'hello')
        yield clients


# -- toxicity

def delayed(clients):
    """Send on all connections, and return the numbers of those whose echo does not come."""
    for client in clients:
        client.sendall(b'x')
    time.sleep(100 * MS)
    came, _, _ = select.select(clients, [], [], 0)
    for client in came:
        client.recv(100)
    return {number for number, client in enumerate(clients) if client not in came}


def flushed(clients):
    """Read what an update has let go."""
    time.sleep(50 * MS)
    for client in select.select(clients, [], [], 0)[0]:
        client.recv(100)


@pytest.mark.parametrize('method', ['POST', 'PATCH'])
def test_an_update_that_changes_nothing_draws_anew_on_open_connections(method, api, made):
    with open_through(made, MANY) as clients:
        add_toxic(api, type='latency', toxicity=0.5, attributes={'latency': NEVER})
        before = delayed(clients)
        assert delayed(clients) >= before
        assert api.ask(method, '/proxies/echo/toxics/latency_downstream', {}).status == 200
        flushed(clients)
        after = delayed(clients)
        assert 0 < len(before) < MANY
        assert 0 < len(after) < MANY
        assert before != after


def test_a_neighbour_that_comes_or_goes_draws_nothing_anew(api, made):
    with open_through(made, MANY) as clients:
        add_toxic(api, type='latency', toxicity=0.5, attributes={'latency': NEVER})
        before = delayed(clients)
        add_toxic(api, type='slow_close')
        assert delayed(clients) == before
        assert api.ask('DELETE', '/proxies/echo/toxics/slow_close_downstream').status == 204
        assert delayed(clients) == before


@pytest.mark.parametrize('toxicity, met', [(5, MANY), (-3, 0)])
def test_toxicity_beyond_its_range_is_shown_and_means_always_or_never(toxicity, met, api, made):
    with open_through(made, MANY) as clients:
        shown = add_toxic(api, type='latency', toxicity=toxicity, attributes={'latency': NEVER})
        assert shown['toxicity'] == toxicity
        assert len(delayed(clients)) == met


def test_a_timeout_that_is_removed_ends_its_connections(api, made):
    with open_through(made) as (client,):
        add_toxic(api, type='timeout')
        client.sendall(b'swallowed')
        assert api.ask('DELETE', '/proxies/echo/toxics/timeout_downstream').status == 204
        assert ending(client) == 'FIN'


def test_reset_ends_what_a_timeout_has_held(api, made):
    with open_through(made) as (client,):
        add_toxic(api, type='timeout', stream='upstream')
        client.sendall(b'swallowed')
        assert api.ask('POST', '/reset').status == 204
        assert ending(client) == 'FIN'
    assert echoes(made['listen'])


# -- what ends connections, and what does not

def elsewhere(made):
    return {'listen': f'127.0.0.1:{free_port()}'}


ENDS = {
    'disabling': ('POST', '/proxies/echo', lambda made: {'enabled': False}),
    'deleting': ('DELETE', '/proxies/echo', lambda made: None),
    'another listen': ('POST', '/proxies/echo', elsewhere),
    'another upstream': ('PATCH', '/proxies/echo', lambda made: {'upstream': '127.0.0.1:9'}),
    'all interfaces, which Go writes in another way': (
        'POST', '/proxies/echo', lambda made: {'listen': f'0.0.0.0:{port_of(made["listen"])}'}),
    'a list with another upstream': (
        'POST', '/populate', lambda made: [{'name': 'echo', 'listen': made['listen'], 'upstream': '127.0.0.1:9'}]),
}
KEEPS = {
    'nothing': ('POST', '/proxies/echo', lambda made: {}),
    'what is so already': ('POST', '/proxies/echo', lambda made: {**made, 'name': 'other', 'toxics': None}),
    'the same address by its name': ('POST', '/proxies/echo', lambda made: {'listen': f'localhost:{port_of(made["listen"])}'}),
    'an address that is none': ('POST', '/proxies/echo', lambda made: {'listen': 'bad', 'enabled': False}),
    'the same list': ('POST', '/populate', lambda made: [{**made, 'enabled': False}]),
    'reset': ('POST', '/reset', lambda made: None),
}


@pytest.mark.parametrize('case', ENDS)
def test_connections_are_ended_by(case, api, made):
    method, path, body = ENDS[case]
    with open_through(made) as (client,):
        assert api.ask(method, path, body(made)).status < 300
        assert ending(client) == 'FIN'


@pytest.mark.parametrize('case', KEEPS)
def test_connections_are_left_alone_by(case, api, made):
    method, path, body = KEEPS[case]
    with open_through(made) as (client,):
        api.ask(method, path, body(made))
        assert ask(client, b'ping') == b'ping'
    assert api.get('/proxies/echo') == made


def test_toxics_survive_being_disabled_and_moved(api, made):
    shown = add_toxic(api, type='latency', attributes={'latency': 1})
    api.ask('POST', '/proxies/echo', {'enabled': False})
    moved = api.ask('POST', '/proxies/echo', {'listen': f'127.0.0.1:{free_port()}', 'enabled': True}).json
    assert moved['toxics'] == [shown]
    assert echoes(moved['listen'])
    assert refuses(made['listen'])


# -- where the contract and the fleet's own rule disagree

def test_what_cannot_be_restarted_stays_disabled_at_its_new_address(api, made):
    with listener('127.0.0.1') as taken:
        address = f'127.0.0.1:{taken.getsockname()[1]}'
        refused = api.ask('POST', '/proxies/echo', {'listen': address})
        assert refused.status == 500
        assert refused.body == f'{{"error":"listen tcp {address}: bind: address already in use","status":500}}\n'.encode()
        assert api.get('/proxies/echo') == {**made, 'listen': address, 'enabled': False}
        assert refuses(made['listen'])
    assert api.ask('POST', '/proxies/echo', {'enabled': True}).json == {**made, 'listen': address}
    assert echoes(address)


def test_the_native_calls_change_all_or_nothing(api, made):
    with listener('127.0.0.1') as taken, open_through(made) as (client,):
        address = f'127.0.0.1:{taken.getsockname()[1]}'
        assert api.ask('PATCH', '/v1/proxies/echo', {'proxy': address}).status == 409
        assert ask(client, b'ping') == b'ping'
        assert api.get('/proxies/echo') == made


def test_a_proxy_that_was_moved_while_disabled_comes_back_where_it_was_moved_to(api, made):
    address = f'127.0.0.1:{free_port()}'
    assert api.ask('PATCH', '/v1/proxies/echo', {'enabled': False}).status == 200
    assert api.ask('PATCH', '/v1/proxies/echo', {'proxy': address}).json['address'] == address
    assert api.ask('PATCH', '/v1/proxies/echo', {'enabled': True}).json['address'] == address
    assert echoes(address)


def test_the_first_that_cannot_listen_ends_a_reset(api, made):
    other = create(api, name='zoo', upstream='127.0.0.1:9')
    add_toxic(api, type='noop')
    for name in ('echo', 'zoo'):
        api.ask('POST', f'/proxies/{name}', {'enabled': False})
    with listener('127.0.0.1', port_of(other['listen'])):
        refused = api.ask('POST', '/reset')
        assert refused.status == 500
        assert b'address already in use' in refused.body
        assert not api.get('/proxies/zoo')['enabled']
    assert api.ask('POST', '/reset').status == 204
    assert api.get('/proxies') == {'echo': made, 'zoo': other}


def test_a_list_that_fails_leaves_the_old_proxy_disabled_with_its_addresses_and_toxics(api, made):
    shown = add_toxic(api, type='noop')
    with listener('127.0.0.1') as taken:
        address = f'127.0.0.1:{taken.getsockname()[1]}'
        first = {'name': 'first', 'listen': '127.0.0.1:0', 'upstream': '127.0.0.1:9'}
        last = {**first, 'name': 'last'}
        replacing = {'name': 'echo', 'listen': address, 'upstream': made['upstream']}
        refused = api.ask('POST', '/populate', [first, replacing, last])
        assert (refused.status, refused.json['error']) == (500, f'listen tcp {address}: bind: address already in use')
        assert refused.json['proxies'] == [api.get('/proxies/first')]
    assert api.get('/proxies/echo') == {**made, 'enabled': False, 'toxics': [shown]}
    assert api.ask('GET', '/proxies/last').status == 404


# -- what only vaurien has

def test_protocol_and_behavior_are_taken_and_shown_under_v1_alone(api, echo_server):
    shown = create(api, upstream=echo_server.address, protocol='redis', behavior='100:error')
    assert list(shown) == ['name', 'listen', 'upstream', 'enabled', 'Logger', 'toxics']
    native = api.get('/v1/proxies/echo')
    assert (native['protocol'], native['behavior']) == ('redis', 'error')
    with connect(port_of(shown['listen'])) as client:
        client.sendall(b'*1\r\n$4\r\nPING\r\n')
        assert read_exactly(client, 1) == b'-'
        assert api.ask('POST', '/proxies/echo', {'behavior': 'dummy'}).status == 200
        assert b'PONG' not in ask(client, b'\n', 1)


@pytest.mark.parametrize('field, value', [('protocol', 'gopher'), ('behavior', '100:gremlins'), ('behavior', '200:delay')])
def test_what_is_wrong_with_them_is_said_and_nothing_changes(field, value, api, made):
    for path, body in (('/proxies', {'name': 'other', 'upstream': 'x'}), ('/proxies/echo', elsewhere(made))):
        refused = api.ask('POST', path, {**body, field: value})
        assert refused.status == 400
        assert refused.body.startswith(b'{"error":"bad request body: ')
    assert api.get('/proxies') == {'echo': made}


def test_an_upstream_that_is_none_resets_clients(api):
    shown = create(api, upstream='not a host')
    assert shown['upstream'] == 'not a host'
    with pytest.raises(ConnectionResetError), connect(port_of(shown['listen'])) as client:    # while it connects, or after
        client.recv(1)


def test_a_proxy_of_the_other_calls_is_seen_and_changed(api, echo_server):
    body = {'name': 'echo', 'proxy': '127.0.0.1:0', 'backend': echo_server.address}
    assert api.ask('POST', '/v1/proxies', body).status == 201
    shown = api.get('/proxies/echo')
    assert echoes(shown['listen'])
    assert api.ask('POST', '/proxies/echo', {'enabled': False}).json == {**shown, 'enabled': False}
    assert api.ask('POST', '/proxies/echo', {'enabled': True}).json == shown


def test_calls_are_answered_while_a_client_reads_nothing(api):
    with Backend(sink) as backend:
        shown = create(api, upstream=backend.address)
        with connect(port_of(shown['listen'])) as stuck:
            add_toxic(api, type='bandwidth', stream='upstream', attributes={'rate': 0})
            stuck.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    stuck.send(bytes(65536))
            for _ in range(3):
                assert api.ask('PATCH', '/proxies/echo/toxics/bandwidth_upstream', {'attributes': {'rate': 0}}).status == 200
            assert api.ask('POST', '/proxies/echo', {'enabled': False}).status == 200


# -- who may call

def test_a_token_is_needed_here_too():
    with steering(token='secret') as server:
        refused = server.ask('GET', '/proxies')
        assert (refused.status, refused.headers['www-authenticate']) == (401, 'Bearer realm="vaurien"')
        assert refused.body.startswith(b'{"error":"')
        assert refused.body.endswith(b',"status":401}\n')
        for path in ('/populate', '/reset', '/version', '/proxies/x/toxics/y', '/proxies/'):
            assert server.ask('POST', path, None, {'Authorization': 'Bearer wrong'}).status == 401
        assert server.ask('GET', '/proxies', None, {'Authorization': 'Bearer secret'}).body == b'{}'


@pytest.mark.parametrize('headers', [
    {'Host': 'rebound.example'}, {'Origin': 'http://page.example'}, {'User-Agent': 'Mozilla/5.0'},
])
def test_a_browser_cannot_steer(headers, api):
    assert api.ask('POST', '/proxies', {'name': 'echo', 'upstream': 'x'}, headers).status == 403
    assert api.get('/proxies') == {}
