"""What one connection may take of time and memory, said on the wire."""
import contextlib
import socket
import time

import pytest
from gevent.event import Event

from tests.support.control_client import read_all, steering
from tests.support.hosting import eventually, spec_for
from tests.support.unit_of_time import MS, PATIENCE
from tests.unit.control.wire import head
from tests.unit.net.httpd.test_framing import DOUBTFUL
from vaurien.control import surface, turns
from vaurien.net import sockets
from vaurien.net.httpd import room
from vaurien.net.httpd import server as server_module
from vaurien.proxies.journal import KEPT

SPEC = spec_for('127.0.0.1:9')
CHUNKED = {'Transfer_Encoding': 'chunked'}


@pytest.fixture
def server():
    with steering(SPEC) as running:
        yield running
        assert running.get('/behavior') == {'behavior': 'dummy'}    # whatever happened, it lives


def answer_to(server, data):
    return server.send(data).partition(b'\r\n')[0]


@pytest.mark.parametrize('data', [b'rubbish\r\n\r\n', b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n',
                                  b'GET / HTTP/9.9\r\n\r\n', b'GET\r\n\r\n', b'PUT /behavior HTTP/x.y\r\n\r\n',
                                  b'GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n', b'GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n',
                                  b'GET / HTTP/1.1\r\n' + b'a: b\r\n' * 200 + b'\r\n'])
def test_what_is_no_request_is_answered_400(server, data):
    assert answer_to(server, data) == b'HTTP/1.1 400 Bad Request'


def test_a_long_request_line_is_refused(server):
    assert answer_to(server, b'GET /%b HTTP/1.1\r\n\r\n' % (b'a' * 100_000)).startswith(b'HTTP/1.1 414 ')


@pytest.mark.parametrize('many', [b'a: ' + b'b' * 40_000 + b'\r\n', b'a: %b\r\n' % (b'b' * 1000) * 50])
def test_large_header_fields_are_refused(server, many):
    assert answer_to(server, b'GET / HTTP/1.1\r\n' + many + b'\r\n').startswith(b'HTTP/1.1 431 ')


def test_a_body_that_is_too_large_is_answered_before_it_has_come(server):
    with server.connect() as sock:
        sock.sendall(head(server.port, 'PUT /behavior', Content_Length=str(10 ** 12)) + b'x' * 1000)
        assert sock.recv(65536).startswith(b'HTTP/1.1 413 ')


def test_a_chunked_body_is_bounded_too(server):
    data = head(server.port, 'PUT /behavior', **CHUNKED) + b'10000\r\n' + b' ' * 65536 + b'\r\n'
    data += (b'10000\r\n' + b' ' * 65536 + b'\r\n') * 16 + b'0\r\n\r\n'
    answer = server.send(data + head(server.port, 'GET /behavior', Connection='close'))
    assert answer.startswith(b'HTTP/1.1 413 ')
    assert answer.count(b'HTTP/1.1 200 OK') == 1    # what was refused was read to its end, and the connection goes on


def test_a_chunked_body_of_the_largest_size_is_read(server):
    body = b'{"name": "dummy"' + b' ' * (surface.MAX_BODY_BYTES - 17) + b'}'
    assert len(body) == surface.MAX_BODY_BYTES
    data = head(server.port, 'PUT /behavior', Connection='close', **CHUNKED) + b'%x\r\n%b\r\n0\r\n\r\n' % (len(body), body)
    assert answer_to(server, data) == b'HTTP/1.1 200 OK'
    assert server.ask('PUT', '/behavior', body).status == 200
    assert server.ask('PUT', '/behavior', body + b' ').status == 413


@pytest.mark.parametrize('chunks', [b'zz\r\n', b'-1\r\n', b'5\r\nabcdeXX', b'ffffffffffffffffff\r\n'])
def test_broken_chunks_are_refused(server, chunks):
    answer = answer_to(server, head(server.port, 'PUT /behavior', **CHUNKED) + chunks + b'\r\n\r\n')
    assert answer.startswith(b'HTTP/1.1 400 ')


@pytest.mark.parametrize('fields', DOUBTFUL.values(), ids=DOUBTFUL)
def test_no_request_is_smuggled_past_a_reader_that_understands_its_end_differently(server, fields):
    body = b'5\r\nGET /\r\n0\r\n\r\n' + head(server.port, 'GET /behavior', Connection='close')
    request = head(server.port, 'PUT /behavior')[:-2] + fields.encode('latin-1') + b'\r\n' + body
    answer = server.send(request)
    assert (answer[:13], answer.count(b'HTTP/1.1 ')) == (b'HTTP/1.1 400 ', 1)


def test_a_client_that_waits_for_100_continue_gets_it(server):
    with server.connect() as sock:
        sock.sendall(head(server.port, 'PUT /behavior', Expect='100-continue', Content_Length='17', Connection='close'))
        assert sock.recv(65536).startswith(b'HTTP/1.1 100 ')
        sock.sendall(b'{"name": "dummy"}')
        assert read_all(sock).startswith(b'HTTP/1.1 200 ')


def test_a_client_that_waits_with_too_much_is_refused_at_once(server, monkeypatch):
    monkeypatch.setattr(server_module, 'DISCARD_TIMEOUT', PATIENCE)
    data = head(server.port, 'PUT /behavior', Expect='100-continue', Content_Length=str(10 ** 9))
    begun = time.monotonic()
    assert answer_to(server, data).startswith(b'HTTP/1.1 413 ')
    assert time.monotonic() - begun < server_module.DISCARD_TIMEOUT


def test_a_body_that_drips_is_refused(server, monkeypatch):
    monkeypatch.setattr(surface, 'BODY_TIMEOUT', 100 * MS)
    monkeypatch.setattr(server_module, 'DISCARD_TIMEOUT', 10 * MS)
    with server.connect() as sock:
        sock.sendall(head(server.port, 'PUT /behavior', Content_Length='1000') + b'{')
        assert read_all(sock).startswith(b'HTTP/1.1 408 ')


def test_a_head_that_drips_is_cut_off(server, monkeypatch):
    monkeypatch.setattr(server_module, 'HEADER_TIMEOUT', 100 * MS)
    for begun in (b'GET', b'GET / HTTP/1.1\r\n', b'GET / HTTP/1.1\r\nHost'):
        with server.connect() as sock:
            sock.sendall(begun)
            for _ in range(20):
                time.sleep(10 * MS)
                try:
                    sock.sendall(b'x')
                except ConnectionError:
                    break
            assert read_all(sock) == b''


def test_a_connection_that_says_nothing_is_cut_off(server, monkeypatch):
    monkeypatch.setattr(server_module, 'IDLE_TIMEOUT', 100 * MS)
    with server.connect() as sock:
        assert read_all(sock) == b''


def test_where_there_are_too_many_connections_the_idle_one_goes(server, monkeypatch):
    monkeypatch.setattr(room, 'MAX_CONNECTIONS', 3)
    first, *rest = [server.connect() for _ in range(3)]
    try:
        first.sendall(b'GET / HT')
        eventually(lambda: len(server.server._server.room.idle) == 3)
        assert server.get('/behavior') == {'behavior': 'dummy'}
        assert read_all(first) == b''
        eventually(lambda: len(server.server._server.room.idle) == 2)
    finally:
        for sock in (first, *rest):
            sock.close()


def test_where_all_bodies_are_slow_health_answers(server, monkeypatch):
    monkeypatch.setattr(room, 'MAX_CONNECTIONS', 20)
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(server.connect()) for _ in range(20)]
        for count, sock in enumerate(socks, 1):
            sock.sendall(head(server.port, 'PUT /behavior', Content_Length='1000') + b'{')
            eventually(lambda count=count: len(server.server._server.room.slow) == count)
        assert server.ask('GET', '/health').status == 200
        assert read_all(socks[0]) == b''
        eventually(lambda: len(server.server._server.room.slow) == 19)


def test_responses_that_are_not_read_are_bounded_together(server, monkeypatch):
    monkeypatch.setattr(room, 'MAX_HELD_BYTES', 10 * 2 ** 20)
    taken, journal = server.server._server.room, server.fleet.journal
    server.host.call(lambda: [journal.add('default', 1, 1, 'error', '', 'x' * 256) for _ in range(KEPT)])
    whole = server.ask('GET', '/v1/faults?limit=10000').body
    with contextlib.ExitStack() as stack:
        socks = []
        for _ in range(6):
            sock = stack.enter_context(socket.socket())
            sock.settimeout(PATIENCE)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.connect(('127.0.0.1', server.port))
            sock.sendall(head(server.port, 'GET /v1/faults?limit=10000', Connection='close'))
            socks.append(sock)
            assert sock.recv(12) == b'HTTP/1.1 200'
        assert server.ask('GET', '/health').status == 200
        assert 0 < taken.held <= room.MAX_HELD_BYTES
        assert len(read_all(socks[0])) < len(whole)
        assert read_all(socks[-1]).endswith(whole)
    eventually(lambda: not taken.held)


def test_bodies_that_are_not_sent_to_their_end_are_bounded_together(server, monkeypatch):
    monkeypatch.setattr(room, 'MAX_HELD_BYTES', 200_000)
    taken = server.server._server.room
    with contextlib.ExitStack() as stack:
        def begin():
            sock = stack.enter_context(server.connect())
            sock.sendall(head(server.port, 'PUT /behavior', Content_Length='100000') + b' ' * 60_000)
            return sock
        first = begin()
        eventually(lambda: taken.slow and taken.held >= 60_000)
        server.get('/behavior')     # by then it waits for more, and is the one that has waited longest
        for _ in range(9):
            begin()
        assert read_all(first) == b''
        eventually(lambda: 60_000 < taken.held <= room.MAX_HELD_BYTES)
        assert server.get('/behavior') == {'behavior': 'dummy'}
    eventually(lambda: not taken.held)


def test_a_body_for_which_there_is_no_room_is_refused(server, monkeypatch):
    monkeypatch.setattr(room, 'MAX_HELD_BYTES', 10)
    answer = server.ask('PUT', '/behavior', {'name': 'dummy'})
    assert (answer.status, 'bytes are held already' in answer.json['errors'][0]['description']) == (503, True)


def test_health_waits_for_no_other_request(monkeypatch):
    monkeypatch.setattr(turns, 'MAX_UNDER_WAY', 1)
    with steering(SPEC) as running, running.connect() as slow, running.connect() as waiting:
        found, asked = running.host.call(Event), []

        def resolve(address):
            asked.append(address)
            found.wait()
        monkeypatch.setattr(sockets, 'resolve', resolve)
        body = b'{"name": "new", "proxy": "name.invalid:1", "backend": "127.0.0.1:9"}'
        slow.sendall(head(running.port, 'POST /v1/proxies', Content_Length=str(len(body))) + body)
        eventually(lambda: asked)
        waiting.sendall(head(running.port, 'GET /behavior', Connection='close'))
        assert running.ask('GET', '/health').status == 200
        waiting.settimeout(50 * MS)
        with pytest.raises(TimeoutError):
            waiting.recv(1)
        waiting.settimeout(PATIENCE)
        running.host.call(found.set)
        assert read_all(waiting).startswith(b'HTTP/1.1 200 ')


def test_each_of_a_burst_of_connections_is_answered(server, monkeypatch):
    """All are accepted in one turn of the loop: those that have not begun yet are no reason to refuse one."""
    monkeypatch.setattr(room, 'MAX_CONNECTIONS', 20)
    request = head(server.port, 'GET /behavior', Connection='close')

    def burst():    # the loop stands still meanwhile
        with server.host.trap.lifted():
            socks = [server.connect() for _ in range(60)]
            for sock in socks:
                sock.sendall(request)
        return socks
    with contextlib.ExitStack() as stack:
        for sock in map(stack.enter_context, server.host.call(burst)):
            assert read_all(sock).startswith(b'HTTP/1.1 200 OK\r\n')
    eventually(lambda: not server.server._server.room.seats)


def test_where_all_others_are_busy_a_client_is_told_so(server, monkeypatch):
    monkeypatch.setattr(room, 'MAX_CONNECTIONS', 2)
    finish = server.host.call(Event)

    def busy(environ, start_response):
        finish.wait()
        start_response('200 OK', [])
        return [b'done']
    monkeypatch.setattr(server.server._server, 'application', busy)
    request = head(server.port, 'GET /', Connection='close')

    def connect():  # what it asks has arrived before it is looked at
        with server.host.trap.lifted():
            sock = server.connect()
            sock.sendall(request)
        return sock
    first, second, third = [server.host.call(connect) for _ in range(3)]
    with first, second, third:
        assert read_all(third).startswith(b'HTTP/1.1 503 Service Unavailable\r\n')
        server.host.call(finish.set)
        assert read_all(first).endswith(b'done')
        assert read_all(second).endswith(b'done')
    monkeypatch.undo()


def test_a_client_that_leaves_before_its_answer_harms_nobody(server):
    for _ in range(20):
        with server.connect() as sock:
            sock.sendall(head(server.port, 'PUT /behavior', Content_Length='1000') + b'{"name"')
    for _ in range(20):
        with server.connect() as sock:
            sock.sendall(head(server.port, 'GET /v1/behaviors') * 50)


def test_stop_cuts_what_is_connected():
    with steering(SPEC) as running, running.connect() as sock:
        eventually(lambda: running.server._server.room.idle)
        running.close()
        assert read_all(sock) == b''
        with pytest.raises(ConnectionRefusedError):
            running.connect()


def test_what_a_request_keeps_of_the_loop_ends_with_its_connection(server, monkeypatch):
    """A circle of references may live longer than the loop; Python 3.13 lets it more often."""
    files, whole = [], server_module.Handler.get_environ

    def get_environ(handler):
        files.append(handler.rfile)
        return whole(handler)
    monkeypatch.setattr(server_module.Handler, 'get_environ', get_environ)
    server.send(head(server.port, 'GET /behavior', Connection='close'))
    eventually(lambda: files and all(file.closed for file in files))
