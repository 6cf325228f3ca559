"""The MySQL protocol, as MySQL and MariaDB speak it, and how these servers fail.

Bytes only; knows no stream.
"""
from collections.abc import Mapping
from typing import Any, ClassVar

from .. import Protocol
from ..answers import Answer
from ..base import Exchange
from ..message import FailureKind, MessageProtocol
from ..starttls import STARTTLS, Alteration
from ..traceparent import of_statement
from .answers import payload_at, read_reply
from .calls import Call, complete
from .commands import ASKING, CHANGING_USER, LOGGING_IN, NEGOTIATION, UNANSWERED
from .effects import EFFECTS
from .failures import ERRORS, VERBS, verb
from .packets import HEADER_BYTES, with_tls
from .requests import Requests
from .responses import Responses
from .shapes import shape
from .state import Conversation
from .tls import KINDS as TLS_KINDS
from .tls import AskForTLS, Renumbered


@Protocol.register
class MySQL(Conversation):
    """Queries and commands of MySQL and MariaDB, one by one, in text and prepared.

    A query is named by its text: ``SELECT * FROM t``, also when a prepared statement is executed. Other commands are named
    as in the documents: ``COM_PING``, ``COM_INIT_DB shop``, ``COM_STMT_PREPARE SELECT ...``; the login is named
    ``login user database``. Nothing is drawn for commands without a response: COM_QUIT, COM_STMT_CLOSE,
    COM_STMT_SEND_LONG_DATA.
    On sides with ``tls://`` TLS begins where the greeting has offered it, and is ended here. Else it is relayed unread from where
    it begins, as compression and replication always are. A client that prefers TLS has to be told not to use it then
    (``--skip-ssl``, ``ssl_disabled``, ``sslMode=DISABLED``); or ``starttls`` is set to ``refuse``, and the server's greeting
    offers none.
    """

    name = 'mysql'
    framers = (Requests, Responses)
    shape = staticmethod(shape)
    effects = EFFECTS
    options: ClassVar[Mapping[str, Any]] = {**MessageProtocol.options, 'starttls': STARTTLS}
    errors: ClassVar[Mapping[str, FailureKind]] = {**ERRORS, **TLS_KINDS}
    undrawn = frozenset((UNANSWERED, NEGOTIATION))
    secrets = frozenset((LOGGING_IN, CHANGING_USER))
    spoilt_after = HEADER_BYTES + 1
    switch = AskForTLS

    def edit(self, exchange: Exchange, beginning: bytes, to_backend: bool) -> bytes:
        """Put the types of its parameters into an execution if vaurien has withheld them from the server."""
        if to_backend and isinstance(exchange.note, Call):
            return complete(exchange.note, beginning, self.attributes)
        return beginning

    def weight(self, exchange: Exchange) -> int:
        call = exchange.note
        return super().weight(exchange) + (len(call.head) if isinstance(call, Call) else 0)

    def fits(self, kind: str, exchange: Exchange) -> bool:
        """Return whether the real server could fail with this kind at this exchange: at its stage, with its statement."""
        return super().fits(kind, exchange) and (kind not in VERBS or verb(exchange) in VERBS[kind])

    def responds(self, exchange: Exchange) -> bool:
        """Return also whether the client asks for TLS: what the server does then is its response."""
        return exchange.stage == NEGOTIATION or super().responds(exchange)

    def offering(self, greeting: bytes) -> bytes:
        """Return the server's greeting with the capability to go on with TLS, or without it, as ``offer`` says."""
        return with_tls(greeting, bool(self.offer))

    def go_ahead(self, exchange: Exchange) -> bytes | None:
        return b'' if exchange.stage == NEGOTIATION else None   # what the client sends next is its ClientHello

    def tls_begun(self) -> Alteration:
        super().tls_begun()
        return Renumbered(server=False)

    def reusable(self) -> bool:
        """Return False: the server greets each connection once, and this one has been used to log in."""
        return False

    def own_answer(self, exchange: Exchange, reply: bytes) -> Answer:
        return read_reply(reply)

    def trace(self, exchange: Exchange, data: bytes, at: int, end: int, first: bool) -> str:
        return of_statement(exchange.name_as_sent, data[at:end] if exchange.stage == ASKING else b'')

    def payload_at(self, exchange: Exchange, data: bytes, at: int, end: int) -> int:
        return payload_at(data, at, end)
