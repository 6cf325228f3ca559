"""Responses of the backend that are changed on their way, as real clients of HTTP/1 and HTTP/2 get them."""
import json
import subprocess
import time

import httpx
import pytest

from tests.support.http2 import Client, pattern
from tests.support.http_clients import CLIENTS, HTTP_1, by_curl, by_httpx_h2
from tests.support.peers import READ, Backend, read_exactly
from tests.support.proxied import between, entry
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.protocols.http.h2 import frames
from vaurien.protocols.http.h2.hpack import Decoder, encoded

DOCUMENT = {'items': [{'name': 'a', 'price': 3}, {'name': 'b', 'price': 4}], 'a/b': {'c~d': None}}
COOKIE = 'a=1; Path=/'


# -- edits

@pytest.mark.parametrize('client', CLIENTS)
def test_a_response_is_changed(proxied, client):
    changes = entry('edit', status=206, header=['X-A: new', 'Content-Type: text/x-json'], add='Set-Cookie: ' + COOKIE,
                    remove=['server', 'x-gone'], json=['/items/1/price=-1', '/items/-={"name": "c"}', '/a~1b/c~0d=text'])
    with proxied(client, changes) as proxy:
        got = CLIENTS[client](proxy.port, '/echo', json.dumps(DOCUMENT), {'content-type': 'application/json'})
        wanted = json.loads(json.dumps(DOCUMENT))
        wanted['items'][1]['price'] = -1
        wanted['items'].append({'name': 'c'})
        wanted['a/b']['c~d'] = 'text'
        assert (got.status, json.loads(got.body)) == (206, wanted)
        assert (got.one('x-a'), got.one('content-type'), got.all('set-cookie')) == ('new', 'text/x-json', [COOKIE])
        assert got.all('server') == []
        if client in HTTP_1:
            assert got.one('content-length') == str(len(got.body))
        assert len(CLIENTS[client](proxy.port, '/bytes/100000').body) == 100000
        assert [fault.kind for fault in proxy.faults] == ['edited'] * 2


@pytest.mark.parametrize('client, size', [*((client, 50000) for client in CLIENTS), ('httpx', 40), ('httpx', 3000000),
                                          ('httpx-h2', 40), ('httpx-h2', 3000000)])
def test_a_body_is_cut_and_its_length_is_right(proxied, client, size):
    with proxied(client, entry('edit', keep=33)) as proxy:
        got = CLIENTS[client](proxy.port, f'/bytes/{size}')
        assert len(got.body) == 33
        if client in HTTP_1:
            assert got.one('content-length') == '33'
        assert len(CLIENTS[client](proxy.port, '/bytes/20').body) == 20


@pytest.mark.parametrize('size', [5000, 3000000])
def test_a_body_is_short_of_its_length(daemon, size):
    with between(daemon, f'short-{size}', 'embedded', 'http', [entry('edit', keep=40, short=True)]) as proxy:
        with pytest.raises(subprocess.CalledProcessError) as raised:
            by_curl(proxy.port, f'/bytes/{size}')
        assert raised.value.returncode == 18
        assert f'content-length: {size}'.encode() in raised.value.stdout.lower()
        assert len(raised.value.stdout.partition(b'\r\n\r\n')[2]) == 40


def chunked(sock):
    while sock.recv(READ):      # the headers of a request, which come at once
        sock.sendall(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: old\r\n\r\n')
        for piece in (b'{"a": ', b'1, "b": [', b'2]}'):
            sock.sendall(b'%x\r\n%b\r\n' % (len(piece), piece))
        sock.sendall(b'0\r\n\r\n')


@pytest.mark.parametrize('told, body', [({'json': '/b/0=7'}, b'{"a":1,"b":[7]}'), ({'keep': 8}, b'{"a": 1,'),
                                        ({'status': 201}, b'{"a": 1, "b": [2]}')], ids=['json', 'keep', 'status'])
def test_chunks_are_changed(daemon, told, body):
    mix = [entry('edit', **told)]
    with Backend(chunked) as backend, between(daemon, f'chunks-{"".join(told)}', backend, 'http', mix) as proxy:
        for client in HTTP_1.values():
            got = client(proxy.port, '/')
            assert (got.status, got.body, got.one('x-a')) == (told.get('status', 200), body, 'old')
            assert got.all('content-length') == ([] if 'status' in told else [str(len(body))])


@pytest.mark.parametrize('client', ['httpx', 'httpx-h2'])
@pytest.mark.parametrize('body', ['no json', '{"a": 1}', '[' * 40000], ids=['text', 'elsewhere', 'deep'])
def test_a_body_without_such_a_place_stays_as_it_is(proxied, client, body):
    with proxied(client, entry('edit', json='/items/0=1', header='x-b: 1')) as proxy:
        got = CLIENTS[client](proxy.port, '/echo', body)
        assert (got.status, got.body.decode(), got.one('x-b')) == (200, body, '1')


def test_larger_responses_of_streams_pass_as_they_are(daemon, streams):
    with between(daemon, 'larger-streams', streams, 'http', [entry('edit', json='/a=1')]) as proxy:
        for size in (65535, 65536, 200000, 5000000):
            assert by_httpx_h2(proxy.port, f'/bytes/{size}').body == pattern(size)


# -- piece by piece

@pytest.mark.parametrize('client', CLIENTS)
def test_a_response_comes_piece_by_piece(proxied, client):
    with proxied(client, entry('dribble', pieces=7, seconds=200 * MS)) as proxy:
        begun = time.monotonic()
        got = CLIENTS[client](proxy.port, '/echo', 'piece by piece' * 1000)
        assert time.monotonic() - begun >= 200 * MS
        assert got.body == b'piece by piece' * 1000
        assert len(proxy.faults) == 1


@pytest.mark.parametrize('http2', [False, True])
def test_pieces_are_alike_and_come_apart_from_each_other(daemon, streams, http2):
    mix = [entry('dribble', pieces=4, seconds=400 * MS)]
    with between(daemon, f'pieces-{http2}', streams if http2 else 'embedded', 'http', mix) as proxy, \
            httpx.Client(http1=not http2, http2=http2, timeout=PATIENCE) as client:
        begun, came = time.monotonic(), []
        with client.stream('GET', f'http://127.0.0.1:{proxy.port}/bytes/1001') as found:
            for piece in found.iter_raw():
                came.append((len(piece), time.monotonic() - begun))
        assert [size for size, _ in came] == [250, 250, 250, 251]
        assert [at >= 100 * MS * number for number, (_, at) in enumerate(came, 1)] == [True] * 4
        for size in (0, 1, 3, 70000, 3000000):
            assert len(client.get(f'http://127.0.0.1:{proxy.port}/bytes/{size}').content) == size


HELD = 'GET /bytes/40000'


def bodiless(sock):
    """Answer a request with headers that end the stream, one with trailers, and one with a reset."""
    sock.sendall(frames.settings())
    cut, decoder = frames.Frames(), Decoder()
    read_exactly(sock, len(frames.PREFACE))
    while data := sock.recv(READ):
        for kind, _, number, at, end in cut.cut(data):
            if kind == frames.HEADERS:
                path = dict(field[:2] for field in decoder.decode(frames.block(cut.data, at, end)[1]))[b':path']
                status, end_stream = (b'204', frames.END_STREAM) if path == b'/204' else (b'200', 0)
                sock.sendall(frames.headers(number, encoded([(b':status', status, False)]), end_stream))
                if path == b'/trailers':
                    sock.sendall(frames.frame(frames.DATA, 0, number, b'{"a": 1}') +
                                 frames.headers(number, encoded([(b'x-t', b'1', False)]), frames.END_STREAM))
                elif path == b'/reset':
                    sock.sendall(frames.frame(frames.DATA, 0, number, b'{"a": ') + frames.reset(number, frames.CANCEL))


@pytest.mark.parametrize('mix', [entry('edit', json='/a=7'), entry('edit', keep=99), entry('dribble', seconds=20 * MS)],
                         ids=['json', 'keep', 'dribble'])
def test_streams_that_end_otherwise_end_once(daemon, mix):
    with Backend(bodiless) as backend, between(daemon, f'ends-{"".join(mix["settings"])}', backend, 'http', [mix]) as proxy, \
            Client(proxy.port) as client:
        for _ in range(3):
            assert (client.get('/204').status, client.get('/204').body) == (204, b'')
            found = client.get('/trailers')
            assert (found.body, found.code) == (b'{"a":7}' if 'json' in mix['settings'] else b'{"a": 1}', None)
            assert client.get('/reset').code == 2


@pytest.mark.parametrize('mix', [entry('edit', json='/a=7', match=HELD), entry('dribble', seconds=PATIENCE * 100, match=HELD)],
                         ids=['json', 'dribble'])
def test_streams_that_are_given_up_while_they_are_held_leave_the_window_whole(daemon, streams, mix):
    with between(daemon, f'given-up-{mix["name"]}', streams, 'http', [mix]) as proxy, Client(proxy.port) as client:
        for _ in range(30):
            stream = client.ask('/bytes/40000')
            client.get('/bytes/1')
            if not client.answers[stream].over:
                client.h2.reset_stream(stream)
                client.flush()
        assert client.get('/bytes/500000').body == pattern(500000)


def test_a_hundred_changed_streams_at_once_are_right_and_so_are_those_between(daemon, streams):
    with between(daemon, 'changed-at-once', streams, 'http', [entry('edit', json='/0=1', match='/bytes/2')]) as proxy, \
            Client(proxy.port) as client:
        for _ in range(3):
            sizes = [number * 97 if number % 2 else 20000 + number * 37 for number in range(100)]
            found = client.wait(*[client.ask(f'/bytes/{size}') for size in sizes])
            assert [answer.body == pattern(size) for answer, size in zip(found, sizes, strict=True)] == [True] * 100
