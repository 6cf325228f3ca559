"""Clients of HTTP/2 that know nothing of vaurien: each does what it can at a server, and returns what came of it as text."""
import json
import re
import subprocess
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import httpx

from .processes import HOST, program
from .unit_of_time import PATIENCE

#: asks a hundred times at once, uploads with trailers, and tells interim responses and trailers of what it gets
NODE = """
const http2 = require('node:http2');
const {createHash} = require('node:crypto');
const {pipeline, Readable} = require('node:stream');
const session = http2.connect(`http://127.0.0.1:${process.argv[1]}`);
const piece = Buffer.alloc(100000, 'vaurien');
function* pieces() {
  for (let left = Number(process.argv[2]); left > 0; left -= piece.length) yield piece.subarray(0, left);
}
const ask = (fields, content) => new Promise((resolve, reject) => {
  const stream = session.request(fields, {endStream: !content, waitForTrailers: Boolean(content)});
  const got = {interim: [], hash: createHash('sha256')};
  stream.on('headers', fields => got.interim.push(fields[':status']));
  stream.on('response', fields => { got.status = fields[':status']; got.half = fields['x-half']; });
  stream.on('trailers', fields => { got.trailers = {...fields}; });
  stream.on('data', data => got.hash.update(data));
  stream.on('error', reject);
  stream.on('end', () => { got.hash = got.hash.digest('hex'); resolve(got); });
  stream.on('wantTrailers', () => stream.sendTrailers({'x-sent': 'all'}));
  if (content) pipeline(Readable.from(pieces()), stream, () => {});
});
(async () => {
  const paths = Array.from({length: 100}, (_, number) => ask({':path': `/${number}`, 'x-said': `${number % 7}`}));
  const all = await Promise.all([...paths, ask({':method': 'POST', ':path': '/echo', 'x-said': 'upload'}, true)]);
  console.log(JSON.stringify(all));
  session.close();
})();
"""


def run(*command: str) -> bytes:
    """Run a program to its end, and return what it printed."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=4 * PATIENCE)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def with_curl(port: int, content: Path) -> str:
    """Upload a file, and get it back; then get a page, with a connection of its own."""
    url, settings = f'http://{HOST}:{port}', ('--silent', '--show-error', '--http2-prior-knowledge', '--noproxy', '*')
    echoed = run(program('curl'), *settings, '--data-binary', f'@{content}', f'{url}/echo')
    return sha256(echoed + run(program('curl'), *settings, f'{url}/')).hexdigest()


def with_nghttp(port: int, content: Path) -> str:
    """Upload a file with trailers; return the responses, and which frames came with what headers."""
    url = f'http://{HOST}:{port}'
    said = run(program('nghttp'), '--verbose', '--null-out', '--trailer', 'x-sent: all', '--header', ':method: POST', '--data',
               str(content), f'{url}/echo')
    lines = re.sub(r'^\[ *[\d.]+\]', '', said.decode(), flags=re.MULTILINE).splitlines()
    shown = [line for line in lines if 'recv (stream_id' in line and 'date: ' not in line or line.startswith(' recv HEADERS')]
    page = run(program('nghttp'), '--multiply', '100', f'{url}/', f'{url}/none')
    return json.dumps([sorted(shown), page.decode()])


def with_h2load(port: int, content: Path) -> str:
    """Ask 2,000 times, a hundred at once on each of four connections."""
    said = run(program('h2load'), '-n', '2000', '-c', '4', '-m', '100', f'http://{HOST}:{port}/').decode()
    counted = [line for line in said.splitlines() if line.startswith(('requests:', 'status codes:'))]
    return '\n'.join([*counted, *re.findall(r'\((\d+)\) data', said)])    # that of headers grows with each change of the date


def with_httpx(port: int, content: Path) -> str:
    """Upload some, twice on one connection, and get a page."""
    with httpx.Client(base_url=f'http://{HOST}:{port}', trust_env=False, timeout=PATIENCE, http1=False, http2=True) as client:
        got = [client.post('/echo', content=bytes(range(256)) * 2000, headers={'x-said': '1'}) for _ in range(2)]
        got += [client.get('/', headers={'x-said': '2'}), client.head('/', headers={'x-said': '2'})]
        return json.dumps([(one.status_code, sha256(one.content).hexdigest(), one.http_version) for one in got])


def with_node(port: int, content: Path) -> str:
    """Ask a hundred times at once, and upload."""
    return run(program('node'), '-e', NODE, str(port), str(content.stat().st_size)).decode()


CLIENTS: dict[str, Callable[[int, Path], str]] = {
    'curl': with_curl, 'nghttp': with_nghttp, 'h2load': with_h2load, 'httpx': with_httpx, 'node': with_node}
