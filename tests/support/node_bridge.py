"""Clients that run in node, driven from here: one call a line. Knows what node's http2 and the npm package grpc-js export."""
import atexit
import contextlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

from .processes import HOST, MissingServer, once, program, run

GRPC_JS = '@grpc/grpc-js@1.14.7'
#: a session that is opened anew where it has ended; an error status is what comes in place of a page
HTTP2 = """
const http2 = require('node:http2');
const told = error => `${error.code} ${(/NGHTTP2_\\w+|code \\d+/.exec(error.message) || [''])[0]}`.trim();
const open = (port, wait) => {
  let session;
  const ask = (path, size) => new Promise((resolve, reject) => {
    if (!session || session.closed || session.destroyed) {
      session = http2.connect(`http://127.0.0.1:${port}`);
      session.on('error', () => {});
    }
    const stream = session.request({':path': path, ':method': size ? 'POST' : 'GET'});
    const timer = setTimeout(() => { stream.close(8); reject({message: 'timeout'}); }, wait);
    let status, text = '';
    stream.setEncoding('utf8');
    stream.on('response', fields => { status = fields[':status']; });
    stream.on('data', data => { text += data; });
    stream.on('end', () => resolve(status && status !== 200 ? String(status) : text));
    stream.on('error', error => reject({message: told(error)}));
    stream.on('close', () => { clearTimeout(timer); reject({message: 'closed'}); });
    if (size) stream.end(Buffer.alloc(size));
  });
  return {ask, close: () => session && session.destroy()};
};
"""
#: one channel; a status that has no name is told by its number
GRPC = """
const grpc = require('@grpc/grpc-js');
const same = data => data;
const open = (port, wait) => {
  const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {'grpc.use_local_subchannel_pool': 1});
  const ask = (path, text, streams) => new Promise((resolve, reject) => {
    const options = {deadline: Date.now() + wait};
    const failed = error => reject({message: String(grpc.status[error.code] || error.code)});
    if (!streams) {
      client.makeUnaryRequest(path, same, same, Buffer.from(text), new grpc.Metadata(), options,
        (error, value) => error ? failed(error) : resolve(String(value)));
      return;
    }
    const got = [], stream = client.makeServerStreamRequest(path, same, same, Buffer.from(text), new grpc.Metadata(), options);
    stream.on('data', data => got.push(data.length));
    stream.on('error', failed);
    stream.on('end', () => resolve(got));
  });
  return {ask, close: () => client.close()};
};
"""
#: reads ["open", port, milliseconds], ["ask", ...] and ["close"] from each line, one after the other
LOOP = """
const readline = require('node:readline');
(async () => {
  let client;
  const calls = {open: async (...words) => { client = open(...words); return null; }, ask: (...words) => client.ask(...words),
    close: async () => { client.close(); return null; }};
  for await (const line of readline.createInterface({input: process.stdin})) {
    const [call, ...words] = JSON.parse(line);
    const said = await calls[call](...words).then(value => ({value}), error => ({error: error.message}));
    process.stdout.write(JSON.stringify(said) + '\\n');
  }
  process.exit();
})();
"""


class Error(Exception):
    """What a promise of node was rejected with."""


Error.__module__ = 'builtins'   # as node shows it


class Asking:
    """A process of node in which a client asks, one after the other."""

    def __init__(self, script: str, where: Path | None) -> None:
        self._process = subprocess.Popen([program('node'), '-e', script + LOOP], cwd=where, text=True, stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE)

    def __call__(self, *words: Any) -> Any:
        """Ask, and return what has come.

        Raises:
            Error: It was refused.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(words), file=self._process.stdin, flush=True)
        said = json.loads(self._process.stdout.readline())
        if 'error' in said:
            raise Error(said['error'])
        return said['value']

    def end(self) -> None:
        """End the process."""
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()


@cache
def process(script: str, where: Path | None) -> Asking:
    """Start a process of node that stays until this one ends."""
    made = Asking(script, where)
    atexit.register(made.end)
    return made


@contextlib.contextmanager
def asking(script: str, port: int, seconds: float, where: Path | None = None) -> Iterator[Callable[..., Any]]:
    """Open a client, and give what asks; one at a time.

    Args:
        script: ``HTTP2`` or ``GRPC``.
        port: That it asks at.
        seconds: How long it waits for an answer.
        where: The folder of its packages; None: it needs none.
    """
    node = process(script, where)
    node('open', port, round(seconds * 1000))
    try:
        yield partial(node, 'ask')
    finally:
        node('close')


def node() -> str:
    """Return the program.

    Raises:
        MissingServer: There is none.
    """
    return program('node')


@cache
def grpc_js() -> Path:
    """Return a folder that grpc-js is installed in.

    Raises:
        MissingServer: There is no npm, or it cannot install it.
    """
    npm, where = program('npm'), Path(tempfile.mkdtemp(prefix='vaurien-'))
    atexit.register(shutil.rmtree, where, ignore_errors=True)
    made = where / 'made'

    def make() -> None:
        made.mkdir()
        run([npm, 'install', '--no-audit', '--no-fund', '--prefix', str(made), GRPC_JS], made)
    try:
        node()
        once('grpc-js', made, make)
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        raise MissingServer(f'npm cannot install {GRPC_JS}: {error}') from None
    return made


assert HOST == '127.0.0.1', 'as the scripts say'
