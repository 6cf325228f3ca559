"""The failures of WebSocket as rows, the same for each client: what it does, and how the server itself is made to fail so."""
from collections.abc import Callable, Mapping
from typing import Any

from tests.support.unit_of_time import MS
from vaurien.protocols.http.ws.failures import CODES

from .rows import ANEW, KEPT, Client, Row

SOON = 300 * MS     #: [s] that a client waits for a pong in vain
ASKED = 'a message asks it to'


def ask(text: str = 'hello') -> Callable[[Any], str]:
    """Return what sends a message, and returns what comes."""
    return lambda client: str(client.ask(text))


def two(client: Any) -> str:
    """Send two messages, and return what comes first."""
    return str(client.ask('one', 'two'))


def double(client: Any) -> str:
    """Send a message, and return the two that come."""
    return str(client.ask('hello', count=2))


def ping(client: Any) -> str:
    """Send a message and a ping, and return whether a pong comes."""
    return f'{client.ask("hello")}, {client.ping(SOON)}'


#: by kind: what asks the server itself to fail so, what it then does in words, and the client
COMMANDS: Mapping[str, tuple[str, str]] = {
    **{f'ws-close-{code}': (f'close {code}', f'its handler closes with {code}, as {ASKED}') for code in CODES},
    'ws-cut': ('cut', f'it shuts the connection down, as {ASKED}'),
    'ws-cut-reset': ('reset', f'it resets the connection, as {ASKED}'),
    'ws-cut-inside': ('half, cut', f'it sends half of a frame and shuts the connection down, as {ASKED}'),
    'ws-cut-inside-reset': ('half, reset', f'it sends half of a frame and resets the connection, as {ASKED}'),
    'ws-protocol-error': ('bad kind', f'it sends a frame of opcode 3, as {ASKED}'),
    'ws-bad-utf8': ('bad text', f'it sends the text ff fe, as {ASKED}'),
    'ws-too-big': ('too big', f'it sends the head of a frame of 1 TiB, as {ASKED}'),
}
PATHS: Mapping[str, tuple[str, str]] = {
    'ws-refused': ('/refuse/503', 'it refuses the request with 503'),
    **{f'ws-refused-{status}': (f'/refuse/{status}', f'it refuses the request with {status}') for status in (403, 429)},
    'ws-refused-200': ('/refuse/200', 'it answers the request with 200'),
    'ws-bad-accept': ('/accept', 'it grants the request with another Sec-WebSocket-Accept'),
    'ws-turned-away': ('/turn-away', 'its handler closes with 1008 at once'),
}


def rows(client: Client, opened: Callable[..., Any], met: Mapping[str, str]) -> list[Row]:
    """Make the rows of a client.

    Args:
        client: The client.
        opened: What its ``open`` is, which takes a path, too.
        met: What it meets, by kind.
    """
    def itself(*texts: str, path: str = '/', count: int = 1) -> Callable[[Any], object]:
        def fails(server: Any) -> object:
            with opened(server.port, path) as talk:
                return talk.ask(*texts, count=count)
        return fails
    made = [Row(kind, client, 'send and receive', ask(), met[kind], ANEW, match='^receive', how=how, real=itself(text))
            for kind, (text, how) in COMMANDS.items()]
    made += [Row(kind, client, 'connect, send and receive', ask(), met[kind], ANEW, how=how, real=itself('hello', path=path))
             for kind, (path, how) in PATHS.items()]
    return [*made,
            Row('ws-dropped', client, 'send two, receive', two, 'two', KEPT, match='^receive one',
                how='its handler does not answer the first', real=itself('no answer', 'two')),
            Row('ws-doubled', client, 'send, receive two', double, 'hello hello', KEPT, match='^receive',
                how='its handler answers twice', real=itself('twice', count=2)),
            Row('ws-no-pong', client, 'send, receive, ping', ping, 'hello, no pong', KEPT, match='^send')]
