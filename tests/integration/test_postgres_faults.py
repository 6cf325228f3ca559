"""What behaviors do to single requests of PostgreSQL, and that server and client agree on everything afterwards."""
import contextlib
import re
import socket
import threading
import time

import psycopg
import pytest
from psycopg.pq import ExecStatus

from tests.integration.test_postgres_everyday import command, rows
from tests.realism.postgres import connected
from tests.support import postgres_talk as pg
from tests.support.expected_draws import failing
from tests.support.hosting import eventually
from tests.support.peers import connect, read_to_end
from tests.support.proxied import between, entry
from tests.support.unit_of_time import MS, PATIENCE


@pytest.fixture
def admin(postgres_server):
    """A connection to the server itself, where there is a table ``t``."""
    with connected(postgres_server.port, autocommit=True) as admin:
        admin.execute('DROP TABLE IF EXISTS t')
        admin.execute('CREATE TABLE t (id serial PRIMARY KEY, v text)')
        yield admin
        admin.execute('DROP TABLE t')


@pytest.fixture
def proxy(daemon, postgres_server, admin):
    with between(daemon, 'faulty-postgres', postgres_server, 'postgres') as proxy:
        yield proxy
        assert proxy.unread == []


@pytest.fixture
def client(proxy):
    with connected(proxy.port, autocommit=True) as client:
        yield client


def stored(admin):
    return [value for value, in rows(admin, 'SELECT v FROM t ORDER BY id')]


def met(call):
    """Return the SQLSTATE of the error that a call raises, '' where the connection broke; None: it raises none."""
    try:
        call()
    except psycopg.Error as error:
        return error.sqlstate or ''
    return None


def insert(connection, value):
    """Run a statement in the extended protocol."""
    return met(lambda: connection.execute('INSERT INTO t (v) VALUES (%s)', (str(value),)))


def insert_simply(connection, value):
    """Run the same in the simple protocol, by a text of its own."""
    return met(lambda: connection.execute(f"INSERT INTO t (v) VALUES ('{value}')"))


# -- exactly the drawn ones

@pytest.mark.parametrize('how', [insert, insert_simply], ids=['extended', 'simple'])
def test_exactly_the_drawn_statements_of_a_thousand_on_one_connection_fail(daemon, postgres_server, admin, how):
    drawn, name = entry('error', 10, kind='deadlock'), f'thousand-{how.__name__}'
    with between(daemon, name, postgres_server, 'postgres', [drawn]) as proxy:
        with connected(proxy.port, autocommit=True) as client:
            assert proxy.count('exchanges') == 1
            failed = [number for number in range(1000) if how(client, number) == '40P01']
        assert proxy.count('exchanges') == 1 + 1000
        assert [fault.exchange for fault in proxy.faults] == [2 + number for number in failed]
    assert [1 + number for number in failed] == failing(name, 'postgres', drawn, [False] + [True] * 1000)
    assert 80 < len(failed) < 120
    assert stored(admin) == [str(number) for number in range(1000) if number not in failed]


def pipelined(client, texts, sync_each):
    """Send statements in a pipeline, and one or many Syncs; return what each of them meets: its SQLSTATE, or its status."""
    raw, found = client.pgconn, []
    raw.nonblocking = 1
    raw.enter_pipeline_mode()
    for text in texts:
        raw.send_query_params(text.encode(), None)
        if sync_each:
            raw.pipeline_sync()
    if not sync_each:
        raw.pipeline_sync()
    while raw.flush():
        pass
    raw.nonblocking = 0
    while len(found) < len(texts) + (len(texts) if sync_each else 1):
        result = raw.get_result()
        if result is not None:
            state = result.error_field(psycopg.pq.DiagnosticField.SQLSTATE)
            found.append(state.decode() if state else ExecStatus(result.status).name)
    raw.exit_pipeline_mode()
    assert [status for status in found if status == 'PIPELINE_SYNC'] == ['PIPELINE_SYNC'] * (len(texts) if sync_each else 1)
    return [status for status in found if status != 'PIPELINE_SYNC']


def test_exactly_the_drawn_statements_of_a_pipeline_fail(daemon, postgres_server, admin):
    drawn, count = entry('error', 10, kind='serialization-failure'), 200
    with between(daemon, 'pipeline-postgres', postgres_server, 'postgres', [drawn]) as proxy:
        with connected(proxy.port, autocommit=True) as client:
            found = pipelined(client, [f"INSERT INTO t (v) VALUES ('{number}')" for number in range(count)], True)
            assert rows(client, 'SHOW server_version_num') != []
        failed = [number for number, status in enumerate(found) if status == '40001']
        assert len(proxy.faults) == len(failed)
    assert [1 + number for number in failed] == failing('pipeline-postgres', 'postgres', drawn, [False] + [True] * count)
    assert set(found) == {'COMMAND_OK', '40001'}
    assert len(failed) > 10
    assert stored(admin) == [str(number) for number in range(count) if number not in failed]


def test_statements_behind_one_that_fails_are_skipped_up_to_the_sync_and_those_before_it_are_undone(proxy, admin, client):
    proxy.meet(entry('transient', kind='deadlock', match="'c'"))
    texts = [f"INSERT INTO t (v) VALUES ('{value}')" for value in 'abcde']
    assert pipelined(client, texts, False) == ['COMMAND_OK', 'COMMAND_OK', '40P01', 'PIPELINE_ABORTED', 'PIPELINE_ABORTED']
    assert stored(admin) == []
    assert pipelined(client, texts, False) == ['COMMAND_OK'] * 5
    assert stored(admin) == list('abcde')
    assert [fault.request for fault in proxy.faults] == [texts[2]]


@pytest.mark.parametrize('mode', ['simple', 'extended', 'prepared'])
def test_pgbench_tries_failed_transactions_again_and_its_sums_are_right(daemon, postgres_server, admin, mode):
    command('pgbench', postgres_server.port, '-i', '-s', '1', '-q')
    flags = ('-n', '-c', '5', '-t', '40', '--max-tries=1000', '-M', mode)
    with between(daemon, f'pgbench-{mode}', postgres_server, 'postgres', [entry('error', 10, kind='serialization-failure',
                                                                               match='UPDATE|INSERT|^END')]) as proxy:
        printed = command('pgbench', proxy.port, *flags).decode()
        assert 'number of transactions actually processed: 200/200' in printed
        retries = int(re.search(r'total number of retries: (\d+)', printed)[1])
        assert retries == len(proxy.faults) > 50
        assert proxy.unread == []
    sums = [rows(admin, f'SELECT sum({column}) FROM {table}') for column, table in (
        ('abalance', 'pgbench_accounts'), ('tbalance', 'pgbench_tellers'), ('bbalance', 'pgbench_branches'),
        ('delta', 'pgbench_history'))]
    assert sums == [sums[0]] * 4
    assert rows(admin, 'SELECT count(*) FROM pgbench_history') == [(200,)]


def test_kind_that_no_one_has_chosen_is_one_that_fits(daemon, postgres_server):
    with between(daemon, 'any-postgres', postgres_server, 'postgres', [entry('error', match='^SELECT')]) as proxy:
        for _ in range(40):
            with connected(proxy.port) as client:
                assert met(lambda client=client: client.execute('SELECT 1')) is not None
        kinds = {fault.kind for fault in proxy.faults}
        assert len(proxy.faults) == 40
    assert kinds == {'admin-shutdown', 'crash-shutdown', 'serialization-failure', 'deadlock', 'recovery-conflict',
                     'lock-not-available', 'query-canceled', 'out-of-memory'}


# -- what is left behind

@pytest.mark.parametrize('how', [insert, insert_simply], ids=['extended', 'simple'])
def test_error_leaves_the_transaction_failed_at_both_ends(proxy, admin, how):
    proxy.meet(entry('transient', kind='lock-not-available', match='^INSERT', warmup=1))
    with connected(proxy.port) as client:
        assert [how(client, value) for value in 'abc'] == [None, '55P03', '25P02']
        assert client.info.transaction_status.name == 'INERROR'
        client.commit()     # which rolls back
        assert how(client, 'd') is None
        client.commit()
    assert stored(admin) == ['d']


def test_savepoint_outlives_the_error_behind_it(proxy, admin):
    proxy.meet(entry('transient', kind='deadlock', match='^INSERT', warmup=1))
    with connected(proxy.port) as client:
        insert(client, 'a')

        def within():
            with client.transaction():
                client.execute('INSERT INTO t (v) VALUES (%s)', ('b',))
        assert [met(within), met(within)] == ['40P01', None]
        client.commit()
    assert stored(admin) == ['a', 'b']


@pytest.mark.parametrize('how', [insert, insert_simply], ids=['extended', 'simple'])
def test_commit_that_fails_has_rolled_back(proxy, admin, how):
    proxy.meet(entry('transient', kind='serialization-failure', match='^COMMIT'))
    with connected(proxy.port) as client:
        how(client, 'a')
        assert met(client.commit) == '40001'
        assert client.info.transaction_status.name == 'IDLE'
        how(client, 'b')
        client.commit()
    assert stored(admin) == ['b']


def test_several_statements_of_one_request_fail_together(proxy, admin, client):
    proxy.meet(entry('transient', kind='deadlock', match='^BEGIN'))
    text = "BEGIN; INSERT INTO t (v) VALUES ('a'); INSERT INTO t (v) VALUES ('b'); COMMIT"
    assert met(lambda: client.execute(text)) == '40P01'
    assert client.info.transaction_status.name == 'INERROR'
    client.execute('ROLLBACK')
    client.execute(text)
    assert stored(admin) == ['a', 'b']


def test_prepared_statement_is_there_again_after_it_has_failed(proxy, admin):
    proxy.meet(entry('transient', kind='deadlock', match='^INSERT', warmup=1, agitate=2))
    with connected(proxy.port, autocommit=True, prepare_threshold=0) as client:
        assert [insert(client, value) for value in 'abcd'] == [None, '40P01', '40P01', None]
    assert stored(admin) == ['a', 'd']


def test_copy_that_fails_asks_for_no_rows(proxy, admin, client):
    def copy_in():
        with client.cursor().copy('COPY t (v) FROM STDIN') as copying:
            copying.write(b'a\nb\n')

    def copy_out():
        with client.cursor().copy('COPY t (v) TO STDOUT') as copying:
            return b''.join(copying)
    proxy.meet(entry('transient', kind='disk-full', match='^COPY t'))
    assert [met(copy_in), met(copy_in)] == ['53100', None]
    proxy.meet(entry('transient', kind='query-canceled', match='^COPY t .* TO'))
    assert met(copy_out) == '57014'
    assert copy_out() == b'a\nb\n'
    assert stored(admin) == ['a', 'b']


def test_large_statement_that_fails_is_swallowed(proxy, admin, client):
    proxy.meet(entry('transient', kind='out-of-memory', match='^INSERT', agitate=2))
    value = 'x' * (20 << 20)
    assert [insert(client, value), insert_simply(client, value), insert(client, 'y')] == ['53200', '53200', None]
    assert stored(admin) == ['y']


def test_error_that_waits_for_a_statement_that_writes_passes_the_others(proxy, admin, client):
    proxy.meet(entry('transient', kind='read-only'))
    assert rows(client, 'SELECT 1') == [(1,)]
    assert [insert(client, 'a'), insert(client, 'b')] == ['25006', None]
    assert [fault.request for fault in proxy.faults] == ['INSERT INTO t (v) VALUES ($1)']


@pytest.mark.parametrize('kind', ['admin-shutdown', 'crash-shutdown'])
def test_statement_that_ends_the_connection_does_not_arrive(proxy, admin, client, kind):
    proxy.meet(entry('error', kind=kind, match='^INSERT'))
    assert insert(client, 'a') in ('57P01', '')
    proxy.wait_for_sessions(0)
    assert (client.closed, stored(admin)) == (True, [])


def test_connections_are_refused_as_often_as_they_are_to_be(proxy):
    proxy.meet(entry('transient', kind='starting-up', agitate=2))

    def comes():
        with connected(proxy.port) as client:
            client.execute('SELECT 1')
    assert [met(comes) for _ in range(4)] == ['', '', None, None]


def test_client_that_sends_on_still_gets_the_last_words_of_its_connection(proxy):
    proxy.meet(entry('error', kind='starting-up'))
    with connect(proxy.port) as client:
        client.sendall(pg.startup(user='ann', database='shop'))
        eventually(lambda: proxy.faults, 'the refusal')
        for _ in range(3):
            client.sendall(pg.query('SELECT 1'))
            time.sleep(10 * MS)     # a reset would have come
        client.shutdown(socket.SHUT_WR)
        assert pg.fields(read_to_end(client))['C'] == '57P03'


# -- behaviors other than error

@pytest.mark.parametrize('before', [True, False], ids=['request', 'answer'])
def test_one_statement_of_a_pipeline_is_late_and_all_are_answered_in_order(proxy, admin, client, before):
    proxy.meet(entry('delay', sleep=60 * MS, before=before, match="'b'"))
    begun = time.monotonic()
    assert pipelined(client, [f"INSERT INTO t (v) VALUES ('{value}')" for value in 'abc'], True) == ['COMMAND_OK'] * 3
    assert time.monotonic() - begun >= 60 * MS
    assert stored(admin) == list('abc')
    assert len(proxy.faults) == 1


@pytest.mark.parametrize('before', [True, False], ids=['request', 'answer'])
def test_other_connections_go_on_while_one_waits(proxy, client, admin, before):
    proxy.meet(entry('delay', sleep=100 * PATIENCE, before=before, match="'late'"))
    waiting = threading.Thread(target=insert_simply, args=(client, 'late'))
    waiting.start()
    eventually(lambda: proxy.faults, 'the delay')
    with connected(proxy.port, autocommit=True) as other:
        assert insert(other, 'soon') is None
    expected = ['soon'] if before else ['late', 'soon']     # it is done, first or second, and its answer waits
    eventually(lambda: sorted(stored(admin)) == expected, 'what is stored')
    proxy.kill_sessions()
    waiting.join(PATIENCE)
    assert sorted(stored(admin)) == expected


def test_hang_never_answers_but_the_client_may_leave(proxy, admin, client):
    proxy.meet(entry('hang', match="'b'"))
    assert insert_simply(client, 'a') is None
    waiting = threading.Thread(target=insert_simply, args=(client, 'b'))
    waiting.start()
    eventually(lambda: proxy.faults, 'the hang')
    waiting.join(50 * MS)
    assert waiting.is_alive()
    proxy.kill_sessions()
    waiting.join(PATIENCE)
    assert stored(admin) == ['a']


@pytest.mark.parametrize('behavior, arrived', [('blackout', ['a']), ('abort', ['a', 'b'])])
def test_connection_ends_at_the_drawn_statement(proxy, admin, client, behavior, arrived):
    proxy.meet(entry(behavior, match="'b'"))
    assert [insert_simply(client, value) for value in 'ab'] == [None, '']
    proxy.wait_for_sessions(0)
    eventually(lambda: stored(admin) == arrived, 'the arrival of what was sent')


def test_injected_bytes_spoil_the_answer_to_a_statement_that_has_arrived(proxy, admin, client):
    proxy.meet(entry('error', inject=True, match="'b'"))
    assert insert_simply(client, 'a') is None
    with contextlib.suppress(psycopg.Error):
        insert_simply(client, 'b')
    assert [fault.kind for fault in proxy.faults] == ['inject']
    assert stored(admin) == ['a', 'b']


@pytest.mark.parametrize('fault', [entry('error', inject=True), entry('delay', sleep=100 * PATIENCE, before=False)],
                         ids=['inject', 'delay'])
def test_nothing_happens_to_the_response_that_a_skipped_statement_does_not_have(proxy, admin, client, fault):
    fault['settings']['match'] = "^INSERT"
    proxy.meet(fault)

    def pipeline():
        with client.pipeline():
            client.execute('SELEKT')
            client.execute('INSERT INTO t (v) VALUES (%s)', ('skipped',))
    assert met(pipeline) == '42601'
    assert rows(client, 'SELECT 1') == [(1,)]
    assert stored(admin) == []


# -- match

@pytest.mark.parametrize('how', [insert, insert_simply], ids=['extended', 'simple'])
def test_match_knows_no_case_and_what_does_not_match_is_not_counted(proxy, client, how):
    proxy.meet(entry('transient', kind='deadlock', match=r'insert INTO T', warmup=2, agitate=2))
    for _ in range(3):
        assert rows(client, 'SELECT 1') == [(1,)]
        assert rows(client, 'SELECT %s::int', 1) == [(1,)]
    assert [how(client, number) for number in range(5)] == [None, None, '40P01', '40P01', None]


def test_match_sees_the_text_of_a_prepared_statement_when_it_is_executed(proxy, admin):
    proxy.meet(entry('error', kind='deadlock', match='^insert'))
    with connected(proxy.port, autocommit=True, prepare_threshold=0) as client:
        assert [insert(client, 'a'), rows(client, 'SELECT %s::int', 1)] == ['40P01', [(1,)]]
        assert [fault.request for fault in proxy.faults] == ['INSERT INTO t (v) VALUES ($1)']
    assert stored(admin) == []
