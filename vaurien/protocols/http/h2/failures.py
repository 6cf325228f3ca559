"""How servers of HTTP/2 fail: the kinds that HTTP/1 has not, and how those that both have look here. Knows no loop.

All that is written here is literal, so that no table of the two peers moves (RFC 7541 section 6.2.2).
"""
from collections.abc import Callable
from email.utils import formatdate
from typing import Any, Final, NamedTuple

from ...base import Exchange
from ...message import Failure, FailureKind, MessageProtocol
from ..events.halves import EventHalf
from ..headers import BARE_STREAM, CALL, KEYED_STREAM, STREAM, UPGRADE_STREAM
from ..written import HTML_TYPE, RETRY_AFTER, Field, Written, page, with_page
from . import frames
from .heads import Asked
from .hpack import encoded
from .messages import Messages

#: what ``Fault.drops`` may be
REQUEST, RESPONSE, NOTHING = 'request', 'response', ''
ANSWER_OF_HTTP_1: Final = b'HTTP/1.1 400 Bad Request\r\nServer: vaurien\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
PAGE: Final = Written(200, (HTML_TYPE,))     #: the headers of a page that does not come as it should
TOO_LARGE = 20_000              #: [bytes] of a frame of which a client has allowed 16,384 at most


class Fault(NamedTuple):
    """What happens to one stream.

    Args:
        reply: The frames that the client gets in place of the response; where nothing is dropped, before the request goes on.
        content: [bytes] of them that count in the client's window.
        drops: ``request``: the backend gets nothing of it; ``response``: the client gets nothing of that, and ``reply`` when it
            is complete; empty: both pass.
        at_once: The reply need not wait until the client has sent all of its request.
        then: ``silence``: the stream is never ended. ``close``: the client's connection ends after the reply. ``refuse``:
            requests after ``last`` are dropped, since the client was told that they would be.
        last: The last stream that the client was told is served.
        after: Frames that the client gets when the response is complete.
        settings: How many SETTINGS are in the reply, which the client acknowledges.
        stalls: The client gets no more credit for uploads.
        half: The first half of the response passes.
        status: That of the reply; 0: none.
        call: What the reply says of a call of gRPC, a number; None: nothing.
        passes: Which messages of the response pass before the reply takes the place of the rest; None: none do.
        edit: What changes the response on its way, an ``own.stream_editor.StreamEditor``; None: it stays as it is.
        events: What happens between two events of the response, which passes up to there; None: nothing.
    """

    reply: bytes = b''
    content: int = 0
    drops: str = REQUEST
    at_once: bool = False
    then: str = ''
    last: int = frames.LAST_STREAM
    after: bytes = b''
    settings: int = 0
    stalls: bool = False
    half: bool = False
    status: int = 0
    call: int | None = None
    passes: Messages | None = None
    edit: Any = None
    events: EventHalf | None = None


Make = Callable[[Asked], Fault]


def builder(make: Make) -> Callable[[MessageProtocol, Exchange], Failure]:
    """Return what notes a fault, and says the same in the words of all protocols."""
    def build(protocol: MessageProtocol, exchange: Exchange) -> Failure:
        fault = exchange.note.fault = make(exchange.note)
        if fault.status:
            exchange.note.status = fault.status
        end = fault.then if fault.then in ('silence', 'close') else '' if fault.status else 'reset'
        return Failure(fault.reply, b'' if fault.drops == REQUEST else None, end)
    return build


def head(asked: Asked, written: Written, length: int | None, end: bool = False) -> bytes:
    """Write the headers of a response with a body of so many bytes; None: they do not say how many."""
    lines = [(':status', str(written.status)), *written.started(formatdate(usegmt=True))]
    if length is not None:
        lines.append(('content-length', str(length)))
    coded = encoded([(name.lower().encode(), value.encode(), False) for name, value in lines])
    return frames.headers(asked.stream, coded, frames.END_STREAM if end else 0)


def respond(asked: Asked, written: Written) -> Fault:
    """Answer a request with a response, of which as much comes as the client takes of a new stream."""
    body = written.body[:asked.window]
    bare = asked.bodiless or written.bodiless or not body
    start = head(asked, written, None if written.bodiless else len(body), bare)
    if bare:
        return Fault(start, status=written.status)
    return Fault(start + content(asked, body), len(body), status=written.status)


def content(asked: Asked, body: bytes) -> bytes:
    """Write a body, to its end, in frames that the client takes."""
    return b''.join(frames.frame(frames.DATA, at + asked.room >= len(body), asked.stream, body[at:at + asked.room])
                    for at in range(0, len(body), asked.room))


def refusal(status: int, *fields: Field) -> Make:
    """Return a maker of complete responses with an error status and its page."""
    def make(asked: Asked) -> Fault:
        return respond(asked, with_page(status, *fields))
    return make


def broken(code: int) -> Make:
    """Return a maker of RST_STREAM before any response."""
    def make(asked: Asked) -> Fault:
        return Fault(frames.reset(asked.stream, code), at_once=True)
    return make


def part(code: int | None, then: str = '', whole: bool = False) -> Make:
    """Return a maker of responses that end in the middle of their page.

    Args:
        code: That of the RST_STREAM which ends it; None: the stream ends as if that were all, or not at all.
        then: As in ``Fault``.
        whole: All of the page comes, and its length was not told.
    """
    def make(asked: Asked) -> Fault:
        body = page(200)[:asked.window]
        sent = body if whole else body[:len(body) // 2]
        ends = code is None and not then
        reply = head(asked, PAGE, None if whole else len(body)) + frames.frame(frames.DATA, ends, asked.stream, sent)
        return Fault(reply + (b'' if code is None else frames.reset(asked.stream, code)), len(sent), then=then)
    return make


def lost(asked: Asked) -> Fault:
    """Drop the response, and reset the stream when it is complete."""
    return Fault(frames.reset(asked.stream, frames.INTERNAL_ERROR), drops=RESPONSE)


def halved(asked: Asked) -> Fault:
    """Let half of the response pass, and reset the stream."""
    return Fault(frames.reset(asked.stream, frames.INTERNAL_ERROR), drops=RESPONSE, half=True)


def goaway_refused(asked: Asked) -> Fault:
    """Refuse this request and all later ones."""
    return Fault(frames.goaway(asked.before, frames.NO_ERROR), at_once=True, then='refuse', last=asked.before)


def goaway_calm(asked: Asked) -> Fault:
    """Refuse this request and all later ones for too many pings, and close."""
    return Fault(frames.goaway(asked.before, frames.ENHANCE_YOUR_CALM, b'too_many_pings'), at_once=True, then='close')


def goaway_drain(asked: Asked) -> Fault:
    """Serve this request as the last one."""
    return Fault(frames.goaway(asked.stream, frames.NO_ERROR), drops=NOTHING, then='refuse', last=asked.stream)


def goaway_idle(asked: Asked) -> Fault:
    """Take no more requests once this one is served."""
    return Fault(drops=NOTHING, after=frames.goaway(asked.stream, frames.NO_ERROR), then='refuse', last=asked.stream)


def stalled_window(asked: Asked) -> Fault:
    """Give no more credit for uploads."""
    return Fault(frames.settings((frames.INITIAL_WINDOW_SIZE, 0)), drops=NOTHING, settings=1, stalls=True)


def no_streams(asked: Asked) -> Fault:
    """Allow no more requests after this one."""
    return Fault(frames.settings((frames.MAX_CONCURRENT_STREAMS, 0)), drops=NOTHING, settings=1)


def bad_header_block(asked: Asked) -> Fault:
    """Answer with headers that refer to a field of no table."""
    return Fault(frames.headers(asked.stream, b'\xff' * 6), at_once=True, then='silence')


def frame_too_large(asked: Asked) -> Fault:
    """Answer with a frame that is larger than the client has allowed."""
    size = max(TOO_LARGE, asked.room + 1)
    reply = head(asked, PAGE, size) + frames.frame(frames.DATA, 0, asked.stream, bytes(min(size, frames.MAX_FRAME_BYTES)))
    return Fault(reply, at_once=True, then='silence')


def http1_answer(asked: Asked) -> Fault:
    """Answer with a response of HTTP/1."""
    return Fault(ANSWER_OF_HTTP_1, at_once=True, then='close')


WITH_PAGE = (STREAM, KEYED_STREAM)
ANY_STREAM = (*WITH_PAGE, BARE_STREAM, UPGRADE_STREAM, CALL)

#: those that HTTP/1 has too, as they are in HTTP/2
BOTH: Final[dict[str, Make]] = {
    '500': refusal(500), '501': refusal(501), '502': refusal(502), '503': refusal(503, RETRY_AFTER), '504': refusal(504),
    '429': refusal(429, RETRY_AFTER), 'truncated': part(None), 'reset': part(frames.INTERNAL_ERROR), 'lost-reply': lost,
    'half-reply': halved,
}

#: codes that servers seldom reset streams with: by name the code, and when one does
RESETS: Final = {
    'no-error': (frames.NO_ERROR, 'the server needs no more of the request, and has not answered either'),
    'protocol-error': (1, 'the server takes the stream for a wrong one'),
    'flow-control-error': (3, 'the server takes the client for one that heeds no window'),
    'settings-timeout': (4, 'the server has waited too long for the acknowledgement of its settings'),
    'stream-closed': (5, 'the server takes the stream for one that has ended'),
    'frame-size-error': (6, 'the server takes a frame for one of a wrong size'),
    'compression-error': (9, 'the server cannot read the headers'),
    'connect-error': (10, 'what a tunnel leads to has reset it'),
    'inadequate-security': (12, 'the transport is not secure enough for the server'),
}


def kind(description: str, make: Make, category: str, only_named: bool = True, stages: tuple[str, ...] = ANY_STREAM,
         scope: str = 'request') -> FailureKind:
    """Return a row of the table below."""
    return FailureKind(description, stages, builder(make), (), category, scope, only_named)


ERRORS: Final = {
    'refused-stream': kind(
        "HTTP/2: the server has not looked at the request, and it may be sent again: RST_STREAM with REFUSED_STREAM.",
        broken(frames.REFUSED_STREAM), 'A', False, scope='server'),
    'internal-error': kind(
        "HTTP/2: the server's own code has failed: RST_STREAM with INTERNAL_ERROR before any response.",
        broken(frames.INTERNAL_ERROR), 'B', False),
    'enhance-your-calm': kind(
        "HTTP/2: the client does too much for the server: RST_STREAM with ENHANCE_YOUR_CALM before any response.",
        broken(frames.ENHANCE_YOUR_CALM), 'A', False),
    'cancel': kind(
        "HTTP/2: the server or a gateway needs the stream no more: RST_STREAM with CANCEL before any response. Some clients take "
        "that for an empty one.", broken(frames.CANCEL), 'B', False),
    'http11-required': kind(
        "HTTP/2: the request needs HTTP/1.1: RST_STREAM with HTTP_1_1_REQUIRED.",
        broken(frames.HTTP_1_1_REQUIRED), 'B', False),
    **{name: kind(f"HTTP/2: {words}: RST_STREAM with {name.upper().replace('-', '_')}.", broken(code), 'E')
       for name, (code, words) in RESETS.items()},
    'mid-reset': kind(
        "HTTP/2: the server's code has failed in the middle of a response: RST_STREAM with INTERNAL_ERROR after half of the "
        "page. Not for HEAD and CONNECT.", part(frames.INTERNAL_ERROR), 'E', False, WITH_PAGE),
    'mid-cancel': kind(
        "HTTP/2: the stream is cancelled in the middle of a response: RST_STREAM with CANCEL after half of the page. Some "
        "clients take that for all of it. Not for HEAD and CONNECT.", part(frames.CANCEL), 'E', False, WITH_PAGE),
    'no-end-stream': kind(
        "HTTP/2: the server forgets the stream: all of the page comes, and its end never. Not for HEAD and CONNECT.",
        part(None, 'silence', whole=True), 'D', False, WITH_PAGE),
    'goaway-refused': kind(
        "HTTP/2: the server shuts down: GOAWAY says that it has not looked at this request, nor at later ones of the connection.",
        goaway_refused, 'A', scope='server'),
    'goaway-drain': kind(
        "HTTP/2: the server shuts down gracefully: GOAWAY, and the request is still served, but none after it on the connection.",
        goaway_drain, 'F', scope='server'),
    'goaway-calm': kind(
        "HTTP/2: the server takes the client for an attacker: GOAWAY with ENHANCE_YOUR_CALM (too_many_pings), then the "
        "connection closes.", goaway_calm, 'F'),
    'goaway-idle': kind(
        "HTTP/2: the server has served enough requests on the connection: the response comes, and GOAWAY after it.",
        goaway_idle, 'F'),
    'stalled-window': kind(
        "HTTP/2: the server takes no more uploads: SETTINGS with a window of 0, and no credit from then on. Requests without a "
        "body are served.", stalled_window, 'D', scope='server'),
    'no-streams': kind(
        "HTTP/2: the server allows no requests after this one: SETTINGS with MAX_CONCURRENT_STREAMS 0.", no_streams, 'D',
        scope='server'),
    'bad-header-block': kind(
        "HTTP/2: headers that cannot be decoded; the client gives the connection up.", bad_header_block, 'E'),
    'frame-too-large': kind(
        "HTTP/2: a frame that is larger than the client has allowed; it gives the connection up. Not for HEAD and CONNECT.",
        frame_too_large, 'E', stages=WITH_PAGE),
    'http1-answer': kind(
        "HTTP/2: something that speaks HTTP/1 answers, and closes: HTTP/1.1 400.", http1_answer, 'E'),
}
