"""Protocols that know requests. Bytes only: this file and those built on it touch no socket and no event loop.

The folder of a protocol has two framers, a table of failures and their builders; this file has what they share: pairing responses
with requests in order, and letting them fail. ``framing`` cuts a stream into messages, in any slicing.
"""
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, ClassVar

from .answers import Answers
from .base import COMMON, BaseProtocol, Behavior, Exchange
from .failure import Failure as Failure
from .framing import MAX_HELD_BYTES as MAX_HELD_BYTES
from .framing import MAX_NAME_BYTES as MAX_NAME_BYTES
from .framing import MAX_PASSED_BYTES as MAX_PASSED_BYTES
from .framing import NO_RUN as NO_RUN
from .framing import Cutter as Cutter
from .framing import Framer as Framer
from .framing import Part as Part
from .framing import Run as Run
from .kinds import CATEGORIES as CATEGORIES
from .kinds import SCOPES as SCOPES
from .kinds import Builder as Builder
from .kinds import FailureKind as FailureKind
from .kinds import half_reply as half_reply
from .kinds import lost_reply as lost_reply
from .starttls import Alteration, Switch
from .tls_kinds import STREAM_KINDS, TLS_KINDS, WHOLE_REPLIES

#: [bytes] that the requests may take that wait for their responses, some 75,000 small ones; beyond it the session is relayed
#: unread. Holding the client back instead would deadlock one that reads no response before it has sent everything
MAX_WAITING_BYTES = 24 * 1024 * 1024
#: [bytes] that a request takes while it waits, beside its name, what the framers note of it, and the reply to it
EXCHANGE_BYTES = 320


class Queue(deque[Exchange]):
    """Exchanges that await their responses; a class of our own, as that of a session that is looked at becomes another one.

    Attributes:
        owner: The number of the session, where it is looked at; else there is none.
    """

    __slots__ = ('owner',)

    owner: int

    def alike(self) -> bool:
        """Return whether all of them, of which there is one at least, are one and the same exchange, which stands for many."""
        return self.count(self[0]) == len(self)


class MessageProtocol(Answers, BaseProtocol):
    """A protocol that knows where requests and responses begin and end.

    A subclass gives ``framers`` (for requests, for responses) and ``errors``; it may override ``fits``, ``responds``, ``edit``.
    """

    options: ClassVar[Mapping[str, Any]] = {**COMMON, 'keep_alive': COMMON['keep_alive']._replace(default=True)}
    duplex = inline = True
    framers: ClassVar[tuple[Callable[[Any], Framer[Any]], Callable[[Any], Framer[Any]]]]
    errors: ClassVar[Mapping[str, FailureKind]] = {}
    #: many requests are under way at once from here on, which this object does not follow any more
    multiplexed = False
    #: what the two sides have agreed on that talk in another way from here on, which this object does not follow; None: nothing
    switched: Any = None
    #: the stages of what is no request of its own but a step on the way to one; nothing is drawn for them
    undrawn: ClassVar[Collection[str]] = ()
    #: [bytes] of a response before the random ones that ``error`` with ``inject`` puts into it; the framer of responses reports
    #: as many at once, however they arrive
    spoilt_after: ClassVar[int] = 1
    #: how a backend is asked for TLS, where connections begin in the clear; None: TLS begins with the first byte, on either side
    switch: ClassVar[Callable[[], Switch] | None] = None
    #: the ports at which TLS begins with the first byte none the less
    direct_ports: ClassVar[Collection[int]] = ()

    # what a session says of TLS by ``sides``; most have none, and need no attributes of their own
    client_tls = backend_tls = False    #: that side is inside TLS: the client once it has begun, the backend before that, too
    awaits_tls = False      #: the client may ask for TLS, and has not: ``go_ahead`` is asked of each request that passes
    ends_tls = False        #: some side speaks TLS here: a client's wish for it is none of the backend's business

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__(settings)
        #: the exchanges that are not answered yet, oldest first; the first one is always the backend's to answer
        self.queue = Queue()
        self.request_cutter, self.response_cutter = (Cutter(make(self)) for make in self.framers)
        #: a failure that was drawn where it did not fit and waits for the next exchange where it does; '' is any kind
        self.owed: tuple[Behavior, str] | None = None
        #: whether headers are changed on their way, by ``edit``
        self.editing = False

    def fits(self, kind: str, exchange: Exchange) -> bool:
        """Return whether the real server could fail with this kind at this exchange.

        It is decided by what the client has sent, and never by a response: whether one has come yet is a matter of time.
        """
        return self.responds(exchange) and exchange.stage in self.kind(kind).stages

    def may_fail(self, kind: str, exchange: Exchange) -> bool:
        """Return the same as ``fits``, for the kinds of TLS too: a response that can be halved, or lost, can break inside TLS."""
        if kind in self.errors or kind not in TLS_KINDS:
            return self.fits(kind, exchange)
        whole = self.errors.keys() & WHOLE_REPLIES
        can = any(self.fits(other, exchange) for other in whole) if whole else self.responds(exchange)
        return kind in STREAM_KINDS and can

    def responds(self, exchange: Exchange) -> bool:
        """Return whether the server responds to an exchange, as far as its requests tell: no response decides what is drawn."""
        return exchange.expects

    def edit(self, exchange: Exchange, beginning: bytes, to_backend: bool) -> bytes:
        """Return the first part of a message as it should leave; called only where ``editing`` is True."""
        return beginning

    def asked_for(self, data: bytes, at: int, end: int) -> str:
        """Return what a request asks to happen to itself, of which the first part is ``data[at:end]``; empty: nothing.

        Called only where ``editing`` is True.
        """
        return ''

    def uncoded(self, beginning: bytes) -> bytes:
        """Return the first part of a request as it leaves that asks for its response without a coding of its content."""
        return beginning

    def asked(self, exchange: Exchange) -> None:
        """Record that a request has begun to leave, or was answered by vaurien."""
        if exchange.expects:
            self.queue.append(exchange)

    def answered(self, exchange: Exchange) -> None:
        """Record that the backend has answered an exchange to the end."""
        if self.queue and self.queue[0] is exchange:
            self.queue.popleft()

    def sides(self, client: bool, backend: bool, awaits: bool) -> None:
        """Learn which sides speak TLS here, before anything has come; called where some side does.

        Args:
            client: The client is inside TLS.
            backend: The backend is, or will be.
            awaits: The client is not, and may ask for it.
        """
        self.client_tls, self.backend_tls, self.awaits_tls = client, backend, awaits
        self.ends_tls, self.editing = True, self.editing or awaits

    def go_ahead(self, exchange: Exchange) -> bytes | None:
        """Return what a client is told that asks for TLS, which begins after that; None: this is no such request.

        Empty: nothing is said before it begins, and what the client has sent after its request belongs to it. After any other
        answer a client that has not waited for it is not followed: what it sent may not be its own.
        """
        return None

    def tls_begun(self) -> Alteration | None:
        """Record that TLS begins on the client's connection; return what is changed of the first bytes inside, None: nothing."""
        self.awaits_tls, self.client_tls, self.editing = False, True, False
        return None

    def weight(self, exchange: Exchange) -> int:
        """Return about how many bytes a request takes while it waits for its response; its name may be noted once more.

        A protocol overrides it where what it notes of a request can be longer than the name.
        """
        return EXCHANGE_BYTES + 2 * exchange.name_bytes + (0 if exchange.failure is None else len(exchange.failure.reply))

    def reusable(self) -> bool:
        """Return whether the backend connection is as good as new: nothing in flight, no state of this client on it."""
        asking, answering = self.request_cutter, self.response_cutter
        lost = asking.opaque_because or answering.opaque_because
        return not (lost or asking.framer.final or answering.framer.final or asking.framer.open or self.queue or asking.held)

    def _handle(self, source: Any, dest: Any, to_backend: bool) -> bool:
        if data := source.recv():
            dest.sendall(data)
        return bool(data)

    def fail(self, source: Any, dest: Any, kind: str | None = None) -> bool:
        exchange = self.exchange(True)
        chosen = self._choose(exchange, kind)
        if chosen is None:
            self.owed = exchange.drawn, kind or ''
            return True
        self.owed = None
        failure = self.kind(chosen).build(self, exchange)
        if failure is not None:
            self.replace(exchange, failure)
        half = None if failure is None else failure.half
        if half is None or half.reported:
            self.session.injected(exchange, chosen)
        else:
            half.kind = chosen
        if half is not None and half.plain:
            source.unread(self.uncoded(source.recv()))
        return exchange.failure is None or exchange.failure.request is None

    def spoils(self) -> bool:
        return self.responds(self.exchange(True)) and super().spoils()

    def spoilt_at(self, response: bytes) -> int:
        return self.spoilt_after

    def hang(self) -> None:
        self.replace(self.exchange(True), Failure(end='silence'))   # in its turn: what was asked before is answered

    def replace(self, exchange: Exchange, failure: Failure) -> None:
        """Let a failure take the place of a request and its response.

        A protocol overrides it where the backend's responses to the requests before this one cannot be told apart without its
        response to this one.
        """
        exchange.failure = failure

    def _choose(self, exchange: Exchange, kind: str | None) -> str | None:
        """Return the kind to fail with, None where the real server has none here."""
        if kind is not None and kind in self.errors:
            return kind if self.fits(kind, exchange) else None
        fitting = [name for name in (self.kinds_named(kind) if kind else self.at_random()) if self.may_fail(name, exchange)]
        return self.random(True).choice(fitting) if fitting else None

    def owes(self, exchange: Exchange) -> Behavior | None:
        """Return the behavior whose failure waits for an exchange like this one; None: there is none."""
        if self.owed is None or not any(self.may_fail(kind, exchange) for kind in self.owed_kinds()):
            return None
        return self.owed[0] if self.wanted(self.owed[0], exchange) else None

    def begun(self, exchange: Exchange) -> bool:
        """Return whether the failure that waits has begun with an earlier exchange, and has to come here: the backend has not
        seen what led to this one."""
        return False

    def wanted(self, behavior: Behavior, exchange: Exchange) -> bool:
        """Return whether a behavior whose failure waits is meant for a request of this name."""
        return behavior.match is None or behavior.match.search(exchange.name) is not None

    def owed_kinds(self) -> Iterable[str]:
        """Return the kinds that the failure which waits may be of."""
        assert self.owed is not None
        return self.kinds_named(self.owed[1]) if self.owed[1] else self.at_random()

    def at_random(self) -> Iterator[str]:
        """Give the kinds that may be drawn where none is named."""
        return (name for name, kind in self.errors.items() if not kind.only_named)
