"""MySQL by conversation: who sent what, in every slicing; logins; real conversations."""
from typing import Any

import pytest

from tests.corpus import conversations
from tests.support.framing import BACKEND, CLIENT, Message, Turn, replay, same_in_every_slicing
from tests.support.mysql_talk import (
    ATTRIBUTES,
    COLUMN,
    COMMON,
    DEPRECATE_EOF,
    EOF,
    ERR,
    MORE,
    OF_MARIADB,
    OK,
    OK_AT_END,
    OPTIONAL_METADATA,
    ask,
    execute,
    greeting,
    login,
    opened,
    packet,
    packets,
    prepared,
    query,
    status,
)
from vaurien.protocols import Protocol
from vaurien.protocols.mysql import MySQL

#: a message: the sender, the request it belongs to, its bytes. None: no request asked for it. ...: the server goes on later
Line = tuple[str, Any, bytes]


def says(name: str, request: bytes, *payloads: bytes) -> list[Line]:
    """A request, and its response if it has one."""
    return [(CLIENT, name, request)] + ([(BACKEND, name, packets(*payloads))] if payloads else [])


SELECT = says('SELECT 1', query(b'SELECT 1'), b'\x01', COLUMN, EOF, b'\x011', EOF)
CHAIN = (b'\x01', COLUMN, status(EOF, MORE), b'\x011', status(EOF, MORE), status(OK, MORE), b'\x02', COLUMN, COLUMN, EOF,
         b'\xfb\xfb', EOF)

#: By what the two have agreed on: conversations after the login, each message on a line of its own.
CONVERSATIONS: dict[str, tuple[int, list[Line]]] = {
    'queries': (COMMON, [
        *SELECT, *says('SET x', query(b'SET x'), OK), *says('selec', query(b'selec'), ERR), *SELECT,
        *says('INSERT', query(b'INSERT'), b'\x00\xfd\x00\x00\x01\xfc\x00\x01\x02\x00\x00\x00Records: 65536')]),
    'rows of all sorts': (COMMON, says(
        'SELECT', query(b'SELECT'), b'\x02', COLUMN, COLUMN, EOF, b'\xfb\x01a', b'\x00\x00', b'\xfc\x04\x01' + b'\xff' * 260
        + b'\x00', b'\xfd\x00\x00\x01' + b'\xfe' * 65536 + b'\x00', EOF)),
    'no row': (COMMON, says('SELECT', query(b'SELECT'), b'\x01', COLUMN, EOF, EOF)),
    'many columns': (COMMON, says('SELECT', query(b'SELECT'), b'\xfc\x2c\x01', *[COLUMN] * 300, EOF, EOF)),
    'an error among the rows': (COMMON, says('SELECT', query(b'SELECT'), b'\x01', COLUMN, EOF, b'\x011', ERR) + SELECT),
    'an error in place of a definition': (COMMON, says('S', query(b'S'), b'\x02', COLUMN, ERR) + SELECT),
    'several results': (COMMON, says('CALL p', query(b'CALL p'), *CHAIN) + SELECT),
    'an error in a chain': (COMMON, says('CALL p', query(b'CALL p'), status(OK, MORE), ERR) + SELECT),
    'without EOF behind columns': (COMMON | DEPRECATE_EOF, [
        *says('SELECT 1', query(b'SELECT 1'), b'\x01', COLUMN, b'\x011', OK_AT_END),
        *says('SELECT 2', query(b'SELECT 2'), b'\x01', COLUMN, status(OK_AT_END, MORE), b'\x01', COLUMN,
              b'\xfe\x00\x00\x02\x00\x00\x00' + b'session state' * 9),
        *says('COM_FIELD_LIST t', ask(4, b't\0%'), COLUMN, COLUMN, OK_AT_END),
        *says('COM_STMT_PREPARE ?', ask(0x16, b'?'), prepared(1, 1, 1), COLUMN, COLUMN),
        *says('?', execute(1, b'\0\x01\x08\0' + bytes(8), flags=1), b'\x01', COLUMN, status(OK_AT_END, 0x40)),
        *says('COM_STMT_FETCH 1', ask(0x1C, b'\x01\0\0\0\x01\0\0\0'), b'\x00\x00\x01', status(OK_AT_END, 0x80))]),
    'prepared statements': (COMMON, [
        *says('COM_STMT_PREPARE SELECT ?', ask(0x16, b'SELECT ?'), prepared(5, 1, 1), COLUMN, EOF, COLUMN, EOF),
        *says('COM_STMT_PREPARE DO 1', ask(0x16, b'DO 1'), prepared(6, 0, 0)),
        *says('COM_STMT_PREPARE selec', ask(0x16, b'selec'), ERR),
        *says('COM_STMT_SEND_LONG_DATA 5', ask(0x18, b'\x05\0\0\0\0\0some')),
        *says('SELECT ?', execute(5, b'\0\x01\xfd\0'), b'\x01', COLUMN, EOF, b'\x00\x00\x04some', EOF),
        *says('SELECT ?', execute(5, b'\0\x00\x01a', flags=1), b'\x01', COLUMN, status(EOF, 0x40)),
        *says('COM_STMT_FETCH 5', ask(0x1C, b'\x05\0\0\0\x01\0\0\0'), b'\x00\x00\x01a', status(EOF, 0x80)),
        *says('COM_STMT_FETCH 5', ask(0x1C, b'\x05\0\0\0\x01\0\0\0'), b'\x00\x00\x01b', status(EOF, MORE)),
        *says('COM_STMT_FETCH 5', ask(0x1C, b'\x05\0\0\0\x01\0\0\0'), ERR),
        *says('COM_STMT_RESET 5', ask(0x1A, b'\x05\0\0\0'), OK),
        *says('COM_STMT_CLOSE 5', ask(0x19, b'\x05\0\0\0')),
        *says('DO 1', execute(6), OK),
        *says('COM_STMT_EXECUTE 5', execute(5, b'\0\x01\xfd\0'), ERR),
        *says('COM_RESET_CONNECTION', ask(0x1F), OK),
        *says('COM_STMT_EXECUTE 6', execute(6), ERR),
        *says('COM_QUIT', ask(1))]),
    'a cursor only where one was opened': (COMMON, says(
        'SELECT 1', query(b'SELECT 1'), b'\x01', COLUMN, status(EOF, 0x40), b'\x011', EOF)),
    'other commands': (COMMON, [
        *says('COM_INIT_DB shop', ask(2, b'shop'), OK), *says('COM_PING', ask(0x0E), OK),
        *says('COM_STATISTICS', ask(9), b'Uptime: 80  Threads: 1'), *says('COM_DEBUG', ask(0x0D), EOF),
        *says('COM_SET_OPTION', ask(0x1B, b'\0\0'), EOF), *says('COM_PROCESS_KILL', ask(0x0C, b'\x07\0\0\0'), ERR),
        *says('COM_PROCESS_INFO', ask(0x0A), b'\x01', COLUMN, EOF, b'\x011', EOF),
        *says('COM_FIELD_LIST t', ask(4, b't\0%'), COLUMN + b'\x010', COLUMN + b'\xfb', EOF),
        *says('COM_FIELD_LIST no', ask(4, b'no\0%'), ERR), *says('COM_REFRESH', ask(7, b'\x01'), OK),
        *says('COM_REGISTER_SLAVE', ask(0x15, bytes(17)), OK), *says('', packet(0, b''), ERR)]),
    'a pipeline': (COMMON, [
        SELECT[0], (CLIENT, 'COM_PING', ask(0x0E)), (CLIENT, 'COM_STMT_CLOSE 9', ask(0x19, b'\x09\0\0\0')),
        (CLIENT, 'SET x', query(b'SET x')), SELECT[1], (BACKEND, 'COM_PING', packet(1, OK)),
        (BACKEND, 'SET x', packet(1, ERR))]),
    'prepared and executed in one breath': (COMMON, [
        (CLIENT, 'COM_STMT_PREPARE DO ?', ask(0x16, b'DO ?')), (CLIENT, 'DO ?', execute(0xFFFFFFFF, b'\0\x01\x01\0\x07')),
        (BACKEND, 'COM_STMT_PREPARE DO ?', packets(prepared(1, 0, 1), COLUMN, EOF)), (BACKEND, 'DO ?', packet(1, OK)),
        *says('DO ?', execute(1, b'\0\x00\x08'), OK)]),
    'bulk': (COMMON, [
        *says('COM_STMT_PREPARE INSERT ?', ask(0x16, b'INSERT ?'), prepared(1, 0, 1), COLUMN, EOF),
        *says('INSERT ?', ask(0xFA, b'\x01\0\0\0\x80\0\x01\0\0\x01\0\x02'), OK),
        *says('COM_STMT_BULK_EXECUTE 2', ask(0xFA, b'\x02\0\0\0\x80\0\x01\0\0\x01\0\x02'), ERR)]),
    'LOAD DATA LOCAL': (COMMON, [
        (CLIENT, 'LOAD', query(b'LOAD')), (BACKEND, ..., packet(1, b'\xfba.csv')), (CLIENT, None, packet(2, b'1,2\n')),
        (CLIENT, None, packet(3, b'3,4\n' * 99)), (CLIENT, None, packet(4, b'')), (BACKEND, 'LOAD', packet(5, OK)), *SELECT,
        (CLIENT, 'LOAD', query(b'LOAD')), (BACKEND, ..., packet(1, b'\xfbno.csv')), (CLIENT, None, packet(2, b'')),
        (BACKEND, 'LOAD', packet(3, ERR)), *SELECT,
        (CLIENT, 'x; LOAD', query(b'x; LOAD')), (BACKEND, ..., packets(status(OK, MORE), b'\xfba.csv')),
        (CLIENT, None, packet(3, b'1,2\n')), (CLIENT, None, packet(4, b'')), (BACKEND, 'x; LOAD', packet(5, OK)), *SELECT]),
    'the number of packets of a file comes round to 0': (COMMON, [
        (CLIENT, 'LOAD', query(b'LOAD')), (BACKEND, ..., packet(1, b'\xfba.csv')),
        *((CLIENT, None, packet(2 + i, b'\x03x')) for i in range(300)), (CLIENT, None, packet(302, b'')),
        (BACKEND, 'LOAD', packet(303, OK)), *SELECT]),
    'COM_CHANGE_USER': (COMMON, [
        *says('COM_STMT_PREPARE DO 1', ask(0x16, b'DO 1'), prepared(6, 0, 0)),
        (CLIENT, 'COM_CHANGE_USER bob', ask(0x11, b'bob\0\x00db\0')),
        (BACKEND, ..., packet(1, b'\xfemysql_native_password\0' + b'.' * 20)), (CLIENT, None, packet(2, b'.' * 20)),
        (BACKEND, 'COM_CHANGE_USER bob', packet(3, OK)),
        *says('COM_STMT_EXECUTE 6', execute(6), ERR),
        *says('COM_CHANGE_USER eve', ask(0x11, b'eve\0\x00db\0'), ERR), *SELECT]),
    'columns that are not defined again': (COMMON | DEPRECATE_EOF | OPTIONAL_METADATA, [
        *says('SELECT 1', query(b'SELECT 1'), b'\x01\x01', COLUMN, b'\x011', OK_AT_END),
        *says('SELECT 2', query(b'SELECT 2'), b'\x01\x00', b'\x012', OK_AT_END),
        *says('COM_STMT_PREPARE ?', ask(0x16, b'?'), prepared(1, 1, 1) + b'\x00'),
        *says('COM_STMT_PREPARE ??', ask(0x16, b'??'), prepared(2, 1, 1) + b'\x01', COLUMN, COLUMN),
        *says('?', execute(1, b'\0\x01\x08\0' + bytes(8)), b'\x01\x00', OK_AT_END)]),
    'query attributes': (COMMON | ATTRIBUTES, [
        *says('SELECT 1', query(b'\x00\x01SELECT 1'), *(b'\x01', COLUMN, EOF, b'\x011', EOF)),
        *says('DO 1', query(b'\x03\x01' b'\x02' b'\x01' b'\x03\x00\x01a' b'\xfe\x00\x02bc' b'\xfd\x00\x00'
                            b'\x07\x00\x00\x00' b'\x03abc' b'DO 1'), OK),
        *says('COM_QUERY', query(b'\x01\x01\x00\x01\xfe\x00\x01a\xfe'), ERR)]),
    'reports of progress': (COMMON, says(
        'ALTER', query(b'ALTER'), b'\xff\xff\xff\x01\x01\x02\xf3\x01\x00\x04copy',
        b'\xff\xff\xff\x01\x02\x02\x00\x00\x00\x04sort', OK) + SELECT),
    'good-bye': (COMMON, [*SELECT, (BACKEND, None, packet(0, b'\xff\xbf\x0f#HY000The client was disconnected'))]),
}


def messages(lines: list[Line]) -> list[Message]:
    """The messages of a conversation, with what was said in several turns put together."""
    found, begun = [], b''
    for sender, name, data in lines:
        if name is ...:
            begun += data
        else:
            found.append(Message(sender, name, begun + data if sender == BACKEND else data))
            begun = b'' if sender == BACKEND else begun
    return found


def turns(lines: list[Line]) -> list[Turn]:
    return [(sender, data) for sender, _, data in lines]


@pytest.mark.parametrize('case', CONVERSATIONS)
def test_conversation_gives_the_same_messages_in_every_slicing(case: str) -> None:
    capabilities, lines = CONVERSATIONS[case]
    dialogue = same_in_every_slicing(MySQL, opened(capabilities) + turns(lines))

    assert dialogue.messages[:3] == [
        (BACKEND, None, greeting()), (CLIENT, 'login ann', login(capabilities)), (BACKEND, 'login ann', packet(2, OK))]
    assert dialogue.messages[3:] == messages(lines)
    assert dialogue.tail == {CLIENT: b'', BACKEND: b''}
    assert dialogue.opaque == {CLIENT: '', BACKEND: ''}
    assert not dialogue.protocol.queue


# -- logins

SALT = b'.' * 20 + b'\0'
LENENC = 1 << 21
KEY = b'-----BEGIN PUBLIC KEY-----\n' + b'x' * 400

LOGINS: dict[str, list[Line]] = {
    'a fast one': [
        (CLIENT, 'login ann', login()), (BACKEND, 'login ann', packets(b'\x01\x03', OK, first=2))],
    'one with a key of the server': [
        (CLIENT, 'login ann', login()), (BACKEND, ..., packet(2, b'\x01\x04')), (CLIENT, None, packet(3, b'\x02')),
        (BACKEND, ..., packet(4, b'\x01' + KEY)), (CLIENT, None, packet(5, bytes(256))),
        (BACKEND, 'login ann', packet(6, OK))],
    'one with another plugin': [
        (CLIENT, 'login ann', login()), (BACKEND, ..., packet(2, b'\xfeed25519\0' + SALT)), (CLIENT, None, packet(3, bytes(64))),
        (BACKEND, 'login ann', packet(4, OK))],
    'one that asks as of old': [
        (CLIENT, 'login ann', login()), (BACKEND, ..., packet(2, b'\xfe')), (CLIENT, None, packet(3, b'********\0')),
        (BACKEND, 'login ann', packet(4, OK))],
    'one with nothing to say': [
        (CLIENT, 'login ann', login()), (BACKEND, ..., packet(2, b'\xfedialog\0\x02Password:')), (CLIENT, None, packet(3, b'')),
        (BACKEND, 'login ann', packet(4, ERR))],
    'one of two factors': [
        (CLIENT, 'login ann', login()), (BACKEND, ..., packets(b'\x01\x03', b'\x02webauthn\0' + SALT, first=2)),
        (CLIENT, None, packet(4, bytes(70000))), (BACKEND, 'login ann', packet(5, OK))],
    'a refused one': [(CLIENT, 'login eve', login(user=b'eve')), (BACKEND, 'login eve', packet(2, ERR))],
    'one with a database': [
        (CLIENT, 'login ann shop', login(database=b'shop')), (BACKEND, 'login ann shop', packet(2, OK))],
    'one whose answer has a length before it': [
        (CLIENT, 'login ann shop', login(COMMON | LENENC, database=b'shop')), (BACKEND, 'login ann shop', packet(2, OK))],
    'one whose answer ends with NUL': [
        (CLIENT, 'login ann shop', login(COMMON & ~(1 << 15), database=b'shop')), (BACKEND, 'login ann shop', packet(2, OK))],
    'one without a name': [(CLIENT, 'login', login(user=b'')), (BACKEND, 'login', packet(2, OK))],
    'one that is cut short': [
        (CLIENT, 'login ann', packet(1, login(COMMON | LENENC | 8)[4:39])), (BACKEND, 'login ann', packet(2, ERR))],
}


@pytest.mark.parametrize('case', LOGINS)
def test_login_belongs_to_one_request(case: str) -> None:
    dialogue = same_in_every_slicing(MySQL, [(BACKEND, greeting()), *turns(LOGINS[case]), *turns(SELECT)])

    assert dialogue.messages == [(BACKEND, None, greeting()), *messages(LOGINS[case] + SELECT)]
    assert dialogue.opaque == {CLIENT: '', BACKEND: ''}


def test_server_may_refuse_in_place_of_the_greeting() -> None:
    refused = packet(0, b'\xff\x10\x04Too many connections')

    assert same_in_every_slicing(MySQL, [(BACKEND, refused)]).messages == [(BACKEND, None, refused)]


def test_mariadb_and_what_it_can_is_known_by_its_greeting() -> None:
    dialogue = replay(MySQL, opened(**OF_MARIADB))
    protocol = dialogue.protocol

    assert protocol.server.mariadb
    assert protocol.login.capabilities >> 32 == 1 << 4
    assert (protocol.deprecates_eof, protocol.optional_metadata, protocol.attributes) == (False, True, False)
    assert not replay(MySQL, opened()).protocol.server.mariadb


def test_columns_that_mariadb_does_not_define_again_have_an_eof_after_them() -> None:
    lines = [*says('COM_STMT_PREPARE ?', ask(0x16, b'?'), prepared(1, 1, 1), COLUMN, EOF, COLUMN, EOF),
             *says('?', execute(1, b'\0\x01\x08\0' + bytes(8)), b'\x01\x00', EOF, b'\x00\x00\x01', EOF),
             *says('?', execute(1, b'\0\x00' + bytes(8)), b'\x01\x01', COLUMN, EOF, b'\x00\x00\x01', EOF)]

    assert same_in_every_slicing(MySQL, opened(**OF_MARIADB) + turns(lines)).messages[3:] == messages(lines)


# -- real conversations

#: what is relayed unread at the end, and why
UNREAD = {'pymysql-tls': 'TLS', 'mariadb-cli-compressed': 'compressed', 'binlog-dump': '0x12',
          'raw-out-of-order': 'has not begun'}
#: a request that is never answered: the server was gone
UNANSWERED = {'pymysql-killed-while-idle'}
RECORDED = conversations('mysql')


@pytest.mark.parametrize('case', RECORDED)
def test_real_conversation_is_followed(case: str) -> None:
    dialogue = same_in_every_slicing(MySQL, RECORDED[case])

    assert all(UNREAD.get(case, '') in why for why in dialogue.opaque.values())
    assert any(dialogue.opaque.values()) == (case in UNREAD)
    assert [exchange.name for exchange in dialogue.protocol.queue] == ['select 1'] * (case in UNANSWERED)
    asked = [exchange.name for exchange in dialogue.exchanges if exchange.expects]
    answers = [message.name for message in dialogue.messages if message.sender == BACKEND and message.name is not None]
    assert asked == answers + ['select 1'] * (case in UNANSWERED)


def test_names_of_a_real_conversation() -> None:
    names = [exchange.name for exchange in replay(MySQL, RECORDED['libmariadb-prepared']).exchanges]

    assert names[0] == 'login u d'
    assert names[1:9] == ['COM_STMT_PREPARE select id, v from t where id >= ?', *['select id, v from t where id >= ?'] * 3,
                          'COM_STMT_CLOSE 1', 'COM_STMT_PREPARE select id, v from t', 'select id, v from t', 'COM_STMT_FETCH 2']
    assert names[-3:] == ['call p(?, ?)', 'COM_STMT_CLOSE 4', 'COM_QUIT']


# -- the protocol

def test_it_is_registered() -> None:
    assert Protocol.get('mysql') is MySQL


def test_connection_that_somebody_logged_in_on_is_not_reused() -> None:
    assert not replay(MySQL, opened()).protocol.reusable()
