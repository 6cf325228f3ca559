"""A session as the toxics on its lanes see it: by directions. Knows no toxic by name."""
from typing import Protocol

from ..net.stream import Stream
from ..toxics.base import Toxic
from .lane import Lane


class Viewed(Protocol):
    """What the view asks of a session: who it is, its lanes, and to end."""

    number: int
    ended: bool
    upstream: Lane
    downstream: Lane

    def lost(self, lane: Lane, error: OSError) -> None: ...
    def plugin_failed(self, what: str) -> None: ...
    def finish(self) -> None: ...
    def abort(self) -> None: ...


class ToxicView:
    """What toxics may ask of a session; ``wire.toxics.SessionView`` says what they need.

    Args:
        session: The session; a direction of it is ``downstream`` (backend to client) or ``upstream``.
    """

    __slots__ = ('_session',)

    def __init__(self, session: Viewed) -> None:
        self._session = session

    @property
    def number(self) -> int:
        """The session's number in its proxy."""
        return self._session.number

    @property
    def ended(self) -> bool:
        """Whether both connections are gone."""
        return self._session.ended

    def _lane(self, direction: str) -> Lane:
        return self._session.downstream if direction == 'downstream' else self._session.upstream

    def outlet(self, direction: str) -> Stream:
        """Return the stream that bytes of a direction leave by."""
        return self._lane(direction).dest

    def outlet_lost(self, direction: str, error: OSError) -> None:
        """End what has to end: a write after the toxics of a direction has met the end of its connection."""
        self._session.lost(self._lane(direction), error)

    def finish_direction(self, direction: str) -> None:
        """Read no more in a direction, deliver what is under way, and end the session."""
        if not self._session.ended:
            lane = self._lane(direction)
            lane.stop()
            lane.dest.finish(self._session.finish)

    def abort(self) -> None:
        """End the session with a reset."""
        self._session.abort()

    def toxic_failed(self, toxic: Toxic | type[Toxic]) -> None:
        """End the session with a reset: a toxic raised, and that is being handled."""
        self._session.plugin_failed(f'toxic {toxic.name}')
