"""The failures that a Redis server has, in its own words (Redis 7.0), and where it has them. Knows no framer."""
from collections.abc import Callable
from typing import Final, NamedTuple

from ..base import Exchange
from ..message import Failure, FailureKind, half_reply, lost_reply
from .commands import BLOCKS, FRESH, GREETS, GROW, GUARDED, IDLE, KEYED, LOADED, LOGIN, MULTI_KEY, STORED, WATCHED, WRITE, slot
from .state import KEY, NOTHING, NULLS, Conversation

#: sent in place of a command in a transaction: a server that refuses a command while it queues marks the transaction as
#: failed, and replies EXECABORT to EXEC
UNKNOWN: Final = b'*1\r\n$7\r\nVAURIEN\r\n'
#: sent in place of EXEC: a server that refuses it drops what was queued, and watches nothing any more
DISCARD: Final = b'*1\r\n$7\r\nDISCARD\r\n'
ONE_REPLY: Final = 0, b'', '', 1     #: the note of a command that has one reply, with nothing special in it
NULL_REPLY: Final = 0, b'', NOTHING, 1

COMMAND: Final = ('command',)
QUEUED: Final = ('command', 'queued')
ANYWHERE: Final = ('command', 'queued', 'exec')
RUN: Final = ('command', 'exec')    #: a queued command has no effect of its own


class Row(NamedTuple):
    """One kind of failure.

    Args:
        needs: Bits of ``commands``, one of which a command must have; 0: any command.
        stages: See ``FailureKind``; ``queued`` is a command between MULTI and EXEC, ``exec`` the EXEC that runs it.
        category, scope: See ``FailureKind``.
        text: The line of the error; it may name the ``{command}``, the ``{slot}`` of its key, and the ``{backend}``.
        description: See ``FailureKind``.
        end: See ``Failure``.
    """

    needs: int
    stages: tuple[str, ...]
    category: str
    scope: str
    text: str
    description: str
    end: str = ''


ROWS: Final = {
    'loading': Row(LOADED, ANYWHERE, 'A', 'server',
                   'LOADING Redis is loading the dataset in memory',
                   'The server has just started and is still loading its data set.'),
    'busy': Row(IDLE, ANYWHERE, 'A', 'server',
                'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
                'A script has been running for too long, and nothing else is served meanwhile.'),
    'readonly': Row(WRITE, ANYWHERE, 'A', 'server',
                    "READONLY You can't write against a read only replica.",
                    'A write has reached a replica, as happens after a failover.'),
    'oom': Row(GROW, ANYWHERE, 'A', 'server',
               "OOM command not allowed when used memory > 'maxmemory'.",
               'The memory is full and nothing may be evicted; only commands that need no more memory are served.'),
    'masterdown': Row(FRESH, ANYWHERE, 'A', 'server',
                      "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
                      'A replica has lost its master and is configured not to serve stale data.'),
    'noreplicas': Row(WRITE, ANYWHERE, 'A', 'server',
                      'NOREPLICAS Not enough good replicas to write.',
                      'Too few replicas follow the master, which therefore takes no writes (min-replicas-to-write).'),
    'misconf': Row(WRITE, ANYWHERE, 'A', 'server',
                   "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. "
                   'Commands that may modify the data set are disabled, because this instance is configured to report '
                   'errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check '
                   'the Redis logs for details about the RDB error.',
                   'The server cannot save to disk, and takes no writes until it can.'),
    'clusterdown': Row(KEYED, QUEUED, 'A', 'server',
                       'CLUSTERDOWN The cluster is down',
                       'The cluster has lost too many nodes to serve any key.'),
    'tryagain': Row(MULTI_KEY, QUEUED, 'A', 'request',
                    'TRYAGAIN Multiple keys request during rehashing of slot',
                    'Only some of the keys of the command have moved to the node that takes over their slot.'),
    'crossslot': Row(MULTI_KEY, QUEUED, 'B', 'request',
                     "CROSSSLOT Keys in request don't hash to the same slot",
                     'The keys of the command belong to different slots of the cluster.'),
    'moved': Row(KEYED, QUEUED, 'A', 'request',
                 'MOVED {slot} {backend}',
                 'The slot of the key belongs to another node; the node named is the backend itself.'),
    'ask': Row(KEYED, QUEUED, 'A', 'request',
               'ASK {slot} {backend}',
               'The slot of the key is moving to another node, which is to be asked for this command only; the node named is the '
               'backend itself.'),
    'noauth': Row(GUARDED, COMMAND, 'B', 'server',
                  'NOAUTH Authentication required.',
                  'The client has not authenticated, or the server has been given a password since.'),
    'noperm': Row(GUARDED, QUEUED, 'B', 'request',
                  "NOPERM this user has no permissions to run the '{command}' command",
                  'The access list does not let this user run the command.'),
    'wrongpass': Row(LOGIN, COMMAND, 'B', 'server',
                     'WRONGPASS invalid username-password pair or user is disabled.',
                     'The password is refused, as happens after it was changed.'),
    'noproto': Row(GREETS, COMMAND, 'B', 'server',
                   'NOPROTO unsupported protocol version',
                   'The server does not speak the protocol version that the client asks for.'),
    'noscript': Row(STORED, COMMAND, 'A', 'request',
                    'NOSCRIPT No matching script. Please use EVAL.',
                    'The server has lost its scripts, as happens after a restart or a failover.'),
    'unblocked': Row(BLOCKS, COMMAND, 'A', 'request',
                     'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)',
                     'The server became a replica while a blocking command was waiting: it sends the error and closes the '
                     'connection.', 'close'),
}


def _refusal(row: Row) -> Callable[[Conversation, Exchange], Failure]:
    """Make the builder of an error line. A transaction on the backend fails with it."""
    def build(protocol: Conversation, exchange: Exchange) -> Failure:
        verb = exchange.name.split()
        line = row.text.format(command=verb[0].lower() if verb else '', slot=slot(exchange.note[KEY]),
                           backend=protocol.session.backend_name).encode()
        protocol.state.failed(exchange)
        exchange.note = ONE_REPLY
        if exchange.stage == 'exec':
            return Failure(b'-EXECABORT Transaction discarded because of: %b\r\n' % line, DISCARD)
        return Failure(b'-%b\r\n' % line, UNKNOWN if exchange.stage == 'queued' else b'', row.end)
    return build


def _aborted(protocol: Conversation, exchange: Exchange) -> Failure:
    protocol.state.failed(exchange)
    exchange.note = ONE_REPLY
    return Failure(b'-EXECABORT Transaction discarded because of previous errors.\r\n', DISCARD)


def _conflict(protocol: Conversation, exchange: Exchange) -> Failure:
    protocol.state.failed(exchange)
    exchange.note = NULL_REPLY
    return Failure(NULLS[protocol.state.resp3], DISCARD)


def _unsolicited(text: bytes) -> Callable[[Conversation, Exchange], Failure]:
    def build(protocol: Conversation, exchange: Exchange) -> Failure:
        return Failure(b'-%b\r\n' % text, end='close')
    return build


#: the first sentences; the server goes on with a page of advice
DENIED: Final = b'DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the ' \
    b'default user. In this mode connections are only accepted from the loopback interface.'

KINDS: Final = {
    **{name: FailureKind(row.description, row.stages, _refusal(row), (row.text.split()[0],), row.category, row.scope)
       for name, row in ROWS.items()},
    'execabort': FailureKind(
        'A command of the transaction was refused when it was queued; none of them is run.', ('exec',), _aborted,
        ('EXECABORT',), 'B'),
    'watch-conflict': FailureKind(
        'Another client has changed a watched key; the transaction is not run.', ('exec',), _conflict, category='A'),
    'max-clients': FailureKind(
        'The server has all the clients it may have: it sends an error at once and closes the connection.',
        ('connect',), _unsolicited(b'ERR max number of clients reached'), category='F', scope='server'),
    'protected-mode': FailureKind(
        'The server has no password and serves only its own machine: it sends an error at once and closes the connection.',
        ('connect',), _unsolicited(DENIED), ('DENIED',), 'F', 'server'),
    'lost-reply': lost_reply(RUN),
    'half-reply': half_reply(RUN),
}
#: the bits of which a command must have one for a kind; kinds not named here fit every command of their stages
NEEDS: Final = {**{name: row.needs for name, row in ROWS.items()}, 'watch-conflict': WATCHED}
