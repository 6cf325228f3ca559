"""A session of MySQL in which some requests are answered in the server's place. Knows the protocol, and no stream."""
from tests.support.framing import BACKEND, CLIENT, replay
from tests.support.mysql_talk import COLUMN, COMMON, EOF, ask, opened, packets, prepared
from vaurien.protocols.base import Exchange
from vaurien.protocols.message import Failure
from vaurien.protocols.mysql import MySQL


class Session:
    """A session with a server, in which requests may be answered in its place.

    Attributes:
        exchange: The last request's.
        failure: What was built for it; None: nothing.
    """

    def __init__(self, capabilities: int = COMMON, **of: object) -> None:
        self.dialogue = replay(MySQL, opened(capabilities=capabilities, **of))      # type: ignore[arg-type]
        self.protocol = self.dialogue.protocol
        self.exchange, self.failure = Exchange(), Failure()

    def ask(self, request: bytes, kind: str = '') -> bytes | None:
        """Send a request; return what reaches the server, None: the request, whose answer is dropped."""
        self.dialogue.feed(CLIENT, request)
        self.exchange = self.dialogue.exchanges[-1]
        if not kind:
            return self.protocol.edit(self.exchange, request, True) if self.protocol.editing else request
        assert self.protocol.fits(kind, self.exchange)
        failure = self.protocol.errors[kind].build(self.protocol, self.exchange)
        assert failure is not None
        self.failure = self.exchange.failure = failure
        if self.failure.request == b'':
            self.protocol.queue.remove(self.exchange)
        return self.failure.request

    def answer(self, *payloads: bytes) -> None:
        """Answer in the server's place."""
        self.dialogue.feed(BACKEND, packets(*payloads))
        assert self.dialogue.opaque == {CLIENT: '', BACKEND: ''}

    def prepare(self, text: bytes = b'INSERT INTO t VALUES (?)', statement: int = 7, params: int = 1) -> None:
        self.ask(ask(0x16, text))
        self.answer(prepared(statement, 0, params), *[COLUMN] * params, *[EOF] * bool(params))

    @property
    def waiting(self) -> list[str]:
        return [exchange.name for exchange in self.protocol.queue]
