"""One fault: the backend hangs up."""
from typing import Any

from .base import Dummy


class Blackout(Dummy):
    """The client's connection is closed at once, and nothing else happens."""

    name = 'blackout'
    inline = True

    def on_before_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> bool:
        if to_backend:
            source.recv()   # unread bytes would turn the end into a reset
            source.close()
        return not to_backend
