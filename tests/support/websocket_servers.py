"""Servers of WebSocket by real libraries, each of which sends back what it gets. Knows nothing of vaurien."""
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Any

from .processes import HOST
from .toxiproxy_node import node_client
from .unit_of_time import PATIENCE


class Echo:
    """A server.

    Attributes:
        port: Where it listens.
        got: What it has got.
        ends: How its conversations have ended, by the code of each.
    """

    def __init__(self) -> None:
        self.port, self.got, self.ends = 0, [], []  # type: int, list[Any], list[int | None]

    @property
    def address(self) -> str:
        """What a proxy leads to."""
        return f'{HOST}:{self.port}'

    def answer(self, connection: Any, message: Any) -> None:
        """Answer a message."""
        connection.send(message)

    def serve(self, connection: Any) -> None:
        """Answer all messages of a client."""
        from websockets.exceptions import ConnectionClosed
        with contextlib.suppress(ConnectionClosed, ConnectionError):
            while True:
                self.got.append(connection.recv())
                self.answer(connection, self.got[-1])
        self.ends.append(connection.close_code)


def raw(payload: str) -> Callable[[Any], None]:
    """Return what writes bytes that are no frames as they should be."""
    def write(connection: Any) -> None:
        connection.socket.sendall(bytes.fromhex(payload))
    return write


def cut(connection: Any) -> None:
    """Close without a word."""
    connection.socket.shutdown(socket.SHUT_RDWR)


def reset(connection: Any) -> None:
    """Reset."""
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    connection.socket.close()


class Failing(Echo):
    """A server of the package websockets that fails when a message asks it to: ``close 1012``, or a word of ``WORDS``.

    A request for ``/refuse/503`` is refused; one for ``/accept`` is granted with what is wrong.
    """

    WORDS: dict[str, list[Callable[[Any], None]]] = {
        'cut': [cut], 'reset': [reset], 'half, cut': [raw('8105aaaa'), cut], 'half, reset': [raw('8105aaaa'), reset],
        'bad kind': [raw('8300')], 'bad text': [raw('8102fffe')], 'too big': [raw('817f0000010000000000')], 'no answer': [],
        'twice': [lambda connection: connection.send('hello')] * 2,
    }

    def answer(self, connection: Any, message: Any) -> None:
        if isinstance(message, str) and message.startswith('close '):
            connection.close(int(message.split()[1]), 'as asked for')
        elif message in self.WORDS:
            for fails in self.WORDS[message]:
                fails(connection)
        else:
            connection.send(message)

    def serve(self, connection: Any) -> None:
        if connection.request.path.startswith('/turn-away'):
            connection.close(1008)
        super().serve(connection)

    @staticmethod
    def request(connection: Any, request: Any) -> Any:
        """Refuse a request that asks for it."""
        if request.path.startswith('/refuse/'):
            return connection.respond(int(request.path.split('/')[2]), 'as asked for')
        return None

    @staticmethod
    def response(connection: Any, request: Any, response: Any) -> Any:
        """Grant a request with what is wrong, where it asks for it."""
        if request.path == '/accept':
            del response.headers['Sec-WebSocket-Accept']
            response.headers['Sec-WebSocket-Accept'] = 'wrong'
        return response


@contextlib.contextmanager
def serving(echo: Echo, **options: Any) -> Iterator[Any]:
    """Run a server of the package websockets."""
    from websockets.sync.server import serve
    with serve(echo.serve, HOST, 0, max_size=None, **options) as server:
        echo.port = server.socket.getsockname()[1]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield echo
        finally:
            server.shutdown()
            thread.join(PATIENCE)


def echo_server(**options: Any) -> Any:
    """Run a server that never fails."""
    return serving(Echo(), **options)


@contextlib.contextmanager
def websocket_server() -> Iterator[Any]:
    """Run a server that fails when it is asked to."""
    with serving(Failing(), process_request=Failing.request, process_response=Failing.response) as server:
        yield server


@contextlib.contextmanager
def websocket_node_server() -> Iterator[Any]:
    """The same, where node has its package ws, which is installed in a temporary folder."""
    from . import websocket_node
    with node_client(websocket_node.PACKAGE) as where, websocket_server() as server:
        websocket_node.WHERE.append(where)
        yield server
