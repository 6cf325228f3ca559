"""Changes to a process that stops: anyone who asks is refused in one line, and the sessions that it waits for go on."""
import http.client
import json
import signal
import subprocess
import sys
import urllib.parse

import pytest

from tests.support.daemon import daemon, environment
from tests.support.peers import ask, connect, echo_server, ending
from tests.support.unit_of_time import PATIENCE

GRACE = str(10 * PATIENCE)
WORDS = 'vaurien is stopping, and changes nothing any more'
FILE = '[vaurien]\nproxy = 127.0.0.1:0\nbackend = {backend}\n[proxy:other]\nproxy = 127.0.0.1:0\nbackend = {backend}\n'
#: what would change something, and where the words are in the refusal
REFUSED = {
    'PUT /behavior': ({'name': 'hang'}, lambda said: said['errors'][0]['description']),
    'PUT /backend': ({'backend': 'localhost:1'}, lambda said: said['errors'][0]['description']),
    'POST /v1/proxies': ({'name': 'new', 'backend': 'localhost:1'}, lambda said: said['error']),
    'PATCH /v1/proxies/default': ({'timeout': 1}, lambda said: said['error']),
    'PATCH /v1/proxies/other': ({'enabled': True}, lambda said: said['error']),
    'POST /v1/proxies/default/reset': (None, lambda said: said['error']),
    'POST /v1/reset': (None, lambda said: said['error']),
    'POST /v1/proxies/default/toxics': ({'type': 'latency'}, lambda said: said['error']),
    'PATCH /v1/proxies/default/toxics/slow': ({'toxicity': 0.5}, lambda said: said['error']),
    'DELETE /v1/proxies/default/toxics/slow': (None, lambda said: said['error']),
    'POST /proxies': ({'name': 'new', 'upstream': 'localhost:1'}, lambda said: said['error']),
    'POST /populate': ([{'name': 'new', 'upstream': 'localhost:1'}], lambda said: said['error']),
    'POST /proxies/default': ({'enabled': False}, lambda said: said['error']),
    'POST /proxies/other': ({'upstream': 'localhost:1'}, lambda said: said['error']),
    'POST /proxies/default/toxics': ({'type': 'latency'}, lambda said: said['error']),
    'POST /proxies/default/toxics/slow': ({'toxicity': 1}, lambda said: said['error']),
    'DELETE /proxies/default/toxics/slow': (None, lambda said: said['error']),
}


def request(vaurien, what, body=None):
    """Send a request, and return the status and what JSON came back."""
    method, path = what.split()
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(vaurien.control).netloc, timeout=PATIENCE)
    try:
        connection.request(method, path, None if body is None else json.dumps(body))
        response = connection.getresponse()
        data = response.read()
        return response.status, json.loads(data) if data else None
    finally:
        connection.close()


@pytest.fixture(scope='module')
def stopping(tmp_path_factory):
    """A vaurien that has been told to stop, the file that it has read, and a client that lets it wait."""
    path = tmp_path_factory.mktemp('stopping') / 'chaos.ini'
    with echo_server() as backend:
        path.write_text(FILE.format(backend=backend.address))
        with daemon('--config', str(path), '--http', '--http-port', '0', '--grace', GRACE, proxies=2) as vaurien, \
                connect(vaurien.port) as client:
            assert request(vaurien, 'POST /v1/proxies/default/toxics',
                           {'type': 'latency', 'name': 'slow', 'attributes': {'latency': 0}})[0] == 201
            assert ask(client, b'before') == b'before'
            vaurien.send(signal.SIGTERM)
            vaurien.wait_for('stopping; open sessions have')
            yield vaurien, path, client
            client.close()
            assert vaurien.wait() == 0


@pytest.mark.parametrize('what', REFUSED)
def test_what_would_change_something_is_refused(stopping, what):
    vaurien, _, client = stopping
    body, words = REFUSED[what]
    status, said = request(vaurien, what, body)
    assert (status, words(said)) == (503, WORDS)
    proxies = request(vaurien, 'GET /v1/proxies')[1]['proxies']
    assert [(proxy['name'], proxy['enabled'], [toxic['name'] for toxic in proxy['toxics']]) for proxy in proxies] == [
        ('default', True, ['slow']), ('other', True, [])]
    for name in ('default', 'other'):
        with pytest.raises(ConnectionRefusedError):
            connect(vaurien.proxies[name][1])
    assert ask(client, b'still here') == b'still here'


def test_sighup_changes_nothing_and_says_why(stopping):
    vaurien, path, client = stopping
    path.write_text(FILE.format(backend='localhost:1').replace('other', 'new'))
    vaurien.send(signal.SIGHUP)
    vaurien.wait_for(f'ERROR vaurien.cli.reload: not reloaded, and nothing has changed: {WORDS}\n')
    assert ask(client, b'still here') == b'still here'


def test_what_ends_something_is_still_done():
    """It brings the end nearer."""
    with echo_server() as backend, \
            daemon('--backend', backend.address, '--http', '--http-port', '0', '--grace', GRACE) as vaurien:
        for name in ('one', 'two', 'three'):
            assert request(vaurien, 'POST /v1/proxies', {'name': name, 'backend': backend.address})[0] == 201
        ports = {proxy['name']: int(proxy['address'].rpartition(':')[2])
                 for proxy in request(vaurien, 'GET /v1/proxies')[1]['proxies']}
        clients = [connect(ports[name]) for name in ('one', 'two')]
        for client in clients:
            assert ask(client, b'before') == b'before'
        vaurien.send(signal.SIGTERM)
        vaurien.wait_for('stopping; open sessions have')
        assert request(vaurien, 'DELETE /v1/proxies/three')[0] == 204
        assert request(vaurien, 'DELETE /proxies/one')[0] == 204
        assert request(vaurien, 'DELETE /v1/proxies/two/sessions')[1] == {'killed': 1}
        assert ending(clients[1]) == 'RST'
        assert vaurien.wait() == 0
        assert 'Traceback' not in vaurien.log
        assert 'stopped; sessions cut: 0' in vaurien.log
        for client in clients:
            client.close()


def test_the_end_of_the_parent_ends_it_at_once():
    command = [sys.executable, '-m', 'vaurien', '--proxy', '127.0.0.1:0', '--end-with-parent', '--grace', GRACE, '--backend']
    with echo_server() as backend, \
            subprocess.Popen([*command, backend.address], env=environment(), text=True, stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            port = int(process.stdout.readline().partition(',')[0].rpartition(':')[2])
            with connect(port) as client:
                assert ask(client, b'before') == b'before'
                process.send_signal(signal.SIGTERM)
                while 'stopping; open sessions have' not in process.stderr.readline():
                    pass
                process.stdin.close()
                assert process.wait(PATIENCE) == 0
                assert 'stopped; sessions cut: 1' in process.stderr.read()
        finally:
            process.kill()
