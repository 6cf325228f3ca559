"""From the client to the backend: draws once for each stream, at its headers. Knows no response."""
from ...behaviors.dummy import DUMMY
from ...errors import ProtocolError
from ...net.stream import Stream
from ...protocols.base import Exchange
from ...protocols.http.grpc.protocol import protocol_of
from ...protocols.http.h2 import frames
from ...protocols.http.h2.failures import NOTHING, REQUEST
from ...protocols.http.h2.heads import exchange_of, trace_of
from ...protocols.http.h2.hpack import Field
from ...protocols.http.own.asked import taken_out
from ..asked.behavior import ask
from ..lane import LaneHost
from ..websocket.streams import offered
from .events import answered, plain
from .lane import StreamLane
from .shared import Shared
from .state import DROPPED, HELD, TOLD, StreamState
from .waiting import pause_of, wait


class Requests(StreamLane):
    """From the client to the backend.

    Attributes:
        preface: [bytes] of the client's preface that are still to come.
    """

    __slots__ = ('preface',)

    def __init__(self, session: LaneHost, client: Stream, backend: Stream, pair: Shared) -> None:
        super().__init__(session, client, backend, True, pair)
        self.preface = len(frames.PREFACE)

    def take(self, data: bytes) -> None:
        if not self.preface:
            return super().take(data)
        rest, self.preface = data[self.preface:], max(self.preface - len(data), 0)
        self.dest.sendall(data[:len(data) - len(rest)])
        return super().take(rest) if rest else self.settle(True)

    def handle(self, kind: int, flags: int, number: int, at: int, end: int) -> None:
        state = self.pair.streams.get(number)
        if kind == frames.HEADERS:
            self._headers(flags, number, at, end)
        elif not number:
            self._of_connection(kind, flags, at, end)
        elif state is None:
            self._late(kind, number, at, end)
        else:
            self._frame(state, kind, flags, at, end)

    def _frame(self, state: StreamState, kind: int, flags: int, at: int, end: int) -> None:
        """Let a frame of a stream pass, hold it, or drop it."""
        pair, number = self.pair, state.number
        half = state.up
        if kind == frames.DATA and pair.recorder is not None:
            first, last = frames.content(self.data, at, end, flags)
            pair.recorder.request_part(state.exchange, self.data, first, last, bool(flags & frames.END_STREAM))
        if state.talk is not None and half.mode != DROPPED:
            if kind == frames.DATA and not state.talk.data(self, flags, at, end):
                return
            if kind == frames.WINDOW_UPDATE and state.talk.withheld(self, at, end):
                return
        if kind == frames.DATA and half.mode <= TOLD:
            self.fits(state, end - at - frames.HEAD)
        if kind == frames.WINDOW_UPDATE and end - at == frames.HEAD + 4:
            state.down.room += frames.number(self.data, at + frames.HEAD)
            if state in pair.downstream.stuck:
                pair.downstream.send_held(state)
        if half.mode <= TOLD:
            if pair.renumbered and state.out != number:
                self.replace(at, end, b'' if kind == frames.PRIORITY else frames.moved(self.data[at:end], state.out))
        elif half.mode == HELD:
            if kind != frames.RST_STREAM:
                self.keep(state, kind, flags, self.data[at:end])
            self.replace(at, end)
        else:
            self.replace(at, end)
            if kind == frames.DATA:
                self.refund(end - at - frames.HEAD, 0 if flags & frames.END_STREAM else number)
        if kind == frames.RST_STREAM:
            pair.cancelled(state)
        elif kind == frames.DATA and flags & frames.END_STREAM:
            self._ended(state, end)

    def _late(self, kind: int, number: int, at: int, end: int) -> None:
        """Handle a frame of a stream that is over."""
        out = self.pair.late.get(number)
        if out == 0:
            self.replace(at, end)
            if kind == frames.DATA:
                self.refund(end - at - frames.HEAD)
        elif self.pair.renumbered and (kind == frames.PRIORITY or out is not None and out != number):
            self.replace(at, end, b'' if kind == frames.PRIORITY or out is None else frames.moved(self.data[at:end], out))

    def _of_connection(self, kind: int, flags: int, at: int, end: int) -> None:
        pair = self.pair
        if kind == frames.WINDOW_UPDATE:
            self.window(at, end)
        elif kind == frames.PING and pair.paced and answered(self, flags, at, end):
            return
        elif kind == frames.SETTINGS and flags & frames.ACK:
            if pair.unacknowledged and pair.unacknowledged.popleft():
                self.replace(at, end)
        elif kind == frames.SETTINGS:
            for name, value in frames.settings_of(self.data, at, end):
                if name == frames.HEADER_TABLE_SIZE:
                    pair.downstream.decoder.allow(value)
                elif name == frames.MAX_FRAME_SIZE:
                    pair.client_frame = value
                elif name == frames.INITIAL_WINDOW_SIZE:
                    pair.resize(value)

    # -- headers

    def _headers(self, flags: int, number: int, at: int, end: int) -> None:
        pair = self.pair
        _, block = frames.block(self.data, at, end)
        fields = self.decoder.decode(block)
        state = pair.streams.get(number)
        if state is not None:
            return self._trailers(state, flags, fields, at, end)
        if number <= pair.last or number > pair.allowed:
            return self._refused(number, flags, fields, at, end)
        if not number & 1:
            raise ProtocolError('a client that opens a stream of an even number')
        pair.last = number
        exchange = exchange_of(number, fields, pair.origin)
        state = pair.open(number, exchange)
        if pair.edits is not None:
            fields = pair.edits.request(exchange.note, fields)
        state.up.begun, state.up.ended = True, bool(flags & frames.END_STREAM)
        if pair.recorder is not None:
            if pair.recorder.sink.traces:
                exchange.note.trace = trace_of(fields)
            pair.recorder.request_part(exchange, block, 0, len(block), state.up.ended)
        self.draws.draw(exchange)
        if pair.protocol.owed is not None:
            self.draws.collect(exchange, pair.protocol)
        if pair.asks:
            fields = self._asked(exchange, fields)
        changed = offered(pair.protocol, exchange.stage, fields)
        self.frozen, fields = self.frozen or changed is not fields, changed
        if exchange.behavior is DUMMY:
            self._pass(state, flags, fields, at, end)
            self._passed(state, end)
        else:
            self._begin(state, flags, fields, at, end)
        if pair.too_much():
            raise ProtocolError('more streams are open than can be followed')
        return None

    def _asked(self, exchange: Exchange, fields: list[Field]) -> list[Field]:
        """Let a request get what it asks for; return its headers without that."""
        text, rest = taken_out(fields)
        if len(rest) < len(fields):
            self.frozen = True
        if text:
            ask(text, self.pair.protocol, exchange)
        return rest

    def _refused(self, number: int, flags: int, fields: list[Field], at: int, end: int) -> None:
        """Handle the headers of a stream that is over, or that the client was told is not served."""
        pair = self.pair
        if number > pair.last:
            pair.last = number
            pair.late[number] = 0
        out = pair.late.get(number)
        if out == 0:
            self.frozen = True
            self.replace(at, end)
        elif self.frozen or out is not None:
            self.replace(at, end, self.block(out or number, flags & frames.END_STREAM, fields))
        else:
            self.decoder.resized = ()

    def _pass(self, state: StreamState, flags: int, fields: list[Field], at: int, end: int) -> None:
        """Let headers pass, as they came if that is possible."""
        out = state.out or self.pair.number_out(state)
        if self.frozen or out != state.number:
            self.replace(at, end, self.block(out, flags & frames.END_STREAM, fields))
        else:
            self.decoder.resized = ()

    def _trailers(self, state: StreamState, flags: int, fields: list[Field], at: int, end: int) -> None:
        if state.up.mode <= TOLD:
            self._pass(state, flags, fields, at, end)
        else:
            self.frozen = True
            self.replace(at, end)
            if state.up.mode == HELD:
                self.keep(state, frames.HEADERS, flags & frames.END_STREAM, self.data[at:end], fields)
        if flags & frames.END_STREAM:
            if self.pair.recorder is not None:
                self.pair.recorder.request_part(state.exchange, b'', 0, 0, True)
            self._ended(state, end)

    def _ended(self, state: StreamState, end: int) -> None:
        """Record that the client has sent all of a request."""
        state.up.ended = True
        self._passed(state, end)

    def _passed(self, state: StreamState, end: int) -> None:
        """Do what follows a part of a request that was handled."""
        if state.up.ended and state.up.mode != HELD:
            if state.up.mode == TOLD:
                self.passed(end)
                self.end_act(state)
            elif state.exchange.failure is not None:
                self.pair.due(state)
            if state.down.ended:
                self.pair.forget(state)

    # -- behaviors

    def _begin(self, state: StreamState, flags: int, fields: list[Field], at: int, end: int) -> None:
        """Hand a request to its behavior, which may wait."""
        pair = self.pair
        state.protocol = protocol_of(pair.protocol, state.exchange)
        pair.ends_of(state)
        seconds = pause_of(self, state)
        if seconds == 0:
            if self._decided(state, self.act(state, self.data[at:end])):
                self._pass(state, flags, self._asking(state, fields), at, end)
            else:
                self.frozen = True
                self.replace(at, end)
            return self._passed(state, end)
        state.up.wait()
        pair.renumber(state.number)
        self.keep(state, frames.HEADERS, flags & frames.END_STREAM, self.data[at:end], fields)
        self.replace(at, end)
        return wait(self, state, seconds, self._act_later, state, self.data[at:end])

    def _asking(self, state: StreamState, fields: list[Field]) -> list[Field]:
        """Return the headers of a request as they are to be: where events are to be counted they are not to be compressed."""
        fault = state.exchange.note.fault
        if fault is not None and fault.events is not None and (asking := plain(fields)) != fields:
            self.frozen = True
            return asking
        return fields

    def _decided(self, state: StreamState, passes: bool) -> bool:
        """Record what a behavior has decided, and return whether the request passes."""
        pair, failure, fault = self.pair, state.exchange.failure, state.exchange.note.fault
        if state.number not in pair.streams:
            return False        # it was ended
        assert state.client is not None
        if failure is not None and fault is None or not passes and failure is None:
            state.up.mode = state.down.mode = DROPPED    # silence, or whatever a behavior does itself
            return False
        if fault is not None and fault.drops == REQUEST:
            state.up.mode = state.down.mode = DROPPED
            pair.due(state)
            return False
        if fault is not None and fault.drops == NOTHING:
            pair.announce(fault)
        state.up.decide(TOLD)
        state.down.mode = TOLD if failure is None else DROPPED
        return True

    def _act_later(self, state: StreamState, lent: bytes) -> None:
        passes = self._decided(state, self.act(state, lent))
        state.up.waits = False
        if not self.session.ended:
            if passes and not self.done:
                self.pair.number_out(state)
                kind, held_flags, frame, fields, credited = state.up.held[0]
                if fields is not None:
                    state.up.held[0] = kind, held_flags, frame, self._asking(state, fields), credited
                self.send_held(state)
            else:
                self.drop_held(state, 0 if state.up.ended or state.replied else state.number)
                self._passed(state, 0)
            self.pair.flushed()

    def released(self, state: StreamState) -> None:
        self._passed(state, 0)
