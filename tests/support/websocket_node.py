"""The package ws of node as a client of WebSocket, driven from here, one message a line. Knows nothing of vaurien."""
import json
import subprocess
from pathlib import Path
from typing import Any

from .processes import HOST, program

PACKAGE = 'ws@8.18.0'
#: the folder that the package is installed in
WHERE: list[Path] = []
#: reads {"send": text}, {"ping": true} or {"next": ms} from each line; the last writes what has happened next, or "nothing"
BRIDGE = """
const WebSocket = require('ws');
const happened = [], waiting = [];
const tell = what => { if (waiting.length) waiting.shift()(what); else happened.push(what); };
const socket = new WebSocket(process.argv[1]);
socket.on('open', () => tell('open'));
socket.on('message', (data, binary) => tell('message ' + data));
socket.on('pong', () => tell('pong'));
socket.on('error', error => tell('error ' + (error.code || error.message)));
socket.on('close', code => tell('close ' + code));
const over = () => happened.length || socket.readyState === WebSocket.CLOSED;
const next = ms => over() ? Promise.resolve(happened.shift() || 'nothing') : new Promise(resolve => {
  const timer = setTimeout(() => { waiting.shift(); resolve('nothing'); }, ms);
  waiting.push(what => { clearTimeout(timer); resolve(what); });
});
(async () => {
  for await (const line of require('node:readline').createInterface({input: process.stdin})) {
    const asked = JSON.parse(line);
    if (asked.send !== undefined) socket.send(asked.send, () => {});
    else if (asked.ping) socket.ping();
    else process.stdout.write(JSON.stringify(await next(asked.next)) + '\\n');
  }
  process.exit(0);
})();
"""


class Socket:
    """One client.

    Args:
        port: Where it connects to.
        path: What it asks for.
        seconds: How long it waits for what happens next.
    """

    def __init__(self, port: int, path: str, seconds: float) -> None:
        self._milliseconds = int(seconds * 1000)
        self._process = subprocess.Popen([program('node'), '-e', BRIDGE, f'ws://{HOST}:{port}{path}'], cwd=WHERE[-1], text=True,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def _tell(self, **said: Any) -> None:
        assert self._process.stdin is not None
        print(json.dumps(said), file=self._process.stdin, flush=True)

    def send(self, text: str) -> None:
        """Send a message."""
        self._tell(send=text)

    def ping(self) -> None:
        """Send a ping."""
        self._tell(ping=True)

    def next(self, seconds: float | None = None) -> str:
        """Return what happens next: ``open``, ``message TEXT``, ``pong``, ``error WORD``, ``close CODE``, or ``nothing``."""
        assert self._process.stdout is not None
        self._tell(next=self._milliseconds if seconds is None else int(seconds * 1000))
        return str(json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End it."""
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()
