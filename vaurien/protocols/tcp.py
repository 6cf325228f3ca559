"""The protocol that knows no requests. Touches streams by their verbs only."""
from typing import Any

from . import Protocol
from .base import BaseProtocol


@Protocol.register
class TCP(BaseProtocol):
    """Bytes pass as they come, in both directions at once; every read from the client counts as one exchange."""

    name = 'tcp'
    duplex = inline = relays = True

    def _handle(self, source: Any, dest: Any, to_backend: bool) -> bool:
        return bool(source.forward(dest) > 0)
