"""The control server over TLS as its users reach it: command line and file, client, vaurienctl, pytest's fixture, curl."""
import itertools
import subprocess

import pytest

from tests.support.daemon import daemon, run_to_end
from tests.support.peers import ask, connect, free_port
from tests.support.tls import authority, certificates, written
from vaurien import ctl
from vaurien.client import Client, RefusedError, UnreachableError

pytest_plugins = ['pytester']
FILES = certificates()
SECURED = ('--http', '--http-port', '0', '--http-cert', FILES.cert, '--http-key', FILES.key, '--protocol', 'http', '--backend',
           'embedded', '--behavior', '0:delay')


@pytest.fixture(scope='module')
def running():
    with daemon(*SECURED) as started:
        assert started.control.startswith('https://127.0.0.1:')
        yield started


@pytest.fixture
def told(running, monkeypatch):
    """An environment that says where it is, and whom to trust."""
    monkeypatch.delenv('VAURIEN_HTTP_TOKEN', raising=False)
    monkeypatch.setenv('VAURIEN_CONTROL', running.control)
    monkeypatch.setenv('VAURIEN_CACERT', FILES.ca)
    return running


def port_of(running):
    return int(running.control.rpartition(':')[2])


def test_a_client_verifies_the_certificate(running, monkeypatch):
    monkeypatch.delenv('VAURIEN_CACERT', raising=False)
    client = Client('localhost', port_of(running), cacert=FILES.ca)
    client.set_behavior('delay')
    assert client.get_behavior() == 'delay'
    with pytest.raises(UnreachableError, match='^no vaurien answers at https://localhost:.*: certificate verify failed: '):
        Client('localhost', port_of(running), tls=True).proxies()
    assert client.channel._context.check_hostname


def test_the_wrong_scheme_is_told_in_one_line(running):
    with pytest.raises(RefusedError, match='^TLS is spoken here: https://$'):
        Client('localhost', port_of(running)).proxies()
    with daemon('--http', '--http-port', '0', '--backend', 'embedded') as plain, \
            pytest.raises(UnreachableError, match='^no vaurien answers at https://localhost:.*: it does not speak TLS$'):
        Client('localhost', port_of(plain), cacert=FILES.ca).proxies()
    with pytest.raises(UnreachableError, match='^no vaurien answers at https://localhost:.*: Connection refused$'):
        Client('localhost', free_port(), cacert=FILES.ca).proxies()


def test_vaurienctl_takes_flags_or_the_environment(running, monkeypatch, capsys):
    monkeypatch.delenv('VAURIEN_CACERT', raising=False)
    url = f'https://localhost:{port_of(running)}'
    assert ctl.main(['--host', url, '--cacert', FILES.ca, 'proxies']) == 0
    assert ctl.main(['--host', url, 'proxies']) == 3
    assert 'certificate verify failed' in capsys.readouterr().err
    assert ctl.main(['--host', url, '--cacert', '/no/such', 'proxies']) == 2
    assert capsys.readouterr().err == ("vaurienctl: --cacert: '/no/such' is not valid, expected a file with certificates of "
                                       'authorities in PEM; No such file or directory\n')
    monkeypatch.setenv('VAURIEN_CACERT', FILES.ca)
    monkeypatch.setenv('VAURIEN_CONTROL', url)
    assert ctl.main(['proxies']) == 0


def test_events_come_over_tls(told):
    client = Client()
    client.set_behavior('error', kind='503')
    with connect(told.port) as sock:
        ask(sock, b'GET /doomed HTTP/1.1\r\nHost: x\r\n\r\n', 12)
    events = client.channel.listen('/v1/events', {'since': 0})
    found = list(itertools.islice(events, 1))
    assert found[0][1]['request'] == 'GET /doomed'
    client.set_behavior('dummy')


def test_the_fixture_of_pytest_makes_its_proxies_there(told, pytester):
    pytester.makepyfile('''
        def test_it(vaurien):
            proxy = vaurien.proxy(backend='embedded', protocol='http')
            assert not hasattr(vaurien._daemon, 'process')
            assert 'https://' in vaurien._daemon.repeat()
    ''')
    result = pytester.runpytest_subprocess('-p', 'no:cacheprovider')
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([f'vaurien: the one of VAURIEN_CONTROL, {told.control}'])


def test_curl_reaches_it_and_needs_its_token(tmp_path):
    (tmp_path / 'chaos.ini').write_text(f'[vaurien]\nproxy = 127.0.0.1:0\nbackend = embedded\nhttp = true\nhttp_port = 0\n'
                                        f'http_token = secret\nhttp_cert = {FILES.cert}\nhttp_key = {FILES.key}\n')
    with daemon('--config', 'chaos.ini', cwd=tmp_path) as started:
        started.wait_for('control server on https://')
        command = ['curl', '-sS', '--noproxy', '*', '--cacert', FILES.ca, '-o', '/dev/null', '-w', '%{http_code}']
        url = f'https://localhost:{port_of(started)}/v1/proxies'
        assert subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout == '401'
        allowed = [*command, '-H', 'Authorization: Bearer secret', url]
        assert subprocess.run(allowed, capture_output=True, text=True, check=True).stdout == '200'


@pytest.mark.parametrize('argv, line', [
    (['--http-cert', '/no/such'], "--http-cert: '/no/such' is not valid, expected a file with a certificate in PEM, but: "
                                  'No such file or directory'),
    (['--http-cert', FILES.cert], f"--http-cert: '{FILES.cert}' is not valid, expected a file with a private key in PEM; "
                                  'there is none in it'),
    (['--http-cert', FILES.cert, '--http-key', FILES.ca],
     f"--http-key: '{FILES.ca}' is not valid, expected a file with a private key in PEM; there is none in it"),
    (['--http-key', FILES.key], f"--http-key: '{FILES.key}' is not valid, expected its certificate beside it, as --http-cert"),
], ids=['missing', 'no key', 'wrong key', 'no certificate'])
def test_a_wrong_file_is_one_line_and_status_2(argv, line):
    done = run_to_end('--backend', 'embedded', *argv)   # whether the server is asked for or not
    assert (done.returncode, done.stdout, done.stderr) == (2, '', f'vaurien: {line}\n')


def test_a_key_that_does_not_fit_and_a_file_of_the_ini_are_named(tmp_path):
    _, other = written(tmp_path, 'other', authority().issue_cert('localhost'))
    (tmp_path / 'chaos.ini').write_text(f'[vaurien]\nbackend = embedded\nhttp_cert = {FILES.cert}\nhttp_key = {other}\n')
    done = run_to_end('--config', 'chaos.ini', cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr == (f"vaurien: chaos.ini [vaurien] http_key: '{other}' is not valid, expected the key of the certificate "
                           f'{FILES.cert}\n')
