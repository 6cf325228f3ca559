"""Flags beside ``--fleet-only`` and ``--toxiproxy``: they are what proxies have that are made later, whatever made them."""
import json
import time

import pytest
import requests

from tests.support.daemon import daemon
from tests.support.peers import ask, black_hole, connect, fate
from tests.support.unit_of_time import PATIENCE

TIMEOUT = 0.3   #: [s]
LIMITS = {'timeout': TIMEOUT, 'stay_connected': False, 'pool_max_size': 7, 'pool_timeout': 8.0, 'backlog': 9,
          'max_connections': 1}
FLAGS = ('--timeout', f'{TIMEOUT}', '--no-stay-connected', '--pool-max-size', '7', '--pool-timeout', '8', '--backlog', '9',
         '--max-connections', '1', '--behavior-delay-sleep', '0.25', '--protocol-http-overwrite-host-header')


def native(url, upstream):
    return requests.post(f'{url}/v1/proxies', json={'name': 'later', 'backend': upstream, 'protocol': 'http'}, timeout=PATIENCE)


def toxiproxy(url, upstream):
    body = {'name': 'later', 'listen': '127.0.0.1:0', 'upstream': upstream, 'protocol': 'http'}
    return requests.post(f'{url}/proxies', json=body, timeout=PATIENCE)


def populate(url, upstream):
    body = [{'name': 'later', 'listen': '127.0.0.1:0', 'upstream': upstream, 'protocol': 'http'}]
    return requests.post(f'{url}/populate', json=body, timeout=PATIENCE)


def replace(url, upstream):
    """Put it in the place of one that was told otherwise."""
    toxiproxy(url, 'localhost:1').raise_for_status()
    changed = requests.patch(f'{url}/v1/proxies/later', json={'timeout': 99, 'settings': {}}, timeout=PATIENCE)
    changed.raise_for_status()
    return populate(url, upstream)


@pytest.fixture(params=['--fleet-only', '--toxiproxy'])
def running(request, tmp_path):
    more = ('--http-port', '0') if request.param == '--toxiproxy' else ('--http', '--http-port', '0')
    with daemon(request.param, *more, *FLAGS, proxies=0) as vaurien:
        vaurien.wait_for('vaurien: control server on')
        yield vaurien


@pytest.mark.parametrize('make', [native, toxiproxy, populate, replace])
def test_a_proxy_that_is_made_later_has_what_the_flags_say(make, running, echo_server):
    make(running.control, echo_server.address).raise_for_status()
    shown = requests.get(f'{running.control}/v1/proxies/later', timeout=PATIENCE).json()
    assert {key: shown[key] for key in LIMITS} == LIMITS
    assert shown['settings'] == {'delay': {'sleep': 0.25}}
    assert shown['protocol_settings'] == {'overwrite_host_header': True}


@pytest.mark.parametrize('make', [native, toxiproxy, populate])
def test_its_timeout_ends_a_client_whose_backend_does_not_answer(make, running):
    with black_hole() as port:
        make(running.control, f'127.0.0.1:{port}').raise_for_status()
        shown = requests.get(f'{running.control}/v1/proxies/later', timeout=PATIENCE).json()
        start = time.monotonic()
        assert fate(int(shown['address'].rpartition(':')[2])) == 'RST'
        assert TIMEOUT * 0.9 <= time.monotonic() - start < TIMEOUT + 5


def test_what_is_said_of_a_proxy_wins_over_flags(running, echo_server):
    body = {'name': 'later', 'backend': echo_server.address, 'timeout': 5, 'max_connections': 0, 'protocol': 'http',
            'settings': {'delay': {'before': False}}, 'protocol_settings': {'overwrite_host_header': False}}
    shown = requests.post(f'{running.control}/v1/proxies', json=body, timeout=PATIENCE).json()
    assert (shown['timeout'], shown['max_connections'], shown['backlog']) == (5.0, 0, 9)
    assert shown['settings'] == {'delay': {'sleep': 0.25, 'before': False}}
    assert shown['protocol_settings'] == {'overwrite_host_header': False}


def test_another_protocol_has_the_options_that_its_flags_say(running, echo_server):
    native(running.control, echo_server.address).raise_for_status()
    url = f'{running.control}/v1/proxies/later'
    assert requests.patch(url, json={'protocol': 'tcp'}, timeout=PATIENCE).json()['protocol_settings'] == {}
    assert requests.patch(url, json={'protocol': 'http'}, timeout=PATIENCE).json()['protocol_settings'] == {
        'overwrite_host_header': True}


def test_the_classic_api_finds_the_configured_values(running, echo_server):
    native(running.control, echo_server.address).raise_for_status()
    url = f'{running.control}/behavior?proxy=later'
    requests.put(url, json={'name': 'delay'}, timeout=PATIENCE).raise_for_status()
    shown = requests.get(f'{running.control}/v1/proxies/later', timeout=PATIENCE).json()
    assert (shown['behavior'], shown['settings']['delay']) == ('delay', {'sleep': 0.25})


def test_a_list_at_the_start_has_what_the_flags_say(echo_server, tmp_path):
    (tmp_path / 'list.json').write_text(json.dumps([{'name': 'on', 'listen': '127.0.0.1:0', 'upstream': echo_server.address}]))
    with daemon('--toxiproxy', '--http-port', '0', '--populate', str(tmp_path / 'list.json'), *FLAGS) as vaurien:
        vaurien.wait_for('vaurien: control server on')
        shown = requests.get(f'{vaurien.control}/v1/proxies/on', timeout=PATIENCE).json()
        assert {key: shown[key] for key in LIMITS} == LIMITS
        with connect(vaurien.proxies['on'][1]) as client:
            assert ask(client, b'x') == b'x'


def test_unknown_paths_are_answered_as_toxiproxy_does(running):
    answer = requests.get(f'{running.control}/nothing', timeout=PATIENCE)
    spoken = '--toxiproxy' in running.process.args
    assert answer.status_code == 404
    assert answer.headers['Content-Type'] == ('text/plain; charset=utf-8' if spoken else 'application/json')
