"""How replies read to those who record. Knows the first bytes of a reply, and no framer."""
from typing import Final

from ..answers import OK, Answer

MINUS: Final = ord('-')
BLOB_ERROR: Final = ord('!')    #: RESP3: an error whose text has a length
#: replies that tell of no effect, by their first bytes
SERVED: Final = OK, ''
TELLING: Final = {b'$-1\r\n': 'nil', b'*-1\r\n': 'nil', b'_\r\n': 'nil', b':0\r\n': '0'}
LONGEST_TELLING: Final = max(map(len, TELLING))     #: [bytes]


def read_reply(head: bytes) -> Answer:
    """Read the beginning of a reply, or all of it: an error's first word is its code."""
    mark = head[0]
    if mark in (MINUS, BLOB_ERROR):
        text = head[1:] if mark == MINUS else head[head.find(b'\n') + 1:]
        return text.split(None, 1)[0].decode('ascii', 'replace') if text.strip() else 'ERR', ''
    if len(head) > LONGEST_TELLING:
        return SERVED
    return OK, TELLING.get(head, '')
