"""The commands of SMTP: where in the conversation each stands, and what its reply means for what the client sends next.

Tables and words; knows no framer. The source is RFC 5321 where nothing else is named.
"""
from collections.abc import Mapping
from typing import NamedTuple

from ..starttls import begins

#: what the client sends next
COMMAND, CREDENTIALS, CONTENT = PHASES = ('command', 'credentials', 'content')
#: the stages of the dot that ends a message, which is a request of its own: ``DELIVERY`` where the backend has read the
#: message, ``MESSAGE`` where vaurien has
DELIVERY, MESSAGE = 'delivery', 'message'


class Command(NamedTuple):
    """One command.

    Args:
        stage: Where in the conversation it stands; decides which failures fit.
        turns: By the code of its reply, what the client sends next, or why what follows cannot be followed; after a code
            that is not listed comes the next command.
        waits: The client sends nothing before it has the reply (RFC 2920 section 3.1).
    """

    stage: str
    turns: Mapping[bytes, str] = {}
    waits: bool = False


REVERSED = {b'250': 'client and server have changed places'}
NO_CHUNKS = dict.fromkeys((b'500', b'502'), 'the backend knows no BDAT and takes the chunk for commands')
CHUNK, LAST_CHUNK = Command('chunk', NO_CHUNKS), Command('last-chunk', NO_CHUNKS)
AUTH = Command('auth', {b'334': CREDENTIALS}, waits=True)                       # RFC 4954
OTHER = Command('other')
COMMANDS = {
    b'EHLO': Command('hello'),
    b'HELO': Command('hello'),
    b'STARTTLS': Command('starttls', {b'220': begins('smtp')}, waits=True),     # RFC 3207
    b'AUTH': AUTH,
    b'MAIL': Command('mail'),
    b'RCPT': Command('rcpt'),
    b'DATA': Command('data', {b'354': CONTENT}, waits=True),
    b'BDAT': CHUNK,                                                             # RFC 3030
    b'VRFY': Command('vrfy'),
    b'EXPN': Command('vrfy'),
    b'QUIT': Command('quit'),
    b'TURN': Command('other', REVERSED, waits=True),                            # RFC 821 section 3.8
    b'ATRN': Command('other', REVERSED, waits=True),                            # RFC 2645
}
