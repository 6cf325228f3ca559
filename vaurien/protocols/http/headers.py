"""Reads and edits the headers of HTTP/1.x messages: bytes in, facts out. Knows no body, no exchange and no session.

The grammar is that of RFC 9112, taken strictly. Where two readers of the same headers could disagree about where their
message ends - bare line feeds, folded lines, spaces before a colon, several lengths, a length beside chunks - one of them
can be made to see a request that the other does not (request smuggling). Such headers are refused here, and the session is
relayed unread from there on: what the peers make of them stays between them.
"""
import re
from binascii import crc32
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from ...errors import ProtocolError
from ..message import MAX_NAME_BYTES

CRLF, END_OF_HEADERS = b'\r\n', b'\r\n\r\n'
MAX_METHOD_BYTES = 32     #: [bytes] of a method at most; the longest one that IANA lists has 17
MAX_LENGTH_DIGITS = 18  #: [digits] of a Content-Length; more than any body needs, and no more than every reader's integers hold
CHUNKED = -1            #: as a length: the chunks say where the body ends
UNTIL_CLOSE = 1 << 62   #: as a length: all that follows, RFC 9112 section 6.3 rule 8; longer than can be declared
MAX_REMEMBERED_BYTES = 2048        #: [bytes] of headers that are remembered at most
MAX_REMEMBERED = 256    #: [headers] of each direction; peers repeat theirs, a server until the second of its Date is over

#: Stages of an exchange. Its response may have a body; it may, and by its Idempotency-Key the request is done once however often
#: it comes; it may, but the client speaks HTTP/1.0 and knows no chunks; a successful one has none (HEAD, CONNECT).
BODY, KEYED_BODY, BODY_FOR_HTTP_1_0, NO_BODY = 'page', 'page for a key', 'page for HTTP/1.0', 'no page'
#: The same of a stream of HTTP/2
STREAM, KEYED_STREAM, BARE_STREAM = 'stream', 'stream for a key', 'stream without a page'
#: A stream of HTTP/2 that is a call of gRPC
CALL = 'call'
#: A request for WebSocket, the same as a stream of HTTP/2 (RFC 8441); and the messages of either side after it
UPGRADE, UPGRADE_STREAM, SENT, RECEIVED = 'websocket', 'websocket stream', 'message sent', 'message received'

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
FIELDS = rb'(?:' + TOKEN + rb'+:[^\r\n\0]*\r\n)*\r\n'
METHOD_SP = TOKEN + rb'{1,%d} ' % MAX_METHOD_BYTES
TARGET = rb'[^\0-\x20\x7f]'
REQUEST_LINE = rb'(' + METHOD_SP + TARGET + rb'+) HTTP/1\.([01])\r\n'
STATUS_LINE = rb'HTTP/1\.([01]) ([1-9][0-9]{2})(?: [^\r\n\0]*)?\r\n'
REQUEST = re.compile(REQUEST_LINE + FIELDS)
RESPONSE = re.compile(STATUS_LINE + FIELDS)
TRAILER = re.compile(FIELDS)


class FirstLine(NamedTuple):
    """What a first line may be while its end has not come.

    Args:
        begun: The beginning of a good one always matches.
        goes_on: What may follow in the longest of its words, so that of a long line only the new bytes have to be looked at.
        word: What begins the word after that one, of at most ``LAST_WORD_BYTES``.
    """

    begun: re.Pattern[bytes]
    goes_on: re.Pattern[bytes]
    word: bytes


BEGUN_REQUEST = FirstLine(re.compile(
    TOKEN + rb'{0,%d}|' % MAX_METHOD_BYTES + METHOD_SP + TARGET + rb'*(?: [HTP/1.0]{0,8}\r?)?|\r|' + REQUEST_LINE),
    re.compile(TARGET + rb'+'), b' ')
BEGUN_RESPONSE = FirstLine(re.compile(rb'[HTP/1.0]{0,8}(?: [0-9]{0,3}(?: [^\r\n\0]*)?)?\r?|' + STATUS_LINE),
                           re.compile(rb'[^\r\n\0]+'), b'\r')
LAST_WORD_BYTES = 10    #: [bytes] of the last word of a first line at most: SP, ``HTTP/1.1``, CR
#: [bytes] of a first line from which on the word under way is the longest one or the last: the others end before
LONG_LINE_BYTES = MAX_METHOD_BYTES + 2 + LAST_WORD_BYTES

#: The fields that say where a message, or the whole connection, ends, and KEY; for headers in lower case
FIELD = re.compile(rb'\n(content-length|transfer-encoding|connection|upgrade|expect|idempotency-key):([^\r]*)')
#: Transfer codings that may come before ``chunked`` (RFC 9112 section 7.2)
CODINGS = frozenset((b'gzip', b'x-gzip', b'deflate', b'compress', b'x-compress'))
KEY = b'idempotency-key'
HOST = re.compile(rb'\nHost:([^\r]*)', re.IGNORECASE)
#: the host and port of an absolute Location, which TLS would not let be another one
LOCATION = re.compile(rb'\nLocation:[ \t]*(?:(https?):)?//([^/?#\r]*)', re.IGNORECASE)
#: the same of the value alone
ADDRESS = re.compile(rb'\A(?:(https?):)?//([^/?#]*)', re.IGNORECASE)
#: ports that need not be said
DEFAULT_PORTS = {b'http': (b':80',), b'https': (b':443',), b'': (b':80', b':443')}
Fields = dict[bytes, list[bytes]]   #: the values of these fields, by name


class RequestHeaders(NamedTuple):
    """What the headers of a request say.

    Args:
        name: Method and target, cut where it is overlong.
        stage: ``BODY``, ``KEYED_BODY``, ``BODY_FOR_HTTP_1_0``, ``NO_BODY`` or ``UPGRADE``.
        length: Bytes of its body, or ``CHUNKED``.
        persists: The client would use the connection again (RFC 9112 section 9.3).
        waits: The client holds its body back until it is told to go on (RFC 9110 section 10.1.1).
        bodiless: It is a HEAD: the response ends with its headers, whatever they say.
        connect: A successful response makes a tunnel of the connection.
        switches: The connection may cease to be HTTP: CONNECT or Upgrade.
        key: Of its Idempotency-Key the CRC-32, 8 hexadecimal digits; empty: it has none.
    """

    name: bytes
    stage: str
    length: int
    persists: bool
    waits: bool
    bodiless: bool
    connect: bool
    switches: bool
    key: str = ''


class ResponseHeaders(NamedTuple):
    """What the headers of a response say; ``length`` counts where the request and the status allow a body."""

    status: int
    length: int
    persists: bool


def digest_of(keys: Sequence[bytes]) -> str:
    """Return the CRC-32 of all that the fields of an Idempotency-Key say, 8 hexadecimal digits; empty: they say nothing."""
    said = b','.join(filter(None, keys))
    return f'{crc32(said):08x}' if said else ''


@lru_cache(MAX_REMEMBERED)
def read_request(headers: bytes) -> RequestHeaders:
    """Read the headers of a request.

    Args:
        headers: All from the first byte of the request line to the empty line, both included.

    Raises:
        ProtocolError: They are none of HTTP/1.x, or readers may disagree about them.
    """
    match = REQUEST.fullmatch(headers)
    if match is None:
        raise ProtocolError('no headers of an HTTP/1.x request')
    name, old, found = match[1], match[2] == b'0', fields(headers)
    length = request_length(found, old)
    method = name[:name.index(b' ')]
    connect, bodiless = method == b'CONNECT', method == b'HEAD'
    key = digest_of(found.get(KEY, ()))
    socket = not (old or length) and method == b'GET' and b'upgrade' in found and b'websocket' in items(found, b'upgrade')
    return RequestHeaders(
        name[:MAX_NAME_BYTES],
        NO_BODY if connect or bodiless else BODY_FOR_HTTP_1_0 if old else UPGRADE if socket else KEYED_BODY if key else BODY,
        length, persists(found, old),
        bool(length) and b'100-continue' in items(found, b'expect'), bodiless, connect, connect or b'upgrade' in found,
        key)


@lru_cache(MAX_REMEMBERED)
def read_response(headers: bytes) -> ResponseHeaders:
    """Read the headers of a response, from the status line to the empty line.

    Raises:
        ProtocolError: They are none of HTTP/1.x, or readers may disagree about them.
    """
    match = RESPONSE.fullmatch(headers)
    if match is None:
        raise ProtocolError('no headers of an HTTP/1.x response')
    old, found = match[1] == b'0', fields(headers)
    length = declared(found, old)
    return ResponseHeaders(int(match[2]), UNTIL_CLOSE if length is None else length, persists(found, old))


def fields(headers: bytes) -> Fields:
    """Collect the fields of ``FIELD`` from headers that are known to be well formed; values are in lower case."""
    found: Fields = {}
    for name, value in FIELD.findall(headers.lower()):
        found.setdefault(name, []).append(value.strip(b' \t'))
    return found


def items(found: Fields, name: bytes) -> list[bytes]:
    """Return the elements of a field that is a list (RFC 9110 section 5.6.1), over all its lines."""
    return [item.strip(b' \t') for item in b','.join(found.get(name, ())).split(b',')]


def request_length(found: Fields, old: bool) -> int:
    """Return the length of a request's body; a request that declares none has no body (RFC 9112 section 6.3 rule 7).

    Raises:
        ProtocolError: Both a length and chunks are declared, or another coding than ``chunked`` comes last.
    """
    length = declared(found, old)
    if length == UNTIL_CLOSE or length == CHUNKED and b'content-length' in found:
        raise ProtocolError('backends disagree about where this request ends')
    return length or 0


def declared(found: Fields, old: bool) -> int | None:
    """Return the length that headers declare; Transfer-Encoding wins (RFC 9112 section 6.3 rules 3 to 6).

    Args:
        found: Their fields.
        old: They are of HTTP/1.0, which knows no Transfer-Encoding (RFC 9112 section 6.1).

    Returns:
        [bytes], ``CHUNKED``, ``UNTIL_CLOSE`` where the last coding is another one, or None where nothing is declared.

    Raises:
        ProtocolError: More than one length, a length that is no number, or an unknown coding.
    """
    if b'transfer-encoding' in found:
        *inner, last = items(found, b'transfer-encoding')
        if old or not CODINGS.issuperset(inner) or last != b'chunked' and last not in CODINGS:
            raise ProtocolError('a Transfer-Encoding that peers may disagree about')
        return CHUNKED if last == b'chunked' else UNTIL_CLOSE
    if b'content-length' not in found:
        return None
    lengths = found[b'content-length']
    if len(lengths) > 1 or len(lengths[0]) > MAX_LENGTH_DIGITS or not lengths[0].isdigit():
        raise ProtocolError('a Content-Length that peers may disagree about')
    return int(lengths[0])


def persists(found: Fields, old: bool) -> bool:
    """Return whether the sender would use the connection again (RFC 9112 section 9.3)."""
    options = items(found, b'connection') if b'connection' in found else ()
    return b'keep-alive' in options and b'close' not in options if old else b'close' not in options


def check_first_line(data: bytes, start: int, seen: int, line: FirstLine) -> bool:
    """Refuse bytes from ``start`` on that will never become headers, so that their end is not waited for.

    Args:
        data: The bytes; no empty line is among those from ``start`` on.
        start: Where the headers begin.
        seen: Where the bytes begin that are new; those before were found good, and no line of them has ended.
        line: ``BEGUN_REQUEST`` or ``BEGUN_RESPONSE``.

    Returns:
        Whether the first line has ended.

    Raises:
        ProtocolError: They belong to another protocol.
    """
    end = data.find(CRLF, max(start, seen - 1)) + 2
    if end < 2 and seen - start > LONG_LINE_BYTES and data.find(line.word, seen - LAST_WORD_BYTES, seen) < 0 \
            and line.goes_on.fullmatch(data, seen):
        return False
    if not line.begun.fullmatch(data, start, end if end > 1 else len(data)):
        raise ProtocolError('this is not HTTP/1.x')
    return end > 1


def check_line_ends(data: bytes, start: int, seen: int) -> None:
    """Refuse a line feed without a carriage return: some readers take it for the end of a line, some do not.

    Args:
        data: The bytes.
        start: Where lines begin.
        seen: Where the bytes begin that are new.
    """
    if data.count(b'\n', seen) != data.count(CRLF, max(start, seen - 1)):
        raise ProtocolError('a bare line feed')


def with_field(headers: bytes, name: bytes, value: bytes) -> bytes:
    """Return headers in which the field ``name`` has this one value, where it stood, or else at the top."""
    first, *lines = headers.split(CRLF)
    prefix = name.lower() + b':'
    places = [place for place, line in enumerate(lines) if line.lower().startswith(prefix)]
    others = frozenset(places[1:])
    kept = [line for place, line in enumerate(lines) if place not in others]
    line = name + b': ' + value
    if places:
        kept[places[0]] = line
    else:
        kept.insert(0, line)
    return CRLF.join([first, *kept])


def without_field(message: bytes, name: bytes) -> bytes:
    """Return the beginning of a message, all of its headers among it, without the lines of a field; its name in lower case."""
    headers, end, rest = message.partition(END_OF_HEADERS)
    lines = [line for line in headers.split(CRLF) if not line.lower().startswith(name + b':')]
    return CRLF.join(lines) + end + rest


def host_of(headers: bytes) -> bytes:
    """Return the value of the first Host field; empty: there is none."""
    found = HOST.search(headers)
    return found[1].strip() if found else b''


def redirected(headers: bytes, backend: bytes, proxy: bytes, place: re.Pattern[bytes] = LOCATION) -> bytes:
    """Return headers in which a Location at the backend is the same at the proxy.

    Args:
        headers: Those of a response.
        backend: The backend's host and port; port 80 need not be said, nor 443 with https.
        proxy: Those of the proxy, as the client knows them; empty: that is not known.
        place: Finds the Location in them; ``ADDRESS``: they are its value.
    """
    found = place.search(headers)
    if found is None or not proxy:
        return headers
    host, scheme = backend.lower(), (found[1] or b'').lower()
    if found[2].lower() not in (host, *(host.removesuffix(port) for port in DEFAULT_PORTS[scheme])):
        return headers
    return headers[:found.start(2)] + proxy + headers[found.end(2):]


def closing(headers: bytes) -> bytes:
    """Return headers that say that the connection ends; all else in their Connection field is kept."""
    options = [item for item in items(fields(headers), b'connection') if item not in (b'', b'keep-alive', b'close')]
    return with_field(headers, b'Connection', b', '.join([*options, b'close']))
