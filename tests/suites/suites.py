"""Which applications, how their tests are run, and what ``vaurien run`` is told. Starts nothing."""
from collections.abc import Mapping, Sequence
from typing import NamedTuple

REDIS, POSTGRES = 'redis', 'postgres'
WRITTEN = '127.0.0.1:6379'      #: the address that is written into some of them


class Suite(NamedTuple):
    """An application with its own tests.

    Args:
        name: What it is called on PyPI.
        version: Which one.
        needs: What has to be installed beside it.
        servers: What it talks to.
        tests: What pytest is told to run, and how; ``{tests}`` stands for the folder of its tests.
        direct: Its environment without vaurien, with ``{redis}``, ``{postgres}`` for the addresses of its servers.
        run: What ``vaurien run`` is told, with the same.
        written: Whether it looks for Redis at ``WRITTEN``, and at no other place.
        source: Whether its tests are in its source distribution alone; else they are installed with it.
        folder: What the folder of its tests is called there.
    """

    name: str
    version: str
    needs: Sequence[str]
    servers: Sequence[str]
    tests: Sequence[str]
    direct: Mapping[str, str]
    run: Sequence[str]
    written: bool = True
    source: bool = False
    folder: str = 'tests'


REDIS_PY = 'redis==8.1.0'
POSTGRES_URL = 'postgresql://vaurien:secret@{postgres}/vaurien'
IN_PLACE = '--in-place', f'{WRITTEN}={{redis}}'
SUITES = {suite.name: suite for suite in (
    # a task queue on Redis, at an address that is written into it, and on PostgreSQL; what is on SQLite has no server
    Suite('huey', '3.5.4', (REDIS_PY, 'psycopg[binary]==3.3.9'), (REDIS, POSTGRES),
          ('{tests}', '-k', 'not Sqlite and not SqlHuey'), {'HUEY_PG_DSN': POSTGRES_URL},
          (*IN_PLACE, '--through', 'HUEY_PG_DSN')),
    # Django's cache on Redis, with settings of twelve kinds; there is no sentinel and no socket here
    Suite('django-redis', '7.0.0', (REDIS_PY, 'Django==5.2.19', 'pytest-mock', 'pytest-xdist', 'msgpack', 'lz4', 'pyzstd'),
          (REDIS,), ('{tests}', '-o', 'addopts=', '-n', '2', '-k', 'not sentinel and not usock'), {}, IN_PLACE, source=True),
    # an application of Django's that keeps queries in Redis
    Suite('django-cacheops', '7.2', (REDIS_PY, 'Django==5.2.19', 'pytest-django==4.14.0', 'before_after', 'jinja2', 'dill'),
          (REDIS,), ('{tests}', '--ds=tests.settings'), {}, IN_PLACE, source=True),
    # data structures on Redis, by two variables; its tests do nothing but wait for one reply after the other
    Suite('walrus', '0.9.8', (REDIS_PY,), (REDIS,), ('{tests}', '-o', 'python_files=*.py'),
          {'WALRUS_REDIS_HOST': '{redis_host}', 'WALRUS_REDIS_PORT': '{redis_port}'},
          ('--through', 'redis={redis}', '--env', 'WALRUS_REDIS_HOST={{redis.host}}',
           '--env', 'WALRUS_REDIS_PORT={{redis.port}}'), written=False),
)}
