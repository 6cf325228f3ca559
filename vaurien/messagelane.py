"""The lanes of protocols that know requests: from bytes to messages to calls, with the answers kept in order.

Messages that nothing happens to leave together, in one write for all that arrived together. Knows no wire format.
"""
from collections.abc import Iterable
from itertools import chain
from typing import Any

from gevent import get_hub, getcurrent, sleep

from .chaos import DUMMY, OPENING
from .lane import Lane
from .protocols.base import Exchange
from .protocols.message import UNANSWERED, Cutter, Part
from .stream import READ, Stream

#: [bytes] of a message's body from which it is forwarded without being looked at
BULK = 64 * 1024


class MessageLane(Lane):
    """What both directions have in common.

    Attributes:
        cutter: Finds the messages in what the source sends.
        current: The exchange of the message under way; None: between messages.
    """

    __slots__ = ('cutter', 'current', 'out')

    def __init__(self, session: Any, source: Stream, dest: Stream, to_backend: bool) -> None:
        super().__init__(session, source, dest, to_backend)
        self.cutter: Cutter = self.protocol.requests if to_backend else self.protocol.answers
        self.current: Exchange | None = None
        self.out: list[bytes] = []

    def step(self) -> None:
        if self.opaque():
            return self._relay()
        framer = self.cutter.framer
        if framer.rest > BULK and not self.cutter.held and self._passes(self.current):
            count = self.source.forward(self.dest, framer.rest)
            if not count:
                return self._source_ended()
            self.cutter.skipped(count)
            if framer.rest:
                return self.settle(True)
            data = b''
        else:
            data = self.source.recv(READ)
            if not data:
                return self._source_ended()
        cutter = self.cutter
        if not (cutter.open or cutter.held or self.protocol.editing):
            exchange = cutter.whole(data)
            if exchange is not None:
                return self._whole(exchange, data)
        self._process(cutter.cut(data))
        return None

    def _whole(self, exchange: Exchange, data: bytes) -> None:
        """Handle bytes that are exactly one message; without the general way's steps where nothing happens to it."""
        raise NotImplementedError

    def _process_whole(self, exchange: Exchange, data: bytes) -> None:
        self.cutter.data = data
        self._process(iter(((len(data), exchange, True),)))     # an iterator: what is left of it may go on in a greenlet

    def _send(self, data: bytes) -> None:
        self.dest.sendall(data)
        if self.dest.full:
            self.settle(True)

    def opaque(self) -> bool:
        """Say whether bytes are relayed unread from here on."""
        return bool(self.cutter.opaque)

    def _relay(self) -> None:
        self.settle(self.source.forward(self.dest) > 0)

    def _passes(self, exchange: Exchange | None) -> bool:
        """Say whether nothing at all happens to a message of this exchange."""
        return exchange is None or exchange.behavior is DUMMY and not self.protocol.editing

    def _source_ended(self) -> None:
        self._write_held()
        self.finish()

    def _process(self, parts: Iterable[Part], start: int = 0) -> None:
        """Handle the messages in ``cutter.data`` from ``start`` on, in the loop or in a greenlet."""
        raise NotImplementedError

    def _may_wait_here(self, behavior: Any) -> bool:
        return behavior.inline or getcurrent() is not get_hub()

    def _later(self, part: Part, parts: Iterable[Part], start: int) -> None:
        """Go on with this part in a greenlet."""
        self.wait_in_greenlet(self._process, chain((part,), parts), start)

    def put(self, start: int, end: int) -> None:
        """Collect bytes of the cutter's data that pass."""
        if end > start:
            data = self.cutter.data
            self.out.append(data if end - start == len(data) else data[start:end])

    def flush(self) -> None:
        """Write what was collected, all in one."""
        out = self.out
        if out:
            self.out = []
            self.dest.sendall(out[0] if len(out) == 1 else b''.join(out))

    def _write_held(self) -> None:
        """Write the bytes that no message has claimed."""
        self.flush()
        held, self.cutter.held = self.cutter.held, b''
        if held:
            self.dest.sendall(held)

    def _went_through(self) -> None:
        if self.cutter.opaque:
            self.session.opaque(self)
            self._write_held()
        self.flush()
        self.settle(True)

    def _act(self, exchange: Exchange, piece: bytes, begins: bool, done: bool) -> None:
        """Hand a piece of a message to its behavior and protocol."""
        source = self.source
        if begins and self.protocol.editing:
            piece = self.protocol.edit(exchange, piece, self.to_backend)
        source.lend(piece)
        try:
            self.call(exchange, begins, done)
        finally:
            source.take_back()

    def _over(self) -> bool:
        """Say whether the session has ended, or is to, because of what a behavior did."""
        session = self.session
        if not session.ended and (self.source.closed or self.dest.closed):
            session.end()
        return bool(session.ended or session.silent)


class RequestLane(MessageLane):
    """From the client to the backend: draws once for each request."""

    __slots__ = ('replied',)

    def __init__(self, session: Any, source: Stream, dest: Stream, to_backend: bool) -> None:
        super().__init__(session, source, dest, to_backend)
        self.replied = False    # something was written to the client

    def _process(self, parts: Iterable[Part], start: int = 0) -> None:
        at, session, protocol = start, self.session, self.protocol
        for part in parts:
            end, exchange, done = part
            if exchange is not None and exchange.behavior is None:
                if exchange.stage in protocol.undrawn:
                    exchange.behavior = DUMMY
                else:
                    session.draw(exchange)
                    if protocol.owed is not None:
                        self._collect(exchange)
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
                if self._over():
                    return None
                start = end
            if exchange is not None:
                self.current = None if done else exchange
            at = end
        self.put(start, at)
        self._went_through()
        return None

    def follow_no_more(self, reason: str) -> None:
        """Relay unread from here on: the other direction cannot be followed any more."""
        if not self.cutter.opaque:
            self.cutter.give_up(reason)
            if not self.busy:
                self._write_held()

    def _whole(self, exchange: Exchange, data: bytes) -> None:
        session, protocol = self.session, self.protocol
        if not session.proxy.chaos.plain or protocol.owed is not None or len(protocol.queue) >= UNANSWERED:
            return self._process_whole(exchange, data)
        if exchange.stage not in protocol.undrawn:
            session.exchanges += 1
        exchange.number, exchange.behavior = session.exchanges, DUMMY
        if exchange.expects:
            protocol.queue.append(exchange)
        return self._send(data)

    def _collect(self, exchange: Exchange) -> None:
        """Let an error that was drawn where it did not fit meet this request, where it does."""
        behavior = self.protocol.owes(exchange)
        if behavior is not None:
            exchange.behavior, exchange.due = behavior, True

    def _went_through(self) -> None:
        if len(self.protocol.queue) > UNANSWERED:
            self.cutter.give_up(f'more than {UNANSWERED} requests wait for their answers')
        super()._went_through()
        if self.replied:
            self.replied = False
            if self.source.full and not (self.session.ended or self.busy or self._paused):
                self.pause(self.source)

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


class AnswerLane(MessageLane):
    """From the backend to the client: pairs answers with requests, and puts vaurien's own in their places."""

    __slots__ = ('pausing',)

    def __init__(self, session: Any, source: Stream, dest: Stream, to_backend: bool) -> None:
        super().__init__(session, source, dest, to_backend)
        self.pausing = False    # some own answer leaves byte by byte: from then on they leave in a greenlet

    def opaque(self) -> bool:
        protocol = self.protocol
        if not self.cutter.opaque and protocol.requests.opaque and not protocol.queue:
            self.cutter.give_up(protocol.requests.opaque)
            self._write_held()
        return bool(self.cutter.opaque)

    def _passes(self, exchange: Exchange | None) -> bool:
        return super()._passes(exchange) and (exchange is None or exchange.failure is None)

    def _process(self, parts: Iterable[Part], start: int = 0) -> None:
        at, queue = start, self.protocol.queue
        for part in parts:
            end, exchange, done = part
            if not self._passes(exchange):
                assert exchange is not None
                self.put(start, at)
                self.flush()
                start = at
                if exchange.failure is None:
                    if not self._may_wait_here(exchange.behavior):
                        return self._later(part, parts, at)
                    self._act(exchange, self.cutter.data[at:end], exchange is not self.current, done)
                    if self._over():
                        return None
                start = end     # an answer that a failure replaces is dropped
            at = end
            if exchange is None:
                continue
            self.current = None if done else exchange
            if done:
                self.protocol.answered(exchange)
                if exchange.failure is not None or exchange.closes or queue and self._own(queue[0]):
                    self.put(start, at)
                    self.flush()
                    start = at
                    if self.pausing and not self.busy:
                        return self.wait_in_greenlet(self._complete, exchange, parts, at)
                    if self._completed(exchange):
                        return None
        self.put(start, at)
        self._went_through()
        return None

    def _whole(self, exchange: Exchange, data: bytes) -> None:
        queue = self.protocol.queue
        if not self._passes(exchange) or exchange.closes or len(queue) > 1 and self._own(queue[1]):
            return self._process_whole(exchange, data)
        queue.popleft()
        return self._send(data)

    def _complete(self, exchange: Exchange, parts: Iterable[Part], start: int) -> None:
        if not self._completed(exchange):
            self._process(parts, start)

    def _completed(self, exchange: Exchange) -> bool:
        """Do what follows an answer; True: the session ends with it."""
        if exchange.failure is not None:
            self.reply(exchange)
        elif exchange.closes:
            self.session.hang_up()
        self.reply_own()
        return bool(self.session.ended or self.session.silent)

    def _act(self, exchange: Exchange, piece: bytes, begins: bool, done: bool) -> None:
        self.protocol.answering = exchange
        super()._act(exchange, piece, begins, done)

    def _source_ended(self) -> None:
        exchange = self.cutter.exchange
        if self.cutter.open and exchange is not None and self.cutter.framer.end() and not self.opaque():
            self.cutter.open = False
            self._process(iter([(0, exchange, True)]))
        if not self.session.ended and not self.busy:
            super()._source_ended()

    # -- answers made by vaurien

    @staticmethod
    def _own(exchange: Exchange) -> bool:
        return exchange.failure is not None and exchange.failure.request == b''

    def take_turn(self, pausing: bool) -> None:
        """Write the answers of our own, now that there is a new one, as far as their turn has come.

        Args:
            pausing: The new one leaves byte by byte.
        """
        self.pausing = self.pausing or pausing
        if self.busy:
            return      # the greenlet does so at its end
        if self.pausing:
            self.wait_in_greenlet(self.reply_own)
        else:
            self.reply_own()

    def watch_again(self) -> None:
        self.reply_own()
        super().watch_again()

    def reply_own(self) -> None:
        """Write the answers whose turn has come and that the backend has no part in."""
        queue, session = self.protocol.queue, self.session
        while queue and self._own(queue[0]) and not session.ended and not session.silent:
            self.reply(queue[0])
            if queue:
                queue.popleft()

    def reply_all_own(self) -> None:
        """Write the answers that were still to wait for the backend's, whose places nobody can tell any more."""
        queue = self.protocol.queue
        for exchange in list(queue):
            if self._own(exchange) and not self.session.silent:
                self.reply(exchange)
        queue.clear()

    def reply(self, exchange: Exchange, end: str = '') -> None:
        """Write what takes the place of an answer, and end as it says.

        Args:
            exchange: The exchange, with its failure.
            end: How the connection ends where the failure leaves that open.
        """
        failure, session = exchange.failure, self.session
        if failure.pause and getcurrent() is not get_hub():
            for at in range(len(failure.reply)):
                self.dest.sendall(failure.reply[at:at + 1])
                sleep(failure.pause)
        elif failure.reply:
            self.dest.sendall(failure.reply)
        if session.ended:
            return
        end = failure.end or end
        if end == 'close':
            session.hang_up()
        elif end == 'reset':
            session.end(reset=True)
        elif end == 'silence':
            session.silence()
