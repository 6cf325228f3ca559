"""How TLS fails, kind by kind: in the handshake, ended and relayed, and in the midst of a response. Clients are plain ones.

What libraries make of it is in ``tests.realism.tls``.
"""
import contextlib
import json
import socket
import ssl
import time

import pytest
import redis

from tests.integration.test_tls import SIDES, tls_echo
from tests.support.daemon import daemon, run_to_end
from tests.support.hosting import eventually, hosted, spec_for
from tests.support.peers import Backend, connect, echo, ending, read_exactly, reset
from tests.support.tls import Talk, certificates, client_context
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.errors import ConfigError
from vaurien.net.tls.authority import own_authority
from vaurien.protocols.tls_kinds import ENDING_KINDS, HANDSHAKE_KINDS, STREAM_KINDS
from vaurien.spec import BehaviorSpec, FaultSpec, ToxicSpec
from vaurien.testing import Daemon

FAILED = 'certificate verify failed: '
#: what a client of OpenSSL is told in its handshake, by kind
TOLD = {
    'expired-certificate': f'{FAILED}certificate has expired',
    'not-yet-valid': f'{FAILED}certificate is not yet valid',
    'wrong-host': f"{FAILED}Hostname mismatch, certificate is not valid for 'localhost'.",
    'self-signed': f'{FAILED}self-signed certificate',
    'unknown-ca': f'{FAILED}self-signed certificate in certificate chain',
    'incomplete-chain': f'{FAILED}unable to get local issuer certificate',
    'weak-key': f'{FAILED}EE certificate key too weak',
    'alert-handshake-failure': 'alert handshake failure', 'alert-bad-certificate': 'alert bad certificate',
    'alert-unknown-ca': 'alert unknown ca', 'alert-access-denied': 'alert access denied',
    'alert-protocol-version': 'alert protocol version', 'alert-insufficient-security': 'alert insufficient security',
    'alert-internal-error': 'alert internal error', 'alert-unrecognized-name': 'unrecognized name',
    'alert-certificate-required': 'alert certificate required', 'alert-no-application-protocol': 'alert no application protocol',
    'alert-close': 'TLS/SSL connection has been closed (EOF)',
    'handshake-close': 'EOF occurred in violation of protocol', 'handshake-reset': 'Connection reset by peer',
    'plain-answer': 'wrong version number', 'garbage-answer': 'wrong version number', 'old-tls': 'unsupported protocol',
}
AFTERWARDS = {'handshake-hang', 'handshake-late-close', 'client-certificate-required'}     #: told otherwise, or not at all
EARLY = sorted(set(TOLD) - ENDING_KINDS)


def failing(kind, **settings):
    return (BehaviorSpec(name='error', settings={'kind': kind, **settings}),)


def told(port, name='localhost', context=None):
    """Return what a client is told in its handshake; empty: it is connected."""
    try:
        with connect(port) as sock, (context or trusting()).wrap_socket(sock, server_hostname=name):
            return ''
    except OSError as error:    # ssl.SSLError is one
        return str(error)


def trusting(**limits):
    """Make the context of a client that trusts the own authority and that of the tests."""
    context = client_context()
    context.load_verify_locations(cadata=own_authority().certificate.decode())
    for key, value in limits.items():
        setattr(context, key, value)
    return context


@contextlib.contextmanager
def between(backend, sides, mix, **fields):
    """Run a proxy whose certificates are of the own authority."""
    own_authority()     # made before an event loop would have to wait for it
    with hosted(spec_for(SIDES[sides][1] + backend.address, mix, **{
            'proxy': f'{SIDES[sides][0]}127.0.0.1:0', 'tls_backend_ca': certificates().ca, **fields})) as host:
        yield host


def test_each_kind_of_the_handshake_is_told_of_here():
    assert set(TOLD) | AFTERWARDS == set(HANDSHAKE_KINDS)


# -- in the handshake

@pytest.mark.parametrize('kind', sorted(TOLD))
def test_a_client_is_told_what_a_server_of_this_kind_tells(kind):
    with tls_echo() as server, between(server, 'both', failing(kind)) as host:
        assert TOLD[kind] in told(host.port)
        eventually(lambda: host.proxy.empty, 'its end')
        assert host.proxy.stats.faults == {('error', kind): 1}


@pytest.mark.parametrize('kind', EARLY)
def test_what_needs_no_certificate_works_where_tls_is_relayed(kind):
    with tls_echo() as server, between(server, 'neither', failing(kind)) as host:
        assert TOLD[kind] in told(host.port)
        eventually(lambda: host.proxy.empty, 'its end')
        assert host.proxy.stats.faults == {('error', kind): 1}


@pytest.mark.parametrize('protocol', ['http', 'redis', 'memcache', 'mysql', 'smtp'])
def test_it_works_where_another_protocol_is_relayed_unread(protocol):
    with tls_echo() as server, between(server, 'neither', failing('alert-internal-error'), protocol=protocol) as host:
        assert TOLD['alert-internal-error'] in told(host.port)


@pytest.mark.parametrize('kind', sorted(set(TOLD) - ENDING_KINDS))
def test_no_backend_is_asked_where_tls_is_ended(kind):
    with tls_echo() as server, between(server, 'both', failing(kind)) as host:
        told(host.port)
        assert server.accepted == []


def hangs(host, connected):
    """Hold that a handshake hangs, and that nothing is left once the client has left."""
    with connected(host.port) as sock:
        sock.settimeout(300 * MS)
        with pytest.raises(TimeoutError):
            Talk(sock, client_context(), 'localhost')
        assert not host.proxy.empty
    eventually(lambda: host.proxy.empty, 'its end')


@pytest.mark.parametrize('sides', ['both', 'neither'])
def test_a_handshake_can_hang_until_the_client_leaves(sides):
    with tls_echo() as server, between(server, sides, failing('handshake-hang'), timeout=100 * MS) as host:
        hangs(host, connect)


def test_a_client_of_tls_1_3_takes_itself_for_connected_where_the_close_is_late():
    with tls_echo() as server, between(server, 'both', failing('handshake-late-close')) as host:
        with connect(host.port) as sock:
            talk = Talk(sock, trusting(), 'localhost')
            talk.send(b'hello')
            assert talk.read_to_end() == (b'', 'FIN')
        assert 'EOF occurred' in told(host.port, context=trusting(maximum_version=ssl.TLSVersion.TLSv1_2))
        eventually(lambda: host.proxy.empty, 'its end')


def test_a_client_that_has_to_send_another_hello_first_meets_a_late_close_too():
    context = trusting()
    context.set_ecdh_curve('secp384r1')     # what it offers as a group, and not as a share: OpenSSL's servers prefer another
    with tls_echo() as server, between(server, 'both', failing('handshake-late-close')) as host, connect(host.port) as sock:
        talk = Talk(sock, context, 'localhost')
        talk.send(b'hello')
        assert talk.read_to_end() == (b'', 'FIN')


@pytest.mark.parametrize('own', [True, False])
def test_a_certificate_of_the_client_is_required(own):
    given = {} if own else certificates().ours
    with tls_echo() as server, between(server, 'both', failing('client-certificate-required'), **given) as host:
        with connect(host.port) as sock:
            talk = Talk(sock, trusting(), 'localhost')      # the end of its own handshake is before that of the server's
            with pytest.raises(ssl.SSLError, match='certificate required'):
                talk.read()
        assert 'handshake failure' in told(host.port, context=trusting(maximum_version=ssl.TLSVersion.TLSv1_2))


def test_a_client_that_does_not_look_at_certificates_goes_on():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with tls_echo() as server, between(server, 'both', failing('expired-certificate')) as host, connect(host.port) as sock:
        talk = Talk(sock, context, 'localhost')
        assert talk.ask(b'hello') == b'hello'
        assert host.proxy.stats.faults == {('error', 'expired-certificate'): 1}


# -- whose, and how often

def test_it_is_matched_on_the_name_that_is_asked_for():
    with tls_echo() as server, between(server, 'neither', failing('alert-close', match='^handshake api.')) as host:
        assert told(host.port, 'localhost') == ''
        assert TOLD['alert-close'] in told(host.port, 'api.example')
        eventually(lambda: host.proxy.empty, 'their end')
        fault, = host.proxy.journal.since()
        assert (fault.request, fault.exchange, fault.session, fault.kind) == ('handshake api.example', 0, 2, 'alert-close')


def test_it_comes_by_chance_and_the_same_seed_brings_it_again():
    def faults():
        with tls_echo() as server, between(server, 'both', (BehaviorSpec(name='error', percent=40, settings={
                'kind': 'alert-close'}),)) as host:
            return [bool(told(host.port)) for _ in range(20)]
    first = faults()
    assert 3 < sum(first) < 15
    assert faults() == first


def test_requests_are_drawn_for_as_if_no_handshake_was():
    def injected(*more):
        mix = (*more, BehaviorSpec(name='delay', percent=50, settings={'sleep': 0}))
        with Backend(echo) as server, between(server, 'neither', mix) as host, connect(host.port) as sock:
            for _ in range(30):
                sock.sendall(b'x')
                assert sock.recv(1) == b'x'
            return [fault.exchange for fault in host.proxy.journal.since()]
    assert injected() == injected(BehaviorSpec(name='error', percent=0, settings={'kind': 'alert-close'}))


def test_a_number_of_handshakes_fails_and_then_all_pass():
    mix = (BehaviorSpec(name='transient', settings={'kind': 'handshake-reset', 'agitate': 2}),)
    with tls_echo() as server, between(server, 'neither', mix) as host:
        assert [bool(told(host.port)) for _ in range(4)] == [True, True, False, False]


@pytest.mark.parametrize('sides', ['both', 'neither'])
@pytest.mark.parametrize('spec', [
    FaultSpec(name='alert-internal-error', request='handshake local*', nth=2), FaultSpec(name='kind:alert-internal-error', nth=2),
    FaultSpec(name='error', settings={'kind': 'alert-internal-error'}, nth=2, stage='handshake')], ids=['name', 'kind', 'stage'])
def test_a_plan_means_one_handshake(sides, spec):
    with tls_echo() as server, between(server, sides, ()) as host:
        host.call(lambda: host.fleet.plan.add([spec]))
        assert [bool(told(host.port)) for _ in range(3)] == [False, True, False]
        eventually(lambda: host.proxy.empty, 'their end')
        entry, = host.fleet.plan.entries
        assert (entry.matched, entry.applied, entry.where[0].request) == (3, 1, 'handshake localhost')


# -- what is no handshake

def test_a_server_that_speaks_first_is_not_waited_with():
    def greeting(sock):
        sock.sendall(b'220 hello\r\n')
        echo(sock)
    with Backend(greeting) as server, between(server, 'neither', failing('alert-close')) as host, connect(host.port) as sock:
        assert read_exactly(sock, 11) == b'220 hello\r\n'
        sock.sendall(b'EHLO')
        assert read_exactly(sock, 4) == b'EHLO'


@pytest.mark.parametrize('sent', [b'x', b'GET / HTTP/1.1\r\n\r\n', b'\x16\x03\x01\x00\x02\x02\x00' * 100])
def test_what_is_no_handshake_passes_unchanged(sent):
    with Backend(echo) as server, between(server, 'neither', failing('alert-close')) as host, connect(host.port) as sock:
        sock.sendall(sent)
        assert read_exactly(sock, len(sent)) == sent
        sock.sendall(b'more')
        assert read_exactly(sock, 4) == b'more'
        assert not host.proxy.stats.faults


def test_a_handshake_that_is_not_meant_passes_in_single_bytes():
    class Slow(Talk):
        def _flush(self):
            for byte in self._out.read():
                self.sock.sendall(bytes((byte,)))
    with tls_echo() as server, between(server, 'neither', failing('alert-close', match='^handshake other')) as host, \
            connect(host.port) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        assert Slow(sock, client_context(), 'localhost').ask(b'hello') == b'hello'


@pytest.mark.parametrize('how', ['FIN', 'RST'])
def test_a_client_that_leaves_without_a_word_takes_its_backend_along(how):
    ends = []
    with Backend(lambda sock: ends.append(ending(sock))) as server, between(server, 'neither', failing('alert-close')) as host:
        with connect(host.port) as sock:
            eventually(lambda: server.accepted, 'the connection to the backend')
            if how == 'RST':
                reset(sock)
        eventually(lambda: ends, 'the end at the backend')
        assert ends == [how]
        eventually(lambda: host.proxy.empty, 'its end')


def test_a_client_that_is_silent_is_waited_for_longer_than_the_timeout():
    with Backend(echo) as server, between(server, 'neither', failing('alert-close'), timeout=50 * MS) as host, \
            connect(host.port) as sock:
        time.sleep(150 * MS)
        sock.sendall(b'x')
        assert read_exactly(sock, 1) == b'x'


def test_nothing_is_left_of_handshakes_that_hang_when_the_proxy_stops():
    with tls_echo() as server, between(server, 'both', failing('handshake-hang')) as host, connect(host.port) as sock:
        sock.settimeout(100 * MS)
        with pytest.raises(TimeoutError):
            Talk(sock, client_context(), 'localhost')
        host.call(lambda: host.proxy.stop())
        sock.settimeout(PATIENCE)
        assert ending(sock) == 'RST'
        assert host.proxy.empty


# -- where TLS begins later

SSL_REQUEST = bytes.fromhex('0000000804d2162f')


@contextlib.contextmanager
def later(port):
    """Connect, and ask for TLS as clients of PostgreSQL do."""
    with connect(port) as sock:
        sock.sendall(SSL_REQUEST)
        assert read_exactly(sock, 1) == b'S'
        yield sock


def told_later(port):
    try:
        with later(port) as sock, trusting().wrap_socket(sock, server_hostname='localhost'):
            return ''
    except OSError as error:
        return str(error)


@pytest.mark.parametrize('kind', sorted(TOLD))
def test_a_client_that_begins_tls_later_is_told_the_same(kind):
    with Backend(echo) as server, between(server, 'client', failing(kind, match='localhost$'), protocol='postgres') as host:
        assert TOLD[kind] in told_later(host.port)
        eventually(lambda: host.proxy.empty, 'its end')
        fault, = host.proxy.journal.since()
        assert (fault.kind, fault.request) == (kind, 'handshake localhost')


def test_a_handshake_that_begins_later_can_hang_until_the_client_leaves_whatever_the_timeout_says():
    fields = {'protocol': 'postgres', 'timeout': 100 * MS}
    with Backend(echo) as server, between(server, 'client', failing('handshake-hang'), **fields) as host:
        hangs(host, later)


@pytest.mark.parametrize('kind, end', [('handshake-late-close', (b'', 'FIN')), ('client-certificate-required', None)])
def test_a_client_that_begins_tls_later_takes_itself_for_connected(kind, end):
    with Backend(echo) as server, between(server, 'client', failing(kind), protocol='postgres') as host, later(host.port) as sock:
        talk = Talk(sock, trusting(), 'localhost')
        talk.send(b'hello')
        if end is None:
            with pytest.raises(ssl.SSLError, match='certificate required'):
                talk.read()
        else:
            assert talk.read_to_end() == end


def test_a_handshake_that_begins_later_is_in_the_journal_of_its_session(tmp_path):
    journal = tmp_path / 'journal'
    with Backend(echo) as server, daemon(
            '--proxy', 'tls://localhost:0', '--backend', server.address, '--protocol', 'postgres', '--journal', str(journal),
            '--behavior', 'error', '--behavior-error-kind', 'alert-close') as process:
        assert TOLD['alert-close'] in told_later(process.port)
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    assert [line['type'] for line in lines if line['type'] in ('open', 'close')] == ['open', 'close']
    found, = [line for line in lines if line.get('stage') == 'handshake']
    assert (found['fault'], found['name'], found['session']) == ('error/alert-close', 'handshake localhost', 1)


# -- in the midst of a response

BROKEN = {'tls-truncated': (b'he', 'FIN'), 'tls-reset': (b'he', 'RST'), 'bad-record-mac': 'DECRYPTION_FAILED_OR_BAD_RECORD_MAC',
          'clear-bytes': 'WRONG_VERSION_NUMBER'}


def broken(port, asked=b'hello', answered=0):
    """Ask, and return what comes and how it ends; or the reason of the error."""
    with connect(port) as sock:
        talk = Talk(sock, trusting(), 'localhost')
        for _ in range(answered):
            assert talk.ask(asked) == asked
        talk.send(asked)
        try:
            return talk.read_to_end()
        except ssl.SSLError as error:
            return error.reason


@pytest.mark.parametrize('kind', sorted(STREAM_KINDS))
@pytest.mark.parametrize('sides', ['both', 'client'])
def test_a_response_breaks_in_its_midst(kind, sides):
    with tls_echo() if sides == 'both' else Backend(echo) as server, between(server, sides, failing(kind, warmup=1)) as host:
        assert broken(host.port, answered=1) == BROKEN[kind]
        eventually(lambda: host.proxy.empty, 'its end')
        assert host.proxy.stats.faults == {('error', kind): 1}


@pytest.mark.parametrize('kind', sorted(STREAM_KINDS))
def test_a_response_of_redis_breaks_in_its_midst(kind, redis_server):
    with between(redis_server, 'client', failing(kind, match='^GET'), protocol='redis') as host:
        redis.Redis(port=redis_server.port).set('k', 'hello')
        came = broken(host.port, b'GET k\r\n')
        assert came == ((b'$5\r\nh', BROKEN[kind][1]) if isinstance(BROKEN[kind], tuple) else BROKEN[kind])
        eventually(lambda: host.proxy.empty, 'its end')


@pytest.mark.parametrize('kind', sorted(STREAM_KINDS.keys() - {'tls-reset'}))    # a reset drops them
def test_what_toxics_hold_back_comes_before_the_break(kind):
    toxics = (ToxicSpec(type='latency', attributes={'latency': 50}),)
    with tls_echo() as server, between(server, 'both', failing(kind), toxics=toxics) as host:
        assert broken(host.port) == BROKEN[kind]


# -- refused

@pytest.mark.parametrize('kind, arguments, message', [
    ('expired-certificate', ('--backend', 'localhost:1'), 'a proxy that ends TLS for this one, whose address begins with tls://'),
    ('bad-record-mac', ('--backend', 'tls://localhost:1'), 'a proxy that ends TLS for this one, whose address begins with tls://'),
    ('alert-close', ('--backend', 'tls://localhost:1'),
     'clients that speak TLS for this one; those of a proxy with TLS on the side of the backend alone do not'),
    ('alert-clos', ('--backend', 'localhost:1'), 'alert-close, or another one of the kinds of tcp: alert-access-denied, '),
])
def test_a_kind_that_cannot_be_is_refused_in_one_line(kind, arguments, message):
    done = run_to_end('--proxy', 'localhost:0', '--behavior', 'error', '--behavior-error-kind', kind, *arguments)
    assert done.returncode == 2
    line, = done.stderr.splitlines()
    assert f'{kind!r} is not valid, expected {message}' in line


def test_a_kind_whose_certificate_would_have_to_be_issued_is_refused_beside_one_that_was_given():
    message = "without tls_cert for this one: what it shows is issued by vaurien's own authority"
    with tls_echo() as server, pytest.raises(ConfigError, match=message), \
            between(server, 'both', failing('self-signed'), **certificates().ours):
        pass


def test_a_plan_with_one_that_cannot_be_is_refused():
    done = run_to_end('--proxy', 'localhost:0', '--backend', 'localhost:1', '--fault', 'handshake = wrong-host')
    assert done.returncode == 2
    assert "--fault kind: 'wrong-host' is not valid, expected a proxy that ends TLS for this one" in done.stderr


# -- written down

def test_a_journal_has_it_and_a_replay_repeats_it(tmp_path):
    journal = tmp_path / 'journal'
    arguments = '--proxy', 'localhost:0', '--protocol', 'tcp'
    with tls_echo() as server:
        asked = ['localhost', 'api.example', 'localhost']
        with daemon(*arguments, '--backend', server.address, '--journal', str(journal), '--behavior', 'error',
                    '--behavior-error-kind', 'alert-close', '--behavior-error-match', 'api') as process:
            first = [bool(told(process.port, name)) for name in asked]
        lines = journal.read_text().splitlines()
        line, = [line for line in lines if '"stage":"handshake"' in line]
        assert '"name":"handshake api.example"' in line
        assert '"fault":"error/alert-close"' in line
        with daemon(*arguments, '--backend', server.address, '--replay', str(journal)) as process:
            assert [bool(told(process.port, name)) for name in asked] == first == [False, True, False]


def test_it_is_told_in_tests_as_any_other_fault():
    with tls_echo() as server, contextlib.closing(Daemon(7)) as running:
        proxy = running.create('one', server.address)
        with proxy.behavior('error', kind='alert-close'):
            assert told(proxy.port)
        assert [(fault.kind, fault.request) for fault in proxy.faults] == [('alert-close', 'handshake localhost')]
