"""How the packages websockets and aiohttp meet the failures of WebSocket, in front of a server of websockets."""
import asyncio
import contextlib
from collections.abc import Iterator
from functools import partial
from typing import Any

import aiohttp
from websockets.exceptions import ConnectionClosed, InvalidHeader, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.support.processes import HOST
from tests.support.unit_of_time import MS, PATIENCE

from .rows import ANEW, Client, Row
from .websocket_rows import SOON, rows

SERVER, PROTOCOL = 'websocket_server', 'http'
BOUND = 1_000_000   #: [bytes] of a message at most
CLOSED = 'websockets.exceptions.ConnectionClosedError'
ALIVE = 100 * MS    #: [s] between two pings


class Talk:
    """A connection of websockets."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    def ask(self, *texts: str, count: int = 1) -> str:
        """Send messages, and return those that come."""
        for text in texts:
            self._connection.send(text)
        return ' '.join(str(self._connection.recv(PATIENCE)) for _ in range(count))

    def ping(self, seconds: float) -> str:
        """Return whether a pong comes."""
        return 'a pong' if self._connection.ping().wait(seconds) else 'no pong'


@contextlib.contextmanager
def with_websockets(port: int, path: str = '/', **options: Any) -> Iterator[Talk]:
    """Connect by websockets, which compresses."""
    options = {'ping_interval': None, 'close_timeout': 50 * MS, 'open_timeout': PATIENCE, 'max_size': BOUND, **options}
    with connect(f'ws://{HOST}:{port}{path}', proxy=None, **options) as connection:
        yield Talk(connection)


def code(error: Any) -> object:
    """Return the code that was received, or else sent; or the status, or the field that was wrong."""
    if isinstance(error, InvalidStatus):
        return error.response.status_code
    if isinstance(error, InvalidHeader):
        return error.name
    closed = (error.rcvd or error.sent) if isinstance(error, ConnectionClosed) else None
    return '' if closed is None else int(closed.code)


def works(talk: Any) -> None:
    """Ask twice."""
    assert [talk.ask('hello'), talk.ask('again')] == ['hello', 'again']


class Session:
    """A connection of aiohttp, each of whose calls is run to its end."""

    def __init__(self, loop: asyncio.AbstractEventLoop, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._loop, self._socket = loop, socket

    def ask(self, *texts: str, count: int = 1) -> str:
        """Send messages, and return those that come, or what else does."""
        return self._loop.run_until_complete(self._ask(texts, count))

    async def _ask(self, texts: tuple[str, ...], count: int) -> str:
        for text in texts:
            await self._socket.send_str(text)
        return ' '.join([await self._next() for _ in range(count)])

    async def _next(self) -> str:
        message = await self._socket.receive(PATIENCE)
        if message.type is aiohttp.WSMsgType.TEXT:
            return str(message.data)
        kind = type(message.data).__name__ if message.type is aiohttp.WSMsgType.ERROR else message.type.name
        return f'{kind} {self._socket.close_code}'

    def ping(self, seconds: float) -> str:
        """Return whether a pong comes; it is handed out, since the socket does not ping by itself."""
        return self._loop.run_until_complete(self._ping(seconds))

    async def _ping(self, seconds: float) -> str:
        await self._socket.ping()
        try:
            message = await self._socket.receive(seconds)
        except TimeoutError:
            return 'no pong'
        return 'a pong' if message.type is aiohttp.WSMsgType.PONG else message.type.name


@contextlib.contextmanager
def with_aiohttp(port: int, path: str = '/', **options: Any) -> Iterator[Session]:
    """Connect by aiohttp."""
    loop = asyncio.new_event_loop()
    session = loop.run_until_complete(_session())
    options = {'autoping': False, 'max_msg_size': BOUND, 'compress': 15, **options}
    try:
        socket = loop.run_until_complete(session.ws_connect(f'ws://{HOST}:{port}{path}', **options))
        yield Session(loop, socket)
        loop.run_until_complete(socket.close())
    finally:
        loop.run_until_complete(session.close())
        loop.close()


async def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession()


def status(error: Any) -> object:
    """Return the status of a response that was not the right one."""
    return getattr(error, 'status', '')


WEBSOCKETS = Client('websockets', with_websockets, works, code)
IMPATIENT = Client('websockets, ping_timeout', partial(with_websockets, ping_interval=ALIVE, ping_timeout=SOON), works, code)
AIOHTTP = Client('aiohttp', with_aiohttp, works, status)
BEATING = Client('aiohttp, heartbeat', partial(with_aiohttp, heartbeat=SOON, autoping=True), works, status)
CODES = 1000, 1001, 1008, 1009, 1011, 1012, 1013, 1014, 4000
REFUSED = {'ws-refused': 503, 'ws-refused-403': 403, 'ws-refused-429': 429, 'ws-refused-200': 200}
CUTS = 'ws-cut', 'ws-cut-reset', 'ws-cut-inside', 'ws-cut-inside-reset'


def later(client: Any) -> str:
    """Send and receive, and wait for what comes when no pong does."""
    client.ask('hello')
    return str(client.ask())


ROWS = [
    *rows(WEBSOCKETS, with_websockets, {
        **{f'ws-close-{number}': f'{CLOSED.replace("Error", "OK") if number < 1002 else CLOSED} {number}' for number in CODES},
        **dict.fromkeys(CUTS, CLOSED), 'ws-protocol-error': f'{CLOSED} 1002', 'ws-bad-utf8': f'{CLOSED} 1007',
        'ws-too-big': f'{CLOSED} 1009', 'ws-turned-away': f'{CLOSED} 1008',
        **{kind: f'websockets.exceptions.InvalidStatus {number}' for kind, number in REFUSED.items()},
        'ws-bad-accept': 'websockets.exceptions.InvalidHeaderValue Sec-WebSocket-Accept'}),
    Row('ws-no-pong', IMPATIENT, 'send and receive twice', later, f'{CLOSED} 1011', ANEW, match='^send'),
    *rows(AIOHTTP, with_aiohttp, {
        **{f'ws-close-{number}': f'CLOSE {number}' for number in CODES}, **dict.fromkeys(CUTS, 'CLOSED 1006'),
        'ws-protocol-error': 'WebSocketError 1002', 'ws-bad-utf8': 'WebSocketError 1007', 'ws-too-big': 'WebSocketError 1009',
        'ws-turned-away': 'CLOSE 1008',
        **{kind: f'aiohttp.client_exceptions.WSServerHandshakeError {number}' for kind, number in REFUSED.items()},
        'ws-bad-accept': 'aiohttp.client_exceptions.WSServerHandshakeError 101'}),
    Row('ws-no-pong', BEATING, 'send and receive twice', later, 'ServerTimeoutError 1006', ANEW, match='^send'),
]
