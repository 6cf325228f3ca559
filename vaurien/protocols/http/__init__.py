"""HTTP/1.0 and 1.1, RFC 9110 and 9112. Bytes only: framers and failures are in the files ``http_*`` beside this one."""
from collections.abc import Mapping
from typing import Any, ClassVar

from ...options import Option
from .. import Protocol
from ..base import Exchange
from ..message import FailureKind
from .failures import ERRORS
from .framers import Conversation, Messages
from .headers import closing, with_field
from .requests import Requests
from .responses import Responses


@Protocol.register
class HTTP(Conversation):
    """Each HTTP request meets the chaos on its own; its name is method and target, as in ``GET /items?x=1``.

    Keep-alive, pipelining, chunks with trailers, interim answers, uploads that wait for ``100 Continue`` and bodies
    that end with the connection are followed; bodies are forwarded without being held. After an upgrade (WebSocket), a
    CONNECT and for HTTP/2 by prior knowledge the session is relayed as tcp, and so is one whose messages two readers
    could take for different ones. With ``keep_alive`` False the session ends after each answer, and both heads say so.
    """

    name = 'http'
    options: ClassVar[Mapping[str, Any]] = {
        **Conversation.options,
        'overwrite_host_header': Option("If True, the Host header becomes the backend's address.", bool, False),
    }
    framers = Requests, Responses
    errors: ClassVar[Mapping[str, FailureKind]] = ERRORS

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__(settings)
        #: the session ends after each answer
        self.single = not self.option('keep_alive')
        self.editing = bool(self.single or self.option('overwrite_host_header'))

    def edit(self, exchange: Exchange, head: bytes, to_backend: bool) -> bytes:
        """Return a head as it should leave, by ``overwrite_host_header`` and ``keep_alive``.

        A request for another protocol keeps its Connection field, which is part of what it asks; whether the session
        ends is said in its answer.
        """
        if not to_backend:
            return closing(head) if exchange.closes else head
        if self.option('overwrite_host_header'):
            head = with_field(head, b'Host', self._host())
        return closing(head) if self.single and not exchange.note.switches else head

    def _host(self) -> bytes:
        """Return what the backend is called in a Host field; a Unix socket has no such name."""
        name = self.session.backend_name
        return b'localhost' if name.startswith('unix:') else name.encode()

    def reusable(self) -> bool:
        """Say whether the next client's requests may follow on the backend connection: neither side has ended it."""
        for cutter in (self.requests, self.answers):
            if cutter.framer.open or cutter.held or isinstance(cutter.framer, Messages) and cutter.framer.last:
                return False
        return super().reusable()

    def spoil(self, source: Any) -> None:
        """Leave the answer as it is: random bytes in a body would be a page like any other, not a failing server's."""
