"""How psycopg and psql meet the failures of PostgreSQL, in front of PostgreSQL 15."""
import contextlib
import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import psycopg

from tests.support.hosting import eventually
from tests.support.processes import HOST, program
from tests.support.servers import DATABASE, PASSWORD, USER, postgres_server
from tests.support.unit_of_time import PATIENCE

from .rows import ANEW, REOPENED, Client, Row, outcome

SERVER = 'postgres_server'
Connection = Any    #: psycopg's, whose rows have any type
#: what the server said, in what libpq says of a connection that was never made, and psql of a statement
SAID = re.compile(r'(?:FATAL|ERROR): +(.*)')


@contextlib.contextmanager
def connected(port: int, **settings: Any) -> Iterator[Connection]:
    """Be connected by psycopg for the length of a block; what is under way at its end is rolled back."""
    who = {'user': USER, 'password': PASSWORD, 'dbname': DATABASE, 'connect_timeout': int(PATIENCE) or 1}
    with contextlib.closing(psycopg.connect(host=HOST, port=port, **{**who, **settings})) as connection:
        yield connection


def works(connection: Connection) -> None:
    """Ask in a transaction, with parameters and without."""
    connection.rollback()
    with connection.transaction(force_rollback=True):
        connection.execute('CREATE TEMPORARY TABLE works (v int)')
        connection.execute('INSERT INTO works VALUES (%s)', (7,))
        assert connection.execute('SELECT v FROM works').fetchall() == [(7,)]
    assert connection.execute("SELECT to_regclass('works')").fetchall() == [(None,)]
    connection.rollback()


def state(error: Any) -> object:
    """Return the SQLSTATE, or what the server said where the library keeps none."""
    said = SAID.search(str(error))
    return getattr(error, 'sqlstate', None) or (said[1] if said else '')


PSYCOPG = Client('psycopg', connected, works, state)
@contextlib.contextmanager
def not_yet(port: int) -> Iterator[int]:
    """Be connected to nothing, as it is the connecting that is tried."""
    yield port


def works_in_the_clear(port: int) -> None:
    """Ask on a connection without TLS."""
    with connected(port, sslmode='disable') as connection:
        works(connection)


REQUIRING = Client('psycopg, sslmode=require', not_yet, works_in_the_clear, state)
PREFERRING = Client('psycopg, sslmode=prefer', not_yet, works_in_the_clear, state)
AUTOCOMMIT = Client('psycopg, autocommit', partial(connected, autocommit=True), works, state)


@contextlib.contextmanager
def with_psql(port: int) -> Iterator[Callable[[str], str]]:
    """Run a process of psql for each text of SQL; an error is the SQLSTATE that it prints."""
    command = [program('psql'), '-XAt', '-v', 'VERBOSITY=sqlstate', '-h', HOST, '-p', str(port), '-U', USER, '-d', DATABASE]

    def run(text: str) -> str:
        done = subprocess.run([*command, '-c', text], env={**os.environ, 'PGPASSWORD': PASSWORD}, capture_output=True, text=True,
                              check=False, timeout=PATIENCE)
        return f'exit status {done.returncode}, {SAID.findall(done.stderr)[-1]}' if done.returncode else done.stdout
    yield run


def psql_works(run: Callable[[str], str]) -> None:
    """Ask for a sum."""
    assert run('SELECT 3 + 4') == '7\n'


PSQL = Client('psql', with_psql, psql_works)


# -- what the client does

def ask(text: str, connection: Connection) -> object:
    """Run one statement in the simple protocol."""
    return connection.execute(text)


def connect_and_ask(mode: str, port: int) -> object:
    """Connect with one ``sslmode``, and ask whether the connection is inside TLS."""
    with connected(port, sslmode=mode) as connection:
        return 'inside TLS' if connection.pgconn.ssl_in_use else 'in the clear'


def without_tls(mode: str, server: Any) -> object:
    """Connect to a server that has no TLS."""
    return connect_and_ask(mode, server.port)


def execute(connection: Connection) -> object:
    """Run one statement in the extended protocol."""
    return connection.execute('SELECT %s::int', (1,))


def commit(connection: Connection) -> None:
    """Commit a transaction that has read something."""
    connection.execute('SELECT 1')
    connection.commit()


# -- how PostgreSQL is made to fail

def connections_taken(_: Any) -> None:
    """Open more connections than there may be."""
    few = ('-c', 'max_connections=4', '-c', 'max_wal_senders=0')
    with postgres_server(*few) as server, contextlib.ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(connected(server.port))


def until_refused(port: int) -> None:
    """Connect until it fails."""
    def tried() -> None:
        with connected(port):
            pass
    eventually(lambda: outcome(PSYCOPG, tried) != 'None', 'a refusal')
    tried()


def stopping(_: Any) -> None:
    """Connect while the server waits for its last client to leave."""
    with postgres_server() as server, connected(server.port):
        server.process.terminate()
        until_refused(server.port)


def recovering(_: Any) -> None:
    """Connect after a crash, while the server waits for one of its processes to end, which is held."""
    with postgres_server() as server, connected(server.port) as held, connected(server.port) as other:
        pids = [connection.info.backend_pid for connection in (held, other)]
        os.kill(pids[0], signal.SIGSTOP)
        os.kill(pids[1], signal.SIGKILL)
        try:
            until_refused(server.port)
        finally:
            os.kill(pids[0], signal.SIGCONT)


def crashed(_: Any) -> object:
    """Ask after another process of the server was killed."""
    with postgres_server() as server, connected(server.port) as connection, connected(server.port) as other:
        os.kill(other.info.backend_pid, signal.SIGKILL)
        eventually(lambda: outcome(PSYCOPG, lambda: connection.execute('SELECT 1') and None) != 'None', 'the end')
        return connection.execute('SELECT 1')


def misspelt(server: Any) -> None:
    """Connect with a wrong password."""
    with connected(server.port, password='wrong'):
        pass


def renamed(server: Any) -> None:
    """Connect to a database that was renamed."""
    with connected(server.port, dbname='postgres', autocommit=True) as admin:
        admin.execute(f'ALTER DATABASE {DATABASE} RENAME TO another')
        try:
            with connected(server.port):
                pass
        finally:
            admin.execute(f'ALTER DATABASE another RENAME TO {DATABASE}')


def terminated(server: Any) -> object:
    """Ask on a connection that an administrator has ended."""
    with connected(server.port) as admin, connected(server.port) as connection:
        admin.execute('SELECT pg_terminate_backend(%s, %s)', (connection.info.backend_pid, int(PATIENCE * 1000)))
        return connection.execute('SELECT 1')


def asked(first: str, then: str, server: Any) -> object:
    """Ask what the server fails at after the first."""
    with connected(server.port) as connection:
        connection.execute(first)
        return connection.execute(then)


@contextlib.contextmanager
def two(server: Any, isolation: str = 'READ COMMITTED') -> Iterator[tuple[Connection, Connection]]:
    """Give two connections for the length of a block, in transactions that have looked at the table ``t``."""
    with connected(server.port) as first, connected(server.port) as second:
        first.execute('CREATE TABLE t AS SELECT id, 0 AS v FROM generate_series(1, 2) AS id')
        first.commit()
        try:
            for connection in (first, second):
                connection.execute(f'SET TRANSACTION ISOLATION LEVEL {isolation}')
                connection.execute('SELECT sum(v) FROM t')
            yield first, second
        finally:
            first.rollback()
            second.rollback()
            first.execute('DROP TABLE t')
            first.commit()


def updated_by_another(server: Any) -> object:
    """Update a row that another transaction has updated meanwhile."""
    with two(server, 'REPEATABLE READ') as (other, connection):
        other.execute('UPDATE t SET v = 1')
        other.commit()
        return connection.execute('UPDATE t SET v = 2')


def skewed(server: Any) -> object:
    """Commit what could not have come one after the other."""
    with two(server, 'SERIALIZABLE') as (other, connection):
        other.execute('UPDATE t SET v = 1 WHERE id = 1')
        connection.execute('UPDATE t SET v = 1 WHERE id = 2')
        other.commit()
        return connection.commit()


def deadlocked(server: Any) -> object:
    """Wait for another client that waits for this one, and is more patient."""
    with two(server) as (other, connection):
        other.execute("SET deadlock_timeout = '1min'")
        connection.execute("SET deadlock_timeout = '1ms'")
        other.execute('UPDATE t SET v = 1 WHERE id = 1')
        connection.execute('UPDATE t SET v = 1 WHERE id = 2')
        waiting = threading.Thread(target=other.execute, args=('UPDATE t SET v = 1 WHERE id = 2',))
        waiting.start()
        with connected(server.port, autocommit=True) as admin:
            eventually(lambda: admin.execute('SELECT 1 FROM pg_locks WHERE NOT granted').fetchall(), 'a lock that is waited for')
        try:
            return connection.execute('UPDATE t SET v = 1 WHERE id = 1')
        finally:
            connection.rollback()
            waiting.join(PATIENCE)


def locked(server: Any) -> object:
    """Wait for a lock in vain."""
    with two(server) as (other, connection):
        other.execute('UPDATE t SET v = 1')
        connection.execute("SET lock_timeout = '1ms'")
        return connection.execute('UPDATE t SET v = 2')


Provoke = Callable[[Any], object]
#: kind -> how PostgreSQL fails like this, in words and in deed
POSTGRES: dict[str, tuple[str, Provoke]] = {
    'too-many-connections': ('max_connections', connections_taken),
    'shutting-down': ('SIGTERM while a client is connected', stopping),
    'in-recovery': ('SIGKILL to one process, while another one takes its time', recovering),
    'wrong-password': ('the password is wrong', misspelt),
    'no-such-database': ('ALTER DATABASE RENAME', renamed),
    'admin-shutdown': ('pg_terminate_backend', terminated),
    'crash-shutdown': ('SIGKILL to another process', crashed),
    'serialization-failure': ('REPEATABLE READ, and the row was updated meanwhile', updated_by_another),
    'deadlock': ('another transaction waits for us', deadlocked),
    'read-only': ('SET TRANSACTION READ ONLY', partial(asked, 'SET TRANSACTION READ ONLY', 'CREATE TABLE t ()')),
    'lock-not-available': ('lock_timeout', locked),
    'query-canceled': ('statement_timeout', partial(asked, "SET statement_timeout = '1ms'", 'SELECT pg_sleep(10)')),
}


# -- the rows

ERRORS = 'psycopg.errors'
SELECT, UPDATE = 'SELECT 1', 'UPDATE t SET v = 1'


def opening(kind: str, said: str) -> Row:
    """Make a row of a connection that is refused."""
    how, real = POSTGRES.get(kind, ('', None))
    return Row(kind, PSYCOPG, 'connects', partial(ask, SELECT), f'psycopg.OperationalError {said}', ANEW, how=how, real=real)


def row(kind: str, what: str, met: str, **fields: Any) -> Row:
    """Make a row of one statement, in the simple protocol, within a transaction."""
    how, real = POSTGRES.get(kind, ('', None))
    return Row(kind, PSYCOPG, f'runs {what} in a transaction', partial(ask, what), met, match=f'^{what}', how=how, real=real,
               **fields)


ROWS = [
    opening('too-many-connections', 'sorry, too many clients already'),
    Row('starttls-refused', REQUIRING, 'connects', partial(connect_and_ask, 'require'), 'psycopg.OperationalError', REOPENED,
        how='ssl is off', real=partial(without_tls, 'require')),
    Row('starttls-refused', PREFERRING, 'connects', partial(connect_and_ask, 'prefer'), 'in the clear', REOPENED,
        how='ssl is off', real=partial(without_tls, 'prefer')),
    Row('starttls-dropped', PREFERRING, 'connects', partial(connect_and_ask, 'prefer'), 'psycopg.OperationalError', REOPENED),
    opening('starting-up', 'the database system is starting up'),
    opening('shutting-down', 'the database system is shutting down'),
    opening('in-recovery', 'the database system is in recovery mode'),
    opening('wrong-password', f'password authentication failed for user "{USER}"'),
    opening('no-such-database', f'database "{DATABASE}" does not exist'),
    row('admin-shutdown', SELECT, f'{ERRORS}.AdminShutdown 57P01', afterwards=ANEW),
    row('crash-shutdown', SELECT, 'psycopg.OperationalError', afterwards=ANEW),
    row('serialization-failure', UPDATE, f'{ERRORS}.SerializationFailure 40001'),
    Row('serialization-failure', PSYCOPG, 'commits', commit, f'{ERRORS}.SerializationFailure 40001', match='^COMMIT',
        how='SERIALIZABLE, and both write what the other one has read', real=skewed),
    row('deadlock', UPDATE, f'{ERRORS}.DeadlockDetected 40P01'),
    row('read-only', UPDATE, f'{ERRORS}.ReadOnlySqlTransaction 25006'),
    row('recovery-conflict', SELECT, f'{ERRORS}.SerializationFailure 40001'),
    row('lock-not-available', UPDATE, f'{ERRORS}.LockNotAvailable 55P03'),
    row('query-canceled', SELECT, f'{ERRORS}.QueryCanceled 57014'),
    row('disk-full', UPDATE, f'{ERRORS}.DiskFull 53100'),
    row('out-of-memory', SELECT, f'{ERRORS}.OutOfMemory 53200'),
    Row('lost-reply', PSYCOPG, 'commits', commit, 'psycopg.OperationalError', ANEW, match='^COMMIT'),
    Row('lost-reply', AUTOCOMMIT, 'runs SELECT with a parameter', execute, 'psycopg.OperationalError', ANEW),
    row('half-reply', SELECT, 'psycopg.OperationalError', afterwards=ANEW),
    Row('deadlock', AUTOCOMMIT, 'runs SELECT 1', partial(ask, SELECT), f'{ERRORS}.DeadlockDetected 40P01'),
    Row('serialization-failure', AUTOCOMMIT, 'runs SELECT with a parameter', execute, f'{ERRORS}.SerializationFailure 40001'),
    Row('serialization-failure', PSYCOPG, 'runs SELECT with a parameter in a transaction', execute,
        f'{ERRORS}.SerializationFailure 40001', match='^SELECT'),
    Row('admin-shutdown', AUTOCOMMIT, 'runs SELECT with a parameter', execute, f'{ERRORS}.AdminShutdown 57P01', ANEW),
    Row('too-many-connections', PSQL, 'connects', lambda run: run(SELECT), 'exit status 2, sorry, too many clients already',
        REOPENED),
    Row('deadlock', PSQL, 'runs SELECT 1', lambda run: run(SELECT), 'exit status 1, 40P01', REOPENED),
]
