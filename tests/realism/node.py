"""Clients of node as clients of rows: its module http2, and the package grpc-js."""
import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from tests.support.grpc_peers import DOWN, UNARY
from tests.support.node_bridge import GRPC, HTTP2, asking, grpc_js, node
from tests.support.unit_of_time import MS, PATIENCE

from .rows import Client

Fetch = Callable[..., str]
SOON = 400 * MS     #: [s] that a client waits which waits in vain


@contextlib.contextmanager
def with_http2(port: int, seconds: float = PATIENCE) -> Iterator[Fetch]:
    """Fetch by one session, which is opened anew where it has ended."""
    with asking(HTTP2, port, seconds) as ask:
        yield lambda path, content=b'': ask(path, len(content))


class Calls:
    """A client of grpc-js."""

    def __init__(self, ask: Any) -> None:
        self._ask = ask

    def unary(self, message: bytes) -> str:
        """Call for one response."""
        return str(self._ask(UNARY, message.decode(), False))

    def down(self, message: bytes) -> list[int]:
        """Call for a stream, and return the sizes of its messages."""
        return list(self._ask(DOWN, message.decode(), True))


@contextlib.contextmanager
def with_grpc(port: int, seconds: float = PATIENCE) -> Iterator[Calls]:
    """Call by one client."""
    with asking(GRPC, port, seconds, grpc_js()) as ask:
        yield Calls(ask)


def fetches(fetch: Fetch) -> None:
    """Fetch two pages."""
    assert [fetch('/'), fetch('/index.html')] == ['<h1>It works</h1>\n'] * 2


def calls(client: Calls) -> None:
    """Make a call of each of two sorts."""
    assert client.unary(b'hello') == 'hello'
    assert len(client.down(b'2')) == 2


def told(error: Any) -> object:
    """Return the code that an error carries."""
    return error


HTTP2_CLIENT = Client('node http2', with_http2, fetches, told, node)
IMPATIENT_HTTP2 = Client('node http2, with a timeout', partial(with_http2, seconds=SOON), fetches, told, node)
GRPC_CLIENT = Client('grpc-js', with_grpc, calls, told, grpc_js)
IMPATIENT_GRPC = Client('grpc-js, with a deadline', partial(with_grpc, seconds=SOON), calls, told, grpc_js)
