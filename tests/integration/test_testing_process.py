"""The process that vaurien has within tests: how it starts, what it says where it cannot, and that it never outlives us."""
import contextlib
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
import requests

import vaurien
from tests.support.daemon import environment
from tests.support.peers import Backend, ask, connect, echo_server, ending, free_port, read_to_end, sink
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.client import UnreachableError
from vaurien.errors import VaurienError
from vaurien.testing import Daemon
from vaurien.testing.proxy import split

#: [s] after which nothing may be left of a daemon whose parent was killed
LEFT = 2000 * MS


@pytest.fixture(scope='module')
def daemon():
    with contextlib.closing(Daemon(seed=7)) as found:
        yield found


def gone(pid):
    """Return whether a process has ended; one that nobody has waited for yet has ended too."""
    try:
        os.kill(pid, 0)
        state = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0]
    except ProcessLookupError:
        return True
    except FileNotFoundError:
        return False    # no /proc on this system
    return state == 'Z'


def wait_gone(pid, seconds=PATIENCE):
    """Wait for the end of a process that is not our child, and say whether it came in time."""
    deadline = time.monotonic() + seconds
    while not gone(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(10 * MS)
    return True


# -- starting and failing

def test_it_ends_with_the_block(echo_server):
    with vaurien.running(backend=echo_server.address) as proxy, connect(proxy.port) as client:
        assert ask(client, b'hello') == b'hello'
    with pytest.raises(ConnectionRefusedError):
        connect(proxy.port)
    with pytest.raises(UnreachableError):
        proxy.faults  # noqa: B018 - asking is the test


def test_a_unix_socket_has_a_path(echo_server, tmp_path):
    with vaurien.running(backend=echo_server.address, proxy=f'unix:{tmp_path}/socket') as proxy:
        assert (proxy.host, proxy.port) == (f'{tmp_path}/socket', 0)


@pytest.mark.parametrize('text, parts', [('127.0.0.1:80', ('127.0.0.1', 80)), ('[::1]:80', ('::1', 80)), ('unix:/a', ('/a', 0))])
def test_an_address_has_two_parts(text, parts):
    assert split(text) == parts


def test_a_daemon_that_does_not_start_says_why():
    with pytest.raises(VaurienError, match=r"status 2; it printed:\nvaurien: --plugin: 'no_such_module' is not valid"), \
            vaurien.running(backend='embedded', plugins=['no_such_module']):
        pytest.fail('the block must not run')


@pytest.mark.parametrize('fields, message', [
    ({'protocol': 'rediss'}, "the 'rediss' protocol does not exist"), ({'backend': 'nowhere'}, "'nowhere' is not valid"),
    ({'mix': '20:dely'}, "the 'dely' behavior does not exist"), ({'colour': 'red'}, 'colour'),
])
def test_a_proxy_that_cannot_be_made_says_why(daemon, fields, message):
    with pytest.raises(ValueError, match=message):
        daemon.create('wrong', **{'backend': 'embedded', **fields})
    assert daemon.client.proxies() == []


def test_a_port_that_is_taken_says_so(daemon, echo_server):
    with pytest.raises(ValueError, match='Address already in use'):
        daemon.create('taken', 'embedded', proxy=echo_server.address)


def test_what_was_logged_is_shown_when_the_block_fails(capfd):
    port = free_port()
    with pytest.raises(ConnectionResetError), vaurien.running(backend=f'127.0.0.1:{port}', seed=5) as proxy, \
            connect(proxy.port) as client:
        read_to_end(client)
    shown = capfd.readouterr().err
    assert shown.startswith('vaurien, with seed=5, logged:\n')
    assert f'backend 127.0.0.1:{port} cannot be reached: Connection refused' in shown


def test_nothing_is_shown_when_the_block_passes(capfd):
    with vaurien.running(backend='embedded'):
        pass
    assert capfd.readouterr() == ('', '')


def test_a_daemon_that_ends_by_itself_is_told_of():
    daemon = Daemon(seed=5)
    os.kill(daemon.process.pid, signal.SIGKILL)
    with pytest.raises(VaurienError, match=r'(?s)^vaurien has not ended as it should: status -9; it logged:\n.* seed 5, repeat'):
        daemon.close()


def test_a_plugin_of_the_tests_is_found(tmp_path, monkeypatch):
    (tmp_path / 'chaos_of_ours.py').write_text(textwrap.dedent('''
        from vaurien.behaviors import Behavior
        from vaurien.behaviors.dummy import Dummy
        class Ours(Dummy):
            name = 'ours'
        Behavior.register(Ours)
    '''))
    monkeypatch.syspath_prepend(tmp_path)
    with vaurien.running(backend='embedded', plugins=['chaos_of_ours']) as proxy:
        assert 'ours' in proxy.client.list_behaviors()


def test_nobody_else_can_steer_it(daemon):
    channel = daemon.client.channel
    for token in ('', 'guess'):
        with pytest.raises(ValueError, match='Bearer'):
            vaurien.Client(channel.host, channel.port, token).list_behaviors()


# -- it never outlives us

PARENT = '''
import os, sys, time
from vaurien.testing import Daemon
daemon = Daemon()
proxy = daemon.create('web', 'embedded', 'http')
child = os.fork() if 'fork' in sys.argv else 0      # holds all our pipes
if child or 'fork' not in sys.argv:
    print(daemon.process.pid, child or daemon.process.pid, proxy.port, flush=True)
if 'exit' in sys.argv:
    sys.stdin.read()
    os._exit(0)
time.sleep(600)
'''


@pytest.mark.parametrize('how', ['killed', 'exit', 'fork'])
def test_a_daemon_does_not_outlive_its_parent(how):
    parent = subprocess.Popen([sys.executable, '-c', PARENT, how], env=environment(), stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    with parent:
        daemon, child, port = map(int, parent.stdout.readline().split())
        try:
            with connect(port) as session:
                if how == 'exit':
                    parent.stdin.close()
                else:
                    parent.kill()
                parent.wait(PATIENCE)
                assert wait_gone(daemon, LEFT)
                assert ending(session) in ('RST', 'FIN')
        finally:
            for pid in (daemon, child):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def test_any_program_may_hold_a_daemon_by_its_standard_input():
    with subprocess.Popen([sys.executable, '-m', 'vaurien', '--proxy', '127.0.0.1:0', '--end-with-parent'], env=environment(),
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        port = int(process.stdout.readline().split(',')[0].rpartition(':')[2])
        process.stdin.write('what is said to it does not matter\n')
        process.stdin.flush()
        connect(port).close()
        process.stdin.close()
        try:
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()


def test_ctrl_c_of_the_terminal_is_for_the_parent_alone(daemon):
    assert os.getpgid(daemon.process.pid) != os.getpgid(0)


# -- start_proxy and stop_proxy

@contextlib.contextmanager
def started(**settings):
    pid = vaurien.start_proxy(**{'warmup': PATIENCE, 'proxy_host': '127.0.0.1', **settings})
    try:
        yield pid
    finally:
        with contextlib.suppress(ValueError):
            vaurien.stop_proxy(pid)


def test_start_proxy_returns_when_it_answers_and_stop_proxy_ends_it(monkeypatch):
    monkeypatch.delenv('VAURIEN_HTTP_TOKEN', raising=False)
    with echo_server() as backend:
        port, control = free_port(), free_port()
        with started(proxy_port=port, backend_port=backend.port, http_port=control) as pid:
            client = vaurien.Client(host='localhost', port=control)
            with connect(port) as session:
                assert ask(session, b'hello') == b'hello'
            assert client.get_behavior() == 'dummy'
            with client.with_behavior('error', inject=True):
                assert client.get_behavior() == 'error'
            assert client.get_behavior() == 'dummy'
            vaurien.stop_proxy(pid)
            assert gone(pid)
            with pytest.raises(ConnectionRefusedError):
                connect(port)


def test_with_behavior_brings_back_a_mix_with_its_settings():
    control = free_port()
    with started(proxy_port=0, http_port=control, options=['--behavior', '20:delay,30:error']):
        client = vaurien.Client(port=control, token='')
        client.set_behavior('delay', sleep=7)
        client.change('default', mix=[{'name': 'delay', 'percent': 20, 'settings': {'sleep': 7}},
                                      {'name': 'error', 'percent': 30}])
        before = client.show('default')['mix']
        with pytest.raises(ValueError, match='nope'), client.with_behavior('blackout'):
            client.set_behavior('nope')
        assert client.get_behavior() == '20:delay,30:error'
        assert client.show('default')['mix'] == before


@pytest.mark.parametrize('name, options', [('eror', {}), ('delay', {'slep': 1}), ('delay', {'sleep': -1})])
def test_the_client_refuses_unknown_behaviors_and_options(daemon, name, options):
    proxy = daemon.create('default', 'embedded')
    with pytest.raises(ValueError, match='does not exist|not valid'):
        daemon.client.set_behavior(name, **options)
    assert daemon.client.get_behavior() == 'dummy'
    proxy.remove()


def test_start_proxy_without_a_control_server_returns_when_it_listens():
    port = free_port()
    with started(proxy_port=port, http=False, options=['--backend', 'embedded', '--protocol', 'http']):
        assert requests.get(f'http://127.0.0.1:{port}/', timeout=PATIENCE).status_code == 200


def test_what_it_logged_is_printed_when_it_is_stopped(capfd):
    with started(proxy_port=0, http=False, log_level='info') as pid:
        vaurien.stop_proxy(pid)
    assert 'INFO vaurien.proxies.fleet: default listens on' in capfd.readouterr().err


def test_start_proxy_raises_with_what_was_printed(echo_server):
    taken = f'proxy default cannot listen on {echo_server.address}: Address already in use'
    with pytest.raises(VaurienError, match=f'(?s)vaurien has not started: status 1; it printed:.*{re.escape(taken)}'):
        vaurien.start_proxy(proxy_host='127.0.0.1', proxy_port=echo_server.port, warmup=PATIENCE)


def test_start_proxy_waits_no_longer_than_it_was_told():
    with pytest.raises(VaurienError, match='vaurien is not ready after 0.001 s; it printed nothing'):
        vaurien.start_proxy(proxy_port=0, warmup=0.001)


def test_stop_proxy_ends_only_what_start_proxy_has_started():
    with pytest.raises(ValueError, match='is no process that start_proxy has started'):
        vaurien.stop_proxy(os.getpid())


def test_an_open_session_does_not_hold_back_the_end():
    with Backend(sink) as backend:
        port = free_port()
        with started(proxy_port=port, backend_host='127.0.0.1', backend_port=backend.port, http=False,
                     options=['--grace', '600']) as pid, connect(port) as session:
            session.sendall(b'hello')
            backend.wait_for(1)
            vaurien.stop_proxy(pid)
            assert ending(session) == 'RST'


def test_a_thread_that_ends_does_not_end_what_it_has_started(echo_server):
    with contextlib.ExitStack() as stack:
        found = []
        thread = threading.Thread(target=lambda: found.append(stack.enter_context(vaurien.running(echo_server.address))))
        thread.start()
        thread.join(PATIENCE)
        with connect(found[0].port) as client:
            assert ask(client, b'hello') == b'hello'
