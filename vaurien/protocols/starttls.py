"""The option ``starttls``: what becomes of a client's wish to go on with TLS on a connection that has begun in the clear.

Knows no wire format. A protocol gives what it answers in its backend's place, and what it takes out of the backend's own words.
"""
from collections.abc import Mapping
from typing import Any

from ..options import Option, flag
from .base import Exchange, Failure

RELAY, REFUSE = 'relay', 'refuse'
STARTTLS = Option("What becomes of a client's wish for TLS: relay passes it on, and what follows is relayed unread; refuse "
                  "answers as a server without TLS does, for clients that then go on in the clear", str, RELAY, (RELAY, REFUSE))


def begins(protocol: str, what: str = 'TLS begins') -> str:
    """Return why a session is relayed unread from here on, and the way out."""
    return f'{what}; with {flag("protocol", protocol, "starttls")} {REFUSE} clients that need no TLS go on in the clear'


class NoTLS:
    """What is applied to a message that offers TLS, or asks for it. Nothing is drawn for such a message, and no fault is counted.

    The protocol has ``refusal(exchange)``, which returns the failure for a request, and ``without_tls(data)``, which returns what
    the backend has sent as it would be without TLS.
    """

    name = 'starttls'
    settings: Mapping[str, Any] = {}
    match = None
    inline = reports = True

    def on_before_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> bool:
        if not to_backend:
            source.unread(protocol.without_tls(source.recv()))
            return True
        exchange: Exchange = protocol.exchange(True)
        failure: Failure = protocol.refusal(exchange)
        protocol.replace(exchange, failure)
        return False

    def on_after_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> bool:
        return True


NO_TLS = NoTLS()    #: shared, since it has no state
