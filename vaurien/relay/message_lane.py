"""What the two lanes of a protocol that knows requests have in common: from bytes to messages to calls.

Messages that nothing happens to leave together, in one write for all that arrived together. One read may bring tens of thousands
of them: a callback handles them for a while, and the rest when all other sessions have had their turn. Knows no wire format, and
not which of the two directions it is.
"""
from collections.abc import Iterator, Sequence
from itertools import chain
from time import monotonic
from typing import Any, ClassVar, NamedTuple

from gevent import get_hub

from ..behaviors.dummy import DUMMY
from ..net.loop import in_loop, release
from ..net.stream import READ, Stream
from ..protocols.base import Exchange
from ..protocols.message import Cutter, MessageProtocol, Part
from .lane import Lane, LaneHost

#: [bytes] of a message's body from which it is forwarded without being looked at
BULK = 64 * 1024
#: [messages] of a run at most: nothing else has its turn until they have passed, which takes some 0.5 us each
MAX_RUN = 1_000


class Position(NamedTuple):
    """Where the handling of what was read has stopped, to go on in a greenlet, or in a later callback.

    Args:
        parts: The parts still to come.
        start: Where the bytes of ``cutter.data`` begin that are not written yet.
    """

    parts: Iterator[Part]
    start: int


class MessageLane(Lane):
    """What both directions have in common.

    Args:
        session, source, dest, to_backend: As for ``Lane``.
        protocol: The session's protocol.
        cutter: Finds the messages in what the source sends.

    Attributes:
        left: What was read and is still to be handled, when the loop has gone round; nothing is read meanwhile. To everything
            else that may happen it is as if that had not been read yet.
        delay: [s] that the message which was looked at last has to wait.
    """

    __slots__ = ('cutter', 'out', 'left', 'delay', '_round')

    #: [s] that one callback may take, from its first look at the clock on; a single message takes some microseconds. Ten sessions
    #: that have more to do than this let an eleventh wait no longer than people notice
    BUDGET: ClassVar[float] = 0.005
    #: [bytes] of messages that pass between two looks at the clock; after one that something happens to there is one at once
    LOOK: ClassVar[int] = 1024

    protocol: MessageProtocol
    left: Position | None

    def __init__(self, session: LaneHost, source: Stream, dest: Stream, to_backend: bool, cutter: Cutter) -> None:
        super().__init__(session, source, dest, to_backend)
        self.cutter = cutter
        self.out: list[bytes] = []
        self.left = None
        self.delay = 0.0
        self._round: Any = None  # a timer

    def step(self) -> None:
        cutter = self.cutter
        if not cutter.clear or self.protocol.editing:
            return self._go_on_cutting()
        data = self.source.recv(READ)
        if not data:
            return self._source_ended()
        end, exchanges = cutter.run(data, MAX_RUN)
        if end:
            return self._run(data, end, exchanges)
        if self.protocol.request_cutter.opaque_because and self.is_opaque():
            self.dest.sendall(data)
            return self.settle(True)
        return self._process(self._cut(data))

    def _go_on_cutting(self) -> None:
        """Handle one readable event in the midst of a message, or where nothing can be followed any more."""
        cutter, protocol = self.cutter, self.protocol
        if (cutter.opaque_because or protocol.request_cutter.opaque_because) and self.is_opaque():
            return self._relay()
        framer = cutter.framer
        if framer.rest > BULK and not cutter.held and self._forwards(framer.exchange):
            count = self.source.forward(self.dest, framer.rest)
            if not count:
                return self._source_ended()
            self._skipped(count)
            if framer.rest:
                return self.settle(True)
            data = b''
        else:
            data = self.source.recv(READ)
            if not data:
                return self._source_ended()
        self._process(self._cut(data))
        return None

    def _cut(self, data: bytes) -> Iterator[Part]:
        """Report the parts of what was read."""
        return self.cutter.cut(data)

    def _run(self, data: bytes, end: int, exchanges: Sequence[Exchange]) -> None:
        """Handle a run at the front of what was read, and then the rest; without the general way's steps where that can be."""
        raise NotImplementedError

    def _send(self, data: bytes, end: int) -> None:
        """Write a run that nothing happens to; what was read after it goes the general way, and leaves with it."""
        if end < len(data):
            if end:
                self.out.append(data[:end])
            return self._process(self._cut(data[end:] if end else data))
        dest = self.dest
        if dest.through is not None:
            dest.sendall(data)
        elif dest.write_soon(data):
            return None
        if dest.full:
            self.settle(True)
        return None

    def follow_no_more(self, reason: str) -> None:
        """Learn that the other direction is relayed unread from here on."""
        raise NotImplementedError

    def is_opaque(self) -> bool:
        """Return whether bytes are relayed unread from here on."""
        return bool(self.cutter.opaque_because)

    def _relay(self) -> None:
        self.settle(self.source.forward(self.dest) > 0)

    def _passes(self, exchange: Exchange | None) -> bool:
        """Return whether nothing at all happens to a message of this exchange."""
        return exchange is None or exchange.behavior is DUMMY and not self.protocol.editing

    def _forwards(self, exchange: Exchange | None) -> bool:
        """Return whether the body of a message of this exchange is forwarded without being looked at."""
        return self._passes(exchange)

    def _skipped(self, count: int) -> None:
        """Record that so many bytes were forwarded without being looked at."""
        self.cutter.skipped(count)

    def _source_ended(self) -> None:
        self._write_held()
        self.finish()

    def _process(self, parts: Iterator[Part], start: int = 0) -> None:
        """Handle the messages in ``cutter.data`` from ``start`` on, in the loop or in a greenlet."""
        raise NotImplementedError

    def _may_act(self, exchange: Exchange) -> bool:
        """Return whether the behavior of an exchange may be applied here and now."""
        behavior = exchange.drawn
        if behavior.inline or exchange.met and behavior.once or not in_loop():
            return True
        self.delay = self.pause_of(exchange) if behavior.pauses else 0.0
        return behavior.pauses and self.delay <= 0

    def _later(self, position: Position) -> None:
        """Go on from a position where a behavior has to wait: when that is over, or in a greenlet."""
        if self.delay > 0:
            self.wait_until(monotonic() + self.delay, self._process, *position)
        else:
            self.wait_in_greenlet(self._process, *position)

    # -- rounds of the loop

    def _rest_later(self, parts: Iterator[Part], start: int) -> None:
        """Go on from a position when the loop has gone round once; all before it has been put."""
        self.flush()
        self.left, self._step = Position(parts, start), type(self)._handle_rest
        self.unwatch()
        self.settle(True)
        self.watch()

    def watch(self) -> None:
        if self.left is None:
            super().watch()
        elif self._may_watch():
            self._wait_round()

    def _wait_round(self) -> None:
        """Go on when the loop has gone round, and all others have had their turn: that is when a timer of no time is due."""
        if self._round is None:
            self._round = get_hub().loop.timer(0)
        self._round.start(self._after_round)

    def _after_round(self) -> None:
        if self._may_watch():
            self._on_readable()

    def _handle_rest(self) -> None:
        left, self.left, self._step = self.left, None, type(self).step
        if left is not None:
            self._process(*left)
        self.watch()

    def swallow(self) -> None:
        self.left = None
        super().swallow()

    def stop(self) -> None:
        super().stop()
        self._round = release(self._round)

    # -- writing

    @staticmethod
    def _back_to(part: Part, parts: Iterator[Part], start: int) -> Position:
        """Return the position of a part that was taken from the parts but not handled."""
        return Position(chain((part,), parts), start)

    def put(self, start: int, end: int) -> None:
        """Collect bytes of the cutter's data that pass."""
        if end > start:
            data = self.cutter.data
            self.out.append(data if end - start == len(data) else data[start:end])

    def flush(self) -> None:
        """Write what was collected, all in one."""
        out = self.out
        if out:
            self.out = []
            self.dest.sendall(out[0] if len(out) == 1 else b''.join(out))

    def _write_held(self) -> None:
        """Write the bytes that no message has claimed."""
        self.flush()
        held, self.cutter.held = self.cutter.held, b''
        if held:
            self.dest.sendall(held)

    def _went_through(self) -> None:
        self.flush()
        self.cutter.data = b''
        reason = self.cutter.opaque_because
        if reason:
            if self.protocol.multiplexed and self.to_backend:
                return take_over(self)
            if self.protocol.switched is not None and not self.to_backend:
                return talk(self)
            if not self.in_place():
                return self.session.lose_track(reason)
            self.session.lane_opaque(self, reason)
            self._write_held()
        return self.settle(True)

    def in_place(self) -> bool:
        """Return whether all that was changed so far is in its place: bytes may be relayed unread from here on.

        The rest of a message that does not pass can only be dropped as long as its end can be told.
        """
        return self.passing

    def _act(self, exchange: Exchange, piece: bytes, done: bool) -> None:
        """Hand a piece of a message to its behavior and protocol."""
        source, begins = self.source, exchange is not self.cutter.framer.exchange
        if begins and self.protocol.editing:
            piece = self.protocol.edit(exchange, piece, self.to_backend)
        source.lend(piece)
        try:
            self.call(exchange, begins, done)
        finally:
            source.take_back()
        self.passing = self.passing or done     # what comes next is no part of this message

    def _over(self) -> bool:
        """Return whether the session has ended, or is to, because of what a behavior did."""
        session = self.session
        if not (session.ended or session.silent) and (self.source.closed or self.dest.closed):
            session.finish()
        return session.ended or session.silent


def take_over(lane: MessageLane) -> None:
    """Let lanes of streams go on: the client of this lane speaks HTTP/2. They are seldom needed, and imported only then."""
    from .streams.begin import begin
    begin(lane)


def talk(lane: MessageLane) -> None:
    """Let lanes of WebSocket go on after its handshake; the same as above."""
    from .websocket.begin import begin
    begin(lane)
