"""Notes what becomes of each exchange of one session. Knows a protocol's own words, and no stream and no lane."""
from binascii import crc32
from collections.abc import Callable
from time import monotonic, time

from ...protocols.answers import MAX_DIGESTED_BYTES
from ...protocols.base import Exchange
from ...protocols.message import MessageProtocol
from .names import names_of
from .records import CUT, NO_ANSWER, OK, UNREAD, Exchanged, Short, Sink

#: [bytes] of an answer's beginning, and of its end, that tell how a request was answered
HEAD_BYTES = 64
#: exchanges that wait for the end of their group; more are recorded as they are
MAX_HELD = 1_000
#: [bytes] of a request that are kept until its answer comes, in place of what would be made of them
MAX_SHORT_BYTES = 512
#: [bytes] of an answer that are kept until its record is made; that of a longer one is made at once
MAX_KEPT_BYTES = 4 * 1024


class Record:
    """What is noted of an exchange while it is under way.

    Attributes:
        started: By the monotonic clock [s].
        mark: The mark at that time.
        sent, received: [bytes] so far.
        digested: [bytes] of the payload that the digest is made of.
        digest: The digest so far.
        head, tail: The first and the last bytes of the answer.
        asked: All of the request has come.
        answered: All of the answer has come, or vaurien's own has left.
        error: The error that was found in the answer; empty: none.
        fault: What was injected.
        before: [bytes] that are still to come before the payload.
        trace: The ``traceparent`` of the request; empty: none has been found.
    """

    __slots__ = ('started', 'mark', 'sent', 'received', 'digested', 'digest', 'head', 'tail', 'asked', 'answered',
                 'error', 'fault', 'before', 'trace')

    def __init__(self, started: float, mark: str, sent: int) -> None:
        self.started, self.mark, self.sent = started, mark, sent
        self.digested = self.digest = self.received = self.before = 0
        self.head = self.tail = b''
        self.asked = self.answered = False
        self.error = self.fault = self.trace = ''


class Recorder:
    """Records the exchanges of one session.

    Args:
        sink: Where records go.
        protocol: The session's protocol object.
        proxy, number: The proxy's name, and the session's number in it.
        deliver: Called with each record; None: the sink gets it.

    Attributes:
        defers: The record of an exchange may be made later than its answer has come.
        carried: What belongs to the next exchange: the steps before it, the content of a mail; None: nothing.
    """

    __slots__ = ('sink', 'protocol', 'proxy', 'number', 'records', '_named', '_epoch', '_held', 'carried', '_latest',
                 '_over', '_deliver', 'defers')

    def __init__(self, sink: Sink, protocol: MessageProtocol, proxy: str, number: int,
                 deliver: Callable[[Exchanged], None] | None = None) -> None:
        self.sink, self.protocol, self.proxy, self.number = sink, protocol, proxy, number
        self._deliver = deliver or sink.exchanged
        self.defers = not protocol.grouped_answers
        #: of a short request that has come whole: when it began, the mark, and its bytes
        self.records: dict[Exchange, Record | Short] = {}
        self._named = names_of(type(protocol))
        self._epoch = time() - monotonic()
        self._held: list[tuple[Exchange, Record, str, str, float]] = []
        self.carried: Record | None = None
        self._latest: Record | None = None
        self._over: Exchange | None = None      # the one whose answer came last, and which may not be recorded yet

    # -- requests

    def whole_request(self, exchange: Exchange, data: bytes) -> None:
        """Note a request that has come whole; of a short one no more than has to be noted now."""
        if len(data) <= MAX_SHORT_BYTES and self.carried is None:
            self.records[exchange] = monotonic(), self.sink.mark, data
        else:
            self._begin(exchange, data, 0, len(data)).asked = True

    def _record(self, exchange: Exchange) -> Record | None:
        """Return what is noted of an exchange; None: nothing is."""
        noted = self.records.get(exchange)
        if type(noted) is tuple:
            started, mark, data = noted
            noted = self._begin(exchange, data, 0, len(data))
            noted.started, noted.mark, noted.asked = started, mark, True
        return noted    # type: ignore[return-value]

    def request_part(self, exchange: Exchange | None, data: bytes, at: int, end: int, done: bool) -> None:
        """Note a part of a request, ``data[at:end]``; an exchange of None: it belongs to no request, or to one before."""
        if exchange is None:
            return self._aside(data, at, end)
        record = self._record(exchange)
        if record is None:
            if exchange.behavior is not None:
                return None     # it was answered before all of it had come
            record = self._begin(exchange, data, at, end)
        elif end > at:
            record.sent += end - at
            skipped = min(record.before, end - at)
            record.before -= skipped
            self._digest(record, data, at + skipped, end)
        record.asked = done
        if done and not record.trace and self.sink.traces:
            record.trace = self.protocol.trace(exchange, data, at, end, False)
        return None

    def _begin(self, exchange: Exchange, data: bytes, at: int, end: int) -> Record:
        protocol, carried = self.protocol, self.carried
        record = self.records[exchange] = Record(monotonic(), self.sink.mark, end - at)
        if carried is not None:
            record.sent += carried.sent
            record.digested, record.digest = carried.digested, carried.digest
            self.carried = None
        if self.sink.traces:
            record.trace = protocol.trace(exchange, data, at, end, True)
        start = protocol.payload_at(exchange, data, at, end)
        if start < end:
            self._digest(record, data, start, end)
        else:
            record.before = start - end
        if exchange.stage not in protocol.undrawn:
            self._latest = record
        elif not protocol.concludes(exchange):
            self.carried = record
        return record

    @staticmethod
    def _digest(record: Record, data: bytes, start: int, end: int) -> None:
        room = MAX_DIGESTED_BYTES - record.digested
        if end - start > room:
            end = start + room
        if end > start:
            record.digested += end - start
            record.digest = crc32(data if end - start == len(data) else data[start:end], record.digest)

    def _aside(self, data: bytes, at: int, end: int) -> None:
        """Note bytes of the client that begin no request: the content of a mail, the data of a COPY, a file."""
        if self.protocol.carries and self.carried is None:
            self.carried = Record(0.0, '', 0)
        record = self.carried or self._latest
        if record is not None:
            record.sent += end - at
            self._digest(record, data, at, end)

    def skipped(self, exchange: Exchange | None, count: int, to_backend: bool) -> None:
        """Note bytes that were forwarded unseen."""
        record = (self.carried or self._latest) if exchange is None else self._record(exchange)
        if record is not None and to_backend:
            record.sent += count
        elif record is not None and exchange is not None:
            record.received += count

    def wants(self, exchange: Exchange | None) -> bool:
        """Return whether the digest of a request, or of what belongs to one, is still to be made of the bytes that come."""
        record = (self.carried or self._latest) if exchange is None else self._record(exchange)
        return record is not None and record.digested < MAX_DIGESTED_BYTES

    # -- answers

    def whole_answer(self, exchange: Exchange, data: bytes) -> None:
        """Record an exchange whose answer has come, and left, whole."""
        noted = self.records.get(exchange)
        if type(noted) is tuple and not self.protocol.grouped_answers:
            del self.records[exchange]
            return self._deliver(self.made(exchange, noted, data, monotonic()))
        record = self._record(exchange)
        if record is not None:
            record.received = len(data)
            del self.records[exchange]
            self._finish(exchange, record, *self.protocol.answer(exchange, data, b''))
        return None

    def made(self, exchange: Exchange, noted: Short, data: bytes, ended: float) -> Exchanged:
        """Make the record of an exchange whose request and answer have come whole; it depends on nothing that may change."""
        started, mark, request = noted
        protocol = self.protocol
        answer, code = protocol.answer(exchange, data, b'')
        name, shape = self._named[exchange.name_as_sent]
        start = protocol.payload_at(exchange, request, 0, len(request)) if protocol.headed else 0
        digest = '' if exchange.stage in protocol.secrets else crc32(request[start:] if start else request).to_bytes(4).hex()
        return Exchanged(
            self._epoch + started, self.proxy, self.number, exchange.number, name, shape, answer, ended - started,
            len(request), len(data), digest, '', mark, code, exchange.stage, protocol.key(exchange) if protocol.has_keys else '',
            protocol.trace(exchange, request, 0, len(request), True) if self.sink.traces else '')

    def answer_part(self, exchange: Exchange, data: bytes, at: int, end: int, done: bool) -> None:
        """Note a part of an answer before it leaves."""
        record = self._record(exchange)
        if record is None:
            return
        if end > at:
            record.received += end - at
            if len(record.head) < HEAD_BYTES:
                record.head += data[at:min(end, at + HEAD_BYTES - len(record.head))]
            record.tail = data[max(at, end - HEAD_BYTES):end]
        if done:
            framer = self.protocol.response_cutter.framer
            record.answered, record.error, self._over = True, framer.error, exchange
            if not framer.failed:
                framer.error = ''

    def replied(self, exchange: Exchange) -> None:
        """Note that vaurien's own answer leaves, after those before it."""
        over, self._over = self._over, None
        if over is not None and over is not exchange:
            self.finish(over)
        record = self._record(exchange)
        if record is not None:
            record.answered = True

    def finish(self, exchange: Exchange) -> None:
        """Record an exchange that is over; twice is harmless. One that ends in silence goes on with its connection."""
        if exchange.failure is not None and exchange.failure.end == 'silence':
            return
        record = self._record(exchange)
        if record is not None:
            del self.records[exchange]
            self._finish(exchange, record, *self._answer(exchange, record))

    def fault(self, exchange: Exchange, behavior: str, kind: str) -> None:
        """Note what was injected."""
        record = self._record(exchange)
        if record is None:      # the opening of the connection
            record = self.records[exchange] = Record(monotonic(), self.sink.mark, 0)
        record.fault = f'{behavior}/{kind}' if kind else behavior

    # -- the end

    def unread(self) -> None:
        """Record all that is under way: the session cannot be followed any more."""
        self._end(UNREAD)

    def ended(self) -> None:
        """Record all that is under way: the session has ended."""
        if self.protocol.response_cutter.framer.error and self.protocol.queue:
            record = self._record(self.protocol.queue[0])
            if record is not None and not record.answered:
                record.error = self.protocol.response_cutter.framer.error
        self._end(CUT)

    def _end(self, otherwise: str) -> None:
        self._release('')
        for exchange in list(self.records):
            record = self._record(exchange)
            assert record is not None
            answer, code = self._answer(exchange, record, otherwise)
            if exchange.behavior is not None or record.fault:
                self._emit(exchange, record, answer, code, monotonic() - record.started)
        self.records.clear()

    # -- records

    def _answer(self, exchange: Exchange, record: Record, otherwise: str = CUT) -> tuple[str, str]:
        """Return how an exchange was answered, and with which code."""
        failure, protocol = exchange.failure, self.protocol
        if failure is not None and failure.half is not None and failure.half.whole:
            return protocol.answer(exchange, failure.half.head, b'') if record.answered else (otherwise, '')
        if failure is not None:
            reply = failure.reply
            if not record.answered:
                return otherwise, ''
            record.received = len(reply)
            answer, code = protocol.own_answer(exchange, reply) if reply else (CUT, '')
            return (answer, code) if answer != OK or not failure.end else (CUT, '')
        if record.error:
            return record.error, ''
        if not exchange.expects and record.asked:
            return NO_ANSWER, ''
        if record.answered:
            return protocol.answer(exchange, record.head, record.tail) if record.received else (NO_ANSWER, '')
        if otherwise == CUT and protocol.effects.ends(exchange.name, exchange.stage):
            return NO_ANSWER, ''    # the end that it has asked for
        return otherwise, ''

    def _finish(self, exchange: Exchange, record: Record, answer: str, code: str) -> None:
        protocol = self.protocol
        seconds = monotonic() - record.started
        if protocol.grouped_answers:
            if protocol.joins(exchange) and answer == OK and len(self._held) < MAX_HELD:
                self._held.append((exchange, record, answer, code, seconds))
                return
            if protocol.concludes(exchange):
                self._release(answer)
        self._emit(exchange, record, answer, code, seconds)

    def _release(self, conclusion: str) -> None:
        """Record what has waited for the end of its group.

        Args:
            conclusion: How that was answered; empty: not at all.
        """
        held, self._held = self._held, []
        for exchange, record, answer, code, seconds in held:
            self._emit(exchange, record, answer if conclusion == OK else conclusion, code, seconds)

    def _emit(self, exchange: Exchange, record: Record, answer: str, code: str, seconds: float) -> None:
        stage, protocol = exchange.stage, self.protocol
        if stage in protocol.undrawn and (answer in (OK, NO_ANSWER, CUT, UNREAD) or not record.received):
            return      # a step: of these only the one that fails is recorded
        name, shape = self._named[exchange.name_as_sent]
        digest = f'{record.digest:08x}' if record.digested and not protocol.secret(exchange) else ''
        self._deliver(Exchanged(
            self._epoch + record.started, self.proxy, self.number, exchange.number, name, shape, answer,
             seconds, record.sent, record.received, digest, record.fault, record.mark, code, stage,
             protocol.key(exchange) if protocol.has_keys else '', record.trace))
