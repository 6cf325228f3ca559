"""After ``lost-reply`` and ``half-reply`` the real servers have done what was asked, and their real clients cannot know it.

Each in one piece and in slices, in front of all servers.
"""
import contextlib
import smtplib

import psycopg
import pymysql
import pytest
import redis
from pymemcache.client.base import Client as PyMemcache

from tests.realism import mysql, postgres
from tests.realism import redis as redis_py
from tests.support.processes import HOST
from tests.support.proxied import between, entry
from tests.support.unit_of_time import PATIENCE

KINDS = ('lost-reply', 'half-reply')
SLICES = {'whole': None, 'sliced': {'average_size': 3, 'size_variation': 1}}


@contextlib.contextmanager
def losing(daemon, server, protocol, kind, match, sliced):
    """Run a proxy that loses the responses to what matches, and holds what it injected against one fault."""
    with between(daemon, f'lost-{protocol}', server, protocol, [entry('error', kind=kind, match=match)]) as proxy:
        if sliced:
            for stream in ('upstream', 'downstream'):
                proxy.toxic('slicer', stream=stream, **sliced)
        yield proxy
        assert [fault.kind for fault in proxy.faults] == [kind]
        assert proxy.unread == []


@pytest.fixture(params=SLICES)
def sliced(request):
    return SLICES[request.param]


@pytest.mark.parametrize('kind', KINDS)
def test_a_transaction_of_redis_is_run_though_its_reply_is_lost(daemon, redis_server, kind, sliced):
    with redis_py.connected(redis_server.port) as admin:
        admin.delete('lost', 'after')
        with losing(daemon, redis_server, 'redis', kind, '^EXEC', sliced) as proxy, redis_py.connected(proxy.port) as client, \
                pytest.raises(redis.ConnectionError):
            client.pipeline().rpush('lost', 'a').rpush('lost', 'b').execute()
        assert admin.lrange('lost', 0, -1) == [b'a', b'b']


def test_of_a_pipeline_what_comes_before_is_answered_and_what_follows_is_not_sent(daemon, redis_server, sliced):
    with redis_py.connected(redis_server.port) as admin:
        admin.delete('one', 'two', 'three')
        with losing(daemon, redis_server, 'redis', 'half-reply', 'two', sliced) as proxy, \
                redis_py.connected(proxy.port) as client, pytest.raises(redis.ConnectionError):
            client.pipeline(transaction=False).incr('one').incr('two').incr('three').execute()
        assert admin.mget('one', 'two', 'three') == [b'1', b'1', None]


@pytest.mark.parametrize('kind, error', [('lost-reply', OSError), ('half-reply', Exception)])
def test_a_counter_of_memcached_has_counted(daemon, memcached_server, kind, error, sliced):
    with contextlib.closing(PyMemcache((HOST, memcached_server.port))) as admin:
        admin.set('lost', '1', noreply=False)
        with losing(daemon, memcached_server, 'memcache', kind, '^incr', sliced) as proxy:
            client = PyMemcache((HOST, proxy.port), timeout=PATIENCE)
            with contextlib.closing(client), pytest.raises(error):
                client.incr('lost', 1)
        assert admin.get('lost') == b'2'


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('values', [None, ('kept',)], ids=['simple', 'extended'])
def test_a_row_of_postgres_is_committed(daemon, postgres_server, kind, values, sliced):
    with postgres.connected(postgres_server.port, autocommit=True) as admin:
        admin.execute('DROP TABLE IF EXISTS lost')
        admin.execute('CREATE TABLE lost (v text)')
        with losing(daemon, postgres_server, 'postgres', kind, '^INSERT', sliced) as proxy, \
                postgres.connected(proxy.port, autocommit=True) as client, pytest.raises(psycopg.OperationalError):
            client.execute('INSERT INTO lost VALUES (%s)' if values else "INSERT INTO lost VALUES ('kept')", values)
        assert admin.execute('SELECT v FROM lost').fetchall() == [('kept',)]
        admin.execute('DROP TABLE lost')


def insert(client, values):
    """Insert rows in one pipeline."""
    with client.pipeline():
        for value in values:
            client.execute('INSERT INTO lost VALUES (%s)', (value,))


@pytest.mark.parametrize('kind', KINDS)
def test_a_group_of_postgres_is_committed_to_its_sync(daemon, postgres_server, kind, sliced):
    with postgres.connected(postgres_server.port, autocommit=True) as admin:
        admin.execute('DROP TABLE IF EXISTS lost')
        admin.execute('CREATE TABLE lost (v text)')
        with losing(daemon, postgres_server, 'postgres', kind, '^INSERT', sliced) as proxy, \
                postgres.connected(proxy.port, autocommit=True) as client, pytest.raises(psycopg.OperationalError):
            insert(client, 'abc')
        assert admin.execute('SELECT v FROM lost ORDER BY v').fetchall() == [('a',), ('b',), ('c',)]
        admin.execute('DROP TABLE lost')


@pytest.mark.parametrize('kind', KINDS)
def test_a_row_of_mysql_is_stored(daemon, mariadb_server, kind, sliced):
    with mysql.connected(mariadb_server.port, autocommit=True) as admin:
        mysql.run(admin, 'CREATE OR REPLACE TABLE lost (v TEXT)')
        with losing(daemon, mariadb_server, 'mysql', kind, '^INSERT', sliced) as proxy, \
                mysql.connected(proxy.port, autocommit=True) as client, pytest.raises(pymysql.err.OperationalError):
            mysql.run(client, 'INSERT INTO lost VALUES ("kept")')
        assert list(mysql.run(admin, 'SELECT v FROM lost')) == [('kept',)]
        mysql.run(admin, 'DROP TABLE lost')


def test_a_mail_is_delivered(daemon, smtp_server, sliced):
    smtp_server.messages.clear()
    with losing(daemon, smtp_server, 'smtp', 'lost-reply', r'^\.', sliced) as proxy, \
            pytest.raises(smtplib.SMTPServerDisconnected), smtplib.SMTP(HOST, proxy.port, timeout=PATIENCE) as client:
        client.sendmail('a@example.org', ['b@example.org'], 'Subject: x\r\n\r\nhello\r\n')
    assert len(smtp_server.messages) == 1
