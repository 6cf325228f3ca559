"""What became of spans, counted. Knows nothing that makes or sends one."""
from typing import Any


class SpanCounts:
    """Counts spans, as the metrics tell it.

    Attributes:
        sent: Those that the collector has taken.
        lost: Those that it has not: they were refused, or too many waited.
        error: Why some were lost for the first time; empty: none were.
    """

    def __init__(self) -> None:
        self.sent = self.lost = 0
        self.error = ''

    def add(self, sent: int, lost: int, error: Any = '') -> bool:
        """Count some, and return whether these are the first that are lost."""
        first = bool(lost) and not self.lost
        self.sent += sent
        self.lost += lost
        if first:
            self.error = str(error)
        return first
