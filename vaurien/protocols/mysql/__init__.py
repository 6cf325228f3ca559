"""The MySQL protocol, as MySQL and MariaDB speak it, and how these servers fail.

Bytes only; knows no stream.
"""
from collections.abc import Mapping
from typing import ClassVar

from .. import Protocol
from ..base import Exchange
from ..message import FailureKind
from .calls import Call, complete
from .commands import UNANSWERED
from .failures import ERRORS, VERBS, verb
from .packets import HEADER_BYTES
from .requests import Requests
from .responses import Responses
from .state import Conversation


@Protocol.register
class MySQL(Conversation):
    """Queries and commands of MySQL and MariaDB, one by one, in text and prepared.

    A query is named by its text: ``SELECT * FROM t``, also when a prepared statement is executed. Other commands are named
    as in the documents: ``COM_PING``, ``COM_INIT_DB shop``, ``COM_STMT_PREPARE SELECT ...``; the login is named
    ``login user database``. Nothing is drawn for commands without a response: COM_QUIT, COM_STMT_CLOSE,
    COM_STMT_SEND_LONG_DATA.
    TLS, compression and replication are relayed unread from where they begin: a client that prefers TLS has to be told not
    to use it (``--skip-ssl``, ``ssl_disabled``, ``sslMode=DISABLED``).
    """

    name = 'mysql'
    framers = (Requests, Responses)
    errors: ClassVar[Mapping[str, FailureKind]] = ERRORS
    undrawn = frozenset((UNANSWERED,))
    spoilt_after = HEADER_BYTES + 1

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

    def reusable(self) -> bool:
        """Return False: the server greets each connection once, and this one has been used to log in."""
        return False
