"""Cuts one direction of WebSocket into frames, and writes frames: RFC 6455 section 5. Knows no message's meaning.

Of a frame with data no more is held than its head, and the beginning that a message is named by; control frames, which are short,
come whole.
"""
from collections.abc import Generator
from struct import Struct
from typing import Final

from ....errors import ProtocolError

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
REST: Final = -1        #: as an opcode: more of the frame that has begun before
FIN, COMPRESSED, RESERVED, OPCODE, MASKED, LENGTH = 0x80, 0x40, 0x30, 0x0F, 0x80, 0x7F
MASK_BYTES: Final = 4
MAX_CONTROL_BYTES: Final = 125      #: [bytes] of the payload of a control frame (RFC 6455 section 5.5)
MAX_REASON_BYTES: Final = 123       #: [bytes] of the words in a Close frame
SHORT, LONG = Struct('>H'), Struct('>Q')    #: lengths after ``126`` and after ``127``
#: (opcode, where it begins, where its payload begins, where it ends, the message ends with it)
Unit = tuple[int, int, int, int, bool]


class Frames:
    """Cuts one direction into frames, in any slicing.

    Args:
        masked: The frames are those of a client.
        compresses: Messages may be compressed: the peers have agreed on it.
        peek: [bytes] of a message's first frame that are there when it is reported, if it has as many; 0: none need be.

    Attributes:
        data: The bytes that the offsets of the units refer to.
        rest: [bytes] of the frame under way that are still to come.
        open: A message is under way.
        length: [bytes] of the payload of the frame that has begun last.
        final: That frame is the last one of its message.
        compressed: The message that has begun last is compressed.
    """

    __slots__ = ('masked', 'compresses', 'peek', 'data', 'rest', 'open', 'length', 'final', 'compressed', '_held')

    def __init__(self, masked: bool, compresses: bool = False, peek: int = 0) -> None:
        self.masked, self.compresses, self.peek = masked, compresses, peek
        self.data = self._held = b''
        self.rest = self.length = 0
        self.open = self.final = self.compressed = False

    def cut(self, data: bytes) -> Generator[Unit, None, None]:
        """Report the frames of what is held and of ``data``, as far as they have come; all that is left is held.

        Raises:
            ProtocolError: What comes next is no frame that may come here; ``held`` has it.
        """
        if self._held:
            data, self._held = self._held + data, b''
        self.data, at, size = data, 0, len(data)
        try:
            if self.rest:
                at = min(self.rest, size)
                self.rest -= at
                yield REST, 0, 0, at, self._ends()
            while at < size:
                head = self._head(data, at, size)
                if head is None:
                    return
                opcode, body = head
                start, end = at, body + self.length
                if opcode >= CLOSE:
                    at = end
                    yield opcode, start, body, end, False
                    continue
                self.open, at = True, min(end, size)
                self.rest = end - at
                yield opcode, start, body, at, self._ends()
        finally:
            self._held = data[at:]

    def _ends(self) -> bool:
        """Return whether the message ends here, and note that."""
        if self.rest or not self.final:
            return False
        self.open = False
        return True

    def _head(self, data: bytes, at: int, size: int) -> tuple[int, int] | None:
        """Read the head of a frame: its opcode, and where its payload begins; None: too little of it has come."""
        if size - at < 2:
            return None
        first, second = data[at], data[at + 1]
        opcode, length = first & OPCODE, second & LENGTH
        self._check(first, opcode, second, length)
        body = at + 2
        if length >= 126:
            shape = SHORT if length == 126 else LONG
            body += shape.size
            if body > size:
                return None
            length, = shape.unpack_from(data, at + 2)
            if length >> 63:
                raise ProtocolError('a frame of WebSocket of a length that there is not')
        body += MASK_BYTES if self.masked else 0
        needed = length if opcode >= CLOSE else 0 if opcode == CONTINUATION else min(length, self.peek)
        if size - body < needed:
            return None
        self.length = length
        if opcode < CLOSE:
            self.final = bool(first & FIN)
            if opcode:
                self.compressed = bool(first & COMPRESSED)
        return opcode, body

    def _check(self, first: int, opcode: int, second: int, length: int) -> None:
        """Refuse what may not come here: the two sides may make different things of it."""
        data, control = opcode in (TEXT, BINARY), CLOSE <= opcode <= PONG
        if first & RESERVED or first & COMPRESSED and not (data and self.compresses):
            raise ProtocolError('a frame of WebSocket with a reserved bit')
        if not (data or control or opcode == CONTINUATION):
            raise ProtocolError('a frame of WebSocket of a kind that there is not')
        if control and not (first & FIN and length <= MAX_CONTROL_BYTES):
            raise ProtocolError('a control frame of WebSocket that is too long, or in pieces')
        if data and self.open or opcode == CONTINUATION and not self.open:
            raise ProtocolError('a frame of WebSocket that does not belong to its message')
        if bool(second & MASKED) is not self.masked:
            raise ProtocolError('a frame of WebSocket that is masked, and may not be, or the other way round')

    def skipped(self, count: int) -> bool:
        """Record that so many bytes of ``rest`` were forwarded unseen; return whether the message ends with them."""
        self.rest -= count
        return self._ends()

    def between(self) -> bool:
        """Return whether no message is under way: what is written next belongs to none."""
        return not (self.open or self.rest)

    def held(self) -> bytes:
        """Return what is held, and hold it no more."""
        held, self._held = self._held, b''
        return held


def unmasked(data: bytes, mask: bytes, skip: int = 0) -> bytes:
    """Return bytes with a mask put on, or taken off again.

    Args:
        data: The bytes.
        mask: Four bytes.
        skip: How many bytes of the same frame came before them.
    """
    skip %= MASK_BYTES
    size = len(data)
    pattern = (mask * (size // MASK_BYTES + 2))[skip:skip + size]
    return (int.from_bytes(data) ^ int.from_bytes(pattern)).to_bytes(size)


def frame(opcode: int, payload: bytes, mask: bytes = b'', first: int = FIN) -> bytes:
    """Write a frame.

    Args:
        opcode: Its opcode.
        payload: What it carries.
        mask: Four bytes, as clients have to; empty: it is not masked.
        first: The bits beside the opcode.
    """
    return head(opcode, len(payload), mask, first) + (unmasked(payload, mask) if mask else payload)


def head(opcode: int, length: int, mask: bytes = b'', first: int = FIN) -> bytes:
    """Write what comes before the payload of a frame, which has this length."""
    bit = MASKED if mask else 0
    if length <= MAX_CONTROL_BYTES:
        size = bytes([bit | length])
    elif length < 1 << 16:
        size = bytes([bit | 126]) + SHORT.pack(length)
    else:
        size = bytes([bit | 127]) + LONG.pack(length)
    return bytes([first | opcode]) + size + mask


def close(code: int, words: bytes = b'', mask: bytes = b'') -> bytes:
    """Write a Close frame."""
    return frame(CLOSE, SHORT.pack(code) + words[:MAX_REASON_BYTES], mask)
