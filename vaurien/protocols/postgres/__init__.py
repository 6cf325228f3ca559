"""The protocol of PostgreSQL, version 3, simple and extended, and how its server fails.

Bytes only; knows no stream.
"""
from collections.abc import Mapping
from typing import Any, ClassVar

from .. import Protocol
from ..answers import Answer
from ..base import Exchange
from ..message import Failure, FailureKind, MessageProtocol
from ..starttls import STARTTLS
from ..traceparent import of_statement
from .answers import payload_at, read_reply
from .effects import EFFECTS
from .failures import KINDS, pushing
from .messages import CANCEL, END, HEADER_BYTES, NEGOTIATION, NO_ENCRYPTION, QUERY, STARTUP, STEP, TO_EXECUTE, TO_QUERY, TO_SYNC
from .requests import DIRECT_TLS, SSL, Requests
from .responses import Responses
from .shapes import shape
from .state import Conversation
from .statements import read as read_statement
from .statements import reads_data
from .tls import AGREED, AskForTLS, without_binding
from .tls import KINDS as TLS_KINDS


@Protocol.register
class PostgreSQL(Conversation):
    """PostgreSQL's own protocol, version 3, over TCP or a Unix socket.

    Each message that the server responds to is an exchange: the start-up with all of authentication, a Query, and in the
    extended protocol Parse, Bind, Describe, Execute, Close and Sync. A Query and an Execute are named by the text of the
    statement, the start-up ``startup user=U database=D``, any other message by its type (``Parse``). The data of a COPY belong
    to its statement. Draws are made for the start-up, a Query and an Execute; the steps that lead to an Execute are left alone.

    On sides with ``tls://`` TLS begins after SSLRequest, or with the client's first byte, and is ended here. Else encryption
    (TLS, GSSAPI) is relayed unread, as streaming replication always is. With ``starttls`` set to ``refuse`` the client's wish
    for encryption is answered with no, and libpq goes on in the clear where its ``sslmode`` allows that. A statement that fails
    leaves its transaction failed at the backend too: the backend gets a statement that fails in its place.
    """

    name = 'postgres'
    alpn = 'postgresql',
    framers = (Requests, Responses)
    shape = staticmethod(shape)
    effects = EFFECTS
    options: ClassVar[Mapping[str, Any]] = {**MessageProtocol.options, 'starttls': STARTTLS}
    errors: ClassVar[Mapping[str, FailureKind]] = {**KINDS, **TLS_KINDS}
    undrawn = frozenset((NEGOTIATION, STEP, CANCEL, END))
    grouped_answers = True
    secrets = frozenset((STARTUP,))
    spoilt_after = HEADER_BYTES
    switch = AskForTLS

    def fits(self, kind: str, exchange: Exchange) -> bool:
        """Return whether the real server could fail with this kind at this exchange.

        Whether a transaction is open, or has failed, is not asked: only the server knows, and the same requests are to meet the
        same failures whether or not its response has come. What it ignores after a failure made here is known here.
        """
        if self.errors[kind].only_named and reads_data(exchange.name):
            return False    # the response lets the client send more
        stage = read_statement(exchange.name).nature if exchange.stage == QUERY else exchange.stage
        return self.responds(exchange) and stage in self.errors[kind].stages

    def fail(self, source: Any, dest: Any, kind: str | None = None) -> bool:
        decided = self.exchange(True).failure   # with an earlier request of the group
        return super().fail(source, dest, kind) if decided is None else decided.request is None

    def responds(self, exchange: Exchange) -> bool:
        return not self.given_up

    def replace(self, exchange: Exchange, failure: Failure) -> None:
        super().replace(exchange, pushing(self, exchange, failure))

    def go_ahead(self, exchange: Exchange) -> bytes | None:
        return {SSL: AGREED, DIRECT_TLS: b''}.get(exchange.name_as_sent) if exchange.stage == NEGOTIATION else None

    def _handle(self, source: Any, dest: Any, to_backend: bool) -> bool:
        if to_backend or not self.hides_binding:
            return super()._handle(source, dest, to_backend)
        data = source.recv()
        if data[:1] == b'R':
            self.hides_binding = self.editing = False
        if data:
            dest.sendall(without_binding(data))
        return bool(data)

    def refusal(self, exchange: Exchange) -> Failure:
        """Return what SSLRequest and GSSENCRequest are answered with where they are refused."""
        return Failure(NO_ENCRYPTION)

    def reusable(self) -> bool:
        return False    # a server process serves one start-up

    def own_answer(self, exchange: Exchange, reply: bytes) -> Answer:
        return read_reply(reply)

    def trace(self, exchange: Exchange, data: bytes, at: int, end: int, first: bool) -> str:
        return of_statement(exchange.name_as_sent, data[at:end] if exchange.note is TO_QUERY else b'')

    def payload_at(self, exchange: Exchange, data: bytes, at: int, end: int) -> int:
        return payload_at(exchange.name_as_sent if exchange.stage == STEP else b'', data, at, end)

    def joins(self, exchange: Exchange) -> bool:
        """Return whether it is an Execute: a commit that fails does so at the Sync after it."""
        return exchange.note is TO_EXECUTE

    def concludes(self, exchange: Exchange) -> bool:
        return exchange.note is TO_SYNC
