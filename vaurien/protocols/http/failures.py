"""How HTTP servers fail: the table of kinds and the bytes of each. Knows no stream and no framer.

Each response says that it was injected: the page in words, the headers in their field ``Server``.
"""
from collections.abc import Callable
from email.utils import formatdate

from ..base import Exchange
from ..message import Failure, FailureKind, MessageProtocol, half_reply, lost_reply
from .halves import HalfBody
from .headers import (
    BARE_STREAM,
    BODY,
    BODY_FOR_HTTP_1_0,
    CALL,
    KEYED_BODY,
    KEYED_STREAM,
    NO_BODY,
    STREAM,
    UPGRADE,
    UPGRADE_STREAM,
)
from .written import HTML_TYPE, RETRY_AFTER, Field, Written, page, status_text, with_page

SLOW_HEADERS_PAUSE = 0.1         #: [s] between two bytes of slow headers, about 20 s in all: no single read gives up so soon
#: a good chunk, then one whose size is no number
GOOD_AND_BAD_CHUNK = b'%x\r\n%b\r\n' + b'vaurien\r\nThe size of this chunk is no number.\r\n'


def stays(protocol: MessageProtocol, exchange: Exchange) -> bool:
    """Return whether the connection goes on after a response made here.

    It does where the client would go on (RFC 9112 section 9.3), unless the client waits to be told to send its body:
    it may now send the body or not, and the bytes of one cannot be told from the next request.
    """
    headers = exchange.note
    return bool(headers.persists and not headers.waits and protocol.option('keep_alive'))


def write_headers(status: int, stay: bool, *fields: Field) -> bytes:
    """Write the headers of a response.

    Args:
        status: The status code.
        stay: The server would go on with the connection.
        fields: Further fields, in their order.
    """
    lines = [f'{name}: {value}' for name, value in Written(status, fields).started(formatdate(usegmt=True))]
    ending = 'Connection: keep-alive' if stay else 'Connection: close'
    return '\r\n'.join((f'HTTP/1.1 {status_text(status)}', *lines, ending, '', '')).encode()


def respond(protocol: MessageProtocol, exchange: Exchange, written: Written) -> Failure:
    """Answer a request of HTTP/1 with a response; the connection stays open if the peers agreed on that.

    After one that would make a tunnel of the connection (RFC 9110 section 9.3.6) it closes: there is nothing at the other end.
    """
    tunnel = exchange.note.connect and written.status < 300
    stay, bare = stays(protocol, exchange) and not tunnel, written.bodiless or tunnel
    length = () if bare else (('Content-Length', str(len(written.body))),)
    start = write_headers(written.status, stay, *written.fields, *length)
    return Failure(start if bare or exchange.note.bodiless else start + written.body, end='' if stay else 'close')


def refusal(status: int, *fields: Field) -> Callable[[MessageProtocol, Exchange], Failure]:
    """Return a builder of complete responses with an error status and its page."""
    def build(protocol: MessageProtocol, exchange: Exchange) -> Failure:
        return respond(protocol, exchange, with_page(status, *fields))
    return build


def half(end: str) -> Callable[[MessageProtocol, Exchange], Failure]:
    """Return a builder of responses that end in the middle of their page, by FIN (``close``) or RST (``reset``)."""
    def build(protocol: MessageProtocol, exchange: Exchange) -> Failure:
        body = page(200)
        start = write_headers(200, stays(protocol, exchange), HTML_TYPE, ('Content-Length', str(len(body))))
        return Failure(start + body[:len(body) // 2], end=end)
    return build


def malformed_chunk(protocol: MessageProtocol, exchange: Exchange) -> Failure:
    """Respond with a good chunk and a bad one."""
    body = page(200)
    start = write_headers(200, stays(protocol, exchange), HTML_TYPE, ('Transfer-Encoding', 'chunked'))
    return Failure(start + GOOD_AND_BAD_CHUNK % (len(body), body), end='close')


def empty_response(protocol: MessageProtocol, exchange: Exchange) -> Failure:
    """Close without a byte."""
    return Failure(end='close')


def slow_headers(protocol: MessageProtocol, exchange: Exchange) -> Failure:
    """Respond with a 503 without a page, byte by byte."""
    stay = stays(protocol, exchange)
    start = write_headers(503, stay, RETRY_AFTER, HTML_TYPE, ('Content-Length', '0'))
    return Failure(start, end='' if stay else 'close', pause=SLOW_HEADERS_PAUSE)


WITH_CHUNKS = (BODY, KEYED_BODY, UPGRADE)
WITH_BODY = (*WITH_CHUNKS, BODY_FOR_HTTP_1_0)
ANY_STAGE = (*WITH_BODY, NO_BODY)
WITH_PAGE = (*WITH_BODY, STREAM, KEYED_STREAM)         #: in HTTP/2 too
ANYWHERE = (*WITH_PAGE, NO_BODY, BARE_STREAM, UPGRADE_STREAM, CALL)
ERRORS = {
    '500': FailureKind(
        "The server's own code has failed: 500 with a page; the connection stays open.",
        ANYWHERE, refusal(500), ('500',), 'A'),
    '501': FailureKind(
        "The server knows no such method: 501 with a page; the connection stays open.",
        ANYWHERE, refusal(501), ('501',), 'B'),
    '502': FailureKind(
        "A gateway got an invalid response from the server behind it: 502 with a page; the connection stays open.",
        ANYWHERE, refusal(502), ('502',), 'A', 'server'),
    '503': FailureKind(
        "The server is overloaded or in maintenance: 503 with a page and Retry-After; the connection stays open.",
        ANYWHERE, refusal(503, RETRY_AFTER), ('503',), 'A', 'server'),
    '504': FailureKind(
        "A gateway has waited too long for the server behind it: 504 with a page; the connection stays open.",
        ANYWHERE, refusal(504), ('504',), 'A', 'server'),
    '429': FailureKind(
        "The client has sent too many requests: 429 with a page and Retry-After; the connection stays open.",
        ANYWHERE, refusal(429, RETRY_AFTER), ('429',), 'A', 'server'),
    'truncated': FailureKind(
        "The server has died in the middle of a response: the connection closes before Content-Length is reached. Not for "
        "HEAD and CONNECT.", WITH_PAGE, half('close'), category='E'),
    'malformed-chunk': FailureKind(
        "The server has lost its place in a chunked response: a chunk whose size is no number, then the connection closes. "
        "Not for HEAD, CONNECT and clients of HTTP/1.0.", WITH_CHUNKS, malformed_chunk, category='E'),
    'empty-response': FailureKind(
        "The server has closed an idle connection just as the request came: it closes without a byte.",
        ANY_STAGE, empty_response, category='F'),
    'reset': FailureKind(
        "The server's process was killed in the middle of a response: the connection is reset. Not for HEAD and CONNECT.",
        WITH_PAGE, half('reset'), category='E'),
    'slow-headers': FailureKind(
        "The server is hardly alive: the headers of a 503 come byte by byte over some 20 s. A client that limits the time of "
        "each read never gives up; one that limits the time of the whole request does.",
        ANY_STAGE, slow_headers, category='D', scope='server'),
    'lost-reply': lost_reply(ANYWHERE),
    'half-reply': half_reply((*WITH_PAGE, CALL), HalfBody),
}
