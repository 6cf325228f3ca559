"""One side of one TLS connection in memory: bytes of the wire go in and come out. Knows no socket."""
import ssl
from typing import NamedTuple

from ...errors import of_tls
from .resumption import resumable


class Channel(NamedTuple):
    """One side of a TLS connection; ``SSLObject`` reads from ``incoming`` and writes to ``outgoing``.

    Args:
        tls: The connection.
        incoming: What has come from the peer and is not read yet.
        outgoing: What is to be sent to the peer.
        alpn: The protocols that are offered, or the one that is chosen, set anew before each step of the handshake, as all
            connections share one context; None: those of the context.
    """

    tls: ssl.SSLObject
    incoming: ssl.MemoryBIO
    outgoing: ssl.MemoryBIO
    alpn: tuple[str, ...] | None = None


def open_channel(context: ssl.SSLContext, server_side: bool, name: str | None = None,
                 alpn: tuple[str, ...] | None = None) -> Channel:
    """Make one side of a connection that has not begun.

    Args:
        context: What it allows itself, and its certificate.
        server_side: Whether it is the server's.
        name: Of a client: the server that it asks for, and whose certificate it wants.
        alpn: As for ``Channel``.
    """
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    if alpn is not None:
        context.set_alpn_protocols(alpn)
    session = None if server_side else resumable(context, name)
    return Channel(context.wrap_bio(incoming, outgoing, server_side, name, session), incoming, outgoing, alpn)


explain = of_tls
