"""Finds HTTP responses, and tells where their bodies end. Knows no failure."""
from itertools import islice

from ...errors import ProtocolError
from ..base import Exchange
from ..message import NO_RUN, Run
from .chunks import NOTHING, follow_chunks
from .framers import SWITCH, Messages
from .h2.frames import HEAD, SETTINGS
from .headers import BEGUN_RESPONSE, CHUNKED, END_OF_HEADERS, MAX_REMEMBERED_BYTES, UNTIL_CLOSE, UPGRADE, read_response


class Responses(Messages):
    """Finds responses, and the length of their bodies by RFC 9112 section 6.3.

    An interim response (1xx) belongs to no exchange: what happens to an exchange happens to its final response. Nor does a
    final response that no request asked for: a server may send a 408 before it closes an idle connection.
    """

    first_line = BEGUN_RESPONSE

    def _check(self, data: bytes, start: int, seen: int) -> None:
        if not (data.startswith(b'\0', start) and self._may_be_settings(data[start:start + HEAD])):
            super()._check(data, start, seen)

    def _may_be_settings(self, head: bytes) -> bool:
        """Return whether a server of HTTP/2 may have begun before its client (RFC 9113 section 3.4)."""
        return getattr(self.protocol.request_cutter.framer, 'fresh', False) and (
            len(head) < HEAD or head[3] == SETTINGS and not any(head[4:]))

    def run(self, data: bytes, most: int) -> Run:
        end, size = 0, len(data)
        found: list[Exchange] = []
        if self.final:
            return NO_RUN
        for exchange in islice(self.protocol.queue, most):
            after = data.find(END_OF_HEADERS, end, end + MAX_REMEMBERED_BYTES) + len(END_OF_HEADERS)
            try:
                status, length, persists = read_response(data[end:after])
            except ProtocolError:
                break
            if status in (204, 304) or exchange.note.bodiless:
                length = NOTHING
            elif length == CHUNKED:
                after, left, _ = follow_chunks(data, after, CHUNKED)
                length = NOTHING if left == NOTHING else CHUNKED
            if not persists or status < 200 or exchange.note.connect or not 0 <= length <= size - after:
                break
            found.append(exchange)
            end = after + length
        return end, found

    def begin(self, headers: bytes) -> tuple[Exchange | None, int]:
        queue = self.protocol.queue
        exchange = queue[0] if queue else None
        if self.final or exchange is None and self.protocol.request_cutter.opaque_because:
            raise ProtocolError('bytes after the last response that can be known')
        status, length, persists = \
            read_response(headers) if len(headers) <= MAX_REMEMBERED_BYTES else read_response.__wrapped__(headers)
        if status == 101 or exchange is not None and exchange.note.connect and 200 <= status <= 299:
            if exchange is not None and exchange.stage == UPGRADE:
                self.protocol.switches(headers)
            return exchange, SWITCH
        if status < 200:
            return None, NOTHING
        if exchange is not None and self.protocol.single:
            exchange.closes = True
        if status in (204, 304) or exchange is not None and exchange.note.bodiless:
            length = NOTHING
        self.final = not persists or length == UNTIL_CLOSE
        return exchange, length
