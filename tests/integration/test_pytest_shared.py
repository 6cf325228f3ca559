"""The pytest plugin where a vaurien runs already: below ``vaurien run``, and where ``VAURIEN_CONTROL`` names one."""
import json
import subprocess
import sys
import textwrap

import pytest

from tests.integration.test_pytest_plugin import MEETS
from tests.support.daemon import ROOT, daemon, environment
from tests.support.peers import echo_server, free_port
from tests.support.unit_of_time import PATIENCE
from vaurien.client import Client

pytest_plugins = ['pytester']
PLUGIN = ('-p', 'vaurien.pytest_plugin', '-p', 'no:cacheprovider')


@pytest.fixture
def run(pytester, monkeypatch):
    """Run pytest in a folder of its own, with this plugin as if it was installed and no other one."""
    monkeypatch.setenv('PYTEST_DISABLE_PLUGIN_AUTOLOAD', '1')
    monkeypatch.setenv('PYTHONPATH', str(ROOT))
    return lambda *arguments: pytester.runpytest_subprocess(*PLUGIN, *arguments)


@pytest.fixture
def shared(monkeypatch):
    """A vaurien that the environment names, with a token."""
    monkeypatch.setenv('VAURIEN_HTTP_TOKEN', 'secret')
    with daemon('--http', '--http-port', '0', '--seed', '7', '--protocol', 'http', '--backend', 'embedded', '--behavior',
                '0:delay') as started:
        started.wait_for('control server')
        monkeypatch.setenv('VAURIEN_CONTROL', started.control)
        yield started


def test_proxies_of_tests_are_made_in_the_running_vaurien_and_removed(pytester, run, shared):
    for name in ('one', 'two'):     # of the same name, in two files, at the same time
        pytester.makepyfile(**{f'test_{name}': textwrap.dedent(MEETS) + textwrap.dedent(f'''
        def test_it(vaurien):
            import pathlib, time
            from vaurien.client import Client
            here = pathlib.Path(__file__).parent
            proxy = vaurien.proxy(backend='embedded', protocol='http')
            (here / '{name}.made').touch()
            while len(list(here.glob('*.made'))) < 2:
                time.sleep(0.01)
            assert proxy.name in [made['name'] for made in Client().proxies()]
            assert vaurien.seed == 7
            assert not hasattr(vaurien._daemon, 'process')
            proxy.fault('GET /never', kind='503', unused_ok=True)

        def test_fails(vaurien):
            assert met(vaurien, **HALF) == []
        ''')})
    result = run('-p', 'xdist.plugin', '-n', '2', '--dist', 'loadfile')
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(['test-one.py-test-fails.1 at 127.0.0.1:*: faults met: *',
                                 f'repeat with --seed 7 given to the vaurien at {shared.control}'])
    result.stdout.fnmatch_lines([f'vaurien: the one of VAURIEN_CONTROL, {shared.control}'])
    result.stdout.no_fnmatch_line('*vaurien-seed*')
    result.stdout.no_fnmatch_line('*vaurien log*')
    assert [proxy['name'] for proxy in Client().proxies()] == ['default']
    assert Client().plan() == []
    assert Client().seed() == 7


def test_a_proxy_that_is_there_is_taken_and_given_back_as_it_was(pytester, run, shared):
    before = Client().show('default')
    pytester.makepyfile(f'''
        import urllib.error, urllib.request, pytest

        def code():
            try:
                return urllib.request.urlopen('http://127.0.0.1:{shared.port}/').status
            except urllib.error.HTTPError as error:
                error.close()
                return error.code

        def test_block(vaurien):
            proxy = vaurien.existing('default')
            with proxy.behavior('error', kind='503'):
                assert code() == 503
            assert code() == 200
            proxy.mix('error', error={{'kind': '502'}})
            proxy.toxic('latency', latency=1)
            vaurien.existing('default').toxic('noop')   # a fixture may have taken it before
            assert [code(), len(proxy.faults)] == [502, 2]

        @pytest.mark.vaurien(fault='GET /', kind='500')
        def test_marked(vaurien):
            vaurien.existing('default')
            assert [code(), code()] == [500, 200]

        def test_never(vaurien):
            vaurien.existing('default').mix('error')

        def test_none(vaurien):
            vaurien.existing('other')
    ''')
    result = run()
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(['error of default was asked for and never applied: no request came (unused_ok=True*)'])
    result.stdout.fnmatch_lines(["E * the 'other' proxy does not exist, known: default"])
    after = Client().show('default')
    assert [after[key] for key in ('mix', 'settings', 'toxics')] == [before[key] for key in ('mix', 'settings', 'toxics')]
    assert Client().plan() == []


def test_a_seed_or_plugins_of_its_own_need_a_vaurien_of_its_own(pytester, run, shared):
    pytester.makepyfile('''
        def test_it(vaurien):
            assert vaurien.seed == 3
            assert vaurien.existing('default').seed == 7
            proxy = vaurien.proxy(backend='embedded')
            assert proxy.name == 'test-it.1'
            assert vaurien._daemon.process.pid
    ''')
    result = run('--vaurien-seed', '3')
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(['vaurien: --vaurien-seed 3'])


@pytest.mark.parametrize('control, token, said', [
    ('http://localhost:{port}', '', 'no vaurien answers at http://localhost:{port}: *'),
    ('ftp://there', '', "VAURIEN_CONTROL: 'ftp://there' is not valid, expected such as http://localhost:8080, or https://"),
    (None, 'wrong', 'a request needs Authorization: Bearer and the token *'),
], ids=['nobody', 'no URL', 'token'])
def test_a_vaurien_that_cannot_be_asked_is_told_of_in_one_line(pytester, run, shared, monkeypatch, control, token, said):
    port = free_port()
    monkeypatch.setenv('VAURIEN_CONTROL', control.format(port=port) if control else shared.control)
    monkeypatch.setenv('VAURIEN_HTTP_TOKEN', token)
    pytester.makepyfile('def test_it(vaurien): pass')
    result = run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f'{said.format(port=port)}* (VAURIEN_CONTROL is set; without it the tests start a vaurien of '
                                 'their own)'])
    result.stdout.no_fnmatch_line('*Traceback*')


def test_an_existing_proxy_needs_a_vaurien_that_runs(pytester, run, monkeypatch):
    monkeypatch.setenv('VAURIEN_CONTROL', '')
    pytester.makepyfile("def test_it(vaurien): vaurien.existing('redis_url')")
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*existing('redis_url'): VAURIEN_CONTROL is not set, expected where a vaurien runs that has *"])


def test_tests_below_vaurien_run_find_its_proxies(tmp_path):
    (tmp_path / 'test_app.py').write_text('''
import os, socket, pytest
from vaurien.client import Client

def send():
    host, _, port = os.environ['BACKEND'].rpartition(':')
    with socket.create_connection((host, int(port)), 10) as client:
        client.sendall(b'hello')
        return client.recv(5)

def test_the_app_meets_a_fault_that_the_test_asks_for(vaurien):
    assert send() == b'hello'
    with vaurien.existing('backend').behavior('blackout'):
        assert send() == b''

def test_another_proxy(vaurien):
    assert vaurien.proxy(backend=os.environ['BACKEND']).name in [proxy['name'] for proxy in Client().proxies()]
''')
    with echo_server() as backend:
        done = subprocess.run(
            [sys.executable, '-m', 'vaurien', 'run', '--through', 'BACKEND', '--seed', '5', '--journal', 'journal',
             '--', sys.executable, '-m', 'pytest', *PLUGIN, '-q'], cwd=tmp_path, text=True, capture_output=True, timeout=PATIENCE,
            env={**environment(), 'BACKEND': backend.address, 'PYTEST_DISABLE_PLUGIN_AUTOLOAD': '1'})
    assert (done.returncode, '2 passed' in done.stdout) == (0, True), done
    assert 'blackout' in done.stderr     # of the report
    kept = [json.loads(line) for line in (tmp_path / 'journal').read_text().splitlines()]
    assert any(line.get('behavior') == 'blackout' for line in kept), kept
