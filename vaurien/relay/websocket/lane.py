"""A connection after its upgrade, which carries one conversation of WebSocket. Knows streams, and no frame's meaning."""
from contextlib import nullcontext, suppress
from typing import Any

from gevent import sleep

from ...net.stream import READ, Stream
from ...protocols.base import Exchange
from ...protocols.http.ws import frames
from ...protocols.http.ws.failures import CUT, RESET
from ...protocols.http.ws.handshake import Agreed
from ...protocols.message import MessageProtocol
from ..lane import Lane, LaneHost
from .direction import Direction
from .talk import LINGER, Talk

#: [bytes] of a frame from which its payload is forwarded without being looked at
BULK = 64 * 1024


class SocketLane(Lane):
    """One direction of the connection.

    Attributes:
        direction: What it carries.
    """

    __slots__ = ('direction',)

    direction: Direction

    def step(self) -> None:
        direction = self.direction
        if direction.lost and not direction.discards:
            return self.settle(self.source.forward(self.dest) > 0)
        if direction.forwards(BULK):
            count = self.source.forward(self.dest, direction.frames.rest)
            if not count:
                return self._ended()
            direction.forwarded(count)
            return self.settle(True)
        try:
            data = self.source.recv(READ)
        except OSError as error:
            if self.to_backend or not direction.talk.closing or isinstance(error, BlockingIOError):
                raise
            data = b''      # the client is not to hear of it any more
        if not data:
            return self._ended()
        direction.feed(data)
        return self.settle(True)

    def _ended(self) -> None:
        direction: Direction = self.direction
        if direction.talk.closing:
            self.done = True
            self.unwatch()
            if self.to_backend:
                direction.talk.client_closed()
            return
        rest = direction.frames.held()
        if rest and not direction.discards:
            self.dest.sendall(rest)
        self.finish()

    def under_way(self) -> Exchange | None:
        return self.direction.exchange


class Connection:
    """Carries one conversation on two streams.

    Args:
        session: The session.
        protocol: Its protocol object.
        client, backend: Its streams.
        agreed: What the two sides have agreed on.
        recorder, deliveries: What records it; None: it is not recorded.
    """

    def __init__(self, session: LaneHost, protocol: MessageProtocol, client: Stream, backend: Stream, agreed: Agreed,
                 recorder: Any, deliveries: Any) -> None:
        self.session, self.client, self.backend = session, client, backend
        self.talk = Talk(session, protocol, self, agreed, recorder, deliveries)
        self.upstream, self.downstream = SocketLane(session, client, backend, True), SocketLane(session, backend, client, False)
        self.upstream.direction, self.downstream.direction = self.talk.up, self.talk.down
        self.upstream.other, self.downstream.other = self.downstream, self.upstream

    def lane(self, direction: Direction) -> SocketLane:
        """Return the lane of a direction."""
        return self.upstream if direction.to_backend else self.downstream

    def write(self, to_backend: bool, data: bytes) -> None:
        """Write bytes in a direction."""
        dest = self.backend if to_backend else self.client
        if data and not dest.closed:
            with suppress(OSError) if to_backend and self.talk.closing else nullcontext():
                dest.sendall(data)

    def wait(self, direction: Direction, unit: frames.Unit) -> None:
        """Let a behavior wait in a greenlet; nothing of this direction is read meanwhile."""
        self.lane(direction).wait_in_greenlet(direction.resume, unit)

    def end(self, how: str) -> None:
        """End both sides."""
        if how == CUT:
            self.session.finish_client()
        elif how == RESET:
            self.session.abort()
        else:
            self.session.silence()

    def close(self, reset: bool) -> None:
        """End the client's connection at once, as a behavior has asked for."""
        self.talk.finished()
        if reset:
            self.client.abort()
        else:
            self.client.close()
        self.session.finish()

    def linger(self) -> None:
        """Wait for the client's Close frame, and not for ever."""
        def wait() -> None:
            sleep(LINGER)
            self.talk.client_closed()
        self.session.spawn(wait)

    def lost(self, direction: Direction, reason: str) -> None:
        """Record that a direction is followed no more."""
        self.session.lane_opaque(self.lane(direction), reason)
