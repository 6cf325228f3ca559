"""What a proxy counts. Knows neither the places where it is counted nor those where it is read."""
from collections import Counter
from collections.abc import Iterable

from ..net.stream import Stream
from ..relay.session import Session


class Stats:
    """What a proxy has counted since it was made. Bytes (``from_``, ``to_``) and ``exchanges`` are of ended sessions only."""

    __slots__ = ('accepted', 'refused', 'backend_errors', 'handler_errors', 'accept_errors', 'from_client', 'from_backend',
                 'to_client', 'to_backend', 'exchanges', 'faults')

    def __init__(self) -> None:
        self.accepted = self.refused = self.backend_errors = self.handler_errors = self.accept_errors = 0
        self.from_client = self.from_backend = self.to_client = self.to_backend = self.exchanges = 0
        #: by behavior and kind
        self.faults: Counter[tuple[str, str]] = Counter()

    def add(self, exchanges: int, client: Stream, backend: Stream) -> None:
        """Add what a session has come to that has ended."""
        self.exchanges += exchanges
        self.from_client += client.received
        self.from_backend += backend.received
        self.to_client += client.carried
        self.to_backend += backend.carried

    def received(self, sessions: Iterable[Session]) -> tuple[int, int, int]:
        """Return the exchanges, the bytes from clients and those from the backend, also of sessions that are open."""
        exchanges, from_client, from_backend = self.exchanges, self.from_client, self.from_backend
        for session in sessions:
            exchanges += session.exchanges
            from_client += session.client.received
            from_backend += session.backend.received
        return exchanges, from_client, from_backend

    def sent(self, sessions: Iterable[Session]) -> tuple[int, int]:
        """Return the bytes sent to backends and to clients, also of sessions that are open."""
        to_backend, to_client = self.to_backend, self.to_client
        for session in sessions:
            to_backend += session.backend.carried
            to_client += session.client.carried
        return to_backend, to_client
