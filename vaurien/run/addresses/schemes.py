"""What a URL's scheme says of the server behind it. A table; reads no URL."""
from typing import NamedTuple


class Scheme(NamedTuple):
    """A scheme.

    Args:
        protocol: What is spoken.
        port: Where it is spoken if nothing is said; 0: that has to be said.
        host: Where the server is if nothing is said; empty: that has to be said.
        tls: Whether it is inside TLS from the first byte.
        starttls: Whether it is inside TLS from a point on that the protocol has.
        folder: Whether a path in place of a host is the folder of a socket, and not the socket.
    """

    protocol: str = 'tcp'
    port: int = 0
    host: str = ''
    tls: bool = False
    starttls: bool = False
    folder: bool = False


POSTGRES = Scheme('postgres', 5432, folder=True)
MYSQL = Scheme('mysql', 3306, 'localhost')
REDIS = Scheme('redis', 6379, 'localhost')
REDIS_TLS = Scheme('redis', 6379, 'localhost', tls=True)
MEMCACHE = Scheme('memcache', 11211, 'localhost')
SMTP = Scheme('smtp', 25, 'localhost')
SUBMISSION = Scheme('smtp', 587)
SUBMISSION_TLS = Scheme('smtp', 587, starttls=True)
SMTP_TLS = Scheme('smtp', 465, tls=True)
AMQP = Scheme('tcp', 5672, 'localhost')
HTTP = Scheme('http', 80)

#: by the scheme, without what stands behind a ``+`` unless the whole of it is here
SCHEMES: dict[str, Scheme] = {
    **dict.fromkeys(('postgres', 'postgresql', 'pgsql', 'pg', 'postgis', 'timescale', 'timescalegis', 'cockroach', 'asyncpg',
                     'psycopg', 'psycopg2', 'socket'), POSTGRES),
    'cockroachdb': Scheme('postgres', 26257, folder=True), 'redshift': Scheme('postgres', 5439),
    **dict.fromkeys(('mysql', 'mysql2', 'mariadb', 'mysqlgis', 'mysql-connector', 'pymysql', 'aiomysql'), MYSQL),
    'mysqlx': Scheme('tcp', 33060),
    **dict.fromkeys(('redis', 'valkey', 'unix', 'redis+socket', 'redis+unix', 'valkey+unix'), REDIS),
    **dict.fromkeys(('rediss', 'valkeys', 'redis+ssl', 'redis+tls'), REDIS_TLS),
    **dict.fromkeys(('memcached', 'memcache', 'pymemcache', 'pymemcached', 'pylibmc', 'libmc', 'pylibmccache', 'cache+memcached'),
                    MEMCACHE),
    'smtp': SMTP, 'submission': SUBMISSION, 'smtp+tls': SUBMISSION_TLS, 'smtp+starttls': SUBMISSION_TLS,
    **dict.fromkeys(('smtps', 'smtp+ssl', 'submissions'), SMTP_TLS),
    'http': HTTP, 'ws': HTTP, 'https': Scheme('http', 443, tls=True), 'wss': Scheme('http', 443, tls=True),
    **dict.fromkeys(('amqp', 'pyamqp', 'librabbitmq'), AMQP), 'amqps': Scheme('tcp', 5671, 'localhost', tls=True),
    **dict.fromkeys(('mssql', 'sqlserver'), Scheme('tcp', 1433)), 'oracle': Scheme('tcp', 1521),
    **dict.fromkeys(('mongodb', 'mongo'), Scheme('tcp', 27017, 'localhost')),
    'mqtt': Scheme('tcp', 1883), 'mqtts': Scheme('tcp', 8883, tls=True), 'nats': Scheme('tcp', 4222),
    'ldap': Scheme('tcp', 389), 'ldaps': Scheme('tcp', 636, tls=True), 'clickhouse': Scheme('tcp', 9000), 'tcp': Scheme(),
}
#: what nothing can stand before, and why
REFUSED: dict[str, str] = {
    **dict.fromkeys(('sqlite', 'sqlite3', 'sqlitecloud', 'spatialite', 'duckdb'), 'the address of a server; this is a file'),
    **dict.fromkeys(('memory', 'locmem', 'dummy', 'filesystem', 'file', 'rpc', 'cache', 'django-db', 'django-cache', 'disabled'),
                    'the address of a server; this is something inside the program, or a file'),
    **dict.fromkeys(('sentinel', 'redis+sentinel', 'redis-sentinel', 'rediss+sentinel', 'valkey+sentinel'),
                    'the address of the server itself; a sentinel would tell it to the command, around the proxy'),
    **dict.fromkeys(('redis+cluster', 'rediss+cluster', 'redis-cluster'),
                    'the address of a single server; a cluster tells those of its nodes to the command, around the proxies'),
    **dict.fromkeys(('mongodb+srv', 'redis+srv', 'rediss+srv', 'amqp+srv'), 'HOST:PORT in it; here the hosts are in the DNS'),
    **dict.fromkeys(('sqs', 'azurestoragequeues', 'gcpubsub', 's3', 'gs', 'dynamodb'),
                    'an address in it; the client knows that of this service by itself, and speaks https'),
    **dict.fromkeys(('kafka', 'confluentkafka', 'zookeeper'),
                    'the address of a server that is one; these tell those of others to the command, around the proxy'),
}
#: schemes that carry the address of something else
WRAPPERS = ('jdbc:', 'r2dbc:', 'db+')
#: protocols by the port that they are known at, for addresses without a scheme
BY_PORT = {5432: 'postgres', 3306: 'mysql', 6379: 'redis', 11211: 'memcache', 25: 'smtp', 587: 'smtp', 80: 'http'}
#: where no scheme says what a protocol's addresses are like
BY_PROTOCOL = {'postgres': POSTGRES, 'mysql': MYSQL, 'redis': REDIS, 'memcache': MEMCACHE, 'smtp': SMTP, 'http': HTTP}


def find(name: str) -> Scheme | None:
    """Return what a scheme says, with or without the driver that stands behind a ``+``; None: it is not known."""
    return SCHEMES.get(name) or SCHEMES.get(name.partition('+')[0])


def refusal(name: str) -> str | None:
    """Return what would have been expected in place of a scheme; None: it is not refused."""
    return REFUSED.get(name) or (REFUSED.get(name.partition('+')[0]) if name not in SCHEMES else None)
