"""What the two directions of an SMTP session must know of each other. Knows no bytes and no failure."""
from collections.abc import Mapping
from typing import Any

from ..base import Exchange
from ..message import MessageProtocol
from .commands import COMMAND


class Conversation(MessageProtocol):
    """A session in which the next thing the client sends depends on the reply to its last command.

    Attributes:
        phase: What the client sends next: ``COMMAND``, ``CREDENTIALS`` or ``CONTENT``.
        undecided: The exchange whose reply tells what the client sends next; None: that is known.
        taken: The DATA whose message vaurien reads in the backend's place; None: the backend reads it.
        authenticated: The client has shown who it is.
        stripped: Greetings of the client whose replies offer no TLS, whatever the backend offers.
    """

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__(settings)
        self.phase = COMMAND
        self.undecided: Exchange | None = None
        self.taken: Exchange | None = None
        self.authenticated = False
        self.stripped: frozenset[Exchange] = frozenset()

    def decided(self, phase: str = COMMAND) -> None:
        """Record that vaurien replies to what the client has just sent, and what the client sends next."""
        self.undecided, self.phase = None, phase
