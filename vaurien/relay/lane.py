"""One direction of a session: it waits for its source and calls the protocol, wrapped by the drawn behavior.

Knows the session it belongs to, and no proxy. The calls run in the event loop when neither protocol nor behavior may
wait, and otherwise in a greenlet while the lane watches nothing.
"""
from collections.abc import Callable
from functools import partial
from typing import Any

from gevent import Timeout, get_hub

from ..behaviors.dummy import DUMMY
from ..net.stream import Stream
from ..protocols.base import Exchange

_READABLE = 1
#: what a plugin may raise; gevent's ``Timeout`` is no ``Exception``, and ``SystemExit`` would end the process without a word
ANYTHING = (Exception, Timeout, SystemExit)


class Lane:
    """One direction of a session.

    Args:
        session: The session.
        source: Where bytes come from.
        dest: Where they go.
        to_backend: True for the direction from the client to the backend.

    Attributes:
        done: This direction has ended.
        busy: A greenlet handles an event; nothing is watched meanwhile.
    """

    __slots__ = ('session', 'protocol', 'source', 'dest', 'to_backend', 'done', 'busy', 'passing', '_step', '_handle',
                 '_reader', '_stopped', '_held', '_paused', '_consumed')

    def __init__(self, session: Any, source: Stream, dest: Stream, to_backend: bool) -> None:
        self.session, self.protocol = session, session.protocol
        self.source, self.dest, self.to_backend = source, dest, to_backend
        self.done = self.busy = self._stopped = self._held = self._paused = False
        self._consumed = -1     # of the source, when bytes were last given back
        self.passing = True
        self._handle = session.protocol._handle
        self._step: Callable[[], None] = self.step
        self._reader: Any = get_hub().loop.io(source.fd, _READABLE)

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
        """Stop waiting until ``release``: the other lane's handler uses both streams."""
        self._held = True
        self.unwatch()

    def release(self) -> None:
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
        if self._reader is not None:
            self._reader.stop()
            self._reader.close()
            self._reader = None

    def swallow(self) -> None:
        """From now on read and drop what the source sends, and end the session when it leaves."""
        self._step = self._swallow
        self.watch()

    def _swallow(self) -> None:
        if not self.source.recv():
            self.session.end()

    # -- handling

    def _on_readable(self) -> None:
        try:
            self._step()
        except BlockingIOError:
            pass
        except OSError as error:
            self.session.lost(self, error)
        except ANYTHING:    # a plugin's, or a bug of ours; the loop would only print it
            self.session.failed(self)

    def guard(self, call: Callable[..., None], *args: Any) -> None:
        """Call something that handles an event, in the loop or in a greenlet."""
        try:
            call(*args)
        except BlockingIOError:
            pass
        except OSError as error:
            self.session.lost(self, error)
        except ANYTHING:    # as above
            self.session.failed(self)

    def step(self) -> None:
        """Handle one readable event."""
        raise NotImplementedError

    def wait_in_greenlet(self, call: Callable[..., None], *args: Any) -> None:
        """Run the rest of an event's handling in a greenlet, where it may wait."""
        self.unwatch()
        self.busy = True
        if not self.protocol.duplex:
            self.session.other(self).hold()
        self.session.spawn(self._in_greenlet, call, args)

    def _in_greenlet(self, call: Callable[..., None], args: tuple[Any, ...]) -> None:
        try:
            self.guard(call, *args)
        finally:
            self.busy = False
            if not self.session.ended:
                self.guard(self.watch_again)

    def watch_again(self) -> None:
        """Go on after a greenlet has handled an event."""
        if not self.protocol.duplex:
            self.session.other(self).release()
        self.watch()

    def call(self, exchange: Exchange, begins: bool = True, done: bool = True) -> bool:
        """Handle a message, or as much of it as has arrived: the one place where behaviors meet protocols.

        Args:
            exchange: The exchange that it belongs to, with the behavior drawn for it.
            begins: The message begins here.
            done: The message ends here.

        Returns:
            False when this direction has ended.
        """
        behavior, protocol = exchange.behavior, self.protocol
        source, dest, to_backend = self.source, self.dest, self.to_backend
        if begins:
            if to_backend and not behavior.reports and behavior is not DUMMY:
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

    def begun(self, exchange: Exchange) -> None:
        """Take note of what ``on_before_handle`` has decided."""

    def settle(self, open_: bool) -> None:
        """Draw the consequences of a handled event."""
        session, dest = self.session, self.dest
        if session.ended or session.silent:
            return
        if dest._closed or self.source._closed:
            session.end()
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


class EventLane(Lane):
    """A lane of a protocol that knows no requests: each event from the client is an exchange."""

    __slots__ = ()

    def step(self) -> None:
        session = self.session
        if not self.to_backend:
            exchange = session.exchange
        elif session.proxy.chaos.plain:
            exchange = session.exchange = None
        else:
            exchange = self._begin()
        if exchange is None and self.protocol.relays:
            self._relay()
        else:
            self._meet(exchange)

    def _relay(self) -> None:
        """Do what ``_pass_on`` does, the short way: this is what nearly all events come to."""
        session = self.session
        if not self.source.forward(self.dest):
            return self.finish()
        session.awaiting = self.to_backend
        session.exchanges += self.to_backend
        if self.dest.full:
            self.pause(self.dest)
        return None

    def _meet(self, exchange: Exchange | None) -> None:
        if exchange is not None and not self.to_backend and self.source.at_end():
            exchange = None     # the end of a stream meets nothing
        if exchange is None:
            if self.protocol.inline:
                self._pass_on()
            else:
                self.wait_in_greenlet(self._pass_on)
        elif self.protocol.inline and exchange.behavior.inline:
            self._act(exchange)
        else:
            self.wait_in_greenlet(self._act, exchange)

    def _begin(self) -> Exchange | None:
        """Draw for an event from the client; its end is no exchange. None: nothing happens to it."""
        session = self.session
        if self.source.at_end():
            return None     # what was asked before is still to be answered
        session.exchange = None
        exchange = Exchange()
        session.draw(exchange)
        if exchange.behavior is DUMMY:
            session.exchanges -= 1      # counted when it is passed on
            return None
        session.exchange = exchange
        return exchange

    def _pass_on(self) -> None:
        open_ = self._handle(self.source, self.dest, self.to_backend)
        if open_:
            session = self.session
            session.awaiting = self.to_backend
            if self.to_backend:
                session.exchanges += 1
        self.settle(open_)

    def _act(self, exchange: Exchange) -> None:
        session, source, protocol = self.session, self.source, self.protocol
        if self.to_backend:
            protocol.requesting = exchange
        else:
            protocol.answering = exchange
        session.awaiting = self.to_backend
        before = source.consumed
        open_ = self.call(exchange)
        if not self.passing and source.consumed == before and not source.closed and not session.silent:
            source.recv()       # nobody wanted it; left unread it would be the next event again
        self.settle(open_)
        if not self.passing and source.full and not (self.busy or self._paused or session.ended or session.silent):
            self.pause(source)  # it was answered in the other one's place, and does not read its answers
