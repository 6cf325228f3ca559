"""How PostgreSQL fails: the table of kinds, the bytes of each, and what keeps the backend's state right meanwhile.

Knows no stream, no framer, and not how a failure is chosen. Texts, fields and lines are those of a live server, release 15.18;
a failure without a line has not been provoked there.
"""
from collections.abc import Callable

from ..base import Exchange
from ..halves import Half
from ..message import Failure, FailureKind, half_reply, lost_reply
from . import messages as wire
from .state import Conversation
from .statements import COMMIT, CONTROL, READ, WRITE
from .statements import read as read_statement

Build = Callable[[Conversation, Exchange], Failure]

DATA = (READ, WRITE, wire.CALL)
ANY_STATEMENT = (*DATA, COMMIT, CONTROL)

# -- stand-ins: what the backend gets in place of a statement that fails

#: The name of vaurien's own statement and portal; the client's unnamed ones must live on.
_OURS = b'vaurien'
#: No SQL, and so an error in every state of a transaction; the backend's log shows it.
_NO_SQL = b'vaurien injected a failure here'
_FAILING_QUERY = wire.query(_NO_SQL)
_FAILING_PARSE = wire.parse(_OURS, _NO_SQL)
#: Fails when it is run, and not before: all of a Query is parsed before its first statement is run.
_FAILING_LATER = b'SELECT 1/0'
#: A COMMIT that fails rolls back.
_ROLLBACK = wire.query(b'ROLLBACK')
_ROLLBACK_IN_GROUP = b''.join((wire.parse(_OURS, b'ROLLBACK'), wire.bind(_OURS, _OURS), wire.execute(_OURS),
                               wire.close_statement(_OURS), _FAILING_PARSE))


def failed(protocol: Conversation, exchange: Exchange, error: bytes) -> Failure:
    """Respond to a statement with an error, and let the backend fail a statement too where its state depends on that.

    It does in the extended protocol, where the backend must ignore all that comes before the next Sync; in a transaction; and
    where it is unknown whether there is one.
    """
    statement = read_statement(exchange.name)
    commits = statement.nature == COMMIT
    if exchange.note is wire.TO_EXECUTE:
        protocol.given_up = True
        if commits:
            exchange.note = wire.TO_ROLLBACK
        return Failure(error, _ROLLBACK_IN_GROUP if commits else _FAILING_PARSE)
    if commits:
        return Failure(error + wire.ready(wire.IDLE), _ROLLBACK)
    if statement.opening:
        stand_in = wire.query(statement.opening.encode() + _FAILING_LATER)
        return Failure(error + wire.ready(wire.IN_FAILED_BLOCK), stand_in)
    if protocol.idle(exchange):
        return Failure(error + wire.ready(wire.IDLE))
    return Failure(error + wire.ready(wire.IN_FAILED_BLOCK), _FAILING_QUERY)


def pushing(protocol: Conversation, exchange: Exchange, failure: Failure) -> Failure:
    """Let the backend get a statement that fails in place of a request of a group that would be replaced by nothing.

    In a group the server holds its responses back until a Sync or an error. What comes in place of this request would wait for
    those to the requests before it. After the error comes a Sync, as the client's will not: the server may have met an error
    before, and ignore all else.
    """
    if failure.request != b'' or not protocol.grouped:
        return failure
    exchange.note = wire.TO_EXECUTE
    return failure._replace(request=_FAILING_PARSE + wire.SYNC)


# -- builders

def error(state: str, text: str, **fields: str) -> Build:
    """Make the builder of an error after which the connection goes on; ``fields`` are those of ``report``."""
    reply = wire.report(b'E', 'ERROR', state, text, **fields)
    return lambda protocol, exchange: failed(protocol, exchange, reply)


def fatal(state: str, text: str, **fields: str) -> Build:
    """Make the builder of an error that ends the connection.

    Args:
        state: The SQLSTATE.
        text: The primary message, in which ``{user}`` and ``{database}`` stand for those of the start-up.
        fields: Those of ``report``.
    """
    def build(protocol: Conversation, exchange: Exchange) -> Failure:
        return Failure(wire.report(b'E', 'FATAL', state, text.format_map(protocol.login), **fields), end='close')
    return build


def refused(state: str, text: str, line: str) -> Build:
    """Make the builder of the error with which the postmaster refuses a connection for now."""
    return fatal(state, text, F='postmaster.c', L=line, R='ProcessStartupPacket')


def interrupted(state: str, text: str, line: str) -> Build:
    """Make the builder of an error that cancels a statement from outside."""
    return error(state, text, F='postgres.c', L=line, R='ProcessInterrupts')


def crash_shutdown(protocol: Conversation, exchange: Exchange) -> Failure:
    return Failure(_CRASH, end='close')


def read_only(protocol: Conversation, exchange: Exchange) -> Failure:
    text = f'cannot execute {read_statement(exchange.name).command} in a read-only transaction'
    return failed(protocol, exchange, wire.report(b'E', 'ERROR', '25006', text,
                                                  F='utility.c', L='414', R='PreventCommandIfReadOnly'))


def serialization_failure(protocol: Conversation, exchange: Exchange) -> Failure:
    return failed(protocol, exchange, _SERIALIZATION_FAILURES[read_statement(exchange.name).nature])


def _pivot(when: str, **where: str) -> bytes:
    text = 'could not serialize access due to read/write dependencies among transactions'
    return wire.report(b'E', 'ERROR', '40001', text, D=f'Reason code: Canceled on identification as a pivot, during {when}.',
                       H='The transaction might succeed if retried.', F='predicate.c', **where)


def lost(protocol: Conversation, exchange: Exchange) -> Failure:
    """Let the response get lost; in the extended protocol the group goes on to its Sync, and the connection ends there."""
    return _until_sync(protocol, exchange, Failure(request=None, end='reset'))


def halved(protocol: Conversation, exchange: Exchange) -> Failure:
    """Let half of the response pass, and end as ``lost`` does."""
    return _until_sync(protocol, exchange, Failure(request=None, end='close', half=Half()))


def _until_sync(protocol: Conversation, exchange: Exchange, failure: Failure) -> Failure:
    if exchange.note is not wire.TO_EXECUTE:
        return failure
    protocol.losing = exchange.behavior, failure.end
    return failure._replace(end='')


#: by the nature of the statement
_SERIALIZATION_FAILURES = {
    READ: _pivot('conflict out checking', R='CheckForSerializableConflictOut'),
    WRITE: wire.report(b'E', 'ERROR', '40001', 'could not serialize access due to concurrent update',
                       F='nodeModifyTable.c', L='2399', R='ExecUpdate'),
    COMMIT: _pivot('commit attempt', L='4879', R='PreCommit_CheckForSerializationFailure'),
}
_CRASH = wire.report(
    b'N', 'WARNING', '57P02', 'terminating connection because of crash of another server process',
    D='The postmaster has commanded this server process to roll back the current transaction and exit, because another server '
      'process exited abnormally and possibly corrupted shared memory.',
    H='In a moment you should be able to reconnect to the database and repeat your command.',
    F='postgres.c', L='2895', R='quickdie')

KINDS: dict[str, FailureKind] = {
    'too-many-connections': FailureKind(
        "All of ``max_connections`` are in use; a new connection is refused (FATAL 53300).", (wire.STARTUP,),
        fatal('53300', 'sorry, too many clients already', F='proc.c', L='357', R='InitProcess'), ('53300',), 'F', 'server'),
    'starting-up': FailureKind(
        "The server has just been started; a connection is refused (FATAL 57P03).", (wire.STARTUP,),
        refused('57P03', 'the database system is starting up', '2415'), ('57P03',), 'F', 'server'),
    'shutting-down': FailureKind(
        "The server is waiting for its last clients to leave; a connection is refused (FATAL 57P03).", (wire.STARTUP,),
        refused('57P03', 'the database system is shutting down', '2432'), ('57P03',), 'F', 'server'),
    'in-recovery': FailureKind(
        "The server is recovering from a crash; a connection is refused (FATAL 57P03).", (wire.STARTUP,),
        refused('57P03', 'the database system is in recovery mode', '2437'), ('57P03',), 'F', 'server'),
    'wrong-password': FailureKind(
        "The password is no longer the right one; a connection is refused (FATAL 28P01).", (wire.STARTUP,),
        fatal('28P01', 'password authentication failed for user "{user}"', F='auth.c', L='334', R='auth_failed'),
        ('28P01',), 'B', 'server'),
    'no-such-database': FailureKind(
        "The database was dropped or renamed; a connection is refused (FATAL 3D000).", (wire.STARTUP,),
        fatal('3D000', 'database "{database}" does not exist', F='postinit.c', L='948', R='InitPostgres'),
        ('3D000',), 'B', 'server'),
    'admin-shutdown': FailureKind(
        "The server shuts down, or an administrator ends the connection (FATAL 57P01).", ANY_STATEMENT,
        fatal('57P01', 'terminating connection due to administrator command',
              F='postgres.c', L='3211', R='ProcessInterrupts'), ('57P01',), 'A', 'server'),
    'crash-shutdown': FailureKind(
        "Another process of the server has crashed; the connection ends after a warning (57P02), without an error.",
        ANY_STATEMENT, crash_shutdown, ('57P02',), 'F', 'server'),
    'serialization-failure': FailureKind(
        "The result of two transactions is not that of one after the other; also found at COMMIT (40001).", (*DATA, COMMIT),
        serialization_failure, ('40001',), 'A'),
    'deadlock': FailureKind(
        "The statement and others waited for each other, and this one was chosen to fail (40P01).", DATA,
        error('40P01', 'deadlock detected', H='See server log for query details.',
              F='deadlock.c', L='1147', R='DeadLockReport'), ('40P01',), 'A'),
    'read-only': FailureKind(
        "The server has become a standby, or ``default_transaction_read_only`` is on: statements that write fail (25006).",
        (WRITE,), read_only, ('25006',), 'A', 'server'),
    'recovery-conflict': FailureKind(
        "A standby cannot wait any longer for the query before it replays the removal of its rows (40001).", (READ,),
        error('40001', 'canceling statement due to conflict with recovery', F='postgres.c', R='ProcessInterrupts',
              D='User query might have needed to see row versions that must be removed.'), ('40001',), 'A'),
    'lock-not-available': FailureKind(
        "The statement waited for a lock longer than ``lock_timeout`` (55P03).", (READ, WRITE),
        interrupted('55P03', 'canceling statement due to lock timeout', '3312'), ('55P03',), 'A'),
    'query-canceled': FailureKind(
        "The statement took longer than ``statement_timeout`` (57014).", DATA,
        interrupted('57014', 'canceling statement due to statement timeout', '3319'), ('57014',), 'A'),
    'disk-full': FailureKind(
        "There is no space left on the disk for a statement that writes (53100).", (WRITE,),
        error('53100', 'could not extend file "base/5/16384": No space left on device', H='Check free disk space.',
              F='md.c', L='486', R='mdextend'), ('53100',), 'A', 'server'),
    'out-of-memory': FailureKind(
        "The server's process gets no more memory (53200).", DATA,
        error('53200', 'out of memory', D='Failed on request of size 20 in memory context "ExecutorState".',
              F='mcxt.c', L='1143', R='palloc0'), ('53200',), 'A', 'server'),
    'lost-reply': lost_reply(ANY_STATEMENT, lost),
    'half-reply': half_reply(ANY_STATEMENT, build=halved),
}
