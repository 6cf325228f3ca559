"""TLS that begins later than with the first byte, on each side by itself, with real servers and real clients.

What is inside it is in the everyday tests; here is how it begins, and how it does not.
"""
import contextlib
import json
import os
import smtplib
import socket
import ssl
import subprocess
import threading

import psycopg
import pymysql
import pytest
import trustme

from tests.realism.mysql import connected as mysql
from tests.realism.mysql import run
from tests.realism.postgres import connected as postgres
from tests.support.hosting import eventually, hosted, registered, spec_for
from tests.support.peers import Backend, ask, connect, free_port, read_exactly, read_to_end, reset
from tests.support.processes import HOST, program
from tests.support.servers import DATABASE, PASSWORD, USER
from tests.support.tls import Talk, authority, certificates, client_context, server_context, written
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.outputs.journal.file import JournalFile
from vaurien.protocols import Protocol
from vaurien.protocols.base import Exchange
from vaurien.protocols.message import Failure, FailureKind, Framer, MessageProtocol
from vaurien.protocols.mysql.packets import SSL, greeting
from vaurien.protocols.starttls import NoTLSError, Switch
from vaurien.spec import BehaviorSpec, FaultSpec, ToxicSpec

SIDES = {'neither': ('', ''), 'client': ('tls://', ''), 'backend': ('', 'tls://'), 'both': ('tls://', 'tls://')}
SSL_REQUEST, GSS_REQUEST = bytes.fromhex('0000000804d2162f'), bytes.fromhex('0000000804d21630')


def named(kind, **more):
    return (BehaviorSpec(name='error', percent=100, settings={'kind': kind, **more}),)


@contextlib.contextmanager
def proxied(server, protocol, sides='both', mix='', **fields):
    front, back = SIDES[sides]
    with hosted(spec_for(back + server.address, mix, protocol=protocol, **{'proxy': f'{front}{HOST}:0', **certificates().both,
                                                                         **fields})) as host:
        yield host


@contextlib.contextmanager
def chained(server, protocol, settings, inner_settings=None):
    """A proxy inside TLS on both sides in front of one that speaks it with clients alone; one loop has both."""
    address = f'tls://{HOST}:{free_port()}'
    outer = spec_for(address, protocol=protocol, proxy=f'tls://{HOST}:0', protocol_settings=settings, **certificates().both)
    inner = spec_for(server.address, protocol=protocol, proxy=address, name='inner', protocol_settings=inner_settings or {},
                     **certificates().both)
    with hosted(outer, inner) as host:
        yield host


def faults(host):
    return [(fault.request, fault.kind) for fault in host.proxy.journal.since(0)]


# -- who speaks TLS to whom

def postgres_sees(port, **settings):
    """Connect and return whether the client is inside TLS, and whether the server is."""
    with postgres(port, sslrootcert=certificates().ca, **settings) as connection:
        (inside,), = connection.execute('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()').fetchall()
        assert connection.execute("SELECT repeat('x', 100000)").fetchall() == [('x' * 100_000,)]
        return connection.pgconn.ssl_in_use == 1, inside


def mysql_sees(port, **settings):
    with mysql(port, **settings) as connection:
        (_, version), = run(connection, 'SHOW STATUS LIKE "Ssl_version"')
        assert run(connection, 'SELECT REPEAT("x", 100000)') == (('x' * 100_000,),)
        return isinstance(connection._sock, ssl.SSLSocket), version.startswith('TLS')


INSIDE = {'ssl_disabled': False, 'ssl': client_context()}


@pytest.mark.parametrize('sides', SIDES)
def test_postgres_is_inside_tls_on_the_sides_that_say_so(postgres_tls_server, sides):
    front, back = SIDES[sides]
    with proxied(postgres_tls_server, 'postgres', sides) as host:
        assert postgres_sees(host.port, sslmode='disable') == (False, bool(back))
        if sides != 'neither':
            assert postgres_sees(host.port, sslmode='prefer') == (bool(front), bool(back))
        if front:
            assert postgres_sees(host.port, sslmode='verify-full') == (True, bool(back))
            assert postgres_sees(host.port, sslmode='verify-full', sslnegotiation='direct') == (True, bool(back))
        elif back:
            with pytest.raises(psycopg.OperationalError, match='server does not support SSL, but SSL was required'):
                postgres_sees(host.port, sslmode='verify-full')
        assert host.proxy.stats.handler_errors == 0


@pytest.mark.parametrize('sides', SIDES)
def test_mysql_is_inside_tls_on_the_sides_that_say_so(mariadb_tls_server, sides):
    front, back = SIDES[sides]
    with proxied(mariadb_tls_server, 'mysql', sides) as host:
        assert mysql_sees(host.port) == (False, bool(back))
        if front:
            assert mysql_sees(host.port, **INSIDE) == (True, bool(back))
            with pytest.raises(pymysql.OperationalError, match='1045'):
                mysql_sees(host.port, password='wrong', **INSIDE)
        elif back:
            with pytest.raises(pymysql.OperationalError, match='SSL is required'):
                mysql_sees(host.port, **INSIDE)
        with pytest.raises(pymysql.OperationalError, match='1045'):
            mysql_sees(host.port, password='wrong')


def mailed(port, inside, direct=False):
    """Send a mail and return what EHLO offered, before TLS and in the end."""
    context = client_context()
    with smtplib.SMTP_SSL(HOST, port, timeout=PATIENCE, context=context) if direct else \
            smtplib.SMTP(HOST, port, timeout=PATIENCE) as client:
        client.ehlo('client.example.org')
        before = set(client.esmtp_features)
        if inside:
            client.starttls(context=context)
            client.ehlo('client.example.org')
        assert client.sendmail('a@example.org', ['b@example.org'], b'Subject: x\r\n\r\n.dots\r\n') == {}
        assert isinstance(client.sock, ssl.SSLSocket) is (inside or direct)
        return before, set(client.esmtp_features)


@pytest.mark.parametrize('sides', ['client', 'backend', 'both'])
def test_a_mail_goes_through_tls_on_the_sides_that_say_so(smtp_server, smtp_tls_server, sides):
    front, back = SIDES[sides]
    server = smtp_tls_server if back else smtp_server
    del server.messages[:]
    with proxied(server, 'smtp', sides) as host:
        before, _ = mailed(host.port, inside=False)
        assert ('starttls' in before) is bool(front)
        if front:
            before, after = mailed(host.port, inside=True)
            assert before - after == {'starttls'}
        else:
            with pytest.raises(smtplib.SMTPNotSupportedError):
                mailed(host.port, inside=True)
    assert {envelope.content for envelope in server.messages} == {b'Subject: x\r\n\r\n.dots\r\n'}
    assert len(server.messages) == 1 + bool(front)


def test_a_mail_server_that_speaks_tls_from_the_first_byte_is_spoken_to_like_that(smtp_server):
    direct = {'starttls': 'direct'}
    with chained(smtp_server, 'smtp', direct, inner_settings=direct) as host:
        before, _ = mailed(host.port, inside=False, direct=True)
        assert 'starttls' not in before


def test_a_postgres_server_that_speaks_tls_from_the_first_byte_is_spoken_to_like_that(postgres_tls_server):
    direct = {'starttls': 'direct'}
    with chained(postgres_tls_server, 'postgres', direct) as host:
        assert postgres_sees(host.port, sslmode='verify-full', sslnegotiation='direct') == (True, False)


def test_commands_are_inside_tls(postgres_tls_server, mariadb_tls_server, smtp_tls_server, tmp_path):
    ca, mail = certificates().ca, tmp_path / 'mail'
    mail.write_bytes(b'Subject: by curl\r\n\r\nhello\r\n')

    def done(name, *arguments, **variables):
        made = subprocess.run([program(name), *arguments], env={**os.environ, **variables}, capture_output=True, text=True,
                              timeout=PATIENCE, check=False)
        assert made.returncode == 0, made.stderr
        return made.stdout
    with proxied(postgres_tls_server, 'postgres') as host:
        assert done('psql', '-XAt', '-h', HOST, '-p', str(host.port), '-U', USER, '-d', DATABASE,
                    '-c', 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
                    PGPASSWORD=PASSWORD, PGSSLMODE='verify-full', PGSSLROOTCERT=ca) == 't\n'
    with proxied(mariadb_tls_server, 'mysql') as host:
        assert done('mariadb', '--no-defaults', '-h', HOST, '-P', str(host.port), '-u', USER, f'-p{PASSWORD}',
                    f'--ssl-ca={ca}', '--ssl-verify-server-cert', '-N',
                    '-e', 'SHOW STATUS LIKE "Ssl_version"') == 'Ssl_version\tTLSv1.3\n'
    with proxied(smtp_tls_server, 'smtp') as host:
        del smtp_tls_server.messages[:]
        done('curl', '-sS', '--ssl-reqd', '--cacert', ca, f'smtp://{HOST}:{host.port}', '--mail-from', 'a@example.org',
             '--mail-rcpt', 'b@example.org', '-T', str(mail))
        assert [envelope.content for envelope in smtp_tls_server.messages] == [b'Subject: by curl\r\n\r\nhello\r\n']


def test_a_password_is_bound_to_the_certificate_of_the_one_who_ends_tls(postgres_tls_server):
    other = dict(zip(('tls_cert', 'tls_key'), written(certificates().folder, 'other', authority().issue_cert(HOST)), strict=True))
    with proxied(postgres_tls_server, 'postgres', **other) as host:
        with pytest.raises(psycopg.OperationalError, match='channel binding check failed'):
            postgres_sees(host.port, sslmode='verify-full')
        assert postgres_sees(host.port, sslmode='verify-full', channel_binding='disable') == (True, True)
    with proxied(postgres_tls_server, 'postgres', 'client', **other) as host:
        assert postgres_sees(host.port, sslmode='verify-full') == (True, False)


# -- what is inside is read

@pytest.mark.parametrize('sides', SIDES)
def test_faults_are_drawn_inside_as_in_the_clear(postgres_tls_server, mariadb_tls_server, sides):
    settings = {'sslmode': 'verify-full' if SIDES[sides][0] else 'disable', 'sslrootcert': certificates().ca}
    with proxied(postgres_tls_server, 'postgres', sides, named('deadlock', match='^UPDATE')) as host, \
            postgres(host.port, autocommit=True, **settings) as connection:
        for _ in range(2):
            assert connection.execute('SELECT 1').fetchall() == [(1,)]
            with pytest.raises(psycopg.errors.DeadlockDetected):
                connection.execute('UPDATE nowhere SET a = 1')
        assert faults(host) == [('UPDATE nowhere SET a = 1', 'deadlock')] * 2
    with proxied(mariadb_tls_server, 'mysql', sides, named('access-denied', match='^login')) as host, \
            pytest.raises(pymysql.OperationalError, match='1045'):
        mysql_sees(host.port, **(INSIDE if SIDES[sides][0] else {}))


@pytest.mark.parametrize('protocol', ['postgres', 'mysql', 'smtp'])
@pytest.mark.parametrize('slowly', ['toxics', 'a behavior that waits'])
def test_what_is_slow_is_slow_on_the_way_into_tls_and_inside(postgres_tls_server, mariadb_tls_server, smtp_tls_server, protocol,
                                                            slowly):
    waits = (BehaviorSpec(name='delay', percent=100, settings={'sleep': 2 * MS}),)
    toxics = tuple(toxic for stream in ('upstream', 'downstream') for toxic in (
        ToxicSpec(type='latency', stream=stream, attributes={'latency': 5}),
        ToxicSpec(type='slicer', stream=stream, attributes={'average_size': 7, 'size_variation': 3, 'delay': 10})))
    server = {'postgres': postgres_tls_server, 'mysql': mariadb_tls_server, 'smtp': smtp_tls_server}[protocol]
    with proxied(server, protocol, **({'toxics': toxics} if slowly == 'toxics' else {'mix': waits})) as host:
        if protocol == 'postgres':
            with postgres(host.port, sslmode='verify-full', sslrootcert=certificates().ca) as connection:
                assert connection.execute("SELECT repeat('x', 1000)").fetchall() == [('x' * 1000,)]
        elif protocol == 'mysql':
            with mysql(host.port, **INSIDE) as connection:
                assert run(connection, 'SELECT REPEAT("x", 1000)') == (('x' * 1000,),)
        else:
            mailed(host.port, inside=True)


# -- clients that do not ask, or ask for something else

@pytest.mark.parametrize('mode', ['verify-full', 'disable'])
def test_a_request_to_cancel_comes_inside_and_outside_tls(postgres_tls_server, mode):
    with proxied(postgres_tls_server, 'postgres') as host, \
            postgres(host.port, sslmode=mode, sslrootcert=certificates().ca, autocommit=True) as connection:
        met = []

        def wait():
            with pytest.raises(psycopg.errors.QueryCanceled):
                connection.execute('SELECT pg_sleep(100)')
            met.append('canceled')
        thread = threading.Thread(target=wait)
        thread.start()
        while not met:
            connection.cancel_safe(timeout=PATIENCE)    # on a connection of the same kind; it may come too early
        thread.join()
        assert host.proxy.stats.accepted >= 2


def test_gss_is_refused_and_tls_granted_after_it(postgres_tls_server):
    with proxied(postgres_tls_server, 'postgres') as host, connect(host.port) as client:
        assert ask(client, GSS_REQUEST, 1) == b'N'
        for byte in SSL_REQUEST:
            client.sendall(bytes((byte,)))
        assert read_exactly(client, 1) == b'S'
        talk = Talk(client, client_context(), 'localhost')
        body = b'\0\3\0\0user\0' + USER.encode() + b'\0\0'
        talk.send((len(body) + 4).to_bytes(4, 'big') + body)
        assert talk.read()[:1] == b'R'


@pytest.mark.parametrize('extra', [b'\0\0\0\x08', SSL_REQUEST, b'\x16\x03\x01'], ids=['a start-up', 'another', 'a ClientHello'])
def test_bytes_in_the_clear_after_a_request_for_tls_end_the_session(postgres_tls_server, extra):
    with proxied(postgres_tls_server, 'postgres') as host, connect(host.port) as client:
        client.sendall(SSL_REQUEST + extra)
        with contextlib.suppress(ConnectionResetError):
            assert read_to_end(client) in (b'', b'S')
        eventually(lambda: host.proxy.empty, 'its end')


def test_commands_after_starttls_are_not_carried_into_tls(smtp_server):
    del smtp_server.messages[:]
    with proxied(smtp_server, 'smtp', 'client') as host, connect(host.port) as client:
        assert read_exactly(client, 4) == b'220 '
        client.sendall(b'EHLO me\r\n')
        client.sendall(b'STARTTLS\r\nMAIL FROM:<a@b>\r\n')
        with pytest.raises(ConnectionResetError):
            read_to_end(client)
        eventually(lambda: host.proxy.empty, 'its end')
        assert (host.proxy.stats.handler_errors, smtp_server.messages) == (0, [])


class InPieces:
    """A socket that sends what it is given in pieces, after something else."""

    def __init__(self, sock, before, size):
        self.sock, self.before, self.size, self.recv = sock, before, size, sock.recv

    def sendall(self, data):
        data, self.before = self.before + data, b''
        for at in range(0, len(data), self.size):
            self.sock.sendall(data[at:at + self.size])


@pytest.mark.parametrize('size', [1, 7, 1 << 20])
@pytest.mark.parametrize('sides', ['client', 'both'])
def test_a_request_of_mysql_and_the_handshake_after_it_come_in_any_pieces(mariadb_tls_server, sides, size):
    """Nothing is said between the two, so they may come together; what follows inside is numbered from 2 on."""
    login = (0x88A01).to_bytes(4, 'little') + b'\0\0\0\1\x21' + bytes(23)  # PLUGIN_AUTH, SECURE_CONNECTION, SSL, PROTOCOL_41
    with proxied(mariadb_tls_server, 'mysql', sides) as host, connect(host.port) as sock:
        assert greeting(sock.recv(1024)[4:]).capabilities & SSL
        talk = Talk(InPieces(sock, b'\x20\0\0\1' + login, size), client_context(), 'localhost')
        whole = login + b'nobody\0\0mysql_native_password\0'
        talk.send(len(whole).to_bytes(3, 'little') + b'\2' + whole)
        answer = talk.read()
        assert (answer[3], answer[4], int.from_bytes(answer[5:7], 'little')) == (3, 0xff, 1045)
        assert host.proxy.stats.handler_errors == 0


# -- where there is no TLS

def answers(*replies):
    """Make a handler that answers each thing that it reads with the next of these, the first one before it has read anything."""
    def handle(sock):
        for reply in replies:
            sock.sendall(reply)
            if not sock.recv(4096):
                return
        read_to_end(sock)
    return handle


GREETING = bytes.fromhex('0a') + b'10.11.0-MariaDB\0' + bytes(4) + b'a' * 8 + b'\0' + bytes.fromhex('fef721020081bf00') \
    + b'\x15' + bytes(10) + b'b' * 12 + b'\0mysql_native_password\0'
NO_TLS = {
    'postgres, N': ('postgres', answers(b'', b'N'), 'it speaks no TLS: its answer to SSLRequest is N'),
    'postgres, an error': ('postgres', answers(b'', b'E\0\0\0\x05\0'), "its answer to SSLRequest is b'E', which begins no TLS"),
    'postgres, more': ('postgres', answers(b'', b'SR'), 'bytes in the clear came after it had agreed to TLS'),
    'postgres, garbage': ('postgres', answers(b'', b'S', b'no TLS at all'), 'TLS: '),
    'mysql, no offer': ('mysql', answers(len(GREETING).to_bytes(3, 'little') + b'\0' + GREETING),
                        'it speaks no TLS: its greeting does not offer it'),
    'mysql, garbage': ('mysql', answers(b'\x05\0\0\0hello'), 'its greeting is none of MySQL'),
    'smtp, no offer': ('smtp', answers(b'220 mail\r\n', b'250-mail\r\n250 HELP\r\n'),
                       'its reply to EHLO does not offer STARTTLS'),
    'smtp, 454': ('smtp', answers(b'220 mail\r\n', b'250-mail\r\n250 STARTTLS\r\n', b'454 not now\r\n'),
                  'its reply to STARTTLS is 454 not now'),
    'smtp, more': ('smtp', answers(b'220 mail\r\n', b'250-mail\r\n250 STARTTLS\r\n', b'220 go\r\n250 injected\r\n'),
                   'bytes in the clear came after it had agreed to TLS'),
    'smtp, the end': ('smtp', answers(b'220 mail\r\n', b''), 'no TLS handshake within'),
}
FIRST = {'postgres': b'\0\0\0\x0e\0\3\0\0user\0\0', 'mysql': b'', 'smtp': b'EHLO me\r\n'}


@pytest.mark.parametrize('case', NO_TLS)
def test_a_client_is_reset_where_the_backend_begins_no_tls(case, caplog):
    protocol, handler, reason = NO_TLS[case]
    with Backend(handler) as server, proxied(server, protocol, 'backend', timeout=200 * MS) as host, connect(host.port) as client:
        client.sendall(FIRST[protocol])
        with pytest.raises(ConnectionResetError):
            read_to_end(client)
        eventually(lambda: host.proxy.empty, 'its end')
        assert host.proxy.stats.backend_errors == 1
    assert reason in caplog.text


def test_a_client_in_the_clear_never_sees_an_offer_that_only_tls_can_take(postgres_tls_server):
    with proxied(postgres_tls_server, 'postgres', 'backend') as host, connect(host.port) as client:
        body = b'\0\3\0\0user\0' + USER.encode() + b'\0\0'
        client.sendall((len(body) + 4).to_bytes(4, 'big') + body)
        assert read_exactly(client, 24) == b'R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0'


def test_a_certificate_that_does_not_verify_resets_the_client_and_is_named(caplog, postgres_tls_server, mariadb_tls_server,
                                                                          smtp_tls_server):
    stranger = certificates()._replace(ca=certificates().folder / 'stranger.pem')
    stranger.ca.write_bytes(trustme.CA().cert_pem.bytes())
    for protocol, server in (('postgres', postgres_tls_server), ('mysql', mariadb_tls_server), ('smtp', smtp_tls_server)):
        with proxied(server, protocol, 'backend', tls_backend_ca=str(stranger.ca)) as host:
            caplog.clear()
            with pytest.raises((psycopg.OperationalError, pymysql.OperationalError, smtplib.SMTPException, OSError)):
                {'postgres': lambda: postgres_sees(host.port, sslmode='disable'), 'mysql': lambda: mysql_sees(host.port),
                 'smtp': lambda: mailed(host.port, inside=False)}[protocol]()
            eventually(lambda: host.proxy.empty, 'its end')
            assert 'certificate verify failed' in caplog.text
            assert host.proxy.stats.backend_errors == 1


@pytest.mark.parametrize('protocol', ['postgres', 'mysql', 'smtp'])
def test_a_client_that_asks_and_says_no_more_is_ended_in_time(caplog, protocol, postgres_tls_server, mariadb_tls_server,
                                                             smtp_tls_server):
    server = {'postgres': postgres_tls_server, 'mysql': mariadb_tls_server, 'smtp': smtp_tls_server}[protocol]
    with proxied(server, protocol, 'client', timeout=200 * MS) as host, connect(host.port) as client:
        if protocol == 'postgres':
            assert ask(client, SSL_REQUEST, 1) == b'S'
        elif protocol == 'mysql':
            client.recv(1024)
            client.sendall(b'\x20\0\0\1' + b'\0\x0a' + bytes(30))     # nothing but PROTOCOL_41 and SSL
        else:
            client.recv(1024)
            client.sendall(b'STARTTLS\r\n')
            assert client.recv(1024) == b'220 2.0.0 Ready to start TLS\r\n'
        with contextlib.suppress(ConnectionResetError):
            assert read_to_end(client) == b''
        eventually(lambda: host.proxy.empty, 'its end')
        eventually(lambda: 'no TLS handshake within' in caplog.text, 'the warning')
        assert (host.proxy.stats.backend_errors, host.proxy.stats.handler_errors) == (0, 0)


@pytest.mark.parametrize('protocol', ['postgres', 'smtp'])
def test_a_client_that_distrusts_the_certificate_tells_the_reason(caplog, protocol, postgres_tls_server, smtp_tls_server):
    server = postgres_tls_server if protocol == 'postgres' else smtp_tls_server
    with proxied(server, protocol) as host, connect(host.port) as client:
        if protocol == 'postgres':
            assert ask(client, SSL_REQUEST, 1) == b'S'
        else:
            client.recv(1024)
            assert ask(client, b'STARTTLS\r\n', 30) == b'220 2.0.0 Ready to start TLS\r\n'
        with pytest.raises(ssl.SSLCertVerificationError):
            Talk(client, ssl.create_default_context(), 'localhost')
        client.close()
        eventually(lambda: host.proxy.empty, 'its end')
    assert 'no TLS with the client' in caplog.text
    assert 'alert unknown ca' in caplog.text


# -- kinds

@pytest.mark.parametrize('sides', ['neither', 'both'])
def test_postgres_refuses_or_drops_where_it_is_named(postgres_tls_server, sides):
    with proxied(postgres_tls_server, 'postgres', sides, named('starttls-refused')) as host:
        with postgres(host.port, sslmode='prefer') as connection:
            assert connection.pgconn.ssl_in_use == 0
        with pytest.raises(psycopg.OperationalError, match='server does not support SSL, but SSL was required'):
            postgres_sees(host.port, sslmode='require')
        assert faults(host) == [('SSLRequest', 'starttls-refused')] * 2
    with proxied(postgres_tls_server, 'postgres', sides, named('starttls-dropped')) as host:
        for mode in ('prefer', 'require'):
            with pytest.raises(psycopg.OperationalError, match='server closed the connection unexpectedly'):
                postgres_sees(host.port, sslmode=mode)
        assert postgres_sees(host.port, sslmode='disable')[0] is False
        assert faults(host) == [('SSLRequest', 'starttls-dropped')] * 2


@pytest.mark.parametrize('sides', ['neither', 'both'])
def test_mysql_refuses_or_drops_where_it_is_named(mariadb_tls_server, sides):
    with proxied(mariadb_tls_server, 'mysql', sides, named('starttls-refused')) as host:
        with pytest.raises(pymysql.OperationalError, match='SSL is required but the server'):
            mysql_sees(host.port, **INSIDE)
        assert mysql_sees(host.port)[0] is False
        assert faults(host) == [('connect', 'starttls-refused')] * 2
    with proxied(mariadb_tls_server, 'mysql', sides, named('starttls-dropped')) as host:
        with pytest.raises(pymysql.OperationalError):
            mysql_sees(host.port, **INSIDE)
        assert mysql_sees(host.port)[0] is False
        assert faults(host) == [('SSLRequest', 'starttls-dropped')]


@pytest.mark.parametrize('sides', ['neither', 'both'])
def test_smtp_refuses_strips_or_drops_where_it_is_named(smtp_tls_server, sides):
    with proxied(smtp_tls_server, 'smtp', sides, named('starttls-refused')) as host:
        with pytest.raises(smtplib.SMTPResponseException) as raised:
            mailed(host.port, inside=True)
        assert (raised.value.smtp_code, raised.value.smtp_error) == (454, b'4.7.0 TLS not available due to local problem')
        assert faults(host) == [('STARTTLS', 'starttls-refused')]
    with proxied(smtp_tls_server, 'smtp', sides, named('starttls-stripped')) as host:
        with pytest.raises(smtplib.SMTPNotSupportedError):
            mailed(host.port, inside=True)
        assert 'starttls' not in mailed(host.port, inside=False)[0]
        assert {kind for _, kind in faults(host)} == {'starttls-stripped'}
    with proxied(smtp_tls_server, 'smtp', sides, named('starttls-dropped')) as host:
        with pytest.raises(smtplib.SMTPServerDisconnected):
            mailed(host.port, inside=True)
        assert faults(host) == [('STARTTLS', 'starttls-dropped')]


def test_a_client_that_prefers_tls_comes_again_in_the_clear_after_a_handshake_that_failed(postgres_tls_server):
    with proxied(postgres_tls_server, 'postgres', tls_max='1.2') as host:
        assert postgres_sees(host.port, sslmode='prefer', ssl_min_protocol_version='TLSv1.3') == (False, True)
        assert host.proxy.stats.accepted == 2
        with pytest.raises(psycopg.OperationalError, match='alert protocol version'):
            postgres_sees(host.port, sslmode='require', ssl_min_protocol_version='TLSv1.3')


def test_a_plan_means_the_wish_for_tls_of_one_session(postgres_tls_server):
    with proxied(postgres_tls_server, 'postgres') as host:
        host.call(lambda: host.fleet.plan.replace([FaultSpec(name='starttls-refused', request='SSLRequest', nth=2)]))
        assert postgres_sees(host.port, sslmode='require') == (True, True)
        with pytest.raises(psycopg.OperationalError, match='server does not support SSL'):
            postgres_sees(host.port, sslmode='require')
        assert postgres_sees(host.port, sslmode='require') == (True, True)
        assert faults(host) == [('SSLRequest', 'starttls-refused')]


# -- a protocol of a plugin

class Lines(Framer):
    """Lines; each request gets one line."""

    def __init__(self, protocol, asks):
        super().__init__(protocol)
        self.asks = asks

    def scan(self, data, start):
        while end := data.find(b'\n', start) + 1:
            exchange = Exchange(data[start:end - 1], 'line') if self.asks else self.protocol.queue[0]
            yield end, exchange, True
            start = end


class AskLines(Switch):
    """Asks with a line of its own."""

    asked = False

    def wanted(self, data):
        if not self.asked:
            self.asked, self.out = True, b'TLS\n'

    def received(self, data):
        if data != b'yes\n':
            raise NoTLSError(f'it says {data!r}')
        self.begins = True
        return b''


class LineProtocol(MessageProtocol):
    name = 'lines-with-tls'
    framers = (lambda protocol: Lines(protocol, True)), (lambda protocol: Lines(protocol, False))
    errors = {'no': FailureKind('No.', ('line',), lambda protocol, exchange: Failure(b'no\n'))}
    switch = AskLines

    def go_ahead(self, exchange):
        return b'yes\n' if exchange.name == 'TLS' else None


def echo_lines_after_tls(sock):
    """Answer each line with itself, inside TLS once it was asked for."""
    if read_exactly(sock, 4) != b'TLS\n':
        raise AssertionError('nothing in the clear')
    sock.sendall(b'yes\n')
    with server_context().wrap_socket(sock, server_side=True) as wrapped:
        while data := wrapped.recv(4096):
            wrapped.sendall(data)


def test_a_protocol_of_a_plugin_says_where_tls_begins(caplog):
    no = (BehaviorSpec(name='error', percent=100, settings={'kind': 'no', 'match': '^refuse'}),)
    with registered(Protocol, LineProtocol), Backend(echo_lines_after_tls) as server, \
            proxied(server, LineProtocol.name, mix=no) as host:
        with connect(host.port) as client:
            assert ask(client, b'TLS\n', 4) == b'yes\n'
            talk = Talk(client, client_context(), 'localhost')
            for asked, answer in ((b'hello\n', b'hello\n'), (b'refuse\n', b'no\n'), (b'on\n', b'on\n')):
                talk.send(asked)
                assert talk.read_exactly(len(answer)) == answer
        with connect(host.port) as client:
            assert ask(client, b'in the clear\n', 13) == b'in the clear\n'
    assert caplog.text == ''


def told(asked):
    """Make a handler that asks for nothing in the clear, and does something inside TLS."""
    def handle(sock):
        assert read_exactly(sock, 4) == b'TLS\n'
        sock.sendall(b'yes\n')
        asked(Talk(sock, server_context()))
    return handle


def half_closed(talk, seen):
    seen.append(talk.read_to_end())
    talk.send(b'late\n')
    talk.notify()
    talk.sock.shutdown(socket.SHUT_WR)


def answer_and(end):
    def handle(talk, seen):
        seen.append((talk.read_exactly(4), ''))
        talk.send(b'bye\n')
        end(talk)
    return handle


def fin(talk):
    talk.sock.shutdown(socket.SHUT_WR)


#: what the backend does, how the client ends after its request, what the backend sees, and what the client does
ENDS = {
    'close_notify of the client': (half_closed, Talk.notify, (b'ask\n', 'notify'), (b'late\n', 'notify')),
    'FIN of the client': (half_closed, fin, (b'ask\n', 'FIN'), (b'late\n', 'notify')),
    'close_notify of the backend': (answer_and(Talk.notify), None, (b'ask\n', ''), (b'bye\n', 'notify')),
    'FIN of the backend': (answer_and(fin), None, (b'ask\n', ''), (b'bye\n', 'FIN')),
    'RST of the backend': (answer_and(lambda talk: reset(talk.sock)), None, (b'ask\n', ''), (None, 'RST')),
}


@pytest.mark.parametrize('case', ENDS)
def test_ends_are_passed_on_as_they_come_where_tls_has_begun_later(case):
    backend, end, there, here = ENDS[case]
    seen = []
    with registered(Protocol, LineProtocol), Backend(told(lambda talk: backend(talk, seen))) as server, \
            proxied(server, LineProtocol.name) as host, connect(host.port) as sock:
        assert ask(sock, b'TLS\n', 4) == b'yes\n'
        talk = Talk(sock, client_context(), 'localhost')
        talk.send(b'ask\n')
        if end is not None:
            end(talk)
        data, how = talk.read_to_end()
        assert (seen, how) == ([there], here[1])
        assert here[0] in (None, data)


# -- what is recorded

def test_the_journal_has_inside_tls_what_it_has_in_the_clear(postgres_tls_server, tmp_path):
    found = {}
    for sides, mode in (('neither', 'disable'), ('client', 'verify-full'), ('backend', 'disable'), ('both', 'verify-full')):
        path = tmp_path / sides
        with proxied(postgres_tls_server, 'postgres', sides, named('deadlock', match='^UPDATE')) as host:
            journal = host.call(lambda path=path, host=host: JournalFile(host.fleet, str(path)))
            with postgres(host.port, sslmode=mode, sslrootcert=certificates().ca, autocommit=True) as connection:
                connection.execute('SELECT 1')
                with pytest.raises(psycopg.errors.DeadlockDetected):
                    connection.execute('UPDATE nowhere SET a = 1')
            host.wait_idle()
            host.call(journal.close)
        lines = [json.loads(line) for line in path.read_bytes().splitlines()]
        found[sides] = [(line['name'], line.get('answer', ''), line.get('fault', ''))
                        for line in lines if line['type'] == 'exchange']
    assert [request for request, _, _ in found['neither']][1:] == ['SELECT 1', 'UPDATE nowhere SET a = 1']
    assert found['neither'][-1][1:] == ('40P01', 'error/deadlock')
    assert [found[sides] for sides in SIDES] == [found['neither']] * 4
