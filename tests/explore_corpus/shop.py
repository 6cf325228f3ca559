"""The HTTP server that the applications of the corpus talk to: it counts payments, and does one with the same key once."""
import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGES = {'/weather': {'sky': 'blue'}, '/rates': {'rate': 1.5}, '/me': {'name': 'ann'}}
EXPORT = b''.join(b'line %d of an export\n' % number for number in range(500))


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = 'HTTP/1.1'
    keys: dict[str, int] = {}
    count = 0
    lock = threading.Lock()

    def do_GET(self) -> None:   # noqa: N802 - the standard library's name
        path = self.path.partition('?')[0]
        if path == '/export':
            self.respond(200, EXPORT)
        else:
            self.respond(200 if path in PAGES else 404, json.dumps(PAGES.get(path, {})).encode())

    def do_POST(self) -> None:  # noqa: N802
        self.take()
        key = self.headers.get('Idempotency-Key', '')
        with self.lock:
            if key not in self.keys:
                Handler.count += 1
            number = self.keys.setdefault(key, self.count) if key else self.count
        self.respond(201, json.dumps({'id': number}).encode())

    def do_PUT(self) -> None:   # noqa: N802
        self.take()
        self.respond(200, b'{}')

    def do_DELETE(self) -> None:    # noqa: N802
        self.respond(200, b'{}')

    def take(self) -> None:
        self.rfile.read(int(self.headers.get('Content-Length', 0)))

    def respond(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Says nothing of clients that are gone."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def shop() -> Iterator[Server]:
    """Run it in a thread."""
    with Server(('127.0.0.1', 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
