"""The everyday work of MySQL's clients through vaurien: once with no fault on, once with every request read, named and drawn for,
and once more like that inside TLS on both sides.

PyMySQL, MariaDB's library for C and its commands, in front of MariaDB; what arrives is what was sent, and what can be followed is
followed.
"""
import contextlib
import functools
import hashlib
import os
import re
import ssl
import subprocess
import threading

import pymysql
import pytest
from pymysql.constants import CLIENT

from tests.realism.mysql import connected, run
from tests.support import libmariadb
from tests.support.peers import connect, read_exactly
from tests.support.processes import HOST, program
from tests.support.proxied import CALM, SEED, between, entry, peak
from tests.support.servers import DATABASE, PASSWORD, USER
from tests.support.tls import certificates, client_context
from tests.support.tls_sides import through
from tests.support.unit_of_time import PATIENCE
from vaurien.protocols.mysql.packets import SSL, greeting
from vaurien.protocols.starttls import begins
from vaurien.testing import Daemon

MB = 1 << 20
FULL = 0xFFFFFF     # [bytes] of a payload that goes on in the next packet
FLAGS = ()          # of MariaDB's commands
KEPT = 8 * MB       # [bytes] of memory that a large value may cost vaurien, its buffers included


@contextlib.contextmanager
def prepared(server):
    """Let a MariaDB take requests of 64 MB, and have a table of each type."""
    with connected(server.port) as admin:
        run(admin, f'SET GLOBAL max_allowed_packet = {64 * MB}')
        run(admin, 'CREATE TABLE everyday (id INT PRIMARY KEY AUTO_INCREMENT, t LONGTEXT, b LONGBLOB, n DECIMAL(30, 10), '
                   'f DOUBLE, d DATETIME(6), j JSON) CHARSET utf8mb4')
        yield server
        run(admin, 'DROP TABLE everyday')


@pytest.fixture(scope='module')
def plain_server(mariadb_server):
    with prepared(mariadb_server):
        yield mariadb_server


@pytest.fixture(scope='module')
def secure_server(mariadb_tls_server):
    with prepared(mariadb_tls_server):
        yield mariadb_tls_server


@pytest.fixture
def server(request, way):
    """The MariaDB behind the proxy."""
    return request.getfixturevalue('secure_server' if way.tls else 'plain_server')


@pytest.fixture
def calm(way, server, daemon, monkeypatch):
    """A proxy in front of MariaDB, calm in each way, whose sessions have to be followed to their ends."""
    if way.tls:
        ca = certificates().ca
        monkeypatch.setitem(globals(), 'connected', functools.partial(connected, ssl_disabled=False, ssl=client_context()))
        monkeypatch.setitem(globals(), 'FLAGS', (f'--ssl-ca={ca}', '--ssl-verify-server-cert'))
        monkeypatch.setattr(libmariadb, 'connected', functools.partial(libmariadb.connected, ca=ca))
    with connected(server.port, autocommit=True) as admin:
        run(admin, 'TRUNCATE everyday')
    with through(daemon, 'calm-mysql', way, server, 'mysql') as proxy:
        yield proxy
        assert proxy.unread == []
        assert proxy.faults == []


def large(port, **settings):
    """Connect with a client that takes large packets."""
    return connected(port, max_allowed_packet=128 * MB, **settings)


def test_transactions_are_seen_by_others_when_they_are_committed(calm):
    with connected(calm.port) as one, connected(calm.port) as other:
        before = calm.count('exchanges')
        run(one, 'INSERT INTO everyday (t) VALUES ("kept")')
        run(one, 'SAVEPOINT here')
        run(one, 'INSERT INTO everyday (t) VALUES ("dropped")')
        run(one, 'ROLLBACK TO here')
        assert run(other, 'SELECT t FROM everyday') == ()
        other.commit()
        one.commit()
        assert run(other, 'SELECT t FROM everyday') == (('kept',),)
        run(one, 'DELETE FROM everyday')
        one.rollback()
        assert run(one, 'SELECT COUNT(*) FROM everyday') == ((1,),)
        assert (calm.count('accepted'), calm.count('exchanges') - before) == (2, 11)


def test_values_of_all_types_come_as_without_vaurien(calm, server):
    with connected(calm.port, autocommit=True) as proxied, connected(server.port) as direct:
        with proxied.cursor() as cursor:
            cursor.executemany('INSERT INTO everyday (t, b, n, f, d, j) VALUES (%s, %s, %s, %s, NOW(6), %s)', [
                ('', bytes(range(256)), '12345678901234567890.0123456789', -0.1, '{"a": [1, null]}'),
                (None, None, None, None, None), ('żółć 🎉' * 100, b'\xfe' * 251, '0', 1e308, '[]'),
                ('x' * 250, b'\xff' * 252, '-1', 0.0, '""'), ('x' * 65_536, b'\xfb' * 70_000, '1', 1.5, '{}')])
        for text in ('SELECT * FROM everyday', 'SELECT b FROM everyday', 'SHOW CREATE TABLE everyday', 'DESCRIBE everyday',
                     'EXPLAIN SELECT * FROM everyday', 'SELECT NULL', 'SELECT 1 FROM everyday WHERE FALSE'):
            assert run(proxied, text) == run(direct, text)


@pytest.mark.parametrize('size', [FULL - 1, FULL, FULL + 1], ids=str)
def test_requests_and_answers_of_16_mb_and_more_arrive_whole(calm, size):
    text = 'SELECT "'.ljust(size - 2, 'x') + '"'      # with the command byte the payload has this size
    with large(calm.port) as connection:
        before = calm.count('exchanges')
        (value,), = run(connection, text)
        assert (len(value), set(value)) == (size - 10, {'x'})
        (value,), = run(connection, f'SELECT REPEAT("y", {size})')
        assert (len(value), set(value)) == (size, {'y'})
        rows = run(connection, f'SELECT "before" UNION ALL SELECT REPEAT("z", {size}) UNION ALL SELECT "behind"')
        assert [len(value) for value, in rows] == [6, size, 6]
        assert calm.count('exchanges') - before == 3


def test_values_whose_first_byte_looks_like_another_packet_stay_rows(calm, server):
    sizes = [250, 251, 252, 65_535, 65_536, FULL - 4]
    text = ' UNION ALL '.join(f'SELECT REPEAT(x\'{byte}\', {size})' for size in sizes for byte in ('fe', 'ff', '00', 'fb'))
    with large(calm.port) as proxied, large(server.port) as direct:
        digests = [[hashlib.sha1(value).digest() for value, in run(connection, text)] for connection in (proxied, direct)]
        assert digests[0] == digests[1]


def test_several_results_of_one_request_come_one_by_one(calm):
    with connected(calm.port, client_flag=CLIENT.MULTI_STATEMENTS) as connection, connection.cursor() as cursor:
        cursor.execute('SELECT 1; INSERT INTO everyday (t) VALUES ("a"), ("b"); SELECT t FROM everyday; DO 1; SELECT 5')
        found = [cursor.fetchall()]
        while cursor.nextset():
            found.append(cursor.fetchall())
        assert found == [((1,),), [], (('a',), ('b',)), [], ((5,),)]
        run(connection, 'CREATE OR REPLACE PROCEDURE twice() BEGIN SELECT 1; SELECT t FROM everyday; END')
        cursor.callproc('twice')
        found = [cursor.fetchall()]
        while cursor.nextset():
            found.append(cursor.fetchall())
        assert found == [((1,),), (('a',), ('b',)), []]
        cursor.execute('SELECT 1; SELECT * FROM nowhere; SELECT 3')
        with pytest.raises(pymysql.err.ProgrammingError, match='1146'):
            cursor.nextset()
        assert run(connection, 'SELECT 9') == ((9,),)


@pytest.mark.parametrize('rows', [0, 1, 50_000])
def test_local_file_is_loaded_as_a_part_of_its_request(calm, tmp_path, rows):
    path = tmp_path / 'rows.csv'
    path.write_text(''.join(f'{number}\trow {number}\n' for number in range(rows)))
    with connected(calm.port, local_infile=True) as connection:
        before = calm.count('exchanges')
        run(connection, 'SET sql_mode = "NO_AUTO_VALUE_ON_ZERO"')
        run(connection, f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE everyday (id, t)")
        assert run(connection, 'SELECT COUNT(*), COALESCE(SUM(t = CONCAT("row ", id)), 0) FROM everyday') == ((rows, rows),)
        with pytest.raises(pymysql.err.OperationalError) as raised:
            run(connection, "LOAD DATA LOCAL INFILE '/nowhere' INTO TABLE everyday")
        assert raised.value.args[0] == 1017
        with pytest.raises(pymysql.err.ProgrammingError):
            run(connection, f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE nowhere")
        assert run(connection, 'SELECT 1') == ((1,),)
        assert calm.count('exchanges') - before == 6


def test_prepared_statements_run_in_the_binary_protocol(calm):
    with libmariadb.connected(calm.port) as connection:
        insert = connection.prepare('INSERT INTO everyday (t, f) VALUES (?, ?)')
        for number in range(300):
            insert.execute(None if number % 10 == 0 else b'%d' % number * number, b'%d' % number)
        insert.close()
        select = connection.prepare('SELECT t, CAST(f AS CHAR) FROM everyday WHERE f >= ? ORDER BY f')
        for least in (0, 290, 1000):
            assert select.execute(b'%d' % least) == [
                (None if number % 10 == 0 else b'%d' % number * number, b'%d' % number) for number in range(least, 300)]
        with pytest.raises(libmariadb.Error) as raised:
            connection.prepare('SELECT * FROM nowhere WHERE id = ?')
        assert raised.value.code == 1146
        select.use_cursor(7)
        assert len(select.execute(b'100')) == 200
        select.close()
        assert connection.query('SELECT COUNT(*) FROM everyday') == [[(b'300',)]]


def test_long_data_of_a_parameter_go_ahead_of_their_execution(calm):
    with libmariadb.connected(calm.port) as connection:
        measure = connection.prepare('SELECT LENGTH(?), MD5(?)')
        for pieces in (1, 20):
            data = bytes(range(256)) * 4096
            for _ in range(pieces):
                measure.send_long_data(1, data)
            digest = hashlib.md5(data * pieces).hexdigest().encode()
            assert measure.execute(b'four', b'') == [(b'4', digest)]
        measure.close()
        assert calm.count('exchanges') == 1 + 1 + 2     # nothing is drawn for the pieces


def test_statements_prepared_by_text_run_too(calm):
    with connected(calm.port) as connection:
        run(connection, 'PREPARE twice FROM "SELECT CONCAT(?, ?)"')
        run(connection, 'SET @a = "a"')
        assert run(connection, 'EXECUTE twice USING @a, @a') == (('aa',),)
        run(connection, 'DEALLOCATE PREPARE twice')


def test_connection_changes_its_user_and_database_and_is_reset(calm):
    with libmariadb.connected(calm.port) as connection:
        connection.query('SET @a = 1')
        connection.prepare('SELECT 1').close()
        connection.change_user()
        assert connection.query('SELECT @a') == [[(None,)]]
        with pytest.raises(libmariadb.Error) as raised:
            connection.change_user('wrong')
        assert raised.value.code == 1045
        connection.query('SET @a = 1')
        connection.reset()
        assert connection.query('SELECT @a, DATABASE()') == [[(None, DATABASE.encode())]]
        connection.change_user(database='mysql')
        assert connection.query('SELECT DATABASE()') == [[(b'mysql',)]]
        connection.ping()
    with connected(calm.port) as connection:
        connection.select_db('mysql')
        assert run(connection, 'SELECT DATABASE()') == (('mysql',),)
        with pytest.raises(pymysql.err.OperationalError):
            connection.select_db('nowhere')
        connection.ping(reconnect=False)


def test_result_that_is_read_row_by_row_waits_for_its_reader(calm):
    count = 50_000
    with connected(calm.port, cursorclass=pymysql.cursors.SSCursor) as connection, connection.cursor() as cursor:
        cursor.execute(f'SET max_recursive_iterations = {count}')
        cursor.execute(f'WITH RECURSIVE s AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM s WHERE n < {count}) '
                       'SELECT n, REPEAT("x", 50) FROM s')
        assert sum(number for number, _ in cursor) == count * (count + 1) // 2
        cursor.execute('SELECT 1')
        assert cursor.fetchall() == [(1,)]


def test_query_is_interrupted_by_another_connection(calm):
    with connected(calm.port) as one, connected(calm.port) as other:
        met = []

        def wait():
            with pytest.raises(pymysql.err.OperationalError) as raised:
                run(one, 'SELECT SLEEP(100) FROM mysql.user')
            met.append(raised.value.args[0])
        thread = threading.Thread(target=wait)
        thread.start()
        sleeping = f'SELECT 1 FROM information_schema.processlist WHERE id = {one.thread_id()} AND info LIKE "SELECT SLEEP%"'
        while not run(other, sleeping):
            pass
        run(other, f'KILL QUERY {one.thread_id()}')
        thread.join(PATIENCE)
        assert met == [1317]
        assert run(one, 'SELECT 1') == ((1,),)


def test_many_clients_at_once_get_their_own_answers(calm):
    wrong = []
    with connected(calm.port):
        opening = calm.count('exchanges')

    def work(number):
        with connected(calm.port) as connection:
            wrong.extend(at for at in range(50) if run(connection, f'SELECT {number}, {at}, REPEAT("{number} ", 5000)')
                         != ((number, at, f'{number} ' * 5000),))
    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert wrong == []
    assert (calm.count('accepted'), calm.count('exchanges')) == (21, opening + 20 * (opening + 50))


def command(name, port, *arguments):
    """Run one of MariaDB's commands to its end; return what it prints."""
    flags = ('--no-defaults', f'--host={HOST}', f'--port={port}', f'--user={USER}', '--protocol=tcp', *FLAGS, *arguments,
             DATABASE)
    return subprocess.run([program(name), *flags], env={**os.environ, 'MYSQL_PWD': PASSWORD}, capture_output=True, check=True,
                          timeout=PATIENCE).stdout


def test_dump_is_the_same_as_without_vaurien(calm, server):
    with connected(server.port, autocommit=True) as admin:
        run(admin, 'INSERT INTO everyday (t, b, d) SELECT REPEAT("\\n\'", 1000), REPEAT(x\'00ff\', 1000), NOW(6) FROM mysql.user')

    def dump(port):
        return re.sub(rb'-- (Dump completed|Host:).*', b'', command('mariadb-dump', port, '--skip-comments', '--routines'))
    assert dump(calm.port) == dump(server.port)


def test_command_line_client_asks_and_answers(calm):
    asked = "SELECT 1; SHOW TABLES LIKE 'everyday'"
    assert command('mariadb', calm.port, '--batch', '-e', asked) == b'1\n1\nTables_in_vaurien (everyday)\neveryday\n'


# -- what cannot be followed

@pytest.mark.parametrize('mix', [*CALM.values(), [entry('error')]], ids=[*CALM, 'faults'])
def test_session_is_relayed_unread_once_tls_begins(daemon, secure_server, mix):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with between(daemon, 'tls-mysql', secure_server, 'mysql', mix) as proxy:
        with connected(proxy.port, ssl_disabled=False, ssl=context) as connection:
            assert run(connection, 'SHOW STATUS LIKE "Ssl_version"')[0][1].startswith('TLS')
            assert len(run(connection, f'SELECT REPEAT("x", {2 * MB})')[0][0]) == 2 * MB
        assert (proxy.unread, proxy.faults, proxy.count('exchanges')) == ([begins('mysql')], [], 0)
        with connected(proxy.port) if mix == [] else contextlib.nullcontext() as connection:
            assert connection is None or run(connection, 'SELECT 1') == ((1,),)
        assert len(proxy.unread) == 1


@pytest.mark.parametrize('mix', CALM.values(), ids=CALM)
def test_the_greeting_offers_no_tls_where_it_is_refused(daemon, secure_server, mix):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with between(daemon, 'refuse-mysql', secure_server, 'mysql', mix, protocol_settings={'starttls': 'refuse'}) as proxy:
        with connect(proxy.port) as ours, connect(secure_server.port) as real:
            shown, sent = (packet_of(sock) for sock in (ours, real))
            assert (capabilities(shown) & SSL, capabilities(sent) & SSL) == (0, SSL)
            assert capabilities(shown) | SSL == capabilities(sent)
            assert len(shown) == len(sent)
        with connected(proxy.port, autocommit=True) as connection:
            assert run(connection, 'SHOW STATUS LIKE "Ssl_version"')[0][1] == ''
            with proxy.behavior('error', kind='deadlock'), pytest.raises(pymysql.OperationalError, match='1213'):
                run(connection, 'UPDATE mysql.user SET user = 1 WHERE 0')
            assert run(connection, 'SELECT 1') == ((1,),)
        with pytest.raises(pymysql.OperationalError, match='SSL is required'):
            connected(proxy.port, ssl_disabled=False, ssl=context).__enter__()
        assert proxy.unread == []


def test_the_client_of_mariadb_goes_on_in_the_clear_where_tls_is_refused(daemon, secure_server):
    settings = {'starttls': 'refuse'}
    with between(daemon, 'refuse-mysql-cli', secure_server, 'mysql', protocol_settings=settings) as proxy:
        done = subprocess.run([program('mariadb', 'mysql'), '--no-defaults', '-h', HOST, '-P', str(proxy.port), '-u', USER,
                               f'-p{PASSWORD}', '--ssl', '-N', '-e', 'SHOW STATUS LIKE "Ssl_version"'],
                              capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert (done.stdout, done.returncode, proxy.unread) == ('Ssl_version\t\n', 0, []), done.stderr


def packet_of(sock):
    """Read one packet with its header."""
    header = read_exactly(sock, 4)
    return header + read_exactly(sock, int.from_bytes(header[:3], 'little'))


def capabilities(packet):
    return greeting(packet[4:]).capabilities


@pytest.mark.parametrize('mix', CALM.values(), ids=CALM)
def test_session_is_relayed_unread_once_it_is_compressed(daemon, plain_server, mix):
    with between(daemon, 'compressed-mysql', plain_server, 'mysql', mix) as proxy:
        assert command('mariadb', proxy.port, '--compress', '--batch', '-N', '-e', 'SELECT REPEAT("x", 100000)') \
            == b'x' * 100_000 + b'\n'
        assert proxy.unread == ['what follows is compressed']


# -- memory

def test_large_values_cost_no_more_memory_than_small_ones(plain_server):
    daemon = Daemon(SEED)
    with between(daemon, 'measured-mysql', plain_server, 'mysql') as proxy, large(proxy.port) as connection:
        run(connection, 'SELECT "small"')
        before = peak(daemon)
        assert len(run(connection, f'SELECT REPEAT("x", {50 * MB})')[0][0]) == 50 * MB
        assert run(connection, 'SELECT LENGTH("' + 'x' * (50 * MB) + '")') == ((50 * MB,),)
        assert peak(daemon) - before < KEPT
        assert proxy.unread == []
    daemon.close()
