"""The commands of the MySQL protocol: their names, what they change, and what their responses look like.

Most of them are rows of a table; those that are named by more than that have a function. Knows no framer.
"""
from collections.abc import Callable
from struct import Struct
from typing import NamedTuple

from ...errors import ProtocolError
from ..base import Exchange
from ..message import MAX_NAME_BYTES
from .calls import (
    BULK_EXECUTE,
    CURSOR,
    EXECUTE,
    LOGIN,
    MAX_EXECUTION_BYTES,
    ONE,
    PREPARED,
    RESULT,
    ROWS,
    Call,
    Statement,
    Statements,
    typed,
)
from .packets import number, text
from .state import Conversation

# the stages of an exchange, besides the opening of the connection
CONNECT, LOGGING_IN, CHANGING_USER, ASKING, EXECUTING, PREPARING, FETCHING, COMMANDING = \
    'connect', 'login', 'change-user', 'query', 'execute', 'prepare', 'fetch', 'command'
NEGOTIATION = 'negotiation' #: the client asks for TLS
UNANSWERED = 'unanswered'   #: the server sends no response: it can neither fail nor be late
LARGE = 'large'     #: a request of 16 MB or more, whose number of packets is unknown before its end

QUERY, PREPARE, CLOSE, LONG_DATA, PING, RESET = 0x03, 0x16, 0x19, 0x18, 0x0E, 0x1A
CURSOR_TYPES = 0x07     #: flags of COM_STMT_EXECUTE: a cursor is opened
STATEMENT = Struct('<I').unpack_from    #: the id of a statement, at byte 1 of a payload
TO_QUERY, TO_LOG_IN = Call(RESULT), Call(LOGIN)


class Command(NamedTuple):
    """One command.

    Args:
        name: Its name in the documents.
        call: What is remembered of it; None: it has no response.
        detail: What follows in its exchange's name: ``text`` up to a NUL, or the ``id`` of a statement; empty: nothing.
        stage: The stage of its exchange.
        change: A function of the conversation and the payload that records what it changes; None: it changes nothing.
    """

    name: bytes
    call: Call | None
    detail: str = ''
    stage: str = COMMANDING
    change: Callable[[Conversation, bytes], None] | None = None


def close(protocol: Conversation, payload: bytes) -> None:
    """Forget a statement."""
    closed = protocol.statements.close(*STATEMENT(payload, 1))
    if closed is not None and closed.withheld:
        protocol.review()


def keep_data(protocol: Conversation, payload: bytes) -> None:
    """Record that the server holds data for the next execution of a statement."""
    statement = protocol.statements.find(*STATEMENT(payload, 1))
    if statement is not None:
        statement.long_data = True


def forget(protocol: Conversation, payload: bytes) -> None:
    """Forget all statements, those with a response to come too: the connection becomes like a new one."""
    protocol.statements.clear()
    for exchange in protocol.queue:
        if exchange.note.shape is PREPARED:
            exchange.note.statement = None
    protocol.review()


ONE_PACKET, TABLE, UP_TO_EOF = Call(ONE), Call(RESULT), Call(ROWS)
#: by their first byte, without those that have a function of their own. From a command in neither table on the session is
#: relayed unread: the streams of replication (0x12, 0x13, 0x1e), cloning (0x20), COM_MULTI (0xfe), internal commands
BY_CODE = {
    0x01: Command(b'COM_QUIT', None, stage=UNANSWERED),
    0x02: Command(b'COM_INIT_DB', ONE_PACKET, 'text'),
    0x04: Command(b'COM_FIELD_LIST', UP_TO_EOF, 'text'),
    0x05: Command(b'COM_CREATE_DB', ONE_PACKET, 'text'),
    0x06: Command(b'COM_DROP_DB', ONE_PACKET, 'text'),
    0x07: Command(b'COM_REFRESH', ONE_PACKET),
    0x08: Command(b'COM_SHUTDOWN', ONE_PACKET),
    0x09: Command(b'COM_STATISTICS', ONE_PACKET),
    0x0A: Command(b'COM_PROCESS_INFO', TABLE),
    0x0C: Command(b'COM_PROCESS_KILL', ONE_PACKET),
    0x0D: Command(b'COM_DEBUG', ONE_PACKET),
    PING: Command(b'COM_PING', ONE_PACKET),
    0x11: Command(b'COM_CHANGE_USER', TO_LOG_IN, 'text', CHANGING_USER, forget),
    0x15: Command(b'COM_REGISTER_SLAVE', ONE_PACKET),
    LONG_DATA: Command(b'COM_STMT_SEND_LONG_DATA', None, 'id', UNANSWERED, keep_data),
    CLOSE: Command(b'COM_STMT_CLOSE', None, 'id', UNANSWERED, close),
    RESET: Command(b'COM_STMT_RESET', ONE_PACKET, 'id'),
    0x1B: Command(b'COM_SET_OPTION', ONE_PACKET),
    0x1C: Command(b'COM_STMT_FETCH', UP_TO_EOF, 'id', FETCHING),
    0x1F: Command(b'COM_RESET_CONNECTION', ONE_PACKET, change=forget),
}


def needed(protocol: Conversation, data: bytes, at: int) -> int:
    """Return how many bytes of a command must have come before it can be understood.

    Args:
        protocol: The conversation, which knows the statements.
        data: The bytes with the command.
        at: Where its first byte is.
    """
    code = data[at]
    if code in (EXECUTE, BULK_EXECUTE):
        number, = STATEMENT(data, at + 1) if len(data) - at >= 5 else (0,)
        statement = protocol.statements.find(number)
        if statement is None:
            return 10
        if number == Statements.LAST or statement.params is None:   # whether its parameters are known yet is a matter of time
            return MAX_EXECUTION_BYTES
        return min(MAX_EXECUTION_BYTES, 32 + 3 * statement.params + (MAX_NAME_BYTES if protocol.attributes else 0))
    if code == QUERY and protocol.attributes:
        return 2 * MAX_NAME_BYTES
    return 5 if code == LONG_DATA else 1 + MAX_NAME_BYTES


def command(protocol: Conversation, payload: bytes) -> Exchange:
    """Make the exchange of a command.

    Args:
        protocol: The conversation, which records what the command changes.
        payload: The command, or as much of it as is needed.

    Raises:
        ProtocolError: The shape of its response is unknown.
    """
    code = payload[0]
    if code in SPECIAL:
        return SPECIAL[code](protocol, payload)
    row = BY_CODE.get(code)
    if row is None:
        raise ProtocolError(f'the command {code:#x} is not known')
    name = row.name
    if row.detail == 'text':
        name += b' ' + text(payload, 1)[0]
    elif row.detail == 'id':
        if len(payload) < 5:
            raise ProtocolError('a command without the id of its statement')
        name += b' %d' % STATEMENT(payload, 1)[0]
    if row.change is not None:
        row.change(protocol, payload)
    return Exchange(name.rstrip()[:MAX_NAME_BYTES], row.stage, row.call is not None, row.call)


#: [bytes] of a value, by the type of its parameter; a value of any other type begins with its length
ATTRIBUTE_BYTES = {0x01: 1, 0x02: 2, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 0, 0x08: 8, 0x09: 4, 0x0D: 2}


def after_attributes(payload: bytes) -> int:
    """Return where the text of a COM_QUERY begins if both sides have agreed on attributes before it (MySQL 8.0.23, "COM_QUERY").

    Raises:
        IndexError: The payload ends before it.
    """
    count, at = number(payload, 1)
    _, at = number(payload, at)     # the number of sets of parameters, always one
    if not count:
        return at
    nulls = at
    at += (count + 7) // 8 + 1      # a bitmap of NULLs, and a flag that types follow, always set
    types = []
    for _ in range(count):
        types.append(payload[at])
        size, at = number(payload, at + 2)
        at += size
    for index, kind in enumerate(types):
        if payload[nulls + index // 8] >> index % 8 & 1:
            continue
        size = ATTRIBUTE_BYTES.get(kind, -1)
        if size < 0:
            size, at = number(payload, at)
        at += size
    if at > len(payload):
        raise IndexError
    return at


def query(protocol: Conversation, payload: bytes) -> Exchange:
    """Make the exchange of a COM_QUERY, named by its text."""
    start = 1
    if protocol.attributes:
        try:
            start = after_attributes(payload)
        except IndexError:
            return Exchange(b'COM_QUERY', COMMANDING, True, TO_QUERY)
    return Exchange(payload[start:start + MAX_NAME_BYTES], ASKING, True, TO_QUERY)


def prepare(protocol: Conversation, payload: bytes) -> Exchange:
    """Make the exchange of a COM_STMT_PREPARE, named by that and the statement's text."""
    statement = protocol.statements.last = Statement(payload[1:1 + MAX_NAME_BYTES])
    if protocol.editing:
        protocol.review()
    return Exchange((b'COM_STMT_PREPARE ' + statement.text)[:MAX_NAME_BYTES], PREPARING, True, Call(PREPARED, statement))


def execute(protocol: Conversation, payload: bytes) -> Exchange:
    """Make the exchange of a COM_STMT_EXECUTE or COM_STMT_BULK_EXECUTE, named by the statement's text.

    An execution too long for its types to be kept has the stage of a plain command, so that no failure of a query fits it.
    """
    if len(payload) < (10 if payload[0] == EXECUTE else 7):
        raise ProtocolError('an execution that is cut short')
    number, = STATEMENT(payload, 1)
    statement = protocol.statements.find(number)
    if statement is None:
        name = b'COM_STMT_EXECUTE' if payload[0] == EXECUTE else b'COM_STMT_BULK_EXECUTE'
        return Exchange(b'%b %d' % (name, number), COMMANDING, True, Call(CURSOR))
    dirty = statement.long_data or payload[0] == EXECUTE and payload[5] & CURSOR_TYPES > 0
    statement.long_data = False
    call = Call(CURSOR, statement, payload, dirty)
    if statement.withheld and typed(call, protocol.attributes):
        statement.withheld = b''
        protocol.review()
    stage = COMMANDING if len(payload) == MAX_EXECUTION_BYTES else EXECUTING
    return Exchange(statement.text, stage, True, call)


SPECIAL = {QUERY: query, PREPARE: prepare, EXECUTE: execute, BULK_EXECUTE: execute}
