"""How responses read to those who record, and where the payload of a request begins. Knows messages, and no framer."""
from ..answers import OK, Answer
from .messages import HEADER_BYTES, read_header

ERROR = ord('E')
STATE_FIELD = b'C'  #: the field of an ErrorResponse with its SQLSTATE


def state_at(data: bytes, at: int) -> str:
    """Return the SQLSTATE of an ErrorResponse that begins at ``at``; empty: so much of it has not come.

    The server sends it after the severities, within the first 40 bytes or so.
    """
    end = at + 1 + read_header(data, at)[1] if len(data) - at >= HEADER_BYTES else at
    at += HEADER_BYTES
    while at < min(end, len(data)):
        stop = data.find(b'\0', at, end)
        if stop < 0:
            break
        if data[at:at + 1] == STATE_FIELD:
            return data[at + 1:stop].decode('ascii', 'replace')
        at = stop + 1
    return ''


def read_reply(reply: bytes) -> Answer:
    """Read a response that vaurien has made: the first error in it is its answer."""
    at = 0
    while len(reply) - at >= HEADER_BYTES:
        code, length = read_header(reply, at)
        if code == ERROR:
            return state_at(reply, at), ''
        at += 1 + length
    return OK, ''


def payload_at(name: bytes, data: bytes, at: int, end: int) -> int:
    """Return where the payload of a request begins in its first part.

    Of a group it is what Bind gives to the statement, and nothing else: the names of portals and statements, and how a statement
    was prepared, differ from one session to the next.
    """
    start = at + HEADER_BYTES
    if name == b'Bind':
        portal = data.find(b'\0', start, end)
        statement = data.find(b'\0', portal + 1, end)
        return end if portal < 0 or statement < 0 else statement + 1
    return min(end, start) if data[at:at + 1] in (b'Q', b'F') else end
