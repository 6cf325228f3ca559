"""HTTP/1.0, 1.1 and 2 (RFC 9110, 9112 and 9113): requests, their responses, and how an HTTP server fails.

Bytes only; knows no stream.
"""
from collections.abc import Mapping
from typing import Any, ClassVar

from ...options import Bounded, Option
from .. import Protocol
from ..answers import OK, Answer
from ..base import Exchange
from ..message import FailureKind
from ..traceparent import of_headers
from .answers import body_at, read_call, read_status
from .effects import EFFECTS
from .events.failures import ERROR_TEXT
from .events.failures import ERRORS as EVENT_ERRORS
from .events.formats import check_types
from .failures import ERRORS
from .framers import Conversation
from .grpc.failures import ERRORS as CALL_ERRORS
from .grpc.protocol import named
from .h2.edits import Edits
from .h2.failures import ERRORS as STREAM_ERRORS
from .h2.heads import Asked
from .headers import CALL, KEYED_BODY, KEYED_STREAM, RECEIVED, SENT, closing, host_of, redirected, with_field, without_field
from .own.asked import ASKED, asked_text
from .own.kinds import ERRORS as OWN_ERRORS
from .own.kinds import Own
from .own.pieces import Collecting
from .providers.kinds import KINDS, KindsAt
from .requests import InterceptedRequests, Requests
from .responses import Responses
from .shapes import shape
from .ws import handshake
from .ws.failures import ERRORS as SOCKET_ERRORS
from .ws.failures import OUT_OF_LINE, suits

H2 = 'h2'   #: what HTTP/2 is called in ALPN (RFC 9113 section 3.1)


@Protocol.register
class HTTP(Own, Collecting, Conversation):
    """Each HTTP request gets its own draw; its name is method and target, as in ``GET /items?x=1``; on a connection that a
    forward proxy has opened it says the server too, as in ``GET https://api.example/items``.

    Keep-alive, pipelining, chunks with trailers, interim responses, uploads that wait for ``100 Continue`` and bodies
    that end with the connection are followed; bodies are forwarded without being held. HTTP/2 is followed too, by prior knowledge
    or, inside TLS, where the client and the backend agree on it; there each stream is an exchange, and what happens to it happens
    to no other. A stream whose content type is that of gRPC is a call, with kinds of its own; its name is
    service and method, as in ``/helloworld.Greeter/SayHello``. After the handshake of WebSocket each message is an exchange of
    its own, named by its direction and its first bytes, as in ``send {"ask": 7}`` and ``receive {"tick": 7}``. After any other
    upgrade or a CONNECT the session is relayed unread, as by tcp; so is one whose messages two readers could understand
    differently. With ``keep_alive`` False the session ends after each response, and the headers of request and response say so;
    that is for HTTP/1 alone.
    """

    name = 'http'
    alpn = 'http/1.1', 'http/1.0', H2
    options: ClassVar[Mapping[str, Any]] = {
        **Conversation.options,
        'overwrite_host_header': Option("If True, the Host header becomes the backend's address.", bool, False),
        'rewrite_redirects': Option("If True, a Location with the backend's address becomes one with the address that the client "
                                    "had asked.", bool, False),
        'header_faults': Option("If True, a request may say in its header x-vaurien-fault what happens to it, as --fault does "
                                "after its equals sign; that header is not passed on.", bool, False),
        'grpc_cut_after': Option("How many messages of a response pass before grpc-cut and its like end it.", Bounded(int, 0), 1),
        'grpc_pushback': Option("What grpc-retry-pushback says, in milliseconds; -1: the client is not to retry.",
                                Bounded(int, -1, 2 ** 31 - 1), 1000),
        'grpc_rate': Option("How many messages of a response pass in a second with grpc-slow.", Bounded(float, 0.001), 1.0),
        'stream_after': Option("How many events of a stream pass before one of the kinds stream-... comes.", Bounded(int, 0), 1),
        'stream_rate': Option("How many events pass in a second with stream-slow.", Bounded(float, 0.001), 1.0),
        'stream_error': Option("The text of the event that stream-error sends; lines that begin with data: are sent as they are.",
                               str, ERROR_TEXT),
        'stream_types': Option("Further content types of which each line is an event, as application/json where a server streams "
                               "that; several with commas between.", check_types, ''),
        'ws_compression': Option("What becomes of a WebSocket client's offer to compress: as-offered; each-alone, so that each "
                                 "message can be read, and named, without those before it, which is done unasked for ws-dropped "
                                 "and ws-doubled; off", str, handshake.AS_IT_IS, handshake.COMPRESSION),
    }
    framers = Requests, Responses
    shape = staticmethod(shape)
    effects = EFFECTS
    headed = True
    has_keys = True
    errors: ClassVar[Mapping[str, FailureKind]] = {
        **ERRORS, **STREAM_ERRORS, **CALL_ERRORS, **EVENT_ERRORS, **SOCKET_ERRORS, **OWN_ERRORS}
    tables: ClassVar[Mapping[str, FailureKind]] = KINDS

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__(settings)
        #: the session ends after one response
        self.single = not self.option('keep_alive')
        #: requests may ask for faults
        self.asks = bool(self.option('header_faults'))
        self.editing = bool(self.asks or self.single or self.option('overwrite_host_header') or self.option('rewrite_redirects'))
        self._asked = b''   # the last Host of the client
        self._edits = self.editing
        self._key, self._offers = b'', ''   # of the last request for WebSocket: its key, and what its offer is to become
        #: the ``Fault`` that happens as soon as WebSocket begins; None: none
        self.first_fault: Any = None

    @classmethod
    def offered(cls, settings: Mapping[str, Any]) -> tuple[str, ...]:
        """Return what of ALPN it can read: not HTTP/2 where a session ends after one response, which is for HTTP/1 alone."""
        return cls.alpn if settings['keep_alive'] else tuple(name for name in cls.alpn if name != H2)

    def edits(self) -> Edits | None:
        """Return what changes in the headers of streams; None: nothing."""
        overwrites, redirects = self.option('overwrite_host_header'), self.option('rewrite_redirects')
        return Edits(self._host(), overwrites, redirects) if overwrites or redirects else None

    def key(self, exchange: Exchange) -> str:
        """Return the CRC-32 of the request's Idempotency-Key, 8 hexadecimal digits; empty: it has none."""
        return exchange.note.key if exchange.stage in (KEYED_BODY, KEYED_STREAM) else ''

    def edit(self, exchange: Exchange, beginning: bytes, to_backend: bool) -> bytes:
        """Return headers as they should leave, by ``overwrite_host_header``, ``rewrite_redirects`` and ``keep_alive``.

        A request for another protocol keeps its Connection field, which is part of the request; its response says whether
        the session ends.
        """
        if to_backend and self._offers:
            beginning, self._offers, self.editing = handshake.offered(beginning, self._offers), '', self._edits
        if self.option('rewrite_redirects'):
            if to_backend:
                self._asked = host_of(beginning) or self._asked
            else:
                beginning = redirected(beginning, self._host(), self._asked)
        if not to_backend:
            return closing(beginning) if exchange.closes else beginning
        if self.asks:
            beginning = ASKED.sub(b'', beginning)
        if self.option('overwrite_host_header'):
            beginning = with_field(beginning, b'Host', self._host())
        return closing(beginning) if self.single and not exchange.note.switches else beginning

    def asked_for(self, data: bytes, at: int, end: int) -> str:
        found = ASKED.search(data, at, end) if self.asks else None
        return '' if found is None else asked_text(found[1])

    def uncoded(self, beginning: bytes) -> bytes:
        return without_field(beginning, b'accept-encoding')

    def upgrading(self, headers: bytes) -> None:
        self._key, self.first_fault = handshake.key_of(headers), None
        how = self.compression() if handshake.offers(handshake.extensions_of(headers)) else handshake.AS_IT_IS
        if how != handshake.AS_IT_IS:
            self._offers, self.editing = how, True

    def compression(self) -> str:
        """Return what is to become of the offer to compress of a client that asks for WebSocket now."""
        how = str(self.option('ws_compression'))
        return handshake.ALONE if how == handshake.AS_IT_IS and OUT_OF_LINE in self.session.stages else how

    def switches(self, headers: bytes) -> None:
        if not self.request_cutter.opaque_because and handshake.accepts(headers, self._key):
            self.switched = handshake.agreed(handshake.extensions_of(headers))

    def responds(self, exchange: Exchange) -> bool:
        return exchange.expects or exchange.stage in (SENT, RECEIVED)

    def fits(self, kind: str, exchange: Exchange) -> bool:
        return super().fits(kind, exchange) and (exchange.stage not in (SENT, RECEIVED) or suits(kind, exchange.note))

    def _host(self) -> bytes:
        """Return the name of the backend for a Host field; a Unix socket is called ``localhost``."""
        name = self.session.backend_name
        return b'localhost' if name.startswith('unix:') else name.encode()

    def reusable(self) -> bool:
        """Return whether the next client's requests may follow on the backend connection: no response is under way either."""
        answering = self.response_cutter
        return super().reusable() and not answering.held and not answering.framer.open

    def spoils(self) -> bool:
        """Return False: a body with random bytes is a valid body, and shows no failing server."""
        return False

    def answer(self, exchange: Exchange, head: bytes, tail: bytes) -> Answer:
        if exchange.stage in (SENT, RECEIVED):
            return OK, ''
        if exchange.stage == CALL:
            return read_call(exchange.note.status, exchange.note.call)
        return read_status(b'HTTP/2 %d' % exchange.note.status if isinstance(exchange.note, Asked) else head)

    def trace(self, exchange: Exchange, data: bytes, at: int, end: int, first: bool) -> str:
        if exchange.stage in (SENT, RECEIVED):
            return ''
        if isinstance(exchange.note, Asked):
            return exchange.note.trace
        return of_headers(data, at, body_at(data, at, end)) if first else ''

    def payload_at(self, exchange: Exchange, data: bytes, at: int, end: int) -> int:
        if exchange.stage in (SENT, RECEIVED):
            return at + int(exchange.note.head)
        return end if isinstance(exchange.note, Asked) else body_at(data, at, end)


@Protocol.register
class GRPC(HTTP):
    """As http, for gRPC alone: an ``error`` without a kind is one of gRPC, and waits for a call where it was drawn at another
    request. The other kinds that a call can meet come by their names; those that are about pages are not there."""

    name = 'grpc'
    options: ClassVar[Mapping[str, Any]] = {
        name: option for name, option in HTTP.options.items() if not name.startswith('stream_')}
    errors: ClassVar[Mapping[str, FailureKind]] = {
        **CALL_ERRORS,
        **named({name: kind for name, kind in {**ERRORS, **STREAM_ERRORS, **OWN_ERRORS}.items() if CALL in kind.stages})}
    tables = KindsAt(KINDS, CALL)


class Intercepted(HTTP):
    """HTTP on a connection that a forward proxy has opened: the names of its requests say the server, as in
    ``GET https://api.example/items``.

    Args:
        settings: As for ``HTTP``.
        origin: The scheme and the server, ``https://api.example``.
    """

    framers = InterceptedRequests, Responses

    def __init__(self, settings: Mapping[str, Any] | None = None, origin: str = '') -> None:
        super().__init__(settings)
        self.origin = origin.encode()
