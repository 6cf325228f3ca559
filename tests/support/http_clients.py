"""Real clients of HTTP, each asked once: what they make of a response. Knows no vaurien."""
import asyncio
import json
import subprocess
from base64 import b64decode
from typing import NamedTuple

import aiohttp
import httpx

from .processes import HOST, program
from .unit_of_time import PATIENCE

NODE = '''
const [port, path, version, body, more] = process.argv.slice(1);
const shown = (status, fields, raw) => console.log(JSON.stringify([status, fields, raw.toString('base64')]));
const pieces = [];
if (version === '2') {
  const session = require('http2').connect(`http://127.0.0.1:${port}`);
  const request = session.request({':path': path, ':method': body ? 'POST' : 'GET', ...JSON.parse(more)});
  let found;
  request.on('response', headers => found = headers);
  request.on('data', data => pieces.push(data));
  request.on('end', () => {
    const fields = Object.entries(found).filter(([name]) => name[0] !== ':').flatMap(
      ([name, value]) => [].concat(value).map(one => [name, one]));
    shown(found[':status'], fields, Buffer.concat(pieces)); session.close();
  });
  request.end(body || undefined);
} else {
  const request = require('http').request(
    {port, path, host: '127.0.0.1', method: body ? 'POST' : 'GET', headers: JSON.parse(more)}, response => {
      response.on('data', data => pieces.push(data));
      response.on('end', () => {
        const fields = [];
        for (let at = 0; at < response.rawHeaders.length; at += 2) fields.push(response.rawHeaders.slice(at, at + 2));
        shown(response.statusCode, fields, Buffer.concat(pieces));
      });
    });
  request.end(body || undefined);
}
'''
Fields = list[tuple[str, str]]


class Got(NamedTuple):
    """What a client has got; names of fields are in lower case."""

    status: int
    fields: Fields
    body: bytes

    def all(self, name: str) -> list[str]:
        """Return the values of a field, each line of it."""
        return [value for found, value in self.fields if found == name]

    def one(self, name: str) -> str:
        """Return the value of a field that comes once."""
        value, = self.all(name)
        return value


def by_httpx(port: int, path: str, body: str = '', fields: dict[str, str] | None = None, http2: bool = False) -> Got:
    """Ask by httpx."""
    with httpx.Client(timeout=PATIENCE, trust_env=False, http1=not http2, http2=http2) as client:
        found = client.request('POST' if body else 'GET', f'http://{HOST}:{port}{path}', content=body or None, headers=fields)
        return Got(found.status_code, [(name.lower(), value) for name, value in found.headers.multi_items()], found.content)


def by_httpx_h2(port: int, path: str, body: str = '', fields: dict[str, str] | None = None) -> Got:
    """Ask by httpx, in HTTP/2."""
    return by_httpx(port, path, body, fields, True)


def by_curl(port: int, path: str, body: str = '', fields: dict[str, str] | None = None, *more: str) -> Got:
    """Ask by curl."""
    asked = [part for name, value in (fields or {}).items() for part in ('-H', f'{name}: {value}')]
    done = subprocess.run([program('curl'), '-sS', '-i', *(('-d', body) if body else ()), *asked, *more,
                           f'http://{HOST}:{port}{path}'], capture_output=True, check=True, timeout=PATIENCE)
    head, _, content = done.stdout.partition(b'\r\n\r\n')
    first, *lines = head.decode().split('\r\n')
    pairs = [line.partition(': ') for line in lines]
    return Got(int(first.split()[1]), [(name.lower(), value) for name, _, value in pairs], content)


def by_curl_h2(port: int, path: str, body: str = '', fields: dict[str, str] | None = None) -> Got:
    """Ask by curl, in HTTP/2."""
    return by_curl(port, path, body, fields, '--http2-prior-knowledge')


def by_aiohttp(port: int, path: str, body: str = '', fields: dict[str, str] | None = None) -> Got:
    """Ask by aiohttp."""
    async def ask() -> Got:
        async with aiohttp.ClientSession(auto_decompress=False) as session, session.request(
                'POST' if body else 'GET', f'http://{HOST}:{port}{path}', data=body or None, headers=fields) as found:
            return Got(found.status, [(name.lower(), value) for name, value in found.headers.items()], await found.read())
    return asyncio.run(asyncio.wait_for(ask(), PATIENCE))


def by_node(port: int, path: str, body: str = '', fields: dict[str, str] | None = None, version: str = '1') -> Got:
    """Ask by node."""
    command = program('node'), '-e', NODE, str(port), path, version, body, json.dumps(fields or {})
    done = subprocess.run(command, capture_output=True, check=True, timeout=PATIENCE)
    status, pairs, raw = json.loads(done.stdout)
    return Got(status, [(name.lower(), value) for name, value in pairs], b64decode(raw))


def by_node_h2(port: int, path: str, body: str = '', fields: dict[str, str] | None = None) -> Got:
    """Ask by node, in HTTP/2."""
    return by_node(port, path, body, fields, '2')


HTTP_1 = {'httpx': by_httpx, 'curl': by_curl, 'aiohttp': by_aiohttp, 'node': by_node}
HTTP_2 = {'httpx-h2': by_httpx_h2, 'curl-h2': by_curl_h2, 'node-h2': by_node_h2}
CLIENTS = {**HTTP_1, **HTTP_2}
