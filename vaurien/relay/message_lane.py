"""What the two lanes of a protocol that knows requests have in common: from bytes to messages to calls.

Messages that nothing happens to leave together, in one write for all that arrived together. Knows no wire format, and
not which of the two directions it is.
"""
from collections.abc import Iterable
from itertools import chain
from typing import Any

from gevent import get_hub, getcurrent

from ..behaviors.dummy import DUMMY
from ..net.stream import READ, Stream
from ..protocols.base import Exchange
from ..protocols.message import Cutter, Part
from .lane import Lane

#: [bytes] of a message's body from which it is forwarded without being looked at
BULK = 64 * 1024


class MessageLane(Lane):
    """What both directions have in common.

    Attributes:
        cutter: Finds the messages in what the source sends.
        current: The exchange of the message under way; None: between messages.
    """

    __slots__ = ('cutter', 'current', 'out')

    def __init__(self, session: Any, source: Stream, dest: Stream, to_backend: bool) -> None:
        super().__init__(session, source, dest, to_backend)
        self.cutter: Cutter = self.protocol.requests if to_backend else self.protocol.answers
        self.current: Exchange | None = None
        self.out: list[bytes] = []

    def step(self) -> None:
        if self.opaque():
            return self._relay()
        framer = self.cutter.framer
        if framer.rest > BULK and not self.cutter.held and self._passes(self.current):
            count = self.source.forward(self.dest, framer.rest)
            if not count:
                return self._source_ended()
            self.cutter.skipped(count)
            if framer.rest:
                return self.settle(True)
            data = b''
        else:
            data = self.source.recv(READ)
            if not data:
                return self._source_ended()
        cutter = self.cutter
        if not (cutter.open or cutter.held or self.protocol.editing):
            exchange = cutter.whole(data)
            if exchange is not None:
                return self._whole(exchange, data)
        self._process(cutter.cut(data))
        return None

    def _whole(self, exchange: Exchange, data: bytes) -> None:
        """Handle bytes that are exactly one message; without the general way's steps where nothing happens to it."""
        raise NotImplementedError

    def _process_whole(self, exchange: Exchange, data: bytes) -> None:
        self.cutter.data = data
        self._process(iter(((len(data), exchange, True),)))     # an iterator: what is left of it may go on in a greenlet

    def _send(self, data: bytes) -> None:
        self.dest.sendall(data)
        if self.dest.full:
            self.settle(True)

    def opaque(self) -> bool:
        """Say whether bytes are relayed unread from here on."""
        return bool(self.cutter.opaque)

    def _relay(self) -> None:
        self.settle(self.source.forward(self.dest) > 0)

    def _passes(self, exchange: Exchange | None) -> bool:
        """Say whether nothing at all happens to a message of this exchange."""
        return exchange is None or exchange.behavior is DUMMY and not self.protocol.editing

    def _source_ended(self) -> None:
        self._write_held()
        self.finish()

    def _process(self, parts: Iterable[Part], start: int = 0) -> None:
        """Handle the messages in ``cutter.data`` from ``start`` on, in the loop or in a greenlet."""
        raise NotImplementedError

    def _may_wait_here(self, behavior: Any) -> bool:
        return behavior.inline or getcurrent() is not get_hub()

    def _later(self, part: Part, parts: Iterable[Part], start: int) -> None:
        """Go on with this part in a greenlet."""
        self.wait_in_greenlet(self._process, chain((part,), parts), start)

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
        if self.cutter.opaque:
            self.session.opaque(self)
            self._write_held()
        self.flush()
        self.settle(True)

    def _act(self, exchange: Exchange, piece: bytes, begins: bool, done: bool) -> None:
        """Hand a piece of a message to its behavior and protocol."""
        source = self.source
        if begins and self.protocol.editing:
            piece = self.protocol.edit(exchange, piece, self.to_backend)
        source.lend(piece)
        try:
            self.call(exchange, begins, done)
        finally:
            source.take_back()

    def _over(self) -> bool:
        """Say whether the session has ended, or is to, because of what a behavior did."""
        session = self.session
        if not session.ended and (self.source.closed or self.dest.closed):
            session.end()
        return bool(session.ended or session.silent)
