"""From the backend to the client: finds the stream that a frame belongs to, and what happens to it. Draws nothing."""
from ...errors import ProtocolError
from ...net.stream import Stream
from ...protocols.http.h2 import frames
from ...protocols.http.h2.heads import call_status_of, length_of, status_of
from ...protocols.http.h2.hpack import Field
from ...protocols.http.headers import CALL, UPGRADE_STREAM
from ..lane import LaneHost
from ..websocket.streams import granted
from . import events
from .changed import Changed
from .lane import StreamLane
from .shared import Shared
from .state import DROPPED, HELD, PASS, TOLD, StreamState
from .waiting import pause_of, wait

FINAL = 200     #: the first status of a final response
#: SETTINGS of the backend that the client has not acknowledged
MAX_UNACKNOWLEDGED = 4096


class Responses(StreamLane):
    """From the backend to the client."""

    __slots__ = ('changed',)

    def __init__(self, session: LaneHost, backend: Stream, client: Stream, pair: Shared) -> None:
        super().__init__(session, backend, client, False, pair)
        self.changed = Changed(self)

    def handle(self, kind: int, flags: int, number: int, at: int, end: int) -> None:
        pair = self.pair
        own = pair.back.get(number, number) if pair.back else number
        state = pair.streams.get(own)
        if not number:
            self._of_connection(kind, flags, at, end)
        elif kind in frames.BLOCKS:
            self._headers(kind, flags, number, own, state, at, end)
        elif state is None:
            self._late(kind, number, own, at, end)
        else:
            self._of_stream(state, kind, flags, number, at, end)

    def _of_stream(self, state: StreamState, kind: int, flags: int, number: int, at: int, end: int) -> None:
        pair = self.pair
        if kind == frames.DATA and pair.recorder is not None:
            first, last = frames.content(self.data, at, end, flags)
            pair.recorder.answer_part(state.exchange, self.data, first, last, bool(flags & frames.END_STREAM))
        if state.talk is not None and state.down.mode != DROPPED:
            if kind == frames.DATA and not state.talk.data(self, flags, at, end):
                return
            if kind == frames.WINDOW_UPDATE and state.talk.withheld(self, at, end):
                return
            if kind == frames.RST_STREAM and state.talk.talk.closing:
                self.replace(at, end)
                return
        self._frame(state, kind, flags, number, at, end)
        if kind == frames.RST_STREAM:
            self._ended(state, end, reset=True)
        elif kind == frames.DATA and flags & frames.END_STREAM:
            self._ended(state, end)

    def _frame(self, state: StreamState, kind: int, flags: int, number: int, at: int, end: int) -> None:
        """Let a frame pass, hold it, or drop it."""
        pair, half = self.pair, state.down
        if state.events is not None and events.take(self, state, kind, flags, at, end):
            return
        if kind == frames.DATA and half.mode <= TOLD:
            self.fits(state, end - at - frames.HEAD)
        if kind == frames.WINDOW_UPDATE:
            if pair.stalled or state.up.mode == DROPPED:
                self.replace(at, end)
            elif state.number != number:
                self.replace(at, end, frames.moved(self.data[at:end], state.number))
        elif half.mode <= TOLD:
            if state.number != number:
                self.replace(at, end, frames.moved(self.data[at:end], state.number))
        elif half.mode == HELD:
            self.keep(state, kind, flags, self.data[at:end])
            self.replace(at, end)
            if state in self.stuck:
                self.send_held(state)
        elif kind == frames.DATA:
            self._drop(state, flags, number, at, end)
        else:
            self.replace(at, end)

    def _drop(self, state: StreamState, flags: int, number: int, at: int, end: int) -> None:
        """Drop content of a response, but for the half that may pass, and give the backend its credit back."""
        first, last = frames.content(self.data, at, end, flags)
        count, fault = end - at - frames.HEAD, state.exchange.note.fault
        if fault is not None and fault.edit is not None:
            return self.changed.content(state, fault.edit, flags, number, at, end)
        passing, counts = 0, None if fault is None or state.replied else fault.passes
        if counts is not None:
            passing = counts.take(self.data, first, last) if state.down.begun else 0
        elif fault is not None and fault.half and state.down.begun:
            if state.allowed is None:
                state.allowed = (last - first) // 2
            passing = max(min(last - first, state.allowed - state.passed), 0)
        self.replace(at, end, frames.frame(frames.DATA, 0, state.number, self.data[first:first + passing]) if passing else b'')
        state.passed += passing
        self.room -= passing
        self.refund(count - passing, 0 if flags & frames.END_STREAM else number)
        if counts is not None and not counts.left and not flags & frames.END_STREAM:
            self._cut(state, number, end)
        return None

    def _cut(self, state: StreamState, number: int, end: int) -> None:
        """End a response of which all has passed that may, and let the backend know."""
        self.passed(end)
        state.up.mode = DROPPED
        self.pair.reply(state)
        self.pair.upstream.emit(frames.reset(number, frames.CANCEL))

    def _late(self, kind: int, number: int, own: int, at: int, end: int) -> None:
        """Handle a frame of a stream that is over, or that the backend has pushed."""
        lacking = own & 1 and kind == frames.DATA and self.borrowed and end - at - frames.HEAD > self.room
        if not own or lacking:      # its client has reset the stream, and wants no more of it
            self.replace(at, end)
            if kind == frames.DATA:
                self.refund(end - at - frames.HEAD)
            return
        if kind == frames.DATA:
            self.room -= end - at - frames.HEAD
        if own != number:
            self.replace(at, end, frames.moved(self.data[at:end], own))

    def _of_connection(self, kind: int, flags: int, at: int, end: int) -> None:
        pair = self.pair
        if kind == frames.WINDOW_UPDATE:
            self.window(at, end)
        elif kind == frames.SETTINGS and not flags & frames.ACK:
            pair.unacknowledged.append(False)
            if len(pair.unacknowledged) > MAX_UNACKNOWLEDGED:
                raise ProtocolError('more SETTINGS than a client acknowledges')
            for name, value in frames.settings_of(self.data, at, end):
                if name == frames.HEADER_TABLE_SIZE:
                    pair.upstream.decoder.allow(value)
            if not pair.greeted:
                pair.greeted = True
                self.passed(end)
                pair.release()
        elif kind == frames.GOAWAY and pair.renumbered and end - at >= frames.HEAD + 8:
            self._goaway(at, end)

    def _goaway(self, at: int, end: int) -> None:
        """Tell the client by its own numbers which requests are served; those between that are not are refused one by one."""
        pair, last = self.pair, frames.number(self.data, at + frames.HEAD)
        if last >= pair.next:
            return
        states = list(pair.streams.values())
        own = max((state.number for state in states if 0 < state.out <= last), default=0)
        self.replace(at, end, self.data[at:at + frames.HEAD] + frames.long(own) + self.data[at + frames.HEAD + 4:end])
        self.passed(end)
        for state in states:
            if state.out > last and state.number < own and not state.replied:
                self.emit(frames.reset(state.number, frames.REFUSED_STREAM))
                state.up.mode = DROPPED
                pair.forget(state)

    # -- headers

    def _headers(self, kind: int, flags: int, number: int, own: int, state: StreamState | None, at: int, end: int) -> None:
        lead, block = frames.block(self.data, at, end, 4)
        fields = self.decoder.decode(block)
        if kind == frames.PUSH_PROMISE:
            return self._promise(lead, fields, own, state, at, end)
        if state is None:
            return self._pass(own, own != number, flags, fields, at, end)
        if state.events is not None and state.events.begun and events.dropped(self, state, at, end):
            return None
        if self.pair.edits is not None:
            fields = self.pair.edits.response(state.exchange.note, fields)
        status, ended = status_of(fields), bool(flags & frames.END_STREAM)
        half, note = state.down, state.exchange.note
        begins = not half.begun and status >= FINAL
        if begins:
            half.begun, note.status = True, note.status or status
            if ended and note.fault is not None and note.fault.passes is not None:
                half.mode = PASS    # the backend itself refuses the call
            if note.fault is not None and note.fault.events is not None:
                fields = events.begin(self, state, status, ended, fields)
        if ended and state.exchange.stage == CALL:
            note.call = call_status_of(fields)
        if self.pair.recorder is not None:
            self.pair.recorder.answer_part(state.exchange, block, 0, len(block), ended)
        if begins and half.mode == TOLD:
            self._begin(state, self.data[at:end])
        self._hand_on(state, flags, number, fields, begins, at, end)
        if begins and state.events is not None:
            events.at_once(self, state, end)
        if ended:
            self._ended(state, end)
        elif begins and status == FINAL and state.exchange.stage == UPGRADE_STREAM and half.mode <= TOLD:
            state.talk = granted(self.pair, state, fields)
        return None

    def _hand_on(self, state: StreamState, flags: int, number: int, fields: list[Field], begins: bool, at: int, end: int) -> None:
        """Let headers of a response pass, changed or not, hold them, or drop them."""
        half, fault, ended = state.down, state.exchange.note.fault, bool(flags & frames.END_STREAM)
        edit = None if fault is None or not begins else fault.edit
        if edit is not None and half.mode != HELD:
            fields = edit.begin(fields, status_of(fields), ended, half.mode == DROPPED)
            self._pass(state.number, True, flags, fields, at, end)
        elif half.mode <= TOLD:
            self._pass(state.number, state.number != number, flags, fields, at, end)
        elif half.mode == HELD:
            self.keep(state, frames.HEADERS, flags & frames.END_STREAM, self.data[at:end], fields)
            self.replace(at, end)
        elif begins and fault is not None and fault.half and not ended:
            length = length_of(fields)
            state.allowed = None if length is None else length // 2
            self._pass(state.number, state.number != number, flags, fields, at, end)
        else:
            self._pass(0, True, flags, fields, at, end)

    def _pass(self, own: int, changed: bool, flags: int, fields: list[Field], at: int, end: int) -> None:
        """Let headers pass, as they came if that is possible; to no stream: drop them."""
        if not own:
            self.frozen = True
            self.replace(at, end)
        elif self.frozen or changed:
            self.replace(at, end, self.block(own, flags & frames.END_STREAM, fields))
            self.frozen = True
        else:
            self.decoder.resized = ()

    def _promise(self, lead: bytes, fields: list[Field], own: int, state: StreamState | None, at: int, end: int) -> None:
        """Let a promise pass; one of a response that is dropped is refused."""
        pair, promised = self.pair, frames.number(lead, 0)
        if not own or state is not None and state.down.mode in (HELD, DROPPED):
            pair.back[promised] = 0
            self.frozen = True
            self.replace(at, end)
            pair.upstream.emit(frames.reset(promised, frames.CANCEL))
        elif self.frozen or own != frames.number(self.data, at + 5):
            self.frozen = True
            self.replace(at, end, self.block(own, 0, fields, lead, frames.PUSH_PROMISE))
        else:
            self.decoder.resized = ()

    def _ended(self, state: StreamState, end: int, reset: bool = False) -> None:
        """Record that the backend has sent all of a response."""
        state.down.ended = True
        if state.down.mode != HELD:
            self.passed(end)
            self._over(state, reset)
        elif state.down.tokens is not None:
            self.passed(end)
            self.send_held(state)   # nothing may be held any more

    def _over(self, state: StreamState, reset: bool) -> None:
        """Do what follows a response that has passed, or was dropped."""
        pair, fault = self.pair, state.exchange.note.fault
        if state.events is not None:
            events.over(self, state)
        if state.down.mode == TOLD:
            self.end_act(state)
        elif state.down.mode == DROPPED and fault is not None and not state.replied and state.number in pair.streams:
            if fault.edit is not None and self.changed.over(state, fault.edit, reset):
                return None     # it comes piece by piece
            return pair.reply(state)
        if fault is not None and fault.after:
            pair.own(fault.after)
        if state.up.ended or reset:
            pair.forget(state)
        pair.over(state)
        return None

    # -- behaviors

    def _begin(self, state: StreamState, lent: bytes) -> None:
        """Hand a response to its behavior, which may wait."""
        seconds = pause_of(self, state)
        if seconds == 0:
            self._decided(state, self.act(state, lent))
        else:
            state.down.wait()
            wait(self, state, seconds, self._act_later, state, lent)

    def _decided(self, state: StreamState, passes: bool) -> None:
        if state.number in self.pair.streams:
            state.down.decide(TOLD if passes else DROPPED)

    def _act_later(self, state: StreamState, lent: bytes) -> None:
        self._decided(state, self.act(state, lent))
        if self.session.ended or state.number not in self.pair.streams:
            return
        if state.down.mode == DROPPED:
            self.drop_held(state, 0 if state.down.ended else state.out)
        else:
            self.send_held(state)
        self.pair.flushed()

    def released(self, state: StreamState) -> None:
        if state.events is not None and state.replied:
            events.ended(self, state)
        elif state.down.ended:
            self._over(state, False)
