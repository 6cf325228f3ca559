"""A fleet with its control server, in a thread, and an HTTP client that sends what no good client would. Knows no surface."""
import contextlib
import http.client
import json
import socket
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from vaurien.control.app import ControlServer
from vaurien.spec import ProxySpec

from .hosting import Hosted, hosted
from .unit_of_time import PATIENCE


class Answer(NamedTuple):
    """What came back: ``json`` is the body read as JSON, or None where it is none."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.headers.get('content-type') == 'application/json' else None


class Steering:
    """A running control server.

    Args:
        host: The thread that its fleet lives in.
        token: What requests must carry; empty: nothing.
        at: Where it listens.
        toxiproxy: Whether it answers unknown paths as Toxiproxy does.
        allow: Who may connect, and under which names.
        files: Of its certificate and its key; none: it speaks without TLS.
    """

    def __init__(self, host: Hosted, token: str = '', at: str = 'localhost', toxiproxy: bool = False,
                 allow: Sequence[str] = (), files: Sequence[str] = ()) -> None:
        self.host = host
        self.server = host.call(lambda: ControlServer(host.fleet, at, 0, token, toxiproxy, allow, *files))
        host.call(self.server.start)
        self.port = int(self.server.address.rpartition(':')[2])

    @property
    def fleet(self) -> Any:
        return self.host.fleet

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """Send a request on a connection of its own; ``body`` is bytes or what JSON is made of."""
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=PATIENCE)
        try:
            data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            connection.request(method, path, data, headers or {})
            return read_answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        """Return what a path answers, which has to be 200 and JSON."""
        answer = self.ask('GET', path)
        assert answer.status == 200, answer
        return answer.json

    def connect(self) -> socket.socket:
        """Open a connection to say on it what one likes."""
        return socket.create_connection(('127.0.0.1', self.port), timeout=PATIENCE)

    def send(self, data: bytes) -> bytes:
        """Send bytes on a connection of its own, and return all that comes until its end."""
        with self.connect() as sock:
            with contextlib.suppress(ConnectionError):
                sock.sendall(data)
            return read_all(sock)

    def close(self) -> None:
        self.host.call(self.server.stop)


def read_answer(response: http.client.HTTPResponse) -> Answer:
    """Read an answer to its end."""
    body = response.read()
    return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, body)


def read_all(sock: socket.socket) -> bytes:
    """Read until the end of a connection, a reset included."""
    pieces = []
    with contextlib.suppress(ConnectionError):
        while piece := sock.recv(65536):
            pieces.append(piece)
    return b''.join(pieces)


@contextlib.contextmanager
def steering(*specs: ProxySpec, token: str = '', at: str = 'localhost', toxiproxy: bool = False,
             allow: Sequence[str] = (), files: Sequence[str] = ()) -> Iterator[Steering]:
    """Run a fleet and its control server until the end of the block; what escapes into the event loop fails the test."""
    with hosted(*specs) as host:
        server = Steering(host, token, at, toxiproxy, allow, files)
        try:
            yield server
        finally:
            server.close()
