"""The commands of memcached's text protocol and their responses (memcached ``doc/protocol.txt``, and memcached 1.6 itself).

Tables and words; knows no exchange, and not where a line begins or ends.
"""
import re
from typing import Any, Final, NamedTuple

from ...errors import ProtocolError

MAX_KEY_BYTES: Final = 250        #: [bytes] of the longest key
#: [bytes] of a data block at most; the server counts in 32 bits
MAX_DATA_BYTES: Final = 2**31 - 3
MAX_LENGTH_DIGITS: Final = 20      #: [digits] of any length
SAFE_DIGITS: Final = 9        #: [digits] of a number that fits into 32 bits in any case
NUMBER: Final = b'#'    #: stands for any number where a response begins with one

#: the lines that a data block follows, and the place of the word with its length
BLOCKS: Final = {b'VALUE': 3, b'VA': 1}
ERRORS: Final = (b'ERROR', b'CLIENT_ERROR', b'SERVER_ERROR')
#: the errors that only requests of these stages have; they may come late, after a request with ``noreply``
ERRORS_OF: Final = (
    (b'SERVER_ERROR object too large', ('store',)), (b'SERVER_ERROR out of memory storing', ('store',)),
    (b'CLIENT_ERROR bad data chunk', ('store',)), (b'SERVER_ERROR out of memory writing get', ('get',)),
    (b'CLIENT_ERROR cannot increment', ('arith',)),
)


class Response(NamedTuple):
    """How the response to a request looks.

    Args:
        last: The first words that its last line may have, or all of the line; empty: any.
        before: The first words that the lines before it may have; None: any.
        quiet: There may be no response at all.
        marks: The words that the response to a quiet meta command repeats: its opaque token, its key.
        loose: The key is a binary one, which some servers repeat as it came and others decoded.
    """

    last: frozenset[bytes]
    before: frozenset[bytes] | None = frozenset()
    quiet: bool = False
    marks: frozenset[bytes] = frozenset()
    loose: bool = False


def _response(*last: bytes, **rest: Any) -> Response:
    return Response(frozenset(last), **rest)


VALUE: Final = frozenset((b'VALUE',))
VALUES: Final = _response(b'END', before=VALUE)
STORED: Final = _response(b'STORED', b'NOT_STORED', b'EXISTS', b'NOT_FOUND')
NEW_NUMBER: Final = _response(NUMBER, b'NOT_FOUND')
LISTING: Final = _response(b'END', b'RESET', b'OK', before=None)
DUMP: Final = _response(b'END', b'EN', b'OK', b'BUSY', b'BADCLASS', before=None)
ANY_LINE: Final = _response()
LOG: Final = _response(b'OK')      #: what follows is no response to any request


class Verb(NamedTuple):
    """One command.

    Args:
        stage: Which failures fit it.
        response: How its response looks.
        shape: Where its words stand: ``line`` and ``list`` (of keys) are named by the whole line, others by their first two
            words; ``data`` and ``meta data`` have a data block after their line, ``meta`` has flags.
        noreply: With how many words, at least and at most, its last one may be ``noreply``; with more or fewer words it has a
            response all the same. None: it cannot be ``noreply``.
        told: Of a meta command with the flag ``q``: the first words of a response that comes nevertheless.
    """

    stage: str
    response: Response
    shape: str = 'line'
    noreply: tuple[int, int] | None = None
    told: frozenset[bytes] = frozenset()


SET: Final = Verb('store', STORED, 'data', (6, 6))
GET: Final = Verb('get', VALUES, 'list')
COUNT: Final = Verb('arith', NEW_NUMBER, 'key', (3, 4))
VERBS: Final = {
    b'set': SET, b'add': SET, b'replace': SET, b'append': SET, b'prepend': SET, b'cas': SET._replace(noreply=(7, 7)),
    b'get': GET, b'gets': GET, b'gat': GET, b'gats': GET, b'incr': COUNT, b'decr': COUNT,
    b'delete': Verb('delete', _response(b'DELETED', b'NOT_FOUND'), 'key', (3, 4)),
    b'touch': Verb('touch', _response(b'TOUCHED', b'NOT_FOUND'), 'key', (3, 4)),
    b'mg': Verb('get', _response(b'VA', b'HD', b'EN', b'OK'), 'meta', told=frozenset((b'VA', b'HD', b'OK'))),
    b'ms': Verb('store', _response(b'HD', b'NS', b'EX', b'NF', b'OK'), 'meta data', told=frozenset((b'NS', b'EX', b'NF'))),
    b'md': Verb('delete', _response(b'HD', b'EX', b'NF', b'OK'), 'meta', told=frozenset((b'EX', b'NF'))),
    b'ma': Verb('arith', _response(b'VA', b'HD', b'EX', b'NF', b'NS', b'OK'), 'meta', told=frozenset((b'EX', b'NF', b'NS'))),
    b'quit': Verb('quit', ANY_LINE),
    b'me': Verb('get', _response(b'ME', b'EN'), 'key'),
    b'mn': Verb('noop', _response(b'MN')),
    b'stats': Verb('stats', LISTING),
    b'version': Verb('noop', _response(b'VERSION')),
    b'flush_all': Verb('admin', _response(b'OK'), noreply=(2, 3)),
    b'verbosity': Verb('admin', _response(b'OK'), noreply=(2, 3)),
    b'cache_memlimit': Verb('admin', ANY_LINE, noreply=(2, 3)),
    b'lru_crawler': Verb('crawl', ANY_LINE), b'slabs': Verb('slabs', ANY_LINE), b'watch': Verb('admin', LOG),
}
OTHER: Final = Verb('other', ANY_LINE)
LISTS: Final = (b'get ', b'gets ', b'gat ', b'gats ')     #: the commands whose line may be longer than any other
#: after the key of a storage command: its flags, when it expires, the length of the data block, the unique number of ``cas``
NUMBERS: Final = re.compile(rb'\+?\d{1,10} [+-]?\d{1,10} \+?\d{1,10}(?: \d{1,20})?\Z')


def data_length(words: list[bytes]) -> int:
    """Return the length of the data block of a storage command with its line end [bytes].

    Args:
        words: The command without ``noreply``.

    Raises:
        ProtocolError: The command is malformed; memcached then reads the data as commands.
    """
    if len(words) == 5 and words[0] != b'cas' and len(words[1]) <= MAX_KEY_BYTES and len(words[4]) <= SAFE_DIGITS \
            and words[2].isdigit() and words[3].isdigit() and words[4].isdigit() and len(words[2] + words[3]) <= SAFE_DIGITS:
        return int(words[4]) + 2
    wanted = 6 if words[0] == b'cas' else 5     # one more word is ignored, unless it is ``noreply``
    if len(words) not in (wanted, wanted + 1) or len(words[1]) > MAX_KEY_BYTES or not NUMBERS.match(b' '.join(words[2:wanted])):
        raise ProtocolError('a malformed storage command')
    flags, expires, length = map(int, words[2:5])
    if flags >= 2**32 or not -2**31 <= expires < 2**31 or length > MAX_DATA_BYTES:
        raise ProtocolError('a storage command whose numbers are too large')
    return length + 2


def meta_length(words: list[bytes]) -> int:
    """Return the length of the data block of ``ms`` with its line end [bytes].

    Raises:
        ProtocolError: The command is malformed.
    """
    if len(words) < 3 or len(words[1]) > MAX_KEY_BYTES or not is_length(words[2]) or int(words[2]) > MAX_DATA_BYTES:
        raise ProtocolError('a malformed storage command')
    return int(words[2]) + 2


def is_length(word: bytes) -> bool:
    """Return whether this is a number that may be a length."""
    return word.isdigit() and len(word) <= MAX_LENGTH_DIGITS


def is_error(word: bytes) -> bool:
    """Return whether a response that begins with this word is an error: ``ERROR``, also ``ERROR:``, and so on."""
    return word in ERRORS or word.startswith(b'ERROR')


def error_stages(line: bytes) -> tuple[str, ...]:
    """Return the stages of the requests that may have this error; empty: any."""
    return next((stages for error, stages in ERRORS_OF if line.startswith(error)), ())
