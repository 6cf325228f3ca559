"""One side of one TLS connection in memory: bytes of the wire go in and come out. Knows no socket."""
import ssl
from contextlib import suppress
from typing import NamedTuple, Protocol

#: the random of a ServerHello that wants another ClientHello (RFC 8446 section 4.1.3)
RETRY = bytes.fromhex('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c')


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
    return Channel(context.wrap_bio(incoming, outgoing, server_side, name), incoming, outgoing, alpn)


def flight_of(channel: Channel, hello: bytes) -> bytes:
    """Return all that the server says in the handshake before it waits for the client; empty: it wants another ClientHello first.

    Args:
        channel: The server's side, which has not begun.
        hello: The ClientHello.
    """
    channel.incoming.write(hello)
    if channel.alpn is not None:
        channel.tls.context.set_alpn_protocols(channel.alpn)
    with suppress(ssl.SSLError):    # it waits, or what it says is an alert
        channel.tls.do_handshake()
    said = channel.outgoing.read()
    return b'' if RETRY in said else said


def explain(error: Exception) -> str:
    """Say in half a sentence why a handshake or a connection has failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f'certificate verify failed: {error.verify_message}'
    if isinstance(error, ssl.SSLEOFError):
        return 'the connection was closed in the midst of it'
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace('_', ' ').lower()
    return str(getattr(error, 'strerror', None) or error)


# -- what is said before a connection has a channel

class Alteration(Protocol):
    """What is changed of the first bytes inside TLS, as the other side has none; ``vaurien.protocols.starttls`` says how."""

    over: bool

    def received(self, data: bytes) -> bytes: ...
    def sent(self, data: bytes) -> bytes: ...


class Switch(Protocol):
    """What is said to a peer in the clear; ``vaurien.protocols.starttls.Switch`` is the base of those that there are."""

    out: bytes
    begins: bool
    over: bool

    @property
    def alteration(self) -> Alteration | None: ...
    def received(self, data: bytes) -> bytes: ...
    def wanted(self, data: bytes) -> None: ...
