"""Plans between real clients and real servers: of every protocol, every kind of thing, at the opening, and beside a mix."""
import contextlib
import http.client
import smtplib
import socket
import time

import psycopg
import pymysql
import pytest
from pymemcache.client.base import Client as PyMemcache
from pymemcache.exceptions import MemcacheServerError

from tests.realism import mysql, postgres
from tests.support.hosting import eventually
from tests.support.peers import connect, ending, read_exactly
from tests.support.proxied import between, entry
from tests.support.unit_of_time import MS, PATIENCE

#: [s] that is told from no delay at all
LATE = 150 * MS
OK = b'+OK\r\n'


@contextlib.contextmanager
def planned(daemon, server, protocol, **fields):
    with between(daemon, f'planned-{protocol}', server, protocol, **fields) as proxy:
        yield proxy
        assert proxy.unread == []
        proxy.reset()


@pytest.fixture
def redis(daemon, redis_server):
    with planned(daemon, redis_server, 'redis') as proxy:
        yield proxy


def said(client, *commands):
    """Send commands at once, and return the first line of each reply, '' where there is none any more."""
    client.sendall(b''.join(command + b'\r\n' for command in commands))
    return [line(client) for _ in commands]


def line(client):
    found = b''
    while not found.endswith(b'\r\n'):
        try:
            piece = client.recv(1)
        except ConnectionError:
            piece = b''
        if not piece:
            return found
        found += piece
    return found


# -- each protocol

def test_a_statement_of_postgres_fails_and_the_next_does_not(daemon, postgres_server):
    with planned(daemon, postgres_server, 'postgres') as proxy, postgres.connected(proxy.port, autocommit=True) as client, \
            proxy.fault('SELECT ?', nth=2, kind='40P01') as fault:
        for number in range(4):
            if number == 1:
                with pytest.raises(psycopg.errors.DeadlockDetected):
                    client.execute(f'SELECT {number}')
            else:
                assert client.execute(f'SELECT {number}').fetchone() == (number,)
    assert [found.request for found in fault.where] == ['SELECT 1']


def test_a_statement_of_mysql_fails_by_its_code(daemon, mariadb_server):
    with planned(daemon, mariadb_server, 'mysql') as proxy, mysql.connected(proxy.port) as client, client.cursor() as cursor, \
            proxy.fault('SELECT 7', kind='1213') as fault:
        cursor.execute('SELECT 6')
        with pytest.raises(pymysql.err.OperationalError, match='1213'):
            cursor.execute('SELECT 7')
        cursor.execute('SELECT 7')
    assert fault.applied == 1


def test_a_command_of_memcache_fails(daemon, memcached_server):
    with planned(daemon, memcached_server, 'memcache') as proxy, \
            contextlib.closing(PyMemcache(('127.0.0.1', proxy.port), timeout=PATIENCE)) as client, \
            proxy.fault('set b*', kind='out-of-memory'):
        client.set('a', '1', noreply=False)
        with pytest.raises(MemcacheServerError):
            client.set('b', '1', noreply=False)
        client.set('b', '1', noreply=False)
        assert client.get('b') == b'1'


def test_a_response_of_http_is_another_one(daemon, nginx_server):
    with planned(daemon, nginx_server, 'http') as proxy, \
            contextlib.closing(http.client.HTTPConnection('127.0.0.1', proxy.port, timeout=PATIENCE)) as client, \
            proxy.fault('GET /?n=*', nth=2, kind='503') as fault:
        found = []
        for number in range(3):
            client.request('GET', f'/?n={number}')
            response = client.getresponse()
            response.read()
            found.append(response.status == 503)
    assert (found, fault.matched) == ([False, True, False], 3)


def test_a_message_of_smtp_that_is_refused_at_its_data_is_read_and_refused(daemon, smtp_server):
    with planned(daemon, smtp_server, 'smtp') as proxy, smtplib.SMTP('127.0.0.1', proxy.port, timeout=PATIENCE) as client, \
            proxy.fault('DATA', nth=2, kind='content-rejected') as fault:
        def send(number):
            return client.sendmail('a@example.com', ['b@example.com'], f'Subject: {number}\r\n\r\ntext')
        assert send(1) == {}
        with pytest.raises(smtplib.SMTPDataError):
            send(2)
        assert send(3) == {}
    assert (fault.applied, fault.matched) == (1, 3)
    assert [found.request[0] for found in fault.where] == ['.']     # the refusal takes the place of the reply to the message


def test_without_requests_each_event_counts(daemon, echo_server):
    with planned(daemon, echo_server, 'tcp') as proxy, connect(proxy.port) as client, proxy.fault(nth=3, behavior='blackout'):
        for _ in range(2):
            client.sendall(b'ping')
            assert read_exactly(client, 4) == b'ping'
        client.sendall(b'ping')
        assert ending(client) == 'FIN'


# -- each kind of thing

@pytest.mark.parametrize('fault, replies, end', [
    ({'kind': 'readonly'}, [OK, b'-READONLY ', OK], ''),
    ({'kind': 'READONLY'}, [OK, b'-READONLY ', OK], ''),
    ({'kind': 'lost-reply'}, [OK], 'RST'),
    ({'behavior': 'hang'}, [OK], 'none'),
    ({'behavior': 'abort'}, [OK], 'RST'),
    ({'behavior': 'blackout'}, [OK], 'FIN'),
    ({'behavior': 'error', 'inject': True}, [OK, b'+', None], ''),
    ({'behavior': 'transient'}, [OK, b'-', OK], ''),
])
def test_one_request_of_three_gets_it(redis, fault, replies, end):
    with connect(redis.port) as client, redis.fault('SET k*', nth=2, **fault) as applied:
        for number, expected in enumerate(replies):
            client.sendall(b'SET k%d v\r\n' % number)
            if expected is not None:
                assert line(client).startswith(expected)
        if end:
            client.sendall(b'SET k9 v\r\n')
        if end == 'none':
            eventually(lambda: applied.applied)
            client.settimeout(LATE)
            with pytest.raises(TimeoutError):
                client.recv(1)
        elif end:
            assert ending(client) == end
    assert applied.applied == 1
    assert [(found.plan, found.exchange) for found in redis.faults] == [(applied.id, 2)]


def test_a_delay_makes_its_request_late_and_no_other(redis):
    with connect(redis.port) as client, redis.fault('PING', nth=2, behavior='delay', sleep=LATE):
        took = []
        for _ in range(3):
            begun = time.monotonic()
            assert said(client, b'PING') == [b'+PONG\r\n']
            took.append(time.monotonic() - begun >= LATE)
    assert took == [False, True, False]


@pytest.mark.parametrize('stream', ['downstream', 'upstream'])
def test_a_toxic_is_on_for_as_many_requests_as_it_is_told(redis, stream):
    with connect(redis.port) as client, \
            redis.fault('PING', nth=2, toxic='latency', latency=int(LATE * 1000), stream=stream, requests=2) as fault:
        took = []
        for _ in range(5):
            begun = time.monotonic()
            assert said(client, b'PING') == [b'+PONG\r\n']
            took.append(time.monotonic() - begun >= LATE)
    assert took == [False, True, True, False, False]
    assert [(found.behavior, found.exchange) for found in redis.faults] == [('latency', 2)]
    assert fault.applied == 1


def test_a_toxic_stays_until_its_entry_is_taken_away(redis):
    with connect(redis.port) as client:
        with redis.fault('PING', toxic='latency', latency=int(LATE * 1000)):
            begun = time.monotonic()
            for _ in range(2):
                said(client, b'PING')
            assert time.monotonic() - begun >= 2 * LATE
        begun = time.monotonic()
        said(client, *[b'PING'] * 3)
        assert time.monotonic() - begun < LATE + PATIENCE / 2
        assert redis.client.show(redis.name)['toxics'] == []


def test_what_does_not_fit_is_left_alone_and_said(redis):
    with connect(redis.port) as client, redis.fault('PING', kind='execabort', unused_ok=True) as fault:
        assert said(client, b'PING', b'MULTI', b'SET a 1', b'EXEC')[0] == b'+PONG\r\n'
    assert (fault.applied, fault.matched, fault.reason) == (0, 1, 'matched, but kind:execabort does not fit at command')
    assert redis.faults == []


# -- the opening

def met(port, expected):
    """Return what a connection meets that is opened, looking for what is expected; a reset may come while it is."""
    try:
        with connect(port) as client:
            if not expected:
                return said(client, b'PING')[0]
            return line(client) if isinstance(expected, bytes) else ending(client)
    except ConnectionResetError:
        return 'RST'


@pytest.mark.parametrize('fault, first', [
    ({'kind': 'max-clients'}, b'-ERR max number of clients reached\r\n'), ({'behavior': 'abort'}, 'RST'),
    ({'behavior': 'blackout'}, 'FIN'),
])
def test_a_connection_fails_as_it_is_opened_and_the_next_does_not(redis, fault, first):
    with redis.fault('connect', nth=2, **fault) as applied:
        for expected in (b'', first, b''):
            assert met(redis.port, expected) == (expected or b'+PONG\r\n')
    assert [(found.session, found.exchange) for found in applied.where] == [(2, 0)]


@pytest.mark.parametrize('protocol', ['tcp', 'redis'])
def test_a_connection_that_hangs_is_never_answered(daemon, redis_server, protocol):
    with planned(daemon, redis_server, protocol) as proxy, proxy.fault('connect', behavior='hang') as fault, \
            connect(proxy.port) as client:
        client.sendall(b'PING\r\n')
        fault.wait_applied()
        client.settimeout(LATE)
        with pytest.raises(TimeoutError):
            client.recv(1)


@pytest.mark.parametrize('protocol', ['tcp', 'redis'])
def test_a_connection_may_be_late(daemon, redis_server, protocol):
    with planned(daemon, redis_server, protocol) as proxy, proxy.fault('connect', behavior='delay', sleep=LATE):
        begun = time.monotonic()
        with connect(proxy.port) as client:
            for _ in range(2):
                assert said(client, b'PING') == [b'+PONG\r\n']
        assert time.monotonic() - begun >= LATE


# -- beside a mix

def failed(daemon, redis_server, plan):
    """Return which of 100 commands are drawn to fail, and which fail by the plan."""
    with between(daemon, 'planned-beside', redis_server, 'redis', [entry('error', 20, kind='busy')]) as proxy, \
            connect(proxy.port) as client:
        proxy.plan(*plan)
        said(client, *[b'PING'] * 100)
        found = [(fault.exchange, fault.plan != 0) for fault in proxy.faults]
        proxy.reset()
    return {number for number, meant in found if not meant}, {number for number, meant in found if meant}


def test_a_plan_moves_no_fault_of_the_mix(daemon, redis_server):
    drawn, none = failed(daemon, redis_server, [])
    at = sorted(drawn)[3]
    other = next(number for number in range(1, 100) if number not in drawn)
    plan = [{'name': 'busy', 'exchange': number, 'nth': 1} for number in (at, other)]
    assert (none, 10 < len(drawn) < 35) == (set(), True)
    assert failed(daemon, redis_server, plan) == (drawn - {at}, {at, other})


def test_what_the_mix_owes_is_still_owed_after_a_planned_request(daemon, redis_server):
    owing = entry('error', kind='execabort')    # drawn for each; it fits at EXEC alone
    with between(daemon, 'planned-owed', redis_server, 'redis', [owing]) as proxy, connect(proxy.port) as client, \
            proxy.fault('SET *', kind='oom') as fault:
        replies = said(client, b'PING', b'SET a 1', b'MULTI', b'EXEC')
        assert fault.applied == 1
    assert [reply.split()[0] for reply in replies] == [b'+PONG', b'-OOM', b'+OK', b'-EXECABORT']


def test_the_same_request_in_slices_is_met_once(redis):
    with connect(redis.port) as client, redis.fault('SET k*', nth=2, kind='busy') as fault:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in b'SET k1 v\r\nSET k2 v\r\nSET k3 v\r\n':
            client.sendall(bytes((piece,)))
        assert [line(client)[:5] for _ in range(3)] == [OK, b'-BUSY', OK]
    assert (fault.matched, fault.applied) == (3, 1)
