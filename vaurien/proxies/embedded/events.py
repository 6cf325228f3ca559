"""Server-sent events (the HTML standard, section 9.2) and lines of JSON, as the embedded backend writes them."""
from collections.abc import Iterable, Iterator

import gevent

from .answering import Response

EVENTS_TYPE, LINES_TYPE = 'text/event-stream; charset=utf-8', 'application/x-ndjson'


def event(data: str, name: str = '') -> bytes:
    """Write an event.

    Args:
        data: A line of text.
        name: Its type; empty: none.
    """
    return (f'event: {name}\n' if name else '').encode() + f'data: {data}\n\n'.encode()


def streamed(kind: str, pieces: Iterable[bytes]) -> Response:
    """Answer pieces, each of which leaves at once, and holds nobody up."""
    return Response(200, kind, apart(pieces))


def apart(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Let others have their turn after each piece."""
    for piece in pieces:
        yield piece
        gevent.sleep(0)
