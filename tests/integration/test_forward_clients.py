"""Programs below ``vaurien run --intercept``: not a word of them is changed, and they verify what they are shown."""
import json
import shutil
import subprocess
import sys

import pytest
from cryptography import x509

from tests.support.daemon import environment
from tests.support.https_clients import CLIENTS, PACKAGES
from tests.support.https_server import API, https_server, make_repository
from tests.support.processes import folder as temporary_folder
from tests.support.running import run
from tests.support.tls import certificates

PROGRAMS = {'curl': ('curl',), 'curl by SOCKS5': ('curl',), 'git': ('git',), 'axios': ('node', 'npm'), 'java': ('java',)}
#: what a client says of a 503, in its own words
FAULTS = {
    'requests': 'HTTPError: 503 Server Error: Service Unavailable for url: https://api.example.test/fails', 'httpx': 503,
    'urllib': 'HTTPError: 503', 'aiohttp': 503, 'boto3': 'ClientError: 503', 'openai': 'InternalServerError: Error code: 503',
    'curl': '22 curl: (22) The requested URL returned error: 503', 'curl by SOCKS5': 503,
    'git': 'The requested URL returned error: 503', 'axios': 'ERR_BAD_RESPONSE 503', 'java': 503,
}


def here(name):
    return all(shutil.which(program) for program in PROGRAMS.get(name, ()))


@pytest.fixture(scope='module')
def said():
    """Run all clients below one ``vaurien run``, and give what each said by its name, and the lines of vaurien."""
    with temporary_folder() as where, https_server(where) as port:
        make_repository(where)
        names = [name for name in CLIENTS if here(name)]
        if 'axios' in names:
            done = subprocess.run(['npm', 'install', '--no-audit', '--no-fund', '--prefix', str(where), 'axios@1'], cwd=where,
                                  capture_output=True, check=False)
            if done.returncode:
                names.remove('axios')
        done = run('--intercept', f'{API}=127.0.0.1:{port}', '--tls-backend-ca', certificates().ca, '--behavior', '100:error',
                   '--behavior-error-kind', '503', '--behavior-error-match', 'fails', '--', sys.executable, '-m',
                   'tests.support.https_clients', f'https://{API}/ok', f'https://{API}/fails', json.dumps(names),
                   NODE_PATH=str(where / 'node_modules'))
        found = {}
        for line in done.stdout.splitlines():
            name, path, what = json.loads(line)
            found.setdefault(name, {})[path] = what
        yield found, done.stderr


@pytest.mark.parametrize('name', sorted(CLIENTS))
def test_a_client_gets_what_its_server_says_and_what_is_injected(said, name):
    if name not in said[0]:
        assert name in PACKAGES or name == 'axios' or not here(name)
        pytest.skip(f'{name} is not here')
    found = said[0][name]
    assert found['ok'] == 200, said[1]
    expected = FAULTS[name]
    assert found['fails'] == expected or isinstance(expected, str) and expected in found['fails']


ASK = 'import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).status)'


@pytest.mark.parametrize('variable', ['SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE'])
def test_a_real_server_is_verified_by_what_the_command_was_to_trust(variable, tmp_path):
    with https_server(tmp_path) as port:
        words = '--intercept', f'{API}=127.0.0.1:{port}', '--', sys.executable, '-c', ASK, f'https://{API}/ok'
        trusting = run(*words, **{variable: certificates().ca})
        assert (trusting.returncode, trusting.stdout) == (0, '200\n'), trusting.stderr
        refused = run(*words)
        assert refused.returncode == 1
        assert 'certificate verify failed' in refused.stderr


def test_explore_knows_what_a_third_party_is_asked(tmp_path):
    with https_server(tmp_path) as port:
        done = subprocess.run(
            [sys.executable, '-m', 'vaurien', 'explore', '--list', '--intercept', f'{API}=127.0.0.1:{port}', '--tls-backend-ca',
             certificates().ca, '--', sys.executable, '-c', ASK, f'https://{API}/v1/things/42'],
            cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert f'GET https://{API}/v1/things/?' in done.stdout
    refused = subprocess.run([sys.executable, '-m', 'vaurien', 'explore', '--intercept', f'*.{API}', '--', 'true'], cwd=tmp_path,
                             env=environment(), capture_output=True, text=True, check=False)
    assert (refused.returncode, f'--allow-host *.{API} lets it' in refused.stderr) == (2, True)


CONTEXT = """
import json, os, pathlib, ssl
folder = pathlib.Path(os.environ['SSL_CERT_FILE']).parent
print(json.dumps([(folder / 'ca.pem').read_text(), [path.name for path in folder.iterdir() if b'PRIVATE' in path.read_bytes()]]))
"""


def test_the_authority_of_a_run_is_believed_for_the_named_hosts_alone_and_its_key_is_nowhere():
    done = run('--intercept', f'{API},*.b.test', '--', sys.executable, '-c', CONTEXT)
    pem, keys = json.loads(done.stdout)
    names = x509.load_pem_x509_certificate(pem.encode()).extensions.get_extension_for_class(x509.NameConstraints)
    assert [str(name.value) for name in names.value.permitted_subtrees] == [API, 'b.test', 'localhost', '127.0.0.1/32', '::1/128']
    assert names.critical
    assert keys == []


def test_the_requests_have_the_names_of_their_servers(said):
    assert f'error 503 GET https://{API}/fails' in said[1]
