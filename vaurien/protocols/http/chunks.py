"""Follows a chunked body, RFC 9112 section 7.1: bytes in, offsets out. Knows no headers and no state.

Where two readers could take a size for different numbers, or only some of them accept a line end, the body is broken: what
comes after it belongs to no message (request smuggling).
"""
from ...errors import ProtocolError
from ..message import MAX_PASSED_BYTES
from .headers import CHUNKED, CRLF, END_OF_HEADERS, TRAILER, check_line_ends

# What is still to come of a body, besides CHUNKED, which is the size of a chunk: nothing; the line end after the data of a
# chunk, and then more chunks; chunks that cannot be read.
NOTHING, CHUNK_END, BROKEN = 0, -2, -3
HEX = b'0123456789abcdefABCDEF'
MAX_SIZE_DIGITS = 15    #: [digits] of a chunk's size: less than 2**60 bytes, which every reader's integers can hold
MAX_SIZE_LINE_BYTES = 4096      #: [bytes] of the line with a chunk's size; hardly any peer uses extensions, which make it long


def follow_chunks(data: bytes, start: int, body: int, seen: int = 0) -> tuple[int, int, int]:
    """Follow a body as far as it has come, or as is followed in one call.

    Args:
        data: The bytes that have come.
        start: Where the body goes on.
        body: How it goes on: ``CHUNKED`` or ``CHUNK_END``.
        seen: Where the bytes begin that are new.

    Returns:
        The offset up to which it could be followed, what is still to come, and how many bytes of a chunk's data are.
    """
    stop = start + MAX_PASSED_BYTES
    try:
        while start < stop:
            if body == CHUNK_END:
                if not data.startswith(CRLF, start):
                    return start, CHUNK_END if CRLF.startswith(data[start:start + 2]) else BROKEN, 0
                start += 2
            line_end = data.find(CRLF, start, start + MAX_SIZE_LINE_BYTES)
            size = chunk_size(data, start, line_end)
            if size is None:
                return start, CHUNKED, 0
            if not size:
                end = trailer_end(data, line_end, max(line_end, seen))
                return (end, NOTHING, 0) if end else (start, CHUNKED, 0)
            start, body = line_end + 2 + size, CHUNK_END
            if start > len(data):
                return len(data), CHUNK_END, start - len(data)
        return start, body, 0
    except ProtocolError:
        return start, BROKEN, 0


def chunk_size(data: bytes, start: int, line_end: int) -> int | None:
    """Read the line with a chunk's size, perhaps with extensions (RFC 9112 section 7.1.1).

    Spaces after the number are accepted: old servers pad it.

    Args:
        data: The bytes that have come.
        start: Where the line begins.
        line_end: The offset of its line end; negative: that has not come.

    Returns:
        [bytes]; None: the end of the line has not come.

    Raises:
        ProtocolError: It is no such line, whatever comes next.
    """
    line = data[start:line_end] if line_end >= 0 else data[start:].removesuffix(b'\r')
    if line_end < 0 and not line:
        return None
    digits, _, extension = line.partition(b';')
    digits = digits.rstrip(b' \t')
    malformed = not digits or len(digits) > MAX_SIZE_DIGITS or digits.strip(HEX) or b'\r' in extension or b'\n' in extension
    if malformed or len(line) >= MAX_SIZE_LINE_BYTES:
        raise ProtocolError('no size of a chunk')
    return int(digits, 16) if line_end >= 0 else None


def trailer_end(data: bytes, line_end: int, seen: int) -> int:
    """Find the end of the trailer fields (RFC 9112 section 7.1.2) after the last chunk's line; mostly there are none.

    Returns:
        The offset; 0: it has not come.

    Raises:
        ProtocolError: They are malformed.
    """
    end = data.find(END_OF_HEADERS, max(line_end, seen - 3)) + 4
    if end < 4:
        check_line_ends(data, line_end, seen)
        return 0
    if not TRAILER.fullmatch(data, line_end + 2, end):
        raise ProtocolError('malformed trailer fields')
    return end
