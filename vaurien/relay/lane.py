"""One direction of a session: it waits for its source and calls the protocol, wrapped by the drawn behavior.

Knows of its session what ``LaneHost`` names, and no proxy. The calls run in the event loop when neither protocol nor behavior
may wait, and otherwise in a greenlet while the lane watches nothing.
"""
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from gevent import get_hub

from ..behaviors.dummy import DUMMY
from ..net.loop import PLUGIN_ERRORS, release
from ..net.stream import Stream
from ..protocols.base import BaseProtocol, Behavior, Exchange
from ..protocols.failure import TLS_ENDS
from ..protocols.starttls import BEGIN
from .draws import Draws


class Tls(Protocol):
    """What lanes tell of the beginning of TLS; ``vaurien.relay.tls.switching.Switching`` is told."""

    def follows(self, data: bytes, waited: bool) -> None: ...
    def agreed(self) -> None: ...


class LaneHost(Protocol):
    """What a lane asks of its session.

    Attributes:
        number: Its number in its proxy, from 1.
        draws: Draws for its exchanges, and counts them.
        ended: Both connections are gone.
        silent: Nothing is answered any more.
        awaiting: What passed last went to the backend, where the protocol knows no requests.
        switching: Lets TLS begin on connections that have begun in the clear; None: it does not.
    """

    number: int
    draws: Draws
    ended: bool
    silent: bool
    awaiting: bool

    @property
    def switching(self) -> 'Tls | None': ...

    @property
    def protocol(self) -> BaseProtocol: ...
    def spawn(self, call: Callable[..., None], *args: Any) -> None: ...
    def call_at(self, moment: float, call: Callable[[], None]) -> Callable[[], None]: ...
    def injected(self, exchange: Exchange, kind: str) -> None: ...
    def lane_done(self, lane: 'Lane') -> None: ...
    def lane_opaque(self, lane: 'Lane', reason: str) -> None: ...
    def lose_track(self, reason: str) -> None: ...
    def lost(self, lane: 'Lane', error: OSError) -> None: ...
    def failed(self, lane: 'Lane') -> None: ...
    def finish(self) -> None: ...
    def finish_client(self) -> None: ...
    def abort(self) -> None: ...
    def silence(self) -> None: ...


class Lane:
    """One direction of a session.

    Args:
        session: The session.
        source: Where bytes come from.
        dest: Where they go.
        to_backend: True for the direction from the client to the backend.

    Attributes:
        other: The lane of the other direction; the session pairs them.
        exchange: The one whose message, or event, is handed to its behavior and to the protocol, or was last; None: nothing
            happens to what passes.
        done: This direction has ended.
        busy: A greenlet handles an event; nothing is watched meanwhile.
        told: The exchange whose fault is written down already: it waits before it is applied.
        passing: ``on_before_handle`` has let the message pass that is handed over, or was last.
    """

    __slots__ = ('session', 'protocol', 'draws', 'other', 'exchange', 'source', 'dest', 'to_backend', 'done', 'busy', 'told',
                 'passing', '_step', '_handle', '_reader', '_stopped', '_held', '_paused', '_consumed')

    other: 'Lane'
    _step: Callable[[Any], None]    # what is done when there is something to read
    left: object = None     #: what was read and is still to be handled; None: nothing

    def __init__(self, session: LaneHost, source: Stream, dest: Stream, to_backend: bool) -> None:
        self.session, self.protocol, self.draws = session, session.protocol, session.draws
        self.exchange: Exchange | None = None
        self.told: Exchange | None = None
        self.source, self.dest, self.to_backend = source, dest, to_backend
        self.done = self.busy = self._stopped = self._held = self._paused = False
        self._consumed = -1     # of the source, when bytes were last given back
        self.passing = True
        self._handle = session.protocol._handle
        self._step = type(self).step    # no method of its own: it would refer to itself
        self._reader: Any = source.reader()

    # -- waiting

    def watch(self) -> None:
        """Wait for the next readable event, unless something else has to happen first."""
        if self._may_watch():
            self._reader.start(self._on_readable)
            if self.source.pending and self._consumed != self.source.consumed:
                # given back by a handler: no event will tell. Where it used none of it, it waits for more to come
                self._consumed = self.source.consumed
                get_hub().loop.run_callback(self._given_back)

    def _may_watch(self) -> bool:
        return not (self.done or self.busy or self._stopped or self._held or self._paused)

    def _given_back(self) -> None:
        if self.source.pending and self._may_watch():
            self._on_readable()

    def unwatch(self) -> None:
        """Stop waiting; ``watch`` starts again."""
        if self._reader is not None:
            self._reader.stop()

    def hold(self) -> None:
        """Stop waiting until ``unhold``: the other lane's handler uses both streams."""
        self._held = True
        self.unwatch()

    def unhold(self) -> None:
        """End ``hold``."""
        self._held = False
        self.watch()

    def pause(self, stream: Stream) -> None:
        """Stop waiting until ``stream`` has taken what was written to it."""
        self._paused = True
        self.unwatch()
        stream.when_drained(partial(self._resume, stream))

    def _resume(self, stream: Stream) -> None:
        self._paused = False
        if not self.session.ended:
            self.guard(self._go_on, stream)

    def _go_on(self, stream: Stream) -> None:
        stream.check()
        self.watch()

    def stop(self) -> None:
        """Wait no more, for good."""
        self._stopped = True
        self._reader = release(self._reader)

    def swallow(self) -> None:
        """From now on read and drop what the source sends, and end the session when it leaves."""
        self._step = type(self)._swallow
        self.watch()

    def _swallow(self) -> None:
        if not self.source.recv():
            self.session.finish()

    # -- handling

    def _on_readable(self) -> None:
        try:
            self._step(self)
        except BlockingIOError:
            pass
        except OSError as error:
            self.session.lost(self, error)
        except PLUGIN_ERRORS:   # a plugin's, or a bug of ours; the loop would only print it
            self.session.failed(self)

    def guard(self, call: Callable[..., None], *args: Any) -> None:
        """Call something that handles an event, in the loop or in a greenlet."""
        try:
            call(*args)
        except BlockingIOError:
            pass
        except OSError as error:
            self.session.lost(self, error)
        except PLUGIN_ERRORS:   # as above
            self.session.failed(self)

    def step(self) -> None:
        """Handle one readable event."""
        raise NotImplementedError

    def wait_in_greenlet(self, call: Callable[..., None], *args: Any) -> None:
        """Run the rest of an event's handling in a greenlet, where it may wait."""
        self.unwatch()
        self.busy = True
        if not self.protocol.duplex:
            self.other.hold()
        self.session.spawn(self._in_greenlet, call, args)

    def _in_greenlet(self, call: Callable[..., None], args: tuple[Any, ...]) -> None:
        try:
            self.guard(call, *args)
        finally:
            self.busy = False
            if not self.session.ended:
                self.guard(self.watch_again)

    def wait_until(self, moment: float, call: Callable[..., None], *args: Any) -> None:
        """Run the rest of an event's handling at a moment of ``time.monotonic``, in the loop, where it may not wait any more."""
        self.unwatch()
        self.busy = True
        if not self.protocol.duplex:
            self.other.hold()
        self.session.call_at(moment, partial(self._has_waited, call, args))

    def _has_waited(self, call: Callable[..., None], args: tuple[Any, ...]) -> None:
        self.busy = False
        self.guard(call, *args)
        if not (self.busy or self.session.ended):
            self.guard(self.watch_again)

    def pause_of(self, exchange: Exchange) -> float:
        """Return for how long a message waits before its behavior is applied [s], which counts as applied from now on."""
        seconds = exchange.drawn.pause(self.protocol, exchange, self.to_backend)
        if seconds > 0:
            self.exchange = exchange
            if self.to_backend and not exchange.drawn.reports:
                self.told = exchange
                self.session.injected(exchange, '')
        return seconds

    def watch_again(self) -> None:
        """Go on after a greenlet has handled an event."""
        if not self.protocol.duplex:
            self.other.unhold()
        self.watch()

    def call(self, exchange: Exchange, begins: bool = True, done: bool = True) -> bool:
        """Handle a message, or as much of it as has arrived: the one place where behaviors wrap protocols.

        Args:
            exchange: The exchange that it belongs to, with the behavior drawn for it.
            begins: The message begins here.
            done: The message ends here.

        Returns:
            False when this direction has ended.
        """
        behavior, protocol = exchange.drawn, self.protocol
        source, dest, to_backend = self.source, self.dest, self.to_backend
        self.exchange = exchange
        if begins:
            if to_backend and not behavior.reports and behavior is not DUMMY and exchange is not self.told:
                self.session.injected(exchange, '')
            self.passing = bool(behavior.on_before_handle(protocol, source, dest, to_backend))
            self.begun(exchange)
        if not self.passing or source.closed or dest.closed:
            return True
        try:
            return bool(self._handle(source, dest, to_backend))
        finally:
            if done:
                behavior.on_after_handle(protocol, source, dest, to_backend)

    def open_with(self, exchange: Exchange, behavior: Behavior) -> None:
        """Apply a behavior to the opening of the connection, from which nothing has been read yet."""
        self.exchange = self.other.exchange = exchange
        if not behavior.reports:
            self.session.injected(exchange, '')
        for source, dest, to_backend in ((self.source, self.dest, True), (self.dest, self.source, False)):
            source.lend(b'')
            try:
                if not behavior.on_before_handle(self.protocol, source, dest, to_backend):
                    return
                behavior.on_after_handle(self.protocol, source, dest, to_backend)
            finally:
                source.take_back()

    def end_client(self, end: str) -> None:
        """End the connection to the client, which is the one that this lane writes to, as ``Failure.end`` says."""
        if end in TLS_ENDS:
            self.dest.end_badly(end)
            self.session.finish_client()
        elif end == 'close':
            self.session.finish_client()
        elif end == 'reset':
            self.session.abort()
        elif end == 'silence':
            self.session.silence()
        elif end == BEGIN and self.session.switching is not None:
            self.session.switching.agreed()

    def begun(self, exchange: Exchange) -> None:
        """Record what ``on_before_handle`` has decided."""

    def settle(self, open_: bool) -> None:
        """Draw the consequences of a handled event."""
        session, dest = self.session, self.dest
        if session.ended or session.silent:
            return
        if dest._closed or self.source._closed:
            session.finish()
        elif not open_:
            self.finish()
        elif dest.full and not self.busy:
            self.pause(dest)
        elif self.source.pending:
            self.watch()

    def finish(self) -> None:
        """End this direction: its source has ended."""
        self.done = True
        self.unwatch()
        self.session.lane_done(self)

    def under_way(self) -> Exchange | None:
        """Return the exchange that the session is at, asked of the lane from the client; None: it is between two."""
        raise NotImplementedError
