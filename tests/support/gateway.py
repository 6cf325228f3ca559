"""What answers in place of etcd's JSON gateway: each call gets what a test says, in turn."""
import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .processes import HOST


class Gateway:
    """The responses.

    Attributes:
        answers: By path: status and body of each response, in turn; the last one is given again and again. A body of bytes is a
            stream that ends.
        asked: The paths of all calls, and the token of each.
    """

    def __init__(self) -> None:
        self.answers: dict[str, list[tuple[int, Any]]] = {}
        self.asked: list[tuple[str, str]] = []
        self.port = 0

    def answer(self, path: str) -> tuple[int, Any]:
        """Return what a call gets."""
        waiting = self.answers[path]
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]


@contextlib.contextmanager
def gateway() -> Iterator[Gateway]:
    """Run one until the end of the block."""
    made = Gateway()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers['Content-Length']))
            made.asked.append((self.path, self.headers.get('Authorization', '')))
            status, body = made.answer(self.path)
            stream = isinstance(body, bytes)
            data = body if stream else json.dumps(body).encode()
            self.send_response(status)
            self.send_header('Connection', 'close') if stream else self.send_header('Content-Length', str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass
    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        server.daemon_threads = True
        made.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()
