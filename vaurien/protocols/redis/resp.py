"""Walks over the words of RESP2 and RESP3 ("Redis serialization protocol specification"). Bytes and offsets only.

Knows neither commands nor exchanges. No more is taken apart than must be: the functions return how far whole words reach in
the data, and how many are still to come.
"""
from typing import Final

from ...errors import ProtocolError
from ..message import MAX_PASSED_BYTES

CRLF: Final = b'\r\n'
#: [bytes] of the line of a length, its end included; the longest that a server takes has 20 digits
MAX_LENGTH_LINE_BYTES: Final = 32
#: [bytes] of the longest word that names the kind of a message: ``punsubscribe``
MAX_KIND_BYTES: Final = 12
#: [levels] of nested aggregates of unknown length; no server is known to send any, and each costs memory here
MAX_OPEN_AGGREGATES: Final = 1024
#: [words] in place of the length of an aggregate that announces none, but its end
UNKNOWN_COUNT: Final = 1 << 200
#: [bytes] an offset beyond all data
BEYOND_DATA: Final = 1 << 62
#: [lines] that are looked at as a run at most; a pipeline of some hundred commands
MAX_RUN_LINES: Final = 4096


class Steps(dict[bytes, int]):
    """How far it is from the line of a length, its end not included, to the end of the text after it [bytes]: ``$5`` is 9.

    The short ones are listed, others are computed; a line that is no such length leads beyond all data.
    """

    def __missing__(self, line: bytes) -> int:
        if line[:1] == b'$' and line[1:].isdigit() and len(line) <= MAX_LENGTH_LINE_BYTES - 2:
            return int(line[1:]) + 4
        return BEYOND_DATA


STEPS: Final = Steps({b'$%d' % size: size + 4 for size in range(1000)})     #: in commands
REPLY_STEPS: Final = Steps({**STEPS, b'$-1': 2})    #: in replies, where a text may be null

STAR, DOLLAR, PUSH, MINUS, PLUS, CR = b'*$>-+\r'
#: what a reply of one line begins with: text, error, number, null, bool, double, big number
LINES: Final = frozenset(b'+-:_#,(')
#: what begins a text of a given length: bulk string, bulk error, verbatim string
TEXTS: Final = frozenset(b'$!=')
#: what begins an aggregate, and how many words it has for each one that it counts: array, set, push, map, attribute
AGGREGATES: Final = {STAR: 1, ord('~'): 1, PUSH: 1, ord('%'): 2, ord('|'): 2}
ATTRIBUTE, CHUNK, STOP = b'|;.'


def header(data: bytes, pos: int) -> tuple[bytes, int]:
    """Return the line of a length without its mark, and where it ends; the end is 0 while the line is incomplete.

    Raises:
        ProtocolError: The line is too long for a length.
    """
    end = data.find(CRLF, pos, pos + MAX_LENGTH_LINE_BYTES)
    if end < 0:
        if len(data) - pos >= MAX_LENGTH_LINE_BYTES:
            raise ProtocolError(f'no length at {data[pos:pos + 1]!r}')
        return b'', 0
    return data[pos + 1:end], end + 2


def length(digits: bytes) -> int:
    """Read a length.

    Raises:
        ProtocolError: It is not made of digits alone.
    """
    if not digits.isdigit() or len(digits) > MAX_LENGTH_LINE_BYTES:
        raise ProtocolError(f'{digits[:MAX_LENGTH_LINE_BYTES]!r} is no length')
    return int(digits)


def take(data: bytes, pos: int, wanted: int, longest: int) -> tuple[list[bytes], int]:
    """Read the first words of a command.

    Args:
        data: The bytes.
        pos: Where the first word begins.
        wanted: How many to read.
        longest: [bytes] of a word that are returned at most; a word counts as read once so much of it has come.

    Returns:
        The words, fewer where the data ends, and where the last of them ends; that may be beyond the data.

    Raises:
        ProtocolError: Something else than a word is there.
    """
    words: list[bytes] = []
    while len(words) < wanted and pos < len(data):
        if data[pos] != DOLLAR:
            raise ProtocolError(f'a word of a command begins with {data[pos:pos + 1]!r}')
        digits, begin = header(data, pos)
        if not begin:
            break
        size = length(digits)
        word = data[begin:begin + min(size, longest)]
        if len(word) < min(size, longest):
            break
        words.append(word)
        pos = begin + size + 2
    return words, pos


def skip_words(data: bytes, pos: int, left: int) -> tuple[int, int, str]:
    """Pass over words of a command.

    Args:
        data: The bytes.
        pos: Where a word begins.
        left: How many words there are from there.

    Returns:
        Where the first word begins whose length has not come, or that is to be passed over at the next call; it is beyond the
        data if the word before it was cut. How many words are left from there; and what is wrong there, empty if nothing is.
    """
    size, find, stop = len(data), data.find, min(len(data), pos + MAX_PASSED_BYTES)
    while left and pos < stop:
        end = find(CRLF, pos, pos + MAX_LENGTH_LINE_BYTES)
        if end < 0 and data[pos] == DOLLAR and size - pos < MAX_LENGTH_LINE_BYTES:
            break
        step = STEPS[data[pos:end]] if end >= 0 else BEYOND_DATA
        if step == BEYOND_DATA:
            return pos, left, f'a word of a command begins with {data[pos:pos + 1]!r}'
        pos, left = end + step, left - 1
    return pos, left, ''


class Reply:
    """Passes over one reply, however it is nested, and wherever it is cut.

    Attributes:
        left: How many words of it are still to come; 0: it is complete.
        line: It was cut in the middle of a line.
    """

    __slots__ = ('left', 'line', '_outer')

    def __init__(self) -> None:
        self.left, self.line = 1, False
        self._outer: list[int] = []     # how many words are left around each aggregate of unknown length

    def skip(self, data: bytes, pos: int) -> tuple[int, str]:
        """Pass over what has come of it, or as much as is passed over in one call.

        Args:
            data: The bytes.
            pos: Where the reply goes on.

        Returns:
            How far it reaches, which is beyond the data if a text was cut; and what is wrong there, empty if nothing is.
        """
        find, stop = data.find, min(len(data), pos + MAX_PASSED_BYTES)
        try:
            while self.left and pos < stop:
                if data[pos] == DOLLAR and not self.line:
                    end = find(CRLF, pos, pos + MAX_LENGTH_LINE_BYTES)
                    step = REPLY_STEPS[data[pos:end]] if end >= 0 else BEYOND_DATA
                    if step != BEYOND_DATA:
                        pos, self.left = end + step, self.left - 1
                        continue
                begun, pos = pos, self._word(data, pos)
                if pos == begun or self.line:
                    break
        except ProtocolError as error:
            return pos, str(error)
        return pos, ''

    def _word(self, data: bytes, pos: int) -> int:
        """Pass over one word, or the start of an aggregate; return where it ends, ``pos`` itself if that has not come."""
        mark = data[pos]
        if self.line or mark in LINES:
            return self._line(data, pos)
        digits, end = header(data, pos)
        if not end:
            return pos
        if mark in TEXTS or mark == CHUNK and self._outer:
            return self._text(mark, digits, end)
        if mark in AGGREGATES:
            self._aggregate(mark, digits)
        elif mark == STOP and not digits and self._outer:
            self.left = self._outer.pop()
        else:
            raise ProtocolError(f'a reply begins with {data[pos:pos + 1]!r}')
        return end

    def _line(self, data: bytes, pos: int) -> int:
        end = data.find(CRLF, pos)
        self.line = end < 0
        if end >= 0:
            self.left -= 1
            return end + 2
        return len(data) - (data[-1] == CR)     # a CR may be half of the line's end

    def _text(self, mark: int, digits: bytes, end: int) -> int:
        if digits == b'?' and mark == DOLLAR:
            self._open()
            return end
        size = length(digits)
        if mark == CHUNK and not size:     # the last piece of a text
            self.left = self._outer.pop()
            return end
        self.left -= 1
        return end + size + 2

    def _aggregate(self, mark: int, digits: bytes) -> None:
        if digits == b'-1' and mark == STAR:
            self.left -= 1
        elif digits == b'?' and mark != ATTRIBUTE:
            self._open()
        else:       # an attribute stands before a word and does not count as one
            self.left += AGGREGATES[mark] * length(digits) - (mark != ATTRIBUTE)

    def _open(self) -> None:
        if len(self._outer) == MAX_OPEN_AGGREGATES:
            raise ProtocolError(f'more than {MAX_OPEN_AGGREGATES} nested aggregates of unknown length')
        self._outer.append(self.left - 1)
        self.left = UNKNOWN_COUNT


def first_word(data: bytes, start: int) -> bytes | None:
    """Return the first word of an array or push.

    Returns:
        The word if it is a text of up to ``MAX_KIND_BYTES`` bytes, empty for anything else; None: more bytes are needed to tell.

    Raises:
        ProtocolError: A length is missing.
    """
    digits, pos = header(data, start)
    if pos and digits == b'0':
        return b''
    if not pos or pos == len(data):
        return None
    if data[pos] != DOLLAR:
        return b''
    digits, pos = header(data, pos)
    if not pos:
        return None
    if not digits.isdigit() or int(digits) > MAX_KIND_BYTES:
        return b''
    word = data[pos:pos + int(digits)]
    return word if len(word) == int(digits) else None
