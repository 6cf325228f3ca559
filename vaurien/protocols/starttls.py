"""TLS on a connection that has begun in the clear: where it begins, and the option ``starttls``.

Knows no wire format. On a side that speaks TLS (``tls://``) a protocol says where the switch is: towards the backend by a
``Switch``, towards clients by ``go_ahead``. On others the option says what becomes of a client's wish: a protocol gives what it
answers in its backend's place, and what it takes out of the backend's own words.
"""
from collections.abc import Mapping
from typing import Any, Protocol

from ..options import Option, flag
from .base import Exchange, Failure
from .kinds import FailureKind

RELAY, REFUSE, DIRECT = 'relay', 'refuse', 'direct'
STARTTLS = Option("What becomes of a client's wish for TLS: relay passes it on, and what follows is relayed unread; refuse "
                  "answers as a server without TLS does, for clients that then go on in the clear. On a side with tls:// it is "
                  "granted, and direct means that TLS begins there with the first byte", str, RELAY, (RELAY, REFUSE, DIRECT))
#: the kinds of these names, in each protocol that has them
REFUSED, STRIPPED, DROPPED = 'starttls-refused', 'starttls-stripped', 'starttls-dropped'
BEGIN = 'tls'   #: what follows a reply (``Failure.end``): TLS begins on the client's connection


def dropping(description: str, stage: str) -> FailureKind:
    """Return the kind of a connection that closes where the client asks for TLS.

    Args:
        description, stage: As in ``FailureKind``.
    """
    return FailureKind(description, (stage,), lambda protocol, exchange: Failure(end='close'), category='F', scope='server',
                       only_named=True)


def begins(protocol: str, what: str = 'TLS begins') -> str:
    """Return why a session is relayed unread from here on, and the way out."""
    return f'{what}; with {flag("protocol", protocol, "starttls")} {REFUSE} clients that need no TLS go on in the clear'


class NoTLSError(ValueError):
    """The backend does not begin TLS; its text says why, in half a sentence."""


class Alteration(Protocol):
    """What is changed of the first bytes inside TLS, since what was said before them on this side was not said on the other.

    Attributes:
        over: From here on bytes pass as they are.
    """

    over: bool

    def received(self, data: bytes) -> bytes:
        """Return what the peer sends as the other side is to get it; as many bytes."""
        ...

    def sent(self, data: bytes) -> bytes:
        """Return what is sent to the peer as it is to get it; as many bytes."""
        ...


class Switch:
    """What is said to a backend in the clear until TLS begins: one object for each connection. Bytes only.

    Attributes:
        out: What is to be sent to the backend at once; who sends it empties it.
        begins: TLS begins, once ``out`` is sent.
        over: There will be no TLS, and bytes pass as they are: the backend has refused the client in its own words.
        alteration: What is changed of the first bytes inside TLS; None: nothing is.
    """

    alteration: Alteration | None = None

    def __init__(self) -> None:
        self.out = b''
        self.begins = self.over = False

    def received(self, data: bytes) -> bytes:
        """Take what the backend says, in any pieces.

        Returns:
            What the session reads of it.

        Raises:
            NoTLSError: The backend does not speak TLS, or says more than it may before TLS begins.
        """
        raise NoTLSError('it speaks out of turn')

    def wanted(self, data: bytes) -> None:
        """Look at all that is to be sent to the backend so far; it leaves when TLS has begun."""


class NoTLS:
    """What is applied to a message that offers TLS, or asks for it. Nothing is drawn for such a message, and no fault is counted.

    The protocol has ``refusal(exchange)``, which returns the failure for a request, and ``offering(data)``, which returns what
    the backend has sent as it would be with or without TLS.
    """

    name = 'starttls'
    settings: Mapping[str, Any] = {}
    match = None
    inline = reports = True
    pauses = once = False

    def pause(self, protocol: Any, exchange: Exchange, to_backend: bool) -> float:
        return 0.0

    def on_before_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> bool:
        if not to_backend:
            source.unread(protocol.offering(source.recv()))
            return True
        exchange: Exchange = protocol.exchange(True)
        failure: Failure = protocol.refusal(exchange)
        protocol.replace(exchange, failure)
        return False

    def on_after_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> bool:
        return True


NO_TLS = NoTLS()    #: shared, since it has no state
