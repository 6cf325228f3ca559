"""The lane of requests, from the client to the backend: draws once for each, and hands over what a failure answers.

Knows no wire format, and reads no answer.
"""
from collections.abc import Iterable
from typing import Any

from ..behaviors.dummy import DUMMY
from ..net.stream import READ, Stream
from ..protocols.base import Exchange
from ..protocols.message import UNANSWERED, Part
from .chaos import OPENING
from .message_lane import MessageLane

#: requests that wait for their answers from which on their names are weighed, and [bytes] that these may have together; beyond
#: that the session is relayed unread. A client that asks and asks a backend that never answers may not fill the memory by them
CROWD, NAMES = 1_000, 8 * 1024 * 1024


class RequestLane(MessageLane):
    """From the client to the backend: draws once for each request."""

    __slots__ = ('replied', 'weight')

    def __init__(self, session: Any, source: Stream, dest: Stream, to_backend: bool) -> None:
        super().__init__(session, source, dest, to_backend)
        self.replied = False    # something was written to the client
        self.weight = 0         # [bytes] of the names that have come in a crowd, those answered since among them

    def _process(self, parts: Iterable[Part], start: int = 0) -> None:
        at, session, protocol = start, self.session, self.protocol
        crowded = len(protocol.queue) >= CROWD
        for part in parts:
            end, exchange, done = part
            if exchange is not None and exchange.behavior is None:
                if exchange.stage in protocol.undrawn:
                    exchange.behavior = DUMMY
                else:
                    session.draw(exchange)
                    if protocol.owed is not None:
                        self._collect(exchange)
                if crowded:
                    self.weight += exchange.weight
                if exchange.behavior is DUMMY and not protocol.editing:
                    protocol.asked(exchange)
            if not self._passes(exchange):
                assert exchange is not None
                self.put(start, at)
                self.flush()
                start = at
                if not self._may_wait_here(exchange.behavior):
                    return self._later(part, parts, at)
                self._act(exchange, self.cutter.data[at:end], exchange is not self.current, done)
                if self._over() or done and self._ends(exchange):
                    return None
                start = end
            if exchange is not None:
                self.current = None if done else exchange
            at = end
        self.put(start, at)
        self._went_through()
        return None

    def _ends(self, exchange: Exchange) -> bool:
        """Say whether the connection ends with the answer to this request; what the client sends behind it is dropped."""
        if exchange.failure is None or not exchange.failure.end:
            return False
        self._step = self._drop
        return True

    def swallow(self) -> None:
        if self.done:
            self.session.end()      # the client has left before
        else:
            super().swallow()

    def _drop(self) -> None:
        if not self.source.recv(READ):
            self.finish()

    def follow_no_more(self, reason: str) -> None:
        """Relay unread from here on: the other direction cannot be followed any more."""
        if not self.cutter.opaque:
            self.cutter.give_up(reason)
            if not self.busy:
                self._write_held()

    def _whole(self, exchange: Exchange, data: bytes) -> None:
        session, protocol = self.session, self.protocol
        if not session.proxy.chaos.plain or protocol.owed is not None or len(protocol.queue) >= CROWD:
            return self._process_whole(exchange, data)
        if exchange.stage not in protocol.undrawn:
            session.exchanges += 1
        exchange.number, exchange.behavior = session.exchanges, DUMMY
        if exchange.expects:
            protocol.queue.append(exchange)
        return self._send(data)

    def _collect(self, exchange: Exchange) -> None:
        """Let an error that was drawn where it did not fit meet this request, where it does; one that was switched off
        meanwhile is forgotten."""
        if not self.session.proxy.chaos.has(self.protocol.owed[0]):
            self.protocol.owed = None
            return
        behavior = self.protocol.owes(exchange)
        if behavior is not None:
            exchange.behavior, exchange.due = behavior, True

    def _went_through(self) -> None:
        if len(self.protocol.queue) > UNANSWERED:
            self.cutter.give_up(f'more than {UNANSWERED} requests wait for their answers')
        if self.weight > NAMES:
            self._weigh()
        super()._went_through()
        if self.replied:
            self.replied = False
            if self.source.full and not (self.session.ended or self.busy or self._paused):
                self.pause(self.source)

    def _weigh(self) -> None:
        """Find out what the names of all that wait come to, half of the bound at a time: that costs little for each."""
        self.weight = sum(exchange.weight for exchange in self.protocol.queue)
        if self.weight > NAMES // 2:
            self.cutter.give_up(f'the names of the requests that wait for their answers are longer than {NAMES // 2} bytes')

    def begun(self, exchange: Exchange) -> None:
        failure = exchange.failure
        if failure is None:
            if self.passing:
                self.protocol.asked(exchange)
            return
        if failure.request:
            self.dest.sendall(failure.request)
        exchange.expects = True     # in the queue it waits for its turn
        self.protocol.asked(exchange)
        self.replied = True
        self.session.answers.take_turn(failure.pause > 0)

    def open(self) -> bool:
        """Let the opening of the connection meet a behavior that was told to fail it, and say whether it did."""
        exchange = Exchange(OPENING.encode(), OPENING)
        behavior = self.session.draw_opening(exchange)
        if behavior is None:
            return False
        self.protocol.requesting = exchange
        behavior.on_before_handle(self.protocol, self.source, self.dest, True)
        failure, answers = exchange.failure, self.session.answers
        if failure is not None and failure.pause:
            answers.wait_in_greenlet(answers.reply, exchange, 'close')
        elif failure is not None:
            answers.reply(exchange, 'close')
        return failure is not None

    def _act(self, exchange: Exchange, piece: bytes, begins: bool, done: bool) -> None:
        self.protocol.requesting = exchange
        super()._act(exchange, piece, begins, done)
