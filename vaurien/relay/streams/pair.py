"""What both directions of a session of HTTP/2 share: its streams, their numbers, the client's window, and replies of our own.

Knows frames and no bytes of a header block.
"""
from collections import deque
from typing import Any

from ...net.stream import Stream
from ...protocols.base import Exchange
from ...protocols.http.h2 import frames
from ...protocols.http.h2.edits import Edits
from ...protocols.message import MAX_WAITING_BYTES, MessageProtocol
from ..lane import LaneHost
from .downstream import Responses
from .state import DROPPED, HELD, PASS, TOLD, StreamEnd, StreamState
from .upstream import Requests

#: streams that are over, of which late frames are still dropped or renumbered
MAX_LATE = 4096
#: replies that wait for the backend's first SETTINGS, or for room in the client's window
MAX_WAITING = 4096
#: [bytes] that a stream takes while a behavior acts on it, beside the rest: two ends, and perhaps a greenlet
ACTED_BYTES = 8 * 1024


class Pair:
    """One session of HTTP/2.

    Args:
        session: The session.
        protocol: Its protocol object.
        client, backend: Its streams.
        recorder, deliveries: What records it; None: it is not recorded.

    Attributes:
        streams: Those that are not over, by their numbers as the client has them.
        late: The numbers at the backend of streams that are over, by the client's; 0: their frames are dropped.
        back: The client's numbers by the backend's, where they differ or frames are dropped (0).
        renumbered: The backend has other numbers than the client: a request was late, and numbers have to rise.
        next: The next number at the backend.
        last: The client's last one.
        allowed: The last one that is served, as the client was told.
        client_frame, client_window: [bytes] that the client takes in a frame, and of a new stream.
        greeted: The backend's first SETTINGS have passed; nothing of our own may come before.
        stalled: The client gets no more credit for uploads.
        opaque: Frames are relayed unread.
        paced: Events of a response have waited for their time, and pings may have to be answered here.
        asks: Requests may ask for faults in their headers.
        origin: What stands before the path in names, where a forward proxy has opened the connection.
        edits: What changes in headers; None: nothing.
        looking: Who looks at what passes; None: nobody does, or has.
    """

    def __init__(self, session: LaneHost, protocol: MessageProtocol, client: Stream, backend: Stream, recorder: Any,
                 deliveries: Any) -> None:
        self.session, self.protocol, self.recorder, self.deliveries = session, protocol, recorder, deliveries
        self.asks: bool = getattr(protocol, 'asks', False)
        self.origin: bytes = getattr(protocol, 'origin', b'')
        self.edits: Edits | None = protocol.edits() if hasattr(protocol, 'edits') else None
        self.looking: Any = None
        self.streams: dict[int, StreamState] = {}
        self.late: dict[int, int] = {}
        self.back: dict[int, int] = {}
        self.renumbered = self.greeted = self.stalled = self.opaque = self.paced = False
        self.next = self.last = self.weight = 0
        self.allowed, self.client_frame, self.client_window = frames.LAST_STREAM, frames.FRAME_BYTES, frames.WINDOW
        self.unacknowledged: deque[bool] = deque()  # of the SETTINGS on their way to the client: whether they are our own
        self._waiting: deque[tuple[bytes, int, bool]] = deque()
        self.upstream = Requests(session, client, backend, self)
        self.downstream = Responses(session, backend, client, self)
        if self.edits is not None:
            self.upstream.frozen, self.downstream.frozen = self.edits.overwrites, self.edits.redirects

    # -- streams

    def open(self, number: int, exchange: Exchange) -> StreamState:
        """Begin a stream."""
        state = self.streams[number] = StreamState(number, exchange)
        exchange.note.room, exchange.note.window = self.client_frame, self.client_window
        state.down.room = self.client_window
        self.weight += state.weight
        return state

    def resize(self, window: int) -> None:
        """Record how much the client takes of each stream, of those that are open, too (RFC 9113 section 6.9.2)."""
        for state in self.streams.values():
            state.down.room += window - self.client_window
        self.client_window = window

    def too_much(self) -> bool:
        """Return whether the streams that are open take more memory than they may."""
        return self.weight > MAX_WAITING_BYTES

    def number_out(self, state: StreamState) -> int:
        """Give a stream its number at the backend."""
        if self.renumbered:
            state.out, self.next = self.next, self.next + 2
            self.back[state.out] = state.number
        else:
            state.out = state.number
        return state.out

    def renumber(self, number: int) -> None:
        """Let the backend have numbers of its own from here on: the request of this number comes later than those after it."""
        if not self.renumbered:
            self.renumbered, self.next = True, number
            self.back.update((state.out, state.number) for state in self.streams.values() if state.out)

    def forget(self, state: StreamState) -> None:
        """Drop what is known of a stream that is over, but for what its late frames need."""
        if self.streams.pop(state.number, None) is None:
            return
        self.weight -= state.weight
        if state.talk is not None:
            state.talk.talk.finished()
        if self.renumbered or state.up.mode == DROPPED:
            self.late[state.number] = 0 if state.up.mode == DROPPED else state.out
            bound(self.late)
        if state.out and (self.renumbered or state.down.mode == DROPPED):
            self.back.pop(state.out, None)
            self.back[state.out] = 0 if state.down.mode == DROPPED else state.number
            if len(self.back) > MAX_LATE + len(self.streams):
                oldest = next(number for number, own in self.back.items() if own not in self.streams)
                del self.back[oldest]

    def cancelled(self, state: StreamState) -> None:
        """Forget a stream that the client has reset."""
        if state.end_wait is not None:
            state.end_wait()
        for lane, half in ((self.upstream, state.up), (self.downstream, state.down)):
            if half.mode == HELD:
                half.mode = DROPPED
                lane.drop_held(state)
        self._let_go(state)
        if state.out and state.up.mode == DROPPED and not state.replied:
            self.upstream.emit(frames.reset(state.out, frames.CANCEL))
        self.forget(state)
        self.over(state)

    def over(self, state: StreamState) -> None:
        """Record an exchange that is over."""
        if self.looking is not None:
            self.looking.ended(self.session.number, state.exchange)
        if self.recorder is not None:
            if not state.replied:
                state.exchange.failure = None
            self.deliveries.collecting = True
            self.recorder.finish(state.exchange)

    def flushed(self) -> None:
        """Hand on the records of what has been written."""
        if self.recorder is not None:
            self.deliveries.flushed()

    # -- what happens to a stream

    def ends_of(self, state: StreamState) -> None:
        """Make what a behavior gets as the two streams."""
        client, backend = self.upstream.source, self.upstream.dest
        self.weight += ACTED_BYTES
        state.weight += ACTED_BYTES
        state.client = StreamEnd(client, lambda data: self._written(state, data, True), lambda reset: self._ended(state, reset))
        state.backend = StreamEnd(backend, lambda data: self._written(state, data, False), lambda reset: self._cut_off(state))

    def _written(self, state: StreamState, data: bytes, to_client: bool) -> None:
        """Write content that a behavior has made."""
        content = frames.frame(frames.DATA, 0, state.number if to_client else state.out, data[:frames.FRAME_BYTES])
        if to_client and state.down.begun:
            self.own(content, len(data[:frames.FRAME_BYTES]))
        elif not to_client and state.out and not state.up.ended:
            self.upstream.emit(content)

    def _ended(self, state: StreamState, reset: bool) -> None:
        """End a stream for the client, and drop what else comes of it."""
        if state.replied or state.number not in self.streams:
            return
        self.own(frames.reset(state.number, frames.INTERNAL_ERROR if reset else frames.CANCEL))
        self._cut_off(state)

    def _cut_off(self, state: StreamState) -> None:
        """Drop what comes of a stream, and let the backend know where it still expects some of the request."""
        if state.out and not state.up.ended:
            self.upstream.emit(frames.reset(state.out, frames.CANCEL))
        self.drop(state)
        self.upstream.frozen = self.upstream.frozen or not state.out

    def drop(self, state: StreamState) -> None:
        """Drop what there is of a stream, and all that comes."""
        state.up.mode = state.down.mode = DROPPED
        self.upstream.drop_held(state)
        self.downstream.drop_held(state)
        self._let_go(state)
        self.forget(state)
        self.over(state)

    def _let_go(self, state: StreamState) -> None:
        """Hold nothing more of a response that is changed."""
        fault = state.exchange.note.fault
        if fault is not None and fault.edit is not None:
            self.downstream.changed.cancelled(fault.edit)

    def due(self, state: StreamState) -> None:
        """Reply in the backend's place if the client has sent all that it has to send first."""
        fault = state.exchange.note.fault
        if fault is not None and not state.replied and (
                fault.at_once or state.up.ended or state.exchange.note.waits):
            self.reply(state)

    def reply(self, state: StreamState) -> None:
        """Write what takes the place of a response."""
        fault, state.replied = state.exchange.note.fault, True
        if fault.status or fault.call is not None:
            state.exchange.note.call = fault.call
        if self.recorder is not None:
            self.recorder.replied(state.exchange)
        self.announce(fault)
        if fault.then != 'silence':
            self.forget(state)
        self.over(state)

    def announce(self, fault: Any) -> None:
        """Write the frames of a fault, and let what it says hold from now on."""
        self.unacknowledged.extend([True] * fault.settings)
        self.stalled = self.stalled or fault.stalls
        if fault.reply or fault.then == 'close':
            self.own(fault.reply, fault.content, fault.then == 'close')
        if fault.then == 'refuse':
            self.refuse_beyond(fault.last)

    def refuse_beyond(self, last: int) -> None:
        """Drop all streams after one: the client was told that they would be."""
        self.allowed = last
        for state in [state for number, state in self.streams.items() if number > last and not state.replied]:
            if state.end_wait is not None:
                state.end_wait()
            if state.out:
                self.upstream.emit(frames.reset(state.out, frames.CANCEL))
            self.drop(state)

    # -- what we write ourselves

    def own(self, data: bytes, content: int = 0, close: bool = False) -> None:
        """Write frames to the client, when the backend's SETTINGS have passed, and there is room for them.

        Args:
            data: The frames.
            content: [bytes] of them that count in the client's window.
            close: The client's connection ends after them.
        """
        if content:
            self.downstream.borrow(content)
        self._waiting.append((data, content, close))
        if len(self._waiting) > MAX_WAITING:
            self.session.lose_track(f'more than {MAX_WAITING} replies wait for the client or for the backend')
        self.release()

    def write_to(self, stream: Stream, data: bytes) -> None:
        """Write frames to one of the two."""
        if stream is self.upstream.source:
            self.own(data)
        else:
            self.upstream.emit(data)

    def release(self) -> None:
        """Write what can be written now."""
        waiting, downstream = self._waiting, self.downstream
        while waiting and self.greeted and waiting[0][1] <= downstream.room and not (self.session.ended or self.session.silent):
            data, content, close = waiting.popleft()
            downstream.room -= content
            downstream.emit(data)
            if close:
                downstream.flush()
                self.session.finish_client()

    # -- what cannot be followed

    def untouched(self) -> bool:
        """Return whether all has passed as it came, so that bytes may be relayed unread from here on."""
        lanes = self.upstream, self.downstream
        changed = self.renumbered or self.late or self.back or self._waiting or self.stalled or any(self.unacknowledged) \
            or self.allowed != frames.LAST_STREAM or any(lane.frozen or lane.borrowed for lane in lanes)
        return not changed and all(state.up.mode in (PASS, TOLD) and state.down.mode in (PASS, TOLD)
                                   for state in self.streams.values())

    def give_up(self, lane: Any, reason: str) -> None:
        """Relay unread what cannot be followed, or reset the session where something is not in its place."""
        if not self.untouched():
            return self.session.lose_track(reason)
        self.opaque = True
        self.session.lane_opaque(lane, reason)
        self.streams.clear()
        for each in (self.upstream, self.downstream):
            rest, each.more = each.frames.held(), False
            if rest:
                each.dest.sendall(rest)
            each.watch()
        lane.settle(True)
        return None


def bound(late: dict[int, int]) -> None:
    """Forget the oldest of too many."""
    while len(late) > MAX_LATE:
        del late[next(iter(late))]
