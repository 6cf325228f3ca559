"""The mistakes of vaurien 1.x, one to seven, each by what its users saw."""
import contextlib
import json
import urllib.error
import urllib.request

import pytest

from tests.support.control_client import steering
from tests.support.daemon import daemon
from tests.support.hosting import eventually, spec_for
from tests.support.peers import Backend, connect, echo_server
from vaurien.spec import BehaviorSpec

INI = """
[vaurien]
proxy = 127.0.0.1:0
backend = {backend}

[behavior:one]
callable = custom:One
[behavior:two]
callable = custom:Two
[behavior:three]
callable = custom:Three
"""
CUSTOM = """
from vaurien.behaviors.dummy import Dummy
class Said(Dummy):
    inline = True
    def on_before_handle(self, protocol, source, dest, to_backend):
        if to_backend:
            source.recv(100)
            source.sendall(self.name.encode())
        return not to_backend
class One(Said):
    name = 'one'
class Two(Said):
    name = 'two'
class Three(Said):
    name = 'three'
"""


@pytest.fixture
def backend():
    with echo_server() as server:
        yield server


def call(url, body=None):
    """Ask a control server; a body is put."""
    request = urllib.request.Request(url, None if body is None else json.dumps(body).encode(), method='PUT' if body else 'GET')
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def answer_of(port):
    """Return the first bytes of the answer to hello on a new connection; empty: it was ended."""
    with connect(port) as client, contextlib.suppress(ConnectionError):
        client.sendall(b'hello')
        return client.recv(5)
    return b''


def test_1_the_control_server_does_not_switch_the_mix_off(backend):
    with daemon('--backend', backend.address, '--behavior', '100:blackout', '--http', '--http-port', '0') as vaurien:
        assert answer_of(vaurien.port) == b''
        assert call(f'{vaurien.control}/behavior') == {'behavior': 'blackout'}
        call(f'{vaurien.control}/behavior', {'name': 'dummy'})
        assert answer_of(vaurien.port) == b'hello'


@pytest.mark.parametrize('mix', ['10:dummy', '0:error,40:dummy', '10:dummy,20:dummy'])
def test_2_dummy_may_be_named_in_a_mix_with_a_sum_under_100(backend, mix):
    with steering(spec_for(backend, mix)) as server:
        for _ in range(20):
            assert answer_of(server.host.port) == b'hello'
        assert server.ask('PUT', '/behavior', {'mix': mix}).status == 200
        assert answer_of(server.host.port) == b'hello'


def test_3_each_proxy_counts_for_itself(backend):
    two = [spec_for(backend, name=name, mix='transient', settings={'transient': {'agitate': 2}}) for name in ('one', 'two')]
    with steering(*two) as server:
        for proxy in server.fleet.proxies.values():
            answers = [answer_of(proxy.bound.port) for _ in range(3)]
            assert [answer == b'hello' for answer in answers] == [False, False, True], proxy.name


def test_4_options_set_by_the_api_hold_at_the_next_call_too(backend):
    configured = {'transient': {'agitate': 50}}
    with steering(spec_for(backend, settings=configured)) as server:
        server.ask('PUT', '/behavior', {'name': 'transient', 'agitate': 2})
        assert server.get('/behavior') == {'behavior': 'transient'}
        server.ask('PUT', '/backend', {'backend': backend.address})
        answers = [answer_of(server.host.port) for _ in range(3)]
        assert [answer == b'hello' for answer in answers] == [False, False, True]
        behavior = server.host.proxy.chaos.entries[0][1]
        assert behavior.option('agitate') == 2


def test_5_every_custom_section_of_the_ini_file_works(backend, tmp_path):
    (tmp_path / 'custom.py').write_text(CUSTOM)
    (tmp_path / 'vaurien.config.ini').write_text(INI.format(backend=backend.address))
    with daemon('--config', 'vaurien.config.ini', '--http', '--http-port', '0', cwd=tmp_path) as vaurien:
        assert {'one', 'two', 'three'} < set(call(f'{vaurien.control}/behaviors')['behaviors'])
        for name in ('one', 'two', 'three'):
            call(f'{vaurien.control}/behavior', {'name': name})
            assert answer_of(vaurien.port) == name.encode()


@pytest.mark.parametrize('rubbish', ['', 'x', 'localhost', 'localhost:', ':', ':80', 'localhost:port', 'localhost:99999', '[::1',
                                     'unix:', 'http://localhost:80', 'a:1:2', 'a b:1', 'a\x00:1', None, 5, [], {}, True])
def test_6_rubbish_for_a_backend_does_not_end_the_process(backend, rubbish):
    with steering(spec_for(backend)) as server:
        answer = server.ask('PUT', '/backend', {'backend': rubbish})
        assert (answer.status, answer.json['errors'][0]['name']) == (400, 'backend')
        assert server.get('/backend') == {'backend': backend.address}
        assert answer_of(server.host.port) == b'hello'


def test_6_rubbish_for_a_backend_leaves_a_real_process_running(backend):
    with daemon('--backend', backend.address, '--http', '--http-port', '0') as vaurien:
        with pytest.raises(urllib.error.HTTPError) as caught:
            call(f'{vaurien.control}/backend', {'backend': 'rubbish'})
        assert caught.value.code == 400
        caught.value.close()
        assert answer_of(vaurien.port) == b'hello'


def named(name):
    """Return a backend that answers its name to whatever comes."""
    def answer(sock):
        while sock.recv(100):
            sock.sendall(name)
    return Backend(answer)


def test_7_pooled_connections_do_not_outlive_a_change_of_the_backend():
    reuse = {'reuse_socket': True}
    with named(b'old') as old, named(b'new') as new, steering(spec_for(old, protocol_settings=reuse)) as server:
        assert answer_of(server.host.port) == b'old'
        server.host.wait_idle()
        assert len(server.host.proxy.pool) == 1
        server.ask('PUT', '/backend', {'backend': new.address})
        assert len(server.host.proxy.pool) == 0
        assert answer_of(server.host.port) == b'new'


def test_7_open_sessions_stay_where_they_are_and_are_not_pooled_for_another_backend():
    reuse = {'reuse_socket': True}
    with named(b'old') as old, named(b'new') as new, steering(spec_for(old, protocol_settings=reuse)) as server:
        with connect(server.host.port) as client:
            client.sendall(b'1')
            assert client.recv(3) == b'old'
            server.ask('PUT', '/backend', {'backend': new.address})
            client.sendall(b'2')
            assert client.recv(3) == b'old'
        server.host.wait_idle()
        assert answer_of(server.host.port) == b'new'


def test_7_a_stale_connection_is_not_reused():
    reuse = {'reuse_socket': True}
    with named(b'old') as old, steering(spec_for(old, protocol_settings=reuse)) as server:
        assert answer_of(server.host.port) == b'old'
        server.host.wait_idle()
        assert len(server.host.proxy.pool) == 1
        old.accepted[0].shutdown(2)
        eventually(lambda: old.accepted[0].fileno() == -1)
        assert answer_of(server.host.port) == b'old'
        assert len(old.accepted) == 2


def test_3_counters_are_new_where_the_mix_is(backend):
    agitated = (BehaviorSpec(name='transient', settings={'agitate': 1}),)
    with steering(spec_for(backend)) as server:
        for _ in range(2):
            server.host.mix(agitated)
            assert [answer_of(server.host.port) == b'hello' for _ in range(2)] == [False, True]
            server.host.mix('')
