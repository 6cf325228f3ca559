"""WebSocket in streams of HTTP/2 (RFC 8441): a client by the library h2, in front of hypercorn. Knows nothing of vaurien."""
import os
from typing import Any

from . import websocket
from .http2 import Client


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
