"""WebSocket in streams of HTTP/2 (RFC 8441): a client by the library h2, in front of hypercorn. Knows nothing of vaurien."""
import asyncio
import contextlib
import os
import threading
from collections.abc import Iterator
from typing import Any

from . import websocket
from .http2 import Client
from .peers import connect, free_port
from .processes import HOST
from .unit_of_time import MS, PATIENCE


class Streams(Client):
    """A client that asks for WebSocket in streams."""

    def open(self, path: str = '/chat', extensions: str = '') -> int:
        """Ask for WebSocket, wait until that is granted or refused, and return the stream."""
        stream = self.h2.get_next_available_stream_id()
        self.answers[stream] = answer = self.answered()
        more = [('sec-websocket-extensions', extensions)] if extensions else []
        self.h2.send_headers(stream, [(':method', 'CONNECT'), (':protocol', 'websocket'), (':scheme', 'http'), (':path', path),
                                      (':authority', 'localhost'), ('sec-websocket-version', '13'), *more])
        self.flush()
        self.until(lambda: bool(answer.status or answer.over))
        return stream

    @staticmethod
    def answered() -> Any:
        """Make what notes a response."""
        from .http2 import Answered
        return Answered()

    def say(self, stream: int, *texts: str, opcode: int = websocket.TEXT) -> None:
        """Send messages."""
        for text in texts:
            self.h2.send_data(stream, websocket.frame(opcode, text.encode(), os.urandom(4)))
        self.flush()

    def heard(self, stream: int, count: int) -> list[websocket.Frame]:
        """Return so many frames, or fewer where the stream ends first."""
        answer = self.answers[stream]
        self.until(lambda: answer.over or len(parsed(answer.body)) >= count)
        return parsed(answer.body)[:count]


def parsed(data: bytes) -> list[websocket.Frame]:
    """Return the whole frames of a server in some bytes."""
    found, at = [], 0
    while len(data) - at >= 2:
        size, body = data[at + 1] & 127, at + 2
        if size >= 126:
            body += 2 if size == 126 else 8
            size = int.from_bytes(data[at + 2:body])
        if len(data) < body + size:
            break
        found.append(websocket.Frame(data[at], data[body:body + size]))
        at = body + size
    return found


@contextlib.contextmanager
def hypercorn_server() -> Iterator[Any]:
    """Run hypercorn with an application that sends back what it gets; give its port, and what that has got."""
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    got: list[Any] = []

    async def echo(scope: Any, receive: Any, send: Any) -> None:
        if scope['type'] == 'http':
            await receive()
            await send({'type': 'http.response.start', 'status': 200, 'headers': []})
            await send({'type': 'http.response.body', 'body': b'page'})
        while scope['type'] == 'websocket':
            event = await receive()
            got.append(event.get('text') or event.get('code') or event['type'])
            if event['type'] == 'websocket.connect':
                await send({'type': 'websocket.accept'})
            elif event['type'] == 'websocket.receive':
                await send({'type': 'websocket.send', 'text': event['text']})
            else:
                return
    port, stop, loop = free_port(), threading.Event(), asyncio.new_event_loop()
    config = Config()
    config.bind, config.loglevel, config.graceful_timeout = [f'{HOST}:{port}'], 'CRITICAL', 0.1

    async def stopped() -> None:
        while not stop.is_set():
            await asyncio.sleep(10 * MS)
    thread = threading.Thread(target=lambda: loop.run_until_complete(serve(echo, config, shutdown_trigger=stopped)))
    thread.start()
    try:
        _listening(port)
        yield f'{HOST}:{port}', got
    finally:
        stop.set()
        thread.join(PATIENCE)
        loop.close()


def _listening(port: int) -> None:
    """Wait until a server listens."""
    for _ in range(1000):
        with contextlib.suppress(ConnectionError):
            connect(port).close()
            return
        threading.Event().wait(10 * MS)
