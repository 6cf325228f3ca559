"""What is known of a memcached session as a whole. Knows no framer and no failure."""
from collections.abc import Mapping
from typing import Any

from ..message import MessageProtocol


class Conversation(MessageProtocol):
    """A session in one of the two protocols.

    Attributes:
        binary: The client speaks the binary protocol.
    """

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__(settings)
        self.binary = False
