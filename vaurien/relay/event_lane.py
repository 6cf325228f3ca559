"""A lane of a protocol that knows no requests: each event from the client is an exchange. Knows no message."""
from time import monotonic

from ..behaviors.dummy import DUMMY
from ..net.stream import Stream
from ..protocols.base import Exchange
from .lane import Lane, LaneHost

#: exchanges that wait for something to come back, to have their behaviors applied to that; beyond it the oldest are forgotten
MAX_UNANSWERED = 256


class EventLane(Lane):
    """One direction of a session whose protocol is handed every readable event.

    Attributes:
        unanswered: The exchanges something happens to that went to the backend since something last came back, where both
            directions go on at once: what comes next is the response to all of them.
    """

    __slots__ = ('unanswered',)

    other: 'EventLane'

    def __init__(self, session: LaneHost, source: Stream, dest: Stream, to_backend: bool) -> None:
        super().__init__(session, source, dest, to_backend)
        self.unanswered: tuple[Exchange, ...] = ()

    def step(self) -> None:
        to_backend, dest = self.to_backend, self.dest
        if not to_backend:
            if self.other.unanswered:
                return self._answer()
            exchange = self.exchange = self.other.exchange
        elif self.draws.plain:
            exchange = self.exchange = None
        else:
            exchange = self._begin()
        if exchange is not None or not self.protocol.relays:
            return self._apply(exchange)
        if not self.source.forward(dest):       # from here on what ``_pass_on`` does, the short way
            return self.finish()
        self.session.awaiting = to_backend
        if to_backend:
            self.draws.count += 1
        if (dest.backlog is not None or dest.through is not None) and dest.full:
            self.pause(dest)
        return None

    def _apply(self, exchange: Exchange | None) -> None:
        """Handle the event with what was drawn for its exchange, in the loop or in a greenlet."""
        if exchange is not None and not self.to_backend and self.source.at_end():
            exchange = None     # nothing is applied to the end of a stream
        if exchange is not None:
            self._apply_all(exchange)
        elif self.protocol.inline:
            self._pass_on()
        else:
            self.wait_in_greenlet(self._pass_on)

    def _apply_all(self, *exchanges: Exchange) -> None:
        if not (self.protocol.inline and all(exchange.drawn.inline or exchange.drawn.pauses for exchange in exchanges)):
            return self.wait_in_greenlet(self._act, *exchanges)
        seconds = sum(self.pause_of(exchange) for exchange in exchanges if exchange.drawn.pauses)
        if seconds > 0:
            return self.wait_until(monotonic() + seconds, self._act, *exchanges)
        return self._act(*exchanges)

    def _answer(self) -> None:
        """Handle what came back with all that was drawn since something last did: each is applied once."""
        if self.source.at_end():
            return self._apply(None)
        exchanges, self.other.unanswered = self.other.unanswered, ()
        return self._apply_all(*exchanges)

    def _begin(self) -> Exchange | None:
        """Draw for an event from the client; its end is no exchange. None: nothing happens to it."""
        if self.source.at_end():
            return None     # what was asked before is still to be answered
        self.exchange = None
        exchange = Exchange()
        self.draws.draw(exchange)
        if exchange.behavior is DUMMY:
            self.draws.count -= 1   # counted when it is passed on
            return None
        self.exchange = exchange
        return exchange

    def _pass_on(self) -> None:
        open_ = self._handle(self.source, self.dest, self.to_backend)
        if open_:
            self.session.awaiting = self.to_backend
            self.draws.count += self.to_backend
        self.settle(open_)

    def _act(self, *exchanges: Exchange) -> None:
        session, source = self.session, self.source
        broken = None if self.to_backend else next((exchange for exchange in exchanges if exchange.failure), None)
        if broken is not None:
            return self._break(broken)
        session.awaiting = self.to_backend
        before = source.consumed
        *earlier, last = exchanges
        open_ = not all(self._prepare(exchange) for exchange in earlier) or self.call(last)
        unread = not self.passing and source.consumed == before
        if unread and not source.closed and not session.silent:
            source.recv()       # left unread it would be the next event again
        self.settle(open_)
        if not self.passing and source.full and not (self.busy or self._paused or session.ended or session.silent):
            self.pause(source)  # it got the response itself, and does not read it
        return None

    def _break(self, exchange: Exchange) -> None:
        """Let half of what came back pass, and end the client's connection as the failure says."""
        failure = exchange.failure
        assert failure is not None
        assert failure.half is not None
        piece = failure.half.take(self.source.recv(), True)
        if piece:
            self.dest.sendall(piece)
        self.end_client(failure.end)

    def _prepare(self, exchange: Exchange) -> bool:
        """Let the behavior of an earlier exchange act on what came back, and return whether that passes."""
        self.exchange = exchange
        self.passing = bool(exchange.drawn.on_before_handle(self.protocol, self.source, self.dest, self.to_backend))
        return self.passing

    def begun(self, exchange: Exchange) -> None:
        if self.to_backend and self.passing and self.protocol.duplex:
            self.unanswered = (*self.unanswered[1 - MAX_UNANSWERED:], exchange)

    def under_way(self) -> Exchange | None:
        return self.exchange
