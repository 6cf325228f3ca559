"""Finds HTTP requests, and the point from which on the client may no longer speak HTTP. Knows no response and no failure."""
from functools import lru_cache

from ...errors import ProtocolError
from ..base import Exchange, SharedExchange
from ..message import MAX_NAME_BYTES, NO_RUN, Run
from .framers import Conversation, Messages
from .h2.frames import PREFACE
from .headers import (
    BEGUN_REQUEST,
    BODY,
    BODY_FOR_HTTP_1_0,
    END_OF_HEADERS,
    KEYED_BODY,
    MAX_REMEMBERED,
    MAX_REMEMBERED_BYTES,
    NO_BODY,
    UPGRADE,
    RequestHeaders,
    read_request,
)

#: the exchanges of the requests after which the connection goes on as before, by their stage
PLAIN = {stage: SharedExchange(stage, RequestHeaders(b'', stage, 0, True, False, stage == NO_BODY, False, False))
         for stage in (BODY, KEYED_BODY, BODY_FOR_HTTP_1_0, NO_BODY)}


@lru_cache(MAX_REMEMBERED)
def read_plain(headers: bytes) -> tuple[SharedExchange | None, int]:
    """Return the exchange of a plain request, and the length of its body; None: it is none."""
    try:
        asked = read_request(headers)
    except ProtocolError:
        return None, 0
    plain = asked.persists and not asked.switches and not asked.waits and asked.length >= 0
    return (PLAIN[asked.stage], asked.length) if plain else (None, 0)


class Requests(Messages):
    """Finds requests, and the point from which on the client may no longer speak HTTP.

    Attributes:
        switching: The last request that asked for another protocol, while it has no response; None: there is none. Until its
            response has come, the bytes after it may belong to that protocol already, or to one more request: they cannot be told
            apart.
        fresh: No request has begun yet: the client may still begin with the preface of HTTP/2.
    """

    first_line = BEGUN_REQUEST
    padded = True

    def __init__(self, protocol: Conversation) -> None:
        super().__init__(protocol)
        self.switching: Exchange | None = None
        self.fresh = True

    def _check(self, data: bytes, start: int, seen: int) -> None:
        if not (self.fresh and PREFACE.startswith(data[start:])):
            super()._check(data, start, seen)

    def run(self, data: bytes, most: int) -> Run:
        end, size = 0, len(data)
        found: list[Exchange] = []
        if self.fresh or self.final or self.switching is not None:
            return NO_RUN
        while end < size and len(found) < most:
            after = data.find(END_OF_HEADERS, end, end + MAX_REMEMBERED_BYTES) + len(END_OF_HEADERS)
            exchange, length = read_plain(data[end:after]) if after > end else (None, 0)
            if exchange is None or length > size - after:
                break
            found.append(exchange)
            end = after + length
        return end, found

    def begin(self, headers: bytes) -> tuple[Exchange, int]:
        protocol = self.protocol
        if self.fresh:
            self.fresh = False
            if PREFACE.startswith(headers):
                protocol.multiplexed = True
                raise ProtocolError('HTTP/2 by prior knowledge')
        if self.final:
            raise ProtocolError('bytes after a request that ends the connection')
        if self.switching is not None:
            if self.switching in protocol.queue:
                raise ProtocolError('bytes after a request for another protocol')
            self.switching = None
        asked = read_request(headers) if len(headers) <= MAX_REMEMBERED_BYTES else read_request.__wrapped__(headers)
        exchange = Exchange(asked.name, asked.stage, True, asked)
        if asked.switches:
            self.switching = exchange
            if asked.stage == UPGRADE:
                protocol.upgrading(headers)
        elif not asked.persists or protocol.single:
            self.final = True
        return exchange, asked.length


class InterceptedRequests(Requests):
    """Finds requests whose names are to say which server they are for."""

    def begin(self, headers: bytes) -> tuple[Exchange, int]:
        exchange, length = super().begin(headers)
        method, _, target = exchange.name_as_sent.partition(b' ')
        if target.startswith(b'/') or target == b'*':   # with an asterisk it is about the whole server
            exchange.name_as_sent = (method + b' ' + self.protocol.origin + target.removeprefix(b'*'))[:MAX_NAME_BYTES]
        return exchange, length
