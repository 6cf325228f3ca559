"""What a hostile client, backend or web page could do, and what comes of it: the promises of ``docs/security.rst``."""
import ast
import contextlib
import hmac
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.control_client import steering
from tests.support.daemon import ROOT, daemon
from tests.support.hosting import Child, child, eventually, hosted, spec_for
from tests.support.peers import Backend, connect, read_exactly, read_to_end, send_on, sink
from tests.support.unit_of_time import MS
from tests.unit.control.wire import head
from vaurien.proxies.journal import KEPT, NAMED
from vaurien.spec import BehaviorSpec

MB = 1024 * 1024        #: [bytes]
BOUND = 24 * MB         #: more memory than before that a process may have under one hostile peer; each sends several times that
#: by protocol: the beginning of a message that never ends, and what it goes on with
ENDLESS = {
    'http': (b'GET /', b'a'), 'redis': (b'', b'GET '), 'memcache': (b'get ', b'k'), 'smtp': (b'', b'EHLO '),
    'mysql': (b'', b'\xff'), 'postgres': (b'', b'\xff'), 'tcp': (b'', b'x'),
}
#: likewise: a message that says how large it is, as large as can be
LARGE = {
    'http': b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999\r\n\r\n',
    'redis': b'*2\r\n$3\r\nSET\r\n$536870912\r\n', 'memcache': b'set key 0 0 1073741824\r\n',
    'smtp': b'EHLO x\r\nBDAT 999999999999\r\n',
    'postgres': b'Q\x7f\xff\xff\xff',
}
LONG = b'a' * 4_000     #: a name that is nearly as long as names are kept
PACKAGE = ROOT / 'vaurien'


@contextlib.contextmanager
def bounded(proxy: Child, bound: int = BOUND) -> Iterator[None]:
    """Let something happen that must not fill the memory."""
    with connect(proxy.port) as warm:
        warm.sendall(b'x' * 100_000)    # what the first session takes is no growth
    before = proxy.state()['peak']
    yield
    assert proxy.state()['peak'] - before < bound


# -- memory

@pytest.mark.parametrize('protocol', ENDLESS)
def test_a_head_without_end_fills_no_memory(protocol):
    first, more = ENDLESS[protocol]
    with Backend(sink) as backend, child(spec_for(backend, protocol=protocol)) as proxy, bounded(proxy):
        with connect(proxy.port) as client, contextlib.suppress(ConnectionError):
            client.sendall(first)
            for _ in range(100):
                client.sendall(more * (MB // len(more)))
        eventually(lambda: proxy.state()['sessions'] == 0, 'the end of the session')


@pytest.mark.parametrize('protocol', LARGE)
def test_a_message_of_any_size_fills_no_memory(protocol):
    with Backend(sink) as backend, child(spec_for(backend, protocol=protocol)) as proxy, bounded(proxy):
        with connect(proxy.port) as client:
            client.sendall(LARGE[protocol])
            for _ in range(100):
                client.sendall(b'x' * MB)
        eventually(lambda: proxy.state()['sessions'] == 0, 'the end of the session')


#: by protocol: what is said once, and what is asked again and again; each has a name as long as can be
PIPELINES = {
    'http': (b'', b'GET /%b HTTP/1.1\r\nHost: x\r\n\r\n' % LONG), 'redis': (b'', b'*2\r\n$3\r\nGET\r\n$4000\r\n%b\r\n' % LONG),
    'memcache': (b'', b'get %b\r\n' % LONG[:250]), 'smtp': (b'', b'RCPT TO:<%b>\r\n' % LONG),
    'postgres': (b'\0\0\0\x10\0\3\0\0user\0x\0\0', b'Q\0\0\x0f\xa5%b\0' % LONG),
}


@pytest.mark.parametrize('protocol', PIPELINES)
def test_a_pipeline_without_end_to_a_backend_that_never_answers_fills_no_memory(protocol):
    first, asked = PIPELINES[protocol]
    with Backend(sink) as backend, child(spec_for(backend, protocol=protocol)) as proxy, bounded(proxy, 2 * BOUND):
        with connect(proxy.port) as client:
            client.sendall(first)
            for _ in range(100 * MB // len(asked * 20)):
                client.sendall(asked * 20)
        eventually(lambda: proxy.state()['sessions'] == 0, 'the end of the session')


@pytest.mark.parametrize('mix', ['', 'error', 'delay'])
def test_a_client_that_asks_and_never_reads_is_held_back(mix):
    asked = b'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
    answer = b'HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n' + b'x' * 100_000

    def serve(sock: socket.socket) -> None:
        while data := sock.recv(10_000):
            for _ in range(data.count(b'\r\n\r\n')):
                sock.sendall(answer)
    with Backend(serve) as backend:
        spec = spec_for(backend, mix, protocol='http', settings={'delay': {'sleep': 0.0}, 'error': {'kind': '503'}})
        with child(spec) as proxy, bounded(proxy), connect(proxy.port) as client:
            client.settimeout(200 * MS)
            with pytest.raises(TimeoutError):
                send_on(client, asked * 100)


def test_a_head_that_comes_byte_by_byte_costs_no_more_than_its_bytes():
    """What is held is looked at again with each byte, and bounded: that may cost some of what a byte costs anyway."""
    count, costs = 20_000, {}
    for protocol in ('tcp', 'http'):
        with Backend(sink) as backend, child(spec_for(backend, protocol=protocol)) as proxy, connect(proxy.port) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.sendall(b'GET /')
            before = proxy.state()['cpu']
            for _ in range(count):
                client.sendall(b'a')
            costs[protocol] = proxy.state()['cpu'] - before
    assert costs['http'] < 5 * costs['tcp'] + 0.2


# -- names

def test_the_journal_keeps_only_the_beginning_of_a_name_and_only_so_many(echo_server):
    name = b'/' + b'\xff' * 60_000
    with hosted(spec_for(echo_server, protocol='http', mix=(BehaviorSpec(name='delay', settings={'sleep': 0.0}),))) as host:
        with connect(host.port) as client:
            client.sendall(b'GET ' + name + b' HTTP/1.1\r\nHost: x\r\n\r\n')
            fault = eventually(lambda: list(host.fleet.journal.since()), 'the fault')[0]
        assert len(fault.request) == NAMED
        assert fault.request.startswith('GET /')
        assert host.fleet.journal._faults.maxlen == KEPT


# -- smuggling: the framer's doubts are shown in ``tests.unit.protocols.http.test_doubts``

DOUBTFUL = {
    'two lengths': b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n',
    'length and chunks': b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
    'chunks of an unknown kind': b'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n',
    'a blank before the colon': b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\n',
    'a sign': b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\n',
}


@pytest.mark.parametrize('case', DOUBTFUL)
def test_what_two_readers_could_read_differently_reaches_the_backend_to_the_byte_and_is_not_drawn_for(case):
    data = DOUBTFUL[case] + b'0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
    received = bytearray()
    over = threading.Event()

    def keep(sock: socket.socket) -> None:
        received.extend(read_to_end(sock))
        over.set()
    mix = (BehaviorSpec(name='error', settings={'match': 'smuggled'}),)
    with Backend(keep) as backend, hosted(spec_for(backend, mix, protocol='http')) as host:
        with connect(host.port) as client:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            assert read_to_end(client) == b''
        assert over.wait()
        assert bytes(received) == data
        assert not host.proxy.stats.faults


# -- the log

FORGED = b'\r\n2026-01-01 00:00:00,000 ERROR vaurien: forged\r\n\x1b[2J\xe2\x80\xae'
LINE = re.compile(r'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (DEBUG|INFO|WARNING|ERROR) [\w.]+: [\x20-\x7e]*|  \| [\x20-\x7e]*')


@pytest.mark.parametrize('protocol', ENDLESS)
def test_nothing_that_a_peer_sends_makes_a_line_of_the_log(protocol):
    with Backend(lambda sock: sock.sendall(FORGED * 10)) as backend, daemon(
            '--backend', backend.address, '--protocol', protocol, '--log-level', 'debug', '--http', '--http-port', '0',
            '--behavior', '50:error', '--grace', '0') as vaurien:
        for sent in (FORGED, b'GET /%b HTTP/1.1\r\n\r\n' % FORGED, b'*1\r\n$99\r\n' + FORGED):
            for port in (vaurien.port, int(vaurien.control.rpartition(':')[2])):
                with connect(port) as client, contextlib.suppress(ConnectionError):
                    client.sendall(sent)
                    client.shutdown(socket.SHUT_WR)
                    read_to_end(client)
        assert vaurien.stop() == 0
        assert [line for line in vaurien.log.splitlines() if not LINE.fullmatch(line)] == []
        assert not re.search(r'^[\d ,:-]+ERROR vaurien: forged', vaurien.log, re.MULTILINE)


# -- steering: hosts, origins and tokens are shown in ``tests.unit.control.test_guard``

def test_tokens_are_compared_in_constant_time_and_are_not_logged(monkeypatch, caplog, echo_server):
    compared = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other
    monkeypatch.setattr(hmac, 'compare_digest', compare)
    with caplog.at_level('DEBUG'), steering(spec_for(echo_server), token='secret-token') as server:
        assert server.ask('GET', '/v1/version', headers={'Authorization': 'Bearer wrong-token'}).status == 401
        assert server.ask('GET', '/v1/version', headers={'Authorization': 'Bearer secret-token'}).status == 200
    assert len(compared) == 2
    assert 'token' not in caplog.text.replace('http_token', '')


@pytest.mark.parametrize('method, path', [('PUT', '/behavior'), ('POST', '/v1/proxies'), ('POST', '/v1/reset'),
                                          ('GET', '/v1/events'), ('GET', '/v1/proxies'), ('DELETE', '/v1/proxies/default')])
def test_a_web_page_can_neither_steer_nor_read(echo_server, method, path):
    with steering(spec_for(echo_server)) as server:
        for field in ({'Origin': 'http://evil.example'}, {'Host': 'evil.example'}, {'Origin': 'null'}):
            with server.connect() as sock:
                fields = {'Connection': 'close', **field}
                sock.sendall(head(server.port, f'{method} {path}', **fields))
                assert read_exactly(sock, 13).startswith(b'HTTP/1.1 403')
        assert 'access-control-allow-origin' not in server.ask('GET', '/v1/proxies').headers
        assert list(server.fleet.proxies) == ['default']


# -- paths

def test_a_file_that_is_no_socket_is_never_removed(echo_server, tmp_path):
    path = tmp_path / 'precious'
    path.write_text('precious')
    with steering(spec_for(echo_server)) as server:
        answer = server.ask('POST', '/v1/proxies', {'name': 'new', 'proxy': f'unix:{path}', 'backend': echo_server.address})
        assert answer.status == 409
        assert server.ask('PATCH', '/v1/proxies/default', {'proxy': f'unix:{path}'}).status == 409
    assert path.read_text() == 'precious'


@pytest.mark.parametrize('path', ['/../../etc/passwd', '/v1/../../etc/passwd', '/v1/proxies/..%2f..%2fetc', '//etc/passwd',
                                  '/v1/proxies/%00', '/static/../vaurien/cli.py'])
def test_no_path_of_a_request_is_a_path_of_a_file(echo_server, path):
    with steering(spec_for(echo_server)) as server:
        assert server.send(head(server.port, f'GET {path}', Connection='close')).split()[1] in (b'400', b'404')


# -- what is not done at all

#: modules that unpack, run or look up what somebody else has sent
NEVER = {'zlib', 'gzip', 'bz2', 'lzma', 'zipfile', 'tarfile', 'pickle', 'shelve', 'marshal', 'ctypes', 'xml', 'urllib.request',
         'subprocess'}
#: by folder: which of them do what the user has asked for; nothing that a peer sends gets there
NEEDED = {'testing': {'subprocess'}, 'run/keeper': {'subprocess', 'ctypes'}, 'run/intercepting': {'subprocess'},
          '.': {'ctypes'},     # alarm.py: a timer of the system's own
          'protocols/http/ws': {'zlib'}}    # the beginnings of messages, as many bytes as a name has


@pytest.mark.parametrize('path', sorted(PACKAGE.rglob('*.py')), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_is_unpacked_and_no_bytes_are_run(path: Path):
    tree = ast.parse(path.read_text(encoding='utf-8'))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module and not node.level}
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not imported & NEVER - NEEDED.get(path.parent.relative_to(PACKAGE).as_posix(), set())
    assert not called & {'eval', 'exec', 'compile', '__import__'}


# -- the page

def test_every_promise_of_the_page_names_a_test_that_exists():
    page = (ROOT / 'docs' / 'security.rst').read_text(encoding='utf-8')
    named = re.findall(r'``(tests(?:\.\w+)+)\.(test_\w+)``', page)
    assert len(named) > 15
    for module, test in named:
        source = (ROOT / module.replace('.', '/')).with_suffix('.py').read_text(encoding='utf-8')
        assert f'def {test}(' in source, f'{module} has no {test}'
