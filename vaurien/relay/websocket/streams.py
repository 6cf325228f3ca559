"""A stream of HTTP/2 that carries one conversation of WebSocket (RFC 8441). Knows frames of HTTP/2, and no behavior.

A DATA frame passes as it came where nothing happens to what it carries. Else other frames take its place, and the windows are
kept right: what is dropped is given back to its sender, and what is added is withheld from the next credit.
"""
from typing import Any

from gevent import sleep

from ...protocols.http.h2 import frames
from ...protocols.http.h2.hpack import Field
from ...protocols.http.headers import UPGRADE_STREAM
from ...protocols.http.ws import handshake
from ...protocols.http.ws.failures import CUT, RESET, SILENCE
from ...protocols.http.ws.frames import Unit
from ...protocols.message import MessageProtocol
from ..streams.state import DROPPED, HELD, StreamState, held_size
from ..streams.waiting import wait
from .direction import Direction
from .talk import LINGER, Talk

EXTENSIONS = handshake.EXTENSIONS_FIELD.lower()


class Way:
    """One direction of the stream.

    Attributes:
        busy: A behavior waits, or what has come meanwhile is being handled.
        later: What has come meanwhile.
        credited: [bytes] of what has not left yet that the sender has got the connection's credit back for.
        extra: [bytes] that were added, and are still to be withheld of the stream's credit.
        ended: Its sender has ended it, and that is still to be passed on.
        taken: What leaves in the place of the frame that is being handled; None: none is.
        left: [bytes] of it that have left before the end of the stream.
    """

    def __init__(self) -> None:
        self.busy = self.ended = False
        self.later: list[bytes] = []
        self.credited = self.extra = self.left = 0
        self.taken: list[bytes] | None = None


class StreamTalk:
    """Carries one conversation on one stream.

    Args:
        pair: What both directions of the session share.
        state: The stream.
        agreed: What the two sides have agreed on.
    """

    def __init__(self, pair: Any, state: StreamState, agreed: handshake.Agreed) -> None:
        self.pair, self.state = pair, state
        self.client, self.backend = pair.upstream.source, pair.upstream.dest
        self.ways = {True: Way(), False: Way()}
        self.talk = Talk(pair.session, pair.protocol, self, agreed, pair.recorder, pair.deliveries, f'{state.number}/')

    def _lane(self, to_backend: bool) -> Any:
        return self.pair.upstream if to_backend else self.pair.downstream

    def data(self, lane: Any, flags: int, at: int, end: int) -> bool:
        """Handle a DATA frame; return whether it passes as it is, and has not been handled."""
        to_backend: bool = lane.to_backend
        way, direction = self.ways[to_backend], self.talk.up if to_backend else self.talk.down
        first, last = frames.content(lane.data, at, end, flags)
        payload, count, ends = lane.data[first:last], end - at - frames.HEAD, bool(flags & frames.END_STREAM)
        if way.busy:
            way.later.append(payload)
            way.ended = way.ended or ends
            way.credited += len(payload)
            lane.borrowed = True
            lane.replace(at, end)
            lane.refund(count)
            lane.refund_stream(count - len(payload), self._source(to_backend))
            return False
        way.taken = []
        if payload:
            direction.feed(payload)
        left, way.taken = b''.join(way.taken or ()), None
        if self.state.number not in self.pair.streams or self.talk.over:
            lane.replace(at, end)
            lane.refund(max(count - way.left, 0))
            return False
        if left == payload and self.state_half(to_backend).mode != HELD and not way.busy and not self._swallows(to_backend, ends):
            return True
        lane.replace(at, end)
        self._replaced(lane, way, count, left, ends)
        return False

    def _swallows(self, to_backend: bool, ends: bool) -> bool:
        """Return whether the end of a direction is kept from the other side: the client is waited for."""
        return ends and self.talk.closing and not to_backend

    def _replaced(self, lane: Any, way: Way, count: int, left: bytes, ends: bool) -> None:
        """Let other bytes leave than a frame had."""
        to_backend: bool = lane.to_backend
        dropped = count - len(left)
        if way.busy:
            way.credited, way.ended = max(dropped, 0), ends
            lane.borrowed = True
            lane.refund(max(dropped, 0))
        elif dropped > 0:
            lane.refund(dropped, 0 if ends else self._source(to_backend))
        if dropped < 0:
            self._added(lane, way, -dropped)
        self._emit(lane, left)
        if ends and not way.busy:
            self._end_way(lane, way)

    def _source(self, to_backend: bool) -> int:
        """Return the number of the stream at the sender of a direction."""
        return self.state.number if to_backend else self.state.out

    def state_half(self, to_backend: bool) -> Any:
        """Return a direction of the stream."""
        return self.state.up if to_backend else self.state.down

    def _added(self, lane: Any, way: Way, count: int) -> None:
        way.extra += count
        lane.borrow(count)

    def _emit(self, lane: Any, data: bytes, flags: int = 0) -> None:
        """Write content, as far as there is room; the rest waits."""
        half, number = lane.half(self.state), lane.number(self.state)
        for at in range(0, max(len(data), flags & frames.END_STREAM), frames.FRAME_BYTES):
            piece = data[at:at + frames.FRAME_BYTES]
            last = at + frames.FRAME_BYTES >= len(data)
            frame = frames.frame(frames.DATA, flags if last else 0, number, piece)
            if half.mode == HELD or len(piece) > lane.room and lane.borrowed:
                if half.mode != HELD:
                    half.then, half.mode = half.mode, HELD
                    lane.stuck.append(self.state)
                lane.held_bytes += held_size(frame, None)
                half.held.append((frames.DATA, flags, frame, None, 0))
            else:
                lane.room -= len(piece)
                lane.emit(frame)

    def _end_way(self, lane: Any, way: Way) -> None:
        """Pass the end of a direction on."""
        way.ended = False
        if not self._swallows(lane.to_backend, True):
            self._emit(lane, b'', frames.END_STREAM)
            lane.ended_by_talk(self.state)

    def withheld(self, lane: Any, at: int, end: int) -> bool:
        """Take credit for the stream less what was added; return whether anything was taken from it."""
        way = self.ways[not lane.to_backend]
        if not way.extra or end - at != frames.HEAD + 4:
            return False
        count = frames.number(lane.data, at + frames.HEAD)
        kept = min(way.extra, count)
        way.extra -= kept
        number = lane.number(self.state)
        lane.replace(at, end, frames.credit(number, count - kept) if count > kept else b'')
        return True

    # -- what ``Talk`` asks for

    def write(self, to_backend: bool, data: bytes) -> None:
        """Write bytes in a direction."""
        way, lane = self.ways[to_backend], self._lane(to_backend)
        if not data or self.state.number not in self.pair.streams:
            return
        if way.taken is not None:
            way.taken.append(data)
            return
        known = min(way.credited, len(data))
        way.credited -= known
        lane.debt += known
        if len(data) > known:
            self._added(lane, way, len(data) - known)
        self._emit(lane, data)

    def wait(self, direction: Direction, unit: Unit) -> None:
        """Let a behavior wait in a greenlet; what comes meanwhile of this direction waits too."""
        to_backend = direction.to_backend
        self.ways[to_backend].busy = True
        lane = self._lane(to_backend)
        wait(lane, self.state, None, self._resume, direction, unit)

    def _resume(self, direction: Direction, unit: Unit) -> None:
        way, lane = self.ways[direction.to_backend], self._lane(direction.to_backend)
        direction.resume(unit)
        while way.later and not self.talk.over:
            direction.feed(way.later.pop(0))
        way.busy = False
        if self.state.number in self.pair.streams and not self.talk.over:
            left, way.credited = way.credited, 0
            if left and not way.ended:
                lane.refund_stream(left, self._source(direction.to_backend))
            if way.ended:
                self._end_way(lane, way)
        self.pair.flushed()

    def end(self, how: str) -> None:
        """End the stream on both sides."""
        pair, state = self.pair, self.state
        if state.number not in pair.streams:
            return
        for to_backend, way in self.ways.items():
            taken, way.taken = b''.join(way.taken or ()), None
            if taken:
                way.left = len(taken)
                self._emit(self._lane(to_backend), taken)
        if how == CUT and not state.down.ended:
            pair.own(frames.frame(frames.DATA, frames.END_STREAM, state.number))
        elif how == RESET:
            pair.own(frames.reset(state.number, frames.CANCEL))
        pair.upstream.emit(frames.reset(state.out, frames.CANCEL))
        if how == SILENCE:
            state.up.mode = state.down.mode = DROPPED
        else:
            pair.drop(state)

    def close(self, reset: bool) -> None:
        """End the stream, as a behavior has asked for."""
        self.talk.finished()
        self.end(RESET if reset else CUT)

    def linger(self) -> None:
        """Wait for the client's Close frame, and not for ever."""
        def wait() -> None:
            sleep(LINGER)
            self.talk.client_closed()
        self.pair.session.spawn(wait)

    def lost(self, direction: Direction, reason: str) -> None:
        """Do nothing: the bytes of this stream pass, and the others are followed."""


def offered(protocol: MessageProtocol, stage: str, fields: list[Field]) -> list[Field]:
    """Return the headers of a request with its offer to compress as it is to be; the same list where nothing is changed."""
    how = getattr(protocol, 'compression', lambda: handshake.AS_IT_IS)() if stage == UPGRADE_STREAM else handshake.AS_IT_IS
    if how == handshake.AS_IT_IS or not any(name == EXTENSIONS and handshake.offers(value) for name, value, _ in fields):
        return fields
    changed = [(name, handshake.field_offered(value, how) if name == EXTENSIONS else value, never)
               for name, value, never in fields]
    return [field for field in changed if field[0] != EXTENSIONS or field[1]]


def granted(pair: Any, state: StreamState, fields: list[Field]) -> StreamTalk | None:
    """Begin a conversation where a request for it was granted; None: an extension is agreed on that is not known."""
    agreed = handshake.agreed(b','.join(value for name, value, _ in fields if name == EXTENSIONS))
    return None if agreed is None else StreamTalk(pair, state, agreed)
