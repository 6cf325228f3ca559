"""Opens the addresses of environment variables, each with the library that it is for, and says of each how that went.

Run as ``python open_addresses.py NAME=LIBRARY ...``; knows nothing of vaurien.
"""
import importlib
import os
import smtplib
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit


def with_psycopg(text: str) -> None:
    import psycopg
    with psycopg.connect(text) as connection:
        connection.execute('SELECT 1')


def with_sqlalchemy(text: str) -> None:
    sqlalchemy: Any = importlib.import_module('sqlalchemy')
    engine = sqlalchemy.create_engine(text)
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text('SELECT 1'))
    engine.dispose()


def with_django(text: str) -> None:
    """Connect as Django does, with what dj-database-url makes of a URL."""
    dj_database_url: Any = importlib.import_module('dj_database_url')
    found = dj_database_url.parse(text)
    if 'mysql' in found['ENGINE']:
        pymysql: Any = importlib.import_module('pymysql')
        pymysql.connect(host=found['HOST'], port=int(found['PORT']), user=found['USER'], password=found['PASSWORD'],
                        database=found['NAME']).close()
        return
    import psycopg
    psycopg.connect(host=found['HOST'], port=found['PORT'] or None, user=found['USER'], password=found['PASSWORD'] or None,
                    dbname=found['NAME']).close()


def with_redis(text: str) -> None:
    import redis
    with redis.Redis.from_url(text) as client:
        assert client.ping()


def with_pymemcache(text: str) -> None:
    pymemcache: Any = importlib.import_module('pymemcache')
    client = pymemcache.HashClient(text.split(','), ignore_exc=False)
    client.set('key', 'value', noreply=False)
    client.close()


def with_celery(text: str) -> None:
    """Open a broker as Celery does, by kombu, and a backend of results by SQLAlchemy."""
    if text.startswith('db+'):
        with_sqlalchemy(text.removeprefix('db+').replace('postgresql:', 'postgresql+psycopg:'))
        return
    kombu: Any = importlib.import_module('kombu')
    with kombu.Connection(text) as connection:
        connection.ensure_connection(max_retries=1)
        connection.default_channel.queue_declare('queue')


def with_smtplib(text: str) -> None:
    url = urlsplit(text)
    with smtplib.SMTP(url.hostname or '', url.port or 0) as client:
        client.noop()


def with_requests(text: str) -> None:
    import requests
    requests.get(text, timeout=10)


OPENERS: dict[str, Callable[[str], None]] = {
    'psycopg': with_psycopg, 'SQLAlchemy': with_sqlalchemy, 'dj-database-url': with_django, 'redis-py': with_redis,
    'pymemcache': with_pymemcache, 'Celery': with_celery, 'smtplib': with_smtplib, 'requests': with_requests,
}


def main(arguments: list[str]) -> None:
    for argument in arguments:
        name, _, library = argument.partition('=')
        try:
            OPENERS[library](os.environ[name])
            said = 'ok'
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what the test is about
            said = f'{type(error).__name__}: {error}'
        print(f'{name} {said}'.splitlines()[0], flush=True)


if __name__ == '__main__':
    main(sys.argv[1:])
