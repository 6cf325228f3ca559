"""Warnings that many clients may cause at once. Knows nothing of what they say."""
import logging
import time
from typing import Any

#: [seconds] between two warnings of one kind
INTERVAL = 1.0


class RateLimitedLog:
    """Logs a warning once in ``INTERVAL`` at most, and how many were left out."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._next, self._left_out = 0.0, 0

    def warning(self, text: str, *args: Any) -> None:
        """Log it, or count it."""
        now = time.monotonic()
        if now < self._next:
            self._left_out += 1
            return
        more = f' ({self._left_out} more like it)' if self._left_out else ''
        self._next, self._left_out = now + INTERVAL, 0
        self._logger.warning(text + '%s', *args, more)
