"""The lane of responses, from the backend to the client: pairs them with requests, and keeps them in order.

Here the responses that vaurien makes itself are written, each when its turn has come. Knows no wire format, and draws nothing.
"""
from collections.abc import Iterator, Sequence
from time import monotonic

from gevent import sleep

from ..behaviors.dummy import DUMMY
from ..net.loop import in_loop
from ..net.stream import Stream
from ..protocols.base import Exchange, SharedExchange
from ..protocols.halves import Half
from ..protocols.message import MessageProtocol, Part
from .lane import LaneHost
from .message_lane import MessageLane

#: [s] that a greenlet which has much to write waits now and then: until the loop has gone round
ASIDE = 1e-6


class ResponseLane(MessageLane):
    """From the backend to the client: pairs responses with requests, and puts vaurien's own in their places.

    The queue holds ``GET a``, ``SET b`` (answered by vaurien itself, with an error) and ``GET c``. The backend, which has not got
    ``SET b``, sends two responses in one read; ``s`` is ``start``, ``a`` is ``at``, as in ``RequestLane``::

        bytes        |response a|response c|
        response a   s----------a              passes and is complete; SET b is the first of the queue now, and our own:
                                s=a            response a leaves (put, flush), then the error; GET c is the first
        response c              s----------a   passes, and leaves when the parts have come to their end

    Attributes:
        pausing: Some own response leaves byte by byte: from then on they leave in a greenlet.
        replying: There are more own responses whose turn has come than one callback writes; nothing is read meanwhile.
    """

    __slots__ = ('pausing', 'replying')

    def __init__(self, session: LaneHost, protocol: MessageProtocol, source: Stream, dest: Stream) -> None:
        super().__init__(session, source, dest, False, protocol.response_cutter)
        self.pausing = self.replying = False

    def is_opaque(self) -> bool:
        protocol = self.protocol
        if not self.cutter.opaque_because and protocol.request_cutter.opaque_because and not protocol.queue:
            self.cutter.give_up(protocol.request_cutter.opaque_because)
            self._write_held()
        return bool(self.cutter.opaque_because)

    def follow_no_more(self, reason: str) -> None:
        """Relay unread from here on, where no request awaits its response any more; else once the last of them has come."""
        if not self.busy and self.left is None:
            self.is_opaque()

    def _went_through(self) -> None:
        self.is_opaque()    # what came after the last response that was awaited belongs to none
        super()._went_through()

    def _passes(self, exchange: Exchange | None) -> bool:
        if exchange is None:
            return True
        over = exchange.behavior is DUMMY or exchange.met and exchange.drawn.once
        return over and exchange.failure is None and not self.protocol.editing

    def _process(self, parts: Iterator[Part], start: int = 0) -> None:
        """Let responses pass that nothing happens to, and put vaurien's own where their turn has come."""
        at, queue = start, self.protocol.queue
        look, until = start + self.LOOK, 0.0
        for part in parts:
            end, exchange, done = part
            if exchange is not None and not self._passes(exchange):
                self.put(start, at)
                self.flush()
                start = at
                if self._may_spare(exchange):
                    self._spare(exchange, at, end)
                if exchange.failure is None and self._comes(exchange, at, end, done):
                    if not self._may_act(exchange):
                        return self._later(self._back_to(part, parts, at))
                    self._act(exchange, self.cutter.data[at:end], done)
                    if self._over():
                        return None
                elif exchange.failure is not None and exchange.failure.half:
                    if exchange.failure.half.slow and in_loop():
                        return self._later(self._back_to(part, parts, at))
                    if self._halved(exchange, at, end, done):
                        return None
                start, look = end, -1   # a response that a failure replaces is dropped
            at = end
            if exchange is not None and done:
                self.protocol.answered(exchange)
                if exchange.failure is not None or exchange.closes or queue and self._own(queue[0]):
                    self.put(start, at)
                    self.flush()
                    start, look = at, -1
                    if self.pausing and not self.busy:
                        return self.wait_in_greenlet(self._complete, exchange, parts, at)
                    if self._completed(exchange):
                        return None
            if at > look:
                look, now = at + self.LOOK, monotonic()
                until = until or now + self.BUDGET
                if now > until or self.replying:
                    self.put(start, at)
                    return self._rest_later(parts, at)
        self.put(start, at)
        self._went_through()
        return None

    @staticmethod
    def _may_spare(exchange: Exchange) -> bool:
        """Return whether nothing may happen to a response after all that something was to happen to."""
        failure = exchange.failure
        return failure is not None and failure.half is not None and bool(failure.half.kind)

    def _spare(self, exchange: Exchange, at: int, end: int) -> None:
        """Let a response pass that begins here, if nothing can happen to one like this."""
        failure = exchange.failure
        assert failure is not None
        assert failure.half is not None
        if exchange is not self.cutter.framer.exchange and (reason := failure.half.spares(self.cutter.data[at:end])):
            exchange.failure = None
            self.draws.spared(exchange, failure.half.kind, reason)

    def _halved(self, exchange: Exchange, at: int, end: int, done: bool) -> bool:
        """Let pass what the client gets of a response of which it gets a part; True: the session ends with it."""
        failure, data = exchange.failure, self.cutter.data[at:end]
        assert failure is not None
        assert failure.half is not None
        half = failure.half
        if self.protocol.editing and exchange is not self.cutter.framer.exchange:
            data = self.protocol.edit(exchange, data, False)
        for pause, piece in half.pieces(data, done):
            if pause:
                self._keep_pace(half, pause)
            if half.begun and half.kind:
                kind, half.kind = half.kind, ''
                self.session.injected(exchange, kind)
            self.out.append(piece)
        self.flush()
        if half.end:
            if failure.end in ('', 'close'):
                exchange.failure = failure._replace(end=half.end)
            if not done:
                self.reply(exchange)
                return True
        elif done and not failure.end:
            exchange.failure, exchange.closes = None, exchange.closes or half.closes    # all of it has passed
            if half.kind:
                self.draws.spared(exchange, half.kind, 'it had ended before')
        return False

    def _keep_pace(self, half: Half, pause: float) -> None:
        """Wait until a piece is due, which is so long after the one before it; what came before leaves now."""
        self.flush()
        now = monotonic()
        half.left_at = max(half.left_at + pause, now) if half.left_at else now + pause
        if half.left_at > now:
            sleep(half.left_at - now)

    def _comes(self, exchange: Exchange, at: int, end: int, done: bool) -> bool:
        """Return whether an exchange has a response: one that is over before a byte of it has come never does."""
        return end > at or not done or exchange is self.cutter.framer.exchange

    def _run(self, data: bytes, end: int, exchanges: Sequence[Exchange]) -> None:
        queue, count = self.protocol.queue, len(exchanges)
        if count == 1 == len(queue) and isinstance(exchanges[0], SharedExchange):   # most often; nothing happens to one like it
            queue.popleft()
            return self._send(data, end)
        if not self._all_pass(exchanges):
            return self._process(self._cut(data))
        if count == len(queue):
            queue.clear()
        else:
            for _ in exchanges:
                queue.popleft()
        return self._send(data, end)

    def _all_pass(self, exchanges: Sequence[Exchange]) -> bool:
        """Return whether nothing happens to the responses to the first requests of the queue, nor is anything due after them."""
        queue, count = self.protocol.queue, len(exchanges)
        if isinstance(exchanges[0], SharedExchange) and exchanges.count(exchanges[0]) == count:
            return count == len(queue) or not self._own(queue[count])
        for exchange in exchanges:
            if exchange.behavior is not DUMMY or exchange.failure is not None or exchange.closes:
                return False
        return count == len(queue) or not self._own(queue[count])

    def _complete(self, exchange: Exchange, parts: Iterator[Part], start: int) -> None:
        if not self._completed(exchange):
            self._process(parts, start)

    def _completed(self, exchange: Exchange) -> bool:
        """Do what follows a response; True: the session ends with it."""
        if exchange.failure is not None:
            self.reply(exchange)
        elif exchange.closes:
            self.session.finish_client()
        self.reply_own()
        return self.session.ended or self.session.silent

    def _source_ended(self) -> None:
        if not self.is_opaque() and self.cutter.ends():
            self._process(self.cutter.end())
        if not (self.session.ended or self.busy or self.replying) and self.left is None:
            super()._source_ended()

    # -- responses made by vaurien

    @staticmethod
    def _own(exchange: Exchange) -> bool:
        return exchange.failure is not None and exchange.failure.request == b''

    def take_turn(self, pausing: bool) -> None:
        """Write the responses of our own, now that there is a new one, as far as their turn has come.

        Args:
            pausing: The new one leaves byte by byte.
        """
        self.pausing = self.pausing or pausing
        if self.busy or self.replying:
            return      # the greenlet does so at its end, or the next callback
        if self.pausing:
            self.wait_in_greenlet(self.reply_own)
        else:
            self.reply_own()

    def watch_again(self) -> None:
        if self._own_is_due():
            self.take_turn(self.pausing)
        super().watch_again()

    def _own_is_due(self) -> bool:
        """Return whether the backend has no part in the next response; after the last one of all none is due."""
        queue, session = self.protocol.queue, self.session
        due = bool(queue) and self._own(queue[0])
        return due and not (session.ended or session.silent or self.cutter.framer.final)

    def reply_own(self) -> None:
        """Write the responses whose turn has come and that the backend has no part in."""
        queue, until = self.protocol.queue, 0.0
        while self._own_is_due():
            self.reply(queue[0])
            if queue:
                queue.popleft()
            now = monotonic()
            until = until or now + self.BUDGET
            if now > until:
                if not self.pausing:
                    return self._reply_later()
                sleep(ASIDE)
                until = 0.0
        return None

    def _reply_later(self) -> None:
        self.replying, self._step = True, type(self)._handle_rest
        self.unwatch()
        if self.dest.full and not (self.busy or self._paused):
            self.pause(self.dest)
        self.watch()

    def watch(self) -> None:
        if not self.replying:
            super().watch()
        elif self._may_watch():
            self._wait_round()

    def _handle_rest(self) -> None:
        if self.replying:
            self.replying = False
            self.take_turn(self.pausing)
        if not (self.replying or self.busy):
            super()._handle_rest()

    def in_place(self) -> bool:
        """Return also whether no response is still to be replaced, and no request under way to be dropped."""
        return super().in_place() and self.other.passing and not any(exchange.failure for exchange in self.protocol.queue)

    def reply(self, exchange: Exchange, end: str = '') -> None:
        """Write what takes the place of a response, and end as it says.

        Args:
            exchange: The exchange, with its failure.
            end: How the connection ends where the failure leaves that open.
        """
        failure, session = exchange.failure, self.session
        assert failure is not None
        assert not self.cutter.opaque_because, 'its place cannot be told'
        if failure.pause and not in_loop():
            for at in range(len(failure.reply)):
                self.dest.sendall(failure.reply[at:at + 1])
                sleep(failure.pause)
        elif failure.reply:
            self.dest.sendall(failure.reply)
        if session.ended:
            return
        if failure.half is not None and failure.end == 'reset' and self.dest.full and in_loop():
            self.stop()     # a reset would take with it what is still to be written
            self.dest.when_drained(session.abort)
        else:
            self.end_client(failure.end or end)
