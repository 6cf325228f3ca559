"""What happens between two events of a response of HTTP/2: some pass, something is said, and the stream ends, or goes on.

Knows one stream at a time, and the lane that it comes on; no behavior.
"""
from time import monotonic
from typing import Final

from gevent import sleep

from ...protocols.failure import Failure
from ...protocols.http.events.halves import EventHalf
from ...protocols.http.events.plan import CLEAN, CUT, ON, RESET, STALL, flow_of, spared
from ...protocols.http.h2 import frames
from ...protocols.http.h2.failures import RESPONSE, Fault
from ...protocols.http.h2.hpack import Field
from .lane import StreamLane
from .state import DROPPED, EVENT_END, HELD, StreamState
from .waiting import wait

PING_BYTES: Final = 8      #: [bytes] in a ping
#: how the stream ends for the client
CODES: Final = {CUT: frames.INTERNAL_ERROR, RESET: frames.CANCEL}


def plain(fields: list[Field]) -> list[Field]:
    """Return the headers of a request that asks for its response without a coding of its content."""
    return [field for field in fields if field[0] != b'accept-encoding']


def begin(lane: StreamLane, state: StreamState, status: int, ended: bool, fields: list[Field]) -> list[Field]:
    """Look at the headers of a response between whose events something is to happen.

    Returns:
        The headers as they are to be.
    """
    note = state.exchange.note
    events: EventHalf = note.fault.events
    found = {name: value.decode('latin-1') for name, value, _ in fields}
    kind = found.get(b'content-type', '')
    reason = 'it has no content' if ended else spared(events.fault, status, kind, found.get(b'content-encoding', ''))
    if reason:
        note.fault = None
        lane.draws.spared(state.exchange, events.kind, reason)
        return fields
    state.events, events.flow = events, flow_of(events.fault, kind)
    kept = [field for field in fields if field[0] != b'content-length'] if events.fault.reframes else fields
    lane.frozen = lane.frozen or len(kept) < len(fields)
    return kept


def at_once(lane: StreamLane, state: StreamState, end: int) -> None:
    """Let what was planned happen just after the headers, where no event passes first."""
    if state.events.flow.reached:
        lane.passed(end)
        reach(lane, state)
        if state.down.mode == HELD:
            lane.send_held(state)


def over(lane: StreamLane, state: StreamState) -> None:
    """Tell that nothing has happened to a response that has ended before."""
    events, state.events = state.events, None
    if events.kind:
        lane.draws.spared(state.exchange, events.kind, 'it had ended before')


def take(lane: StreamLane, state: StreamState, kind: int, flags: int, at: int, end: int) -> bool:
    """Look at a frame of a response that has begun; return whether it was seen to here, and is not simply to pass."""
    events, half = state.events, state.down
    if state.replied:
        return kind != frames.WINDOW_UPDATE and dropped(lane, state, at, end)
    if kind != frames.DATA or half.mode == DROPPED:
        return False
    first, last = frames.content(lane.data, at, end, flags)
    stop = first
    if not events.begun:
        stop += events.flow.take(lane.data, first, last)
        if not events.flow.reached:
            return False
    drop(lane, state, at, end, end - at - frames.HEAD - (last - first))
    if not events.begun:
        reach(lane, state, lane.data[first:stop])
    if state.replied:
        lane.refund(last - stop)
    else:
        go_on(lane, state, flags & frames.END_STREAM, stop, last)
    return True


def drop(lane: StreamLane, state: StreamState, at: int, end: int, count: int) -> None:
    """Let nothing leave in the place of a frame, and give the backend its credit back for so many bytes of it."""
    lane.replace(at, end)
    lane.passed(end)
    lane.refund(count, state.out if not lane.data[at + 4] & frames.END_STREAM else 0)


def dropped(lane: StreamLane, state: StreamState, at: int, end: int) -> bool:
    """Drop a frame, or headers, that come after all that the client gets of the stream; False: there is no such end."""
    if state.replied:
        if lane.data[at + 3] in frames.BLOCKS:
            lane.frozen = True
        lane.replace(at, end)
        if lane.data[at + 3] == frames.DATA:
            lane.refund(end - at - frames.HEAD)
    return state.replied


def reach(lane: StreamLane, state: StreamState, before: bytes = b'') -> None:
    """Let what was planned begin, now that all events have passed that pass first.

    Args:
        lane: The lane of responses; what leaves now leaves where it is.
        state: The stream.
        before: Content of it that passes before.
    """
    events, half, exchange = state.events, state.down, state.exchange
    events.begun = True
    kind, events.kind = events.kind, ''
    lane.session.injected(exchange, kind)
    if half.mode != HELD:
        half.then, half.mode = half.mode, HELD
    if events.fault.rate:
        half.waits, half.tokens, lane.pair.paced = True, 0, True
    keep(lane, state, before)
    lane.insert(state, events.flow.said)
    if events.fault.end != ON:
        end_stream(lane, state)


def keep(lane: StreamLane, state: StreamState, content: bytes, flags: int = 0, ends_event: bool = False) -> None:
    """Hold content back, in a frame of its own."""
    if content or flags:
        lane.keep(state, frames.DATA, EVENT_END if ends_event else 0, frames.frame(frames.DATA, flags, state.number, content))


def go_on(lane: StreamLane, state: StreamState, flags: int, at: int, end: int) -> None:
    """Let content pass, ``lane.data[at:end]``: after what was said, or each event at its time."""
    events, half, data = state.events, state.down, lane.data
    if not events.fault.rate:
        keep(lane, state, data[at:end], flags)
        state.events = None
        return lane.send_held(state)
    while at < end and (stop := events.flow.next_end(data, at, end)) >= 0:
        keep(lane, state, data[at:stop], flags if stop == end else 0, True)
        flags, at = flags if stop < end else 0, stop
    keep(lane, state, data[at:end], flags)
    lane.send_held(state)
    if half.held and not state.pacing:
        state.pacing = True
        wait(lane, state, None, pace, lane, state)
    return None


def pace(lane: StreamLane, state: StreamState) -> None:
    """Let the events that are held leave, each at its time."""
    events, half, pause = state.events, state.down, 1 / state.events.fault.rate
    try:
        while half.held and half.mode == HELD:
            now = monotonic()
            events.left_at = max(events.left_at + pause, now) if events.left_at else now + pause
            if events.left_at > now:
                sleep(events.left_at - now)
            if half.mode == HELD and not lane.session.ended:
                half.tokens = 1
                lane.send_held(state)
                lane.pair.flushed()
    finally:
        state.pacing = False


def answered(lane: StreamLane, flags: int, at: int, end: int) -> bool:
    """Answer a ping of the client while events wait; return whether that was done.

    The backend has sent its events, and a client that measures its round trip at each that comes would soon have sent more pings
    than a server of gRPC allows without content between them.
    """
    pings = not flags & frames.ACK and end - at == frames.HEAD + PING_BYTES
    waiting = pings and any(state.down.tokens is not None for state in lane.pair.streams.values())
    if waiting:
        lane.pair.downstream.emit(frames.frame(frames.PING, frames.ACK, 0, lane.data[at + frames.HEAD:end]))
        lane.replace(at, end)
    return waiting


def end_stream(lane: StreamLane, state: StreamState) -> None:
    """End a stream after what is held, and tell the backend that nothing more is wanted of it."""
    end, pair = state.events.fault.end, lane.pair
    if end == CLEAN:
        keep(lane, state, b'', frames.END_STREAM)
    elif end in CODES:
        lane.keep(state, frames.RST_STREAM, 0, frames.reset(state.number, CODES[end]))
    state.replied, state.up.mode = True, DROPPED
    pair.upstream.emit(frames.reset(state.out, frames.CANCEL))
    lane.send_held(state)


def ended(lane: StreamLane, state: StreamState) -> None:
    """Record that the client has got all that it gets of a stream."""
    then = 'silence' if state.events.fault.end == STALL else ''
    state.exchange.note.fault = Fault(drops=RESPONSE, then=then)
    state.exchange.failure = Failure(b'', None, then or 'reset')
    state.events, state.down.mode = None, DROPPED
    lane.pair.reply(state)
