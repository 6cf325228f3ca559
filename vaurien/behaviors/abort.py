"""One fault: the backend dies while it works on the request."""
from typing import Any

from .base import Dummy


class Abort(Dummy):
    """The request reaches the backend, then the connection ends with a reset before any response."""

    name = 'abort'
    inline = True

    def on_after_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> bool:
        if to_backend:
            source.reset()
        return True
