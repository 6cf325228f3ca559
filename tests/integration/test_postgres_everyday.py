"""The everyday work of PostgreSQL's clients through vaurien: once with no fault on, once with every request read, named and drawn
for, and once more like that inside TLS on both sides.

psycopg, psql, pg_dump and pgbench, in front of PostgreSQL; what arrives is what was sent, and what can be followed is followed.
"""
import datetime
import decimal
import os
import subprocess
import threading

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.realism.postgres import connected
from tests.support.peers import ask, connect, read_exactly
from tests.support.processes import HOST, program
from tests.support.proxied import CALM, SEED, between, entry, peak
from tests.support.servers import DATABASE, PASSWORD, USER
from tests.support.tls_sides import environment, through
from tests.support.unit_of_time import PATIENCE
from vaurien.errors import UnusedFaultError
from vaurien.protocols.starttls import begins
from vaurien.testing import Daemon

MB = 1 << 20
ENCRYPTED = begins('postgres', 'what follows is encrypted')
KEPT = 8 * MB       # [bytes] of memory that a large value may cost vaurien, its buffers included


@pytest.fixture
def server(request, way):
    """The PostgreSQL behind the proxy."""
    return request.getfixturevalue('postgres_tls_server' if way.tls else 'postgres_server')


@pytest.fixture
def calm(way, server, monkeypatch, daemon):
    """A proxy in front of PostgreSQL, calm in each way, whose sessions have to be followed to their ends."""
    for name, value in environment(way).items():
        monkeypatch.setenv(name, value)
    with connected(server.port, autocommit=True) as admin:
        admin.execute('DROP TABLE IF EXISTS everyday')
        admin.execute('CREATE TABLE everyday (id serial PRIMARY KEY, t text, b bytea)')
    with through(daemon, 'calm-postgres', way, server, 'postgres') as proxy:
        yield proxy
        assert proxy.unread == []
        assert proxy.faults == []


def rows(connection, text, *values):
    return connection.execute(text, values or None).fetchall()


def test_transactions_are_seen_by_others_when_they_are_committed(calm):
    with connected(calm.port) as one, connected(calm.port, autocommit=True) as other:
        one.execute('INSERT INTO everyday (t) VALUES (%s)', ('kept',))

        def within():
            with one.transaction():
                one.execute('INSERT INTO everyday (t) VALUES (%s)', ('dropped',))
                one.execute('SELECT 1 / 0')
        with pytest.raises(psycopg.errors.DivisionByZero):
            within()
        assert rows(other, 'SELECT t FROM everyday') == []
        one.commit()
        assert rows(other, 'SELECT t FROM everyday') == [('kept',)]
        one.execute('DELETE FROM everyday')
        with pytest.raises(psycopg.errors.UndefinedTable):
            one.execute('SELECT * FROM nowhere')
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            one.execute('SELECT 1')
        one.rollback()
        assert rows(one, 'SELECT count(*) FROM everyday') == [(1,)]
    assert calm.count('accepted') == 2


def test_draws_are_made_for_the_start_and_for_each_statement_and_for_nothing_else(calm):
    with connected(calm.port, autocommit=True) as connection:
        assert calm.count('exchanges') == 1
        for number in range(10):
            rows(connection, 'SELECT 1')
            rows(connection, 'SELECT %s::int', number)
        assert calm.count('exchanges') == 1 + 20
        with connection.transaction():      # BEGIN and COMMIT
            rows(connection, 'SELECT 1')
        assert calm.count('exchanges') == 1 + 20 + 3
    assert calm.count('exchanges') == 24


@pytest.mark.parametrize('binary', [False, True], ids=['as text', 'binary'])
def test_values_of_all_types_come_back(calm, binary):
    values = (7, 'żółć 🎉' * 1000, bytes(range(256)) * 1000, None, decimal.Decimal('12345678901234567890.0123456789'), -0.1, True,
              [1, 2, None], {'a': [1, None]}, datetime.datetime(2000, 1, 2, 3, 4, 5, 678, datetime.UTC))
    types = 'int8', 'text', 'bytea', 'text', 'numeric', 'float8', 'bool', 'int8[]', 'jsonb', 'timestamptz'
    text = ', '.join(f'{"%b" if binary else "%t"}::{kind}' for kind in types)
    with connected(calm.port) as connection, connection.cursor(binary=binary) as cursor:
        cursor.execute(f'SELECT {text}', [Jsonb(value) if isinstance(value, dict) else value for value in values])
        assert cursor.fetchall() == [values]


@pytest.mark.parametrize('size', [0, 65_530, 12 * MB], ids=str)
def test_large_values_arrive_whole(calm, size):
    with connected(calm.port) as connection:
        (value,), = rows(connection, 'SELECT %b::bytea', b'\x00x' * (size // 2))
        assert value == b'\x00x' * (size // 2)
        (value,), = rows(connection, f"SELECT '{'y' * size}'")
        assert value == 'y' * size
        found = rows(connection, "SELECT 'before' UNION ALL SELECT repeat('z', %s) UNION ALL SELECT 'behind'", size)
        assert [len(value) for value, in found] == [6, size, 6]


def test_prepared_statements_and_portals_are_used_again(calm):
    with connected(calm.port, prepare_threshold=0) as connection:
        for number in range(200):
            assert rows(connection, 'SELECT %s::int + 1', number) == [(number + 1,)]
            assert rows(connection, f'SELECT %s::int AS c{number}', number) == [(number,)]  # drives the others out
        with connection.cursor('named') as cursor:
            cursor.itersize = 10
            cursor.execute('SELECT generate_series(1, %s)', (95,))
            assert [number for number, in cursor] == list(range(1, 96))
        with connection.cursor() as cursor:
            cursor.executemany('INSERT INTO everyday (t) VALUES (%s) RETURNING id', [('x',)] * 500, returning=True)
            assert rows(connection, 'SELECT count(*) FROM everyday') == [(500,)]


def test_several_statements_of_one_request_give_their_results(calm):
    with connected(calm.port, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1; INSERT INTO everyday (t) VALUES ('a'); SELECT t FROM everyday; ; SELECT 5")
        found = [cursor.fetchall() if cursor.description else cursor.rowcount]
        while cursor.nextset():
            found.append(cursor.fetchall() if cursor.description else cursor.rowcount)
        assert found == [[(1,)], 1, [('a',)], [(5,)]]
        with pytest.raises(psycopg.errors.DivisionByZero):
            cursor.execute('SELECT 1; SELECT 1 / 0; SELECT 3')
        cursor.execute('')
        assert rows(connection, 'SELECT 9') == [(9,)]


def test_pipeline_of_statements_and_errors_is_answered_in_order(calm):
    with connected(calm.port, autocommit=True) as connection:
        with connection.pipeline() as pipeline:
            cursors = [connection.execute('SELECT %s::int', (number,)) for number in range(300)]
            pipeline.sync()
            assert [cursor.fetchone() for cursor in cursors] == [(number,) for number in range(300)]

        def failing():
            with connection.pipeline():
                connection.execute('SELECT 1 / %s::int', (0,))
                connection.execute('INSERT INTO everyday (t) VALUES (%s)', ('skipped',))
        with pytest.raises(psycopg.errors.DivisionByZero):
            failing()
        assert rows(connection, 'SELECT t FROM everyday') == []
        assert rows(connection, 'SELECT %s::int', 3) == [(3,)]


@pytest.mark.parametrize('count', [0, 1, 40_000])
def test_copy_carries_rows_in_and_out(calm, count):
    data = b''.join(b'%d\trow %d\n' % (number, number) for number in range(count))
    with connected(calm.port) as connection, connection.cursor() as cursor:
        before = calm.count('exchanges')
        with cursor.copy('COPY everyday (id, t) FROM STDIN') as copy:
            copy.write(data)
        with cursor.copy('COPY (SELECT id, t FROM everyday ORDER BY id) TO STDOUT') as copy:
            assert b''.join(copy) == data
        with cursor.copy('COPY everyday (id, t) TO STDOUT (FORMAT binary)') as copy:
            copy.set_types(['int4', 'text'])
            assert sorted(copy.rows()) == [(number, f'row {number}') for number in range(count)]
        assert calm.count('exchanges') - before == 1 + 3     # BEGIN
        connection.commit()


def test_copy_that_fails_on_either_side_leaves_the_connection_usable(calm):
    with connected(calm.port, autocommit=True) as connection, connection.cursor() as cursor:
        def copying(text, data, gives_up=False):
            with cursor.copy(text) as copy:
                if data:
                    copy.write(data)
                else:
                    copy.read()
                if gives_up:
                    raise ZeroDivisionError
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            copying('COPY everyday (id) FROM STDIN', b'no number\n' * 100_000)
        with pytest.raises(ZeroDivisionError):
            copying('COPY everyday (id) FROM STDIN', b'1\n', gives_up=True)
        with pytest.raises(ZeroDivisionError):      # the client cancels it
            copying("COPY (SELECT repeat('x', 1000) FROM generate_series(1, 10000)) TO STDOUT", b'', gives_up=True)
        assert rows(connection, 'SELECT count(*) FROM everyday') == [(0,)]
        assert rows(connection, 'SELECT %s::int', 1) == [(1,)]


def test_notifications_arrive_while_nothing_and_while_something_is_asked(calm):
    with connected(calm.port, autocommit=True) as listening, connected(calm.port, autocommit=True) as other:
        listening.execute('LISTEN news')
        for number in range(3):
            other.execute(f"NOTIFY news, '{number}'")
        assert [notice.payload for notice in listening.notifies(timeout=PATIENCE, stop_after=3)] == ['0', '1', '2']
        heard = []
        listening.add_notify_handler(lambda notice: heard.append(notice.payload))
        listening.execute("NOTIFY news, 'own'")
        assert rows(listening, 'SELECT 1') == [(1,)]
        assert heard == ['own']


def test_statement_is_canceled_by_its_client(calm):
    with connected(calm.port, autocommit=True) as connection, connected(calm.port, autocommit=True) as other:
        met = []

        def wait():
            with pytest.raises(psycopg.errors.QueryCanceled) as raised:
                connection.execute('SELECT pg_sleep(100)')
            met.append(raised.value.sqlstate)
        thread = threading.Thread(target=wait)
        thread.start()
        while not rows(other, "SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(100)' AND state = 'active'"):
            pass
        connection.cancel_safe(timeout=PATIENCE)
        thread.join(PATIENCE)
        assert met == ['57014']
        assert rows(connection, 'SELECT 1') == [(1,)]


def test_many_clients_at_once_get_their_own_answers(calm):
    wrong = []

    def work(number):
        with connected(calm.port) as connection:
            for at in range(50):
                found = rows(connection, 'SELECT %s::int, %s::int, repeat(%s, 5000)', number, at, f'{number} ')
                wrong.extend([at] if found != [(number, at, f'{number} ' * 5000)] else ())
    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert wrong == []
    assert (calm.count('accepted'), calm.count('exchanges')) == (20, 20 * (1 + 1 + 50))     # the start, BEGIN


def command(name, port, *arguments, text=None):
    """Run one of PostgreSQL's commands to its end; return what it prints."""
    done = subprocess.run([program(name), '-h', HOST, '-p', str(port), '-U', USER, *arguments, DATABASE], input=text,
                          env={**os.environ, 'PGPASSWORD': PASSWORD}, capture_output=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize('mode', ['simple', 'extended', 'prepared'])
def test_pgbench_runs_its_transactions(calm, mode):
    command('pgbench', calm.port, '-i', '-s', '1', '-q')
    before = calm.count('exchanges')
    printed = command('pgbench', calm.port, '-n', '-c', '5', '-t', '40', '-M', mode)
    assert b'number of transactions actually processed: 200/200' in printed
    # seven statements each; it asks for the scale at its start, and each of its connections, which are one more, begins
    assert calm.count('exchanges') - before - 200 * 7 in range(6, 12)


def test_pgbench_runs_pipelines(calm, tmp_path):
    script = tmp_path / 'pipeline.sql'
    script.write_text('\\startpipeline\n' + 'SELECT 1;\n' * 20 + '\\endpipeline\n')
    printed = command('pgbench', calm.port, '-n', '-c', '5', '-t', '40', '-M', 'prepared', '-f', str(script))
    assert b'number of transactions actually processed: 200/200' in printed


def test_dump_is_the_same_as_without_vaurien_and_is_restored(calm, server):
    with connected(server.port, autocommit=True) as admin:
        admin.execute("INSERT INTO everyday (t, b) SELECT repeat(E'\\n\\t\\\\', 100), '\\x00ff' FROM generate_series(1, 1000)")
    dumps = [command('pg_dump', port, '-t', 'everyday', '--clean') for port in (calm.port, server.port)]
    plain = [b'\n'.join(line for line in dump.splitlines() if not line.startswith(b'\\') or line == b'\\.') for dump in dumps]
    assert plain[0] == plain[1]
    command('psql', calm.port, '-qX', '-v', 'ON_ERROR_STOP=1', text=dumps[0])
    with connected(server.port) as admin:
        assert rows(admin, 'SELECT count(*) FROM everyday') == [(1000,)]


# -- what cannot be followed

@pytest.mark.parametrize('mix', [*CALM.values(), [entry('error')]], ids=[*CALM, 'faults'])
def test_session_is_relayed_unread_once_tls_begins(daemon, postgres_tls_server, mix):
    with between(daemon, 'tls-postgres', postgres_tls_server, 'postgres', mix) as proxy:
        with connected(proxy.port, sslmode='require') as connection:
            assert rows(connection, 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()') == [(True,)]
            assert rows(connection, "SELECT repeat('x', %s), %b::bytea", MB, bytes(MB)) == [('x' * MB, bytes(MB))]
        assert (proxy.unread, proxy.faults, proxy.count('exchanges')) == ([ENCRYPTED], [], 0)


def test_a_fault_in_a_session_that_is_relayed_unread_is_missed_loudly(daemon, postgres_tls_server):
    with between(daemon, 'missed-postgres', postgres_tls_server, 'postgres') as proxy, \
            pytest.raises(UnusedFaultError, match='no request came; 1 session was relayed unread: what follows is encrypted'), \
            proxy.behavior('error', kind='deadlock'), connected(proxy.port, sslmode='prefer') as connection:
        rows(connection, 'UPDATE pg_settings SET setting = setting WHERE false')


@pytest.mark.parametrize('mode', ['prefer', 'allow', 'disable'])
@pytest.mark.parametrize('mix', CALM.values(), ids=CALM)
def test_libpq_goes_on_in_the_clear_where_tls_is_refused(daemon, postgres_tls_server, mix, mode):
    refuse = {'starttls': 'refuse'}
    with between(daemon, f'refuse-postgres-{mode}', postgres_tls_server, 'postgres', mix, protocol_settings=refuse) as proxy:
        with connected(proxy.port, sslmode=mode, autocommit=True) as connection:
            assert rows(connection, 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()') == [(False,)]
            with proxy.behavior('error', kind='deadlock'), pytest.raises(psycopg.errors.DeadlockDetected):
                rows(connection, 'UPDATE pg_settings SET setting = setting WHERE false')
            assert rows(connection, 'SELECT 1') == [(1,)]
        assert (proxy.unread, proxy.count('accepted'), len(proxy.faults)) == ([], 1, 1)


def test_libpq_says_so_where_tls_is_refused_and_it_needs_it(daemon, postgres_tls_server):
    settings = {'starttls': 'refuse'}
    with between(daemon, 'require-postgres', postgres_tls_server, 'postgres', protocol_settings=settings) as proxy, \
            pytest.raises(psycopg.OperationalError, match='server does not support SSL, but SSL was required'):
        connected(proxy.port, sslmode='require').__enter__()


@pytest.mark.parametrize('mix', CALM.values(), ids=CALM)
def test_requests_for_encryption_that_come_in_pieces_and_after_each_other_are_refused(daemon, postgres_server, mix):
    asks = [b'\x00\x00\x00\x08\x04\xd2\x16' + last for last in (b'\x30', b'\x2f')]     # GSSENCRequest, SSLRequest
    with between(daemon, 'refuse-bytes', postgres_server, 'postgres', mix, protocol_settings={'starttls': 'refuse'}) as proxy, \
            connect(proxy.port) as client:
        for byte in asks[0]:
            client.sendall(bytes((byte,)))
        assert client.recv(1) == b'N'
        startup = b'\x00\x03\x00\x00user\x00nobody\x00\x00'
        client.sendall(asks[1] + (len(startup) + 4).to_bytes(4, 'big') + startup)
        assert read_exactly(client, 2) == b'NR'     # the server asks for a password
        assert proxy.unread == []


@pytest.mark.parametrize('mix', CALM.values(), ids=CALM)
def test_session_is_followed_where_the_server_has_no_tls(daemon, postgres_server, mix):
    with between(daemon, 'no-tls-postgres', postgres_server, 'postgres', mix) as proxy:
        with connected(proxy.port, sslmode='prefer') as connection:
            assert rows(connection, 'SELECT 1') == [(1,)]
        with pytest.raises(psycopg.OperationalError, match='server does not support SSL'):
            connected(proxy.port, sslmode='require').__enter__()
        assert proxy.unread == []


@pytest.mark.parametrize('mix', CALM.values(), ids=CALM)
def test_replication_is_relayed_unread_where_it_streams(daemon, postgres_server, mix):
    with between(daemon, 'replication', postgres_server, 'postgres', mix) as proxy:
        with connected(proxy.port, replication='database', autocommit=True) as connection:
            assert len(rows(connection, 'IDENTIFY_SYSTEM')) == 1
            assert proxy.unread == []
            position = connection.execute('IDENTIFY_SYSTEM').fetchone()[2]
            connection.pgconn.send_query(f'START_REPLICATION PHYSICAL {position}'.encode())
            result = connection.pgconn.get_result()
            assert result.status == psycopg.pq.ExecStatus.COPY_BOTH
        assert proxy.unread == ['replication streams from here on']


def test_what_is_no_postgresql_is_relayed_unread(daemon, echo_server):
    with between(daemon, 'no-postgres', echo_server, 'postgres') as proxy, connect(proxy.port) as client:
        assert ask(client, b'GET / HTTP/1.1\r\n\r\n' * 1000) == b'GET / HTTP/1.1\r\n\r\n' * 1000
        assert len(proxy.unread) == 1


# -- memory

def test_large_values_cost_no_more_memory_than_small_ones(postgres_server):
    daemon, size = Daemon(SEED), 50 * MB
    with between(daemon, 'measured-postgres', postgres_server, 'postgres') as proxy, connected(proxy.port) as connection:
        rows(connection, "SELECT 'small'")
        before = peak(daemon)
        assert len(rows(connection, f"SELECT repeat('x', {size})")[0][0]) == size
        assert rows(connection, 'SELECT length(%b::bytea)', bytes(size)) == [(size,)]
        lines = f"SELECT repeat('x', 1000) FROM generate_series(1, {size // 1000})"
        with connection.cursor().copy(f'COPY ({lines}) TO STDOUT') as copy:
            assert sum(map(len, copy)) == size // 1000 * 1001
        assert peak(daemon) - before < KEPT
        assert proxy.unread == []
    daemon.close()
