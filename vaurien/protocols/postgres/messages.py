"""The messages of PostgreSQL: their headers, which ones a response may consist of, and how they are written.

Knows bytes and tables, and neither streams nor failures. The source for all of it is the chapter "Frontend/Backend Protocol"
of PostgreSQL's documentation, release 15, sections "Message Flow" and "Message Formats"; what these describe in words only was
checked with a live server.
"""
from struct import Struct

HEADER_BYTES = 5    #: a code (1), and the length of all that follows the code (4)
read_header = Struct('>BI').unpack_from
#: [bytes] of a message by its length field: 4 for the field itself, and less than the 1 GB that the server allocates at once
MIN_LENGTH_BYTES, MAX_LENGTH_BYTES = 4, 0x3FFFFFFF
NO_ENCRYPTION = b'N'  #: the response to a request for encryption that there is none
IDLE, IN_BLOCK, IN_FAILED_BLOCK = b'I', b'T', b'E'     #: the transaction status in ReadyForQuery

# -- the stages of an exchange

NEGOTIATION, STARTUP, CANCEL, END = 'negotiation', 'startup', 'cancel', 'end'
QUERY = 'query'     #: a statement: Query or Execute
CALL = 'call'       #: FunctionCall
STEP = 'step'       #: Parse, Bind, Describe, Close, Flush, Sync: the steps before an Execute and after it

# -- what a message of the server means to an exchange

MORE = 0        #: a part of the response, and not its last
DONE = 1        #: its last part
READY = 2       #: its last part, with the transaction status
FAILED = 3      #: its last part, and the server ignores everything up to the next Sync
COPYING = 4     #: a part of it; from now on the client sends data
REFUSED = 5     #: a part of it, and an error: more follows
ASIDE = 6       #: no part of it: the server sends it of its own accord, also in the middle of a response
LOST = 7        #: what follows cannot be followed
WRONG = 8       #: it cannot come here

Plan = dict[int, int]   #: what the messages of a response mean, by their codes; any other code is ``WRONG``


def _plan(aside: bytes = b'NSA', **codes: bytes) -> Plan:
    actions = {'more': MORE, 'done': DONE, 'ready': READY, 'failed': FAILED, 'copying': COPYING, 'refused': REFUSED,
               'lost': LOST}
    plan = dict.fromkeys(aside, ASIDE)
    for action, letters in codes.items():
        plan.update(dict.fromkeys(letters, actions[action]))
    return plan


#: Before the start-up packet; the response may also be a single byte without a length.
TO_NEGOTIATION = _plan(aside=b'', done=b'E')
#: Authentication of every kind, ParameterStatus, BackendKeyData, warnings; any error is the last message.
TO_STARTUP = _plan(aside=b'', more=b'RSKvN', done=b'E', ready=b'Z')
TO_QUERY = _plan(more=b'TDCIHdc', refused=b'E', copying=b'G', lost=b'W', ready=b'Z')
TO_CALL = _plan(more=b'V', refused=b'E', ready=b'Z')
TO_PARSE = _plan(done=b'1', failed=b'E')
TO_BIND = _plan(done=b'2', failed=b'E')
TO_DESCRIBE = _plan(more=b't', done=b'Tn', failed=b'E')
TO_EXECUTE = _plan(more=b'DHdc', done=b'CIs', copying=b'G', lost=b'W', failed=b'E')
TO_CLOSE = _plan(done=b'3', failed=b'E')
TO_SYNC = _plan(refused=b'E', ready=b'Z')
#: A Sync that the server has read in the middle of COPY FROM STDIN, where it has no effect and no response.
TO_NOTHING: Plan = {}
#: The group that stands in for the Execute of a COMMIT: a complete ROLLBACK, then a Parse that fails.
TO_ROLLBACK = _plan(more=b'12C3', failed=b'E')
#: While no request waits: also an error that ends the connection.
UNASKED = _plan(aside=b'NSAEZ')


# -- how messages are written

def message(code: bytes, body: bytes) -> bytes:
    """Return a message: its header, then its body."""
    return code + (len(body) + 4).to_bytes(4, 'big') + body


def query(text: bytes) -> bytes:
    """Write a Query."""
    return message(b'Q', text + b'\0')


def parse(statement: bytes, text: bytes) -> bytes:
    """Write a Parse of a text whose parameters have no types given."""
    return message(b'P', statement + b'\0' + text + b'\0\0\0')


def bind(portal: bytes, statement: bytes) -> bytes:
    """Write a Bind without parameters, whose results are all text."""
    return message(b'B', portal + b'\0' + statement + b'\0' + bytes(6))


def execute(portal: bytes) -> bytes:
    """Write an Execute for all rows."""
    return message(b'E', portal + b'\0' + bytes(4))


#: a Sync
SYNC = message(b'S', b'')


def close_statement(statement: bytes) -> bytes:
    """Write a Close of a prepared statement."""
    return message(b'C', b'S' + statement + b'\0')


def ready(status: bytes) -> bytes:
    """Write a ReadyForQuery with a transaction status."""
    return message(b'Z', status)


def report(code: bytes, severity: str, state: str, text: str, **fields: str) -> bytes:
    """Write an ErrorResponse or a NoticeResponse (section "Error and Notice Message Fields").

    Args:
        code: ``E`` or ``N``.
        severity: ``ERROR``, ``FATAL``, ``WARNING``; not translated.
        state: The SQLSTATE.
        text: The primary message.
        fields: Further ones by their letters, in the server's order: ``D`` detail, ``H`` hint, ``F`` file, ``L`` line,
            ``R`` routine.
    """
    all_fields = {'S': severity, 'V': severity, 'C': state, 'M': text, **fields}
    return message(code, b''.join(f'{letter}{value}\0'.encode() for letter, value in all_fields.items()) + b'\0')
