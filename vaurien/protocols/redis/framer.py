"""What both directions of Redis have in common: the usual message is taken fast, any other step by step. Knows no command."""
from collections.abc import Iterator

from ...errors import ProtocolError
from ..message import Framer, Part
from .state import Conversation


class Messages(Framer[Conversation]):
    """What both directions have in common: the usual message is taken fast, any other step by step.

    Attributes:
        cut: The last message was cut: what comes now belongs to it. An exchange may go on without it, as a subscription does
            between two of its replies.
        wrong: What is wrong with what follows.
    """

    def __init__(self, protocol: Conversation) -> None:
        super().__init__(protocol)
        self.state = protocol.state
        self.cut = False
        self.wrong = ''

    def usual(self, data: bytes, start: int) -> Part | None:
        """Return a whole message with nothing special in it; None for anything else."""
        raise NotImplementedError

    def step(self, data: bytes, start: int) -> Part | None:
        """Return the next part of any message; None: more bytes are needed to tell."""
        raise NotImplementedError

    def scan(self, data: bytes, start: int) -> Iterator[Part]:
        size = len(data)
        while start < size or self.cut:
            part = None if self.cut else self.usual(data, start)
            if part is None:
                part = self.step(data, start)
                if part is None:
                    return
            start = part[0]
            yield part
            if self.wrong:
                raise ProtocolError(self.wrong)
            if self.rest:
                return
