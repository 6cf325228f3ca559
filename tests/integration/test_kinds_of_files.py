"""Kinds of error of a user's own file: in a process of tests, in the fixture of pytest, and read again."""
import signal

import httpx
import pytest

import vaurien.testing
from tests.support.daemon import daemon
from tests.support.unit_of_time import PATIENCE

pytest_plugins = ('pytester',)
FILE = '''
[kinds.ours]
description = "It is ours."
category = "A"
source = "https://wiki.example/ours"
status = %d
json = \'{"error": "ours"}\'
'''


@pytest.fixture
def path(tmp_path):
    found = tmp_path / 'ours.toml'
    found.write_text(FILE % 418)
    return found


def test_a_test_names_the_file_and_then_the_kind(path):
    with vaurien.testing.running('embedded', 'http', kinds=[str(path)]) as proxy:
        with proxy.behavior('error', kind='ours'):
            response = httpx.get(f'http://{proxy.address}/', trust_env=False, timeout=PATIENCE)
        assert (response.status_code, response.json()) == (418, {'error': 'ours'})
        assert [fault.kind for fault in proxy.faults] == ['ours']


def test_the_http_api_lists_it_and_those_of_vaurien(path):
    with daemon('--http', '--http-port', '0', '--kinds', str(path), '--protocol', 'http') as running:
        found = httpx.get(f'{running.control}/v1/protocols', trust_env=False, timeout=PATIENCE).json()
    protocols = {each['name']: each['kinds'] for each in found['protocols']}
    kinds = {kind['name']: kind for kind in protocols['http']}
    assert (kinds['ours']['description'], kinds['ours']['only_named']) == ('It is ours.', True)
    assert 'openai-rate-limit' in kinds
    assert 'ours' not in {kind['name'] for kind in protocols['grpc']}


def test_sighup_has_the_file_read_again_and_a_wrong_one_changes_nothing(path):
    with daemon('--kinds', str(path), '--protocol', 'http', '--backend', 'embedded', '--behavior', 'error',
                '--behavior-error-kind', 'ours') as running:
        def status():
            return httpx.get(f'http://127.0.0.1:{running.port}/', trust_env=False, timeout=PATIENCE).status_code
        assert status() == 418
        for count, (text, expected) in enumerate([(FILE % 451, 451), (FILE % 99, 451)], 1):
            path.write_text(text)
            running.send(signal.SIGHUP)
            running.wait_for(r'vaurien\.cli\.reload: (?:not )?reloaded', count)
            assert status() == expected
        assert 'ours.toml kinds.ours.status: 99 is not valid, expected an integer of at least 200' in running.log


def test_the_settings_of_pytest_name_files(pytester, path, monkeypatch):
    monkeypatch.setenv('PYTEST_DISABLE_PLUGIN_AUTOLOAD', '1')
    monkeypatch.delenv('VAURIEN_CONTROL', raising=False)
    pytester.makeini(f'[pytest]\nvaurien_kinds = {path.name}')
    (pytester.path / path.name).write_text(path.read_text())
    pytester.makepyfile('''
        def test_it(vaurien):
            vaurien.proxy(backend='embedded', protocol='http', unused_ok=True).behavior('error', kind='ours')
    ''')
    pytester.runpytest_subprocess('-p', 'vaurien.pytest_plugin', '-p', 'no:cacheprovider').assert_outcomes(passed=1)
