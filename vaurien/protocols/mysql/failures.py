"""How MySQL and MariaDB fail: the table of kinds and the packets of each. Knows no framer.

Codes, states, texts and sequence ids are those of MariaDB 10.11, and of MySQL 8.0 where it has others. The host that an
error names is ``vaurien``.
"""
import re
from collections.abc import Callable
from typing import NamedTuple

from ..base import Exchange
from ..message import Failure, FailureKind, half_reply
from .calls import ONE, Call, typed
from .commands import (
    ASKING,
    CHANGING_USER,
    COMMANDING,
    CONNECT,
    EXECUTING,
    FETCHING,
    LARGE,
    LOGGING_IN,
    PREPARING,
    STATEMENT,
)
from .packets import packet
from .state import Conversation

#: by stage, the sequence id of the packet with an error; 1 at all other stages: it follows a request of one packet
SEQUENCE_IDS = {CONNECT: 0, LOGGING_IN: 2, LARGE: 2}
#: the stages at which the server closes the connection after any error
CLOSING = (CONNECT, LOGGING_IN)

# stand-ins: what the backend gets in place of a request, so that its state is the one after the real failure
ROLLBACK = packet(0, b'\x03ROLLBACK')
NOTHING_PREPARED = packet(0, b'\x16?')      #: COM_STMT_PREPARE of a text that is no statement: it is refused
RESET_CONNECTION = packet(0, b'\x1f')       #: COM_RESET_CONNECTION: all but the user is forgotten
STMT_RESET = b'\x1a'                        #: COM_STMT_RESET, without the id: the statement's long data and cursor are forgotten

#: what may stand before a statement's verb; the text in ``/*! ... */`` is executed
BEFORE = re.compile(rb'\s+|[(;]|/\*M?!\d*|/\*.*?\*/|(?:--\s|#)[^\n]*\n?', re.DOTALL)
VERB = re.compile(rb'[a-z]+(?:\s+temporary\b)?', re.IGNORECASE)
#: where a statement names the first table that it is about, perhaps after the name of its database
TABLE = re.compile(rb'\b(?:from|into|update|table)\s+(?:`?([\w$]+)`?\.)?`?([\w$]+)', re.IGNORECASE)


class Words(NamedTuple):
    """The content of an ERR packet: its code, its SQLSTATE and its text, in which the fields of ``facts`` may stand."""

    code: int
    state: bytes
    text: bytes


def facts(protocol: Conversation, exchange: Exchange) -> dict[bytes, bytes]:
    """Return the values of the fields in the texts of errors."""
    text = exchange.name.encode()
    table = TABLE.search(text)
    database, name = table.groups() if table else (None, b't')
    call = exchange.note
    statement, = STATEMENT(call.head, 1) if isinstance(call, Call) and call.head else (0,)
    return {b'user': text.split(b' ')[-1] if exchange.stage == CHANGING_USER else protocol.login.user,
            b'verb': verb(exchange).upper(), b'table': name, b'database': database or protocol.login.database,
            b'statement': b'%d' % statement}


def verb(exchange: Exchange) -> bytes:
    """Return a statement's first word in lower case, together with a ``temporary`` that follows it."""
    text, at = exchange.name.encode(), 0
    while found := BEFORE.match(text, at):
        at = found.end()
    word = VERB.match(text, at)
    return b' '.join(word[0].lower().split()) if word else b''


def error(number: int, words: Words, known: dict[bytes, bytes]) -> bytes:
    """Make an ERR packet; the one that is sent in place of the greeting has no SQLSTATE."""
    state = b'#' + words.state if number else b''
    return packet(number, b'\xff' + words.code.to_bytes(2, 'little') + state + (words.text % known)[:512])


Builder = Callable[[Conversation, Exchange], Failure]


def refusal(words: Words, of_mysql: Words | None = None, end: str = '', rollback: bool = False) -> Builder:
    """Return a builder of errors.

    Args:
        words: The content of the error.
        of_mysql: The content of MySQL's error; None: the same.
        end: How the connection ends; empty: it goes on, unless any error ends it at this stage.
        rollback: The server rolls the transaction back.
    """
    def build(protocol: Conversation, exchange: Exchange) -> Failure:
        is_mysql = protocol.server is not None and not protocol.server.mariadb
        reply = error(SEQUENCE_IDS.get(exchange.stage, 1), is_mysql and of_mysql or words, facts(protocol, exchange))
        if end or exchange.stage in CLOSING:
            return Failure(reply, end=end or 'close')
        return Failure(reply, stand_in(protocol, exchange, rollback))
    return build


def stand_in(protocol: Conversation, exchange: Exchange, rollback: bool) -> bytes:
    """Return what the backend gets in place of a request, and let the exchange wait for the responses to that."""
    requests, call = [ROLLBACK] if rollback else [], exchange.note
    if exchange.stage == PREPARING:
        requests.append(NOTHING_PREPARED)
    elif exchange.stage == CHANGING_USER:
        requests.append(RESET_CONNECTION)
    elif exchange.stage == EXECUTING:
        if typed(call, protocol.attributes):
            call.statement.withheld = call.head
            protocol.review()
        if call.dirty:
            requests.append(packet(0, STMT_RESET + call.head[1:5]))
    for _ in requests:
        call = Call(ONE, then=None if call is exchange.note else call)
    exchange.note = call
    return b''.join(requests)


def gone(protocol: Conversation, exchange: Exchange) -> Failure:
    """Close without a byte."""
    return Failure(end='close')


def lost(protocol: Conversation, exchange: Exchange) -> Failure:
    """Let the request through, and close in place of its response."""
    return Failure(request=None, end='close')


def truncated(protocol: Conversation, exchange: Exchange) -> Failure:
    """Announce one column, and close in the middle of its definition."""
    columns = b'\x01\x01' if protocol.optional_metadata else b'\x01'
    return Failure(packet(1, columns) + packet(2, b'\x03def\x00\x00\x00\x011'.ljust(23, b'\0'))[:12], end='close')


WRITES = frozenset(b'insert update delete replace truncate load create alter drop rename grant revoke optimize repair'.split())
READS = frozenset(b'select with table'.split())
LOCKS = WRITES | READS | frozenset(b'call execute lock handler'.split())
GROWS = frozenset(b'insert replace load update alter create optimize'.split())
ALTERS = frozenset(b'begin start commit rollback savepoint release set do'.split())
#: the verbs of the statements that a kind fits; a kind that is not named here fits all statements. ``LOAD`` may make the
#: server wait for a file from the client, so that its response cannot get lost without the client's part
VERBS = {
    'lock-wait-timeout': LOCKS, 'deadlock': LOCKS, 'not-ready': LOCKS, 'read-only': WRITES, 'statement-timeout': READS,
    'disk-full': GROWS, 'table-full': GROWS, 'command-denied': frozenset(b'select insert update delete'.split()),
    'lost-reply': (LOCKS | ALTERS) - {b'load'}, 'half-reply': (LOCKS | ALTERS) - {b'load'}, 'truncated': READS,
}

STATEMENTS = (ASKING, EXECUTING)
QUERIES = (*STATEMENTS, PREPARING, FETCHING)

ERRORS = {
    'too-many-connections': FailureKind(
        "All of max_connections are in use: error 1040 in place of the greeting, then the connection closes.",
        (CONNECT,), refusal(Words(1040, b'08004', b"Too many connections")),
        ('1040', '08004'), 'F', 'server'),
    'host-blocked': FailureKind(
        "Too many connections of this host were interrupted (max_connect_errors): error 1129 in place of the greeting, then "
        "the connection closes.",
        (CONNECT,), refusal(Words(1129, b'HY000', b"Host 'vaurien' is blocked because of many connection errors; unblock "
                                                  b"with 'mariadb-admin flush-hosts'")),
        ('1129',), 'F', 'server'),
    'host-denied': FailureKind(
        "No user may log in from this host: error 1130 in place of the greeting, then the connection closes.",
        (CONNECT,), refusal(Words(1130, b'HY000', b"Host 'vaurien' is not allowed to connect to this MariaDB server")),
        ('1130',), 'F', 'server'),
    'no-thread': FailureKind(
        "The system gives the server no thread for the connection: error 1135 in place of the greeting, then the "
        "connection closes.",
        (CONNECT,), refusal(Words(1135, b'HY000', b"Can't create a new thread (errno 11 \"Resource temporarily unavailable\"); "
                                                  b"if you are not out of available memory, you can consult the manual for a "
                                                  b"possible OS-dependent bug")),
        ('1135',), 'F', 'server'),
    'access-denied': FailureKind(
        "The password is not, or no longer, the right one: error 1045; the connection closes, or goes on as it was after "
        "COM_CHANGE_USER.",
        (LOGGING_IN, CHANGING_USER), refusal(Words(1045, b'28000', b"Access denied for user '%(user)b'@'vaurien' (using "
                                                                   b"password: YES)")),
        ('1045', '28000'), 'B', 'server'),
    'user-limit': FailureKind(
        "The user has all the connections that a user may have: error 1203 in place of the login's success, then the connection "
        "closes.",
        (LOGGING_IN,), refusal(Words(1203, b'42000', b"User %(user)b already has more than 'max_user_connections' active "
                                                     b"connections")),
        ('1203', '42000'), 'F', 'server'),
    'bad-handshake': FailureKind(
        "The server cannot read the client's login: error 1043, then the connection closes.",
        (LOGGING_IN,), refusal(Words(1043, b'08S01', b"Bad handshake")),
        ('1043', '08S01'), 'F'),
    'lock-wait-timeout': FailureKind(
        "Another transaction holds a lock for longer than innodb_lock_wait_timeout: error 1205; the transaction goes on "
        "without the statement.",
        STATEMENTS, refusal(Words(1205, b'HY000', b"Lock wait timeout exceeded; try restarting transaction")),
        ('1205',), 'A'),
    'deadlock': FailureKind(
        "The transaction was the victim of a deadlock: error 1213; all of it is rolled back.",
        STATEMENTS, refusal(Words(1213, b'40001', b"Deadlock found when trying to get lock; try restarting transaction"),
                            rollback=True),
        ('1213', '40001'), 'A'),
    'read-only': FailureKind(
        "The server has become a replica, or has always been one: error 1290 for statements that write.",
        STATEMENTS, refusal(Words(1290, b'HY000', b"The MariaDB server is running with the --read-only option so it cannot "
                                                  b"execute this statement"),
                            Words(1290, b'HY000', b"The MySQL server is running with the --read-only option so it cannot "
                                                  b"execute this statement")),
        ('1290',), 'A', 'server'),
    'query-interrupted': FailureKind(
        "Another client has ended the query with KILL QUERY: error 1317.",
        STATEMENTS, refusal(Words(1317, b'70100', b"Query execution was interrupted")),
        ('1317', '70100'), 'A'),
    'statement-timeout': FailureKind(
        "A statement that reads has run longer than it may: error 1969 of MariaDB, 3024 of MySQL.",
        STATEMENTS, refusal(Words(1969, b'70100', b"Query execution was interrupted (max_statement_time exceeded)"),
                            Words(3024, b'HY000', b"Query execution was interrupted, maximum statement execution time "
                                                  b"exceeded")),
        ('1969', '3024', '70100'), 'A'),
    'disk-full': FailureKind(
        "There is no space left for temporary files: error 1021 for statements that need more.",
        STATEMENTS, refusal(Words(1021, b'HY000', b"Disk full (/tmp/#sql-temptable-1.MAI); waiting for someone to free some "
                                                  b"space... (errno: 28 \"No space left on device\")"),
                            Words(1021, b'HY000', b"Disk full (/tmp/#sql-1); waiting for someone to free some space... "
                                                  b"(errno: 28 - No space left on device)")),
        ('1021',), 'A', 'server'),
    'table-full': FailureKind(
        "There is no space left for a table: error 1114 for statements that make it grow.",
        STATEMENTS, refusal(Words(1114, b'HY000', b"The table '%(table)b' is full")),
        ('1114',), 'A', 'server'),
    'out-of-memory': FailureKind(
        "The server gets no memory for a statement: error 1037.",
        STATEMENTS, refusal(Words(1037, b'HY001', b"Out of memory; restart server and try again (needed 65536 bytes)")),
        ('1037', 'HY001'), 'A', 'server'),
    'command-denied': FailureKind(
        "The user has lost a privilege: error 1142 for SELECT, INSERT, UPDATE and DELETE.",
        STATEMENTS, refusal(Words(1142, b'42000', b"%(verb)b command denied to user '%(user)b'@'vaurien' for table "
                                                  b"`%(database)b`.`%(table)b`"),
                            Words(1142, b'42000', b"%(verb)b command denied to user '%(user)b'@'vaurien' for table "
                                                  b"'%(table)b'")),
        ('1142', '42000'), 'B'),
    'query-limit': FailureKind(
        "The user has sent as many queries as it may in an hour: error 1226.",
        STATEMENTS, refusal(Words(1226, b'42000', b"User '%(user)b' has exceeded the 'max_queries_per_hour' resource "
                                                  b"(current value: 1000)"),
                            Words(1226, b'42000', b"User '%(user)b' has exceeded the 'max_questions' resource (current "
                                                  b"value: 1000)")),
        ('1226', '42000'), 'A', 'server'),
    'not-ready': FailureKind(
        "The node has lost its cluster (Galera): error 1047 for statements about tables, until the node has joined again.",
        STATEMENTS, refusal(Words(1047, b'08S01', b"WSREP has not yet prepared node for application use")),
        ('1047', '08S01'), 'A', 'server'),
    'too-many-statements': FailureKind(
        "All of max_prepared_stmt_count are in use: error 1461 when a statement is prepared.",
        (PREPARING,), refusal(Words(1461, b'42000', b"Can't create more than max_prepared_stmt_count statements (current "
                                                    b"value: 16382)")),
        ('1461', '42000'), 'A', 'server'),
    'unknown-statement': FailureKind(
        "A proxy or pool has switched to another connection to the server: error 1243 when a prepared statement is executed.",
        (EXECUTING,), refusal(Words(1243, b'HY000', b"Unknown prepared statement handler (%(statement)b) given to "
                                                    b"mysqld_stmt_execute")),
        ('1243',), 'A'),
    'stale-statement': FailureKind(
        "A table has changed and the statement cannot follow: error 1615 when it is executed.",
        (EXECUTING,), refusal(Words(1615, b'HY000', b"Prepared statement needs to be re-prepared")),
        ('1615',), 'A'),
    'packet-too-large': FailureKind(
        "A request is larger than max_allowed_packet: error 1153, then the connection closes.",
        (*STATEMENTS, PREPARING, LARGE), refusal(Words(1153, b'08S01', b"Got a packet bigger than 'max_allowed_packet' "
                                                                       b"bytes"), end='close'),
        ('1153', '08S01'), 'B'),
    'server-shutdown': FailureKind(
        "The server is stopped while it works on the request: error 1053, then the connection closes.",
        QUERIES, refusal(Words(1053, b'08S01', b"Server shutdown in progress"), end='close'),
        ('1053', '08S01'), 'A', 'server'),
    'gone-away': FailureKind(
        "The connection was closed before the request arrived, by wait_timeout, KILL or a restart: it closes without a "
        "response, and the request does not reach the server.",
        (*QUERIES, COMMANDING, CHANGING_USER, LARGE), gone, category='F'),
    'lost-reply': FailureKind(
        "The connection breaks after the server has done what was asked: the request reaches it, its response is dropped, "
        "and the connection closes. The client cannot know whether its COMMIT succeeded.",
        STATEMENTS, lost, category='C'),
    'truncated': FailureKind(
        "The server dies while it responds to a statement that reads: the connection closes in the middle of the result.",
        STATEMENTS, truncated, category='E'),
    'half-reply': half_reply(STATEMENTS),
}
