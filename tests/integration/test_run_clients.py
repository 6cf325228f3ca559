"""The addresses of the documentation's table, each opened by the library that it is for, through ``vaurien run``."""
import csv
import os
import re
import sys
from pathlib import Path

import psycopg
import pymysql
import pytest
import redis

from tests.support import servers
from tests.support.processes import MissingServer, program
from tests.support.processes import folder as temporary_folder
from tests.support.processes import run as run_program
from tests.support.running import run
from vaurien.address import Address
from vaurien.run import addresses

ROOT = Path(__file__).parents[2]
with (ROOT / 'docs' / 'reference' / 'run-addresses.csv').open(encoding='utf-8', newline='') as table:
    ROWS = list(csv.DictReader(table))
PYTHON = ('psycopg', 'SQLAlchemy', 'dj-database-url', 'redis-py', 'pymemcache', 'Celery', 'smtplib', 'requests')
NODE = ('node pg', 'mysql2', 'ioredis')
PACKAGES = ('pg@8', 'mysql2@3', 'ioredis@5')
#: what is not opened, by a part of the text, and why
LEFT_OUT = {
    'asyncpg': 'that driver is not here', 'valkey:': 'redis-py does not take it', 'amqp': 'there is no such broker here',
    'unix:/run/memcached': 'memcached listens at a port or at a socket', '::7': 'the servers here listen at IPv4',
    'cache+': 'Celery would need pylibmc',
}
#: test_run_tls.py has these
TLS = re.compile(r'sslmode|ssl=true|ssl_ca|tls=|rediss|smtps|smtp.tls|amqps|https')
PASSWORD, OTHER_PASSWORD = 'p@ss', 'p/s#s'
REPORTED = re.compile(r'^vaurien: (\w+): (\d+) requests? on', re.MULTILINE)


def opened(libraries):
    return [row for row in ROWS if row['for'] in libraries and row['becomes'] and not TLS.search(row['text'])
            and not any(part in row['text'] for part in LEFT_OUT)]


@pytest.fixture(scope='module')
def places(postgres_server, mariadb_server, memcached_server, smtp_server, nginx_server, tmp_path_factory):
    """Give the address of a real server for each protocol, and of its socket; with the users of the table."""
    with psycopg.connect(host='127.0.0.1', port=postgres_server.port, user=servers.USER, password=servers.PASSWORD,
                         dbname=servers.DATABASE, autocommit=True) as admin:
        for name, password in (('app', PASSWORD), ('slash', OTHER_PASSWORD)):
            admin.execute(f"CREATE ROLE {name} LOGIN SUPERUSER PASSWORD '{password}'")
        admin.execute('CREATE DATABASE app')
    with pymysql.connect(host='127.0.0.1', port=mariadb_server.port, user=servers.USER, password=servers.PASSWORD) as connection:
        cursor = connection.cursor()
        cursor.execute('CREATE DATABASE app')
        cursor.execute(f"GRANT ALL ON app.* TO 'app'@'%' IDENTIFIED BY '{PASSWORD}'")
        cursor.execute(f"GRANT ALL ON app.* TO 'app'@'localhost' IDENTIFIED BY '{PASSWORD}'")
    sockets = tmp_path_factory.mktemp('s')
    real = f'{postgres_server.folder}/.s.PGSQL.{postgres_server.port}'
    for number in (5432, 5433):
        (sockets / f'.s.PGSQL.{number}').symlink_to(real)
    with servers.redis_server('--unixsocket', str(sockets / 'redis.sock')) as open_redis, \
            servers.redis_server('--requirepass', PASSWORD) as closed:
        with redis.Redis(port=open_redis.port) as admin:
            admin.execute_command('ACL', 'SETUSER', 'app', 'on', f'>{PASSWORD}', '~*', '&*', '+@all')
        yield {
            'postgres': postgres_server.port, 'mysql': mariadb_server.port, 'memcache': memcached_server.port,
            'smtp': smtp_server.port, 'http': nginx_server.port, 'redis': open_redis.port, 'closed redis': closed.port,
            'sockets': {'mysqld.sock': f'{mariadb_server.folder}/socket', 'redis.sock': str(sockets / 'redis.sock'),
                        **{f'.s.PGSQL.{number}': str(sockets / f'.s.PGSQL.{number}') for number in (5432, 5433)}},
        }


def real(row, places):
    """Return a text of the table with the addresses of real servers."""
    found = addresses.read(row['text'], 'X', 'X', row['told'])
    cache = 'closed redis' if '//:' in row['text'] else 'redis'
    return found.at([Address(places['sockets'][Path(end.address.host).name], None) if end.address.unix
                     else Address('127.0.0.1', places[cache if end.protocol == 'redis' else end.protocol]) for end in found.ends])


def check(rows, places, command, **variables):
    """Open all of them in one run, and see that each was opened, and through its own proxy."""
    names = [f'R{number}' for number in range(len(rows))]
    through = [word for name, row in zip(names, rows, strict=True)
               for word in ('--through', f'{name}:{row["told"] or row["protocol"]}')]
    texts = {name: real(row, places) for name, row in zip(names, rows, strict=True)}
    done = run(*through, '--', *command, *(f'{name}={row["for"]}' for name, row in zip(names, rows, strict=True)), **texts,
               PGUSER='app', PGPASSWORD=PASSWORD, **variables)
    said = dict(line.split(' ', 1) for line in done.stdout.splitlines())
    wrong = [f'{row["text"]}: {said.get(name)}' for name, row in zip(names, rows, strict=True) if said.get(name) != 'ok']
    assert wrong == [], done.stderr
    met = {name for name, count in REPORTED.findall(done.stderr) if int(count)}
    assert [row['text'] for name, row in zip(names, rows, strict=True)
            if not {f'{name.lower()}{suffix}' for suffix in ('', '_2', '_3')} & met] == []


def test_libraries_of_python_open_what_they_are_told(places):
    check(opened(PYTHON), places, [sys.executable, str(ROOT / 'tests' / 'support' / 'open_addresses.py')])


def test_packages_of_node_open_what_they_are_told(places):
    try:
        npm, node = program('npm'), program('node')
    except MissingServer as missing:
        if os.environ.get('VAURIEN_REQUIRE_SERVERS'):
            raise
        pytest.skip(str(missing))
    with temporary_folder() as where:
        run_program([npm, 'install', '--no-audit', '--no-fund', '--prefix', str(where), *PACKAGES], where)
        check(opened(NODE), places, [node, str(ROOT / 'tests' / 'support' / 'open_addresses.js')],
              NODE_PATH=str(where / 'node_modules'))


def test_most_of_the_table_is_opened():
    assert len(opened(PYTHON)) + len(opened(NODE)) >= 50
