"""Secrets of TLS: they are in the file that the user asks for, and in nothing else that vaurien writes, shows or answers."""
import base64
import contextlib
import json
import re
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.support.daemon import daemon, environment, run_to_end
from tests.support.peers import Backend, connect, echo, read_to_end
from tests.support.tls import Talk, certificates, client_context, server_context, spoken
from tests.support.unit_of_time import PATIENCE

FILES = certificates()
BOTH = ('--proxy', 'tls://127.0.0.1:0', '--tls-cert', FILES.cert, '--tls-key', FILES.key, '--tls-backend-ca', FILES.ca)
#: of a ClientHello in its record: the random stands after two headers and the version (RFC 8446, 4.1.2)
RANDOM = slice(11, 43)
VERSIONS = {'1.2': ssl.TLSVersion.TLSv1_2, '1.3': ssl.TLSVersion.TLSv1_3}


class Captured(Talk):
    """An end whose first bytes are kept."""

    sent = b''

    def _flush(self):
        data = self._out.read()
        self.sent += data
        self.sock.sendall(data)


@contextlib.contextmanager
def tls_echo(folder):
    """A backend that writes its own secrets down."""
    context = server_context()
    context.keylog_filename = str(folder / 'backend')

    def handle(sock):
        with contextlib.suppress(OSError), spoken(context, sock) as wrapped:
            echo(wrapped)
    with Backend(handle) as backend:
        yield backend


def talked(port, folder, version='1.3'):
    """Speak with a proxy, and return the random of the ClientHello as it was on the wire."""
    context = client_context()
    context.maximum_version = VERSIONS[version]
    context.keylog_filename = str(folder / 'client')
    with connect(port) as sock:
        talk = Captured(sock, context, 'localhost')
        talk.send(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        assert talk.read()
    return talk.sent[RANDOM]


def secrets(path):
    """Return the lines of a key log: label, random and secret of each."""
    return {line for line in Path(path).read_text().splitlines() if not line.startswith('#')}


@pytest.mark.parametrize('version', VERSIONS)
def test_the_keys_of_a_captured_conversation_are_in_the_file_for_both_sides(tmp_path, version):
    log = tmp_path / 'keys'
    log.touch(0o644)
    with tls_echo(tmp_path) as backend, \
            daemon('--backend', f'tls://{backend.address}', *BOTH, '--tls-max', version, '--tls-keylog', str(log)) as running:
        random = talked(running.port, tmp_path, version)
        running.wait_for('WARNING .*--tls-keylog .* has the secrets of all TLS connections')
    assert log.stat().st_mode & 0o777 == 0o600
    found = secrets(log)
    ours, theirs = secrets(tmp_path / 'client'), secrets(tmp_path / 'backend')
    label = 'CLIENT_RANDOM' if version == '1.2' else 'CLIENT_TRAFFIC_SECRET_0'
    assert any(line.startswith(f'{label} {random.hex()} ') for line in found)
    assert ours <= found
    assert theirs <= found
    assert not {line.split()[1] for line in ours} & {line.split()[1] for line in theirs}


def test_nothing_is_written_unless_it_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv('SSLKEYLOGFILE', str(tmp_path / 'environment'))
    with tls_echo(tmp_path) as backend, daemon('--backend', f'tls://{backend.address}', *BOTH, cwd=tmp_path) as running:
        monkeypatch.delenv('SSLKEYLOGFILE')
        talked(running.port, tmp_path)
        assert 'keylog' not in running.log
    assert {path.name for path in tmp_path.iterdir()} == {'backend', 'client'}


def test_the_file_and_the_warning_are_there_for_vaurien_run_too(tmp_path):
    command = [sys.executable, '-m', 'vaurien', 'run', '--tls-keylog', 'keys', '--through', 'A=redis://localhost:1', '--', 'true']
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count('--tls-keylog') == 1
    assert (tmp_path / 'keys').stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize('path, why', [('/no/such/file', 'No such file or directory'), ('/', 'Is a directory'),
                                       ('/dev/null', 'it is no regular file')])
def test_a_file_that_cannot_be_written_is_one_line_and_status_2(path, why):
    done = run_to_end('--backend', 'embedded', '--tls-keylog', path)
    line = f"vaurien: --tls-keylog: '{path}' is not valid, expected a file that can be written, but: {why}\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, '', line)


# -- nowhere else

def needles(lines):
    """Return what must not be found: the private key of the tests' certificate, and the secrets of connections, in all forms."""
    pem = Path(FILES.key).read_text()
    key = base64.b64decode(''.join(pem.splitlines()[1:-1]))
    found = [line.encode() for line in pem.splitlines()[1:-1]] + [key]
    for secret in [key, *(bytes.fromhex(line.split()[2]) for line in lines)]:
        found += [secret, secret.hex().encode(), secret.hex().upper().encode(), base64.b64encode(secret), repr(secret).encode()]
    return found


def answers(control):
    """Return what the control server answers to whatever needs no argument."""
    with urllib.request.urlopen(f'{control}/v1/openapi.json') as response:
        text = response.read()
    paths = [path.replace('{proxy}', 'default') for path, calls in json.loads(text)['paths'].items() if 'get' in calls]
    for path in [*paths, '/behavior', '/behaviors', '/proxies', '/version', '/metrics', '/health']:
        if '{' not in path and 'events' not in path and 'live' not in path:
            with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(control + path) as response:
                text += response.read()
    return text


def test_no_output_has_key_material(tmp_path):
    journal = tmp_path / 'journal'
    with tls_echo(tmp_path) as backend, daemon(
            '--backend', f'tls://{backend.address}', *BOTH, '--protocol', 'http', '--http', '--http-port', '0',
            '--show', 'requests', '--log-level', 'debug', '--journal', str(journal), '--behavior', '50:error',
            '--behavior-error-kind', '503') as running:
        for _ in range(4):
            talked(running.port, tmp_path)
        with connect(running.port) as sock:     # no TLS
            sock.sendall(b'GET / HTTP/1.1\r\n\r\n')
            read_to_end(sock)
        with pytest.raises(ssl.SSLError), connect(running.port) as sock:    # a certificate that is not believed
            Talk(sock, ssl.create_default_context(), 'localhost')
        with connect(running.port) as sock:
            talk = Talk(sock, client_context(), 'localhost')
            sock.sendall(b'\x17\x03\x03\x00\x20' + bytes(32))   # a broken record
            with pytest.raises(ssl.SSLError):
                talk.read_to_end()
        answered = answers(running.control)
        running.stop()
        written = b'\n'.join((running.output.encode(), running.log.encode(), answered, journal.read_bytes()))
    text = Path(FILES.key).read_text()  # given in place of its file
    for argv in [('--tls-cert', FILES.key), ('--tls-client-ca', FILES.key), ('--tls-cert', FILES.cert, '--tls-key', text),
                 ('--tls-cert', text), ('--http-cert', FILES.key), ('--http-key', text)]:
        done = run_to_end('--backend', 'embedded', *argv)
        assert done.returncode == 2
        written += done.stdout.encode() + done.stderr.encode()
    lines = secrets(tmp_path / 'client') | secrets(tmp_path / 'backend')
    assert len(lines) > 10
    for needle in needles(lines):
        assert needle not in written
    assert re.search(rb'ClientHello|no TLS with the client', written)
    assert b'GET /' in written      # requests are shown, and were searched
