"""How responses read to those who record, and where the payload of a request begins. Knows packets, and no framer."""
from ..answers import OK, Answer
from .packets import ERR, HEADER_BYTES

EXECUTE, BULK_EXECUTE, SEND_LONG_DATA, CLOSE = 0x17, 0xFA, 0x18, 0x19
#: [bytes] before the payload, by command: its code, and the statement's id, which another session may number otherwise
PREFIXES = {EXECUTE: 5, BULK_EXECUTE: 5, SEND_LONG_DATA: 7, CLOSE: 5}


def code_at(data: bytes, at: int) -> str:
    """Return the code in an ERR packet whose payload begins at ``at``."""
    return str(int.from_bytes(data[at + 1:at + 3], 'little'))


def read_reply(reply: bytes) -> Answer:
    """Read a response that begins with an ERR packet, or any other."""
    failed = len(reply) > HEADER_BYTES and reply[HEADER_BYTES] == ERR
    return (code_at(reply, HEADER_BYTES), '') if failed else (OK, '')


def payload_at(data: bytes, at: int, end: int) -> int:
    """Return where the payload of a request begins, whose first packet begins at ``at``."""
    start = at + HEADER_BYTES
    return start + PREFIXES.get(data[start], 0) if start < end else end
