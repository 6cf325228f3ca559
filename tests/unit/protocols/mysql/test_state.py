"""What a failure that vaurien makes leaves behind: the server gets what it needs so that both sides stay agreed."""
import pytest

from tests.support.framing import BACKEND
from tests.support.mysql_session import Session
from tests.support.mysql_talk import ATTRIBUTES, COLUMN, COMMON, EOF, OK, ask, execute, packet, prepared, query
from vaurien.protocols.message import Failure
from vaurien.protocols.mysql.calls import MAX_EXECUTION_BYTES, Statements

ROLLBACK = query(b'ROLLBACK')


# -- what the server has to know of it

@pytest.mark.parametrize('kind', ['lock-wait-timeout', 'read-only', 'query-interrupted', 'table-full', 'out-of-memory'])
def test_transaction_goes_on_without_the_query_that_failed(kind: str) -> None:
    session = Session()

    assert session.ask(query(b'INSERT INTO t VALUES (1)'), kind) == b''
    assert session.failure.end == ''


def test_deadlock_rolls_the_transaction_back_on_the_server_too() -> None:
    session = Session()

    assert session.ask(query(b'UPDATE t SET v = 1'), 'deadlock') == ROLLBACK
    assert session.waiting == ['UPDATE t SET v = 1']
    session.answer(OK)
    assert session.waiting == []
    session.ask(query(b'SELECT 1'))
    session.answer(b'\x01', COLUMN, EOF, EOF)
    assert session.waiting == []


def test_statement_that_was_not_prepared_is_not_the_last_one_either() -> None:
    session = Session()
    session.prepare(b'DELETE FROM t')

    assert session.ask(ask(0x16, b'SELECT 1'), 'too-many-statements') == ask(0x16, b'?')
    session.answer(b'\xff\x28\x04#42000You have an error')
    assert session.failure.reply == packet(1, b"\xff\xb5\x05#42000Can't create more than max_prepared_stmt_count statements "
                                              b'(current value: 16382)')
    assert session.waiting == []


def test_refused_change_of_user_forgets_all_but_the_user() -> None:
    session = Session()
    session.prepare(params=0)

    assert session.ask(ask(0x11, b'bob\0\0db\0'), 'access-denied') == ask(0x1F)
    session.answer(OK)
    assert session.failure == Failure(
        packet(1, b"\xff\x15\x04#28000Access denied for user 'bob'@'vaurien' (using password: YES)"), ask(0x1F))
    session.ask(execute(7))
    assert session.exchange.name == 'COM_STMT_EXECUTE 7'


@pytest.mark.parametrize('told', [False, True], ids=['not yet', 'told'])
def test_long_execution_of_the_last_statement_is_the_same_whether_its_parameters_are_known(told: bool) -> None:
    session = Session()
    session.ask(ask(0x16, b'INSERT INTO t VALUES (?)'))
    if told:
        session.answer(prepared(7, 0, 1), COLUMN, EOF)
    session.ask(execute(Statements.LAST, b'\0\1\xfc\0' + bytes(MAX_EXECUTION_BYTES)))
    assert not session.protocol.fits('deadlock', session.exchange)


@pytest.mark.parametrize('told', [False, True], ids=['not yet', 'told'])
def test_reset_connection_forgets_also_what_is_still_being_prepared(told: bool) -> None:
    session = Session()
    answer = prepared(7, 0, 0)
    session.ask(ask(0x16, b'SELECT 1'))
    if told:
        session.answer(answer)
    session.ask(ask(0x1F))
    session.answer(*[answer] * (not told), OK)
    session.ask(execute(7))
    assert session.exchange.name == 'COM_STMT_EXECUTE 7'


def test_unknown_statement_is_named() -> None:
    session = Session()
    session.prepare(params=0)

    session.ask(execute(7), 'unknown-statement')

    assert session.failure.reply == packet(1, b'\xff\xdb\x04#HY000Unknown prepared statement handler (7) given to '
                                              b'mysqld_stmt_execute')


# -- prepared statements whose execution did not reach the server

def test_types_that_were_withheld_come_with_the_next_execution() -> None:
    session = Session()
    session.prepare(params=2)

    assert session.ask(execute(7, b'\x00\x01\x08\x00\xfe\x00' + bytes(8) + b'\x01a'), 'lock-wait-timeout') == b''
    assert session.ask(execute(7, b'\x02\x00' + bytes(8))) == execute(7, b'\x02\x01\x08\x00\xfe\x00' + bytes(8))
    session.answer(OK)
    assert session.ask(execute(7, b'\x00\x00' + bytes(8) + b'\x01b')) == execute(
        7, b'\x00\x01\x08\x00\xfe\x00' + bytes(8) + b'\x01b')
    assert session.ask(query(b'SELECT 1')) == query(b'SELECT 1')


def test_types_that_the_client_sends_itself_are_left_alone() -> None:
    session = Session()
    session.prepare()
    session.ask(execute(7, b'\x00\x01\x08\x00' + bytes(8)), 'lock-wait-timeout')
    request = execute(7, b'\x00\x01\xfe\x00\x01a')

    assert session.ask(request) == request
    assert not session.protocol.editing


def test_types_are_withheld_until_they_pass() -> None:
    session = Session()
    session.prepare()
    session.ask(execute(7, b'\x00\x01\x08\x00' + bytes(8)), 'lock-wait-timeout')
    session.ask(execute(7, b'\x00\x00' + bytes(8)), 'query-interrupted')
    session.ask(execute(7, b'\x01\x01\xfe\x00'), 'lock-wait-timeout')

    assert session.ask(execute(7, b'\x00\x00\x01a')) == execute(7, b'\x00\x01\xfe\x00\x01a')


def test_execution_without_types_withholds_nothing() -> None:
    session = Session()
    session.prepare()
    session.ask(execute(7, b'\x00\x01\xfe\x00\x01a'))
    session.answer(OK)

    session.ask(execute(7, b'\x00\x00\x01a'), 'lock-wait-timeout')

    assert not session.protocol.editing


def test_statement_without_parameters_withholds_nothing() -> None:
    session = Session()
    session.prepare(params=0)

    session.ask(execute(7), 'lock-wait-timeout')

    assert not session.protocol.editing


@pytest.mark.parametrize('request_', [ask(0x19, b'\x07\0\0\0'), ask(0x1F), ask(0x11, b'bob\0')],
                         ids=['closed', 'reset', 'changed'])
def test_nothing_is_edited_once_the_statement_is_gone(request_: bytes) -> None:
    session = Session()
    session.prepare()
    session.ask(execute(7, b'\x00\x01\x08\x00' + bytes(8)), 'lock-wait-timeout')
    assert session.protocol.editing

    session.ask(request_)

    assert not session.protocol.editing


def test_last_statement_is_gone_once_it_is_closed_as_the_last_one() -> None:
    """MariaDB takes the id 0xFFFFFFFF for it everywhere."""
    session, last = Session(), b'\xff' * 4
    session.prepare()
    assert session.ask(execute(7, b'\x00\x01\xfd\x00\x01a'), 'query-interrupted') == b''
    assert session.protocol.editing
    session.ask(ask(0x19, last))
    assert (session.protocol.editing, session.protocol.statements.find(7)) == (False, None)
    session.ask(execute(0xFFFFFFFF))
    assert session.exchange.name == 'COM_STMT_EXECUTE 4294967295'


def test_statement_that_is_executed_before_its_preparation_is_answered_keeps_its_types() -> None:
    session = Session()
    session.ask(ask(0x16, b'INSERT INTO t VALUES (?)'))
    session.ask(execute(0xFFFFFFFF, b'\x00\x01\x08\x00' + bytes(8)), 'lock-wait-timeout')
    session.answer(prepared(7, 0, 1), COLUMN, EOF)

    assert session.ask(execute(7, b'\x00\x00' + bytes(8))) == execute(7, b'\x00\x01\x08\x00' + bytes(8))

    session.ask(ask(0x16, b'SELECT 1'))
    session.ask(ask(0x19, b'\x07\0\0\0'))
    assert not session.protocol.editing


def test_bulk_gets_types_that_were_withheld() -> None:
    session = Session()
    session.prepare()

    assert session.ask(ask(0xFA, b'\x07\0\0\0\x80\0\x08\x00\x00' + bytes(8)), 'lock-wait-timeout') == b''
    assert session.ask(ask(0xFA, b'\x07\0\0\0\x40\0\x00' + bytes(8))) == ask(0xFA, b'\x07\0\0\0\xc0\0\x08\x00\x00' + bytes(8))


def test_types_with_names_are_withheld_where_queries_have_attributes() -> None:
    session = Session(COMMON | ATTRIBUTES)
    session.prepare()

    session.ask(execute(7, b'\x02\x00\x01\x08\x00\x00\xfe\x00\x03who' + bytes(8) + b'\x02me', flags=8), 'lock-wait-timeout')

    assert session.ask(execute(7, b'\x02\x00\x00' + bytes(8) + b'\x02me', flags=8)) == execute(
        7, b'\x02\x00\x01\x08\x00\x00\xfe\x00\x03who' + bytes(8) + b'\x02me', flags=8)
    other = execute(7, b'\x01\x00\x00' + bytes(8), flags=8)
    assert session.ask(other) == other


def test_execution_that_would_not_fit_into_one_packet_is_left_alone() -> None:
    session = Session()
    session.prepare()
    session.ask(execute(7, b'\x00\x01\xfe\x00\x01a'), 'lock-wait-timeout')
    head = b'\xfe\xff\xff\x00' + execute(7, b'\x00\x00\xfe')[4:]

    assert session.ask(head) == head


def test_long_data_of_an_execution_that_failed_is_dropped() -> None:
    session = Session()
    session.prepare(params=0)
    session.ask(ask(0x18, b'\x07\0\0\0\0\0some'))

    assert session.ask(execute(7), 'lock-wait-timeout') == ask(0x1A, b'\x07\0\0\0')
    session.answer(OK)
    assert session.ask(execute(7), 'lock-wait-timeout') == b''
    assert session.waiting == []


def test_deadlock_with_a_cursor_or_long_data_is_rolled_back_and_dropped() -> None:
    session = Session()
    session.prepare(b'SELECT 1', params=0)

    assert session.ask(execute(7, flags=1), 'deadlock') == ROLLBACK + ask(0x1A, b'\x07\0\0\0')
    session.dialogue.feed(BACKEND, packet(1, OK))
    assert session.waiting == ['SELECT 1']
    session.dialogue.feed(BACKEND, packet(1, OK))
    assert session.waiting == []
    assert session.dialogue.messages[-1] == (BACKEND, 'SELECT 1', packet(1, OK) * 2)
