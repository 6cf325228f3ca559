"""A machine that runs out of things: descriptors, room on the disk, names. What is gone is told, and what comes back is used.

That descriptors run out without a spin is shown in ``test_data_plane_connecting``; that stepped clocks do not matter, in
``tests.unit.test_clocks``.
"""
import contextlib
import os
import re
import resource
import signal
import time

import gevent
import pytest

from tests.support.daemon import daemon
from tests.support.hosting import child, eventually, hosted, spec_for
from tests.support.peers import ask, connect, ending, fate
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.net import sockets


@pytest.mark.skipif(not os.path.exists('/dev/full'), reason='there is no full disk here')
@pytest.mark.parametrize('level', ['info', 'debug'])
def test_full_disk_for_the_log_costs_the_log_and_nothing_else(echo_server, level):
    with daemon('--backend', echo_server.address, '--log-output', '/dev/full', '--log-level', level, '--grace', '0') as vaurien:
        for _ in range(20):
            with connect(vaurien.port) as client:
                assert ask(client, b'ping' * 1000) == b'ping' * 1000
        vaurien.send(signal.SIGTERM)
        assert vaurien.wait() == 0
        assert vaurien.log == ''


def test_out_of_descriptors_and_back_again_and_again_and_open_sessions_go_on(echo_server):
    much = b'ping' * 50_000     # forwarded by splice, where there are descriptors for its pipe
    with child(spec_for(echo_server), files=48) as proxy, connect(proxy.port) as client:
        assert ask(client, much) == much
        for _ in range(3):
            with contextlib.ExitStack() as stack:
                before = proxy.state()
                for _ in range(40):
                    stack.enter_context(connect(proxy.port))
                eventually(lambda before=before: failures(proxy.state()) > failures(before), 'the lack of descriptors')
                assert ask(client, much) == much
            eventually(lambda: proxy.state()['sessions'] == 1, 'the end of the other sessions')
            with connect(proxy.port) as other:
                assert ask(other, much) == much


def failures(state: dict[str, int]) -> int:
    return state['accept_errors'] + state['backend_errors']


@pytest.mark.skipif(not hasattr(resource, 'prlimit'), reason='the limit of another process cannot be changed here')
def test_a_control_server_without_descriptors_says_so_in_single_lines_and_goes_on():
    with daemon('--backend', 'embedded', '--protocol', 'http', '--http', '--http-port', '0') as vaurien:
        port = int(vaurien.control.rpartition(':')[2])
        answers(port)
        limit = len(os.listdir(f'/proc/{vaurien.pid}/fd'))
        limits = resource.prlimit(vaurien.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(vaurien.pid, resource.RLIMIT_NOFILE, (limit + 3, limits[1]))
        with contextlib.ExitStack() as stack:
            for _ in range(20):
                stack.enter_context(connect(port))
            vaurien.wait_for(r'control server cannot accept: \[Errno 24\]')
            time.sleep(50 * MS)
        resource.prlimit(vaurien.pid, resource.RLIMIT_NOFILE, limits)
        answers(port)
        answers(vaurien.port)      # its backend is a server of the same kind
        assert 'Traceback' not in vaurien.log
        assert len(re.findall('cannot accept', vaurien.log)) < 10


def answers(port):
    """Ask until there is an answer: descriptors come back once their connections have ended."""
    def asked():
        with contextlib.suppress(OSError), connect(port) as client:
            client.sendall(b'GET /health HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n' % port)
            return client.recv(100).startswith(b'HTTP/1.1 ')
        return False
    eventually(asked, 'an answer')


def test_names_that_cannot_be_looked_up_for_a_while(echo_server, monkeypatch):
    with hosted(spec_for(f'localhost:{echo_server.port}')) as host, connect(host.port) as before:
        assert ask(before, b'ping') == b'ping'
        with monkeypatch.context() as patch:
            patch.setattr(sockets, 'resolve', fails)
            patch.setattr('vaurien.net.connect.resolve', fails)
            patch.setattr(sockets, 'NAMES_KEPT', 0.0)
            sockets._names.clear()
            for _ in range(5):
                assert fate(host.port) == 'RST'
            assert host.proxy.stats.backend_errors == 5
            assert ask(before, b'still here') == b'still here'
        with connect(host.port) as client:
            assert ask(client, b'after') == b'after'


def fails(address):
    raise OSError(-3, 'Temporary failure in name resolution')


class Hanging:
    """A resolver that takes its time, in a thread, as that of the system does."""

    def getaddrinfo(self, *rest):
        gevent.get_hub().threadpool.apply(time.sleep, (500 * MS,))
        return []

    def close(self):
        pass


def test_a_resolver_that_hangs_holds_nobody_else_back(echo_server):
    specs = spec_for(echo_server), spec_for('slow.invalid:80', name='slow', timeout=100 * MS)
    with hosted(*specs) as host, connect(host.port) as other:
        host.call(lambda: setattr(gevent.get_hub(), 'resolver', Hanging()))
        start = time.monotonic()
        with connect(host.fleet.proxies['slow'].bound.port) as slow:
            assert ask(other, b'ping') == b'ping'
            assert ending(slow) == 'RST'
        assert time.monotonic() - start < 500 * MS + PATIENCE
        assert host.fleet.proxies['slow'].stats.backend_errors == 1
