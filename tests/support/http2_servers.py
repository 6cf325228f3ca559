"""Servers that speak HTTP/2 by prior knowledge, each with a table of its own for headers; they give back what ``x-said``."""
import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .peers import connect
from .processes import HOST, Server, folder, program, serving
from .servers import nghttpd_server

PREFACE = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + b'\0\0\0\4' + bytes(5)
#: answers with what ``x-said`` and the path were, and with the first half of that as a header
NODE = """
const http2 = require('node:http2');
const server = http2.createServer((request, response) => {
  const said = `${request.headers['x-said']}|${request.url}`;
  response.setHeader('x-half', said.slice(0, said.length / 2));
  request.resume();
  request.on('end', () => response.end(said));
});
server.listen(Number(process.argv[2]), '127.0.0.1');
"""
ASGI = """
async def app(scope, receive, send):
    if scope['type'] != 'http':
        return
    said = dict(scope['headers'])[b'x-said'] + b'|' + scope['raw_path']
    if scope['query_string']:
        said = said.partition(b'?')[0] + b'?' + scope['query_string']
    while (await receive()).get('more_body'):
        pass
    await send({'type': 'http.response.start', 'status': 200, 'headers': [(b'x-half', said[:len(said) // 2])]})
    await send({'type': 'http.response.body', 'body': said})
"""


def greets(port: int) -> bool:
    """Return whether what listens at a port speaks HTTP/2."""
    with connect(port) as sock:
        sock.sendall(PREFACE)
        return sock.recv(64)[3:4] == b'\4'


@contextlib.contextmanager
def written(name: str, files: dict[str, str], command: Callable[[int], Sequence[str]]) -> Iterator[Server]:
    """Run a server that is written in files of its folder."""
    with folder() as where:
        for file, text in files.items():
            (where / file).write_text(text)
        with serving(name, where, command, greets) as server:
            yield server


def node_server() -> Any:
    """Run one of node's module http2."""
    path = program('node')
    return written('node', {'server.js': NODE}, lambda port: (path, 'server.js', str(port)))


def hypercorn_server() -> Any:
    """Run hypercorn."""
    files = {'asgi.py': ASGI, 'settings.toml': 'keep_alive_max_requests = 100_000_000\n'}
    return written('hypercorn', files, lambda port: (
        sys.executable, '-m', 'hypercorn', '--config', 'settings.toml', '--bind', f'{HOST}:{port}', 'asgi:app'))


def granian_server() -> Any:
    """Run granian."""
    return written('granian', {'asgi.py': ASGI}, lambda port: (
        sys.executable, '-m', 'granian', '--interface', 'asgi', '--http', '2', '--no-ws', '--host', HOST, '--port', str(port),
        'asgi:app'))


#: those that say what has come of headers, by name; and one that has files only
SERVERS: dict[str, Callable[[], Any]] = {'node': node_server, 'hypercorn': hypercorn_server, 'granian': granian_server,
                                         'nghttpd': nghttpd_server}
