"""Experiments of Chaos Toolkit against a real vaurien before a real Redis: what ``chaos run`` does, says and leaves."""
import inspect
import json
import os
import subprocess
import sys

import pytest
import redis
from chaoslib.exceptions import ActivityFailed

from tests.support.daemon import daemon
from tests.support.peers import free_port
from tests.support.unit_of_time import PATIENCE
from vaurien.chaostoolkit import actions, controls, discover, probes

TITLE = 'The cache can be written'
PROXY = 'default'


@pytest.fixture(scope='module')
def vaurien(redis_server):
    with daemon('--proxy', f'127.0.0.1:{free_port()}', '--backend', f'127.0.0.1:{redis_server.port}', '--protocol', 'redis',
                '--seed', '7', '--http', '--http-port', '0', '--http-token', 'secret') as process:
        yield process
        assert 'Traceback' not in process.log


@pytest.fixture
def said(vaurien):
    """What an experiment says of its vaurien; in the end the proxy is as it was made."""
    found = {'configuration': {'vaurien_control': f'http://{vaurien.control.removeprefix("http://")}'},
             'secrets': {'vaurien_token': 'secret'}}
    yield found
    actions.reset(**found)
    actions.clear_faults(**found)


def activity(kind, func, title, /, **arguments):
    """Write an activity of vaurien's as an experiment has it."""
    return {'type': kind, 'name': title, 'provider': {
        'type': 'python', 'module': f'vaurien.chaostoolkit.{kind}s', 'func': func, 'arguments': arguments,
        'secrets': ['vaurien']}}


def run(folder, said, method, steady, rollbacks, **more):
    """Run an experiment by the command, and return its status, its journal and what it said."""
    experiment = {
        'title': TITLE, 'description': 'A replica that was a master refuses to be written.',
        'configuration': said['configuration'], 'secrets': {'vaurien': said['secrets']},
        'steady-state-hypothesis': {'title': 'steady', 'probes': steady}, 'method': method, 'rollbacks': rollbacks,
        'controls': [{'name': 'vaurien', 'provider': {'type': 'python', 'module': 'vaurien.chaostoolkit.controls',
                                                      'secrets': ['vaurien'], **more}}]}
    (folder / 'experiment.json').write_text(json.dumps(experiment))
    done = subprocess.run([sys.executable, '-m', 'chaostoolkit', '--no-version-check', 'run', '--rollback-strategy', 'always',
                           'experiment.json'], cwd=folder, capture_output=True, text=True, check=False, timeout=2 * PATIENCE,
                          env={**os.environ, 'VAURIEN_HTTP_TOKEN': 'secret', 'HOME': str(folder)})
    return done.returncode, json.loads((folder / 'journal.json').read_text()), done.stdout + done.stderr


WRITTEN = 'import redis, sys; redis.Redis(port=int(sys.argv[1])).set("stock", 1)'


def write(port):
    """Return a steady-state probe: a client that writes through the proxy."""
    return {'type': 'probe', 'name': 'written', 'tolerance': 0, 'provider': {
        'type': 'process', 'path': sys.executable, 'arguments': ['-c', WRITTEN, str(port)]}}


READONLY = activity('action', 'set_behavior', 'fault', proxy=PROXY, name='error', options={'kind': 'readonly', 'match': '^SET '})
HEALED = activity('action', 'reset', 'heal', proxy=PROXY)


def test_a_fault_of_the_method_fails_the_steady_state_and_the_rollback_takes_it_away(vaurien, said, tmp_path):
    status, journal, text = run(tmp_path, said, [READONLY], [write(vaurien.port)], [HEALED])
    assert (status, journal['deviated']) == (1, True), text
    after = journal['steady_states']['after']
    assert 'ReadOnlyError' in after['probes'][0]['output']['stderr']
    assert [action['status'] for action in journal['rollbacks']] == ['succeeded']
    assert probes.get_behavior(PROXY, **said) == 'dummy'
    redis.Redis(port=vaurien.port).set('stock', 2)


def test_an_experiment_whose_steady_state_holds_passes_and_its_probes_see_the_fault(said, tmp_path):
    dummy = activity('probe', 'count_sessions', 'none-open', proxy=PROXY) | {'tolerance': 0}
    seen = activity('probe', 'get_behavior', 'seen', proxy=PROXY) | {'tolerance': 'error'}
    status, journal, text = run(tmp_path, said, [READONLY, seen], [dummy], [HEALED])
    assert (status, journal['status']) == (0, 'completed'), text
    assert [(item['status'], item.get('tolerance_met', True)) for item in journal['run']] == [('succeeded', True)] * 2


def test_the_control_writes_what_was_injected_into_the_journal_and_resets_where_nothing_else_does(vaurien, said, tmp_path):
    _, journal, text = run(tmp_path, said, [READONLY], [write(vaurien.port)], [])
    fault, = journal['vaurien']['faults']
    assert (fault['behavior'], fault['kind'], fault['request']) == ('error', 'readonly', 'SET stock'), text
    assert journal['vaurien']['seed'] == 7
    assert probes.get_behavior(PROXY, **said) == 'dummy'


def test_a_refusal_fails_the_activity_in_the_words_of_vaurien(said, tmp_path):
    wrong = activity('action', 'set_behavior', 'wrong', proxy=PROXY, name='eror')
    _, journal, text = run(tmp_path, said, [wrong], [], [])
    assert journal['run'][0]['status'] == 'failed'
    assert "the 'eror' behavior does not exist, known: abort, " in journal['run'][0]['exception'][-1]
    assert 'Traceback' not in text


def test_each_action_is_seen_by_its_probe(vaurien, said):
    assert actions.set_mix(PROXY, [{'name': 'delay', 'percent': 20}], **said)[0]['percent'] == 20
    assert probes.get_behavior(PROXY, **said).startswith('20:delay')
    actions.add_toxic(PROXY, 'latency', {'latency': 1}, name='slow', stream='upstream', toxicity=0.5, **said)
    assert probes.toxics(PROXY, **said) == ['slow']
    assert probes.has_toxic(PROXY, 'slow', **said)
    actions.remove_toxic(PROXY, 'slow', **said)
    assert not probes.has_toxic(PROXY, 'slow', **said)
    assert actions.disable_proxy(PROXY, **said)
    assert not probes.is_enabled(PROXY, **said)
    assert actions.enable_proxy(PROXY, **said)
    actions.reset(PROXY, **said)
    before = probes.count_faults(PROXY, **said)
    actions.add_faults([f'{PROXY}: GET city = masterdown'], **said)
    with redis.Redis(port=vaurien.port) as client, pytest.raises(redis.ResponseError, match='Link with MASTER is down'):
        client.get('city')
    assert probes.count_faults(PROXY, **said) == before + 1
    assert probes.count_faults(PROXY, kind='masterdown', behavior='error', **said) >= 1
    assert probes.count_faults(PROXY, kind='no such', **said) == 0
    assert actions.kill_sessions(PROXY, **said) == probes.count_sessions(PROXY, **said) == 0
    assert probes.get_stats(**said)[0]['proxy'] == PROXY


@pytest.mark.parametrize('configuration, words', [
    ({'vaurien_control': 'ftp://localhost'}, 'vaurien_control: .* is not valid, expected such as'),
    ({'vaurien_control': 'PORT'}, 'no vaurien answers at'),
], ids=['no URL', 'nobody there'])
def test_where_no_vaurien_is_the_activity_fails_in_one_line(configuration, words):
    there = {name: value.replace('PORT', f'http://127.0.0.1:{free_port()}') for name, value in configuration.items()}
    with pytest.raises(ActivityFailed, match=words) as raised:
        probes.get_behavior(PROXY, configuration=there)
    assert '\n' not in str(raised.value)


def test_discovery_lists_each_action_and_probe_with_its_arguments():
    found = discover()
    assert found['extension']['name'] == 'vaurien'
    listed = {(item['type'], item['name']) for item in found['activities']}
    assert listed == {('action', name) for name in actions.__all__} | {('probe', name) for name in probes.__all__}
    for item in found['activities']:
        assert item['doc']
    assert {'configuration', 'secrets'} <= set(inspect.signature(controls.after_experiment_control).parameters)
