"""One condition: connections open slowly."""
from collections.abc import Mapping
from typing import Any

from ..options import Option
from .base import Milliseconds, Toxic


class SlowOpen(Toxic):
    """The client is accepted at once, but the backend is connected only after ``delay``; until then nothing is answered."""

    name = 'slow_open'
    options = {'delay': Option("Milliseconds until the backend is connected", Milliseconds, 0)}
    opens = True

    @classmethod
    def opening_delay(cls, settings: Mapping[str, Any]) -> float:
        return float(settings['delay']) / 1000
