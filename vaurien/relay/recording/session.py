"""Sessions that record what becomes of their exchanges, and how they end."""
import time
from typing import Protocol as Interface

from ...net.sockets import RawSocket
from ...net.stream import Stream
from ...protocols.base import Exchange
from ...protocols.message import MessageProtocol
from ..lane import Lane
from ..session import Session, SessionHost
from .deliveries import Deliveries
from .lanes import RecordedRequests, RecordedResponses
from .recorder import Recorder
from .records import NO_ANSWER, Closed, Exchanged, Opened, Sink, Unread


class RecordingHost(SessionHost, Interface):
    """What a recorded session asks of its proxy, beside the rest."""

    @property
    def exchanges(self) -> Sink: ...


class Recorded(Stream):
    """What recorded streams have in common.

    Attributes:
        aborted: It was reset here.
    """

    __slots__ = ()

    recorded = True
    aborted: bool

    def abort(self) -> None:
        self.aborted = True     # type: ignore[misc]  # those that derive have the slot
        super().abort()


class RecordedStream(Recorded):
    """A stream that knows whether it was reset here."""

    __slots__ = ('aborted',)

    def __init__(self, sock: RawSocket, timeout: float = 0.0) -> None:
        super().__init__(sock, timeout)
        self.aborted = False

    reset = Recorded.abort


class RecordedSession(Session):
    """A session that is recorded from its opening on.

    Attributes:
        recorder: Records its exchanges; None: its protocol knows no requests.
        ending: Who has ended it, and how; None: it has not been ended yet.
    """

    __slots__ = ('recorder', 'ending', '_sink', '_deliveries')

    proxy: RecordingHost

    def _lanes(self) -> tuple[Lane, Lane]:
        self._sink = self.proxy.exchanges
        self.ending: tuple[str, str] | None = None
        protocol = self.protocol
        self.recorder: Recorder | None = None
        if not isinstance(protocol, MessageProtocol):
            return super()._lanes()
        self._deliveries = Deliveries(self._sink, self.client, protocol.effects)
        self.recorder = Recorder(self._sink, protocol, self.name, self.number, self._deliveries.exchanged)
        upstream = RecordedRequests(self, protocol, self.client, self.backend)
        downstream = RecordedResponses(self, protocol, self.backend, self.client)
        upstream.recorder = downstream.recorder = self.recorder
        downstream.deliveries = self._deliveries
        return upstream, downstream

    def start(self) -> None:
        self._sink.happened(Opened(time.time(), self.name, self.number, self.peer, self._sink.mark))
        super().start()

    def injected(self, exchange: Exchange, kind: str) -> None:
        super().injected(exchange, kind)    # those who follow the records know of the fault by then
        behavior = exchange.drawn.name
        if self.recorder is not None:
            self.recorder.fault(exchange, behavior, kind)
        else:
            fault = f'{behavior}/{kind}' if kind else behavior
            self._sink.exchanged(Exchanged(
                time.time(), self.name, self.number, exchange.number, exchange.name, '', NO_ANSWER, 0.0, 0, 0, '', fault,
                self._sink.mark))

    def lane_opaque(self, lane: Lane, reason: str) -> None:
        if not self.unread:
            self._sink.happened(Unread(time.time(), self.name, self.number, reason))
        super().lane_opaque(lane, reason)
        if self.recorder is not None and not self.protocol_queue():
            self.recorder.unread()

    def protocol_queue(self) -> bool:
        """Return whether requests still await their responses, which are followed to the last one."""
        return isinstance(self.protocol, MessageProtocol) and bool(self.protocol.queue)

    # -- how it ends

    def lane_done(self, lane: Lane) -> None:
        how = 'rst' if lane.source.was_reset else 'fin'
        self._ends('client' if lane is self.upstream else 'backend', how)
        super().lane_done(lane)

    def lost(self, lane: Lane, error: OSError) -> None:
        from_client = (lane is self.upstream) is not lane.dest.broken
        self._ends('client' if from_client else 'backend', 'timeout' if isinstance(error, TimeoutError) else 'rst')
        super().lost(lane, error)

    def finish_client(self) -> None:
        self._ends('vaurien', 'fin')
        super().finish_client()

    def finish(self) -> None:
        left = self.silent and not self._was_aborted()      # a silent session ends when its client leaves
        self._ends('client' if left else 'vaurien', 'rst' if self._was_aborted() else 'fin')
        super().finish()

    def idle_too_long(self) -> None:
        self._ends('vaurien', 'timeout')
        super().idle_too_long()

    def _was_aborted(self) -> bool:
        """Return whether a behavior or a toxic has reset one of its connections."""
        return any(isinstance(stream, Recorded) and stream.aborted for stream in (self.client, self.backend))

    def _ends(self, by: str, how: str) -> None:
        if self.ending is None:
            self.ending = by, how

    def _end(self, reset: bool) -> None:
        self._ends('vaurien', 'rst' if reset or self._was_aborted() else 'fin')
        if self.recorder is not None:
            self.recorder.ended()
            self._deliveries.ended()
        assert self.ending is not None
        by, how = self.ending
        sent, received = self.transferred
        self._sink.happened(Closed(time.time(), self.name, self.number, by, how, time.monotonic() - self.started, self.exchanges,
                                   sent, received))
        super()._end(reset)
