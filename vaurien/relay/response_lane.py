"""The lane of answers, from the backend to the client: pairs them with requests, and keeps them in order.

Here the answers that vaurien makes itself are written, each when its turn has come. Knows no wire format, and draws nothing.
"""
from collections.abc import Iterable
from typing import Any

from gevent import get_hub, getcurrent, sleep

from ..net.stream import Stream
from ..protocols.base import Exchange
from ..protocols.message import Part
from .message_lane import MessageLane


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
        exchange = None if self.opaque() else self.cutter.end()
        if exchange is not None:
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
