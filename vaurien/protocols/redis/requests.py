"""Finds commands: arrays of words, or lines of text. Knows no reply and no failure.

What commands are is told by ``commands``, what they change in the session by ``state``, how far a word reaches by ``resp``.
"""
import re
from functools import lru_cache
from typing import Final

from ...errors import ProtocolError
from ..base import Exchange, SharedExchange
from ..message import MAX_NAME_BYTES, NO_RUN, Part, Run
from .commands import SPECIAL, known
from .framer import Messages
from .pipelines import commands_alike
from .resp import CRLF, MAX_RUN_LINES, STAR, STEPS, header, length, skip_words, take
from .state import WORDS_TO_NAME, Conversation

#: [bytes] within which the second word begins where a command is read fast
FAST_START_BYTES: Final = 64
SECOND_WORD: Final = b'\r\n$'     #: the end of the first word, and what the length of the second one begins with
MIN_START_BYTES: Final = 8    #: [bytes] before the first word, at least: ``*1 CRLF $4 CRLF``
#: [bytes] of a second word up to which a command is read fast; a longer one may have to be cut
MAX_FAST_KEY_BYTES: Final = 1024
#: [words] from which on a command is not read fast, but as many words at a time as are passed over in one call
MAX_FAST_WORDS: Final = 1024
#: [starts of commands] that are remembered with what is known of them; programs use a few dozen
MAX_KNOWN_STARTS: Final = 1024
#: how many lines a command has that begins with this one
COUNTS: Final = {b'*%d' % words: 1 + 2 * words for words in range(1, 100)}
MAX_PLAIN_VERB_BYTES: Final = 40      #: [bytes] of the name of a command that is read fast; the longest one has 20
MAX_INLINE_BYTES: Final = 64 * 1024   #: [bytes] of a command that is one line of text; the server's own limit
#: the exchange of a command that is run at once and has one reply, whichever it is
PLAIN: Final = SharedExchange('command', (0, b'', '', 1))
ONE: Final = (PLAIN,)     #: where there is no other one
#: one word of such a line: bare, or in quotes, after which it must end (``sdssplitargs`` of the server)
INLINE_WORD: Final = re.compile(rb"""(?:[^\s"']|"(?:\\.|[^"\\])*"(?=\s|\Z)|'(?:\\'|[^'])*'(?=\s|\Z))+""", re.DOTALL)


@lru_cache(MAX_KNOWN_STARTS)
def read_start(start: bytes) -> tuple[int, bytes, int]:
    """Read how a command begins.

    Args:
        start: All before the length of its second word, as ``*2 CRLF $3 CRLF GET``.

    Returns:
        How many words follow, the command's name as sent, and what is known of it; ``SPECIAL`` for anything else.
    """
    lines = start.split(CRLF)
    if len(lines) == 3 and lines[0][:1] == b'*' and lines[0][1:].isdigit() and STEPS[lines[1]] == len(lines[2]) + 4:
        count = int(lines[0][1:])
        return count - 1, lines[2], known(lines[2], count)
    return 0, b'', SPECIAL


@lru_cache(MAX_KNOWN_STARTS)
def is_plain(verb: bytes) -> bool:
    """Return whether a command changes nothing in its session, as far as its name tells."""
    return len(verb) <= MAX_PLAIN_VERB_BYTES and known(verb, 1) < SPECIAL


def single_word(data: bytes, start: int) -> Part | None:
    """Read a whole command of one word, fast; returns what ``usual_command`` returns."""
    end = data.find(CRLF, start + MIN_START_BYTES, start + FAST_START_BYTES)
    left, verb, bits = read_start(data[start:end]) if end > 0 else (0, b'', SPECIAL)
    return (end + 2, Exchange(verb, 'command', True, (bits, b'', '', 1)), True) if not left and bits < SPECIAL else None


def usual_command(data: bytes, start: int) -> Part | None:
    """Read a whole command, fast, where its name and its key are all that must be known of it.

    Returns:
        The part with all of it; None for anything else.
    """
    pos = data.find(SECOND_WORD, start + MIN_START_BYTES, start + FAST_START_BYTES)
    if pos < 0:
        return single_word(data, start)
    left, verb, bits = read_start(data[start:pos])
    if bits >= SPECIAL or not 0 < left < MAX_FAST_WORDS:
        return None
    try:
        pos += 2
        end = data.index(CRLF, pos)
        begin = end + 2
        pos = end + STEPS[data[pos:end]]
        key = data[begin:pos - 2]
        while left > 1:
            end = data.index(CRLF, pos)
            pos = end + STEPS[data[pos:end]]
            left -= 1
    except ValueError:
        return None
    if pos > len(data) or len(key) > MAX_FAST_KEY_BYTES:
        return None
    return pos, Exchange(verb + b' ' + key, 'command', True, (bits, key, '', 1)), True


def alike(data: bytes) -> int:
    """Return how many whole commands these bytes are, if they are one plain command with an argument, or several like it.

    Returns:
        0 for anything else.
    """
    pos = data.find(SECOND_WORD, MIN_START_BYTES, FAST_START_BYTES)
    if pos < 0:
        return 0
    start = data[:pos]
    words, _, bits = read_start(start)
    if bits >= SPECIAL or words >= MAX_FAST_WORDS:
        return 0
    pos, left = pos + 2, words
    while left:
        end = data.find(CRLF, pos)
        if end < 0:
            return 0
        pos, left = end + STEPS[data[pos:end]], left - 1
    return 1 if pos == len(data) else commands_alike(data, start, words) if pos < len(data) else 0


class Requests(Messages):
    """Finds commands: arrays of bulk strings, or lines of text."""

    def __init__(self, protocol: Conversation) -> None:
        super().__init__(protocol)
        self.left = 0   #: words of the command under way that are still to come

    def usual(self, data: bytes, start: int) -> Part | None:
        return usual_command(data, start) if self.state.usual else None

    def run(self, data: bytes, most: int) -> Run:
        if not self.state.usual:
            return NO_RUN
        count = alike(data)
        if 0 < count <= most:
            return len(data), ONE if count == 1 else [PLAIN] * count
        words = data.split(CRLF, MAX_RUN_LINES)
        last, at, count = len(words) - 1, 0, 0      # the last one has no end
        while at < last and count < most:
            pos, after = at + 1, at + COUNTS.get(words[at], MAX_RUN_LINES)
            if after > last or not is_plain(words[pos + 1]):
                break
            while pos < after and STEPS[words[pos]] == len(words[pos + 1]) + 4:
                pos += 2
            if pos < after:     # a text with a line end in it, for example
                break
            at, count = after, count + 1
        end = len(data) if at == last and not words[last] else sum(map(len, words[:at])) + len(CRLF) * at
        return end, [PLAIN] * count

    def step(self, data: bytes, start: int) -> Part | None:
        if self.cut:
            return self._report(data, start, start, self.left, self.owner)
        if data[start] != STAR:
            return self._inline(data, start)
        digits, begin = header(data, start)
        if not begin:
            return None
        count = 0 if digits[:1] == b'-' and digits[1:].isdigit() else length(digits)
        if not count:
            self.state.nothing()
            return begin, None, True
        words, end = take(data, begin, 1, MAX_NAME_BYTES)
        wanted = min(count, WORDS_TO_NAME.get(words[0].upper(), 2)) if words else 1
        words, end = take(data, begin, wanted, MAX_NAME_BYTES)
        if len(words) < wanted or wanted > 2 and end > len(data):
            return None
        return self._report(data, start, end, count - wanted, self.state.begin(words, count))

    def _report(self, data: bytes, start: int, pos: int, left: int, exchange: Exchange | None) -> Part | None:
        """Report what has come of a command, from ``start`` on; ``left`` of its words follow from ``pos`` on."""
        end, left, wrong = skip_words(data, pos, left)
        done = not left and end <= len(data)
        if end == start and not done:
            if wrong:
                raise ProtocolError(wrong)
            return None
        self.wrong, self.left, self.rest, self.cut = wrong, left, max(0, end - len(data)), not done
        return min(end, len(data)), exchange, done

    def _inline(self, data: bytes, start: int) -> Part | None:
        """Read a line of text. One that begins with no character of text belongs to another protocol, such as TLS."""
        if not 32 <= data[start] < 127 and data[start] not in b'\t\n\v\f\r':
            raise ProtocolError(f'a command begins with {data[start:start + 1]!r}')
        end = data.find(b'\n', start, start + MAX_INLINE_BYTES)
        if end < 0:
            if len(data) - start >= MAX_INLINE_BYTES:
                raise ProtocolError(f'no end of a line within {MAX_INLINE_BYTES} bytes')
            return None
        line = data[start:end]
        words = INLINE_WORD.findall(line)
        if b'\0' in line or INLINE_WORD.sub(b'', line).strip():
            raise ProtocolError('a line with unbalanced quotes or binary data')
        if not words:
            self.state.nothing()
            return end + 1, None, True
        return end + 1, self.state.begin(words, len(words)), True
