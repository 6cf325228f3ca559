"""Cuts one direction of HTTP/2 into frames, and writes frames: RFC 9113 sections 4 and 6. Knows no stream's state.

Whole frames only: of one that has not come whole nothing is given. A header block and the CONTINUATION frames that it goes on
with are one unit, since no other frame may come between.
"""
from collections.abc import Generator, Iterator
from struct import Struct
from typing import Final

from ....errors import ProtocolError

PREFACE: Final = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM = ACK = 1
END_HEADERS, PADDED, WITH_PRIORITY = 4, 8, 32
BLOCKS: Final = (HEADERS, PUSH_PROMISE)     #: what a header block begins with
# Error codes, RFC 9113 section 7
NO_ERROR, INTERNAL_ERROR, REFUSED_STREAM, CANCEL, ENHANCE_YOUR_CALM, HTTP_1_1_REQUIRED = 0, 2, 7, 8, 11, 13
# Settings, RFC 9113 section 6.5.2
HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE = 1, 2, 3, 4, 5

HEAD = 9                        #: [bytes] before the payload of a frame
LAST_STREAM = 2 ** 31 - 1       #: the largest number of a stream
FRAME_BYTES = 16384             #: [bytes] of a payload at most, before a peer has said anything else
WINDOW = 65535                  #: [bytes] of a window before a peer has said anything else
#: [bytes] of a frame that are held until it is whole. Peers send 16 KiB unless the other side has asked for more
MAX_FRAME_BYTES = 1024 * 1024
MAX_BLOCK_BYTES = 64 * 1024     #: [bytes] of a header block in all of its frames
MAX_CONTINUATIONS = 64          #: frames that one header block may go on with

_HEAD = Struct('>HBBBL')
_LONG = Struct('>L')
_SETTING = Struct('>HL')

#: (type, flags, stream, where it begins, where it ends); of a header block the flags of its first frame
Unit = tuple[int, int, int, int, int]


class Frames:
    """Cuts one direction into units, in any slicing.

    Attributes:
        data: The bytes that the offsets of the units refer to.
    """

    __slots__ = ('data', '_held', '_size', '_needed')

    def __init__(self) -> None:
        self.data = b''
        self._held: list[bytes] = []
        self._size = 0          # [bytes] held
        self._needed = HEAD     # [bytes] from which on there is something to look at

    def cut(self, data: bytes) -> Generator[Unit, None, None]:
        """Report the units of what is held and of ``data``; all that is left is held.

        Raises:
            ProtocolError: What comes next cannot be followed; ``held`` has it.
        """
        self._held.append(data)
        self._size += len(data)
        if self._size < self._needed:
            return
        if len(self._held) > 1:
            data = b''.join(self._held)
        self._held, self._size = [], 0
        self.data = data
        at = 0
        try:
            while True:
                found, self._needed = unit(data, at)
                if found is None:
                    return
                at = found[4]
                yield found
        finally:
            if at < len(data):
                self._held, self._size = [data[at:]], len(data) - at

    def held(self) -> bytes:
        """Return what is held, and hold it no more."""
        held, self._held, self._size, self._needed = b''.join(self._held), [], 0, HEAD
        return held


def unit(data: bytes, start: int) -> tuple[Unit | None, int]:
    """Return the unit that begins at ``start``; None: it is not whole, and how many bytes from there on are to come first."""
    size, at, blocks = len(data), start, 0
    first: tuple[int, int, int] | None = None
    while size - at >= HEAD:
        high, low, kind, flags, stream = _HEAD.unpack_from(data, at)
        length, stream = high << 8 | low, stream & LAST_STREAM
        end = at + HEAD + length
        if first is not None:
            blocks += 1
            check_continuation(first, kind, stream, end - start, blocks)
            kind, (_, flags_before, _) = first[0], first
            flags = flags_before | flags & END_HEADERS
        elif length > MAX_FRAME_BYTES or kind == CONTINUATION or kind in BLOCKS and length > MAX_BLOCK_BYTES:
            raise ProtocolError('a frame of HTTP/2 that cannot be followed')
        if end > size:
            return None, end - start
        if kind not in BLOCKS or flags & END_HEADERS:
            return (kind, flags, stream, start, end), HEAD
        first, at = (kind, flags, stream), end
    return None, at - start + HEAD


def check_continuation(first: tuple[int, int, int], kind: int, stream: int, size: int, count: int) -> None:
    """Refuse what does not go on with a header block, or makes too much of it."""
    if kind != CONTINUATION or stream != first[2]:
        raise ProtocolError('a header block that does not end')
    if size > MAX_BLOCK_BYTES or count > MAX_CONTINUATIONS:
        raise ProtocolError(f'a header block of more than {MAX_BLOCK_BYTES} bytes or {MAX_CONTINUATIONS} frames')


def content(data: bytes, at: int, end: int, flags: int) -> tuple[int, int]:
    """Return where the payload of a frame begins and ends, without its padding."""
    at += HEAD
    if flags & PADDED:
        if at >= end or data[at] >= end - at:
            raise ProtocolError('more padding than there is of a frame')
        return at + 1, end - data[at]
    return at, end


def block(data: bytes, start: int, end: int, before: int = 0) -> tuple[bytes, bytes]:
    """Return what stands before the header block of a unit, and the block.

    Args:
        data: The bytes.
        start: Where the unit begins.
        end: Where it ends.
        before: [bytes] between the head and the block, as the number of a promised stream.
    """
    pieces, at, lead = [], start, b''
    while at < end:
        high, low, kind, flags, _ = _HEAD.unpack_from(data, at)
        stop = at + HEAD + (high << 8 | low)
        if kind == CONTINUATION:
            pieces.append(data[at + HEAD:stop])
        else:
            first, last = content(data, at, stop, flags)
            until = first + (before if kind == PUSH_PROMISE else 5 if flags & WITH_PRIORITY else 0)
            if until > last:
                raise ProtocolError('a frame of headers that is too short')
            lead = data[first:until]
            pieces.append(data[until:last])
        at = stop
    return lead, b''.join(pieces)


# -- writing

def frame(kind: int, flags: int, stream: int, payload: bytes = b'') -> bytes:
    """Write a frame."""
    length = len(payload)
    return _HEAD.pack(length >> 8, length & 255, kind, flags, stream) + payload


def headers(stream: int, coded: bytes, flags: int = 0, lead: bytes = b'', kind: int = HEADERS) -> bytes:
    """Write a header block, in as many frames as it takes.

    Args:
        stream: The stream.
        coded: The block.
        flags: END_STREAM and WITH_PRIORITY as they are to be.
        lead: What stands before the block: priority, or the number of a promised stream.
        kind: HEADERS or PUSH_PROMISE.
    """
    room = FRAME_BYTES - len(lead)
    if len(coded) <= room:
        return frame(kind, flags | END_HEADERS, stream, lead + coded)
    out, at = [frame(kind, flags, stream, lead + coded[:room])], room
    while at < len(coded):
        last = at + FRAME_BYTES >= len(coded)
        out.append(frame(CONTINUATION, END_HEADERS if last else 0, stream, coded[at:at + FRAME_BYTES]))
        at += FRAME_BYTES
    return b''.join(out)


def reset(stream: int, code: int) -> bytes:
    """Write RST_STREAM."""
    return frame(RST_STREAM, 0, stream, _LONG.pack(code))


def credit(stream: int, count: int) -> bytes:
    """Write WINDOW_UPDATE."""
    return frame(WINDOW_UPDATE, 0, stream, _LONG.pack(count))


def goaway(last: int, code: int, words: bytes = b'') -> bytes:
    """Write GOAWAY."""
    return frame(GOAWAY, 0, 0, _LONG.pack(last) + _LONG.pack(code) + words)


def settings(*pairs: tuple[int, int]) -> bytes:
    """Write SETTINGS."""
    return frame(SETTINGS, 0, 0, b''.join(_SETTING.pack(*pair) for pair in pairs))


def moved(frame: bytes, stream: int) -> bytes:
    """Return a frame that is of another stream."""
    return frame[:5] + _LONG.pack(stream) + frame[HEAD:]


def split(data: bytes, count: int) -> tuple[bytes, bytes]:
    """Return a frame of DATA without padding as two, the first one with so many bytes of content."""
    _, _, kind, flags, stream = _HEAD.unpack_from(data)
    return frame(kind, flags & ~END_STREAM, stream, data[HEAD:HEAD + count]), frame(kind, flags, stream, data[HEAD + count:])


def number(data: bytes, at: int) -> int:
    """Read 31 bits."""
    return int(_LONG.unpack_from(data, at)[0]) & LAST_STREAM


def long(value: int) -> bytes:
    """Write 32 bits."""
    return _LONG.pack(value)


def settings_of(data: bytes, at: int, end: int) -> Iterator[tuple[int, int]]:
    """Read the settings of a frame."""
    for place in range(at + HEAD, end - _SETTING.size + 1, _SETTING.size):
        yield _SETTING.unpack_from(data, place)
