"""How httpx, curl and node meet the failures of HTTP/2, in front of nginx; a part of the rows of http."""
import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import httpx

from tests.support.processes import HOST
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.protocols.http.h2.failures import RESETS

from .curl import with_curl
from .node import HTTP2_CLIENT, IMPATIENT_HTTP2
from .rows import ANEW, KEPT, REOPENED, Client, Row

Fetch = Callable[..., str]     #: fetches a path, or sends content to it, and returns the page
KNOWN = ('--http2-prior-knowledge',)
SOON = 400 * MS     #: [s] that a client waits which waits in vain


@contextlib.contextmanager
def with_httpx(port: int, seconds: float = PATIENCE) -> Iterator[Fetch]:
    """Fetch by one client of httpx that speaks HTTP/2 alone, and takes an error status for an error."""
    with httpx.Client(base_url=f'http://{HOST}:{port}', trust_env=False, timeout=seconds, http1=False, http2=True) as session:
        def fetch(path: str, content: bytes = b'') -> str:
            return session.request('POST' if content else 'GET', path, content=content).raise_for_status().text
        yield fetch


def works(fetch: Fetch) -> None:
    """Fetch two pages."""
    assert [fetch('/'), fetch('/index.html')] == ['<h1>It works</h1>\n'] * 2


def status(error: Any) -> object:
    """Return the status that an error carries."""
    return error.response.status_code if isinstance(error, httpx.HTTPStatusError) else ''


HTTPX = Client('httpx, HTTP/2', with_httpx, works, status)
CURL = Client('curl --fail, HTTP/2', partial(with_curl, options=KNOWN), works)
IMPATIENT_HTTPX = Client('httpx, HTTP/2, with a timeout', partial(with_httpx, seconds=SOON), works, status)
IMPATIENT_CURL = Client('curl --max-time, HTTP/2', partial(with_curl, seconds=SOON, options=KNOWN), works)


def http2(server: Any) -> str:
    """Return where nginx speaks HTTP/2."""
    return f'unix:{server.folder}/http2.socket'


def get(fetch: Fetch) -> str:
    """Fetch the page."""
    return fetch('/').strip()


def get_and_send(fetch: Fetch) -> str:
    """Fetch the page, and then send more than the first window takes."""
    fetch('/')
    return fetch('/accept', bytes(200_000)).strip()


def get_second(fetch: Fetch) -> str:
    """Fetch something on the connection first."""
    fetch('/accept')
    return get(fetch)


def get_twice(fetch: Fetch) -> str:
    """Fetch the page twice."""
    fetch('/')
    return fetch('/').strip()


def row(kind: str, client: Client, met: str, afterwards: str, did: str = 'GET /', act: Callable[[Fetch], str] = get) -> Row:
    """Make a row."""
    return Row(kind, client, did, act, met, afterwards, match='^GET /$', backend=http2)


REMOTE, LOCAL, PAGE = 'httpx.RemoteProtocolError', 'httpx.LocalProtocolError', '<h1>It works</h1>'
STATUSES = ('500', '501', '502', '503', '504', '429')
#: kind -> what httpx meets, what it works on with, and what curl meets
MET = {
    **{kind: (f'httpx.HTTPStatusError {kind}', KEPT, 'exit status 22') for kind in STATUSES},
    'response': ('httpx.HTTPStatusError 503', KEPT, 'exit status 22'), 'edited': (PAGE, KEPT, PAGE),
    'refused-stream': (REMOTE, KEPT, PAGE),     # curl tries again by itself
    **dict.fromkeys(('internal-error', 'enhance-your-calm', 'cancel', 'mid-reset', 'mid-cancel', 'reset', 'lost-reply',
                     'half-reply', *RESETS), (REMOTE, KEPT, 'exit status 92')),
    'http11-required': (REMOTE, KEPT, 'exit status 1'),     # curl speaks HTTP/1.1 then, which this port of nginx does not
    'truncated': (LOCAL, REOPENED, 'exit status 92'),
    'goaway-calm': (REMOTE, REOPENED, 'exit status 16'),
    'goaway-idle': (PAGE, REOPENED, PAGE),
    'bad-header-block': (LOCAL, REOPENED, 'exit status 52'),
    'http1-answer': (REMOTE, REOPENED, 'exit status 52'),
}
ENDED, SESSION = 'Error ERR_HTTP2_STREAM_ERROR NGHTTP2_', 'Error ERR_HTTP2_SESSION_ERROR '
#: kind -> what node meets, and what it works on with. Where a stream is cancelled, it takes what has come for all
MET_BY_NODE = {
    **{kind: (kind, KEPT) for kind in STATUSES},
    **{kind: (ENDED + kind.upper().replace('-', '_'), KEPT) for kind in (
        'refused-stream', 'internal-error', 'enhance-your-calm', *(kind for kind in RESETS if kind != 'no-error'))},
    **dict.fromkeys(('reset', 'lost-reply', 'half-reply', 'mid-reset'), (f'{ENDED}INTERNAL_ERROR', KEPT)),
    'http11-required': (f'{ENDED}HTTP_1_1_REQUIRED', KEPT), 'truncated': (f'{ENDED}PROTOCOL_ERROR', KEPT),
    'cancel': ('an empty page', KEPT), 'no-error': ('an empty page', KEPT), 'mid-cancel': ('<!DOCTYPE html>', KEPT),
    'goaway-drain': (PAGE, REOPENED), 'goaway-idle': (PAGE, REOPENED), 'goaway-calm': (f'{SESSION}code 11', REOPENED),
}


def first_line(fetch: Fetch) -> str:
    """Fetch the page, and return the beginning of it."""
    return fetch('/').partition('\n')[0] or 'an empty page'


STREAM_ROWS = [made for kind, (met, afterwards, met_by_curl) in MET.items()
               for made in (row(kind, HTTPX, met, afterwards), row(kind, CURL, met_by_curl, REOPENED))]
STREAM_ROWS += [
    row('goaway-refused', HTTPX, PAGE, REOPENED, 'GET /accept, GET /', get_second),     # it tries again by itself
    row('goaway-refused', CURL, 'exit status 16', REOPENED), row('goaway-drain', CURL, PAGE, REOPENED),
    row('frame-too-large', HTTPX, LOCAL, REOPENED),
    row('no-end-stream', IMPATIENT_HTTPX, 'httpx.ReadTimeout', REOPENED),
    row('no-end-stream', IMPATIENT_CURL, 'exit status 28', REOPENED),
    row('stalled-window', IMPATIENT_HTTPX, 'httpx.ReadTimeout', REOPENED, 'GET /, POST /accept', get_and_send),
    row('no-streams', IMPATIENT_HTTPX, LOCAL, ANEW, 'GET /, GET /', get_twice),
    *(row(kind, HTTP2_CLIENT, met, afterwards, act=first_line) for kind, (met, afterwards) in MET_BY_NODE.items()),
    row('goaway-refused', HTTP2_CLIENT, f'{ENDED}REFUSED_STREAM', REOPENED, 'GET /accept, GET /', get_second),
    row('no-end-stream', IMPATIENT_HTTP2, 'Error timeout', KEPT),
    *(row(kind, IMPATIENT_HTTP2, 'Error timeout', ANEW) for kind in ('bad-header-block', 'frame-too-large', 'http1-answer')),
    row('no-streams', IMPATIENT_HTTP2, 'Error timeout', ANEW, 'GET /, GET /', get_twice),
]
