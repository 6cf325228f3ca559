"""A whole vaurien with a trap under calls that may wait: whatever it is asked for, its loop waits for no name, pipe or peer."""
import contextlib
import errno
import http.client
import json
import re
import signal
import socket
import subprocess
import sys

import pytest

from tests.support.daemon import environment
from tests.support.hosting import eventually
from tests.support.peers import ask, connect, echo_server
from tests.support.unit_of_time import PATIENCE

FILE = """[vaurien]
proxy = localhost:0
backend = localhost:{port}
[proxy:path]
proxy = unix:{folder}/socket
backend = embedded
protocol = http
"""
MORE = FILE + '[proxy:more]\nproxy = localhost:0\nbackend = localhost:{port}\n'
#: what it is asked for, and what it says; all of it has names in it
CALLS = [
    ('POST /v1/proxies', {'name': 'new', 'proxy': 'localhost:0', 'backend': 'localhost:{port}'}, 201),
    ('PATCH /v1/proxies/new', {'enabled': False}, 200),
    ('PATCH /v1/proxies/new', {'enabled': True, 'mix': '50:delay', 'settings': {'delay': {'sleep': 0}}}, 200),
    ('PATCH /v1/proxies/new', {'proxy': 'nobody.invalid:0'}, 400),
    ('POST /v1/proxies', {'name': 'taken', 'proxy': 'localhost:{port}', 'backend': 'embedded'}, 409),
    ('POST /v1/proxies', {'name': 'taken', 'proxy': 'unix:{folder}/full', 'backend': 'embedded'}, 409),
    ('POST /v1/proxies', {'name': 'embedded', 'proxy': 'localhost:0', 'backend': 'embedded'}, 201),
    ('POST /proxies', {'name': 'other', 'listen': 'localhost:0', 'upstream': 'localhost:{port}'}, 201),
    ('POST /proxies/other', {'listen': 'localhost:0', 'upstream': 'localhost:1'}, 200),
    ('POST /proxies/other/toxics', {'type': 'latency', 'attributes': {'latency': 1}}, 200),
    ('POST /populate', [{'name': 'other', 'listen': 'localhost:0', 'upstream': 'localhost:{port}'}], 201),
    ('POST /reset', None, 204),
    ('POST /v1/reset', None, 200),
    ('PUT /backend', {'backend': 'localhost:{port}'}, 200),
    ('GET /v1/proxies', None, 200),
    ('GET /metrics', None, 200),
    ('GET /health', None, 200),
    ('DELETE /v1/proxies/new', None, 204),
    ('DELETE /proxies/other', None, 204),
]


class Trapped:
    """A running vaurien whose loop has a trap. What it prints goes to files, which take everything."""

    def __init__(self, folder, *arguments):
        self._printed, self._report = folder / 'printed', folder / 'report'
        command = [sys.executable, '-m', 'tests.support.trap', str(self._report), 'vaurien', *arguments,
                   '--log-output', str(folder / 'log')]
        with self._printed.open('wb') as printed:
            self.process = subprocess.Popen(command, env=environment(), stdin=subprocess.PIPE, stdout=printed, stderr=printed)

    def find(self, pattern):
        """Wait until it has printed something, and return the first group."""
        return eventually(lambda: re.search(pattern, self._printed.read_text()), pattern)[1]

    def request(self, what, body, status):
        method, path = what.split()
        connection = http.client.HTTPConnection(self.find(r'control server on http://(\S+)'), timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request(method, path, None if body is None else json.dumps(body))
            response = connection.getresponse()
            assert (response.status, what) == (status, what), response.read()
            response.read()

    def caught(self):
        """Return what was caught, once it has ended as it should."""
        assert self.process.wait(PATIENCE) == 0, self._printed.read_text()
        return self._report.read_text()

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()


@pytest.fixture
def folder(tmp_path):
    """A folder with a socket whose owner accepts nothing, and whose backlog is full."""
    with contextlib.ExitStack() as sockets:
        server = sockets.enter_context(socket.socket(socket.AF_UNIX))
        server.bind(f'{tmp_path}/full')
        server.listen(0)
        code = 0
        while code != errno.EAGAIN:
            client = sockets.enter_context(socket.socket(socket.AF_UNIX))
            client.setblocking(False)
            code = client.connect_ex(f'{tmp_path}/full')
        yield tmp_path


def test_nothing_that_it_is_asked_for_makes_its_loop_wait(folder):
    path = folder / 'chaos.ini'
    with echo_server() as backend, contextlib.ExitStack() as ending:
        words = {'{port}': str(backend.port), '{folder}': str(folder)}

        def filled(text):
            return re.sub('|'.join(map(re.escape, words)), lambda found: words[found[0]], text)
        path.write_text(filled(FILE))
        vaurien = Trapped(folder, '--config', str(path), '--http', '--http-port', '0', '--statsd', '--statsd-host', 'localhost',
                          '--end-with-parent', '--grace', str(PATIENCE))
        ending.callback(vaurien.close)
        with connect(int(vaurien.find(r'proxy default listening on \S+:(\d+)'))) as client:
            assert ask(client, b'before') == b'before'
            vaurien.process.stdin.write(b'nothing that it would wait for\n')
            vaurien.process.stdin.flush()
            for what, body, status in CALLS:
                vaurien.request(what, json.loads(filled(json.dumps(body))), status)
            path.write_text(filled(MORE))
            vaurien.process.send_signal(signal.SIGHUP)
            with connect(int(vaurien.find(r'proxy more listening on \S+:(\d+)'))) as other:
                assert ask(other, b'more') == b'more'
            vaurien.process.send_signal(signal.SIGTERM)
            assert ask(client, b'after') == b'after'
        assert vaurien.caught() == ''
