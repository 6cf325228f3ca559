"""How PyMySQL and MariaDB's library for C meet the failures of MySQL, in front of MariaDB."""
import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pymysql

from tests.support import libmariadb
from tests.support.processes import HOST
from tests.support.servers import DATABASE, PASSWORD, USER, mariadb_server
from tests.support.tls import client_context
from tests.support.unit_of_time import PATIENCE

from .rows import ANEW, REOPENED, Client, Row

SERVER = 'mariadb_tls_server'
Asking = Callable[[str], Any]   #: runs a statement on a connection that has logged in; returns the rows


@contextlib.contextmanager
def connected(port: int, user: str = USER, **settings: Any) -> Iterator[Any]:
    """Be connected by PyMySQL for the length of a block."""
    connection = pymysql.connect(host=HOST, port=port, user=user, database=DATABASE, connect_timeout=int(PATIENCE) or 1,
                                 read_timeout=PATIENCE, write_timeout=PATIENCE,
                                 **{'password': PASSWORD, 'ssl_disabled': True, **settings})
    try:
        yield connection
    finally:
        connection.close()


def run(connection: Any, text: str) -> Any:
    """Run a statement with PyMySQL; return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(text)
        return cursor.fetchall()


def pymysql_works(connection: Any) -> None:
    """Ask in a transaction."""
    run(connection, 'CREATE TEMPORARY TABLE IF NOT EXISTS works (v INT)')
    run(connection, 'INSERT INTO works VALUES (7)')
    assert run(connection, 'SELECT v FROM works') == ((7,),)
    connection.rollback()
    assert run(connection, 'SELECT v FROM works') == ()


def libmariadb_works(connection: libmariadb.Connection) -> None:
    """Ask in text and by a prepared statement."""
    assert connection.query('SELECT 7') == [[(b'7',)]]
    with contextlib.closing(connection.prepare('SELECT ?')) as statement:
        assert [statement.execute(b'a'), statement.execute(b'b')] == [[(b'a',)], [(b'b',)]]


def code(error: Any) -> object:
    """Return the error's number."""
    return error.args[0] if error.args else ''


@contextlib.contextmanager
def not_yet(port: int) -> Iterator[int]:
    """Be connected to nothing, as it is the connecting that is tried."""
    yield port


def works_in_the_clear(port: int) -> None:
    """Ask on a connection without TLS."""
    with connected(port) as connection:
        pymysql_works(connection)


REQUIRING = Client('PyMySQL, ssl', not_yet, works_in_the_clear, code)
PYMYSQL = Client('PyMySQL', connected, pymysql_works, code)
LIBMARIADB = Client('libmariadb', libmariadb.connected, libmariadb_works, code)


# -- what the client does

def ask(text: str, connection: Any) -> object:
    """Run one statement."""
    return run(connection, text)


def connect_inside(port: int) -> object:
    """Connect inside TLS, and ask."""
    with connected(port, ssl_disabled=False, ssl=client_context()) as connection:
        return run(connection, 'SELECT 1')


def prepare(text: str, connection: libmariadb.Connection) -> object:
    """Prepare a statement."""
    return connection.prepare(text)


def execute(text: str, connection: libmariadb.Connection) -> object:
    """Prepare a statement without parameters, and execute it."""
    with contextlib.closing(connection.prepare(text)) as statement:
        return statement.execute()


def change_user(connection: libmariadb.Connection) -> None:
    """Log in again."""
    connection.change_user()


def ping(connection: Any) -> None:
    """Ask whether the server is there."""
    connection.ping(reconnect=False)


# -- how MariaDB is made to fail

@contextlib.contextmanager
def setting(admin: Any, name: str, value: int) -> Iterator[None]:
    """Set a global variable for the length of a block."""
    before = run(admin, f'SELECT @@GLOBAL.{name}')[0][0]
    run(admin, f'SET GLOBAL {name} = {value}')
    try:
        yield
    finally:
        run(admin, f'SET GLOBAL {name} = {before}')


@contextlib.contextmanager
def ordinary_user(admin: Any, may: str = 'SELECT', limits: str = '') -> Iterator[str]:
    """Let there be a user with few rights for the length of a block."""
    run(admin, f"CREATE USER somebody IDENTIFIED BY '{PASSWORD}' {limits}")
    try:
        run(admin, f'GRANT {may} ON {DATABASE}.* TO somebody')
        yield 'somebody'
    finally:
        run(admin, 'DROP USER somebody')


@contextlib.contextmanager
def table(admin: Any, rows: int = 0, engine: str = 'InnoDB') -> Iterator[None]:
    """Let there be a table ``t`` for the length of a block."""
    run(admin, f'CREATE TABLE t (id INT PRIMARY KEY, v CHAR(100)) ENGINE = {engine}')
    try:
        for number in range(rows):
            run(admin, f'INSERT INTO t VALUES ({number}, "")')
        admin.commit()
        yield
    finally:
        run(admin, 'DROP TABLE t')


def connections_taken(server: Any) -> None:
    """Open more connections than there may be."""
    with connected(server.port) as admin, setting(admin, 'max_connections', 10), contextlib.ExitStack() as stack:
        for _ in range(12):
            stack.enter_context(connected(server.port))


def host_unknown(server: Any) -> None:
    """Come from where no user may come from."""
    with connected(server.port) as admin:
        run(admin, f"RENAME USER '{USER}'@'%' TO '{USER}'@'{HOST}'")
        run(admin, 'FLUSH PRIVILEGES')
        try:
            with connected(server.port, bind_address='127.0.0.2'):
                pass
        finally:
            run(admin, f"RENAME USER '{USER}'@'{HOST}' TO '{USER}'@'%'")


def user_connections_taken(_: Any) -> None:
    """Open more connections than a user may have."""
    with mariadb_server('--max-user-connections=2') as server, connected(server.port) as admin, ordinary_user(admin) as user, \
            contextlib.ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(connected(server.port, user))


def misspelt(server: Any) -> None:
    """Log in with a wrong password."""
    with connected(server.port, password='wrong'):
        pass


def misspelt_later(server: Any) -> None:
    """Log in, and again with a wrong password."""
    with libmariadb.connected(server.port) as connection:
        connection.change_user('wrong')


def row_locked(server: Any) -> object:
    """Update a row that another transaction has locked."""
    with connected(server.port) as admin, table(admin, 1), connected(server.port) as connection:
        run(connection, 'SET innodb_lock_wait_timeout = 0')
        run(admin, 'SELECT * FROM t FOR UPDATE')
        try:
            return run(connection, 'UPDATE t SET v = 1')
        finally:
            admin.rollback()


def deadlocked(server: Any) -> object:
    """Wait for another client that waits for this one, and has changed more rows."""
    with connected(server.port) as admin, table(admin, 4), connected(server.port) as connection:
        for number in range(3):
            run(admin, f'UPDATE t SET v = 1 WHERE id = {number}')
        run(connection, 'UPDATE t SET v = 2 WHERE id = 3')
        other = threading.Thread(target=run, args=(admin, 'UPDATE t SET v = 1 WHERE id = 3'))
        other.start()
        try:
            return run(connection, 'UPDATE t SET v = 2 WHERE id = 0')
        finally:
            connection.rollback()
            other.join(PATIENCE)
            admin.rollback()


def server_read_only(server: Any) -> object:
    """Write as a user to whom read_only applies."""
    with connected(server.port) as admin, table(admin), ordinary_user(admin, 'ALL') as user, setting(admin, 'read_only', 1), \
            connected(server.port, user) as connection:
        return run(connection, 'UPDATE t SET v = 1')


def asked(text: str, server: Any) -> object:
    """Ask what the server fails at."""
    with connected(server.port) as connection:
        return run(connection, text)


def table_filled(server: Any) -> object:
    """Write into a table in memory, of a size that can hold little."""
    with connected(server.port) as connection:
        run(connection, 'SET max_heap_table_size = 16384')
        with table(connection, engine='MEMORY'):
            return run(connection, f'INSERT INTO t VALUES {", ".join(f"({number}, 1)" for number in range(1000))}')


def right_missing(server: Any) -> object:
    """Read as a user without that privilege."""
    with connected(server.port) as admin, table(admin), ordinary_user(admin, 'UPDATE') as user, \
            connected(server.port, user) as connection:
        return run(connection, 'SELECT * FROM t')


def all_asked(server: Any) -> object:
    """Ask as a user who may send few queries in an hour."""
    with connected(server.port) as admin, ordinary_user(admin, limits='WITH MAX_QUERIES_PER_HOUR 2') as user, \
            connected(server.port, user) as connection:
        return [run(connection, 'SELECT 1') for _ in range(3)]


def nothing_prepared(server: Any) -> object:
    """Execute what was never prepared."""
    with libmariadb.connected(server.port) as connection:
        return connection.query('EXECUTE nothing')


def statements_taken(server: Any) -> object:
    """Prepare a statement where none may be."""
    with connected(server.port) as admin, setting(admin, 'max_prepared_stmt_count', 0), \
            libmariadb.connected(server.port) as connection:
        return connection.prepare('SELECT 1')


def too_much_sent(server: Any) -> object:
    """Send more than max_allowed_packet."""
    with connected(server.port) as admin, setting(admin, 'max_allowed_packet', 1024), connected(server.port) as connection:
        return run(connection, f'SELECT "{50_000 * "x"}"')


def killed(server: Any) -> object:
    """Ask on a connection that was killed while nothing was asked."""
    with connected(server.port) as admin, connected(server.port) as connection:
        run(admin, f'KILL {connection.thread_id()}')
        return run(connection, 'SELECT 1')


SLOW = 'SET STATEMENT max_statement_time = 0.01 FOR SELECT SLEEP(10)'
Provoke = Callable[[Any], object]
#: kind -> how MariaDB fails like this, in words and in deed
MARIADB: dict[str, tuple[str, Provoke]] = {
    'too-many-connections': ('max_connections', connections_taken),
    'host-denied': ('no user may come from this host', host_unknown),
    'access-denied': ('the password is wrong', misspelt),
    'user-limit': ('max_user_connections', user_connections_taken),
    'lock-wait-timeout': ('another transaction has locked the row', row_locked),
    'deadlock': ('another transaction waits for us', deadlocked),
    'read-only': ('read_only', server_read_only),
    'query-interrupted': ('KILL QUERY', partial(asked, 'KILL QUERY CONNECTION_ID()')),
    'statement-timeout': ('max_statement_time', partial(asked, SLOW)),
    'table-full': ('max_heap_table_size', table_filled),
    'command-denied': ('the user may not', right_missing),
    'query-limit': ('MAX_QUERIES_PER_HOUR', all_asked),
    'packet-too-large': ('max_allowed_packet', too_much_sent),
    'gone-away': ('KILL', killed),
}


# -- the rows

ERR = 'pymysql.err'
OPERATIONAL, INTERNAL = f'{ERR}.OperationalError', f'{ERR}.InternalError'


def row(kind: str, what: str, met: str, **fields: Any) -> Row:
    """Make a row of PyMySQL, which runs a statement, or where it has no name opens a connection."""
    how, real = MARIADB.get(kind, ('', None))
    return Row(kind, PYMYSQL, f'runs {what}' if what else 'connects', partial(ask, what or 'SELECT 1'), met,
               match=f'^{re.escape(what)}', how=how, real=real, **fields)


def prepared(kind: str, did: str, act: Callable[[Any], object], number: int, **fields: Any) -> Row:
    """Make a row of libmariadb."""
    return Row(kind, LIBMARIADB, did, act, f'libmariadb.Error {number}', **fields)


SELECT, UPDATE, INSERT = 'SELECT 1 FROM t', 'UPDATE t SET v = 1', 'INSERT INTO t VALUES (1)'
ROWS = [
    row('too-many-connections', '', f'{OPERATIONAL} 1040', afterwards=ANEW),
    Row('starttls-refused', REQUIRING, 'connects', connect_inside, f'{OPERATIONAL} 2026', REOPENED),
    Row('starttls-dropped', REQUIRING, 'connects', connect_inside, f'{OPERATIONAL} 2003', REOPENED),
    row('host-blocked', '', f'{OPERATIONAL} 1129', afterwards=ANEW),
    row('host-denied', '', f'{OPERATIONAL} 1130', afterwards=ANEW),
    row('no-thread', '', f'{OPERATIONAL} 1135', afterwards=ANEW),
    row('access-denied', '', f'{OPERATIONAL} 1045', afterwards=ANEW),
    row('user-limit', '', f'{OPERATIONAL} 1203', afterwards=ANEW),
    row('bad-handshake', '', f'{OPERATIONAL} 1043', afterwards=ANEW),
    row('lock-wait-timeout', UPDATE, f'{OPERATIONAL} 1205'),
    row('deadlock', UPDATE, f'{OPERATIONAL} 1213'),
    row('read-only', UPDATE, f'{OPERATIONAL} 1290'),
    row('query-interrupted', SELECT, f'{OPERATIONAL} 1317'),
    row('statement-timeout', SELECT, f'{OPERATIONAL} 1969'),
    row('disk-full', INSERT, f'{OPERATIONAL} 1021'),
    row('table-full', INSERT, f'{OPERATIONAL} 1114'),
    row('out-of-memory', SELECT, f'{OPERATIONAL} 1037'),
    row('command-denied', SELECT, f'{OPERATIONAL} 1142'),
    row('query-limit', SELECT, f'{OPERATIONAL} 1226'),
    row('not-ready', UPDATE, f'{OPERATIONAL} 1047'),
    prepared('too-many-statements', 'prepares a statement', partial(prepare, SELECT), 1461,
             how='max_prepared_stmt_count', real=statements_taken),
    prepared('unknown-statement', 'executes a prepared statement', partial(execute, 'DO 1'), 1243,
             how='it was never prepared', real=nothing_prepared),
    prepared('stale-statement', 'executes a prepared statement', partial(execute, 'DO 1'), 1615),
    row('packet-too-large', SELECT, f'{OPERATIONAL} 1153', afterwards=ANEW),
    row('server-shutdown', SELECT, f'{OPERATIONAL} 1053', afterwards=ANEW),
    row('gone-away', 'SELECT', f'{OPERATIONAL} 2013', afterwards=ANEW),
    row('lost-reply', 'COMMIT', f'{OPERATIONAL} 2013', afterwards=ANEW),
    row('truncated', SELECT, f'{OPERATIONAL} 2013', afterwards=ANEW),
    row('half-reply', SELECT, f'{OPERATIONAL} 2013', afterwards=ANEW),
    prepared('lock-wait-timeout', 'executes a prepared statement', partial(execute, 'LOCK TABLES mysql.user READ'), 1205),
    prepared('access-denied', 'logs in again, as another user', change_user, 1045, match='COM_CHANGE_USER',
             how='the password is wrong', real=misspelt_later),
    Row('gone-away', PYMYSQL, 'asks whether the server is there', ping, f'{OPERATIONAL} 2013', ANEW, 'COM_PING'),
]
