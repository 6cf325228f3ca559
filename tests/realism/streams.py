"""How real clients of streams of events meet the failures of these; a part of the rows of http."""
import asyncio
import contextlib
import functools
import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp
import httpx
import requests
from httpx_sse import connect_sse

from tests.support.event_peers import Streams
from tests.support.processes import HOST, program
from tests.support.unit_of_time import MS, PATIENCE

from .rows import KEPT, REOPENED, Client, Row

Read = Callable[[str], str]     #: reads the stream at a path, and says how many events there were
SOON = 200 * MS     #: [s] that a client waits for the next event
EVENTS = 3


@functools.cache
def server() -> Streams:
    """Return a server of streams, which runs from now on."""
    pieces = [b': welcome\n\n', *(b'data: {"n": %d}\n\n' % number for number in range(EVENTS))]
    running = Streams(pieces)
    running.backend.__enter__()
    return running


def backend(_: Any) -> str:
    """Return where it listens."""
    return server().address


def told(events: list[str]) -> str:
    """Say how many events came, and how many of them are no JSON."""
    broken = sum(not json_of(event) for event in events)
    return f'{len(events)} events' + f', {broken} of them no JSON' * bool(broken)


def json_of(text: str) -> bool:
    """Return whether a text is JSON."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def data_of(lines: Any) -> list[str]:
    """Return the data of the events that lines make."""
    return [line[len('data: '):] for line in lines if line.startswith('data: ')]


# -- the clients

@contextlib.contextmanager
def with_httpx(port: int, http2: bool = False) -> Iterator[Read]:
    """Read line by line."""
    with httpx.Client(base_url=f'http://{HOST}:{port}', trust_env=False, timeout=SOON, http1=not http2, http2=http2) as client:
        def read(path: str) -> str:
            with client.stream('GET', path) as response:
                return told(data_of(response.iter_lines()))
        yield read


@contextlib.contextmanager
def with_httpx_sse(port: int, http2: bool = False) -> Iterator[Read]:
    """Read by httpx-sse."""
    with httpx.Client(base_url=f'http://{HOST}:{port}', trust_env=False, timeout=SOON, http1=not http2, http2=http2) as client:
        def read(path: str) -> str:
            with connect_sse(client, 'GET', path) as source:
                return told([event.data for event in source.iter_sse()])
        yield read


@contextlib.contextmanager
def with_requests(port: int) -> Iterator[Read]:
    """Read line by line."""
    with requests.Session() as session:
        session.trust_env = False

        def read(path: str) -> str:
            response = session.get(f'http://{HOST}:{port}{path}', stream=True, timeout=SOON)
            return told(data_of(line.decode() for line in response.iter_lines(chunk_size=None)))
        yield read


@contextlib.contextmanager
def with_aiohttp(port: int) -> Iterator[Read]:
    """Read line by line, in a loop for each session."""
    with asyncio.Runner() as runner:
        async def opened() -> aiohttp.ClientSession:
            return aiohttp.ClientSession(f'http://{HOST}:{port}', timeout=aiohttp.ClientTimeout(sock_read=SOON))

        async def read(path: str) -> str:
            async with session.get(path) as response:
                return told(data_of([line.decode().rstrip('\n') async for line in response.content]))
        session = runner.run(opened())
        try:
            yield lambda path: runner.run(read(path))
        finally:
            runner.run(session.close())


@contextlib.contextmanager
def with_curl(port: int, *options: str) -> Iterator[Read]:
    """Read by a process of curl for each stream; an error is its exit status."""
    curl = [program('curl'), '-q', '-sS', '-N', '--noproxy', '*', '--max-time', str(2 * SOON), *options]

    def read(path: str) -> str:
        done = subprocess.run([*curl, f'http://{HOST}:{port}{path}'], capture_output=True, text=True, check=False,
                              timeout=PATIENCE)
        return f'exit status {done.returncode}' if done.returncode else told(data_of(done.stdout.splitlines()))
    yield read


FETCHES = '''
const [url, soon] = process.argv.slice(1)
const response = await fetch(url)
let text = '', stop
const late = new Promise((_, fail) => { stop = setTimeout(() => fail(new Error('nothing more came')), soon) })
try {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  for (;;) {
    const { done, value } = await Promise.race([reader.read(), late])
    if (done) break
    text += value
  }
  console.log(JSON.stringify([text, '']))
} catch (error) {
  console.log(JSON.stringify([text, `${error.name}: ${error.message}${error.cause ? ` (${error.cause.code})` : ''}`]))
}
process.exit(0)
'''
HTTP2 = '''
import { connect } from 'node:http2'
const [url, soon] = process.argv.slice(1)
const { origin, pathname, search } = new URL(url)
const session = connect(origin), request = session.request({ ':path': pathname + search })
let text = ''
const say = error => { console.log(JSON.stringify([text, error])); process.exit(0) }
request.setEncoding('utf8')
request.on('data', data => { text += data })
request.on('end', () => setTimeout(say, 20, ''))
request.on('error', error => say(`${error.code}: ${error.message}`))
setTimeout(say, soon, 'nothing more came')
'''


@contextlib.contextmanager
def with_node(port: int, script: str) -> Iterator[Read]:
    """Read by a process of Node for each stream."""
    node = program('node')

    def read(path: str) -> str:
        command = [node, '--input-type=module', '-e', script, f'http://{HOST}:{port}{path}', str(round(3 * SOON * 1000))]
        text, error = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE).stdout)
        events = told(data_of(text.splitlines()))
        return f'{error} after {events}' if error else events
    yield read


def works(read: Read) -> None:
    """Read a stream."""
    assert read('/counted') == f'{EVENTS} events'


HTTPX, HTTPX_2 = Client('httpx', with_httpx, works), Client('httpx, HTTP/2', functools.partial(with_httpx, http2=True), works)
SSE = Client('httpx-sse', with_httpx_sse, works)
SSE_2 = Client('httpx-sse, HTTP/2', functools.partial(with_httpx_sse, http2=True), works)
REQUESTS, AIOHTTP = Client('requests', with_requests, works), Client('aiohttp', with_aiohttp, works)
CURL, FETCH = Client('curl', with_curl, works), Client('node, fetch', lambda port: with_node(port, FETCHES), works)
CURL_2 = Client('curl, HTTP/2', lambda port: with_curl(port, '--http2-prior-knowledge'), works)
NODE_2 = Client('node, http2', lambda port: with_node(port, HTTP2), works)
OF_HTTP_2 = HTTPX_2, SSE_2, CURL_2, NODE_2
#: a new process for each stream
PROCESSES = (CURL, CURL_2, FETCH, NODE_2)


# -- the rows

def read(opened: Read) -> str:
    """Read the stream."""
    return opened('/chunked')


def really(client: Client, kind: str, _: Any) -> str:
    """Read a stream of a server that fails like this."""
    with client.open(server().backend.port) as opened:
        return opened(f'/chunked?really={kind}')


def row(kind: str, client: Client, met: str) -> Row:
    """Make a row."""
    stays = client not in PROCESSES and kind != 'stream-stall' and (client in OF_HTTP_2 or kind == 'stream-malformed')
    return Row(kind, client, 'GET /chunked', read, met, KEPT if stays else REOPENED, match='^GET /chunked$',
               how='a server that fails so after the first event', real=functools.partial(really, client, kind), backend=backend)


def same(met: str) -> dict[Client, str]:
    """Return what all clients meet alike, of which a few are enough."""
    return dict.fromkeys((HTTPX, REQUESTS, AIOHTTP, CURL, HTTPX_2, SSE_2), met)


PAYLOAD, CHUNKED = 'aiohttp.client_exceptions.ClientPayloadError', 'requests.exceptions.ChunkedEncodingError'
REMOTE, TERMINATED = 'httpx.RemoteProtocolError', 'TypeError: terminated (UND_ERR_SOCKET) after 1 events'
MET: dict[str, dict[Client, str]] = {
    'stream-cut': {
        HTTPX: REMOTE, SSE: REMOTE, REQUESTS: CHUNKED, AIOHTTP: PAYLOAD, CURL: 'exit status 18', FETCH: TERMINATED,
        HTTPX_2: REMOTE, SSE_2: REMOTE, CURL_2: 'exit status 92',
        NODE_2: 'ERR_HTTP2_STREAM_ERROR: Stream closed with error code NGHTTP2_INTERNAL_ERROR after 1 events'},
    'stream-reset': {
        HTTPX: 'httpx.ReadError', SSE: 'httpx.ReadError', REQUESTS: CHUNKED, AIOHTTP: PAYLOAD, CURL: 'exit status 56',
        HTTPX_2: REMOTE, SSE_2: REMOTE, CURL_2: 'exit status 92', NODE_2: '1 events'},
    'stream-short': same('1 events'),
    'stream-stall': {
        **same('httpx.ReadTimeout'), REQUESTS: 'requests.exceptions.ConnectionError', CURL: 'exit status 28',
        AIOHTTP: 'aiohttp.client_exceptions.SocketTimeoutError',
        FETCH: 'Error: nothing more came after 1 events'},
    'stream-error': same('2 events'),
    'stream-malformed': same(f'{EVENTS + 1} events, 1 of them no JSON'),
}
EVENT_ROWS = [row(kind, client, met) for kind, outcomes in MET.items() for client, met in outcomes.items()]
#: two events at most pass in a second: no single read waits for long
EVENT_ROWS += [Row('stream-slow', client, 'GET /chunked', read, 'httpx.ReadTimeout', REOPENED,
                   match='^GET /chunked$', backend=backend) for client in (HTTPX, HTTPX_2)]
