"""How responses of both protocols read to those who record. Knows their first and last bytes, and no framer."""
from typing import Final

from ..answers import OK, Answer
from .opcodes import FIELDS, HEADER_BYTES
from .verbs import ERRORS

#: the first words of a line that says that a request was not carried out, as by nothing that the client has stored
REFUSALS: Final = frozenset((*ERRORS, b'BUSY', b'BADCLASS', b'Error'))
#: the one error of the server that no other try mends: its line, and what it is called, as the kind is. In the binary protocol it
#: has a status of its own
TOO_LARGE: Final = b'SERVER_ERROR object too large', 'object-too-large'
#: statuses of the binary protocol that are no errors, with the words that the text protocol has for them
OUTCOMES: Final = {0x00: '', 0x01: 'NOT_FOUND', 0x02: 'EXISTS', 0x05: 'NOT_STORED', 0x21: 'CONTINUE'}


def read_text(head: bytes, tail: bytes) -> Answer:
    """Read a response of the text protocol: values may be followed by an error in place of ``END``."""
    word = first_word(head)
    if word == b'VALUE':
        last = first_word((tail or head[-64:]).rstrip(b'\r\n').rpartition(b'\n')[2])
        return (last.decode() if last in REFUSALS else OK), ''
    if head.startswith(TOO_LARGE[0]):
        return TOO_LARGE[1], ''
    if word in REFUSALS:
        return word.decode(), ''
    return OK, '' if word.isdigit() else word[:16].decode('ascii', 'replace')


def first_word(line: bytes) -> bytes:
    """Return the first word of a line; empty: it has none."""
    words = line.split(None, 1)
    return words[0].rstrip(b':') if words else b''


def read_packet(head: bytes) -> Answer:
    """Read a response of the binary protocol by its status: an error is named by that, ``0x82``."""
    if len(head) < HEADER_BYTES:
        return OK, ''
    status = FIELDS.unpack_from(head)[4]
    return (OK, OUTCOMES[status]) if status in OUTCOMES else (f'0x{status:02x}', '')
