"""A fault that is switched off is off: also one that was drawn before, and waited for a request that it fits.

But one that has begun comes to its end: the backend has not seen what led to what the client sends next.
"""
import contextlib
import http.client
import smtplib

import psycopg
import pytest

from tests.realism.postgres import connected
from tests.support import libmariadb
from tests.support.peers import connect, read_exactly
from tests.support.processes import HOST
from tests.support.proxied import between, entry
from tests.support.unit_of_time import PATIENCE


@pytest.fixture
def connection(daemon):
    proxy = daemon.create('switched-off', 'embedded', 'http')
    client = http.client.HTTPConnection(proxy.host, proxy.port, timeout=PATIENCE)
    yield proxy, client
    client.close()
    daemon.client.remove(proxy.name)


def ask(client, method):
    client.request(method, '/')
    with client.getresponse() as answer:
        return len(answer.read())


def test_an_error_that_waits_for_a_request_ends_with_its_block(connection):
    proxy, client = connection
    with proxy.behavior('error', kind='truncated', unused_ok=True):
        assert ask(client, 'HEAD') == 0     # it has no body that could end too early, so the error waits
    assert ask(client, 'GET') > 0
    assert proxy.faults == []


def test_an_error_that_waits_for_a_request_meets_it_within_its_block(connection):
    proxy, client = connection
    with proxy.behavior('error', kind='truncated'):
        ask(client, 'HEAD')
        with pytest.raises(http.client.IncompleteRead):
            ask(client, 'GET')
    assert [fault.request for fault in proxy.faults] == ['GET /']


# -- what has begun

@pytest.fixture
def made(daemon):
    """Make a proxy that meets everything with one kind of error, until the test switches that off."""
    with contextlib.ExitStack() as stack:
        def make(server, protocol, kind, match=''):
            mix = [entry('error', kind=kind, match=match)]
            return stack.enter_context(between(daemon, 'switched-off-midway', server, protocol, mix))
        yield make


def test_a_message_is_refused_at_its_dot_if_that_was_drawn_at_its_data(made, smtp_server):
    del smtp_server.messages[:]
    proxy = made(smtp_server, 'smtp', 'content-rejected')
    with smtplib.SMTP(HOST, proxy.port, local_hostname='client.example.org', timeout=PATIENCE) as client:
        client.ehlo()
        assert [client.mail('a@example.org')[0], client.rcpt('b@example.org')[0], client.docmd('DATA')[0]] == [250, 250, 354]
        client.send(b'Subject: refused\r\n\r\nhe')
        proxy.meet()
        client.send(b'llo\r\n.\r\n')
        assert client.getreply()[0] == 550
        assert client.sendmail('a@example.org', ['b@example.org'], b'Subject: accepted\r\n\r\nhello\r\n') == {}
    assert [fault.request.upper() for fault in proxy.faults] == ['. FROM:<A@EXAMPLE.ORG>']   # smtplib of 3.13 writes it small
    assert [b'accepted' in message.content for message in smtp_server.messages] == [True]


def test_a_transaction_fails_if_one_of_its_commands_has(made, redis_server):
    proxy = made(redis_server, 'redis', 'oom', '^SET')
    with connect(proxy.port) as client:
        client.sendall(b'MULTI\r\nSET off:a 1\r\n')
        assert read_exactly(client, 9) == b'+OK\r\n-OOM'
        proxy.meet()
        client.sendall(b'SET off:b 2\r\nEXEC\r\nEXISTS off:a off:b\r\n')
        with client.makefile('rb') as file:
            assert [file.readline()[:9] for _ in range(4)][1:] == [b'+QUEUED\r\n', b'-EXECABOR', b':0\r\n']


def test_the_rest_of_a_request_is_dropped_with_its_beginning(made):
    proxy = made('embedded', 'http', '503')
    with connect(proxy.port) as client:
        client.sendall(b'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nGET /')
        assert read_exactly(client, 12) == b'HTTP/1.1 503'
        proxy.meet()
        client.sendall(b' HTTP' + b'GET /status/204 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
        with client.makefile('rb') as file:
            assert [line[9:12] for line in file if line.startswith(b'HTTP/1.1')] == [b'204']


def test_a_prepared_statement_whose_first_execution_failed_is_executed(made, mariadb_server):
    proxy = made(mariadb_server, 'mysql', 'query-interrupted', '^SELECT')
    with libmariadb.connected(proxy.port) as client, contextlib.closing(client.prepare('SELECT CONCAT(?, "!")')) as statement:
        with pytest.raises(libmariadb.Error):
            statement.execute(b'a')
        proxy.meet()
        assert statement.execute(b'b') == [(b'b!',)]    # it sends no types any more: the server has never got any


@pytest.mark.parametrize('pipelined', [False, True])
def test_a_transaction_of_postgres_stays_failed(made, postgres_server, pipelined):
    proxy = made(postgres_server, 'postgres', 'deadlock', '^SELECT 1')
    with connected(proxy.port) as client, contextlib.ExitStack() as stack:
        if pipelined:
            stack.enter_context(client.pipeline())
        with pytest.raises(psycopg.errors.DeadlockDetected):
            client.execute('SELECT 1').fetchone()
        proxy.meet()
        with pytest.raises((psycopg.errors.InFailedSqlTransaction, psycopg.errors.PipelineAborted)):
            client.execute('SELECT 2').fetchone()
