"""What a proxy counts. Knows nothing of who counts it, and nothing of who reads it."""
from collections import Counter


class Stats:
    """What a proxy has counted since it was made. Bytes (``from_``, ``to_``) and ``exchanges`` are of ended sessions only."""

    __slots__ = ('accepted', 'refused', 'backend_errors', 'handler_errors', 'accept_errors', 'from_client', 'from_backend',
                 'to_client', 'to_backend', 'exchanges', 'faults')

    def __init__(self) -> None:
        self.accepted = self.refused = self.backend_errors = self.handler_errors = self.accept_errors = 0
        self.from_client = self.from_backend = self.to_client = self.to_backend = self.exchanges = 0
        #: by behavior and kind
        self.faults: Counter[tuple[str, str]] = Counter()
