"""The calls about the plan: what each does, what it says where it is not done, and that open sessions have it at once."""
from functools import partial

import pytest

from tests.support.control_client import steering
from tests.support.hosting import eventually, spec_for
from tests.support.peers import Backend, connect, ending, read_exactly

ALL = '/v1/plan'
GET = b'GET a\r\n'


def nil(sock):
    """Say of each command that there is no such key."""
    while sock.recv(len(GET)):
        sock.sendall(b'$-1\r\n')


def get(client):
    """Ask for a key, and return the line that comes."""
    client.sendall(GET)
    line = b''
    while not line.endswith(b'\r\n'):
        line += read_exactly(client, 1)
    return line


@pytest.fixture
def server():
    with Backend(nil) as backend, steering(spec_for(backend, protocol='redis')) as running:
        yield running


def add(server, *faults):
    return server.ask('POST', ALL, {'faults': list(faults)})


def ids(server):
    return [entry['id'] for entry in server.get(ALL)['entries']]


def test_entries_are_added_shown_listed_and_removed(server):
    made = add(server, 'default: GET * #2 = loading', {'name': 'delay', 'settings': {'sleep': 2}})
    one, two = made.json['entries']
    assert made.status == 201
    assert one == {
        'id': 1, 'text': 'default: GET * #2 = loading', 'matched': 0, 'applied': 0, 'where': [],
        'reason': 'no request has matched',
        'fault': {'name': 'loading', 'proxy': 'default', 'request': 'GET *', 'match': '', 'stage': '', 'nth': 2, 'count': 1,
                  'settings': {}, 'test': '', 'session': 0, 'exchange': 0}}
    assert two['text'] == '* = delay sleep=2'
    assert server.get(ALL) == {'entries': [one, two]}
    assert server.get(f'{ALL}/2') == two
    removed = server.ask('DELETE', f'{ALL}/1')
    assert (removed.status, removed.json, ids(server)) == (200, one, [2])
    gone = server.ask('DELETE', f'{ALL}/1')
    assert (gone.status, gone.json['error'], gone.json['location']) == (404, 'the plan has no entry 1', 'path')


def test_another_plan_takes_the_place_of_the_one_before(server):
    add(server, '* = hang')
    made = server.ask('PUT', ALL, {'faults': ['* = abort', '* = hang']})
    assert (made.status, [entry['id'] for entry in made.json['entries']], ids(server)) == (200, [2, 3], [2, 3])
    assert server.ask('DELETE', ALL)[::2] == (204, b'')
    assert ids(server) == []


@pytest.mark.parametrize('faults, name, error', [
    (['* = hang', '* = hnag'], 'faults[1] name', 'expected a known name, the nearest is hang'),
    (['* hang'], 'faults[0]', 'expected [PROXY: ]GLOB'),
    (['* = delay sleep=x'], 'faults[0] sleep', "'x' is not valid, expected a number"),
    ([{'name': 'hang', 'match': '('}], 'faults[0] match', 'expected a regular expression'),
    ([{'name': 'hang', 'nth': -1}], 'faults[0].nth', 'Expected `int` >= 0'),
    ([{'request': 'GET *'}], 'faults[0]', 'missing required field `name`'),
    ('* = hang', 'faults', 'Expected `array`'),
])
@pytest.mark.parametrize('method', ['POST', 'PUT'])
def test_what_does_not_fit_is_refused_by_its_place_and_changes_nothing(server, method, faults, name, error):
    add(server, '* #9 = hang')
    found = server.ask(method, ALL, {'faults': faults})
    assert (found.status, found.json['location'], found.json['name']) == (400, 'body', name)
    assert error in found.json['error']
    assert ids(server) == [1]


def test_an_open_session_has_an_entry_from_its_next_request_on_and_no_longer_than_it_is_there(server):
    with connect(server.host.port) as client:
        assert get(client) == b'$-1\r\n'
        add(server, 'GET * #2 = loading', 'GET * #3 = hang')
        assert get(client) == b'$-1\r\n'
        assert get(client).startswith(b'-LOADING ')
        where, = server.get(f'{ALL}/1')['where']
        assert (where['proxy'], where['session'], where['exchange'], where['request']) == ('default', 1, 3, 'GET a')
        fault, = server.get('/v1/faults')['faults']
        assert (fault['plan'], fault['kind'], fault['exchange']) == (1, 'loading', 3)
        assert server.ask('DELETE', f'{ALL}/2').json['reason'] == 'matched 2 times, and not the one that it is for'
        assert get(client) == b'$-1\r\n'


def test_marks_begin_the_count_of_their_entries_anew(server):
    add(server, 'GET a #2 = loading test=test_*', 'GET a #4 = loading')
    with connect(server.host.port) as client:
        said = []
        for test in ('test_a', 'test_b', 'other'):
            server.host.call(partial(server.fleet.exchanges.begin_mark, test))
            said += [get(client)[:5] for _ in range(2)]
    nothing, loading = b'$-1\r\n', b'-LOAD'
    assert said == [nothing, loading, nothing, loading, nothing, nothing]
    one, two = server.get(ALL)['entries']
    assert (one['matched'], one['applied'], two['matched'], two['applied']) == (4, 2, 6, 0)
    assert two['reason'] == 'matched, but entry 1 was applied to it'


def test_a_toxic_goes_with_its_entry(server):
    with connect(server.host.port) as client:
        add(server, 'GET a = timeout timeout=0')
        client.sendall(GET)
        assert eventually(lambda: server.get(ALL)['entries'][0]['applied'])
        assert eventually(lambda: server.get('/v1/proxies/default/sessions')['sessions'][0]['from_backend'])
        server.host.call(lambda: None)      # the toxic has had its turn
        removed = server.ask('DELETE', f'{ALL}/1')
        assert removed.json['applied'] == 1
        assert ending(client) == 'FIN'       # what the toxic has swallowed cannot follow any more


def test_a_stopped_fleet_has_no_new_plan(server):
    add(server, '* = hang')
    server.fleet.stopping = True
    for method, path in (('POST', ALL), ('PUT', ALL), ('DELETE', ALL), ('DELETE', f'{ALL}/1')):
        assert server.ask(method, path, {'faults': []}).status == 503
    server.fleet.stopping = False
    assert ids(server) == [1]


def test_a_proxy_that_is_made_later_has_the_plan_too(server):
    add(server, 'later: GET * = loading')
    backend = server.get('/v1/proxies/default')['backend']
    made = server.ask('POST', '/v1/proxies', {'name': 'later', 'protocol': 'redis', 'backend': backend})
    with connect(int(made.json['address'].rpartition(':')[2])) as client:
        client.sendall(GET)
        assert read_exactly(client, 9) == b'-LOADING '
