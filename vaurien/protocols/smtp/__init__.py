"""SMTP: commands, messages and chunks, their replies, and how a mail server fails.

Bytes only; knows no stream.
"""
from typing import Any

from .. import Protocol
from ..base import Exchange
from ..message import Failure
from .commands import CONTENT, MESSAGE
from .failures import CONDITIONS, GO_AHEAD, KINDS
from .requests import Requests
from .responses import Responses
from .state import Conversation


@Protocol.register
class SMTP(Conversation):
    """Mail goes wrong as it does with a real server: a busy mailbox, a full disk, a password refused, a reply lost.

    Every command is a request of its own, also where PIPELINING sends several at once, and is named by its line:
    ``MAIL FROM:<a@b>``, ``RCPT TO:<c@d>``, ``DATA``. A line with credentials is named by the mechanism alone,
    ``AUTH PLAIN``. The dot that ends a message is a request too, ``. FROM:<a@b>``; a chunk (RFC 3030) is one together
    with its line, ``BDAT 86 LAST``.

    A backend that is reading a message can only accept it or lose its client. So a refusal of the message is drawn at its
    ``DATA``: vaurien reads the message in the backend's place, refuses it, and ends the backend's transaction with
    ``RSET``; the connection stays usable. Everything else that may happen to a message is drawn at the dot:
    ``lost-reply``, a closed connection, delay, hang, ...

    After STARTTLS, with LMTP, and wherever two servers could disagree about where a line or a message ends, bytes are
    relayed unread.
    """

    name = 'smtp'
    framers = Requests, Responses
    errors = KINDS
    spoilt_after = 4    # the code and what follows it

    def fits(self, kind: str, exchange: Exchange) -> bool:
        condition = CONDITIONS.get(kind)
        if exchange.stage == MESSAGE:   # vaurien has read it in order to refuse it with this very kind
            return self.owed is not None and self.owed[1] == kind
        if exchange.stage == 'data' and MESSAGE in self.errors[kind].stages:
            return True
        return super().fits(kind, exchange) and (condition is None or condition(self, exchange))

    def fail(self, source: Any, dest: Any, kind: str | None = None) -> bool:
        exchange = self.exchange(True)
        chosen = self._choose(exchange, kind)
        if chosen is not None and exchange.stage == 'data' and self._waits_for_end(chosen):
            self._take(exchange)
            self.owed = exchange.drawn, chosen
            return False
        return super().fail(source, dest, chosen or kind)

    def begun(self, exchange: Exchange) -> bool:
        return exchange.stage == MESSAGE    # its DATA was drawn to be refused, and its content read here

    def wanted(self, behavior: Any, exchange: Exchange) -> bool:
        return self.begun(exchange) or super().wanted(behavior, exchange)   # the message was matched as DATA

    def _waits_for_end(self, kind: str) -> bool:
        """Return whether a kind drawn at DATA refuses the message; one that could refuse either is left to chance."""
        stages = self.errors[kind].stages
        return MESSAGE in stages and ('data' not in stages or self.random(True).random() < 0.5)

    def _take(self, data: Exchange) -> None:
        """Read the message in the place of the backend, which does not see it."""
        data.failure = Failure(GO_AHEAD)
        self.decided(CONTENT)
        self.taken = data

    def reusable(self) -> bool:
        """Return False: the greeting has been sent, and the client may have authenticated."""
        return False
