"""What behaviors do to single requests of MySQL, and that server and client agree on everything afterwards."""
import contextlib
import threading
import time

import pymysql
import pytest
from pymysql.constants import CLIENT

from tests.realism.mysql import code, connected, run
from tests.support import libmariadb
from tests.support.expected_draws import failing
from tests.support.hosting import eventually
from tests.support.mysql_talk import query
from tests.support.proxied import between, entry
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.protocols.mysql.failures import ERRORS


@pytest.fixture
def admin(mariadb_server):
    """A connection to the server itself, where there is a table ``t``."""
    with connected(mariadb_server.port, autocommit=True) as admin:
        run(admin, 'CREATE OR REPLACE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v LONGTEXT)')
        yield admin
        run(admin, 'DROP TABLE t')


@pytest.fixture
def proxy(daemon, mariadb_server, admin):
    with between(daemon, 'faulty-mysql', mariadb_server, 'mysql') as proxy:
        yield proxy
        assert proxy.unread == []


@pytest.fixture
def client(proxy):
    with connected(proxy.port, autocommit=True) as client:
        yield client


def stored(admin):
    return [value for value, in run(admin, 'SELECT v FROM t ORDER BY id')]


def met(call):
    """Return the number of the error that a call raises; None: it raises none."""
    try:
        call()
    except (pymysql.err.MySQLError, libmariadb.Error) as error:
        return code(error)
    return None


def insert(connection, value):
    return met(lambda: run(connection, f'INSERT INTO t (v) VALUES ("{value}")'))


# -- exactly the drawn ones

def test_exactly_the_drawn_requests_of_a_thousand_on_one_connection_fail(daemon, mariadb_server, admin):
    drawn = entry('error', 20, kind='lock-wait-timeout')
    with between(daemon, 'thousand-mysql', mariadb_server, 'mysql', [drawn]) as proxy:
        with connected(proxy.port, autocommit=True) as client:
            opening = proxy.count('exchanges')
            failed = [number for number in range(1000) if insert(client, number) == 1205]
        assert proxy.count('exchanges') == opening + 1000      # good-bye is no request
        assert [fault.exchange for fault in proxy.faults] == [opening + 1 + number for number in failed]
    fits = [False] * opening + [True] * 1000
    assert [opening + number for number in failed] == failing('thousand-mysql', 'mysql', drawn, fits)
    assert 150 < len(failed) < 250
    assert stored(admin) == [str(number) for number in range(1000) if number not in failed]


def test_exactly_the_drawn_executions_of_a_prepared_statement_fail(daemon, mariadb_server, admin):
    drawn = entry('error', 30, kind='deadlock', match='^INSERT')
    with between(daemon, 'prepared-mysql', mariadb_server, 'mysql', [drawn]) as proxy:
        with libmariadb.connected(proxy.port) as client:
            statement = client.prepare('INSERT INTO t (v) VALUES (?)')
            failed = [number for number in range(300) if met(lambda number=number: statement.execute(b'%d' % number)) == 1213]
        assert (len(proxy.faults), proxy.unread) == (len(failed), [])
    assert 60 < len(failed) < 120
    assert stored(admin) == [str(number) for number in range(300) if number not in failed]


def test_one_answer_of_a_pipeline_is_replaced_alone(proxy, client):
    proxy.meet(entry('error', kind='deadlock', match='two'))
    client._sock.sendall(b''.join(query(b'SELECT "%b"' % name) for name in (b'one', b'two', b'three', b'two', b'four')))
    found = []
    for _ in range(5):
        client._next_seq_id = 1
        found.append(met(client._read_query_result) or client._result.rows[0][0])
    assert found == ['one', 1213, 'three', 1213, 'four']


def test_kind_that_no_one_has_chosen_is_one_that_fits(daemon, mariadb_server, admin):
    with between(daemon, 'any-mysql', mariadb_server, 'mysql', [entry('error', match='^SELECT')]) as proxy:
        seen = set()
        for _ in range(60):
            with connected(proxy.port) as client:
                met(lambda client=client: run(client, 'SELECT v FROM t'))
        seen = {fault.kind for fault in proxy.faults}
        assert len(proxy.faults) == 60
    assert len(seen) > 8
    assert all('query' in ERRORS[kind].stages for kind in seen)
    assert not seen & {'read-only', 'table-full', 'disk-full'}


# -- what is left behind

@pytest.mark.parametrize('kind, number, kept', [('deadlock', 1213, ['c']), ('lock-wait-timeout', 1205, ['a', 'c'])])
def test_transaction_is_where_the_real_failure_would_have_left_it(proxy, admin, kind, number, kept):
    proxy.meet(entry('error', kind=kind, match='"b"'))
    with connected(proxy.port) as client:
        assert [insert(client, value) for value in 'abc'] == [None, number, None]
        client.commit()
    assert stored(admin) == kept


@pytest.mark.parametrize('kind, arrived', [('lost-reply', ['a']), ('gone-away', [])])
def test_commit_came_true_only_where_the_kind_says_so(proxy, admin, kind, arrived):
    proxy.meet(entry('error', kind=kind, match='^COMMIT'))
    with connected(proxy.port) as client:
        insert(client, 'a')
        assert met(client.commit) == 2013
    proxy.wait_for_sessions(0)
    assert eventually(lambda: not run(admin, 'SELECT * FROM information_schema.innodb_trx'))
    assert stored(admin) == arrived


def test_first_execution_that_fails_takes_no_types_with_it(proxy, admin):
    proxy.meet(entry('transient', kind='deadlock', match='^INSERT', agitate=2))
    with libmariadb.connected(proxy.port) as client:
        with contextlib.closing(client.prepare('INSERT INTO t (v) VALUES (?)')) as statement:
            assert [met(lambda value=value: statement.execute(value)) for value in (b'a', b'b', b'c', None, b'e')] \
                == [1213, 1213, None, None, None]
        with contextlib.closing(client.prepare('SELECT CONCAT(?, "!")')) as other:
            assert other.execute(b'x') == [(b'x!',)]
    assert stored(admin) == ['c', None, 'e']


def test_long_data_of_an_execution_that_fails_are_forgotten(proxy, admin):
    proxy.meet(entry('transient', kind='lock-wait-timeout', match='^INSERT'))
    with libmariadb.connected(proxy.port) as client:
        statement = client.prepare('INSERT INTO t (v) VALUES (?)')
        statement.send_long_data(0, b'long' * 100_000)
        assert met(lambda: statement.execute(b'')) == 1205
        statement.execute(b'short')
        statement.send_long_data(0, b'more')
        statement.execute(b'')
    assert stored(admin) == ['short', 'more']


def test_file_of_a_load_that_fails_is_not_asked_for(proxy, admin, tmp_path):
    (tmp_path / 'rows').write_text('1\ta\n2\tb\n')
    proxy.meet(entry('transient', kind='lock-wait-timeout', match='^LOAD'))
    with connected(proxy.port, local_infile=True, autocommit=True) as client:
        for expected in (1205, None):
            assert met(lambda: run(client, f"LOAD DATA LOCAL INFILE '{tmp_path / 'rows'}' INTO TABLE t")) == expected
    assert stored(admin) == ['a', 'b']


def test_several_statements_of_one_request_fail_together(proxy, admin):
    proxy.meet(entry('transient', kind='deadlock', match='^INSERT'))
    with connected(proxy.port, client_flag=CLIENT.MULTI_STATEMENTS, autocommit=True) as client:
        both = 'INSERT INTO t (v) VALUES ("a"); INSERT INTO t (v) VALUES ("b")'
        assert [met(lambda: run(client, both)) for _ in range(2)] == [1213, None]
        assert run(client, 'SELECT 1') == ((1,),)
    assert stored(admin) == ['a', 'b']


def test_large_request_that_fails_is_swallowed(proxy, admin, client):
    proxy.meet(entry('transient', kind='deadlock', match='^INSERT'))
    value = 'x' * (10 << 20)
    assert insert(client, value) == 1213
    assert insert(client, 'y') is None
    assert stored(admin) == ['y']


def test_request_of_16_mb_passes_a_kind_that_does_not_fit_and_the_next_one_meets_it(proxy, mariadb_server, admin):
    run(admin, f'SET GLOBAL max_allowed_packet = {64 << 20}')
    proxy.meet(entry('transient', kind='deadlock', match='^SELECT'))
    with connected(proxy.port, max_allowed_packet=64 << 20) as client:
        assert run(client, f'SELECT LENGTH("{"x" * (17 << 20)}")') == ((17 << 20,),)
        assert met(lambda: run(client, 'SELECT 1')) == 1213
        assert run(client, 'SELECT 1') == ((1,),)


def test_connections_are_refused_as_often_as_they_are_to_be(proxy):
    proxy.meet(entry('transient', kind='too-many-connections', agitate=2))

    def comes():
        with connected(proxy.port) as client:
            run(client, 'SELECT 1')
    assert [met(comes) for _ in range(4)] == [1040, 1040, None, None]


# -- behaviors other than error

@pytest.mark.parametrize('before', [True, False], ids=['request', 'answer'])
def test_one_request_is_late_and_the_others_are_not(proxy, admin, client, before):
    proxy.meet(entry('delay', sleep=60 * MS, before=before, match='"late"'))
    begun = time.monotonic()
    assert insert(client, 'late') is None
    assert time.monotonic() - begun >= 60 * MS
    assert insert(client, 'soon') is None
    assert stored(admin) == ['late', 'soon']
    assert [fault.request for fault in proxy.faults] == ['INSERT INTO t (v) VALUES ("late")']


@pytest.mark.parametrize('before', [True, False], ids=['request', 'answer'])
def test_other_connections_go_on_while_one_waits(proxy, client, admin, before):
    proxy.meet(entry('delay', sleep=100 * PATIENCE, before=before, match='"late"'))
    waiting = threading.Thread(target=insert, args=(client, 'late'))
    waiting.start()
    eventually(lambda: proxy.faults, 'the delay')
    with connected(proxy.port, autocommit=True) as other:
        assert insert(other, 'soon') is None
    expected = ['soon'] if before else ['late', 'soon']     # it is done, first or second, and its answer waits
    eventually(lambda: sorted(stored(admin)) == expected, 'what is stored')
    proxy.kill_sessions()
    waiting.join(PATIENCE)
    assert sorted(stored(admin)) == expected


def test_hang_never_answers(proxy, admin, client):
    proxy.meet(entry('hang', match='"b"'))
    client._read_timeout = 200 * MS
    assert [insert(client, value) for value in 'ab'] == [None, 2013]
    assert stored(admin) == ['a']


@pytest.mark.parametrize('behavior, arrived', [('blackout', ['a']), ('abort', ['a', 'b'])])
def test_connection_ends_at_the_drawn_request(proxy, admin, client, behavior, arrived):
    proxy.meet(entry(behavior, match='"b"'))
    assert [insert(client, value) for value in 'ab'] == [None, 2013]
    proxy.wait_for_sessions(0)
    eventually(lambda: stored(admin) == arrived, 'the arrival of what was sent')


def test_injected_bytes_spoil_the_answer_to_a_request_that_has_arrived(proxy, admin, client):
    client._read_timeout = 500 * MS
    proxy.meet(entry('error', inject=True, match='"b"'))
    assert insert(client, 'a') is None
    # whatever the client makes of it: an OK packet of which the half is random
    with contextlib.suppress(Exception):
        insert(client, 'b')
    assert [fault.kind for fault in proxy.faults] == ['inject']
    assert stored(admin) == ['a', 'b']


# -- match

def test_match_knows_no_case_and_what_does_not_match_is_not_counted(proxy, admin, client):
    proxy.meet(entry('transient', kind='deadlock', match=r'insert INTO T \(v\) values \("item', warmup=2, agitate=2))
    for _ in range(3):
        assert insert(client, 'other') is None
        assert run(client, 'SELECT 1') == ((1,),)
    assert [insert(client, f'item{number}') for number in range(5)] == [None, None, 1213, 1213, None]
    assert insert(client, 'other') is None


def test_match_sees_the_text_of_a_prepared_statement_when_it_is_executed(proxy, admin):
    proxy.meet(entry('error', kind='deadlock', match='^insert'))
    with libmariadb.connected(proxy.port) as client:
        statement, other = client.prepare('INSERT INTO t (v) VALUES (?)'), client.prepare('SELECT ?')
        assert [met(lambda: statement.execute(b'a')), other.execute(b'b')] == [1213, [(b'b',)]]
        assert [fault.request for fault in proxy.faults] == ['INSERT INTO t (v) VALUES (?)']
    assert stored(admin) == []
