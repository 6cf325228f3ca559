"""The everyday work of HTTP's clients through vaurien: once with no fault on, once with every request read, named and drawn for.

Real clients, nginx, and a WebSocket server; what arrives is what was sent, and what can be followed is followed.
"""
import contextlib
import hashlib
import http.client
import os
import re
import ssl
import subprocess
import threading

import httpx
import pytest
import requests
from websockets.sync.client import connect as websocket
from websockets.sync.server import serve

from tests.support.peers import Backend, ask, connect, read_exactly, read_to_end
from tests.support.processes import HOST, program
from tests.support.proxied import CALM, SEED, between, entry, peak
from tests.support.servers import certificate
from tests.support.unit_of_time import PATIENCE
from vaurien.testing import Daemon

LARGE = bytes(range(256)) * 4096 * 3    # 3 MiB


@pytest.fixture(params=CALM)
def calm(request, daemon, nginx_server):
    """A proxy in front of nginx, calm in each of the two ways, whose sessions have to be followed to their ends."""
    with between(daemon, 'calm', nginx_server, 'http', CALM[request.param]) as proxy:
        yield proxy
        assert proxy.unread == []
        assert proxy.faults == []


@pytest.fixture
def site(calm):
    return f'http://{HOST}:{calm.port}'


@pytest.fixture
def page(nginx_server):
    """A large file that nginx serves."""
    file = nginx_server.folder / 'www' / 'large.bin'
    file.write_bytes(LARGE)
    return '/large.bin'


def curl(*arguments, data=None):
    done = subprocess.run([program('curl'), '-q', '-sS', '--noproxy', '*', '--max-time', str(PATIENCE), *arguments], input=data,
                          capture_output=True, check=True)
    return done.stdout


def test_requests_keeps_its_connection_over_all_kinds_of_answers(calm, site, page, nginx_server):
    with requests.Session() as session:
        session.trust_env = False
        for _ in range(3):
            assert session.get(f'{site}{page}').content == LARGE
            assert session.get(f'{site}/chunked{page}').content == LARGE
            assert session.head(f'{site}{page}').headers['Content-Length'] == str(len(LARGE))
            assert session.get(f'{site}/empty').status_code == 204
            seen = session.get(f'{site}/index.html')
            same = session.get(f'{site}/index.html', headers={'If-None-Match': seen.headers['ETag']})
            assert (same.status_code, same.content) == (304, b'')
            assert session.get(f'{site}{page}', headers={'Range': 'bytes=100-299'}).content == LARGE[100:300]
            assert session.get(f'{site}/nowhere').status_code == 404
            assert session.get(f'{site}/moved', allow_redirects=False).status_code == 302
            assert session.options(f'{site}/accept').status_code == 200
        assert session.get(f'{site}/host').text == f'{HOST}:{calm.port}'
    assert (calm.count('accepted'), calm.count('exchanges')) == (1, 31)


def test_uploads_of_all_kinds_arrive_as_they_were_sent(calm, site, nginx_server):
    stored = nginx_server.folder / 'www' / 'upload'
    with httpx.Client(base_url=site, trust_env=False, timeout=PATIENCE) as session:
        session.put('/upload/whole', content=LARGE).raise_for_status()
        session.put('/upload/chunks', content=(LARGE[at:at + 10_000] for at in range(0, len(LARGE), 10_000))).raise_for_status()
        session.post('/accept', files={'file': ('name', LARGE)}).raise_for_status()
        assert session.get('/upload/chunks').content == LARGE
    curl('-T', '-', '-H', 'Expect: 100-continue', '--expect100-timeout', str(PATIENCE), f'{site}/upload/waited', data=LARGE)
    curl('-X', 'PUT', '--data-binary', '@-', '-0', f'{site}/upload/old', data=LARGE)
    assert [(stored / name).read_bytes() == LARGE for name in ('whole', 'chunks', 'waited', 'old')] == [True] * 4


def test_answers_that_end_with_the_connection_are_whole(calm, site, page):
    assert curl('-0', f'{site}/chunked{page}') == LARGE
    assert curl(f'{site}/last{page}') == LARGE
    with connect(calm.port) as client:
        client.sendall(b'GET /chunked%b HTTP/1.0\r\n\r\n' % page.encode())
        assert read_to_end(client).endswith(b'\r\n\r\n' + LARGE)


def test_pipeline_is_answered_in_order_and_to_the_byte(calm, nginx_server, page):
    part = b'GET /large.bin HTTP/1.1\r\nHost: x\r\nRange: bytes=%d-%d\r\n\r\n'
    asked = b''.join(part % (at, at + 9) for at in range(200))
    asked += b'GET /accept HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'

    def answers(port):
        with connect(port) as client:
            client.sendall(asked)
            return re.sub(rb'Date: [^\r]*', b'', read_to_end(client))
    through = answers(calm.port)
    assert through == answers(nginx_server.port)
    assert through.count(b'HTTP/1.1 206') == 200
    assert calm.count('exchanges') == 201


def test_many_clients_at_once_get_their_own_pages(calm, site, nginx_server):
    for number in range(20):
        (nginx_server.folder / 'www' / f'{number}.txt').write_text(f'page {number}\n' * 5000)
    wrong = []

    def fetch(number):
        with requests.Session() as session:
            session.trust_env = False
            wrong.extend(1 for _ in range(10) if session.get(f'{site}/{number}.txt').text != f'page {number}\n' * 5000)
    threads = [threading.Thread(target=fetch, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert wrong == []
    assert (calm.count('accepted'), calm.count('exchanges')) == (20, 200)


@pytest.mark.parametrize('mix', CALM.values(), ids=CALM)
def test_embedded_backend_answers_everything_it_has(daemon, mix):
    with between(daemon, 'embedded', 'embedded', 'http', mix) as proxy, requests.Session() as session:
        session.trust_env, site = False, f'http://{HOST}:{proxy.port}'
        assert 'It works' in session.get(site).text
        assert session.get(f'{site}/status/418').status_code == 418
        assert len(session.get(f'{site}/bytes/1000000').content) == 1_000_000
        assert session.get(f'{site}/delay/0').text == 'after 0 s\n'
        assert session.get(f'{site}/headers').json()['Host'] == f'{HOST}:{proxy.port}'
        assert session.post(f'{site}/echo', data=LARGE[:1000000]).content == LARGE[:1000000]
        assert (proxy.count('accepted'), proxy.count('exchanges'), proxy.unread) == (1, 6, [])


def test_host_field_becomes_the_backends_address_where_that_is_asked_for(daemon, nginx_server):
    settings = {'overwrite_host_header': True}
    with between(daemon, 'host', nginx_server, 'http', protocol_settings=settings) as proxy:
        assert curl(f'http://{HOST}:{proxy.port}/host').decode() == nginx_server.address
        assert curl('-T', '-', f'http://{HOST}:{proxy.port}/upload/edited', data=LARGE) == b''
        assert (nginx_server.folder / 'www' / 'upload' / 'edited').read_bytes() == LARGE
        assert proxy.unread == []


def test_without_keep_alive_each_request_has_a_connection_of_its_own(daemon, nginx_server):
    with between(daemon, 'single', nginx_server, 'http', protocol_settings={'keep_alive': False}) as proxy:
        with requests.Session() as session:
            session.trust_env = False
            for _ in range(3):
                assert session.get(f'http://{HOST}:{proxy.port}/').headers['Connection'] == 'close'
        assert proxy.count('accepted') == 3


def test_backend_connections_are_used_again_where_that_is_asked_for(daemon):
    def pages(sock):
        with contextlib.suppress(EOFError):
            while read_exactly(sock, len(asked)) == asked:
                sock.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    asked = b'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
    settings = {'reuse_socket': True}
    with Backend(pages) as backend, between(daemon, 'reuse', backend, 'http', protocol_settings=settings) as proxy:
        for _ in range(3):
            with connect(proxy.port) as client:
                assert ask(client, asked, 40).endswith(b'ok')
            proxy.wait_for_sessions(0)
        assert (proxy.count('accepted'), len(backend.accepted)) == (3, 1)


# -- what is not HTTP any more

@contextlib.contextmanager
def websocket_server():
    """Run a server that sends back what it gets."""
    def handler(connection):
        for message in connection:
            connection.send(message)
    with serve(handler, HOST, 0, max_size=None) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f'{HOST}:{server.socket.getsockname()[1]}'
        finally:
            server.shutdown()
            thread.join(PATIENCE)


@pytest.mark.parametrize('mix', [*CALM.values(), [entry('error', match='/other')]], ids=[*CALM, 'faults for other requests'])
def test_websocket_is_relayed_after_its_upgrade(daemon, mix):
    with websocket_server() as address, between(daemon, 'websocket', address, 'http', mix) as proxy:
        with websocket(f'ws://{HOST}:{proxy.port}/chat', max_size=None) as client:
            for message in ('text', b'\x00\xff' * 40, LARGE, 'GET / HTTP/1.1\r\n\r\n'):
                client.send(message)
                assert client.recv(PATIENCE) == message
            assert proxy.unread == []
        assert proxy.count('exchanges') == 1 + 2 * 4


def test_upgrade_itself_is_a_request_that_may_fail(daemon):
    error = [entry('error', kind='503', match='GET /chat')]
    with websocket_server() as address, between(daemon, 'no-upgrade', address, 'http', error) as proxy:
        with pytest.raises(Exception, match='HTTP 503'):
            websocket(f'ws://{HOST}:{proxy.port}/chat')
        assert proxy.unread == []


def test_tunnel_is_relayed_unread_after_connect(daemon):
    def tunnel(sock):
        read_exactly(sock, len(asked))
        sock.sendall(b'HTTP/1.1 200 Connection established\r\n\r\n')
        while data := sock.recv(65536):
            sock.sendall(data)
    asked = b'CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n'
    with Backend(tunnel) as backend, between(daemon, 'tunnel', backend, 'http') as proxy, connect(proxy.port) as client:
        assert ask(client, asked, 39).startswith(b'HTTP/1.1 200')
        assert ask(client, LARGE[:100_000]) == LARGE[:100_000]
        assert len(proxy.unread) == 1


def test_http2_by_prior_knowledge_is_relayed_unread(daemon, nginx_server):
    with between(daemon, 'h2', nginx_server, 'http') as proxy, connect(proxy.port) as client:
        client.sendall(b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
        assert read_exactly(client, 12) == b'HTTP/1.1 400'
        assert len(proxy.unread) == 1


@pytest.mark.parametrize('mix', CALM.values(), ids=CALM)
def test_tls_is_relayed_unread(daemon, mix):
    with certificate() as (cert, key):
        inside, outside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cafile=cert)
        inside.load_cert_chain(cert, key)

    def secret(sock):
        with inside.wrap_socket(sock, server_side=True) as secure:
            secure.sendall(read_exactly(secure, len(LARGE)))
    with Backend(secret) as backend, between(daemon, 'tls', backend, 'http', mix) as proxy, connect(proxy.port) as plain, \
            outside.wrap_socket(plain, server_hostname=HOST) as client:
        client.sendall(LARGE)
        assert read_exactly(client, len(LARGE)) == LARGE
        assert proxy.unread == ['this is not HTTP/1.x']


# -- memory

#: [bytes] of a body that must not be held: 64 MiB, and with ``VAURIEN_TEST_LARGE=16`` 1 GiB
SIZE = 64 * 1024 * 1024 * int(os.environ.get('VAURIEN_TEST_LARGE', '1'))
KEPT = 8 * 1024 * 1024      #: [bytes] of memory that a session may take, its buffers included


class Zeros:
    """A body of so many bytes that is not held here either."""

    def __init__(self, size):
        self.left = size

    def __len__(self):
        return SIZE

    def read(self, count=-1):
        count = min(self.left, 256 * 1024 if count < 0 else count)
        self.left -= count
        return bytes(count)


@pytest.fixture(params=[[], [entry('delay', sleep=0)]], ids=['no fault', 'a behavior that sees each piece'])
def measured(request, nginx_server):
    """A proxy in a process of its own, and what it has needed for some small requests."""
    daemon = Daemon(SEED)
    with between(daemon, 'measured', nginx_server, 'http', request.param) as proxy, requests.Session() as session:
        session.trust_env, site = False, f'http://{HOST}:{proxy.port}'
        session.put(f'{site}/upload/small', data=b'x' * 1024).raise_for_status()
        for path in ('/upload/small', '/chunked/upload/small'):
            assert len(session.get(f'{site}{path}').content) == 1024
        before = peak(daemon)
        yield session, site, lambda: peak(daemon) - before
        assert proxy.unread == []
    daemon.close()


@pytest.mark.parametrize('path', ['/huge', '/chunked/huge'])
def test_large_download_costs_no_more_memory_than_a_small_one(measured, nginx_server, path):
    session, site, grown = measured
    with (nginx_server.folder / 'www' / 'huge').open('wb') as file:
        file.truncate(SIZE)
    with session.get(f'{site}{path}', stream=True) as response:
        assert sum(map(len, response.iter_content(1024 * 1024))) == SIZE
    assert grown() < KEPT


@pytest.mark.parametrize('chunked', [False, True], ids=['with its length', 'in chunks'])
def test_large_upload_costs_no_more_memory_than_a_small_one(measured, nginx_server, chunked):
    session, site, grown = measured
    body = Zeros(SIZE)
    data = iter(body.read, b'') if chunked else body
    session.put(f'{site}/upload/huge', data=data).raise_for_status()
    stored = nginx_server.folder / 'www' / 'upload' / 'huge'
    assert stored.stat().st_size == SIZE
    stored.unlink()
    assert grown() < KEPT


def test_large_bodies_arrive_as_they_were_sent(daemon, nginx_server):
    wanted = hashlib.sha256()
    with (nginx_server.folder / 'www' / 'patterned').open('wb') as file:
        for number in range(2048):
            block = number.to_bytes(4, 'big') * 4096
            wanted.update(block)
            file.write(block)
    with between(daemon, 'patterned', nginx_server, 'http') as proxy:
        client = http.client.HTTPConnection(HOST, proxy.port, timeout=PATIENCE)
        with contextlib.closing(client):
            client.request('GET', '/patterned')
            response, found = client.getresponse(), hashlib.sha256()
            while block := response.read(100_000):
                found.update(block)
    assert found.digest() == wanted.digest()
