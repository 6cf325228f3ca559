"""A lane of a protocol that knows no requests: each event from the client is an exchange. Knows no message."""
from ..behaviors.dummy import DUMMY
from ..protocols.base import Exchange
from .lane import Lane


class EventLane(Lane):
    """One direction of a session whose protocol is handed every readable event."""

    __slots__ = ()

    def step(self) -> None:
        if not self.to_backend:
            exchange = self.exchange = self.other.exchange
        elif self.draws.plain:
            exchange = self.exchange = None
        else:
            exchange = self._begin()
        if exchange is None and self.protocol.relays:
            self._relay()
        else:
            self._apply(exchange)

    def _relay(self) -> None:
        """Do what ``_pass_on`` does, the short way: this is what nearly all events come to."""
        if not self.source.forward(self.dest):
            return self.finish()
        self.session.awaiting = self.to_backend
        self.draws.count += self.to_backend
        if self.dest.full:
            self.pause(self.dest)
        return None

    def _apply(self, exchange: Exchange | None) -> None:
        """Handle the event with what was drawn for its exchange, in the loop or in a greenlet."""
        if exchange is not None and not self.to_backend and self.source.at_end():
            exchange = None     # nothing is applied to the end of a stream
        if exchange is None:
            if self.protocol.inline:
                self._pass_on()
            else:
                self.wait_in_greenlet(self._pass_on)
        elif self.protocol.inline and exchange.drawn.inline:
            self._act(exchange)
        else:
            self.wait_in_greenlet(self._act, exchange)

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

    def _act(self, exchange: Exchange) -> None:
        session, source = self.session, self.source
        session.awaiting = self.to_backend
        before = source.consumed
        open_ = self.call(exchange)
        unread = not self.passing and source.consumed == before
        if unread and not source.closed and not session.silent:
            source.recv()       # left unread it would be the next event again
        self.settle(open_)
        if not self.passing and source.full and not (self.busy or self._paused or session.ended or session.silent):
            self.pause(source)  # it got the response itself, and does not read it

    def under_way(self) -> Exchange | None:
        return self.exchange
