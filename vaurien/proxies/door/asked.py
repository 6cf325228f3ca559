"""What a client of a forward proxy asks for, and why it may not have it. Knows no wire format."""
from typing import NamedTuple, Protocol

from ...address import Address


class Asked(NamedTuple):
    """What a client asks for.

    Args:
        address: Where it wants to be connected to; the host is in its one form.
        scheme: ``http`` or ``https``: it has sent a request for the server there; empty: it wants a tunnel.
        head: The headers of that request, as they go to the server.
    """

    address: Address
    scheme: str = ''
    head: bytes = b''


class DoorRefusedError(Exception):
    """A client asks for what it cannot have.

    Args:
        reply: What it is told.
        reason: Why, in words.
    """

    def __init__(self, reply: bytes, reason: str) -> None:
        super().__init__(reply, reason)
        self.reply, self.reason = reply, reason

    def __str__(self) -> str:
        return self.reason


class Door(Protocol):
    """Reads what a client asks for, and says what it is answered. Bytes only.

    Attributes:
        asked: What is asked for; None: all of it has not come yet.
        reply: What is to be sent to the client now.
    """

    asked: Asked | None
    reply: bytes

    def take(self, data: bytes) -> int:
        """Take bytes of the client.

        Returns:
            How many of them were taken; the rest belongs to the tunnel, or to the request.

        Raises:
            DoorRefusedError: It cannot have what it asks for.
        """
        ...

    def accepted(self) -> bytes:
        """Return what a client is told whose tunnel is there."""
        ...

    def failed(self, code: int, reason: str) -> bytes:
        """Return what a client is told whose server cannot be reached.

        Args:
            code: The number of the system's error; negative: of the look-up of a name. 0: none.
            reason: Why, in words.
        """
        ...
