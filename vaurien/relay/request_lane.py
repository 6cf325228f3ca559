"""The lane of requests, from the client to the backend: draws once for each, and hands over what a failure responds.

Knows no wire format, and reads no response.
"""
from collections.abc import Collection, Iterator, Sequence
from itertools import takewhile
from operator import attrgetter
from time import monotonic

from ..behaviors.dummy import DUMMY
from ..net.stream import READ, Stream
from ..protocols.base import OPENING, Behavior, Exchange, Failure, SharedExchange
from ..protocols.message import MAX_NAME_BYTES, MAX_WAITING_BYTES, NO_RUN, MessageProtocol, Part
from ..protocols.starttls import BEGIN
from .asked.behavior import ask
from .lane import LaneHost
from .message_lane import MAX_RUN, MessageLane
from .response_lane import ResponseLane

#: requests that wait for their responses from which on they are weighed
CROWD = 1_000
IS_ANSWERED = attrgetter('expects')


class RequestLane(MessageLane):
    """From the client to the backend: draws once for each request.

    One read of three requests, ``error`` being drawn for the second, ``delay`` for the third; ``s`` is ``start``, where the bytes
    begin that are not written yet, and ``a`` is ``at``, how far the parts have come::

        bytes   |GET a|SET b 1|GET c|
        GET a   s-----a                 passes; nothing is written yet
        SET b         s=a               GET a leaves (put, flush); error takes SET b, of which nothing is written:
                              s=a       both move to its end
        GET c                 s=a       delay may wait, and this is the loop: the Position is (GET c and what follows, s);
                                        a greenlet goes on from there, in ``_process`` again

    Attributes:
        replied: Something was written to the client.
        weight: [bytes] of the requests that have come in a crowd, those answered since among them, and of the replies to them.
    """

    __slots__ = ('replied', 'weight', '_run_last', '_usual')

    other: ResponseLane

    def __init__(self, session: LaneHost, protocol: MessageProtocol, source: Stream, dest: Stream) -> None:
        super().__init__(session, source, dest, True, protocol.request_cutter)
        self.replied = False
        self.weight = 0
        self._usual: Exchange | None = None     # the last one that a run began with and that is drawn for and answered
        self._run_last = b''    # it begins with the last run, of which somebody may ask the names

    def _process(self, parts: Iterator[Part], start: int = 0) -> None:
        """Draw for the requests that begin, let those pass that nothing happens to, and hand the others to their behaviors."""
        at, draws, protocol = start, self.draws, self.protocol
        crowded = len(protocol.queue) >= CROWD
        look, until = start + self.LOOK, 0.0
        for part in parts:
            end, exchange, done = part
            if exchange is not None and exchange.behavior is None:
                if exchange.stage in protocol.undrawn:
                    exchange.behavior = DUMMY
                    if exchange.stage in draws.stages:
                        draws.draw_undrawn(exchange, type(protocol))
                else:
                    draws.draw(exchange, protocol.digest(exchange, self.cutter.data, at, end) if draws.compares and done else '')
                    if protocol.owed is not None:
                        draws.collect(exchange, protocol)
                if crowded:
                    self.weight += protocol.weight(exchange)
                if protocol.editing:
                    if text := protocol.asked_for(self.cutter.data, at, end):
                        ask(text, protocol, exchange)
                elif exchange.behavior is DUMMY:
                    protocol.asked(exchange)
            if exchange is not None and not self._passes(exchange):
                self.put(start, at)
                self.flush()
                start = at
                if not self._may_act(exchange):
                    return self._later(self._back_to(part, parts, at))
                self._act(exchange, self.cutter.data[at:end], done)
                if self._over() or done and self._ends(exchange, end):
                    return None
                start, look = end, -1
                if self.is_opaque():
                    return self._leave_unread(end)
            at = end
            if at > look:
                look, now = at + self.LOOK, monotonic()
                until = until or now + self.BUDGET
                if now > until:
                    self.put(start, at)
                    return self._rest_later(parts, at)
        self.put(start, at)
        self._went_through()
        return None

    def _leave_unread(self, start: int) -> None:
        """Pass on all that was read from ``start`` on: the other direction could not be followed any more meanwhile."""
        if not self.in_place():
            return self.session.lose_track(self.cutter.opaque_because)
        self.put(start, len(self.cutter.data))
        self.flush()
        return self.settle(True)

    def _ends(self, exchange: Exchange, end: int) -> bool:
        """Return whether the connection ends with the response to this request; what the client sends after it is dropped.

        Or else goes on inside TLS: what comes after the request, from ``end`` on in what was read, is not read in the clear.
        """
        if exchange.failure is None or not exchange.failure.end:
            return False
        if exchange.failure.end == BEGIN:
            framer, data = self.cutter.framer, self.cutter.data
            framer.open, framer.owner, framer.exchange = False, None, None
            self.cutter.data = b''
            if self.session.switching is not None:
                self.session.switching.follows(data[end:], waited=bool(exchange.failure.reply))
        else:
            self._step = type(self)._drop
        return True

    def swallow(self) -> None:
        if self.done:
            self.session.finish()   # the client has left before
        else:
            super().swallow()

    def _drop(self) -> None:
        if not self.source.recv(READ):
            self.finish()

    def follow_no_more(self, reason: str) -> None:
        """Relay unread from here on: the other direction cannot be followed any more, and nothing awaits its response."""
        self.protocol.queue.clear()
        if not self.is_opaque():
            self.cutter.give_up(reason)
            if self.left is not None:
                start, self.left, self._step = self.left.start, None, type(self).step
                self._leave_unread(start)
                self.watch()
            elif not self.busy:
                self._write_held()

    def _run(self, data: bytes, end: int, exchanges: Sequence[Exchange]) -> None:
        draws, protocol = self.draws, self.protocol
        exchange, queue = exchanges[0], protocol.queue
        if exchange is not self._usual or not draws.plain or len(exchanges) > 1 or protocol.owed or len(queue) >= CROWD:
            return self._run_any(data, end, exchanges)
        draws.count += 1        # as most often: the same as there, in fewer steps
        if self.cutter.ran is not None:
            self.cutter.ran(data, end)
        queue.append(exchange)
        self._run_last = data if end <= MAX_NAME_BYTES else b''
        return self._send(data, end)

    def _run_any(self, data: bytes, end: int, exchanges: Sequence[Exchange]) -> None:
        """Draw for a run, and let pass what nothing happens to."""
        draws, protocol, cutter = self.draws, self.protocol, self.cutter
        if not draws.runs or protocol.owed is not None or len(protocol.queue) >= CROWD:
            return self._process(self._cut(data))
        if exchanges[0].expects and exchanges[0].stage not in protocol.undrawn:
            self._usual = exchanges[0]
        mixed, count = cutter.framer.mixed, len(exchanges)
        if mixed and draws.stages and not draws.stages.isdisjoint(protocol.undrawn):
            return self._process(self._cut(data))
        passed = self._pass_over(exchanges) if mixed else draws.pass_over(count)
        if passed < count:     # the next one goes the general way, which collects what was drawn for it
            end, exchanges = cutter.run(data, passed) if passed else NO_RUN
        if cutter.ran is not None:
            cutter.ran(data, end)
        protocol.queue.extend(filter(IS_ANSWERED, exchanges) if mixed else exchanges)
        self._run_last = data if end <= MAX_NAME_BYTES else b''
        return self._send(data, end)

    def _pass_over(self, exchanges: Sequence[Exchange]) -> int:
        """Draw for those of a run that are drawn for; return how many there are before the first that something is drawn for."""
        undrawn = self.protocol.undrawn
        if not undrawn:
            return self.draws.pass_over(len(exchanges))
        drawn = [place for place, exchange in enumerate(exchanges) if exchange.stage not in undrawn]
        passed = self.draws.pass_over(len(drawn))
        return drawn[passed] if passed < len(drawn) else len(exchanges)

    def _went_through(self) -> None:
        self._limit()
        super()._went_through()
        if self.replied:
            self._hold_back()

    def _rest_later(self, parts: Iterator[Part], start: int) -> None:
        self._limit()
        if self.is_opaque():
            self.session.lane_opaque(self, self.cutter.opaque_because)
            return self._leave_unread(start)
        super()._rest_later(parts, start)
        if self.replied:
            self._hold_back()
        return None

    def _hold_back(self) -> None:
        """Handle nothing more until the client has taken what was written to it."""
        self.replied = False
        if self.source.full and not (self.session.ended or self.busy or self._paused):
            self.pause(self.source)

    def _limit(self) -> None:
        """Follow no more where those that wait take too much memory.

        What they come to is found out half of the bound at a time: that costs little for each.
        """
        if self.weight > MAX_WAITING_BYTES:
            bound, queue = MAX_WAITING_BYTES // 2, self.protocol.queue
            self.weight = sum(map(self.protocol.weight, queue))
            if self.weight > bound:
                self.cutter.give_up(f'{len(queue)} requests that wait for their responses take more than {bound} bytes')

    def begun(self, exchange: Exchange) -> None:
        failure = exchange.failure
        if failure is None and self.passing and self.protocol.awaits_tls:
            go_ahead = self.protocol.go_ahead(exchange)
            if go_ahead is not None:
                failure = exchange.failure = Failure(go_ahead, end=BEGIN)
                self.passing = False
        if self.is_opaque():    # since it was read
            if failure is not None:
                self.session.lose_track(self.cutter.opaque_because)
        elif failure is None:
            if self.passing:
                self.protocol.asked(exchange)
        else:
            if failure.request:
                self.dest.sendall(failure.request)
            exchange.expects = True     # in the queue it waits for its turn
            self.weight += len(failure.reply)
            self.protocol.asked(exchange)
            self.replied = True
            self.other.take_turn(failure.pause > 0)

    def open(self) -> bool:
        """Apply a behavior to the opening of the connection that was told to fail it, and return whether it did."""
        exchange = Exchange(OPENING.encode(), OPENING)
        behavior = self.draws.draw_opening(exchange, type(self.protocol))
        if behavior is None:
            return False
        self.open_with(exchange, behavior)
        return exchange.failure is not None

    def open_with(self, exchange: Exchange, behavior: Behavior) -> None:
        super().open_with(exchange, behavior)
        failure, responses = exchange.failure, self.other
        if failure is not None and failure.pause:
            responses.wait_in_greenlet(responses.reply, exchange, 'close')
        elif failure is not None:
            responses.reply(exchange, 'close')

    def under_way(self) -> Exchange | None:
        queue = self.protocol.queue
        if queue:
            return self._named(queue) if isinstance(queue[0], SharedExchange) else queue[0]
        return self.exchange if self.busy or self.session.silent else None

    def _named(self, queue: Collection[Exchange]) -> Exchange:
        """Return the first of the queue, which came in a run, with its name if it was in the last one, and else as it is."""
        shared = sum(1 for _ in takewhile(lambda exchange: isinstance(exchange, SharedExchange), queue))
        framer = self.cutter.framer.apart()
        _, run = framer.run(self._run_last, MAX_RUN)
        parts = zip(run, framer.scan(self._run_last, 0), strict=False)
        answered = [part[1] for plain, part in parts if plain.expects]
        if not shared <= len(answered):
            return next(iter(queue))
        exchange = answered[len(answered) - shared]
        assert exchange is not None
        exchange.behavior = DUMMY
        return exchange
