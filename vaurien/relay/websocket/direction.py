"""One direction of a conversation of WebSocket: draws once for each message, and lets it pass, or not. Knows no stream.

Whatever is written leaves between two messages, but for a cut that is to be in the middle of one.
"""
from collections.abc import Generator
from typing import Any

from ...behaviors.dummy import DUMMY
from ...errors import ProtocolError
from ...net.loop import in_loop
from ...protocols.base import Exchange
from ...protocols.http.ws import frames
from ...protocols.http.ws.failures import Fault
from ...protocols.http.ws.messages import NAME_BYTES, begun
from ...protocols.http.ws.protocol import SaidProtocol
from ..streams.state import StreamEnd
from .draws import MessageDraws

#: What becomes of a message: it passes; it does, and a behavior is told of its end; it is dropped; half of it passes; it passes
#: twice
PASS, TOLD, DROP, HALF, TWICE = range(5)


class Direction:
    """One direction.

    Args:
        talk: What both directions share.
        to_backend: True for what the client sends.
        deflate: Messages may be compressed.
        alone: They are compressed each by itself.
        draws: Draws for its messages.

    Attributes:
        frames: Cuts it.
        exchange: The message under way, or the last one; None: nothing happens to it, and it is not recorded.
        discards: All that comes is dropped.
        closed: A Close frame has come.
        waiting: A behavior waits; what has come since is still to be handled.
        lost: It is followed no more: bytes pass.
    """

    __slots__ = ('talk', 'to_backend', 'frames', 'draws', 'exchange', 'discards', 'closed', 'waiting', 'lost', '_alone', '_mode',
                 '_units', '_start', '_at', '_out', '_allowed', '_copy', '_ends', '_mask', '_body', '_working')

    def __init__(self, talk: Any, to_backend: bool, deflate: bool, alone: bool, draws: MessageDraws) -> None:
        self.talk, self.to_backend, self.draws, self._alone = talk, to_backend, draws, alone
        self.frames = frames.Frames(to_backend, deflate)
        self.exchange: Exchange | None = None
        self.discards = self.closed = self.waiting = self.lost = self._working = False
        self._mode, self._start, self._at, self._allowed, self._body = PASS, 0, 0, 0, 0
        self._units: Generator[frames.Unit, None, None] | None = None
        self._out: list[bytes] = []
        self._copy: list[bytes] = []
        self._ends: tuple[StreamEnd, StreamEnd] | None = None
        self._mask = b''

    def feed(self, data: bytes) -> None:
        """Handle bytes that have come."""
        if self.lost:
            self.talk.carrier.write(self.to_backend, data)
            return
        self.frames.peek = 0 if self.draws.plain and self.talk.recorder is None else NAME_BYTES
        self._units, self._start, self._at = self.frames.cut(data), 0, 0
        self.go_on()

    def go_on(self) -> None:
        """Handle what has been read and not handled yet; it stops where a behavior is to wait."""
        units, reason = self._units, ''
        assert units is not None
        self._working = True
        try:
            for unit in units:
                opcode, at, _, end, done = unit
                self._at = at
                if opcode >= frames.CLOSE:
                    self._control(opcode, at, end)
                elif opcode > 0:
                    if not self._begin(unit):
                        return
                else:
                    self._piece(unit, done)
                if self.talk.over:
                    return
                self._at = end
        except ProtocolError as error:
            reason = str(error)
        finally:
            self._working = False
        self._units = None
        self._put(self._at)
        self.flush()
        if reason:
            self._lose(reason)
        self.talk.flushed()

    def _lose(self, reason: str) -> None:
        """Follow no more, since what comes is not WebSocket; whatever it is passes."""
        self.lost = True
        rest = self.frames.held()
        if not self.discards:
            self.talk.carrier.lost(self, reason)
            self.talk.carrier.write(self.to_backend, rest)
        elif self.to_backend:
            self.talk.client_closed()

    def between(self) -> bool:
        """Return whether nothing has passed of a message without the rest of it: what is written next is in none."""
        return self._mode == DROP or self.frames.between()

    def forwards(self, bulk: int) -> bool:
        """Return whether so much of a frame is still to come, and simply passes, that it need not be looked at."""
        return self.frames.rest > bulk and self._mode == PASS and not self.discards and (
            self.exchange is None or self.talk.recorder is None)

    def forwarded(self, count: int) -> None:
        """Record that bytes of a frame were forwarded unseen."""
        self.frames.data, self._start, self._at = b'', 0, 0
        if self.frames.skipped(count):
            self._over(self.exchange, PASS)

    # -- writing

    def _put(self, end: int) -> None:
        """Let what was not written yet leave, up to ``end``."""
        data = self.frames.data
        if end > self._start:
            self._out.append(data if end - self._start == len(data) else data[self._start:end])
            self._start = end

    def _drop(self, at: int, end: int) -> None:
        """Let what is before ``at`` leave, and what is up to ``end`` not."""
        self._put(at)
        self._start = end

    def flush(self) -> None:
        """Write what was collected, all in one."""
        out, self._out = self._out, []
        if out and not self.talk.over:
            self.talk.carrier.write(self.to_backend, out[0] if len(out) == 1 else b''.join(out))

    def insert(self, data: bytes) -> None:
        """Write a frame of our own before what is being handled."""
        if self._working or self.waiting:
            self._put(self._at)
        self._out.append(data)
        if not self._working:
            self.flush()

    # -- frames

    def _control(self, opcode: int, at: int, end: int) -> None:
        talk = self.talk
        if opcode == frames.CLOSE:
            self.closed = True
        if self.discards or opcode == frames.PONG and talk.no_pong and not self.to_backend:
            self._drop(at, end)
        if opcode == frames.CLOSE and self.to_backend:
            talk.client_closed()

    def _begin(self, unit: frames.Unit) -> bool:
        """Draw for a message that begins, and let it pass or not; False: a behavior is to wait first."""
        talk, draws = self.talk, self.draws
        self.exchange, self._mode = None, DROP if self.discards else PASS
        if self.discards:
            self._piece(unit, unit[4])
            return True
        if draws.plain and talk.recorder is None:
            draws.passed()
            if unit[4]:
                talk.boundary()
            return True
        exchange = self.exchange = begun(self.frames, unit, self._alone)
        self._mask = self.frames.data[unit[2] - frames.MASK_BYTES:unit[2]] if self.to_backend else b''
        self._body = 0
        if talk.recorder is not None:
            self._note(unit, True)
        draws.draw(exchange)
        if talk.protocol.owed is not None:
            draws.collect(exchange, talk.protocol)
        if exchange.behavior is not DUMMY:
            self._put(unit[1])      # what came before leaves before whatever happens now
            self.flush()
            if not exchange.drawn.inline and in_loop():
                talk.flushed()
                self.waiting, self._working = True, False
                talk.carrier.wait(self, unit)
                return False
            self._act(unit)
        self._piece(unit, unit[4])
        return True

    def resume(self, unit: frames.Unit) -> None:
        """Go on in a greenlet, where a behavior may wait."""
        try:
            self._act(unit)
        finally:
            self.waiting = False
        self._working = True
        if self.discards and self._mode != HALF:
            self._mode = DROP
        if not self.talk.over:
            self._piece(unit, unit[4])
        if not self.talk.over:
            self._at = unit[3]
            self.go_on()

    def _note(self, unit: frames.Unit, begins: bool = False) -> None:
        """Let a piece of a message be recorded."""
        opcode, at, body, end, done = unit
        assert self.exchange is not None
        data = self.frames.data
        if opcode == frames.CONTINUATION:
            self._body, self._mask = 0, data[body - frames.MASK_BYTES:body] if self.to_backend else b''
        payload = data[body:end]
        if self._mask and payload:
            payload = frames.unmasked(payload, self._mask, self._body)
        self._body += end - body
        self.talk.noted(self.exchange, data[at:body] + payload, begins, done, self.to_backend)

    def _piece(self, unit: frames.Unit, done: bool) -> None:
        """Let a piece of the message under way pass, or not."""
        opcode, at, _, end, _ = unit
        exchange, mode, talk = self.exchange, self._mode, self.talk
        if exchange is not None and talk.recorder is not None and opcode <= 0:
            self._note(unit)
        if mode == DROP:
            self._drop(at, end)
        elif mode == HALF:
            self._halve(at, end)
        elif mode == TWICE:
            self._copy.append(self.frames.data[at:end])
        if done:
            self._at = end
            self._over(exchange, mode)

    def _halve(self, at: int, end: int) -> None:
        """Let pass of a message what may, and end the connection then."""
        passing = min(self._allowed, end - at)
        self._put(at + passing)
        self._start = end
        self._allowed -= passing
        if not self._allowed and self.exchange is not None:
            fault: Fault = self.exchange.note.fault
            self.talk.recorded(self.exchange)
            self.talk.end(fault)

    def _over(self, exchange: Exchange | None, mode: int) -> None:
        """Do what follows a message."""
        talk, self._mode = self.talk, PASS
        if mode == TWICE:
            self._put(self._at)
            self._out.append(b''.join(self._copy))
            self._copy = []
        if exchange is not None:
            talk.recorded(exchange)
            if mode == TOLD and self._ends is not None:
                self._put(self._at)
                self.flush()
                client, backend = self._ends
                exchange.drawn.on_after_handle(SaidProtocol(talk.protocol, exchange), client, backend, True)
        if not self.to_backend:
            talk.boundary()

    # -- behaviors

    def _act(self, unit: frames.Unit) -> None:
        """Hand a message to its behavior, and see what is to become of it."""
        talk, exchange = self.talk, self.exchange
        assert exchange is not None
        behavior, said = exchange.drawn, exchange.note
        protocol = SaidProtocol(talk.protocol, exchange)
        client = StreamEnd(talk.carrier.client, talk.writes, talk.carrier.close)
        backend = StreamEnd(talk.carrier.backend, lambda data: None, talk.carrier.close)
        self._ends = client, backend
        if not behavior.reports:
            talk.session.injected(exchange, '')
        lent = self.frames.data[unit[1]:unit[3]]
        client.lend(lent)
        passes = bool(behavior.on_before_handle(protocol, client, backend, True)) and client.recv() == lent
        if passes and not self.to_backend and said.fault is None:
            backend.lend(lent)
            passes = bool(behavior.on_before_handle(protocol, backend, client, False)) and backend.recv() == lent
        self._decide(unit, said.fault, passes)

    def _decide(self, unit: frames.Unit, fault: Fault | None, passes: bool) -> None:
        """Record what is to become of a message."""
        talk, exchange = self.talk, self.exchange
        assert exchange is not None
        if talk.over or self.discards:
            self._mode = DROP
        elif fault is None:
            self._mode = TOLD if passes else DROP
        elif fault.half:
            self._mode = HALF
            self._allowed = max((exchange.note.head + exchange.note.length) // 2, 1)
        else:
            self._mode = TWICE if fault.doubled else PASS if fault.passes else DROP
            if fault.reply or fault.then or fault.no_pong:
                self._at = unit[1]
                talk.happens(fault)
        if self._mode == DROP and exchange.note.linked and not (self.discards or talk.over):
            talk.session.lose_track('a compressed message was taken out, and those after it cannot be read without it')
