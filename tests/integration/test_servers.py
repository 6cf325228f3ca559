"""The real servers, met directly by their real clients: what is true here is what has to be true through a proxy."""
import smtplib

import psycopg
import pymemcache
import pymysql
import redis
import requests

from tests.support.processes import HOST
from tests.support.servers import DATABASE, PASSWORD, USER


def test_redis_keeps_a_value(redis_server):
    with redis.Redis(port=redis_server.port) as client:
        client.set('key', 'value')
        assert client.get('key') == b'value'


def test_memcached_keeps_a_value(memcached_server):
    client = pymemcache.Client((HOST, memcached_server.port))
    client.set('key', 'value')
    assert client.get('key') == b'value'
    client.close()


def test_mariadb_lets_its_user_in(mariadb_server):
    account = {'user': USER, 'password': PASSWORD, 'database': DATABASE}
    with pymysql.connect(host=HOST, port=mariadb_server.port, **account) as client, client.cursor() as cursor:
        cursor.execute('SELECT CURRENT_USER(), DATABASE()')
        assert cursor.fetchone() == (f'{USER}@%', DATABASE)


def test_postgres_lets_its_user_in(postgres_server):
    with psycopg.connect(host=HOST, port=postgres_server.port, user=USER, password=PASSWORD, dbname=DATABASE) as client:
        assert client.execute('SELECT current_user, current_database()').fetchone() == (USER, DATABASE)


def test_nginx_serves_takes_and_chunks_files(nginx_server):
    site = f'http://{nginx_server.address}'
    with requests.Session() as client:
        assert client.put(f'{site}/upload/file.txt', data=b'x' * 100_000).status_code == 201
        whole = client.get(f'{site}/upload/file.txt')
        chunked = client.get(f'{site}/chunked/upload/file.txt')
        last = client.get(f'{site}/last/upload/file.txt')
    assert {whole.content, chunked.content, last.content} == {b'x' * 100_000}
    assert whole.headers['Content-Length'] == '100000'
    assert chunked.headers['Transfer-Encoding'] == 'chunked'
    assert last.headers['Connection'] == 'close'


def test_smtp_server_keeps_the_message(smtp_server):
    with smtplib.SMTP(HOST, smtp_server.port) as client:
        client.sendmail('from@example.org', ['to@example.org'], 'Subject: hello\r\n\r\nworld\r\n')
    message = smtp_server.messages[-1]
    assert (message.mail_from, message.rcpt_tos) == ('from@example.org', ['to@example.org'])
    assert message.content == b'Subject: hello\r\n\r\nworld\r\n'
