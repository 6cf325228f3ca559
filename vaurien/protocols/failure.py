"""What a failure is: what happens in place of a request, and a row in the table of how a kind of server fails.

Knows no protocol, no framer and no stream.
"""
from collections.abc import Callable
from typing import Any, NamedTuple

from .halves import Half

#: how a connection inside TLS can end beside FIN and RST: FIN without a close_notify; a record of which a byte was changed on its
#: way; bytes that are not encrypted
CUT, DAMAGED, CLEAR = TLS_ENDS = ('cut', 'damaged', 'clear')


class Failure(NamedTuple):
    """What happens in place of a request and its response.

    Args:
        reply: The bytes that the client gets in place of the response, in its turn; empty: none.
        request: The bytes that the backend gets in place of the request. Empty: none. Otherwise a stand-in that keeps the
            backend's state right; its response is dropped, and ``reply`` leaves when that is complete. None: the request
            itself, and its response is dropped likewise.
        end: What follows the reply. Empty: the session goes on. ``close``: FIN. ``reset``: RST. ``silence``: the
            connection stays open, and the client gets no more responses. ``tls``: TLS begins on the client's connection. One of
            ``TLS_ENDS``: inside TLS, as that says.
        pause: [s] between two bytes of the reply; 0: it leaves at once.
        half: What lets the first half of the backend's response pass, where ``request`` is None; None: all of it is dropped.
    """

    reply: bytes = b''
    request: bytes | None = b''
    end: str = ''
    pause: float = 0.0
    half: Half | None = None


#: The protocol object, and the exchange, are Any here: the builders of each protocol name the class that they need.
Builder = Callable[[Any, Any], Failure | None]


class FailureKind(NamedTuple):
    """One failure that a kind of server really has.

    Args:
        description: When the server fails like this, and what its client observes; one sentence, which fills the docs.
        stages: The stages of an exchange at which the real server has it. ``connect`` is the opening of the connection,
            before any request.
        build: Makes the failure, given the protocol object and the exchange; None: nothing takes the place of the request, and
            the builder has seen to it that something else is said otherwise than the server says it.
        codes: What the field calls it: ``40P01``, ``503``, ``READONLY``. It can be asked for by these, too. Empty: it has none.
        category: What the client can tell apart, a letter of ``CATEGORIES``; empty: not said.
        scope: Whose state it is. ``server``: the server's, so that while it lasts every request fails that it fits;
            ``request``: this one request's.
        only_named: It is never drawn at random, and comes only where it is asked for by its name.
    """

    description: str
    stages: tuple[str, ...]
    build: Builder
    codes: tuple[str, ...] = ()
    category: str = ''
    scope: str = 'request'
    only_named: bool = False
