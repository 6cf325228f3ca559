"""One fault: no response ever comes."""
from typing import Any

from .base import Dummy


class Hang(Dummy):
    """The request is read and never answered; the connection stays open until the client leaves."""

    name = 'hang'
    inline = True

    def on_before_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> bool:
        if to_backend:
            protocol.hang()
        return not to_backend
