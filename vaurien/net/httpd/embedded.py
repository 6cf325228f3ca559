"""A small HTTP backend inside the process, ``--backend embedded``: enough to try every fault without another server.

Knows no proxy; a proxy knows it by its address.
"""
import json
import logging
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import Any, NamedTuple

import gevent
from gevent.pool import Pool

from ...address import Address
from ...errors import ConfigError
from ...options import Bounded, Option, convert
from .handler import Log, QuietHandler, QuietServer

logger = logging.getLogger(__name__)

HOST = '127.0.0.1'
MAX_BODY_BYTES = 2**30  #: [bytes] of ``/bytes/N`` at most; 1 GiB is long enough for any test, and none of it is held
MAX_DELAY = 60.0  #: [s] of ``/delay/S`` at most; clients give up sooner
MAX_ECHO_BYTES = 2**20  #: [bytes] of a body that ``/echo`` sends back at most, since it has to hold them
BODYLESS_STATUSES = (204, 205, 304)  #: statuses without a body
BLOCK = b'vaurien\n' * 8192  #: 64 KiB of what ``/bytes/N`` is made of
READ_BYTES = len(BLOCK)  #: [bytes] of a body that are read at once
STATUS = Option("The status of the response", Bounded(int, 200, 599), 200)
BYTES = Option("Bytes of the response's body", Bounded(int, 0, MAX_BODY_BYTES), 0)
DELAY = Option("Seconds until the response", Bounded(float, 0, MAX_DELAY), 0.0)
TEXT, HTML, JSON = 'text/plain; charset=utf-8', 'text/html; charset=utf-8', 'application/json'
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
</ul>
</body>
</html>
"""


class Request(NamedTuple):
    """What a response may depend on.

    Args:
        number: What stands in the path after the name, as text; it may be empty.
        body: The body; None: it is larger than ``MAX_ECHO_BYTES``, and was dropped.
        environ: The rest, as WSGI has it.
    """

    number: str
    body: bytes | None
    environ: dict[str, Any]


class Response(NamedTuple):
    """What a request is answered with: bytes, or an iterable of them and how many they are."""

    status: int
    type: str
    body: Iterable[bytes]
    length: int


def text(status: int, line: str) -> Response:
    """Answer one line of text."""
    return whole(status, TEXT, f'{line}\n'.encode('utf-8', 'replace'))


def whole(status: int, kind: str, body: bytes) -> Response:
    """Answer a body that is at hand."""
    return Response(status, kind, (body,), len(body))


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


#: The responses, by the name in the path: ``/name``, and ``/name/number``
PAGES: dict[str, Callable[[Request], Response]] = {'': front, 'headers': headers, 'echo': echo}
PAGES_WITH_NUMBER: dict[str, Callable[[Request], Response]] = {'status': status, 'bytes': some_bytes, 'delay': delay}


def answer(environ: dict[str, Any]) -> Response:
    """Answer a request; a mistake in it is answered 400 or 404, with one line that says how it should be."""
    body = read_body(environ['wsgi.input'])
    root, _, path = environ['PATH_INFO'].partition('/')
    name, slash, number = path.partition('/')
    make = PAGES_WITH_NUMBER.get(name) or (None if slash else PAGES.get(name))
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


def status_text(number: int) -> str:
    """Write a status with its name, where it has one."""
    return f'{number} {HTTPStatus(number).phrase if number in list(HTTPStatus) else "Unnamed"}'


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a request by the rules of WSGI (PEP 3333); to HEAD, and with 204, 205 and 304, without a body."""
    found = answer(environ)
    if found.status in BODYLESS_STATUSES:
        start_response(status_text(found.status), [('Content-Length', '0')] if found.status == 205 else [])
        return ()
    fields = [('Content-Type', found.type), ('Content-Length', str(found.length))]
    start_response(status_text(found.status), fields)
    return () if environ['REQUEST_METHOD'] == 'HEAD' else found.body


class Embedded:
    """The backend: ``start`` it, give its ``address`` to a proxy, ``stop`` it."""

    def __init__(self) -> None:
        self._server: QuietServer | None = None

    @property
    def address(self) -> Address:
        """Where it listens.

        Raises:
            RuntimeError: It has not been started.
        """
        if self._server is None:
            raise RuntimeError('the embedded backend has not been started')
        return Address(HOST, self._server.server_port)

    def start(self) -> None:
        """Listen on a free port of the loopback interface; nothing happens where it does already."""
        if self._server is None:
            log: Any = Log()
            server = QuietServer((HOST, 0), application, spawn=Pool(), handler_class=QuietHandler, log=log,
                                 error_log=log, environ={'SERVER_NAME': HOST})   # else it would be looked up
            server.start()
            self._server = server
            logger.debug('the embedded backend listens on %s', self.address)

    def stop(self) -> None:
        """Stop listening and drop its connections; nothing happens where it does not listen."""
        server, self._server = self._server, None
        if server is not None:
            server.stop(timeout=0)
