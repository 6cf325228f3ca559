"""Lanes that tell a recorder what passes. They do what the lanes do that they are made of, and nothing else to a byte."""
from collections.abc import Iterator, Sequence
from time import monotonic

from ...behaviors.dummy import DUMMY
from ...protocols.base import Exchange
from ...protocols.message import Part
from ..request_lane import CROWD, RequestLane
from ..response_lane import ResponseLane
from .deliveries import Deliveries
from .recorder import MAX_KEPT_BYTES, MAX_SHORT_BYTES, Recorder


class RecordedRequests(RequestLane):
    """The lane of requests, recorded.

    Attributes:
        recorder: Is told of each request; the session gives it.
    """

    __slots__ = ('recorder',)

    recorder: Recorder

    def _cut(self, data: bytes) -> Iterator[Part]:
        return self._noted(super()._cut(data))

    def _noted(self, parts: Iterator[Part]) -> Iterator[Part]:
        """Note each part before it is handled; a request that has no answer is over after that."""
        recorder, at = self.recorder, 0
        for part in parts:
            end, exchange, done = part
            recorder.request_part(exchange, self.cutter.data, at, end, done)
            at = end
            yield part
            if done and exchange is not None and not exchange.expects:
                recorder.finish(exchange)

    def _run(self, data: bytes, end: int, exchanges: Sequence[Exchange]) -> None:
        draws, queue, recorder = self.draws, self.protocol.queue, self.recorder
        if (len(exchanges) > 1 or end < len(data) or not draws.chaos.plain or draws.plan is not None
                or self.protocol.owed is not None or len(queue) >= CROWD or not exchanges[0].expects
                or exchanges[0].stage in self.protocol.undrawn):
            return self._process(self._cut(data))
        (_, exchange, _), = self.cutter.framer.scan(data, 0)
        assert exchange is not None
        if len(data) <= MAX_SHORT_BYTES and recorder.carried is None:
            recorder.records[exchange] = monotonic(), recorder.sink.mark, data
        else:
            recorder.whole_request(exchange, data)
        draws.count += 1
        exchange.number, exchange.behavior = draws.count, DUMMY
        queue.append(exchange)
        return self._send(data, end)

    def _forwards(self, exchange: Exchange | None) -> bool:
        return super()._forwards(exchange) and not self.recorder.wants(exchange)

    def _skipped(self, count: int) -> None:
        super()._skipped(count)
        self.recorder.skipped(self.cutter.framer.exchange, count, to_backend=True)


class RecordedResponses(ResponseLane):
    """The lane of responses, recorded.

    Attributes:
        recorder: Is told of each response; the session gives it.
        deliveries: Is told when responses are collected, and when what was collected is written; the session gives it.
    """

    __slots__ = ('recorder', 'deliveries')

    recorder: Recorder
    deliveries: Deliveries

    def _cut(self, data: bytes) -> Iterator[Part]:
        return self._noted(super()._cut(data))

    def flush(self) -> None:
        super().flush()
        self.deliveries.flushed()

    def _noted(self, parts: Iterator[Part]) -> Iterator[Part]:
        """Note each part before it is handled; after the last one of an answer its exchange is over."""
        recorder, at, deliveries = self.recorder, 0, self.deliveries
        for part in parts:
            deliveries.collecting = True
            end, exchange, done = part
            if exchange is not None:
                recorder.answer_part(exchange, self.cutter.data, at, end, done)
            at = end
            yield part
            if done and exchange is not None:
                recorder.finish(exchange)

    def _run(self, data: bytes, end: int, exchanges: Sequence[Exchange]) -> None:
        if len(exchanges) > 1 or end < len(data) or not self._all_pass(exchanges):
            return self._process(self._cut(data))
        exchange, client, recorder = self.protocol.queue.popleft(), self.dest, self.recorder
        client.sendall(data)
        if client.full:
            self.settle(True)
        later, noted = recorder.sink.later, recorder.records.get(exchange)
        if (later is None or type(noted) is not tuple or len(data) > MAX_KEPT_BYTES or not recorder.defers
                or client.through is not None or client.backlog is not None):
            return recorder.whole_answer(exchange, data)
        del recorder.records[exchange]
        return later((recorder, exchange, noted, data, monotonic()))

    def _skipped(self, count: int) -> None:
        super()._skipped(count)
        self.recorder.skipped(self.cutter.framer.exchange, count, to_backend=False)

    def _source_ended(self) -> None:
        owner = self.cutter.framer.owner
        ends = owner is not None and not self.is_opaque() and self.cutter.ends()
        if ends and owner is not None:
            self.recorder.answer_part(owner, b'', 0, 0, True)
        super()._source_ended()
        if ends and owner is not None and not self.busy:
            self.recorder.finish(owner)

    def reply(self, exchange: Exchange, end: str = '') -> None:
        self.recorder.replied(exchange)
        super().reply(exchange, end)
        self.recorder.finish(exchange)
