"""How server-sent events are written (HTML standard, section 9.2). Knows neither what is told nor who listens."""
from collections.abc import Iterable
from typing import Any

import msgspec

from .surface import Reply

TYPE = 'text/event-stream'
ALIVE = b': alive\n\n'  #: tells nothing, and shows that a follower has left


def event(name: str, data: Any, number: int | None = None) -> bytes:
    """Write an event.

    Args:
        name: What happened.
        data: What is told of it, as JSON is made from.
        number: What a follower says that it has seen last; None: nothing.
    """
    head = b'' if number is None else b'id: %d\n' % number
    return b'%bevent: %b\ndata: %b\n\n' % (head, name.encode(), msgspec.json.encode(data))


def events(pieces: Iterable[bytes]) -> Reply:
    """Make a reply of events."""
    return Reply(pieces, type=TYPE, headers={'Cache-Control': 'no-cache'})
