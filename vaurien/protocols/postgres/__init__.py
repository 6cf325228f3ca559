"""The protocol of PostgreSQL, version 3, simple and extended, and how its server fails.

Bytes only; knows no stream.
"""
from collections.abc import Mapping
from typing import ClassVar

from .. import Protocol
from ..base import Exchange
from ..message import Failure, FailureKind
from .failures import KINDS, pushing
from .messages import CANCEL, END, HEADER_BYTES, NEGOTIATION, QUERY, STEP
from .requests import Requests
from .responses import Responses
from .state import Conversation
from .statements import read as read_statement


@Protocol.register
class PostgreSQL(Conversation):
    """PostgreSQL's own protocol, version 3, over TCP or a Unix socket.

    Each message that the server responds to is an exchange: the start-up with all of authentication, a Query, and in the
    extended protocol Parse, Bind, Describe, Execute, Close and Sync. A Query and an Execute are named by the text of the
    statement, the start-up ``startup user=U database=D``, any other message by its type (``Parse``). The data of a COPY belong
    to its statement. Draws are made for the start-up, a Query and an Execute; the steps that lead to an Execute are left alone.

    Encryption (TLS, GSSAPI) and streaming replication are relayed unread. A statement that fails leaves its transaction
    failed at the backend too: the backend gets a statement that fails in its place.
    """

    name = 'postgres'
    framers = (Requests, Responses)
    errors: ClassVar[Mapping[str, FailureKind]] = KINDS
    undrawn = frozenset((NEGOTIATION, STEP, CANCEL, END))
    spoilt_after = HEADER_BYTES

    def fits(self, kind: str, exchange: Exchange) -> bool:
        """Return whether the real server could fail with this kind at this exchange.

        Whether a transaction is open, or has failed, is not asked: only the server knows, and the same requests are to meet the
        same failures whether or not its response has come. What it ignores after a failure made here is known here.
        """
        stage = read_statement(exchange.name).nature if exchange.stage == QUERY else exchange.stage
        return self.responds(exchange) and stage in self.errors[kind].stages

    def responds(self, exchange: Exchange) -> bool:
        return not self.given_up

    def replace(self, exchange: Exchange, failure: Failure) -> None:
        super().replace(exchange, pushing(self, exchange, failure))

    def reusable(self) -> bool:
        return False    # a server process serves one start-up
