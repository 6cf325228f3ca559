"""Whole responses of memcached's text protocol as most requests get them, told at a glance. Bytes; knows no exchange."""
from typing import Final

from .verbs import BLOCKS, LOG, NUMBER, VALUE, Response, is_length

CRLF: Final = b'\r\n'


def is_one_value(data: bytes, response: Response) -> bool:
    """Return whether these bytes are one value and the end of its list, which is what most requests get alone."""
    if not data.endswith(b'\r\nEND\r\n') or not data.startswith(b'VALUE ') or response.before is not VALUE or response.quiet:
        return False
    end = data.find(CRLF)
    words = data[:end].split(b' ', 4)
    return len(words) > 3 and is_length(words[3]) and end + int(words[3]) + 9 == len(data) and b'\n' not in data[:end]


def plain_response(lines: list[bytes], at: int, response: Response) -> int:
    """Return after which line a whole response ends that is one of those that were wished for; 0: it is anything else.

    Args:
        lines: What the data were split into by ``CRLF``; the last one has no end.
        at: Which one it begins with.
        response: How it looks.
    """
    last, before, quiet, _, _ = response
    end = len(lines) - 1
    if quiet or response is LOG:
        return 0
    while at < end:
        line = lines[at]
        if line in last:
            return at + 1
        values = before is VALUE and line[:6] == b'VALUE '
        if not (values or line[:3] == b'VA ' and b'VA' in last):
            return at + 1 if NUMBER in last and line.isdigit() else 0
        words = line.split(b' ')
        place = BLOCKS[words[0]]
        length = words[place] if len(words) > place else b''
        if at + 2 > end or not is_length(length) or len(lines[at + 1]) != int(length) or b'\n' in line:
            return 0
        at += 2
        if not values:
            return at
    return 0


def ends_at(lines: list[bytes], count: int, size: int) -> int:
    """Return where the first lines end [bytes], of those that so many bytes were split into by ``CRLF``."""
    return size if count == len(lines) - 1 and not lines[count] else sum(map(len, lines[:count])) + 2 * count
