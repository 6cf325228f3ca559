"""Pipelines of commands that look alike, and of replies that do, told by one pattern each. Bytes; knows no exchange."""
import re
from functools import cache
from typing import Final

from ..sized import sized

MAX_WORD_BYTES: Final = 99      #: [bytes] of a word of such a command at most
MAX_TEXT_BYTES: Final = 255     #: [bytes] of a text in such a reply at most
MAX_WORDS: Final = 20           #: [words] that such a command has after its name at most
#: [starts of commands] for which there are patterns at most; each takes some 2 ms to make, once. Programs send a few in pipelines
MAX_PATTERNS: Final = 64
PATTERNS: Final[dict[bytes, re.Pattern[bytes]]] = {}


@cache
def texts() -> re.Pattern[bytes]:
    """Return the pattern of replies that are texts."""
    return re.compile(rb'(?:\$%s\r\n)++' % sized(MAX_TEXT_BYTES))


def texts_alike(data: bytes) -> int:
    """Return how many whole replies these bytes are, if each is a short text; 0: they are anything else."""
    return data.count(b'\r') // 2 if texts().fullmatch(data) else 0


def commands_alike(data: bytes, start: bytes, words: int) -> int:
    """Return how many whole commands these bytes are, if each begins in this way and has short words; 0: they are anything else.

    Args:
        data: The bytes.
        start: All before the length of the second word, as ``*2 CRLF $3 CRLF GET``.
        words: How many words follow in each.
    """
    pattern = PATTERNS.get(start)
    if pattern is None:
        if len(PATTERNS) >= MAX_PATTERNS or words > MAX_WORDS:
            return 0
        word = rb'\r\n\$' + sized(MAX_WORD_BYTES)
        pattern = PATTERNS[start] = re.compile(rb'(?:%s(?:%s){%d}\r\n)++' % (re.escape(start), word, words))
    return data.count(b'\r') // (3 + 2 * words) if pattern.fullmatch(data) else 0
