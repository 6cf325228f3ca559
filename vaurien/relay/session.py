"""One client connection paired with one backend connection. Owns two streams and two lanes, and alone ends itself."""
import logging
import time
from collections.abc import Callable
from errno import ECONNRESET
from random import Random
from typing import Any

from gevent import get_hub, getcurrent, spawn

from ..address import Address
from ..behaviors.dummy import DUMMY
from ..net.stream import GONE, Stream
from ..protocols.base import BaseProtocol, Exchange
from ..protocols.message import MessageProtocol
from .chaos import fails_opening
from .lane import EventLane, Lane
from .message_lane import MessageLane
from .request_lane import RequestLane
from .response_lane import AnswerLane

logger = logging.getLogger(__name__)

#: [seconds] that a client may take to leave after its connection was ended with FIN; closing at once would turn what
#: it still sends into a reset, and a reset drops what it has not read yet
LINGER = 2.0
#: looks at an idle session within ``timeout``: it is ended an eighth of that late at most
LOOKS = 8


class Session:
    """One client connection paired with one backend connection.

    Args:
        proxy: The proxy that accepted the client; it gives the mix, the seed and the counters.
        number: Counted from 1 in its proxy.
        client: The client's stream.
        backend: The backend's stream.
        protocol: The protocol object, for this session alone.
        peer: The client's address as text.
        address: What the backend's stream is connected to.

    Attributes:
        exchanges: Requests so far; where the protocol knows none, events from the client.
        exchange: The exchange under way where the protocol knows no requests; None: nothing happens to it.
        ended: Both connections are gone.
        silent: Nothing is answered any more; the session ends when the client leaves.
        awaiting: What passed last went to the backend, where the protocol knows no requests.
    """

    __slots__ = ('proxy', 'number', 'client', 'backend', 'protocol', 'peer', 'exchanges', 'exchange', 'ended', 'silent',
                 'started', 'requests', 'answers', 'awaiting', '_random', '_greenlets', '_timer', '_seen', '_idle',
                 '_reuse', '_closing', '_told', 'address')

    def __init__(self, proxy: Any, number: int, client: Stream, backend: Stream, protocol: BaseProtocol, peer: str,
                 address: Address) -> None:
        self.proxy, self.number, self.peer, self.address = proxy, number, peer, address
        self.client, self.backend, self.protocol = client, backend, protocol
        protocol.session = self
        self.exchanges = 0
        self.exchange: Exchange | None = None
        self.ended = self.silent = self.awaiting = self._closing = self._told = False
        self.started = time.monotonic()
        self._random: Random | None = None
        self._greenlets: set[Any] | None = None
        self._timer: Any = None
        self._seen = self._idle = 0
        self._reuse = bool(protocol.option('reuse_socket'))
        self.requests: Lane
        self.answers: Lane
        if isinstance(protocol, MessageProtocol):
            self.requests = RequestLane(self, client, backend, True)
            self.answers = AnswerLane(self, backend, client, False)
        else:
            self.requests = EventLane(self, client, backend, True)
            self.answers = EventLane(self, backend, client, False)

    def start(self) -> None:
        """Begin to relay."""
        self.requests.guard(self._begin)

    def _begin(self) -> None:
        if self.proxy.chaos.opens and isinstance(self.requests, RequestLane) and self.requests.open():
            return
        timeout = self.proxy.spec.timeout / LOOKS
        if timeout and not self.proxy.spec.stay_connected:
            self._timer = get_hub().loop.timer(timeout, timeout)
            self._timer.start(self._check_idle)
        if self.proxy.wire:
            self.proxy.wire.attach(self)
        self.requests.watch()
        self.answers.watch()

    @property
    def random(self) -> Random:
        """The session's own generator, made of the seed, the proxy's name and the session's number."""
        if self._random is None:
            self._random = Random(f'{self.proxy.seed}/{self.name}/{self.number}')
        return self._random

    @property
    def name(self) -> str:
        """The proxy's name."""
        return str(self.proxy.spec.name)

    @property
    def backend_name(self) -> str:
        """The backend's address as the user wrote it."""
        return str(self.address)

    @property
    def transferred(self) -> tuple[int, int]:
        """Bytes received from the client and from the backend."""
        return self.client.received, self.backend.received

    # -- draws

    def draw(self, exchange: Exchange) -> None:
        """Choose what an exchange meets: the one draw that is made for it."""
        self.exchanges += 1
        exchange.number = self.exchanges
        chaos = self.proxy.chaos
        behavior = DUMMY
        if not chaos.plain:
            behavior = chaos.draw(self.random)
            if behavior.match is not None and not behavior.match.search(exchange.name):
                behavior = DUMMY
        exchange.behavior = behavior

    def draw_opening(self, exchange: Exchange) -> Any:
        """Choose what the opening of the connection meets; None: nothing."""
        behavior = exchange.behavior = self.proxy.chaos.draw(self.random)
        if not fails_opening(behavior, type(self.protocol)):
            return None
        return behavior if behavior.match is None or behavior.match.search(exchange.name) else None

    def injected(self, exchange: Exchange, kind: str) -> None:
        """Write a fault down."""
        self.proxy.fault(self, exchange, kind)

    # -- what happens to a session

    def other(self, lane: Lane) -> Lane:
        """Return the lane of the other direction."""
        return self.answers if lane is self.requests else self.requests

    def spawn(self, call: Callable[..., None], *args: Any) -> None:
        """Run something in a greenlet that ends with the session at the latest."""
        if self._greenlets is None:
            self._greenlets = set()
        greenlet = spawn(call, *args)
        self._greenlets.add(greenlet)
        greenlet.rawlink(self._greenlets.discard)

    def opaque(self, lane: MessageLane) -> None:
        """Take note that a lane cannot follow its bytes any more."""
        if not self._told:
            self._told = True
            logger.info('session %d of %s is relayed unread from here on: %s', self.number, self.name,
                        lane.cutter.opaque)
        if isinstance(lane, AnswerLane) and isinstance(self.requests, RequestLane):
            lane.reply_all_own()
            self.requests.follow_no_more(lane.cutter.opaque)

    def lane_done(self, lane: Lane) -> None:
        """A direction has ended: pass it on, and end the session when nothing is left to come."""
        other = self.other(lane)
        if lane.source.was_reset:   # a write has met the reset, and the reader only an end
            self.lost(lane, ConnectionResetError(ECONNRESET, 'the peer has reset the connection'))
        elif lane is self.requests and self._reuse and self._reusable() or other.done:
            self.end()
        elif lane is self.answers and not self.protocol.option('keep_alive'):
            self.hang_up()
        else:
            lane.dest.finish()

    def lost(self, lane: Lane, error: OSError) -> None:
        """A connection broke under a lane: the other peer hears of it as it would without vaurien."""
        if error.errno not in GONE:
            return self.failed(lane)
        if self.ended or self._closing and lane.busy and lane.dest.closed:
            return None     # it was ended here, and a greenlet has found out
        logger.debug('session %d of %s: %s', self.number, self.name, error)
        other = self.other(lane)
        if lane.dest.broken and not isinstance(error, TimeoutError) and not other.done and not self.silent:
            # the source can go on reading what the other side sent before it broke
            lane.done = True
            lane.unwatch()
        elif lane.dest.full and not lane.dest.broken:
            lane.stop()
            lane.dest.when_drained(lambda: self.end(reset=True))
        else:
            self.end(reset=True)
        return None

    def failed(self, lane: Lane) -> None:
        """A plugin raised, or vaurien has a bug: this session is reset, the others live on."""
        exchange = self.exchange if isinstance(lane, EventLane) else \
            getattr(self.protocol, 'requesting' if lane.to_backend else 'answering', None)
        behavior = getattr(exchange, 'behavior', None)
        logger.exception('session %d of %s is reset: protocol %s, behavior %s raised', self.number, self.name,
                         self.protocol.name, behavior.name if behavior is not None else DUMMY.name)
        self.proxy.stats.handler_errors += 1
        self.end(reset=True)

    # -- what toxics ask for

    def outlet(self, direction: str) -> Stream:
        """Return the stream that bytes of a direction leave by: ``downstream`` or ``upstream``."""
        return self.client if direction == 'downstream' else self.backend

    def _lane_of(self, direction: str) -> Lane:
        return self.answers if direction == 'downstream' else self.requests

    def outlet_lost(self, direction: str, error: OSError) -> None:
        """A write behind the toxics of a direction has met the end of its connection."""
        self.lost(self._lane_of(direction), error)

    def end_direction(self, direction: str) -> None:
        """Read no more in a direction, deliver what is under way, and end the session."""
        if not self.ended:
            lane = self._lane_of(direction)
            lane.stop()
            lane.dest.finish(self.end)

    def toxic_failed(self, toxic: Any) -> None:
        """A toxic raised: this session is reset, the others live on."""
        logger.exception('session %d of %s is reset: toxic %s raised', self.number, self.name, toxic.name)
        self.proxy.stats.handler_errors += 1
        self.end(reset=True)

    # -- ending

    def silence(self) -> None:
        """Answer nothing any more, and read and drop what the client sends until it leaves."""
        if not self.ended and not self.silent:
            self.silent = True
            self.answers.stop()
            self.requests.swallow()

    def hang_up(self) -> None:
        """End the client's connection with FIN after what was written to it, and the backend's."""
        if self.ended or self._closing:
            return None
        self._closing = self.silent = True
        self.answers.stop()
        self.client.finish()
        if self.requests.done:
            return self.end()
        self.backend.finish(self.backend.close)
        self.requests.swallow()
        self._stop_timer()
        self._timer = get_hub().loop.timer(LINGER)
        self._timer.start(self.end)
        return None

    def _check_idle(self) -> None:
        seen = sum(self.transferred)
        self._idle = self._idle + 1 if seen == self._seen else 0
        self._seen = seen
        if self._idle == LOOKS:
            logger.debug('session %d of %s: no event for %g s', self.number, self.name, self.proxy.spec.timeout)
            self.end()

    def _reusable(self) -> bool:
        backend, answers = self.backend, self.answers
        in_flight = self.silent or self.awaiting or answers.busy or backend.full or backend.pending
        return not (in_flight or backend.broken or answers.done) and self.protocol.reusable()

    def end(self, reset: bool = False) -> None:
        """End both connections.

        Args:
            reset: With RST, at once; False: with FIN, after what is still to be written.
        """
        if self.ended:
            return
        streams = () if reset else (self.client, self.backend)
        waiting = [stream for stream in streams if not stream.closed and (stream.through is not None or not stream.idle)]
        if not waiting:
            self._end_now(reset)
            return
        for lane in (self.requests, self.answers):
            lane.stop()
        self._closing = self.silent = True
        for stream in waiting:
            if not stream.closed:   # the one before may have been all that was left to wait for
                stream.finish(self._end_when_written)

    def drop(self) -> None:
        """End both connections with FIN at once; what is still to be written is lost."""
        if not self.ended:
            self._end_now(False)

    def _end_when_written(self) -> None:
        if not self.ended and all(stream.closed or stream.idle for stream in (self.client, self.backend)):
            self._end_now(False)

    def _end_now(self, reset: bool) -> None:
        self.ended = True
        reuse = self._reuse and not reset and self._reusable()
        for lane in (self.requests, self.answers):
            lane.stop()
        self._stop_timer()
        for greenlet in list(self._greenlets or ()):
            if greenlet is not getcurrent():
                greenlet.kill(block=False)
        self.proxy.session_ended(self)
        if reuse and self.address == self.proxy.backend:
            self.proxy.idle.put(self.backend.detach())
        for stream in (self.client, self.backend):
            if reset:
                stream.reset()
            else:
                stream.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer.close()
            self._timer = None
