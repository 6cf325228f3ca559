"""Headers that change on streams of HTTP/2, as options ask, and as ``vaurien run`` asks in front of an https address."""
import sys

from tests.support.http2 import Client, server
from tests.support.proxied import between, entry
from tests.support.running import run
from tests.support.tls import certificates, server_context

BODY = bytes(range(256)) * 2048      # 512 KiB
CLIENT = """
import os, httpx
with httpx.Client(http2=True, base_url=os.environ['API']) as client:
    for path in ('/moved', '/late', '/moved'):
        response = client.get(path)
        print(response.status_code, response.http_version, response.headers.get('location') == os.environ['API'] + '/there')
"""


def test_requests_ask_the_backend_by_its_name_and_redirects_lead_to_vaurien(daemon):
    changes = {'overwrite_host_header': True, 'rewrite_redirects': True}
    mix = [entry('error', 100, kind='503', match='/swallowed')]
    with server() as backend, between(daemon, 'edits', backend, 'http', mix, protocol_settings=changes) as proxy, \
            Client(proxy.port) as client:
        for _ in range(3):
            moved = client.get('/moved', fields=[('x-more', 'a')])
            assert dict(moved.fields)[b'location'] == b'http://localhost/there'
            assert client.get('/swallowed').status == 503
        assert client.get('/trailers', content=BODY).body == BODY
        assert {dict(fields)[b':authority'] for fields in backend.asked} == {backend.address.encode()}
        assert dict(backend.asked[2])[b'x-more'] == b'a'


def test_a_program_that_speaks_it_goes_on_with_it(monkeypatch, tmp_path):
    monkeypatch.setenv('HOME', str(tmp_path))
    inside = server_context()
    inside.set_alpn_protocols(['h2'])
    with server(context=inside) as backend:
        port = backend.address.rpartition(':')[2]
        done = run('--through', 'API', '--fault', 'api: GET /late = 503', '--', sys.executable, '-c', CLIENT,
                   API=f'https://localhost:{port}', SSL_CERT_FILE=certificates().ca)
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines() == ['200 HTTP/2 True', '503 HTTP/2 False', '200 HTTP/2 True']
        assert {dict(fields)[b':authority'] for fields in backend.asked} == {f'localhost:{port}'.encode()}
