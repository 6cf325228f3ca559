"""The pages of the embedded backend as a client sees them."""
import contextlib
import gc
import http.client
import json
import logging
import socket
import struct
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.unit_of_time import MS, PATIENCE
from vaurien.net.httpd.handler import QuietHandler
from vaurien.proxies.embedded.pages import MAX_BODY_BYTES, MAX_DELAY, MAX_ECHO_BYTES
from vaurien.proxies.embedded.server import Embedded

from .conftest import Running


def ask(connection: http.client.HTTPConnection, path: str, method: str = 'GET', **more: object) -> tuple[int, bytes]:
    connection.request(method, path, **more)  # type: ignore[arg-type]
    response = connection.getresponse()
    return response.status, response.read()


def test_body_does_not_wait_until_the_client_has_acknowledged_the_head(connection: http.client.HTTPConnection) -> None:
    # the class is asked of its type: what only stands for an object that has gone would raise. A handler whose connection has
    # ended has no socket, and may have had the same address before
    ask(connection, '/')
    ours = [found for found in gc.get_objects() if issubclass(type(found), QuietHandler)
            and getattr(found, 'client_address', None) == connection.sock.getsockname()]
    assert [found.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for found in ours
            if getattr(found, 'socket', None) is not None] == [1]


def test_page_says_what_there_is(connection: http.client.HTTPConnection) -> None:
    status, page = ask(connection, '/')

    assert status == 200
    for name in (b'vaurien', b'/status/N', b'/bytes/N', b'/delay/S', b'/headers', b'/echo', str(MAX_BODY_BYTES).encode()):
        assert name in page


@pytest.mark.parametrize('number', [200, 201, 299, 301, 404, 418, 429, 500, 503, 599])
def test_status_is_the_one_asked_for(connection: http.client.HTTPConnection, number: int) -> None:
    status, body = ask(connection, f'/status/{number}')

    assert status == number
    assert body.startswith(f'{number} '.encode())


@pytest.mark.parametrize('number', [204, 205, 304])
def test_status_that_has_no_body_gets_none(connection: http.client.HTTPConnection, number: int) -> None:
    assert ask(connection, f'/status/{number}') == (number, b'')
    assert ask(connection, '/status/200') == (200, b'200 OK\n')     # on the same connection


@pytest.mark.parametrize('count', [0, 1, 65535, 65536, 65537, 1_000_000])
def test_as_many_bytes_come_as_were_asked_for(connection: http.client.HTTPConnection, count: int) -> None:
    connection.request('GET', f'/bytes/{count}')
    response = connection.getresponse()

    assert response.headers['Content-Length'] == str(count)
    body = response.read()
    assert len(body) == count
    assert body == (b'vaurien\n' * (count // 8 + 1))[:count]


def test_most_bytes_are_streamed(connection: http.client.HTTPConnection) -> None:
    connection.request('GET', f'/bytes/{MAX_BODY_BYTES}')
    response = connection.getresponse()

    assert response.headers['Content-Length'] == str(MAX_BODY_BYTES)
    assert response.read(100) == (b'vaurien\n' * 13)[:100]


def test_answer_is_late_by_the_delay(connection: http.client.HTTPConnection) -> None:
    begin = time.monotonic()
    status, body = ask(connection, f'/delay/{50 * MS}')

    assert status == 200
    assert body.startswith(b'after ')
    assert time.monotonic() - begin >= 50 * MS


def test_delay_holds_nobody_else_back(backend: Running) -> None:
    slow, quick = backend.connection(), backend.connection()
    slow.request('GET', f'/delay/{MAX_DELAY}')

    assert ask(quick, '/status/200')[0] == 200
    slow.close()
    quick.close()


def test_headers_are_those_that_arrived(connection: http.client.HTTPConnection) -> None:
    _, body = ask(connection, '/headers', headers={'X-One': 'a, b', 'Host': 'h', 'Content-Type': 'x/y'}, body=b'abc',
                  method='POST')

    assert json.loads(body) == {'Host': 'h', 'X-One': 'a, b', 'Content-Type': 'x/y', 'Content-Length': '3',
                                'Accept-Encoding': 'identity'}


@pytest.mark.parametrize('body', [b'', b'\0\xff\r\n\r\n', b'x' * MAX_ECHO_BYTES])
def test_body_comes_back(connection: http.client.HTTPConnection, body: bytes) -> None:
    assert ask(connection, '/echo', 'PUT', body=body) == (200, body)


def test_chunked_body_comes_back(connection: http.client.HTTPConnection) -> None:
    assert ask(connection, '/echo', 'POST', body=iter([b'one', b'two'])) == (200, b'onetwo')


@pytest.mark.parametrize('path, status', [('/echo', 413), ('/status/201', 201)])
def test_large_body_is_read_and_dropped(connection: http.client.HTTPConnection, path: str, status: int) -> None:
    assert ask(connection, path, 'POST', body=b'x' * (3 * MAX_ECHO_BYTES))[0] == status
    assert ask(connection, '/status/200')[0] == 200     # on the same connection


def test_client_that_waits_is_told_to_go_on(backend: Running) -> None:
    with backend.raw() as sock:
        sock.sendall(b'PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n')
        assert sock.recv(100) == b'HTTP/1.1 100 Continue\r\n\r\n'
        sock.sendall(b'abc')
        assert sock.recv(1000).startswith(b'HTTP/1.1 200 OK\r\n')


@pytest.mark.parametrize('path, words', [
    ('/status/99', 'from 200 to 599'), ('/status/600', 'from 200 to 599'), ('/status/abc', 'an integer'),
    ('/status/', "''"), ('/status', "''"), ('/status/200/1', "'200/1'"), ('/status/2.5', 'an integer'),
    ('/bytes/-1', 'from 0 to'), (f'/bytes/{MAX_BODY_BYTES + 1}', f'to {MAX_BODY_BYTES}'),
    ('/bytes/' + '9' * 5000, f'to {MAX_BODY_BYTES}'),
    ('/bytes/1e3', 'an integer'), ('/delay/-1', 'from 0 to 60'), ('/delay/61', 'from 0 to 60'),
    ('/delay/nan', 'from 0 to 60'), ('/delay/inf', 'from 0 to 60'), ('/delay/%00%ff', 'from 0 to 60'),
    ('/delay/a%0D%0Ab', 'a number'),
])
def test_wrong_number_is_refused_with_one_clear_line(
        connection: http.client.HTTPConnection, path: str, words: str) -> None:
    status, body = ask(connection, path)

    assert status == 400
    assert body.startswith(f'/{path.split("/")[1]}/'.encode())
    assert words in body.decode()
    assert body.count(b'\n') == 1
    assert body.endswith(b'\n')


@pytest.mark.parametrize('path', ['/nothing', '/headers/', '/echo/1', '//', '/Status/200', '*', 'http://a/', '/%ff'])
def test_anything_else_is_not_found(connection: http.client.HTTPConnection, path: str) -> None:
    status, body = ask(connection, path)

    assert status == 404
    assert body.count(b'\n') == 1


@pytest.mark.parametrize('path', ['/', '/status/503', '/status/204', '/bytes/100000', '/headers', '/echo', '/nothing',
                                  '/bytes/x'])
def test_head_is_the_head_of_the_answer(connection: http.client.HTTPConnection, path: str) -> None:
    def head(method: str) -> tuple[int, dict[str, str]]:
        connection.request(method, path)
        response = connection.getresponse()
        body = response.read()
        if method == 'HEAD':
            assert body == b''
        return response.status, {name: value for name, value in response.headers.items() if name != 'Date'}

    assert head('HEAD') == head('GET')


#: what a client may do to a backend, and whether it says goodbye
RUBBISH = {
    'zeros': b'\0' * 100,
    'an endless line': b'x' * 100_000,
    'no request line': b'\r\n\r\n',
    'no version': b'GET /\r\n\r\n',
    'a strange version': b'GET / HTTP/x.y\r\n\r\n',
    'a strange path': b'GET /%zz%00/../ HTTP/1.1\r\n\r\n',
    'half a head': b'GET / HTTP/1.1\r\nHo',
    'many fields': b'GET / HTTP/1.1\r\n' + b'a: b\r\n' * 5000 + b'\r\n',
    'a long field': b'GET / HTTP/1.1\r\nA: ' + b'b' * 100_000,
    'no colon': b'GET / HTTP/1.1\r\nabc\r\n def\r\n\r\n',
    'half a body': b'POST /echo HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc',
    'a strange length': b'POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n',
    'a negative length': b'POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n',
    'bad chunks': b'POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n',
    'half a chunk': b'POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nab',
    'not to read the answer': b'GET /bytes/100000000 HTTP/1.1\r\n\r\n',
    'not to wait for the answer': b'GET /delay/0.01 HTTP/1.1\r\n\r\n',
    'TLS': b'\x16\x03\x01\x02\x00\x01\x00',
    'an upgrade': b'GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
}


def send_and_leave(backend: Running, data: bytes, reset: bool) -> None:
    with backend.raw() as sock, contextlib.suppress(OSError):   # the backend may hang up first
        sock.sendall(data)
        if reset:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            return
        sock.shutdown(socket.SHUT_WR)
        while not data.startswith(b'GET /bytes') and sock.recv(65536):
            pass


@pytest.mark.parametrize('reset', [False, True], ids=['end', 'reset'])
@pytest.mark.parametrize('data', RUBBISH.values(), ids=RUBBISH)
def test_rubbish_is_the_client_s_own_affair(
        backend: Running, data: bytes, reset: bool, caplog: pytest.LogCaptureFixture,
        capfd: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.DEBUG)
    send_and_leave(backend, data, reset)
    connection = backend.connection()

    assert ask(connection, '/status/200')[0] == 200
    connection.close()
    assert [record for record in caplog.records if record.levelno > logging.DEBUG] == []
    assert all(len(record.getMessage()) < 500 for record in caplog.records)
    assert capfd.readouterr() == ('', '')


LINES = (
    b'GET / HTTP/1.1\r\n', b'POST /echo HTTP/1.1\r\n', b'HEAD /bytes/9 HTTP/1.0\r\n', b'GET /status/0 HTTP/9.9\r\n',
    b'Host: a\r\n', b'Content-Length: 3\r\n', b'Content-Length: -5\r\n', b'Transfer-Encoding: chunked\r\n',
    b'Expect: 100-continue\r\n', b'Connection: close\r\n', b'\r\n', b'abc', b'3\r\nabc\r\n0\r\n\r\n', b'\n', b'\0', b' ',
    b':', b'\xff\xfe')


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(LINES), max_size=8).map(b''.join))
def test_any_bytes_leave_it_alive_and_quiet(backend: Running, capfd: pytest.CaptureFixture[str], data: bytes) -> None:
    send_and_leave(backend, data, False)
    connection = backend.connection()

    assert ask(connection, '/status/200')[0] == 200
    connection.close()
    assert capfd.readouterr() == ('', '')


def test_start_and_stop_come_in_pairs_and_may_come_twice() -> None:
    embedded = Embedded()
    embedded.stop()
    with pytest.raises(RuntimeError, match='not been started'):
        _ = embedded.address

    embedded.start()
    address = embedded.address
    assert address.host == '127.0.0.1'
    embedded.start()
    assert embedded.address == address
    embedded.stop()
    embedded.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(tuple(address), PATIENCE)
    embedded.start()
    embedded.stop()


def test_stop_cuts_what_is_connected_at_once() -> None:
    running = Running()
    idle, waiting = running.raw(), running.raw()
    waiting.sendall(f'GET /delay/{MAX_DELAY} HTTP/1.1\r\nHost: a\r\n\r\n'.encode())
    other = running.connection()
    assert ask(other, '/status/200')[0] == 200      # the others have arrived by now

    running.stop()      # waits for PATIENCE at most, which is far less than MAX_DELAY
    assert idle.recv(1) == b''
    assert waiting.recv(1) == b''
    for sock in (idle, waiting, other):
        sock.close()
