"""SMTP: commands, messages and chunks, their replies, and how a mail server fails.

Bytes only; knows no stream.
"""
from collections.abc import Mapping
from typing import Any, ClassVar

from .. import Protocol
from ..answers import Answer
from ..base import Exchange
from ..message import Failure, MessageProtocol
from ..starttls import STARTTLS
from .answers import read_reply
from .commands import CONTENT, MESSAGE
from .effects import EFFECTS
from .failures import CONDITIONS, GO_AHEAD, KINDS, NO_STARTTLS
from .requests import Requests
from .responses import Responses
from .shapes import shape
from .state import Conversation
from .tls import ACTIVE, SUBMISSIONS, AskForTLS, with_starttls, without_starttls
from .tls import GO_AHEAD as BEGIN_TLS


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

    On sides with ``tls://`` TLS begins after STARTTLS, and is ended here. Else, with ``starttls`` set to ``refuse``, replies to
    EHLO offer no STARTTLS, and the command is answered with 502; nothing is drawn for it. After a STARTTLS that is relayed, with
    LMTP, and wherever two servers could disagree about where a line or a message ends, bytes are relayed unread.
    """

    name = 'smtp'
    framers = Requests, Responses
    shape = staticmethod(shape)
    effects = EFFECTS
    options: ClassVar[Mapping[str, Any]] = {**MessageProtocol.options, 'starttls': STARTTLS}
    errors = KINDS
    carries = True      # the content of a message belongs to the dot that ends it
    secrets = frozenset(('auth-initial', 'credentials'))
    switch = AskForTLS
    direct_ports = SUBMISSIONS,
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

    def refusal(self, exchange: Exchange) -> Failure:
        """Return what STARTTLS is answered with where it is refused."""
        self.decided()
        return Failure(ACTIVE if self.client_tls else NO_STARTTLS)

    def go_ahead(self, exchange: Exchange) -> bytes | None:
        if exchange.stage != 'starttls':
            return None
        self.decided()
        return BEGIN_TLS

    def tls_begun(self) -> None:
        super().tls_begun()
        self.authenticated = False      # what was said before is forgotten (RFC 3207 section 4.2)

    def edit(self, exchange: Exchange, beginning: bytes, to_backend: bool) -> bytes:
        if to_backend or exchange.stage != 'hello':
            return beginning
        self.editing = self.awaits_tls or any(other.stage == 'hello' for other in self.queue if other is not exchange)
        if not beginning.startswith(b'250'):
            return beginning
        offered = self.awaits_tls and exchange not in self.stripped and exchange.name[:4].upper() == 'EHLO'
        return (with_starttls if offered else without_starttls)(beginning)

    def reusable(self) -> bool:
        """Return False: the greeting has been sent, and the client may have authenticated."""
        return False

    def answer(self, exchange: Exchange, head: bytes, tail: bytes) -> Answer:
        return read_reply(head)
