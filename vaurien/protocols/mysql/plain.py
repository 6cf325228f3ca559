"""Finds whole and usual responses to a query in one go, and anything else not at all. Knows no exchange and no state."""
from .packets import EOF, HEADER_BYTES, LOCAL_INFILE, MAX_PAYLOAD_BYTES, MORE_RESULTS, OK, PACKET

MAX_BYTES = 64 * 1024   #: [bytes] of a response that is passed over in one go
MIN_EOF_BYTES, MAX_EOF_BYTES = 5, 8     #: [bytes] of a payload that begins with ``EOF`` and is no row: the EOF packet, a short OK
MIN_OK_BYTES = 7    #: [bytes] of the payload of an OK packet: two numbers, the status, the number of warnings


def plain_result(data: bytes, start: int, deprecates_eof: bool) -> int:
    """Return where a response ends that is whole: an OK packet, or one set of rows with nothing special in it.

    Args:
        data: The bytes.
        start: Where its first packet begins.
        deprecates_eof: There is no EOF after the columns, and an OK packet after the rows.

    Returns:
        Its end; 0: there is no such response.
    """
    last = min(len(data) - HEADER_BYTES - 1, start + MAX_BYTES)
    if start > last:
        return 0
    word, first = PACKET(data, start)
    length = word & MAX_PAYLOAD_BYTES
    at = start + HEADER_BYTES + length
    if first == OK and length >= MIN_OK_BYTES:
        return _end(data, at - length, at, tells=1)
    if not 0 < first < LOCAL_INFILE or length != 1:
        return 0
    at = _definitions(data, at, last, first, deprecates_eof)
    while at and at <= last:
        word, first = PACKET(data, at)
        length = word & MAX_PAYLOAD_BYTES
        at += HEADER_BYTES + length
        if first >= EOF:
            usual = first == EOF and MIN_EOF_BYTES <= length <= MAX_EOF_BYTES
            return _end(data, at - length, at, tells=int(deprecates_eof)) if usual else 0
        if length == MAX_PAYLOAD_BYTES:
            return 0
    return 0


def _definitions(data: bytes, at: int, last: int, left: int, deprecates_eof: bool) -> int:
    """Return where the rows begin, after the definitions of so many columns; 0: there is something else."""
    while left and at <= last:
        word, first = PACKET(data, at)
        if first >= LOCAL_INFILE:
            return 0
        at += HEADER_BYTES + (word & MAX_PAYLOAD_BYTES)
        left -= 1
    if not deprecates_eof:
        if at > last:
            return 0
        word, first = PACKET(data, at)
        if first != EOF or word & MAX_PAYLOAD_BYTES != MIN_EOF_BYTES:
            return 0
        at += HEADER_BYTES + MIN_EOF_BYTES
    return 0 if left else at


def _end(data: bytes, payload: int, end: int, tells: int) -> int:
    """Return where an OK or EOF packet ends that no other result follows; 0: one may follow, or not all of it has come.

    Args:
        data: The bytes.
        payload: Where its payload begins.
        end: Where it ends.
        tells: 1: two numbers stand before its status, which here are of one byte each; 0: a number of two bytes.
    """
    if end > len(data) or tells and max(data[payload + 1:payload + 3]) >= LOCAL_INFILE or data[payload + 3] & MORE_RESULTS:
        return 0
    return end
