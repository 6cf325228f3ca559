"""``vaurien ca`` as it is called in a shell, and what programs then trust."""
import os
import shutil
import ssl
import stat
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.support.daemon import daemon, run_to_end
from tests.support.unit_of_time import PATIENCE

URLLIB = 'import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).status)'
REQUESTS = 'import sys, requests; print(requests.get(sys.argv[1]).status_code)'
HTTPX = 'import sys, httpx; print(httpx.get(sys.argv[1]).status_code)'
NODE = 'fetch(process.argv[1]).then(r => console.log(r.status), e => { console.log(e.cause.code); process.exit(1) })'
PROGRAMS = {
    'urllib': [sys.executable, '-c', URLLIB],
    'requests': [sys.executable, '-c', REQUESTS], 'httpx': [sys.executable, '-c', HTTPX],
    'curl': ['curl', '-sS', '-o', os.devnull, '-w', '%{http_code}'], 'node': ['node', '-e', NODE],
}


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    """The folder of the data of programs, of a user that has none; and an environment that says nothing of authorities."""
    from vaurien.net.tls.authority.roots import VARIABLES
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv('XDG_DATA_HOME', str(tmp_path / 'data'))
    return tmp_path / 'data'


def ca(*words):
    done = run_to_end('ca', *words)
    assert (done.returncode, done.stderr) == (0, '')
    return done.stdout


def test_it_prints_the_path_of_the_certificate_again_and_again(data):
    path = Path(ca().strip())
    before = path.read_bytes()
    assert path == data / 'vaurien' / 'ca' / 'ca.pem'
    assert b'PRIVATE' not in before
    assert ca().strip() == str(path)
    assert path.read_bytes() == before


def test_remove_leaves_no_key_and_may_be_said_again(data):
    ca('env')
    assert ca('remove') == f'removed {data}/vaurien/ca\n'
    assert [path for path in data.rglob('*') if not path.is_dir()] == []
    assert ca('remove') == f'there is none in {data}/vaurien/ca\n'


def test_nothing_that_it_writes_can_be_read_by_others(data):
    ca('env')
    assert {stat.S_IMODE(path.stat().st_mode) for path in data.rglob('*')} == {0o600, 0o700}


@pytest.mark.parametrize('program', PROGRAMS)
def test_what_env_prints_lets_programs_trust_it(program):
    command = PROGRAMS[program]
    if not shutil.which(command[0]):
        pytest.skip(f'{command[0]} is not installed')
    with daemon('--proxy', 'tls://localhost:0', '--backend', 'embedded', '--protocol', 'http', '--behavior', '100:error',
                '--behavior-error-kind', '503') as running:
        url = f'https://localhost:{running.port}/'
        before = subprocess.run([*command, url], capture_output=True, text=True, timeout=PATIENCE,
                               check=False)
        assert before.returncode != 0
        shell = f'eval "$({sys.executable} -m vaurien ca env)" && exec "$@"'
        after = subprocess.run(['sh', '-c', shell, 'sh', *command, url], capture_output=True, text=True, timeout=PATIENCE,
                               check=False)
        assert '503' in after.stdout + after.stderr, (after.stdout, after.stderr)


def test_no_key_is_told_over_http_in_the_log_or_in_the_journal(data, tmp_path):
    journal, log = tmp_path / 'journal', tmp_path / 'log'
    with daemon('--proxy', 'tls://localhost:0', '--backend', 'embedded', '--protocol', 'http', '--http', '--http-port', '0',
                '--log-level', 'debug', '--log-output', str(log), '--journal', str(journal)) as running:
        trusting = ssl.create_default_context(cafile=ca().strip())
        with urllib.request.urlopen(f'https://localhost:{running.port}/', context=trusting) as response:
            assert response.status == 200
        told = []
        for path in ('/v1/proxies', '/v1/proxies/default', '/v1/proxies/default/sessions', '/v1/seed', '/metrics'):
            with urllib.request.urlopen(f'{running.control}{path}') as response:
                told.append(response.read().decode())
        printed = running.output
    texts = [*told, printed, log.read_text(), journal.read_text()]
    assert all(texts)
    assert 'GET /' in texts[-1]
    secret = (data / 'vaurien' / 'ca' / 'key.pem').read_text().splitlines()[1]
    assert [text for text in texts if 'PRIVATE KEY' in text or secret in text] == []


@pytest.mark.parametrize('words, line', [
    (['remov'], "vaurien ca: command line: 'remov' is not valid, expected a known name, the nearest is remove"),
    (['x'], "vaurien ca: command line: 'x' is not valid, expected nothing, env or remove"),
    (['env', 'x'], "vaurien ca: command line: 'x' is not valid, expected nothing after env"),
    (['--x'], "vaurien ca: command line: '--x' is not valid, expected nothing, env or remove"),
])
def test_a_wrong_word_is_one_line_and_status_2(words, line):
    done = run_to_end('ca', *words)
    assert (done.returncode, done.stdout, done.stderr) == (2, '', f'{line}\n')


@pytest.mark.parametrize('words', [[], ['env']], ids=str)
def test_an_authority_that_cannot_be_used_is_one_line_and_status_1(data, words):
    ca()
    (data / 'vaurien' / 'ca' / 'ca.pem').write_text('')
    done = run_to_end('ca', *words)
    assert (done.returncode, done.stdout) == (1, '')
    assert done.stderr == (f'vaurien ca: the authority in {data}/vaurien/ca is damaged, ca.pem: there is no certificate in it; '
                           'vaurien ca remove removes it, and the next use makes another\n')


def test_what_it_does_is_on_its_page_of_help():
    text = ca('--help')
    assert all(f'\n  vaurien ca {word} ' in text for word in ('env', 'remove'))
    assert ca('-h') == text


def test_it_is_removed_where_the_extra_is_not_there(data, tmp_path, monkeypatch):
    ca()
    (tmp_path / 'cryptography.py').write_text('raise ImportError("it is not there")')
    monkeypatch.setenv('PYTHONPATH', str(tmp_path))
    assert ca('remove') == f'removed {data}/vaurien/ca\n'
    done = run_to_end('ca')
    assert (done.returncode, done.stderr) == (1, "vaurien ca: certificates of vaurien's own need what vaurien[tls] brings: "
                                                 'pip install "vaurien[tls]"\n')
