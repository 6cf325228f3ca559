"""What is remembered of a request until its response has come, and of a prepared statement until it is closed.

Knows the requests that concern prepared statements byte by byte, and no framer.

The types of a statement's parameters are sent once, with its first execution; later executions rely on them. An execution
that vaurien responds to does not reach the server, which then lacks the types: they are kept (``withheld``) and put into
the executions that come without them.
"""
from .packets import HEADER_BYTES, MAX_PAYLOAD_BYTES, number

# the shapes of responses
ONE = 'one'             #: one packet, with any content
RESULT = 'result'       #: OK, ERR, or a result set, and the results chained to it
CURSOR = 'cursor'       #: the same, and the result set has no rows where a cursor was opened
ROWS = 'rows'           #: packets up to EOF or ERR
PREPARED = 'prepared'   #: the statement's id, and definitions of its parameters and columns
LOGIN = 'login'         #: a conversation about who the client is

EXECUTE, BULK_EXECUTE = 0x17, 0xFA

COUNTED = 8             #: flag of COM_STMT_EXECUTE: the number of parameters is given (with query attributes)
TYPED = 0x80            #: flag of COM_STMT_BULK_EXECUTE: the parameters' types are given
#: [bytes] of an execution that are read at most, and kept of each statement whose types the server lacks; enough for those of
#: 2,500 parameters
MAX_EXECUTION_BYTES = 8 * 1024
#: [statements] of a session that are remembered; one more, and the oldest is forgotten. Each costs up to 4 KiB, and few
#: clients keep more than a few hundred
MAX_STATEMENTS = 1024


class Statement:
    """A prepared statement.

    Attributes:
        text: The statement, cut to ``MAX_NAME_BYTES``.
        params: How many parameters it has; None: the response has not come yet.
        long_data: The server holds data for its next execution.
        withheld: The beginning of an execution with types that the server has not seen; empty: there is none.
    """

    __slots__ = ('text', 'params', 'long_data', 'withheld')

    def __init__(self, text: bytes) -> None:
        self.text, self.withheld = text, b''
        self.params: int | None = None
        self.long_data = False


class Statements:
    """The prepared statements of a session.

    Attributes:
        last: The one that was prepared last, perhaps without a response yet; None: there is none.
    """

    LAST = 0xFFFFFFFF   #: the id that means ``last`` (MariaDB)

    __slots__ = ('last', '_known')

    def __init__(self) -> None:
        self.last: Statement | None = None
        self._known: dict[int, Statement] = {}

    def prepared(self, statement: Statement, number: int, params: int) -> None:
        """Record the server's response: the statement's id and the number of its parameters."""
        if len(self._known) >= MAX_STATEMENTS:
            del self._known[next(iter(self._known))]
        statement.params = params
        self._known[number] = statement

    def find(self, number: int) -> Statement | None:
        """Return the statement of this id; None: it is not known."""
        return self.last if number == self.LAST else self._known.get(number)

    def close(self, number: int) -> Statement | None:
        """Forget the statement of this id, and return it; None: it is not known."""
        statement = self.find(number)
        if statement is not None and statement is self.last:
            self.last = None
        if number == self.LAST:
            number = next((known for known, found in self._known.items() if found is statement), number)
        self._known.pop(number, None)
        return statement

    def clear(self) -> None:
        """Forget them all."""
        self.last = None
        self._known.clear()

    def incomplete(self) -> bool:
        """Return whether any statement has types that the server has not seen."""
        return any(statement.withheld for statement in self._known.values()) or bool(self.last and self.last.withheld)


class Call:
    """What is remembered of a request: the note of its exchange.

    Args:
        shape: The shape of its response.
        statement: The prepared statement that it is about; None: there is none, or it is not known.
        head: The beginning of an execution, without the packet's header.
        dirty: It is an execution that frees long data or a cursor at the server, which keeps them if it does not arrive.
        then: The request that follows in the same exchange; None: there is none.
    """

    __slots__ = ('shape', 'statement', 'head', 'dirty', 'then')

    def __init__(self, shape: str, statement: Statement | None = None, head: bytes = b'', dirty: bool = False,
                 then: 'Call | None' = None) -> None:
        self.shape, self.statement, self.head, self.dirty, self.then = shape, statement, head, dirty, then


class Types:
    """The place of the parameters' types in an execution, whether they are there or not.

    Args:
        head: The beginning of the execution, from its command byte on.
        params: The number of its parameters.
        named: A name follows each type: both sides have agreed on query attributes.

    Attributes:
        params: The number of its parameters, those that only this execution has included.
        given: Whether the types are there.
        at: Where they begin.
        data: The types themselves; empty: they are not there.

    Raises:
        IndexError: The execution is cut before their end.
    """

    __slots__ = ('params', 'given', 'at', 'data', '_flag', '_bit')

    def __init__(self, head: bytes, params: int, named: bool) -> None:
        if head[0] == BULK_EXECUTE:
            self._flag, self._bit, self.at = 5, TYPED, 7    # id (4), flags (2)
        else:
            at = 10     # id (4), flags (1), iterations (4)
            if named and head[5] & COUNTED:
                params, at = number(head, at)
            self._flag, self._bit, self.at = at + (params + 7) // 8, 1, at + (params + 7) // 8 + 1
        self.params = params
        self.given = params > 0 and bool(head[self._flag] & self._bit)
        end = self.at
        for _ in range(params if self.given else 0):
            end += 2
            if named and head[0] == EXECUTE:
                size, end = number(head, end)
                end += size
        if params and end > len(head):
            raise IndexError
        self.data = head[self.at:end]

    def put(self, packet: bytes, types: bytes) -> bytes:
        """Return the packet with these types in their place; unchanged if it would not fit into one packet any more."""
        length = int.from_bytes(packet[:3], 'little') + len(types)
        if length >= MAX_PAYLOAD_BYTES:
            return packet
        flag, at = HEADER_BYTES + self._flag, HEADER_BYTES + self.at
        return b''.join((length.to_bytes(3, 'little'), packet[3:flag], bytes((packet[flag] | self._bit,)),
                         packet[flag + 1:at], types, packet[at:]))


def complete(call: Call, packet: bytes, named: bool) -> bytes:
    """Return the beginning of an execution as the server needs it: with the types that it has not seen.

    Args:
        call: The execution.
        packet: Its first packet, or the beginning of it.
        named: Both sides have agreed on query attributes.
    """
    statement = call.statement
    if statement is None or not statement.withheld or statement.params is None:
        return packet
    try:
        here = Types(packet[HEADER_BYTES:], statement.params, named)
        missing = Types(statement.withheld, statement.params, named)
    except IndexError:
        return packet
    if here.given or not missing.given or here.params != missing.params:
        return packet
    return here.put(packet, missing.data)


def typed(call: Call, named: bool) -> bool:
    """Return whether an execution carries the types of its parameters; True also where that is unknown."""
    statement = call.statement
    if statement is None or statement.params is None:
        return True
    try:
        return Types(call.head, statement.params, named).given
    except IndexError:
        return True
