"""What a session has to be able to do where its client may speak HTTP/2. Knows no frame."""
from ..lane import Lane


class MayMultiplex:
    """A session whose lanes can be replaced."""

    __slots__ = ()

    def multiplex(self, lane: Lane) -> None:
        """Let lanes of streams go on: the client of this lane speaks HTTP/2. They are seldom needed, and imported only then."""
        from .begin import begin
        begin(lane)
