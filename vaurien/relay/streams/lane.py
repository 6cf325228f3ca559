"""What both directions of a session of HTTP/2 have in common: frames in, frames out. Knows no behavior.

Whatever is written leaves between two frames. Once a header block did not pass where it stood - it was dropped, held or put off -
the table of the receiver stays as it is: all later blocks of the direction are written as literals.
"""
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gevent import getcurrent

from ...errors import ProtocolError
from ...net.stream import Stream
from ...protocols.base import Exchange
from ...protocols.http.h2 import frames
from ...protocols.http.h2.hpack import Decoder, Field, encoded
from ..lane import Lane, LaneHost
from .state import TOLD, Half, StreamState

if TYPE_CHECKING:
    from .pair import Pair

#: [bytes] of one read: some thousand frames at most, so that a callback takes no longer than people notice
READ_BYTES = 64 * 1024
#: [bytes] that are held of all streams of a direction, from which on nothing more is read
MAX_HELD_BYTES = 4 * 1024 * 1024


class StreamLane(Lane):
    """One direction.

    Attributes:
        pair: What both directions share.
        frames: Cuts what the source sends.
        decoder: Decodes its header blocks.
        frozen: The receiver's table stays as it is.
        data: What is being handled; ``at`` is where the unit under way begins, ``start`` where the bytes begin that are not
            written yet.
        blocked: What cannot be handled yet; nothing is read meanwhile.
    """

    __slots__ = ('pair', 'frames', 'decoder', 'frozen', 'data', 'start', 'at', 'out', 'working', 'held_bytes', 'blocked')

    def __init__(self, session: LaneHost, source: Stream, dest: Stream, to_backend: bool, pair: 'Pair') -> None:
        super().__init__(session, source, dest, to_backend)
        self.pair, self.frames, self.decoder = pair, frames.Frames(), Decoder()
        self.frozen = self.working = False
        self.data, self.start, self.at, self.held_bytes = b'', 0, 0, 0
        self.out: list[bytes] = []
        self.blocked = b''

    def step(self) -> None:
        if self.pair.opaque:
            return self.settle(self.source.forward(self.dest) > 0)
        data = self.source.recv(READ_BYTES)
        if data:
            return self.take(data)
        rest = self.frames.held()
        if rest and self.pair.untouched():
            self.dest.sendall(rest)
        return self.finish()

    def take(self, data: bytes) -> None:
        """Handle bytes of the source."""
        cut, end = self.frames.cut(data), 0
        self.start, self.working, reason = 0, True, ''
        try:
            for kind, flags, stream, at, end in cut:
                self.data, self.at = self.frames.data, at
                if self.handle(kind, flags, stream, at, end):
                    end = self._stop_before(at)
                    break
                if self.session.ended or self.session.silent:
                    break
        except ProtocolError as error:
            reason = str(error)
        finally:
            cut.close()
            self.working = False
        if self.session.ended:
            return None
        if end > self.start:
            self.out.append(self.data[self.start:end])
        self.flush()
        if reason:
            return self.pair.give_up(self, reason)
        self.pair.flushed()
        self.settle(True)
        if self.source.full and not (self.session.ended or self.session.silent or self._paused):
            self.pause(self.source)
        return None

    def handle(self, kind: int, flags: int, number: int, at: int, end: int) -> bool:
        """Handle a unit; what ``replace`` is not called for passes as it is. True: nothing from it on can be handled now."""
        raise NotImplementedError

    def _stop_before(self, at: int) -> int:
        """Handle nothing from the unit at ``at`` on until ``go_on``, and return it."""
        self.blocked = self.data[at:]
        self.hold()
        return at

    def go_on(self) -> None:
        """Handle what could not be handled before."""
        data, self.blocked = self.blocked, b''
        self.take(data + self.frames.held())
        if not self.blocked and not self.session.ended:
            self.unhold()

    # -- writing

    def replace(self, at: int, end: int, data: bytes = b'') -> None:
        """Let other bytes leave in the place of the unit under way; empty: nothing."""
        if at > self.start:
            self.out.append(self.data[self.start:at])
        if data:
            self.out.append(data)
        self.start = end

    def passed(self, end: int) -> None:
        """Let what is written next leave after the unit under way."""
        self.at = max(end, self.start)

    def emit(self, data: bytes) -> None:
        """Write frames of our own."""
        if self.working:
            self.replace(max(self.at, self.start), max(self.at, self.start), data)
        elif not self.dest.closed:
            self.dest.sendall(data)

    def flush(self) -> None:
        """Write what was collected, all in one."""
        out, self.out = self.out, []
        if out and not self.dest.closed:
            self.dest.sendall(out[0] if len(out) == 1 else b''.join(out))

    def block(self, number: int, flags: int, fields: list[Field], lead: bytes = b'', kind: int = frames.HEADERS) -> bytes:
        """Write a header block that changes no table."""
        resized, self.decoder.resized = self.decoder.resized, ()
        return frames.headers(number, encoded(fields, resized), flags, lead, kind)

    # -- frames that wait

    def keep(self, half: Half, kind: int, flags: int, payload: bytes, fields: list[Field] | None = None) -> None:
        """Hold a frame back; nothing more is read once there is too much of that."""
        half.held.append((kind, flags, payload, fields))
        self.held_bytes += len(payload)
        if fields is not None:
            self.frozen = True
        if self.held_bytes > MAX_HELD_BYTES and not self._held:
            self.hold()

    def kept(self, half: Half) -> list[tuple[int, int, bytes, list[Field] | None]]:
        """Return the frames that were held back."""
        held, half.held = half.held, []
        self.held_bytes -= sum(len(payload) for _, _, payload, _ in held)
        if self._held and self.held_bytes < MAX_HELD_BYTES // 2:
            self.unhold()
        return held

    # -- behaviors

    def act(self, state: StreamState, lent: bytes) -> bool:
        """Tell a behavior that a message begins, of which these frames have come; return whether it may pass."""
        exchange, protocol = state.exchange, state.protocol
        source, dest = (state.client, state.backend) if self.to_backend else (state.backend, state.client)
        assert protocol is not None
        assert source is not None
        self.exchange = exchange
        behavior = exchange.drawn
        if self.to_backend and not behavior.reports:
            self.session.injected(exchange, '')
        source.lend(lent)
        passes = bool(behavior.on_before_handle(protocol, source, dest, self.to_backend))
        return passes and source.recv() == lent

    def wait(self, state: StreamState, call: Callable[..., None], *args: Any) -> None:
        """Let a behavior act where it may wait, and nobody else with it."""
        def run() -> None:
            state.greenlet = getcurrent()
            try:
                self.guard(call, *args)
            finally:
                state.greenlet = None
        self.session.spawn(run)

    def end_act(self, state: StreamState) -> None:
        """Tell a behavior that a message has passed."""
        source, dest = (state.client, state.backend) if self.to_backend else (state.backend, state.client)
        half = state.up if self.to_backend else state.down
        if half.mode == TOLD:
            state.exchange.drawn.on_after_handle(state.protocol, source, dest, self.to_backend)

    def under_way(self) -> Exchange | None:
        for state in self.pair.streams.values():
            return state.exchange
        return None
