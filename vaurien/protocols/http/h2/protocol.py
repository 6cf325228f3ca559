"""The protocol object that behaviors get for one stream of HTTP/2. Knows no frame."""
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from ...base import Behavior, Exchange
from ...message import FailureKind, MessageProtocol
from ..events.failures import ERRORS as OF_EVENTS
from ..failures import ERRORS as OF_HTTP_1
from ..headers import KEYED_STREAM, STREAM
from ..own.kinds import ERRORS as OWN_ERRORS
from ..own.kinds import Own, dribbled
from ..providers.kinds import KINDS
from ..written import RETRY_AFTER
from ..ws.failures import ERRORS as OF_SOCKETS
from .failures import BOTH, ERRORS, NOTHING, builder, refusal

#: how a request for WebSocket is refused here
REFUSED = {'ws-refused': refusal(503, RETRY_AFTER), 'ws-refused-403': refusal(403), 'ws-refused-429': refusal(429, RETRY_AFTER)}


class StreamProtocol(Own, MessageProtocol):
    """The protocol of one stream: what is asked of it is about this stream's exchange.

    Args:
        parent: The protocol object of the session.
        exchange: The exchange.
    """

    name = 'http'
    errors: ClassVar[Mapping[str, FailureKind]] = {
        **{name: OF_HTTP_1[name]._replace(build=builder(make), only_named=OF_HTTP_1[name].only_named or name == 'truncated')
           for name, make in BOTH.items()}, **ERRORS, **OF_EVENTS,
        **{name: OF_SOCKETS[name]._replace(build=builder(make)) for name, make in REFUSED.items()}, **OWN_ERRORS}
    tables = KINDS

    def __init__(self, parent: MessageProtocol, exchange: Exchange) -> None:
        self.settings, self.session = parent.settings, parent.session
        self._parent, self._exchange = parent, exchange

    def exchange(self, to_backend: bool) -> Exchange:
        return self._exchange

    @property
    def owed(self) -> tuple[Behavior, str] | None:
        """What waits for the next exchange where it fits: it is the session's."""
        return self._parent.owed

    @owed.setter
    def owed(self, owed: tuple[Behavior, str] | None) -> None:
        self._parent.owed = owed

    def at_random(self) -> Iterator[str]:
        """Give the kinds that may be drawn where none is named: those that the session's protocol draws, too."""
        drawn = self._parent.errors
        return (name for name in super().at_random() if name in drawn and not drawn[name].only_named)

    def option(self, name: str) -> Any:
        return self._parent.option(name)

    def dribble(self, to_backend: bool, pieces: int, seconds: float) -> None:
        """Let the content of the response come in pieces."""
        if to_backend and self._exchange.stage in (STREAM, KEYED_STREAM):
            self._exchange.failure = dribbled(self, self._exchange, pieces, seconds)

    def collected(self, count: int) -> list[bytes]:
        """Return nothing: what is held is written where the windows are known."""
        return [b'']

    def reusable(self) -> bool:
        return False

    def spoils(self) -> bool:
        return False

    def fail(self, source: Any, dest: Any, kind: str | None = None) -> bool:
        passes = super().fail(source, dest, kind)
        fault = self._exchange.note.fault
        if fault is not None and fault.drops == NOTHING:
            self._exchange.failure = None
            return True
        return passes
