"""PostgreSQL: its protocol 3, simple and extended. Knows what both directions must know of each other, and bytes only."""
from collections.abc import Mapping
from typing import Any, ClassVar

from .. import Protocol
from ..base import Exchange
from ..message import Kind, MessageProtocol
from .failures import KINDS
from .messages import CANCEL, END, IDLE, IN_FAILED_BLOCK, NEGOTIATION, QUERY, STEP, TO_NOTHING, TO_SYNC
from .requests import Requests
from .responses import Answers
from .statements import COMMIT, CONTROL
from .statements import read as read_statement


@Protocol.register
class PostgreSQL(MessageProtocol):
    """PostgreSQL's own protocol, version 3, over TCP or a Unix socket.

    Each message that the server answers is an exchange: the start-up with all of authentication, a Query, and in the extended
    protocol Parse, Bind, Describe, Execute, Close and Sync. A Query and an Execute are named by the text of the statement, the
    others by their sort (``Parse``), the start-up ``startup user=U database=D``. COPY's data belong to the statement.
    Draws are made for the start-up, a Query and an Execute; what it takes to get to an Execute is left alone.

    Encryption (TLS, GSSAPI) and streaming replication are relayed unread. A statement that fails leaves its transaction
    failed at the backend too, which is given another one that fails in its place.
    """

    name = 'postgres'
    framers = (Requests, Answers)
    errors: ClassVar[Mapping[str, Kind]] = KINDS
    undrawn = frozenset((NEGOTIATION, STEP, CANCEL, END))

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__(settings)
        self.login = {'user': '', 'database': ''}   #: as the start-up packet says
        self.status = b''       #: the transaction status at the last ReadyForQuery; empty: there was none
        self.grouped = False    #: messages of the extended protocol have been sent, and no Sync after them
        self.skipping = False   #: the server ignores what is sent until there is a Sync
        self.copying = False    #: the server reads CopyData
        self.statements: dict[bytes, bytes] = {}    #: the text of prepared statements, by name
        self.portals: dict[bytes, bytes] = {}       #: the text of bound portals, by name

    def fits(self, kind: str, exchange: Exchange) -> bool:
        return exchange.expects and self._stage(exchange) in self.errors[kind].stages

    def _stage(self, exchange: Exchange) -> str:
        """Return the stage that kinds are told by: for a statement its nature, as far as the transaction lets it have one."""
        if exchange.stage != QUERY:
            return exchange.stage
        nature = read_statement(exchange.name).nature
        known = self._settled(exchange)
        if known and (self.status == IN_FAILED_BLOCK or self.status == IDLE and nature == COMMIT):
            return CONTROL  # it is refused anyhow, or nothing is there to commit
        return nature

    def _settled(self, exchange: Exchange) -> bool:
        """Say whether ``status`` still holds: nothing else is in flight."""
        return not self.grouped and all(other is exchange for other in self.queue)

    def idle(self, exchange: Exchange) -> bool:
        """Say whether the backend certainly is in no transaction when this exchange begins."""
        return self.status == IDLE and self._settled(exchange)

    def data_ended(self) -> None:
        """Take note that the client has sent all its CopyData: every Sync before that was ignored by the server."""
        self.copying = False
        for exchange in self.queue:
            if exchange.note is TO_SYNC:
                exchange.note = TO_NOTHING

    def reusable(self) -> bool:
        return False    # a server process serves one start-up
