"""Who may stay: how many connections a server has, and how many bytes they hold together. Knows greenlets, and no byte of HTTP.

Where there is no room for one more, the one goes that has waited longest for its client. One that is at work for its client is
never told to go.
"""
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gevent

MAX_CONNECTIONS = 1024  #: at the same time; each costs some 20 KB and a descriptor
#: [bytes] of bodies that have arrived and of responses that were not taken, of all connections together
MAX_HELD_BYTES = 32 * 2 ** 20


class Seat:
    """One connection.

    Attributes:
        greenlet: What serves it.
        held: Bytes that it holds.
        gone: It was told to go.
    """

    __slots__ = ('greenlet', 'held', 'gone')

    def __init__(self, greenlet: Any) -> None:
        self.greenlet, self.held, self.gone = greenlet, 0, False


class Room:
    """The connections of one server.

    Attributes:
        seats: Those that have been begun and not been told to go.
        idle: Those that wait for a request, the one that has waited longest first.
        slow: Those that wait for the rest of a request or for a response to be taken, likewise.
        held: Bytes that all of them hold.
    """

    def __init__(self) -> None:
        self.seats: set[Seat] = set()
        self.idle: dict[Seat, None] = {}
        self.slow: dict[Seat, None] = {}
        self.held = 0

    def enter(self) -> Seat | None:
        """Seat the connection that the caller's greenlet serves; None: there is no room, and none can go."""
        if len(self.seats) >= MAX_CONNECTIONS:
            oldest = next(iter(self.idle), None) or next(iter(self.slow), None)
            if oldest is None:
                return None
            self._send_away(oldest)
        seat = Seat(gevent.getcurrent())
        self.seats.add(seat)
        return seat

    def leave(self, seat: Seat) -> None:
        """Forget a connection; it has ended."""
        self.release(seat)
        self.seats.discard(seat)

    def _send_away(self, seat: Seat) -> None:
        seat.gone = True
        self.idle.pop(seat, None)
        self.slow.pop(seat, None)
        self.leave(seat)
        seat.greenlet.kill(block=False)

    @contextmanager
    def waiting(self, seat: Seat, where: dict[Seat, None]) -> Iterator[None]:
        """Let a connection go for others, if need be, as long as the block waits for its client.

        Args:
            seat: The connection.
            where: ``idle`` or ``slow``.
        """
        where[seat] = None
        try:
            yield
        finally:
            where.pop(seat, None)

    @contextmanager
    def aside(self, seat: Seat) -> Iterator[None]:
        """Leave a connection's seat to others while its request waits until those that came before have been worked on."""
        self.seats.discard(seat)
        try:
            yield
        finally:
            self.seats.add(seat)

    # -- bytes

    def hold(self, seat: Seat, count: int) -> bool:
        """Count bytes that a connection holds. Where that is too much for all, those go that have waited longest with theirs.

        Returns:
            Whether there was room; False: all others that hold any are at work.
        """
        seat.held += count
        self.held += count
        while self.held > MAX_HELD_BYTES:
            oldest = next((other for other in self.slow if other.held and other is not seat), None)
            if oldest is None:
                return False
            self._send_away(oldest)
        return True

    def release(self, seat: Seat, count: int | None = None) -> None:
        """Count bytes that a connection no longer holds; None: all of them."""
        count = seat.held if count is None else min(count, seat.held)
        seat.held -= count
        self.held -= count
