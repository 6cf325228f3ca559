"""The failures of MySQL: what the client reads, where each fits, and how the connection ends."""
import pytest

from tests.support.framing import BACKEND, CLIENT, replay
from tests.support.mysql_session import Session
from tests.support.mysql_talk import OF_MARIADB, OK, ask, execute, greeting, login, packet, query
from vaurien.protocols.base import Exchange
from vaurien.protocols.message import Failure
from vaurien.protocols.mysql import MySQL
from vaurien.protocols.mysql.commands import BY_CODE

NAME = 4096        #: more bytes than a name has


def fitting(session: Session) -> set[str]:
    return {kind for kind in MySQL.errors if session.protocol.fits(kind, session.exchange)}


# -- what the client reads

#: By kind: a request, and the response that MariaDB 10.11 gave to it. Hosts and numbers are those of vaurien.
SEEN = {
    'lock-wait-timeout': (b'UPDATE t SET v = 1', b'\xff\xb5\x04#HY000Lock wait timeout exceeded; try restarting transaction'),
    'deadlock': (b'UPDATE t SET v = 1', b'\xff\xbd\x04#40001Deadlock found when trying to get lock; try restarting transaction'),
    'read-only': (b'DELETE FROM t', b'\xff\x0a\x05#HY000The MariaDB server is running with the --read-only option so it cannot '
                                    b'execute this statement'),
    'query-interrupted': (b'SELECT 1', b'\xff\x25\x05#70100Query execution was interrupted'),
    'statement-timeout': (b'SELECT 1', b'\xff\xb1\x07#70100Query execution was interrupted (max_statement_time exceeded)'),
    'table-full': (b'INSERT INTO h SELECT 1', b"\xff\x5a\x04#HY000The table 'h' is full"),
    'command-denied': (b'SELECT * FROM `d`.`t`', b"\xff\x76\x04#42000SELECT command denied to user 'ann'@'vaurien' for table "
                                                 b"`d`.`t`"),
    'query-limit': (b'SELECT 1', b"\xff\xca\x04#42000User 'ann' has exceeded the 'max_queries_per_hour' resource (current "
                                 b"value: 1000)"),
    'packet-too-large': (b'SELECT 1', b"\xff\x81\x04#08S01Got a packet bigger than 'max_allowed_packet' bytes"),
    'server-shutdown': (b'SELECT 1', b'\xff\x1d\x04#08S01Server shutdown in progress'),
    'not-ready': (b'SELECT 1', b'\xff\x17\x04#08S01WSREP has not yet prepared node for application use'),
    'out-of-memory': (b'SELECT 1', b'\xff\x0d\x04#HY001Out of memory; restart server and try again (needed 65536 bytes)'),
    'disk-full': (b'INSERT INTO t VALUES (1)', b'\xff\xfd\x03#HY000Disk full (/tmp/#sql-temptable-1.MAI); waiting for someone '
                                               b'to free some space... (errno: 28 "No space left on device")'),
}
#: where MySQL 8.0 says something else
OF_MYSQL = {
    'read-only': b'\xff\x0a\x05#HY000The MySQL server is running with the --read-only option so it cannot execute this statement',
    'statement-timeout': b'\xff\xd0\x0b#HY000Query execution was interrupted, maximum statement execution time exceeded',
    'command-denied': b"\xff\x76\x04#42000SELECT command denied to user 'ann'@'vaurien' for table 't'",
    'query-limit': b"\xff\xca\x04#42000User 'ann' has exceeded the 'max_questions' resource (current value: 1000)",
    'disk-full': b'\xff\xfd\x03#HY000Disk full (/tmp/#sql-1); waiting for someone to free some space... (errno: 28 - No space '
                 b'left on device)',
}


@pytest.mark.parametrize('kind', SEEN)
def test_query_meets_the_words_of_the_server(kind: str) -> None:
    text, payload = SEEN[kind]
    session, other = Session(**OF_MARIADB), Session()

    session.ask(query(text), kind)
    other.ask(query(text), kind)

    assert session.failure.reply == packet(1, payload)
    numbers = {str(int.from_bytes(said[1:3], 'little')) for said in (payload, OF_MYSQL.get(kind, payload))}
    assert {code for code in MySQL.errors[kind].codes if len(code) == 4} == numbers
    assert other.failure.reply == packet(1, OF_MYSQL.get(kind, payload))


@pytest.mark.parametrize('kind', SEEN)
def test_prepared_statement_meets_the_same_as_a_query(kind: str) -> None:
    session = Session(**OF_MARIADB)
    session.prepare(SEEN[kind][0], params=0)

    session.ask(execute(7), kind)

    assert session.failure.reply == packet(1, SEEN[kind][1])


#: what a server says in place of its greeting: packet 0, no SQLSTATE
AT_THE_DOOR = {
    'too-many-connections': b'\xff\x10\x04Too many connections',
    'host-blocked': b"\xff\x69\x04Host 'vaurien' is blocked because of many connection errors; unblock with 'mariadb-admin "
                    b"flush-hosts'",
    'host-denied': b"\xff\x6a\x04Host 'vaurien' is not allowed to connect to this MariaDB server",
    'no-thread': b"\xff\x6f\x04Can't create a new thread (errno 11 \"Resource temporarily unavailable\"); if you are not out of "
                 b'available memory, you can consult the manual for a possible OS-dependent bug',
}


@pytest.mark.parametrize('kind', AT_THE_DOOR)
def test_connection_is_refused_before_the_greeting(kind: str) -> None:
    protocol, exchange = MySQL(), Exchange(b'connect', 'connect')

    assert protocol.fits(kind, exchange)
    assert protocol.errors[kind].build(protocol, exchange) == Failure(packet(0, AT_THE_DOOR[kind]), end='close')
    assert {name for name in MySQL.errors if protocol.fits(name, exchange)} - {'starttls-refused'} == set(AT_THE_DOOR)


#: what a server says in place of a login's success: packet 2
AT_LOGIN = {
    'access-denied': b"\xff\x15\x04#28000Access denied for user 'eve'@'vaurien' (using password: YES)",
    'user-limit': b"\xff\xb3\x04#42000User eve already has more than 'max_user_connections' active connections",
    'bad-handshake': b'\xff\x13\x04#08S01Bad handshake',
}


@pytest.mark.parametrize('kind', AT_LOGIN)
def test_login_is_refused(kind: str) -> None:
    dialogue = replay(MySQL, [(BACKEND, greeting()), (CLIENT, login(user=b'eve', database=b'shop'))])
    protocol, exchange = dialogue.protocol, dialogue.exchanges[0]

    assert protocol.errors[kind].build(protocol, exchange) == Failure(packet(2, AT_LOGIN[kind]), end='close')
    assert {name for name in MySQL.errors if protocol.fits(name, exchange)} == set(AT_LOGIN)


# -- where each fits

SELDOM = {'gone-away', 'lost-reply', 'half-reply', 'query-interrupted', 'out-of-memory', 'query-limit', 'packet-too-large',
          'server-shutdown'}
LOCKING = {'deadlock', 'lock-wait-timeout', 'not-ready', *SELDOM}
READING = {*LOCKING, 'statement-timeout', 'truncated'}
WRITING = {*LOCKING, 'read-only'}
GROWING = {*WRITING, 'disk-full', 'table-full'}
ALONE = {'gone-away', 'query-interrupted', 'out-of-memory', 'query-limit', 'packet-too-large', 'server-shutdown'}

#: requests, and the kinds that a real server may fail with
FITTING = {
    query(b'SELECT 1'): {*READING, 'command-denied'}, query(b'WITH x AS (SELECT 1) SELECT * FROM x'): READING,
    query(b'  (select 1) union (select 2)'): {*READING, 'command-denied'},
    query(b'INSERT INTO t VALUES (1)'): {*GROWING, 'command-denied'}, query(b'REPLACE t SELECT 1'): GROWING,
    query(b'/* who? */ # me\n-- yes\n update t set v = 1'): {*GROWING, 'command-denied'},
    query(b'/*!50003 CREATE TRIGGER x */'): GROWING, query(b'DELETE FROM t'): {*WRITING, 'command-denied'},
    query(b'DROP TABLE t'): WRITING, query(b'CREATE TABLE t (a INT)'): GROWING,
    query(b'create  temporary table t (a int)'): ALONE, query(b'LOCK TABLE t WRITE'): LOCKING,
    query(b'LOAD DATA LOCAL INFILE "a.csv" INTO TABLE t'): GROWING - {'lost-reply', 'half-reply'}, query(b'CALL p()'): LOCKING,
    query(b'COMMIT'): SELDOM, query(b'BEGIN'): SELDOM, query(b'SET autocommit = 0'): SELDOM, query(b'SHOW TABLES'): ALONE,
    query(b'-- nothing but a comment'): ALONE, query(b'/* /* /* /* '): ALONE, query(b''): ALONE,
    ask(0x0E): {'gone-away'}, ask(0x02, b'shop'): {'gone-away'}, ask(0x09): {'gone-away'},
    ask(0x11, b'bob\0'): {'gone-away', 'access-denied'}, ask(0x16, b'SELECT ?'): {
        'gone-away', 'packet-too-large', 'server-shutdown', 'too-many-statements'},
    ask(0x1C, b'\x07\0\0\0\x01\0\0\0'): {'gone-away', 'server-shutdown'}, execute(9): {'gone-away'}, ask(1): set(),
    ask(0x19, b'\x07\0\0\0'): set(), ask(0x18, b'\x07\0\0\0\0\0x'): set(),
    b'\xff\xff\xff\0\x03DELETE FROM t WHERE a IN (' + b'1,' * NAME: {'gone-away', 'packet-too-large'},
}


@pytest.mark.parametrize('request_', FITTING, ids=lambda request: repr(request[4:44]))
def test_kind_appears_only_where_the_server_has_it(request_: bytes) -> None:
    session = Session()
    session.ask(request_)

    assert fitting(session) == FITTING[request_]


def test_prepared_statement_may_fail_as_its_text_and_as_a_statement() -> None:
    session = Session()
    session.prepare(b'SELECT ?')
    session.ask(execute(7, b'\0\x00\x01a'))

    assert fitting(session) == {*READING, 'command-denied', 'unknown-statement', 'stale-statement'}


def test_every_stage_of_a_kind_is_one_that_requests_have() -> None:
    stages = {command.stage for command in BY_CODE.values()} | {
        'connect', 'negotiation', 'login', 'query', 'execute', 'prepare', 'large'}
    stages -= MySQL.undrawn - {'negotiation'}   # for which something is drawn where it is named

    assert {stage for kind in MySQL.errors.values() for stage in kind.stages} == stages


@pytest.mark.parametrize('kind', MySQL.errors)
def test_kind_is_described_in_whole_sentences(kind: str) -> None:
    assert MySQL.errors[kind].description.endswith('.')
    assert MySQL.errors[kind].description[0].isupper()


# -- what the connection does then

def test_shutdown_ends_the_connection_after_the_error() -> None:
    session = Session()

    assert session.ask(query(b'SELECT 1'), 'server-shutdown') == b''
    assert session.failure.end == 'close'


def test_nothing_is_said_by_a_server_that_is_gone() -> None:
    session = Session()

    assert session.ask(ask(0x0E), 'gone-away') == b''
    assert session.failure == Failure(end='close')


def test_lost_reply_lets_the_request_through_and_drops_its_response() -> None:
    session = Session()

    assert session.ask(query(b'COMMIT'), 'lost-reply') is None
    session.answer(OK)
    assert session.failure == Failure(request=None, end='close')
    assert session.waiting == []


@pytest.mark.parametrize('of, columns', [({}, b'\x01'), (OF_MARIADB, b'\x01\x01')])
def test_truncated_result_ends_in_the_middle_of_a_definition(of: dict[str, object], columns: bytes) -> None:
    session = Session(**of)

    session.ask(query(b'SELECT 1'), 'truncated')

    begun = packet(1, columns)
    assert session.failure.reply[:len(begun)] == begun
    assert 4 < len(session.failure.reply) - len(begun) < 4 + session.failure.reply[len(begun)]
    assert session.failure.end == 'close'


def test_request_of_two_packets_is_too_large_when_the_second_begins() -> None:
    session = Session()

    session.ask(b'\xff\xff\xff\0\x03SELECT ' + b'1' * NAME, 'packet-too-large')

    assert session.failure == Failure(packet(2, SEEN['packet-too-large'][1]), end='close')
