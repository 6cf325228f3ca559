"""How requests, httpx and curl meet the failures of HTTP, in front of nginx."""
import contextlib
import http.client
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import httpx
import requests

from tests.support.peers import Backend, free_port, listener
from tests.support.processes import HOST
from tests.support.unit_of_time import MS, PATIENCE

from .curl import with_curl
from .http2 import STREAM_ROWS
from .rows import KEPT, REOPENED, Client, Row
from .streams import EVENT_ROWS

SERVER = 'nginx_server'
Fetch = Callable[[str], str]    #: fetches a path and returns the page


@contextlib.contextmanager
def with_requests(port: int) -> Iterator[Fetch]:
    """Fetch by one session of requests, that takes an error status for an error."""
    with requests.Session() as session:
        session.trust_env = False

        def fetch(path: str) -> str:
            response = session.get(f'http://{HOST}:{port}{path}', timeout=PATIENCE)
            response.raise_for_status()
            return response.text
        yield fetch


@contextlib.contextmanager
def with_httpx(port: int) -> Iterator[Fetch]:
    """Fetch by one client of httpx, that takes an error status for an error."""
    with httpx.Client(base_url=f'http://{HOST}:{port}', trust_env=False, timeout=PATIENCE) as session:
        yield lambda path: session.get(path).raise_for_status().text


def works(fetch: Fetch) -> None:
    """Fetch two pages."""
    assert [fetch('/'), fetch('/chunked/index.html')] == ['<h1>It works</h1>\n'] * 2


def status(error: Any) -> object:
    """Return the status that an error carries."""
    response = error.response if isinstance(error, requests.HTTPError | httpx.HTTPStatusError) else None
    return '' if response is None else response.status_code


REQUESTS = Client('requests', with_requests, works, status)
HTTPX = Client('httpx', with_httpx, works, status)
CURL = Client('curl --fail', with_curl, works)
#: how long curl may take in all while it waits for headers that take some 20 s
IMPATIENT = Client('curl --max-time', partial(with_curl, seconds=500 * MS), works)


# -- how nginx is made to fail

def at(path: str) -> Callable[[Any], AbstractContextManager[str]]:
    """Return a configuration in which a path always fails."""
    return lambda server: contextlib.nullcontext(path)


@contextlib.contextmanager
def at_second(path: str, server: Any) -> Iterator[str]:
    """Ask for what may be had once a minute."""
    with contextlib.closing(http.client.HTTPConnection(HOST, server.port, timeout=PATIENCE)) as first:
        first.request('GET', path)
        first.getresponse().read()
    yield path


@contextlib.contextmanager
def via_closed_port(server: Any) -> Iterator[str]:
    """Have nginx ask a server that is not there."""
    yield f'/via/{free_port()}/'


@contextlib.contextmanager
def via_silence(server: Any) -> Iterator[str]:
    """Have nginx ask a server that never responds."""
    with listener(HOST) as silent:
        yield f'/soon/{silent.getsockname()[1]}/'


@contextlib.contextmanager
def via(response: bytes, server: Any) -> Iterator[str]:
    """Have nginx ask a server that sends this and closes."""
    def handler(sock: socket.socket) -> None:
        sock.recv(65536)
        sock.sendall(response)
    with Backend(handler) as backend:
        yield f'/via/{backend.port}/'


HALF = b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf of it'

Provoke = Callable[[Any], AbstractContextManager[str]]
#: kind -> how nginx fails like this in words, and what gives the path to ask it for
NGINX: dict[str, tuple[str, Provoke]] = {
    '500': ('nginx runs into rewrites that never end', at('/cycle')),
    '501': ('nginx is told to return it', at('/unable')),
    '502': ('nginx is refused by its upstream', via_closed_port),
    '503': ('limit_req of nginx', partial(at_second, '/limited/index.html')),
    '504': ('nginx waits for its upstream in vain', via_silence),
    '429': ('limit_req of nginx, with limit_req_status', partial(at_second, '/throttled/index.html')),
    'truncated': ('the upstream of nginx closes within its response', partial(via, HALF)),
    'malformed-chunk': ('nginx is told to add Transfer-Encoding: chunked to a page without chunks', at('/unchunked')),
    'empty-response': ('nginx returns its 444', at('/nothing')),
    'response': ('limit_req of nginx', partial(at_second, '/limited/index.html')),
}


def really(client: Client, provoke: Provoke, server: Any) -> str:
    """Fetch what nginx fails at."""
    with provoke(server) as path, client.open(server.port) as fetch:
        return str(fetch(path))


# -- the rows

RE, HE, PAGE = 'requests.exceptions', 'requests.exceptions.HTTPError', '<h1>It works</h1>'
STATUSES = ('500', '501', '502', '503', '504', '429')
WHOLE = *STATUSES, 'response', 'edited'     #: after these the connection goes on
#: kind -> what requests, httpx and curl meet
MET = {
    **{kind: (f'{HE} {kind}', f'httpx.HTTPStatusError {kind}', 'exit status 22') for kind in STATUSES},
    'truncated': (f'{RE}.ChunkedEncodingError', 'httpx.RemoteProtocolError', 'exit status 18'),
    'malformed-chunk': (f'{RE}.ChunkedEncodingError', 'httpx.RemoteProtocolError', 'exit status 56'),
    'empty-response': (f'{RE}.ConnectionError', 'httpx.RemoteProtocolError', 'exit status 52'),
    'reset': (f'{RE}.ChunkedEncodingError', 'httpx.ReadError', 'exit status 56'),
    'lost-reply': (f'{RE}.ConnectionError', 'httpx.ReadError', 'exit status 56'),
    'half-reply': (f'{RE}.ChunkedEncodingError', 'httpx.RemoteProtocolError', 'exit status 18'),
    'response': (f'{HE} 503', 'httpx.HTTPStatusError 503', 'exit status 22'),
    'edited': (PAGE, PAGE, PAGE),
}


def get(fetch: Fetch) -> str:
    """Fetch the page."""
    return fetch('/').strip()


def row(kind: str, client: Client, met: str) -> Row:
    """Make a row: the connection is kept after a complete response, but never by one process of curl for each page."""
    how, provoke = NGINX.get(kind, ('', None))
    real = partial(really, client, provoke) if provoke else None
    afterwards = KEPT if kind in WHOLE and client is not CURL else REOPENED
    return Row(kind, client, 'GET /', get, met, afterwards, how=how, real=real)


ROWS = [row(kind, client, met) for kind, outcomes in MET.items()
        for client, met in zip((REQUESTS, HTTPX, CURL), outcomes, strict=True)]
ROWS += STREAM_ROWS + EVENT_ROWS
ROWS.append(Row('slow-headers', IMPATIENT, 'GET /', get, 'exit status 28', REOPENED))
