"""Handshakes that were made to fail are recorded once, in the test in which they began, and nothing is left of them."""
import contextlib
import ssl

import pytest

from tests.integration.test_forward import dialled, forward
from tests.integration.test_survives_plugins import Breaking, BreakingEarly, registered
from tests.integration.test_tls import tls_echo
from tests.integration.test_tls_faults import between, failing, later, trusting
from tests.support.hosting import eventually
from tests.support.peers import Backend, connect, echo, ending
from tests.support.tls import Talk
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.spec import FaultSpec, ToxicSpec
from vaurien.wire.toxics import TOXICS


@contextlib.contextmanager
def followed(host):
    """Give the handshakes that a proxy records."""
    found = []
    host.call(lambda: host.fleet.exchanges.follow(found.append))
    yield found


def mark(host, test):
    host.call(lambda: host.fleet.exchanges.begin_mark(test))


def blind():
    """A client that does not look at certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def hanging(sock):
    """Begin a handshake, and get no answer."""
    sock.settimeout(100 * MS)
    with pytest.raises(TimeoutError):
        Talk(sock, trusting(), 'localhost')
    sock.settimeout(PATIENCE)


@pytest.mark.parametrize('way', ['left', 'aborted'])
@pytest.mark.parametrize('connected, fields', [(connect, {}), (later, {'protocol': 'postgres'})], ids=['at once', 'later'])
def test_one_that_hangs_belongs_to_the_test_in_which_it_began(way, connected, fields):
    sides, server = ('client', Backend(echo)) if fields else ('both', tls_echo())
    with server as backend, between(backend, sides, failing('handshake-hang'), **fields) as host, followed(host) as found:
        mark(host, 'first')
        with connected(host.port) as sock:
            hanging(sock)
            mark(host, 'second')
            if way == 'aborted':
                host.call(lambda: host.proxy.abort())
                assert ending(sock) == 'RST'
        eventually(lambda: host.proxy.empty, 'its end')
        greeted, = (one for one in found if one.stage == 'handshake')
        assert (greeted.test, greeted.fault, greeted.answer) == ('first', 'error/handshake-hang', '')


@pytest.mark.parametrize('connected, fields', [(connect, {}), (later, {'protocol': 'postgres'})], ids=['at once', 'later'])
def test_one_that_the_client_takes_all_the_same_says_so(connected, fields):
    sides, server = ('client', Backend(echo)) if fields else ('both', tls_echo())
    with server as backend, between(backend, sides, failing('expired-certificate'), **fields) as host, followed(host) as found, \
            connected(host.port) as sock:
        Talk(sock, blind(), 'localhost')
        eventually(lambda: found, 'its record')
        greeted, = (one for one in found if one.stage == 'handshake')
        assert (greeted.fault, greeted.answer) == ('error/expired-certificate', 'ok')


def test_only_those_that_hang_are_ended_for_explore():
    with tls_echo() as server, between(server, 'both', ()) as host, followed(host) as found, connect(host.port) as waiting, \
            connect(host.port) as other:
        host.call(lambda: host.fleet.plan.add([FaultSpec(name='handshake-hang', nth=1, count=1)]))
        hanging(waiting)
        talk = Talk(other, trusting(), 'localhost')
        assert host.call(host.proxy.arrivals.end_silent) == 1
        assert ending(waiting) == 'RST'
        assert talk.ask(b'hello') == b'hello'
        assert [one.fault for one in found if one.stage == 'handshake'] == ['error/handshake-hang']
        assert host.call(host.proxy.arrivals.end_silent) == 0


def test_a_session_whose_client_waits_in_its_handshake_is_silent():
    with Backend(echo) as server, between(server, 'client', failing('handshake-hang'), protocol='postgres') as host, \
            later(host.port) as sock:
        hanging(sock)
        assert host.call(lambda: [session.client.silent for session in host.proxy.sessions.values()]) == [True]


def test_handshakes_that_nothing_is_done_to_are_recorded_where_they_are_asked_for():
    with tls_echo() as server, between(server, 'both', ()) as host, followed(host) as found:
        for asked in (False, True):
            host.call(lambda asked=asked: setattr(host.fleet.exchanges, 'greetings', asked))
            with connect(host.port) as sock:
                assert Talk(sock, trusting(), 'localhost').ask(b'hello') == b'hello'
        assert [(one.name, one.answer, one.fault, one.session) for one in found if one.stage == 'handshake'] == [
            ('handshake localhost', 'ok', '', 2)]


def test_a_forward_proxy_lets_its_backend_go_where_a_handshake_hangs():
    ends = []
    with Backend(lambda sock: ends.append(ending(sock))) as server, \
            forward(f'api.test={server.address}', failing('handshake-hang')) as host, connect(host.port) as sock:
        dialled(sock, 'http', 'api.test', 443)
        hanging(sock)
        eventually(lambda: ends, 'the end at the backend')
        assert ends == ['FIN']
        assert not host.proxy.empty


def test_a_toxic_that_raises_after_the_client_hello_resets_its_client(monkeypatch):
    monkeypatch.setattr(Breaking, 'error', RuntimeError('plugin'))
    toxics = (ToxicSpec(type=BreakingEarly.name),)
    with registered(TOXICS, BreakingEarly), tls_echo() as server, \
            between(server, 'both', (), toxics=toxics, timeout=0) as host, connect(host.port) as sock:
        with pytest.raises(ConnectionResetError):
            Talk(sock, trusting(), 'localhost')
        eventually(lambda: host.proxy.stats.handler_errors == 1, 'its end')
        assert host.proxy.empty


def test_a_certificate_that_no_client_is_shown_since_its_backend_is_gone_is_not_counted():
    with tls_echo() as server, between(server, 'both', ()) as host, followed(host) as found:
        host.call(lambda: host.fleet.plan.add([FaultSpec(name='expired-certificate')]))
        server.stop()
        with connect(host.port) as sock, pytest.raises(ConnectionResetError):
            Talk(sock, trusting(), 'localhost')
        eventually(lambda: host.proxy.empty, 'its end')
        entry, = host.fleet.plan.entries
        assert (entry.matched, entry.applied, dict(host.proxy.stats.faults), found) == (1, 0, {}, [])
        assert server.address in entry.why_not
