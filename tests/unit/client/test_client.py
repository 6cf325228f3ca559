"""The client against a server that is a table: what it asks, and what it makes of each answer."""
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

import pytest

import vaurien
from tests.support.peers import Backend, free_port, sink
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.client import PAGE_SIZE, Client, Fault, RefusedError, UnreachableError
from vaurien.client.http import read_events
from vaurien.control.native.models import Session
from vaurien.errors import ConfigError, VaurienError
from vaurien.proxies import journal
from vaurien.testing import OpenSession

FAULT = {'id': 3, 'time': 1.5, 'proxy': 'p', 'session': 1, 'exchange': 2, 'behavior': 'error', 'kind': 'oom', 'request': 'SET k'}


class Said(NamedTuple):
    """An answer of the table: a status, JSON or bytes, and a media type."""

    body: object = None
    status: int = 200
    type: str = 'application/json'


class Server(ThreadingHTTPServer):
    """Answers from a table, by method and path with query, and keeps what it was asked.

    Attributes:
        answers: The table; where it has a list, one after the other.
        asked: Method, path with query, and JSON of each request.
        headers: The header fields of each request.
    """

    def __init__(self):
        self.answers, self.asked, self.headers = {}, [], []
        super().__init__(('127.0.0.1', 0), Handler)


class Handler(BaseHTTPRequestHandler):

    def answer(self):
        body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
        key = f'{self.command} {self.path}'
        self.server.asked.append((key, json.loads(body)) if body else (key,))
        self.server.headers.append(dict(self.headers))
        said = self.server.answers.get(key, Said({'status': 404, 'error': f'no {key}', 'location': '', 'name': ''}, 404))
        if isinstance(said, list):
            said = said.pop(0)
        data = said.body if isinstance(said.body, bytes) else b'' if said.body is None else json.dumps(said.body).encode()
        self.send_response(said.status)
        self.send_header('Content-Type', said.type)
        if said.type != 'text/event-stream':
            self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815 - their names in http.server

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with Server() as found:
        thread = threading.Thread(target=found.serve_forever, args=(0.01,))
        thread.start()
        yield found
        found.shutdown()
        thread.join(PATIENCE)


@pytest.fixture
def client(server):
    return Client('127.0.0.1', server.server_port, token='', timeout=PATIENCE)


OK = {'status': 'ok'}
CALLS = {
    'set_behavior': (lambda c: c.set_behavior('delay', sleep=2), ('PUT /behavior', {'name': 'delay', 'sleep': 2}), OK, None),
    'get_behavior': (lambda c: c.get_behavior(), ('GET /behavior',), {'behavior': '20:delay', 'mix': []}, '20:delay'),
    'list_behaviors': (lambda c: c.list_behaviors(), ('GET /behaviors',), {'behaviors': ['a', 'b']}, ['a', 'b']),
    'proxies': (lambda c: c.proxies(), ('GET /v1/proxies',), {'proxies': [{'name': 'p'}]}, [{'name': 'p'}]),
    'show': (lambda c: c.show('p'), ('GET /v1/proxies/p',), {'name': 'p'}, {'name': 'p'}),
    'a name that needs quotes': (lambda c: c.show('a/b ?ü'), ('GET /v1/proxies/a%2Fb%20%3F%C3%BC',), {}, {}),
    'create': (lambda c: c.create('p', backend='h:1'), ('POST /v1/proxies', {'name': 'p', 'backend': 'h:1'}), {'name': 'p'},
               {'name': 'p'}),
    'change': (lambda c: c.change('p', mix='delay'), ('PATCH /v1/proxies/p', {'mix': 'delay'}), {'name': 'p'}, {'name': 'p'}),
    'enable': (lambda c: c.enable('p'), ('PATCH /v1/proxies/p', {'enabled': True}), {'name': 'p'}, {'name': 'p'}),
    'remove': (lambda c: c.remove('p'), ('DELETE /v1/proxies/p',), None, None),
    'toxics': (lambda c: c.toxics('p'), ('GET /v1/proxies/p/toxics',), {'toxics': [{'name': 't'}]}, [{'name': 't'}]),
    'add_toxic': (lambda c: c.add_toxic('p', 'latency', {'latency': 5}, name='t', stream='upstream'),
                  ('POST /v1/proxies/p/toxics',
                   {'type': 'latency', 'name': 't', 'stream': 'upstream', 'attributes': {'latency': 5}}),
                  {'name': 't'}, {'name': 't'}),
    'add_toxic with defaults': (lambda c: c.add_toxic('p', 'noop'),
                                ('POST /v1/proxies/p/toxics', {'type': 'noop', 'attributes': {}}), {'name': 't'}, {'name': 't'}),
    'change_toxic': (lambda c: c.change_toxic('p', 'a b', {'latency': 5}, toxicity=0.5),
                     ('PATCH /v1/proxies/p/toxics/a%20b', {'toxicity': 0.5, 'attributes': {'latency': 5}}),
                     {'name': 't'}, {'name': 't'}),
    'remove_toxic': (lambda c: c.remove_toxic('p', 't'), ('DELETE /v1/proxies/p/toxics/t',), None, None),
    'sessions': (lambda c: c.sessions('p'), (f'GET /v1/proxies/p/sessions?limit={PAGE_SIZE}&after=0',),
                 {'sessions': [{'number': 1}]},
                 [{'number': 1}]),
    'count_sessions': (lambda c: c.count_sessions('p'), ('GET /v1/proxies/p/sessions?limit=1&after=0',), {'total': 7}, 7),
    'kill': (lambda c: c.kill('p', 3), ('DELETE /v1/proxies/p/sessions/3',), None, None),
    'kill_all': (lambda c: c.kill_all('p'), ('DELETE /v1/proxies/p/sessions',), {'killed': 2}, 2),
    'faults': (lambda c: c.faults(), (f'GET /v1/faults?since=0&limit={PAGE_SIZE}',), {'faults': [FAULT]}, [Fault(**FAULT)]),
    'faults of a proxy': (lambda c: c.faults('p', 3), (f'GET /v1/faults?since=3&limit={PAGE_SIZE}&proxy=p',), {'faults': []}, []),
    'faults of a newer server': (lambda c: c.faults(), (f'GET /v1/faults?since=0&limit={PAGE_SIZE}',),
                                 {'faults': [{**FAULT, 'mood': 'bad'}]}, [Fault(**FAULT)]),
    'last_fault': (lambda c: c.last_fault(), ('GET /v1/faults?limit=1',), {'last': 9}, 9),
    'stats': (lambda c: c.stats(), ('GET /v1/stats',), {'proxies': [{'proxy': 'p'}]}, [{'proxy': 'p'}]),
    'reset': (lambda c: c.reset(), ('POST /v1/reset',), {'proxies': []}, None),
}


@pytest.mark.parametrize('name', CALLS)
def test_a_call_is_one_request_and_its_answer_is_read(server, client, name):
    call, asked, answer, result = CALLS[name]
    server.answers[asked[0]] = Said(answer)
    assert call(client) == result
    assert server.asked == [asked]


def test_classic_calls_act_on_the_named_proxy(server):
    client = Client('127.0.0.1', server.server_port, proxy='c d')
    server.answers = {'PUT /behavior?proxy=c+d': Said(OK), 'GET /behavior?proxy=c+d': Said({'behavior': 'delay'})}
    client.set_behavior('delay')
    assert client.get_behavior() == 'delay'


def test_a_disabled_proxy_keeps_its_port(server, client):
    server.answers = {'GET /v1/proxies/p': Said({'proxy': 'h:0', 'address': 'h:99'}), 'PATCH /v1/proxies/p': Said({})}
    client.disable('p')
    assert server.asked[-1] == ('PATCH /v1/proxies/p', {'enabled': False, 'proxy': 'h:99'})


def test_all_sessions_come_however_many_pages_they_are(server, client, monkeypatch):
    monkeypatch.setattr('vaurien.client.client.PAGE_SIZE', 2)
    pages = {0: [1, 2], 2: [5, 6], 6: []}
    for after, numbers in pages.items():
        server.answers[f'GET /v1/proxies/p/sessions?limit=2&after={after}'] = Said({'sessions': [{'number': n} for n in numbers]})
    assert [session['number'] for session in client.sessions('p')] == [1, 2, 5, 6]


# -- with_behavior

BEFORE = [{'name': 'delay', 'percent': 20.0, 'settings': {'sleep': 2}}]


@pytest.mark.parametrize('name', ['', 'cache'])
def test_with_behavior_brings_back_what_was_there(server, name):
    client = Client('127.0.0.1', server.server_port, proxy=name)
    put, path = f'PUT /behavior{"?proxy=cache" if name else ""}', f'/v1/proxies/{name or "default"}'
    server.answers = {put: Said(OK), f'GET {path}': Said({'mix': BEFORE}), f'PATCH {path}': Said({})}
    with client.with_behavior('error', inject=True):
        assert server.asked == [(f'GET {path}',), (put, {'name': 'error', 'inject': True})]
    assert server.asked[2:] == [(f'PATCH {path}', {'mix': BEFORE})]


def test_with_behavior_brings_it_back_after_an_exception(server, client):
    server.answers = {'PUT /behavior': Said(OK), 'GET /v1/proxies/default': Said({'mix': BEFORE}),
                      'PATCH /v1/proxies/default': Said({})}
    with pytest.raises(KeyError), client.with_behavior('hang'):
        raise KeyError
    assert server.asked[-1] == ('PATCH /v1/proxies/default', {'mix': BEFORE})


def test_with_behavior_of_an_unknown_name_changes_nothing(server, client):
    server.answers = {'GET /v1/proxies/default': Said({'mix': BEFORE})}
    with pytest.raises(ValueError, match='no PUT'), client.with_behavior('x'):
        pytest.fail('the block must not run')
    assert [asked[0] for asked in server.asked] == ['GET /v1/proxies/default', 'PUT /behavior']


# -- refusals and failures

CLASSIC = {'status': 'error', 'errors': [{'location': 'body', 'name': 'name', 'description': "the 'x' behavior does not exist"}]}
NATIVE = {'status': 409, 'error': 'the name is taken', 'location': 'body', 'name': 'name'}


@pytest.mark.parametrize('body, status, text, errors', [
    (CLASSIC, 400, "the 'x' behavior does not exist", CLASSIC['errors']),
    ({**NATIVE, 'status': 503, 'error': 'it stops'}, 503, 'it stops',
     [{'location': 'body', 'name': 'name', 'description': 'it stops'}]),
    (NATIVE, 409, 'the name is taken', [{'location': 'body', 'name': 'name', 'description': 'the name is taken'}]),
    (b'<html>\n  Not here', 404, '<html> Not here', []),
    (b'["x"]', 404, '["x"]', []),
    ({'errors': 'many'}, 400, '{"errors": "many"}', []),
    (None, 404, 'Not Found', []),
], ids=['classic', 'stopping', 'native', 'no JSON', 'other JSON', 'other errors', 'nothing'])
def test_a_refusal_is_a_value_error_in_the_words_of_the_server(server, client, body, status, text, errors):
    server.answers['PUT /behavior'] = Said(body, status)
    with pytest.raises(RefusedError) as caught:
        client.set_behavior('x')
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, VaurienError)
    assert (str(caught.value), caught.value.status, caught.value.errors) == (text, status, errors)


def test_a_server_that_has_failed_is_no_refusal(server, client):
    server.answers['GET /behaviors'] = Said(NATIVE, 500)
    with pytest.raises(VaurienError, match=f'^the vaurien at http://127.0.0.1:{server.server_port} has failed: 500 ') as caught:
        client.list_behaviors()
    assert not isinstance(caught.value, ValueError)


@pytest.mark.parametrize('body', [b'hello', {'other': 1}, [], None])
def test_another_server_is_told_from_a_vaurien(server, client, body):
    server.answers['GET /behaviors'] = Said(body)
    with pytest.raises(VaurienError, match=' is no vaurien: '):
        client.list_behaviors()


def test_no_server_is_one_clear_error():
    port = free_port()
    with pytest.raises(UnreachableError, match=f'^no vaurien answers at http://localhost:{port}: Connection refused$'):
        Client(port=port).get_behavior()


@pytest.mark.parametrize('host', ['no-such-host.invalid', 'a..b', 'x' * 300])
def test_a_host_that_does_not_exist_is_one_clear_error(host):
    with pytest.raises(UnreachableError, match=f'^no vaurien answers at http://{host}:8080: '):
        Client(host).get_behavior()


def test_a_server_that_does_not_answer_is_given_up():
    with Backend(sink) as backend, pytest.raises(UnreachableError, match='timed out'):
        Client('127.0.0.1', backend.port, timeout=50 * MS).get_behavior()


@pytest.mark.parametrize('answer', [b'', b'SSH-2.0-OpenSSH\r\n', b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}'],
                         ids=['nothing', 'another protocol', 'half an answer'])
def test_a_broken_answer_is_one_clear_error(answer):
    def handler(sock):
        sock.recv(65536)
        sock.sendall(answer)
    with Backend(handler) as backend, pytest.raises(UnreachableError, match='no vaurien answers'):
        Client('127.0.0.1', backend.port, timeout=PATIENCE).get_behavior()


def test_an_ipv6_address_has_its_brackets():
    port = free_port('::1')
    with pytest.raises(UnreachableError, match=rf'http://\[::1\]:{port}: '):
        Client('::1', port).get_behavior()


# -- the token

@pytest.mark.parametrize('token, environ, sent', [
    (None, 'of the environment', 'Bearer of the environment'), (None, None, None),
    ('given', 'of the environment', 'Bearer given'), ('', 'of the environment', None),
])
def test_the_token_goes_with_every_request(server, monkeypatch, token, environ, sent):
    monkeypatch.delenv('VAURIEN_HTTP_TOKEN', raising=False)
    if environ is not None:
        monkeypatch.setenv('VAURIEN_HTTP_TOKEN', environ)
    server.answers['GET /behaviors'] = Said({'behaviors': []})
    Client('127.0.0.1', server.server_port, token).list_behaviors()
    assert server.headers[0].get('Authorization') == sent


def test_a_server_that_is_down_is_not_taken_for_one_where_the_socket_is_connected_to_itself(monkeypatch):
    port, create = free_port(), socket.create_connection
    monkeypatch.setattr(socket, 'create_connection',
                        lambda address, timeout, source: create(address, timeout, ('127.0.0.1', port)))
    with pytest.raises(VaurienError, match=f'^no vaurien answers at http://127.0.0.1:{port}: Connection refused$'):
        Client('127.0.0.1', port).proxies()


@pytest.mark.parametrize('token', ['a\r\nHost: b', 'ü'])
def test_a_token_that_cannot_be_sent_is_refused_without_showing_it(token):
    with pytest.raises(ConfigError) as caught:
        Client(token=token)
    assert token not in str(caught.value)


# -- following

def events(*entries):
    """Write events as the server does: a dict is a fault, a text is sent as it is."""
    return Said(''.join(f'id: {e["id"]}\nevent: fault\ndata: {json.dumps(e)}\n\n' if isinstance(e, dict) else e
                        for e in entries).encode(), type='text/event-stream')


def test_faults_are_followed_until_the_server_ends(server, client):
    server.answers['GET /v1/events?since=2&proxy=p'] = events(': alive\n\n', FAULT, ': alive\n\n', {**FAULT, 'id': 4})
    stream = client.follow('p', 2)
    assert [next(stream).id, next(stream).id] == [3, 4]
    with pytest.raises(UnreachableError, match='it has ended'):
        next(stream)


def test_following_begins_with_the_next_fault_unless_told_otherwise(server, client):
    server.answers = {'GET /v1/faults?limit=1': Said({'last': 8}), 'GET /v1/events?since=8': events({**FAULT, 'id': 9})}
    assert next(client.follow()).id == 9


def test_a_follower_that_was_dropped_begins_again_where_it_was(server, client):
    server.answers = {'GET /v1/events?since=0': events(FAULT, 'event: dropped\ndata: {}\n\n'),
                      'GET /v1/events?since=3': events({**FAULT, 'id': 4})}
    stream = client.follow(since=0)
    assert [next(stream).id, next(stream).id] == [3, 4]


def test_a_refusal_to_be_followed_is_raised(client):
    with pytest.raises(RefusedError, match='no GET /v1/events'):
        next(client.follow(since=0))


@pytest.mark.parametrize('text, found', [
    (b'data: a\n\n', [('message', b'a')]),
    (b'data:a\r\ndata: b\r\n\r\n', [('message', b'a\nb')]),
    (b'event: x\ndata: a\n\ndata: b\n\n', [('x', b'a'), ('message', b'b')]),
    (b'event: x\n\ndata: b\n\n', [('message', b'b')]),
    (b': data: a\n\nid: 1\nretry: 2\nodd\n\n', []),
    (b'data: never ended\n', []),
])
def test_events_are_read_as_the_standard_says(text, found):
    assert list(read_events(text.splitlines(keepends=True))) == found


# -- what the package itself gives

def test_faults_and_sessions_have_the_fields_that_the_server_gives():
    assert Fault._fields == journal.Fault.__struct_fields__
    assert OpenSession._fields == Session.__struct_fields__



def test_the_package_gives_what_users_of_1_x_import():
    from vaurien import Client as exported
    from vaurien import start_proxy, stop_proxy
    with pytest.warns(DeprecationWarning, match=r'^vaurien\.util\.start_proxy is vaurien\.start_proxy now$'):
        from vaurien.util import start_proxy as start
    with pytest.warns(DeprecationWarning, match=r'^vaurien\.util\.stop_proxy is vaurien\.stop_proxy now$'):
        from vaurien.util import stop_proxy as stop
    assert (exported, start_proxy, stop_proxy) == (Client, start, stop)
    assert set(vaurien.__all__) <= set(dir(vaurien))
    assert {'start_proxy', 'stop_proxy'} <= set(dir(vaurien.util))
    with pytest.raises(ImportError, match='walking'):
        from vaurien.util import walking  # noqa: F401 - the import is the test


def test_the_package_says_what_it_does_not_have():
    with pytest.raises(AttributeError, match="module 'vaurien' has no attribute 'walking'"):
        vaurien.walking  # noqa: B018 - the access is the test
