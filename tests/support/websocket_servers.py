"""Servers of WebSocket by real libraries, each of which sends back what it gets. Knows nothing of vaurien."""
import contextlib
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

from .processes import HOST
from .unit_of_time import PATIENCE


class Echo(NamedTuple):
    """A server.

    Args:
        port: Where it listens.
        got: What it has got.
        ends: How its conversations have ended, by the code of each.
    """

    port: int
    got: list[Any]
    ends: list[int | None]

    @property
    def address(self) -> str:
        """What a proxy leads to."""
        return f'{HOST}:{self.port}'


@contextlib.contextmanager
def echo_server(**options: Any) -> Iterator[Echo]:
    """Run a server of the package websockets."""
    got: list[Any] = []
    ends: list[int | None] = []

    def handler(connection: Any) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                got.append(connection.recv())
                connection.send(got[-1])
        ends.append(connection.close_code)
    with serve(handler, HOST, 0, max_size=None, **options) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Echo(server.socket.getsockname()[1], got, ends)
        finally:
            server.shutdown()
            thread.join(PATIENCE)
