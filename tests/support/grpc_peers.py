"""Both ends of gRPC by grpcio, which knows nothing of vaurien; and servers by the library h2 that fail as those of grpcio cannot.

Messages are bytes: no code is generated.
"""
import contextlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import grpc

from . import http2
from .processes import HOST
from .tls import Certificates
from .unit_of_time import PATIENCE

SERVICE = 'vaurien.test.Echo'
UNARY, DOWN, UP, BOTH = (f'/{SERVICE}/{name}' for name in ('Unary', 'Down', 'Up', 'Both'))
#: the local pool is of one channel: no connection of another test is used
ALONE = ('grpc.use_local_subchannel_pool', 1)


class Outcome(NamedTuple):
    """What a client has got: the name of the status, its words, and the messages before it."""

    code: str
    words: str
    messages: tuple[bytes, ...] = ()


class Echo(grpc.GenericRpcHandler):  # type: ignore[misc]  # it has no stubs
    """``Unary`` gives back what it got, ``Down`` so many messages as that says, ``Up`` all in one, ``Both`` one by one.

    Attributes:
        fails: What each call ends with, a status, its words and further trailers; None: it does not fail.
        calls: The names of all that came, in their order, each with its metadata.
        says: Trailers of a unary call have what ``x-said`` of it was.
    """

    def __init__(self) -> None:
        self.fails: tuple[grpc.StatusCode, str, tuple[tuple[str, str], ...]] | None = None
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.says = False
        self.goes_on = threading.Event()

    def service(self, details: Any) -> Any:
        self.calls.append((details.method, dict(details.invocation_metadata)))
        made = {UNARY: grpc.unary_unary_rpc_method_handler(self._unary), DOWN: grpc.unary_stream_rpc_method_handler(self._down),
                UP: grpc.stream_unary_rpc_method_handler(self._up), BOTH: grpc.stream_stream_rpc_method_handler(self._both)}
        return made.get(details.method)

    def _fail(self, context: Any) -> None:
        if self.fails is not None:
            code, words, more = self.fails
            context.set_trailing_metadata(more)
            context.abort(code, words)

    def _unary(self, request: bytes, context: Any) -> bytes:
        self._fail(context)
        if self.says:
            context.set_trailing_metadata((('x-said', dict(context.invocation_metadata())['x-said']),))
        return request

    def _down(self, request: bytes, context: Any) -> Iterator[bytes]:
        self._fail(context)
        for number in range(int(request)):
            yield b'%d' % number * (number * 10_000 + 1)
        if request == b'1':
            self.goes_on.wait(PATIENCE)     # the stream stays open until the server is stopped

    def _up(self, requests: Iterator[bytes], context: Any) -> bytes:
        self._fail(context)
        return b','.join(requests)

    def _both(self, requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
        self._fail(context)
        yield from requests


class Server:
    """A server of grpcio.

    Args:
        files: The certificate and the key with which it speaks TLS; None: it speaks none.
    """

    def __init__(self, files: Certificates | None = None) -> None:
        self.echo = Echo()
        self._server = grpc.server(ThreadPoolExecutor(16), handlers=[self.echo])
        if files is None:
            self.port = self._server.add_insecure_port(f'{HOST}:0')
        else:
            pair = Path(files.key).read_bytes(), Path(files.cert).read_bytes()
            self.port = self._server.add_secure_port(f'{HOST}:0', grpc.ssl_server_credentials([pair]))
        self.address = f'{HOST}:{self.port}'
        self._server.start()

    def stop(self) -> None:
        """Cancel what is under way, and end."""
        stopped = self._server.stop(None)
        self.echo.goes_on.set()
        stopped.wait(PATIENCE)


@contextlib.contextmanager
def server(files: Certificates | None = None) -> Iterator[Server]:
    """Run one."""
    running = Server(files)
    try:
        yield running
    finally:
        running.stop()


class Raw(http2.Server):
    """A server that answers each call alike, and not as grpcio would.

    Args:
        fields: The headers of its responses.
        content: Their content.
        trailers: What follows that; None: nothing.
        ends: It ends the stream.
    """

    def __init__(self, fields: list[tuple[str, str]], content: bytes, trailers: list[tuple[str, str]] | None = None,
                 ends: bool = True) -> None:
        self.reply, self.ends = (fields, content, trailers), ends
        super().__init__()

    def _answer(self, end: http2.End, stream: int, fields: dict[bytes, bytes], content: bytes) -> None:
        end.h2.send_headers(stream, self.reply[0])
        if self.ends:
            end.send(stream, self.reply[1], self.reply[2])
        else:
            end.h2.send_data(stream, self.reply[1])


@contextlib.contextmanager
def channel(port: int, *options: tuple[str, Any], files: Certificates | None = None) -> Iterator[grpc.Channel]:
    """Open a channel; with files it speaks TLS, and trusts their authority alone."""
    if files is None:
        opened = grpc.insecure_channel(f'{HOST}:{port}', options=[ALONE, *options])
    else:
        trusts = grpc.ssl_channel_credentials(Path(files.ca).read_bytes())
        opened = grpc.secure_channel(f'localhost:{port}', trusts, options=[ALONE, *options])
    try:
        yield opened
    finally:
        opened.close()


def call(opened: grpc.Channel, method: str = UNARY, *messages: bytes, within: float = PATIENCE) -> Outcome:
    """Make one call, and return what has come of it."""
    got: list[bytes] = []
    try:
        if method == UNARY:
            got.append(opened.unary_unary(method)(messages[0] if messages else b'hello', timeout=within))
        elif method == UP:
            got.append(opened.stream_unary(method)(iter(messages), timeout=within))
        elif method == DOWN:
            got.extend(taken(opened.unary_stream(method)(messages[0], timeout=within), got))
        else:
            got.extend(taken(opened.stream_stream(method)(slowly(messages), timeout=within), got))
    except grpc.RpcError as error:
        return Outcome(error.code().name, error.details() or '', tuple(got))
    return Outcome('OK', '', tuple(got))


def taken(stream: Any, got: list[bytes]) -> list[bytes]:
    """Take the messages of a stream one by one, so that those before an error are there."""
    for message in stream:
        got.append(message)
    return []


def slowly(messages: tuple[bytes, ...]) -> Iterator[bytes]:
    """Give messages, and end only some time after the last: what comes of the first ones does not wait for that."""
    for message in messages:
        yield message
        time.sleep(0.01)
