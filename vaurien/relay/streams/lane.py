"""What both directions of a session of HTTP/2 have in common: frames in, frames out. Knows no behavior.

Whatever is written leaves between two frames. Once a header block did not pass where it stood - it was dropped, held or put off -
the table of the receiver stays as it is: all later blocks of the direction are written as literals.
"""
from time import monotonic
from typing import Any, ClassVar

from gevent import get_hub

from ...errors import ProtocolError
from ...net.loop import release
from ...net.stream import Stream
from ...protocols.base import Exchange
from ...protocols.http.h2 import frames
from ...protocols.http.h2.hpack import Decoder, Field, encoded
from ..lane import Lane, LaneHost
from .shared import Shared
from .state import EVENT_END, HELD, TOLD, Half, StreamState, held_size

#: [bytes] of one read: some thousand frames at most
READ_BYTES = 64 * 1024
#: units between two looks at the clock
LOOK = 32
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
        more: Units have come that are handled when the loop has gone round, and others have had their turn.
        held_bytes: [bytes] that are held back.
        room: [bytes] that the window of the destination has.
        debt: [bytes] of it that were used here, or whose sender has got credit for them before: its next credit is less by them.
        borrowed: There has been such a debt, so that the source may think that there is more room than there is.
        stuck: The streams whose frames wait for room.
    """

    __slots__ = ('pair', 'frames', 'decoder', 'frozen', 'data', 'start', 'at', 'out', 'working', 'more', 'held_bytes', 'room',
                 'debt', 'borrowed', 'stuck', '_round')

    #: [s] that one callback may take; a unit takes some microseconds
    BUDGET: ClassVar[float] = 0.005

    def __init__(self, session: LaneHost, source: Stream, dest: Stream, to_backend: bool, pair: Shared) -> None:
        super().__init__(session, source, dest, to_backend)
        self.pair, self.frames, self.decoder = pair, frames.Frames(), Decoder()
        self.frozen = self.working = self.more = False
        self._round: Any = None     # a timer
        self.data, self.start, self.at, self.held_bytes = b'', 0, 0, 0
        self.out: list[bytes] = []
        self.room, self.debt, self.borrowed = frames.WINDOW, 0, False
        self.stuck: list[StreamState] = []

    def step(self) -> None:
        if self.pair.opaque:
            return self.settle(self.source.forward(self.dest) > 0)
        if self.more:
            return self.take(b'')
        data = self.source.recv(READ_BYTES)
        if data:
            return self.take(data)
        rest = self.frames.held()
        if rest and self.pair.untouched():
            self.dest.sendall(rest)
        if any(state.pacing for state in self.pair.streams.values()):
            return self.hold()      # until the events that wait have left
        return self.finish()

    def take(self, data: bytes) -> None:
        """Handle bytes of the source."""
        cut, end, reason = self.frames.cut(data), 0, ''
        self.start, self.working, self.more, count, until = 0, True, False, 0, 0.0
        try:
            for kind, flags, stream, at, end in cut:
                self.data, self.at = self.frames.data, at
                self.handle(kind, flags, stream, at, end)
                count += 1
                if not count % LOOK:
                    now = monotonic()
                    until = until or now + self.BUDGET
                    self.more = now > until
                if self.more or self.session.ended or self.session.silent:
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
        if self.more:
            self.unwatch()
            self.watch()
        return None

    def watch(self) -> None:
        if not self.more:
            super().watch()
        elif self._may_watch():
            self._round = self._round or get_hub().loop.timer(0)
            self._round.start(self._after_round)

    def _after_round(self) -> None:
        if self._may_watch():
            self._on_readable()
            self.watch()

    def swallow(self) -> None:
        self.more = False
        super().swallow()

    def stop(self) -> None:
        super().stop()
        self._round = release(self._round)

    def handle(self, kind: int, flags: int, number: int, at: int, end: int) -> None:
        """Handle a unit; what ``replace`` is not called for passes as it is."""
        raise NotImplementedError

    def half(self, state: StreamState) -> Half:
        """Return this direction of a stream."""
        return state.up if self.to_backend else state.down

    def number(self, state: StreamState) -> int:
        """Return the number of a stream where this direction leads to."""
        return state.out if self.to_backend else state.number

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

    # -- windows, and frames that wait

    def window(self, at: int, end: int) -> None:
        """Take credit that the source gives for the connection, less what was given in its place before."""
        other: Any = self.other
        count = frames.number(self.data, at + frames.HEAD) if end - at == frames.HEAD + 4 else 0
        other.room += count
        if other.debt > 0:
            kept = min(other.debt, count)
            other.debt -= kept
            self.replace(at, end, frames.credit(0, count - kept) if count > kept else b'')
        if other.stuck:
            for state in other.stuck[:]:
                other.send_held(state)
        self.pair.release()

    def borrow(self, count: int) -> None:
        """Record that so many bytes of the window were used, or given away, that the peer who owns it does not know of."""
        self.debt += count
        self.borrowed = True

    def fits(self, state: StreamState, count: int) -> bool:
        """Take room in the window for content that passes; False: there is less than its sender thinks, and it has to wait."""
        half = self.half(state)
        if count > self.room and self.borrowed or count > half.room and half.inserted:
            half.then, half.mode = half.mode, HELD
            self.stuck.append(state)
            return False
        self.room -= count
        half.room -= count
        return True

    def keep(self, state: StreamState, kind: int, flags: int, frame: bytes, fields: list[Field] | None = None) -> None:
        """Hold a frame back. Its sender gets the connection's credit back, so that its other streams go on, as long as not too
        much is held; beyond that nothing more is read."""
        half, credited = self.half(state), 0
        self.held_bytes += held_size(frame, fields)
        if fields is not None:
            self.frozen = True
        elif kind == frames.DATA and half.waits and self.held_bytes < MAX_HELD_BYTES:
            credited, self.borrowed = len(frame) - frames.HEAD, True
            self.refund(credited)
        half.held.append((kind, flags, frame, fields, credited))
        if self.held_bytes > 2 * MAX_HELD_BYTES and not self._held:
            self.hold()

    def insert(self, state: StreamState, content: bytes) -> None:
        """Let content of our own leave after what is held: it uses windows, and the source does not know of it."""
        half = self.half(state)
        self.borrowed = half.inserted = True
        for at in range(0, len(content), frames.FRAME_BYTES):
            frame = frames.frame(frames.DATA, 0, self.number(state), content[at:at + frames.FRAME_BYTES])
            self.held_bytes += held_size(frame, None)
            half.held.append((frames.DATA, 0, frame, None, len(frame) - frames.HEAD))

    def refund(self, count: int, number: int = 0) -> None:
        """Give the source credit back: for the connection, and for a stream where its number is given."""
        if count:
            self.pair.write_to(self.source, frames.credit(0, count) + (frames.credit(number, count) if number else b''))

    def refund_stream(self, count: int, number: int) -> None:
        """Give the source credit back for a stream, which has got the connection's before."""
        if count > 0:
            self.pair.write_to(self.source, frames.credit(number, count))

    def ended_by_talk(self, state: StreamState) -> None:
        """Record that a direction of a stream has ended whose bytes did not pass as they came."""
        self.half(state).ended = True
        if state.up.ended and state.down.ended and not (state.up.held or state.down.held):
            self.pair.forget(state)
            self.pair.over(state)

    def send_held(self, state: StreamState) -> None:
        """Let what was held leave, as far as there is room, and as it may leave now."""
        half, number = self.half(state), self.number(state)
        while half.held and (half.tokens != 0 or not half.held[0][1] & EVENT_END):
            kind, flags, frame, fields, credited = half.held[0]
            count = len(frame) - frames.HEAD if kind == frames.DATA else 0
            room = min(self.room, half.room) if half.inserted else self.room
            if count > room and not self._split(half, room):
                if state not in self.stuck:
                    self.stuck.append(state)
                return
            if count > room:
                continue
            half.held.popleft()
            self.room -= count
            half.room -= count
            self.debt += credited
            self._let_go(held_size(frame, fields))
            self.emit(frames.moved(frame, number) if fields is None else self.block(number, flags, fields))
            if half.tokens and flags & EVENT_END:
                half.tokens -= 1
        if state in self.stuck:
            self.stuck.remove(state)
        if half.held or half.tokens is not None and not half.ended:
            return      # the next event has to wait
        half.mode = half.then
        self.released(state)

    def _split(self, half: Half, room: int) -> bool:
        """Let the first frame that is held become two, of which one fits; False: nothing of it does."""
        kind, flags, frame, fields, credited = half.held[0]
        if room <= 0 or frame[4] & frames.PADDED:
            return False
        first, rest = frames.split(frame, room)
        self.held_bytes += held_size(first, None) + held_size(rest, None) - held_size(frame, None)
        half.held[0] = kind, flags, rest, fields, credited - min(credited, room)
        half.held.appendleft((kind, 0, first, fields, min(credited, room)))
        return True

    def released(self, state: StreamState) -> None:
        """Do what follows frames that were held and have left."""
        raise NotImplementedError

    def drop_held(self, state: StreamState, number: int = 0) -> None:
        """Drop what was held, and give its sender its credit back; with the number of the stream there also the stream's."""
        half = self.half(state)
        if half.held:
            self.frozen = True
        while half.held:
            kind, _, frame, fields, credited = half.held.popleft()
            self._let_go(held_size(frame, fields))
            if kind == frames.DATA:
                self.refund(len(frame) - frames.HEAD - credited)
                if number and len(frame) > frames.HEAD:
                    self.pair.write_to(self.source, frames.credit(number, len(frame) - frames.HEAD))
        if state in self.stuck:
            self.stuck.remove(state)

    def _let_go(self, count: int) -> None:
        self.held_bytes -= count
        if self._held and self.held_bytes < MAX_HELD_BYTES:
            self.unhold()

    # -- behaviors

    def act(self, state: StreamState, lent: bytes) -> bool:
        """Tell a behavior that a message begins, of which these frames have come; return whether it may pass."""
        exchange, protocol = state.exchange, state.protocol
        source, dest = (state.client, state.backend) if self.to_backend else (state.backend, state.client)
        assert protocol is not None
        assert source is not None
        self.exchange = exchange
        behavior = exchange.drawn
        if self.to_backend and not behavior.reports and not state.told:
            self.session.injected(exchange, '')
        source.lend(lent)
        passes = bool(behavior.on_before_handle(protocol, source, dest, self.to_backend))
        return passes and source.recv() == lent

    def end_act(self, state: StreamState) -> None:
        """Tell a behavior that a message has passed."""
        source, dest = (state.client, state.backend) if self.to_backend else (state.backend, state.client)
        if self.half(state).mode == TOLD:
            state.exchange.drawn.on_after_handle(state.protocol, source, dest, self.to_backend)

    def under_way(self) -> Exchange | None:
        for state in self.pair.streams.values():
            return state.exchange
        return None
