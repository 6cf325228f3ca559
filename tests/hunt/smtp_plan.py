"""What an SMTP client says: units of messages that belong together, at random and legal. Knows no socket and no server.

=================================== ====================================================================================
message                             what is said
=================================== ====================================================================================
``['line', text]``                  a command, without waiting for any reply
``['alone', text]``                 one before and after which all is answered
``['auth', first, line, ...]``      AUTH, and the lines that it asks for
``['data', content, replies]``      DATA, and the content if that is asked for; it has so many replies
``['bdat', content, last]``         a chunk, without waiting for any reply
=================================== ====================================================================================

Each unit is legal by itself, so that any of them may be left out.
"""
from base64 import b64encode
from collections.abc import Callable
from random import Random

from tests.support.servers import PASSWORD, USER

from .units import Unit, Words

#: lines of messages; dots at the beginning of some
LINES = ('.', '..', '.x', 'x.', '', ' .', '. ', 'RSET', '\u00e9')
MAX_BOGUS = 3       #: unknown commands of one session: the server ends a connection that has too many


def secret(*words: str) -> str:
    """Return words as they are sent as credentials."""
    return b64encode('\0'.join(words).encode()).decode()


class Planner(Words):
    """Makes the units of one session.

    Args:
        random, session: As for ``Words``.
        lmtp: Each recipient has a reply to the message.
    """

    def __init__(self, random: Random, session: str, lmtp: bool = False) -> None:
        super().__init__(random, session)
        self.lmtp = lmtp
        self._bogus = 0

    def unit(self) -> Unit:
        """Return a unit."""
        (_, make), = self.random.choices(UNITS, WEIGHTS)
        return make(self)

    def hello(self) -> Unit:
        return [['line', f'{self.random.choice(("EHLO", "EHLO", "EHLO", "HELO"))} {self.token()}']]

    def _address(self) -> str:
        return f'<{self.token()}@example.org>'

    def envelope(self) -> Unit:
        """A sender and recipients."""
        size = self.random.choice(('', '', ' SIZE=100', ' BODY=8BITMIME'))
        return [['line', f'MAIL FROM:{self._address()}{size}'],
                *(['line', f'RCPT TO:{self._address()}'] for _ in range(self.random.choice((1, 1, 2, 3, 8))))]

    def content(self) -> str:
        """Return a message."""
        lines = [self.token(), *self.random.choices(LINES, k=self.random.randint(0, 6))]
        return ''.join(f'{line}\r\n' for line in lines) * self.random.choice((1, 1, 1, 1, 1, 1, 1, 10, 10, 200))

    def message(self) -> Unit:
        envelope = self.envelope()
        return [*envelope, ['data', self.content(), len(envelope) - 1 if self.lmtp else 1]]

    def chunks(self) -> Unit:
        """A message in chunks, whose borders are anywhere."""
        content = self.content().replace('\u00e9', 'e') + self.random.choice(('', 'no line end', '.'))
        cuts = sorted(self.random.randint(0, len(content)) for _ in range(self.random.randint(0, 3)))
        pieces = [content[start:end] for start, end in zip((0, *cuts), (*cuts, len(content)), strict=True)]
        return [*self.envelope(), *(['bdat', piece, False] for piece in pieces[:-1]), ['bdat', pieces[-1], True]]

    def given_up(self) -> Unit:
        """A message that is begun, and no more."""
        return [*self.envelope(), *self.random.choice(([['line', 'RSET']], [], [['bdat', 'x', False], ['line', 'RSET']]))]

    def beside(self) -> Unit:
        said = self.random.choice((f'NOOP {self.token()}', f'NOOP {self.token()}', f'VRFY {self._address()}', 'RSET', 'HELP',
                                   'EXPN x', f'RCPT TO:{self._address()}', ''))
        if said:
            return [['line', said]]
        self._bogus += 1
        return [['line', f'XBOGUS {self.token()}']] if self._bogus <= MAX_BOGUS else self.hello()

    def login(self) -> Unit:
        password = self.random.choice((PASSWORD, PASSWORD, 'wrong'))
        return [self.random.choice((
            ['auth', f'AUTH PLAIN {secret("", USER, password)}'], ['auth', 'AUTH PLAIN', secret('', USER, password)],
            ['auth', 'AUTH LOGIN', secret(USER), secret(password)], ['auth', 'AUTH LOGIN', '*'], ['alone', 'STARTTLS']))]


#: the units by their weights
UNITS: tuple[tuple[int, Callable[[Planner], Unit]], ...] = (
    (6, Planner.message), (4, Planner.chunks), (1, Planner.given_up), (3, Planner.beside), (1, Planner.login), (1, Planner.hello))
WEIGHTS = [weight for weight, _ in UNITS]
