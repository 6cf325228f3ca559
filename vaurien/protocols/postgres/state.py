"""What the two directions of a PostgreSQL session must know of each other. Knows no framer and no failure."""
from collections.abc import Iterable, Mapping
from typing import Any

from ..base import Behavior, Exchange, Failure, SharedExchange
from ..message import MessageProtocol
from .messages import IDLE, STEP, SYNC, TO_NOTHING, TO_SYNC

#: the exchange of a Sync of a run that the server ignores
IGNORED = SharedExchange(STEP, TO_NOTHING)


class Conversation(MessageProtocol):
    """A session, as far as its two sides have come.

    Attributes:
        login: The user and the database, as the start-up packet names them.
        status: The transaction status at the last ReadyForQuery; empty: there was none.
        grouped: Messages of the extended protocol have been sent, and no Sync after them.
        given_up: A statement of the group was answered with a failure, so that the server ignores the rest of the group.
        skipping: The server has said that it ignores what is sent until there is a Sync.
        copying: The server reads CopyData.
        hides_binding: The client is in the clear and the server is not: what that offers for clients inside TLS alone has to be
            taken out of its way.
        losing: The behavior that lets the response to a statement of the group get lost, and how the connection ends at the
            group's Sync; None: nothing gets lost.
        fed: Executes whose CopyData have been sent to their end before the server asked for any, each with the Syncs among
            that data.
        statements: The text of prepared statements, by name.
        portals: The text of bound portals, by name.
    """

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__(settings)
        self.login = {'user': '', 'database': ''}
        self.status = b''
        self.hides_binding = False
        self.grouped = self.given_up = self.skipping = self.copying = False
        self.losing: tuple[Behavior | None, str] | None = None
        self.fed: dict[Exchange, list[Exchange]] = {}
        self.statements: dict[bytes, bytes] = {}
        self.portals: dict[bytes, bytes] = {}

    def lose(self, exchange: Exchange) -> None:
        """Let the responses to the rest of a group get lost too, and the connection end at its Sync.

        The server commits at a Sync, and not before. A client that asks for the responses without one gets them without one: the
        backend gets it in place of the Flush, or it would not do what was asked, and the client would wait.
        """
        assert self.losing is not None
        behavior, end = self.losing
        flush = exchange.stage == STEP and exchange.note is None
        if flush:
            exchange.note, exchange.expects = TO_SYNC, True
            self.grouped = self.skipping = False
        if exchange.expects:
            ends = exchange.note is TO_SYNC
            exchange.behavior, exchange.due = behavior, True
            exchange.failure = Failure(request=SYNC if flush else None, end=end if ends else '')

    def starts_up(self) -> None:
        """Record that the client asks for nothing any more before it begins; where it has not asked for TLS, there is none."""
        self.hides_binding = self.editing = self.backend_tls and not self.client_tls
        self.awaits_tls = False

    def settled(self, exchange: Exchange) -> bool:
        """Return whether ``status`` still holds: nothing else is in flight."""
        return not self.grouped and all(other is exchange for other in self.queue)

    def idle(self, exchange: Exchange) -> bool:
        """Return whether the backend is certainly in no transaction when this exchange begins."""
        return self.status == IDLE and self.settled(exchange)

    def data_asked(self, exchange: Exchange) -> None:
        """Record that the server reads CopyData now, which may all have been sent before."""
        if exchange in self.fed:
            ignore(self.fed.pop(exchange))
        else:
            self.copying = True

    def data_ended(self) -> None:
        """Record that the client has sent all its CopyData; the server has ignored every Sync before that."""
        self.copying = False
        for at, exchange in enumerate(self.queue):
            if isinstance(exchange, SharedExchange) and exchange.note is TO_SYNC:
                self.queue[at] = IGNORED
        ignore(self.queue)


def ignore(exchanges: Iterable[Exchange]) -> None:
    """Record that the Syncs among these, none of which is shared, have no effect and no response."""
    for exchange in exchanges:
        if exchange.note is TO_SYNC:
            exchange.note = TO_NOTHING
