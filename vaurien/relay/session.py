"""One client connection paired with one backend connection. Owns two streams and two lanes, and alone ends itself."""
import logging
import time
from collections.abc import Callable
from errno import ECONNRESET
from random import Random
from typing import Any, Protocol

from gevent import get_hub

from ..address import Address
from ..behaviors.dummy import DUMMY
from ..net.loop import release
from ..net.sockets import RawSocket
from ..net.stream import GONE, Stream
from ..plans.steps import SessionPlan
from ..protocols.base import BaseProtocol, Exchange
from ..protocols.message import MessageProtocol
from ..wire.toxics import AttachedToxic, ProxyToxics
from .draws import DrawnFor, Draws
from .event_lane import EventLane
from .greenlets import Greenlets
from .idle import IdleWatch
from .lane import Lane
from .message_lane import MessageLane
from .request_lane import RequestLane
from .response_lane import ResponseLane
from .tls.switching import Switching
from .toxic_view import ToxicView

logger = logging.getLogger(__name__)

#: [s] that a client may take to leave after FIN: closing at once would reset what it still sends, and drop what it has not read
LINGER = 2.0


class SessionHost(DrawnFor, Protocol):
    """What a session asks of its proxy, whose toxics are put on its lanes."""

    toxics: ProxyToxics

    def session_ended(self, session: 'Session') -> None: ...
    def session_failed(self, session: 'Session') -> None: ...
    def relayed_unread(self, session: 'Session') -> None: ...
    def fault(self, session: 'Session', exchange: Exchange, kind: str) -> None: ...
    def keep(self, backend: RawSocket, address: Address) -> None: ...


class Session:
    """One client connection paired with one backend connection.

    Args:
        proxy: The proxy that accepted the client; it gives the mix, the seed and the counters.
        number: Counted from 1 in its proxy.
        client, backend: The streams of the two connections.
        protocol: The protocol object, for this session alone.
        peer: The client's address as text.
        address: What the backend's stream is connected to.

    Attributes:
        upstream, downstream: The lanes from the client to the backend, and from the backend to the client.
        draws: Draws for its exchanges, and counts them.
        ended: Both connections are gone.
        silent: Nothing is answered any more; the session ends when the client leaves.
        awaiting: What passed last went to the backend, where the protocol knows no requests.
        unread: Why it is relayed unread; empty: it is not.
        switching: Lets TLS begin on connections that have begun in the clear; None: it does not.
    """

    __slots__ = ('proxy', 'number', 'client', 'backend', 'protocol', 'peer', 'address', 'draws', 'upstream', 'downstream',
                 'ended', 'silent', 'awaiting', 'started', 'unread', 'switching', '_greenlets', '_idle', '_linger', '_reuse',
                 '_closing')

    def __init__(self, proxy: SessionHost, number: int, client: Stream, backend: Stream, protocol: BaseProtocol, peer: str,
                 address: Address) -> None:
        self.proxy, self.number, self.peer, self.address = proxy, number, peer, address
        self.client, self.backend, self.protocol, protocol.session = client, backend, protocol, self
        self.draws = Draws(proxy.chaos, proxy.seed, proxy.spec.name, number)
        if proxy.planned is not None:
            self.plan_changed()
        self.ended = self.silent = self.awaiting = self._closing = False
        self.unread, self.started = '', time.monotonic()
        self._greenlets: Greenlets | None = None
        self._idle: IdleWatch | None = None
        self._linger: Any = None
        self.switching = Switching(self) if client.tls or backend.tls else None
        self._reuse = backend.reusable and bool(protocol.option('reuse_socket'))
        self.upstream, self.downstream = self._lanes()
        self.upstream.other, self.downstream.other = self.downstream, self.upstream

    def _lanes(self) -> tuple[Lane, Lane]:
        client, backend = self.client, self.backend
        if isinstance(self.protocol, MessageProtocol):
            return RequestLane(self, self.protocol, client, backend), ResponseLane(self, self.protocol, backend, client)
        return EventLane(self, client, backend, True), EventLane(self, backend, client, False)

    def start(self) -> None:
        """Begin to relay."""
        self.upstream.guard(self._begin)

    def _begin(self) -> None:
        plan, upstream = self.draws.plan, self.upstream
        opening = None if plan is None else plan.opening()
        if opening is None:
            if not (self.draws.chaos.opens and isinstance(upstream, RequestLane) and upstream.open()):
                self._relay()
        elif opening.drawn.inline:
            self._open(opening)
        else:
            self.spawn(upstream.guard, self._open, opening)

    def _open(self, opening: Exchange) -> None:
        """Apply what a plan means for the opening of the connection, and relay if that may go on."""
        self.upstream.open_with(opening, opening.drawn)
        if self.client.closed:
            self.finish()
        elif opening.failure is None and not (self.ended or self.silent):
            self._relay()

    def _relay(self) -> None:
        if self.proxy.spec.timeout and not self.proxy.spec.stay_connected:
            self._idle = IdleWatch(self.proxy.spec.timeout, self)
        if self.proxy.toxics:
            self.proxy.toxics.attach(ToxicView(self))
        self.upstream.watch()
        self.downstream.watch()

    def moved(self) -> int:
        """Return a number that changes whenever a byte has come, for ``IdleWatch``."""
        return sum(self.transferred)

    def idle_too_long(self) -> None:
        """End a session on which nothing has moved for the whole timeout."""
        logger.debug('session %d of %s: no event for %g s', self.number, self.name, self.proxy.spec.timeout)
        self.finish()

    # -- what it shows: to its protocol, and to those who look at it

    @property
    def random(self) -> Random:
        """A generator for its protocol."""
        return self.draws.random

    def random_of(self, exchange: Exchange) -> Random:
        """Return the generator of one exchange."""
        return self.draws.random_of(exchange)

    @property
    def name(self) -> str:
        """The proxy's name."""
        return self.proxy.spec.name

    @property
    def backend_name(self) -> str:
        """The backend's address as the user wrote it."""
        return str(self.address)

    @property
    def stages(self) -> frozenset[str]:
        """The stages of the kinds that are named, in the mix or in the plan."""
        return self.draws.stages

    @property
    def exchanges(self) -> int:
        """Requests so far; where the protocol knows none, events from the client."""
        return self.draws.count

    @property
    def transferred(self) -> tuple[int, int]:
        """Bytes received from the client and from the backend."""
        return self.client.received, self.backend.received

    def exchange(self, to_backend: bool) -> Exchange | None:
        """Return the exchange whose message is handled in a direction, or was last."""
        return (self.upstream if to_backend else self.downstream).exchange

    def under_way(self) -> Exchange | None:
        """Return the exchange that the session is at; None: it is between two."""
        return self.upstream.under_way()

    # -- what lanes and protocols report

    def injected(self, exchange: Exchange, kind: str) -> None:
        """Write a fault down."""
        self.proxy.fault(self, exchange, kind)

    def plan_changed(self) -> None:
        """Look the next exchange up in the plan as it is now, and take toxics off that were of entries which are gone."""
        planned, before = self.proxy.planned, self.draws.plan
        self.draws.plan_for(None if planned is None else SessionPlan(planned, self.number, self.protocol, before))
        for toxic in () if before is None else before.gone(planned):
            self.set_toxic(toxic, on=False, at_once=True)

    def set_toxic(self, attached: AttachedToxic, on: bool, at_once: bool = False) -> bool:
        """Put a toxic of a plan on its direction, or take it off, at once or where it holds nothing; return whether it is on."""
        return self.proxy.toxics.set(ToxicView(self), attached, on, at_once)

    def spawn(self, call: Callable[..., None], *args: Any) -> None:
        """Run something in a greenlet that ends with the session at the latest."""
        self._greenlets = self._greenlets or Greenlets()
        self._greenlets.spawn(call, *args)

    def call_at(self, moment: float, call: Callable[[], None]) -> Callable[[], None]:
        """Call something at a moment of ``time.monotonic``, in the loop, while the session is there; return what cancels it."""
        self._greenlets = self._greenlets or Greenlets()
        return self._greenlets.at(moment, call)

    def lane_opaque(self, lane: Lane, reason: str) -> None:
        """Let the other lane follow no more either: this one cannot tell messages apart any more."""
        if not self.unread:
            self.unread = reason
            self.proxy.relayed_unread(self)
        if isinstance(lane.other, MessageLane):
            lane.other.follow_no_more(reason)

    def lose_track(self, reason: str) -> None:
        """End the session with a reset: a fault is under way, and its place cannot be told any more."""
        logger.info('session %d of %s is reset: a fault was under way and cannot be put in its place: %s',
                    self.number, self.name, reason)
        self.abort()

    def lane_done(self, lane: Lane) -> None:
        """Pass the end of a direction on, and end the session when nothing is left to come."""
        if lane.source.was_reset:   # a write has met the reset, and the reader only an end
            self.lost(lane, ConnectionResetError(ECONNRESET, 'the peer has reset the connection'))
        elif lane is self.upstream and self._reuse and self._reusable() or lane.other.done:
            self.finish()
        elif lane is self.downstream and not self.protocol.option('keep_alive'):
            self.finish_client()
        else:
            lane.dest.finish()

    def lost(self, lane: Lane, error: OSError) -> None:
        """Let the other peer of a broken connection hear of it as it would without vaurien."""
        if error.errno not in GONE:
            return self.failed(lane)
        if self.ended or self._closing and lane.busy and lane.dest.closed:
            return None     # it was ended here, and a greenlet has found out
        logger.debug('session %d of %s: %s', self.number, self.name, error)
        if lane.dest.broken and not isinstance(error, TimeoutError) and not lane.other.done and not self.silent:
            # the source can go on reading what the other side sent before it broke
            lane.done = True
            lane.unwatch()
        elif lane.dest.full and not lane.dest.broken:
            lane.stop()
            lane.dest.when_drained(self.abort)
        else:
            self.abort()
        return None

    def failed(self, lane: Lane) -> None:
        """End the session with a reset: a plugin raised, or vaurien has a bug, and that is being handled."""
        behavior = lane.exchange and lane.exchange.behavior or DUMMY
        self.plugin_failed(f'protocol {self.protocol.name}, behavior {behavior.name}')

    def plugin_failed(self, what: str) -> None:
        """End the session with a reset: something raised, and that is being handled; the other sessions live on."""
        logger.exception('session %d of %s is reset: %s raised', self.number, self.name, what)
        self.proxy.session_failed(self)
        self.abort()

    # -- ending: the words are explained where this folder is

    def silence(self) -> None:
        """Answer nothing any more, and read and drop what the client sends until it leaves."""
        if not self.ended and not self.silent:
            self.silent = True
            self.downstream.stop()
            self.upstream.swallow()

    def finish_client(self) -> None:
        """End the client's connection with FIN after what was written to it, and the backend's; the client may take its time."""
        if self.ended or self._closing:
            return None
        self._closing = self.silent = True
        self.downstream.stop()
        self.client.finish()
        if self.upstream.done:
            return self.finish()
        if self.downstream.done and self.backend.written and not self.backend.tls:
            self.backend.drop()     # nothing is left to be read: the system sends FIN, as it would for ``finish``
        else:
            self.backend.finish(self.backend.drop)
        self.upstream.swallow()
        self._stop_timers()
        self._linger = get_hub().loop.timer(LINGER)
        self._linger.start(self.finish)
        return None

    def finish(self) -> None:
        """End both connections with FIN, after what is still to be written."""
        if self.ended:
            return None
        waiting = [each for each in (self.client, self.backend) if not (each.closed or each.written)]
        if not waiting:
            return self._end(reset=False)
        self.upstream.stop()
        self.downstream.stop()
        self._closing = self.silent = True
        for stream in waiting:
            if not stream.closed:   # the one before may have been all that was left to wait for
                stream.finish(self._finish_when_written)
        return None

    def _finish_when_written(self) -> None:
        if not self.ended and all(stream.closed or stream.idle for stream in (self.client, self.backend)):
            self._end(reset=False)

    def abort(self) -> None:
        """End both connections with RST, now."""
        if not self.ended:
            self._end(reset=True)

    def drop(self) -> None:
        """Close both connections now; what is still to be written is lost."""
        if not self.ended:
            self._end(reset=False)

    def _end(self, reset: bool) -> None:
        self.ended = True
        reuse = self._reuse and not reset and self._reusable()
        self.upstream.stop()
        self.downstream.stop()
        self._stop_timers()
        if self._greenlets is not None:
            self._greenlets.kill()
        self.proxy.session_ended(self)
        if reuse:
            self.proxy.keep(self.backend.detach(), self.address)
        for stream in (self.client, self.backend):
            (stream.abort if reset else stream.drop)()
        if self._greenlets is None and isinstance(self.upstream, (EventLane, RequestLane)):
            get_hub().loop.run_callback(self._forget)   # who has ended it may still ask for its lanes

    def _forget(self) -> None:
        """Let go of what refers to it: its memory is free without a search for cycles."""
        vars(self.protocol).pop('session', None)
        del self.upstream.other, self.downstream.other, self.upstream, self.downstream, self.protocol, self._idle

    def _reusable(self) -> bool:
        backend, downstream = self.backend, self.downstream
        in_flight = self.silent or self.awaiting or downstream.busy or downstream.left or backend.full or backend.pending
        return not (in_flight or backend.broken or downstream.done) and self.protocol.reusable()

    def _stop_timers(self) -> None:
        if self._idle is not None:
            self._idle.stop()
        self._linger = release(self._linger)
