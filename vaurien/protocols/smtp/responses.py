"""Finds the replies of an SMTP server, and records what they mean for what the client sends next. Knows no failure."""
from collections.abc import Iterator

from ...errors import ProtocolError
from ..base import Exchange
from ..message import MAX_PASSED_BYTES, Framer, Part
from .commands import COMMAND, PHASES
from .lines import line_end
from .state import Conversation

#: the codes of replies after which the server closes the connection (RFC 5321 sections 3.8 and 4.1.1.10)
FAREWELLS = (b'221', b'421')


class Responses(Framer[Conversation]):
    """Finds replies of one or more lines, RFC 5321 section 4.2.

    Attributes:
        greeted: The greeting has come, the one reply that belongs to no request.
    """

    def __init__(self, protocol: Conversation) -> None:
        super().__init__(protocol)
        self.greeted = False

    def scan(self, data: bytes, start: int) -> Iterator[Part]:
        at, exchange, begun = start, self.owner, self.open
        while end := self._line(data, at):
            code = data[at:at + 3]
            if not begun:
                exchange, begun = self._exchange_of(code), True
            last, at = data[at + 3:at + 4] != b'-', end
            if last:
                begun, start = False, at
                reason = self._turn(exchange, code)
                yield at, exchange, True
                if reason:
                    raise ProtocolError(reason)
            elif at - start > MAX_PASSED_BYTES:
                start = at
                yield at, exchange, False
        if at > start and not self._may_offer(exchange, data[start:start + 3]):
            yield at, exchange, False

    def _may_offer(self, exchange: Exchange | None, code: bytes) -> bool:
        """Return whether a reply must be complete before any of it is passed on: STARTTLS may be taken out of it.

        One that is longer than ``MAX_PASSED_BYTES`` is passed on none the less.
        """
        return self.protocol.editing and exchange is not None and exchange.stage == 'hello' and code == b'250' and not self.open

    @staticmethod
    def _line(data: bytes, start: int) -> int:
        """Return where a line of a reply ends, 0: that has not come. A bare LF ends it too, as it does for clients.

        Raises:
            ProtocolError: It has not three digits, and then a space, a hyphen or the line's end.
        """
        end = line_end(data, start)
        code = data[start:end or len(data)][:4]
        if code and not (code[:3].isdigit() and code[3:] in (b'', b' ', b'-', b'\r', b'\n')):
            raise ProtocolError('not a reply')
        return end

    def _exchange_of(self, code: bytes) -> Exchange | None:
        """Return the exchange that a reply belongs to; None: no request asked for it.

        Raises:
            ProtocolError: No request asked for it, and it is neither the greeting nor a farewell (RFC 5321 section 3.8).
        """
        smtp = self.protocol
        if self.final:
            raise ProtocolError('a reply after the last one')
        self.final = code in FAREWELLS
        if not self.greeted:
            self.greeted = True
            return None
        if smtp.queue:
            return smtp.queue[0]
        if code != b'421' and smtp.taken is None:
            raise ProtocolError('a reply that nothing asked for')
        return None

    def _turn(self, exchange: Exchange | None, code: bytes) -> str:
        """Record what a complete reply means; return why the session cannot be followed any more, empty: it can."""
        if exchange is None:
            return ''
        smtp = self.protocol
        turn: str = exchange.note.get(code, COMMAND)
        if turn not in PHASES:
            return turn
        if turn is COMMAND and code.startswith(b'3'):
            return 'a reply that asks for more, of an unknown kind'
        if smtp.undecided is exchange:
            smtp.undecided, smtp.phase = None, turn
        smtp.authenticated = smtp.authenticated or code == b'235'
        return ''

