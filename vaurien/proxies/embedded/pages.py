"""The pages of the embedded backend, and which path is which. Knows no wire."""
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import gevent

from ...errors import ConfigError
from ...options import Bounded, Option, convert
from . import anthropic, openai
from .answering import HTML, JSON, Request, Response, status_text, text, whole
from .events import EVENTS_TYPE, LINES_TYPE, event, streamed

MAX_BODY_BYTES = 2**30  #: [bytes] of ``/bytes/N`` at most; 1 GiB is long enough for any test, and none of it is held
MAX_DELAY = 60.0  #: [s] of ``/delay/S`` at most; clients give up sooner
MAX_ECHO_BYTES = 2**20  #: [bytes] of a body that ``/echo`` sends back at most, since it has to hold them
BODYLESS_STATUSES = (204, 205, 304)  #: statuses without a body
BLOCK = b'vaurien\n' * 8192  #: 64 KiB of what ``/bytes/N`` is made of
READ_BYTES = len(BLOCK)  #: [bytes] of a body that are read at once
STATUS = Option("The status of the response", Bounded(int, 200, 599), 200)
BYTES = Option("Bytes of the response's body", Bounded(int, 0, MAX_BODY_BYTES), 0)
DELAY = Option("Seconds until the response", Bounded(float, 0, MAX_DELAY), 0.0)
MAX_EVENTS = 10_000    #: of ``/events/N`` and ``/lines/N`` at most
EVENTS = Option("Events of the response", Bounded(int, 0, MAX_EVENTS), 0)
FRONT_PAGE = f"""<!DOCTYPE html>
<html>
<head><title>vaurien</title></head>
<body>
<h1>It works</h1>
<p>This is the HTTP backend inside vaurien. It has this page, and besides:</p>
<ul>
<li>/status/N: a response with the status N, 200 to 599</li>
<li>/bytes/N: N bytes, at most {MAX_BODY_BYTES}</li>
<li>/delay/S: a response after S seconds, at most {MAX_DELAY:g}</li>
<li>/headers: the header fields of the request, as JSON</li>
<li>/echo: the body of the request, at most {MAX_ECHO_BYTES} bytes</li>
<li>/events/N: N server-sent events</li>
<li>/lines/N: N lines of JSON</li>
<li>/ws: a WebSocket that sends back what it gets</li>
<li>/v1/chat/completions: a completion as of OpenAI's API, also streamed</li>
<li>/v1/messages: a completion as of Anthropic's API, also streamed</li>
</ul>
<p>HTTP/2 is spoken too, by prior knowledge, and in it gRPC:</p>
<ul>
<li>/grpc.health.v1.Health: Check and Watch, which say that all is well</li>
</ul>
</body>
</html>
"""


def front(request: Request) -> Response:
    """Show what there is."""
    return whole(200, HTML, FRONT_PAGE.encode())


def status(request: Request) -> Response:
    """Answer with the status that the path names."""
    number = convert('/status/N', STATUS, request.number)
    return text(number, status_text(number))


def some_bytes(request: Request) -> Response:
    """Send as many bytes as the path says, without holding them."""
    count = convert('/bytes/N', BYTES, request.number)
    return Response(200, 'application/octet-stream', blocks(count), count)


def delay(request: Request) -> Response:
    """Answer after the seconds that the path says."""
    seconds = convert('/delay/S', DELAY, request.number)
    gevent.sleep(seconds)
    return text(200, f'after {seconds:g} s')


def headers(request: Request) -> Response:
    """Show the header fields that arrived; names as they are usually written, since WSGI has lost the case."""
    found = {name.removeprefix('HTTP_').replace('_', '-').title(): value for name, value in request.environ.items()
             if name.startswith('HTTP_') or name in ('CONTENT_TYPE', 'CONTENT_LENGTH')}
    return whole(200, JSON, json.dumps(found, indent=2).encode() + b'\n')


def echo(request: Request) -> Response:
    """Send the body back."""
    if request.body is None:
        return text(413, f'/echo: the body is too large, at most {MAX_ECHO_BYTES} bytes are sent back')
    return whole(200, request.environ.get('CONTENT_TYPE') or 'application/octet-stream', request.body)


def some_events(request: Request) -> Response:
    """Send as many server-sent events as the path says, each when the one before has left."""
    count = convert('/events/N', EVENTS, request.number)
    return streamed(EVENTS_TYPE, (event(json.dumps({'number': number})) for number in range(1, count + 1)))


def some_lines(request: Request) -> Response:
    """Send as many lines of JSON as the path says."""
    count = convert('/lines/N', EVENTS, request.number)
    return streamed(LINES_TYPE, (b'%s\n' % json.dumps({'number': number}).encode() for number in range(1, count + 1)))


def socket_only(request: Request) -> Response:
    """Say what the path is for; where a WebSocket is asked for, nothing comes here."""
    return text(426, '/ws: a WebSocket is spoken here: ws://')


#: The responses, by the name in the path: ``/name``, and ``/name/number``
PAGES: dict[str, Callable[[Request], Response]] = {'': front, 'headers': headers, 'echo': echo, 'ws': socket_only}
PAGES_WITH_NUMBER: dict[str, Callable[[Request], Response]] = {
    'status': status, 'bytes': some_bytes, 'delay': delay, 'events': some_events, 'lines': some_lines}
#: those of APIs, by their whole path; they are asked by POST
CALLS: dict[str, Callable[[Request], Response]] = {'/v1/chat/completions': openai.complete, '/v1/messages': anthropic.complete}


def answer(environ: dict[str, Any]) -> Response:
    """Answer a request; a mistake in it is answered 400 or 404, with one line that says how it should be."""
    body = read_body(environ['wsgi.input'])
    root, _, path = environ['PATH_INFO'].partition('/')
    name, slash, number = path.partition('/')
    make = CALLS.get(environ['PATH_INFO']) or PAGES_WITH_NUMBER.get(name) or (None if slash else PAGES.get(name))
    if make is None or root:
        return text(404, 'there is nothing here; see / for what there is')
    try:
        return make(Request(number, body, environ))
    except ConfigError as error:
        return text(400, str(error))


def read_body(source: Any) -> bytes | None:
    """Read a request's body to its end.

    Returns:
        The body; None where it is larger than ``MAX_ECHO_BYTES``.
    """
    kept, size = [], 0
    while piece := source.read(READ_BYTES):
        size += len(piece)
        if size <= MAX_ECHO_BYTES:
            kept.append(piece)
    return b''.join(kept) if size <= MAX_ECHO_BYTES else None


def blocks(count: int) -> Iterator[bytes]:
    """Make ``count`` bytes, a block at a time."""
    for _ in range(count // READ_BYTES):
        yield BLOCK
    yield BLOCK[:count % READ_BYTES]


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a request by the rules of WSGI (PEP 3333); to HEAD, and with 204, 205 and 304, without a body."""
    found = answer(environ)
    if found.status in BODYLESS_STATUSES:
        start_response(status_text(found.status), [('Content-Length', '0')] if found.status == 205 else [])
        return ()
    fields = [('Content-Type', found.type)] + ([] if found.length is None else [('Content-Length', str(found.length))])
    start_response(status_text(found.status), fields)
    return () if environ['REQUEST_METHOD'] == 'HEAD' else found.body
