"""The backend at its worst, in the middle of traffic: its clients hear of it as they would without vaurien, and nobody else.

That a backend is down, black-holed or unknown from the start is shown in ``test_data_plane_connecting``.
"""
import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from tests.support.daemon import ROOT
from tests.support.hosting import eventually, hosted, spec_for
from tests.support.peers import Backend, ask, black_hole, connect, ending, free_port, read_exactly, reset
from tests.support.unit_of_time import MS, PATIENCE

SERVER = """
import sys, threading
from tests.support.peers import Backend, echo
with Backend(echo, port=int(sys.argv[1])):
    print('listening', flush=True)
    threading.Event().wait()
"""


@contextlib.contextmanager
def echo_process(port: int) -> Iterator['subprocess.Popen[str]']:
    """Run a server in a process of its own, which can be killed."""
    process = subprocess.Popen([sys.executable, '-c', SERVER, str(port)], cwd=ROOT, text=True, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == 'listening\n'
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


class Traffic:
    """Clients that ask and ask, in threads; one that loses its connection makes another."""

    def __init__(self, port: int, count: int) -> None:
        self.port, self.answered, self.lost, self.wrong = port, [0] * count, [0] * count, 0
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(count)]

    def __enter__(self) -> 'Traffic':
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _run(self, number: int) -> None:
        while not self._over.is_set():
            try:
                with connect(self.port) as sock:
                    self._ask(sock, number)
            except (OSError, EOFError):
                self.lost[number] += 1
                self._over.wait(MS)

    def _ask(self, sock: socket.socket, number: int) -> None:
        while not self._over.is_set():
            question = b'%d:%d;' % (number, self.answered[number]) * 100
            if ask(sock, question) != question:
                self.wrong += 1
            self.answered[number] += 1

    def all_answered_since(self) -> None:
        """Wait until every client has had another answer."""
        before = list(self.answered)
        eventually(lambda: all(now > then + 1 for now, then in zip(self.answered, before, strict=True)), 'an answer for each')


@pytest.mark.parametrize('protocol', ['tcp', 'http'])
def test_backend_that_is_killed_and_started_again_in_traffic(protocol):
    port = free_port()
    with contextlib.ExitStack() as stack:
        process = stack.enter_context(echo_process(port))
        host = stack.enter_context(hosted(spec_for(port, protocol=protocol)))
        traffic = stack.enter_context(Traffic(host.port, 8))
        for round_ in range(3):
            traffic.all_answered_since()
            process.kill()
            process.wait()
            eventually(lambda round_=round_: all(lost > round_ for lost in traffic.lost), 'the loss')
            process = stack.enter_context(echo_process(port))
        traffic.all_answered_since()
        traffic.__exit__()
        assert not traffic.wrong
        assert not host.proxy.stats.handler_errors
        host.wait_idle()
        assert not host.proxy.arrivals


def breaking(sock: socket.socket) -> None:
    """Answer half of what was asked, and reset."""
    data = sock.recv(100)
    sock.sendall(data[:len(data) // 2])
    reset(sock)


def test_backend_that_resets_in_the_middle_of_an_answer_resets_its_client_only(echo_server):
    with Backend(breaking) as backend, hosted(spec_for(echo_server), spec_for(backend, name='breaking')) as host:
        with connect(host.port) as other:
            for _ in range(50):
                with connect(host.fleet.proxies['breaking'].bound.port) as client:
                    client.sendall(b'x' * 100)
                    assert ending(client) == 'RST'
                assert ask(other, b'ping') == b'ping'
        host.wait_idle()
        assert not host.proxy.stats.handler_errors


def test_backend_that_goes_silent_in_traffic_holds_nobody_else_back(echo_server):
    silent = threading.Event()

    def goes_silent(sock):
        sock.sendall(sock.recv(100))
        silent.wait(PATIENCE)
    with Backend(goes_silent) as backend, hosted(spec_for(echo_server), spec_for(backend, name='silent')) as host:
        clients = [connect(host.fleet.proxies['silent'].bound.port) for _ in range(20)]
        for client in clients:
            assert ask(client, b'first') == b'first'
            client.sendall(b'second')
        with connect(host.port) as other:
            assert ask(other, b'ping' * 100_000) == b'ping' * 100_000
        silent.set()
        for client in clients:
            client.close()
        host.wait_idle()


def test_backends_that_are_black_holed_refuse_and_reset_leave_the_rest_of_the_fleet_alone(echo_server):
    with black_hole() as hole, Backend(reset) as resets:
        bad = {'hole': hole, 'refuses': free_port(), 'resets': resets}
        specs = [spec_for(backend, name=name, timeout=100 * MS) for name, backend in bad.items()]
        with hosted(spec_for(echo_server), *specs) as host, connect(host.port) as other:
            for _ in range(10):
                clients = [connect_any(host.fleet.proxies[name].bound.port) for name in bad]
                assert ask(other, b'ping') == b'ping'
                assert [outcome(client) for client in clients] == ['RST'] * 3
            assert host.fleet.proxies['hole'].stats.backend_errors == 10
            assert host.fleet.proxies['refuses'].stats.backend_errors == 10


def connect_any(port: int) -> socket.socket | None:
    """Connect; None where the reset is there before the connection is known."""
    try:
        return connect(port)
    except ConnectionResetError:
        return None


def outcome(client: socket.socket | None) -> str:
    if client is None:
        return 'RST'
    with client:
        return ending(client)


def test_backend_that_moves_while_its_old_self_is_stuck(echo_server):
    with black_hole() as hole, hosted(spec_for(hole)) as host:
        stuck = [connect(host.port) for _ in range(10)]
        eventually(lambda: len(host.proxy.arrivals) == 10, 'the attempts')
        host.change(backend=echo_server.address)
        with connect(host.port) as client:
            client.sendall(b'ping')
            assert read_exactly(client, 4) == b'ping'
        for client in stuck:
            client.close()
        assert host.call(host.proxy.abort) >= 10
