"""What the two directions of a conversation of WebSocket share, and how it ends. Knows a carrier by its verbs, and no stream."""
from typing import Any, Protocol

from ...protocols.base import Exchange
from ...protocols.http.ws import frames
from ...protocols.http.ws.failures import CLOSING, CUT, Fault
from ...protocols.http.ws.handshake import Agreed
from ...protocols.message import MessageProtocol
from ..lane import LaneHost
from .direction import Direction
from .draws import MessageDraws

LINGER = 2.0    #: [s] that a server waits for the client's Close frame after its own; real ones wait longer
GOING_AWAY = 1001   #: what the backend is told of a client that was sent away


class Carrier(Protocol):
    """What carries the frames.

    ``write`` writes bytes in a direction; ``wait`` runs a call in a greenlet, while nothing more comes of that direction; ``end``
    ends the client's side: with ``CUT``, ``RESET`` or ``SILENCE``, and the backend's with it; ``close`` closes the client's at
    once; ``linger`` calls ``Talk.client_closed`` after ``LINGER`` seconds; ``lost`` says that a direction is followed no more.
    """

    client: Any
    backend: Any

    def write(self, to_backend: bool, data: bytes) -> None: ...
    def wait(self, direction: Direction, unit: frames.Unit) -> None: ...
    def end(self, how: str) -> None: ...
    def close(self, reset: bool) -> None: ...
    def linger(self) -> None: ...
    def lost(self, direction: Direction, reason: str) -> None: ...


class Talk:
    """One conversation of WebSocket.

    Args:
        session: The session.
        protocol: Its protocol object.
        carrier: What carries the frames.
        agreed: What the two sides have agreed on.
        recorder, deliveries: What records it; None: it is not recorded.
        name: What tells it from others of the session; empty: there are none.

    Attributes:
        up, down: Its two directions.
        no_pong: The client's pings are answered no more.
        closing: The client is waited for, which is to send a Close frame or to leave.
        over: Nothing is written any more.
    """

    def __init__(self, session: LaneHost, protocol: MessageProtocol, carrier: Carrier, agreed: Agreed, recorder: Any = None,
                 deliveries: Any = None, name: str = '') -> None:
        self.session, self.protocol, self.carrier = session, protocol, carrier
        self.recorder, self.deliveries = recorder, deliveries
        self.no_pong = self.closing = self.over = False
        self._pending: list[tuple[Fault, bytes]] = []
        self.up = Direction(self, True, agreed.deflate, agreed.client_alone, MessageDraws(session.draws, f'{name}send'))
        self.down = Direction(self, False, agreed.deflate, agreed.server_alone, MessageDraws(session.draws, f'{name}receive'))

    def finished(self) -> None:
        """Forget what it had: it is over."""
        self.over = True
        self.up.draws.end()
        self.down.draws.end()

    # -- what happens to it

    def happens(self, fault: Fault) -> None:
        """Let a fault happen to the client, as soon as no message of the backend's is under way."""
        self.no_pong = self.no_pong or fault.no_pong
        if fault.reply or fault.then:
            if fault.then:
                self.up.discards = True
            self._pending.append((fault, fault.reply))
            self.boundary()

    def writes(self, data: bytes) -> None:
        """Write a message to the client that a behavior has made."""
        try:
            data.decode()
            opcode = frames.TEXT
        except UnicodeDecodeError:
            opcode = frames.BINARY
        self._pending.append((Fault(), frames.frame(opcode, data)))
        self.boundary()

    def boundary(self) -> None:
        """Write what waits for the end of a message of the backend's, if that has come."""
        down = self.down
        while self._pending and not self.over and (down.discards or down.between()):
            fault, data = self._pending.pop(0)
            if data and not down.discards:
                down.insert(data)
            if fault.then:
                self._pending.clear()
                self.end(fault)

    def end(self, fault: Fault) -> None:
        """End the conversation as a fault says; what the two sides still say is dropped."""
        if self.over or self.closing:
            return
        self.up.discards = self.down.discards = True
        if fault.then == CLOSING:
            self.closing = True
            if self.up.between() and not self.up.lost:
                mask = self.session.draws.random.randbytes(frames.MASK_BYTES)
                self.up.insert(frames.close(GOING_AWAY, mask=mask))
            if self.up.closed:
                self.client_closed()
            elif not fault.lingers:
                self.carrier.linger()
        else:
            self.leave(fault.then)

    def leave(self, how: str) -> None:
        """End it for good, with ``CUT``, ``RESET`` or ``SILENCE``."""
        if not self.over:
            self.down.flush()
            self.finished()
            self.carrier.end(how)

    def client_closed(self) -> None:
        """End the connection: the client has sent its Close frame, or has taken too long."""
        if self.closing:
            self.leave(CUT)

    # -- records

    def noted(self, exchange: Exchange, data: bytes, begins: bool, done: bool, to_backend: bool) -> None:
        """Note a piece of a message, which is not masked any more."""
        if to_backend:
            self.recorder.request_part(exchange, data, 0, len(data), done)
            return
        if begins:
            self.recorder.request_part(exchange, b'', 0, 0, True)
        self.recorder.answer_part(exchange, data, 0, len(data), done)

    def recorded(self, exchange: Exchange) -> None:
        """Record a message that is over; it is handed on when it has been written."""
        if self.recorder is not None:
            self.deliveries.collecting = True
            self.recorder.finish(exchange)

    def flushed(self) -> None:
        """Hand on the records of what has been written."""
        if self.recorder is not None:
            self.deliveries.flushed()


