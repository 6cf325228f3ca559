"""Finds an SMTP server's replies, and what they say of what the client sends next. Knows no failure."""
from collections.abc import Iterator

from ...errors import ProtocolError
from ..base import Exchange
from ..message import Framer, Part
from .commands import COMMAND, PHASES
from .lines import line_end
from .state import Conversation


class Responses(Framer[Conversation]):
    """Finds replies of one or more lines, RFC 5321 section 4.2.

    Attributes:
        greeted: The greeting has come, the one reply that no request asks for.
    """

    def __init__(self, protocol: Conversation) -> None:
        super().__init__(protocol)
        self.greeted = False

    def scan(self, data: bytes, start: int) -> Iterator[Part]:
        at, exchange, begun = start, self.exchange, self.open
        while end := self._line(data, at):
            code = data[at:at + 3]
            if not begun:
                exchange, begun = self._asker(code), True
            last, at = data[at + 3:at + 4] != b'-', end
            if last:
                begun, start = False, at
                reason = self._turn(exchange, code)
                yield at, exchange, True
                if reason:
                    raise ProtocolError(reason)
        if at > start:
            yield at, exchange, False

    @staticmethod
    def _line(data: bytes, start: int) -> int:
        """Return where a line of a reply ends, 0 while that is not there; a bare LF ends it too, as clients take it.

        Raises:
            ProtocolError: It is none: three digits, then a space, a hyphen or the line's end.
        """
        end = line_end(data, start)
        head = data[start:end or len(data)][:4]
        if head and not (head[:3].isdigit() and head[3:] in (b'', b' ', b'-', b'\r', b'\n')):
            raise ProtocolError('not a reply')
        return end

    def _asker(self, code: bytes) -> Exchange | None:
        """Return the exchange that a reply answers.

        Raises:
            ProtocolError: There is none; only the greeting and a farewell come unasked (RFC 5321 section 3.8).
        """
        smtp = self.protocol
        if not self.greeted:
            self.greeted = True
            return None
        if smtp.queue:
            answered: Exchange = smtp.queue[0]
            return answered
        if code != b'421' and smtp.taken is None:
            raise ProtocolError('a reply that nothing asked for')
        return None

    def _turn(self, exchange: Exchange | None, code: bytes) -> str:
        """Take note of what a complete reply means; return why nobody can follow any more, empty: one can."""
        if exchange is None:
            return ''
        smtp = self.protocol
        turn: str = exchange.note.get(code, COMMAND)
        if turn not in PHASES:
            return turn
        if turn is COMMAND and code.startswith(b'3'):
            return 'a reply that asks for more, nobody knows of what'
        if smtp.undecided is exchange:
            smtp.undecided, smtp.phase = None, turn
        smtp.authenticated = smtp.authenticated or code == b'235'
        return ''
