"""Finds HTTP responses, and tells where their bodies end. Knows no failure."""
from ...errors import ProtocolError
from ..base import Exchange
from .chunks import NOTHING
from .framers import SWITCH, Messages
from .headers import BEGUN_RESPONSE, MAX_REMEMBERED_BYTES, read_response


class Responses(Messages):
    """Finds answers, and tells the length of their bodies by RFC 9112 section 6.3.

    Interim answers (1xx) are notices: what happens to an exchange happens to its final answer. A final answer that no
    request asked for passes as one, too: a server may say 408 before it closes an idle connection.
    """

    first_line = BEGUN_RESPONSE

    def begin(self, head: bytes) -> tuple[Exchange | None, int]:
        queue = self.protocol.queue
        exchange = queue[0] if queue else None
        if self.last or exchange is None and self.protocol.requests.opaque:
            raise ProtocolError('bytes behind the last answer that can be known')
        status, length, persists = read_response(head) if len(head) <= MAX_REMEMBERED_BYTES else read_response.__wrapped__(head)
        if status == 101 or exchange is not None and exchange.note.connect and 200 <= status <= 299:
            return exchange, SWITCH
        if status < 200:
            return None, NOTHING
        self.last = not persists
        if exchange is not None and self.protocol.single:
            exchange.closes = True
        if status in (204, 304) or exchange is not None and exchange.note.bodiless:
            return exchange, NOTHING
        return exchange, length
