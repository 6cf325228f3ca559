"""Clients that mean no good to a proxy that speaks TLS: slow, large, many, and such as begin again. Their session alone suffers.

Nonsense in place of a handshake is in ``tests/fuzz``.
"""
import contextlib
import resource
import subprocess

import pytest

from tests.integration.test_tls import proxied, tls_echo
from tests.support.hosting import child, eventually, spec_for
from tests.support.peers import connect, ending, read_to_end
from tests.support.processes import program
from tests.support.tls import Talk, certificates, client_context
from tests.support.unit_of_time import MS, PATIENCE
from tests.unit.net.tls.test_hello import in_records, made, real_hello
from vaurien.net.tls import hello

MB = 1024 * 1024
LARGEST = in_records(made(padding=b'\x00\x15\xf0\x00' + bytes(0xf000)), 16384)    # nearly 64 KB
HELLO = real_hello('localhost', ())
#: what a client sends and goes no further; how many do; what each may cost [bytes]
HALF_OPEN = {
    'nothing': (b'', 2000, 8 * 1024),
    'one byte': (b'\x16', 2000, 8 * 1024),
    'nearly all of 64 KB': (LARGEST[:-1], 2000, 16 * 1024),
    'a ClientHello': (HELLO, 100, 256 * 1024),
}
WARNING, FATAL = b'\x15\x03\x03\x00\x02\x01\x5a', b'\x15\x03\x03\x00\x02\x02\x28'     # alerts: user_canceled, handshake_failure


def echoed(talk):
    """Let a session that has nothing to do with it say something; ``ask`` bears no descriptor above 1,024."""
    talk.send(b'still here')
    assert talk.read_exactly(10) == b'still here'


@contextlib.contextmanager
def many_files():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(before[0], 8192), before[1]), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize('kind', HALF_OPEN)
def test_half_open_handshakes_cost_little_end_after_the_timeout_and_hold_up_nobody(kind):
    sent, count, each = HALF_OPEN[kind]
    fields = {'proxy': 'tls://127.0.0.1:0', 'timeout': 4000 * MS, 'backlog': 4096, **certificates().both}
    with many_files(), tls_echo() as server, child(spec_for(f'tls://{server.address}', **fields)) as proxy, \
            contextlib.ExitStack() as stack:
        beside = Talk(stack.enter_context(connect(proxy.port)), client_context(), 'localhost')
        echoed(beside)
        before = proxy.state()
        for _ in range(count):
            sock = stack.enter_context(connect(proxy.port))
            with contextlib.suppress(ConnectionError):
                sock.sendall(sent)
        eventually(lambda: proxy.state()['accepted'] == count + 1, 'all of them')
        echoed(beside)
        with connect(proxy.port) as sock:
            echoed(Talk(sock, client_context(), 'localhost'))
        assert proxy.state()['peak'] - before['rss'] < each * count + 4 * MB
        eventually(lambda: proxy.state()['fds'] <= before['fds'], 'their end')
        echoed(beside)


@pytest.mark.parametrize('size', [1, 100])
def test_the_largest_client_hello_may_come_in_pieces(size):
    with tls_echo() as server, proxied(server, tls_verify=False) as host, connect(host.port) as sock:
        whole = in_records(made(padding=b'\x00\x15\x0c\x00' + bytes(0xc00)) if size == 1 else b''.join(
            made(padding=b'\x00\x15\xf0\x00' + bytes(0xf000))[at:at + 1000] for at in range(0, 70_000, 1000)), 1000)
        for at in range(0, len(whole), size):
            sock.sendall(whole[at:at + size])
        sock.settimeout(PATIENCE)
        assert sock.recv(1)     # an answer of TLS, whatever it is
        assert hello.HelloReader.large == 0


def test_one_that_is_too_large_is_refused_with_an_alert_and_not_kept():
    with tls_echo() as server, proxied(server) as host, connect(host.port) as sock:
        with contextlib.suppress(ConnectionError):
            sock.sendall(b'\x16\x03\x01\x40\x00\x01\x7f\xff\xff' + bytes(16380))
            assert sock.recv(7)[:1] == b'\x15'
        eventually(lambda: host.proxy.empty, 'its end')
        assert server.accepted == []


@pytest.mark.parametrize('stage', ['before', 'within', 'after'])
@pytest.mark.parametrize('alert', [WARNING, FATAL], ids=['warnings', 'fatal'])
def test_a_flood_of_alerts_ends_its_own_session(stage, alert):
    with tls_echo() as server, proxied(server) as host, connect(host.port) as other:
        beside = Talk(other, client_context(), 'localhost')
        with connect(host.port) as sock, contextlib.suppress(ConnectionError):
            if stage == 'after':
                Talk(sock, client_context(), 'localhost')
            sock.sendall(HELLO if stage == 'within' else b'')
            for _ in range(20):
                sock.sendall(alert * 5_000)
                assert beside.ask(b'still here') == b'still here'
            read_to_end(sock)
        eventually(lambda: len(host.proxy.sessions) == 1 and not len(host.proxy.arrivals), 'its end')
        assert host.proxy.stats.handler_errors == 0
        assert beside.ask(b'still here') == b'still here'


def test_no_handshake_is_made_once_more_within_a_connection():
    with tls_echo() as server, proxied(server, tls_max='1.2') as host, connect(host.port) as other:
        beside = Talk(other, client_context(), 'localhost')
        command = [program('openssl'), 's_client', '-connect', f'localhost:{host.port}', '-tls1_2', '-CAfile', certificates().ca]
        done = subprocess.run(command, input=b'R\n' * 100, capture_output=True, timeout=PATIENCE, check=False)
        assert b'RENEGOTIATING' in done.stdout + done.stderr
        assert b'no renegotiation' in done.stdout + done.stderr
        eventually(lambda: len(host.proxy.sessions) == 1, 'its end')
        assert beside.ask(b'still here') == b'still here'


def test_a_flood_of_key_updates_is_bounded():
    with tls_echo() as server, proxied(server) as host, connect(host.port) as other:
        beside = Talk(other, client_context(), 'localhost')
        command = [program('openssl'), 's_client', '-connect', f'localhost:{host.port}', '-tls1_3', '-CAfile', certificates().ca]
        subprocess.run(command, input=b'K\n' * 2000 + b'Q\n', capture_output=True, timeout=PATIENCE, check=False)
        assert beside.ask(b'still here') == b'still here'
        eventually(lambda: len(host.proxy.sessions) == 1, 'its end')


def test_a_client_that_says_nothing_is_reset_while_others_shake_hands():
    with tls_echo() as server, proxied(server, timeout=200 * MS) as host, connect(host.port) as silent:
        while host.proxy.stats.accepted < 2 or len(host.proxy.arrivals):
            with connect(host.port) as sock:
                assert Talk(sock, client_context(), 'localhost').ask(b'x') == b'x'
        assert ending(silent) == 'RST'
