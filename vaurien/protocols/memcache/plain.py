"""Requests and whole responses of memcached's text protocol as most of them are, told at a glance. Bytes; knows no exchange."""
import re
from functools import cache
from typing import Final

from ..sized import sized
from .verbs import BLOCKS, LOG, NUMBER, VALUE, Response, is_length

CRLF: Final = b'\r\n'
#: requests for one value each, and nothing else
GETS: Final = re.compile(rb'(?:get [^\s\0]{1,250}\r\n)++')
#: the line before a value, with the length of that [bytes]
VALUE_LINE: Final = re.compile(rb'VALUE [^\s\0]+ \d+ (\d{1,9})(?: \d+)?\r\n')
VALUE_END: Final = b'\r\nEND\r\n'     #: what follows it where it is the last one
MAX_VALUE_BYTES: Final = 255    #: [bytes] of a value up to which several of them are told by one pattern


@cache
def sets() -> re.Pattern[bytes]:
    """Return the pattern of requests to store a short value each, and nothing else."""
    return re.compile(rb'(?:set [^\s\0]{1,250} \d{1,9} -?\d{1,9} %s\r\n)++' % sized(MAX_VALUE_BYTES))


@cache
def values() -> re.Pattern[bytes]:
    """Return the pattern of responses of one short value each."""
    return re.compile(rb'(?:VALUE [^\s\0]+ \d+ %s\r\nEND\r\n)++' % sized(MAX_VALUE_BYTES))


def whole_values(data: bytes, most: int) -> int:
    """Return how many responses these bytes are, if each is one value and the end of its list, and short if there are several.

    Returns:
        0 for anything else, and for more than ``most``.
    """
    line = VALUE_LINE.match(data)
    if line is None:
        return 0
    end = line.end() + int(line[1])
    at = end + len(VALUE_END)
    if data[end:at] != VALUE_END:
        return 0
    if at == len(data):
        return 1
    count = data.count(b'\r') // 3
    return count if count <= most and values().fullmatch(data) else 0


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
