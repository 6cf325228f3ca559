"""What passes of a response of HTTP/1 to which something happens between two of its events. Knows no exchange and no failure."""
import re
from collections.abc import Iterator
from typing import Final

from ...halves import Half
from ..headers import END_OF_HEADERS, UNTIL_CLOSE, closing, read_response
from .content import Content
from .plan import CLEAN, CUT, RESET, STALL, Flow, StreamFault, flow_of, spared

#: how the connection ends, by how the stream does
ENDINGS: Final = {CLEAN: 'close', CUT: 'close', RESET: 'reset', STALL: 'silence'}
DESCRIBED: Final = re.compile(rb'\r\n(content-type|content-encoding):([^\r]*)', re.IGNORECASE)
LENGTH: Final = re.compile(rb'\r\ncontent-length:[^\r]*', re.IGNORECASE)


class EventHalf(Half):
    """The first events of a stream, what is said after them, and the end.

    The chunks of a stream in chunks are written anew. One that is as long as its headers say is from then on as long as the
    connection, if it gets another length; so that no client uses one again that is about to close, the headers say that, too.

    Args:
        fault: What happens; ``after`` is a number.

    Attributes:
        flow: How far the stream has come; None: its headers have not.
    """

    __slots__ = ('fault', 'flow', '_content', '_ending', '_closes')

    reported = False
    plain = True

    def __init__(self, fault: StreamFault) -> None:
        super().__init__()
        self.fault = fault
        self.flow: Flow | None = None
        self.slow = bool(fault.rate)
        self._content = Content(0)
        self._ending = ENDINGS.get(fault.end, '')
        self._closes = False    # the connection ends after the stream, and the headers have said so

    def spares(self, data: bytes) -> str:
        head = data[:data.index(END_OF_HEADERS) + len(END_OF_HEADERS)]
        found = described(head)
        return spared(read_response(head).status, found.get(b'content-type', ''), found.get(b'content-encoding', ''))

    def pieces(self, data: bytes, done: bool) -> Iterator[tuple[float, bytes]]:
        if self.flow is None:
            at = data.index(END_OF_HEADERS) + len(END_OF_HEADERS)   # the framer reports no part of headers
            yield 0.0, self._begin(data[:at])
            data = data[at:]
        assert self.flow is not None
        flow, body, at = self.flow, self._content, 0
        content = body.take(data)
        if not self.begun:
            at = flow.take(content, 0, len(content))
            self.begun = flow.reached
            yield 0.0, body.framed(content[:at] + (flow.said if self.begun else b''))
            if self.begun and self._ending:
                self.end = self._ending
                yield 0.0, body.last() if self.fault.end == CLEAN else b''
                return
        yield from self._paced(content, at)
        if done:
            self.end = 'close' if self._closes else ''
            yield 0.0, body.last()

    def _begin(self, head: bytes) -> bytes:
        """Take the headers, and return them as they are to be."""
        found, length = described(head), read_response(head).length
        self.flow = flow_of(self.fault, found.get(b'content-type', ''))
        if self.fault.reframes and length >= 0 and length != UNTIL_CLOSE:
            head, length = LENGTH.sub(b'', head), UNTIL_CLOSE
        self._content = Content(length)
        self._closes = self.fault.end == CLEAN or self.fault.reframes and length == UNTIL_CLOSE
        if length == UNTIL_CLOSE and self.fault.end == CUT:
            self._ending = ENDINGS[RESET]   # FIN would be the right end
        return closing(head) if self._closes else head

    def _paced(self, content: bytes, at: int) -> Iterator[tuple[float, bytes]]:
        """Give what passes after the fault has begun, or has not: each event at its time."""
        assert self.flow is not None
        while self.begun and self.fault.rate and (end := self.flow.next_end(content, at, len(content))) >= 0:
            yield 1 / self.fault.rate, self._content.framed(content[at:end])
            at = end
        yield 0.0, self._content.framed(content[at:])


def described(head: bytes) -> dict[bytes, str]:
    """Return the fields that describe the content, by their names in lower case."""
    return {name.lower(): value.strip().decode('latin-1') for name, value in DESCRIBED.findall(head)}
