"""What happens between two events of a response of HTTP/2: some pass, something is said, and the stream ends, or goes on.

Knows one stream at a time, and the lane that it comes on; no behavior.
"""
from time import monotonic
from typing import Any, Final

from gevent import sleep

from ...protocols.failure import Failure
from ...protocols.http.events.halves import EventHalf
from ...protocols.http.events.plan import CLEAN, CUT, ON, RESET, STALL, flow_of, spared
from ...protocols.http.h2 import frames
from ...protocols.http.h2.failures import RESPONSE, Fault
from ...protocols.http.h2.hpack import Field
from .lane import StreamLane
from .state import DROPPED, EVENT_END, HELD, StreamState

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
    reason = 'it has no content' if ended else spared(status, kind, found.get(b'content-encoding', ''))
    if reason:
        note.fault = None
        lane.session.spared(state.exchange, events.kind, reason)
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
        lane.session.spared(state.exchange, events.kind, 'it had ended before')


def take(lane: StreamLane, state: StreamState, flags: int, number: int, at: int, end: int) -> bool:
    """Look at content that has come; return whether it was seen to here, and is not simply to pass."""
    events: Any = state.events
    if state.down.mode == DROPPED:
        return False
    first, last = frames.content(lane.data, at, end, flags)
    if not events.begun:
        stop = first + events.flow.take(lane.data, first, last)
        if not events.flow.reached:
            return False
        lane.replace(at, end)
        lane.passed(end)
        lane.refund(end - at - frames.HEAD - (last - first), 0 if flags & frames.END_STREAM else number)
        reach(lane, state, lane.data[first:stop])
        first = stop
        if state.down.mode == DROPPED:
            lane.refund(last - first, 0 if flags & frames.END_STREAM else number)
            return True
    else:
        lane.replace(at, end)
        lane.passed(end)
        lane.refund(end - at - frames.HEAD - (last - first), 0 if flags & frames.END_STREAM else number)
    go_on(lane, state, flags & frames.END_STREAM, first, last)
    return True


def reach(lane: StreamLane, state: StreamState, before: bytes = b'') -> None:
    """Let what was planned happen, now that all events have passed that pass first.

    Args:
        lane: The lane of responses; what leaves now leaves where it is.
        state: The stream.
        before: Content of its that passes before.
    """
    events: Any = state.events
    exchange, half = state.exchange, state.down
    events.begun = True
    kind, events.kind = events.kind, ''
    lane.session.injected(exchange, kind)
    if events.fault.end != ON:
        return end_stream(lane, state, before)
    if half.mode != HELD:
        half.then, half.mode = half.mode, HELD
    if events.fault.rate:
        half.waits, half.tokens = True, 0
    keep(lane, state, before)
    if events.flow.said:
        said = frames.frame(frames.DATA, 0, state.number, events.flow.said)
        lane.insert(state, said)
    return None


def keep(lane: StreamLane, state: StreamState, content: bytes, flags: int = 0, ends_event: bool = False) -> None:
    """Hold content back, as much as fits a frame, in its own."""
    if content or flags:
        lane.keep(state, frames.DATA, EVENT_END if ends_event else 0, frames.frame(frames.DATA, flags, state.number, content))


def go_on(lane: StreamLane, state: StreamState, flags: int, at: int, end: int) -> None:
    """Let content pass, ``lane.data[at:end]``, after what was said or each event at its time."""
    events: Any = state.events
    half, data = state.down, lane.data
    if not events.fault.rate:
        keep(lane, state, data[at:end], flags)
        state.events = None
        return lane.send_held(state)
    while (stop := events.flow.next_end(data, at, end)) >= 0:
        keep(lane, state, data[at:stop], flags if stop == end else 0, True)
        at = stop
    if at < end or flags and not (half.held and half.held[-1][2][4] & frames.END_STREAM):
        keep(lane, state, data[at:end], flags)
    lane.send_held(state)
    if half.held and not state.pacing:
        state.pacing = True
        lane.wait(state, pace, lane, state)
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


def end_stream(lane: StreamLane, state: StreamState, before: bytes) -> None:
    """Let what passes leave, and what is said, and end the stream; the backend is told that nothing more is wanted."""
    events: Any = state.events
    pair, half, fault = lane.pair, state.down, events.fault
    for _, flags, frame, fields, credited in half.held:      # room for them was lacking
        if fields is None:
            pair.own(frames.moved(frame, state.number), len(frame) - frames.HEAD, borrowed=credited)
        else:
            pair.own(lane.block(state.number, flags, fields), borrowed=0)
    half.held.clear()
    if before:
        pair.own(frames.frame(frames.DATA, 0, state.number, before), len(before), borrowed=0)
    if events.flow.said:
        pair.own(frames.frame(frames.DATA, 0, state.number, events.flow.said), len(events.flow.said))
    last = frames.frame(frames.DATA, frames.END_STREAM, state.number) if fault.end == CLEAN else b''
    if fault.end in CODES:
        last = frames.reset(state.number, CODES[fault.end])
    then = 'silence' if fault.end == STALL else ''
    state.exchange.note.fault = Fault(last, drops=RESPONSE, then=then)
    state.exchange.failure = Failure(last, None, then or 'reset')
    state.events, half.mode = None, DROPPED
    pair.cut(state)
