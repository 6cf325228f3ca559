"""The protocol object that behaviors get for one message of WebSocket. Knows no frame."""
from collections.abc import Mapping
from typing import Any, ClassVar

from ...base import Exchange
from ...message import FailureKind, MessageProtocol
from ..h2.protocol import StreamProtocol
from .failures import ERRORS, SILENCE, Fault, suits
from .messages import MESSAGES


class SaidProtocol(StreamProtocol):
    """That of one message: what is asked of it is about this message."""

    errors: ClassVar[Mapping[str, FailureKind]] = {
        name: kind for name, kind in ERRORS.items() if any(stage in MESSAGES for stage in kind.stages)}

    def responds(self, exchange: Exchange) -> bool:
        return True

    def fits(self, kind: str, exchange: Exchange) -> bool:
        return super().fits(kind, exchange) and suits(kind, exchange.note)

    def fail(self, source: Any, dest: Any, kind: str | None = None) -> bool:
        return MessageProtocol.fail(self, source, dest, kind)

    def hang(self) -> None:
        self._exchange.note.fault = Fault(then=SILENCE)
