"""HTTP/2 at the embedded backend, as httpx, a library of frames, and grpcio meet it."""
import hashlib
from concurrent.futures import ThreadPoolExecutor

import grpc
import httpx
import pytest

from tests.support.http2 import Client
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.protocols.http.h2.frames import REFUSED_STREAM
from vaurien.proxies.embedded.http2 import MAX_STREAMS


@pytest.fixture
def client(backend):
    with httpx.Client(base_url=f'http://{backend.address[0]}:{backend.address[1]}', http1=False, http2=True, trust_env=False,
                      timeout=PATIENCE) as found:
        yield found


@pytest.fixture
def channel(backend):
    with grpc.insecure_channel(f'{backend.address[0]}:{backend.address[1]}') as found:
        yield found


def test_pages_are_those_of_http_1(client):
    response = client.get('/')
    assert (response.http_version, response.status_code) == ('HTTP/2', 200)
    assert '<h1>It works</h1>' in response.text
    assert client.get('/nothing/here').status_code == 404
    assert client.get('/status/503').text == '503 Service Unavailable\n'


@pytest.mark.parametrize('method, path, status, length', [
    ('HEAD', '/bytes/100', 200, '100'), ('GET', '/status/204', 204, None), ('GET', '/status/304', 304, None)])
def test_a_response_that_has_no_body_has_none(client, method, path, status, length):
    response = client.request(method, path)
    assert (response.status_code, response.headers.get('content-length'), response.content) == (status, length, b'')


def test_fields_and_bodies_arrive(client):
    assert client.post('/echo', content=b'x' * 300_000).content == b'x' * 300_000
    assert client.post('/echo', content=b'x' * 2_000_000).status_code == 413
    found = client.get('/headers', headers={'X-Own': '1', 'Content-Type': 'a/b'}).json()
    assert (found['X-Own'], found['Content-Type'], found['Host']) == ('1', 'a/b', f'127.0.0.1:{client.base_url.port}')


def test_a_body_that_is_larger_than_all_windows_comes_as_it_is_taken(client):
    found = hashlib.sha256(client.get('/bytes/3000000').content).hexdigest()
    assert found == hashlib.sha256(b'vaurien\n' * 375_000).hexdigest()


def test_a_stream_that_nobody_reads_holds_no_other_up(client):
    with client.stream('GET', '/bytes/3000000') as held:
        assert held.status_code == 200
        assert client.get('/status/200').status_code == 200


def test_streams_of_events_are_those_of_http_1(client):
    assert client.get('/lines/2').text == '{"number": 1}\n{"number": 2}\n'


def test_a_completion_is_one_here_too(client):
    asked = {'model': 'm', 'messages': [{'role': 'user', 'content': 'hello'}]}
    assert client.post('/v1/chat/completions', json=asked).json()['choices'][0]['message']['content'] == 'You said: hello'


def test_requests_are_answered_at_once_and_in_any_order(backend):
    with Client(backend.address[1]) as raw:
        late = raw.ask('/delay/0.3')
        first = [raw.ask('/status/200') for _ in range(20)]
        for stream in first:
            raw.wait(stream)
        assert not raw.answers[late].over
        assert raw.wait(late)[0].over


def test_more_streams_than_are_allowed_at_once_wait_their_turn(client):
    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(lambda _: client.get('/delay/0.01').status_code, range(2 * MAX_STREAMS))) == {200}


def test_streams_that_are_opened_and_reset_without_end_are_refused_in_the_end(backend, client):
    with Client(backend.address[1]) as raw:
        for _ in range(2 * MAX_STREAMS):
            stream = raw.ask('/delay/30')
            if raw.answers[stream].code is None:
                raw.h2.reset_stream(stream)
                raw.flush()
        assert raw.wait(raw.ask('/status/200'))[0].code == REFUSED_STREAM
    assert client.get('/status/200').status_code == 200


# -- what cannot be followed

@pytest.mark.parametrize('data', [b'\0\0\1\1\4\0\0\0\1\xff', b'\0\0\0\x09\4\0\0\0\1'], ids=[
    'no header block', 'nothing to go on with'])
def test_what_cannot_be_followed_ends_the_connection_alone(backend, client, data):
    with backend.raw() as sock:
        sock.sendall(b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + data)
        received = b''
        while piece := sock.recv(65536):
            received += piece
    assert b'\7\0\0\0\0\0' in received, 'GOAWAY'
    assert client.get('/status/200').status_code == 200


def test_what_only_begins_like_a_preface_is_no_request(backend):
    with backend.raw() as sock:
        sock.sendall(b'PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n')
        sock.shutdown(1)
        received = b''
        while piece := sock.recv(65536):
            received += piece
    assert received.startswith(b'HTTP/1.1 4') or received == b''


# -- gRPC

def check(channel, service=b'', method='Check'):
    return channel.unary_unary(f'/grpc.health.v1.Health/{method}')(b'\x0a' + bytes((len(service),)) + service, timeout=PATIENCE)


@pytest.mark.parametrize('service', [b'', b'grpc.health.v1.Health'])
def test_the_health_check_says_that_all_is_well(channel, service):
    assert check(channel, service) == b'\x08\x01'
    assert channel.unary_unary('/grpc.health.v1.Health/Check')(b'', timeout=PATIENCE) == b'\x08\x01'


@pytest.mark.parametrize('service, method, code', [
    (b'shop', 'Check', grpc.StatusCode.NOT_FOUND), (b'', 'List', grpc.StatusCode.UNIMPLEMENTED),
    (b'x' * 128, 'Check', grpc.StatusCode.INVALID_ARGUMENT)])
def test_what_there_is_not_has_a_status_that_says_so(channel, service, method, code):
    with pytest.raises(grpc.RpcError) as caught:
        check(channel, service, method)
    assert caught.value.code() is code


def test_a_watch_stays_open_until_the_client_leaves(channel):
    call = channel.unary_stream('/grpc.health.v1.Health/Watch')(b'\x0a\x04shop', timeout=500 * MS)
    assert next(call) == b'\x08\x03'
    with pytest.raises(grpc.RpcError) as caught:
        next(call)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert check(channel) == b'\x08\x01'
