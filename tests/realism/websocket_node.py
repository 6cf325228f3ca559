"""How the package ws of node meets the failures of WebSocket, in front of a server of websockets."""
import contextlib
from collections.abc import Iterator

from tests.support.unit_of_time import PATIENCE
from tests.support.websocket_node import Socket

from .rows import Client
from .websocket import CODES, CUTS, REFUSED, works
from .websocket_rows import rows

SERVER, PROTOCOL = 'websocket_node_server', 'http'


class Talk:
    """A connection of ws."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._failed = socket.next()

    def ask(self, *texts: str, count: int = 1) -> str:
        """Send messages, and return those that come, or what else does."""
        if self._failed != 'open':
            return self._failed
        for text in texts:
            self._socket.send(text)
        return ' '.join(self._socket.next().removeprefix('message ') for _ in range(count))

    def ping(self, seconds: float) -> str:
        """Return whether a pong comes."""
        self._socket.ping()
        return 'a pong' if self._socket.next(seconds) == 'pong' else 'no pong'


@contextlib.contextmanager
def with_ws(port: int, path: str = '/') -> Iterator[Talk]:
    """Connect by ws."""
    with contextlib.closing(Socket(port, path, PATIENCE)) as socket:
        yield Talk(socket)


ROWS = rows(Client('ws', with_ws, works), with_ws, {
    **{f'ws-close-{number}': f'close {number}' for number in CODES}, **dict.fromkeys(CUTS, 'close 1006'),
    'ws-protocol-error': 'error WS_ERR_INVALID_OPCODE', 'ws-bad-utf8': 'error WS_ERR_INVALID_UTF8',
    'ws-too-big': 'error WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 'ws-turned-away': 'close 1008',
    **{kind: f'error Unexpected server response: {number}' for kind, number in REFUSED.items()},
    'ws-bad-accept': 'error Invalid Sec-WebSocket-Accept header'})
