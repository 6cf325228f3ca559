"""One side of one TLS connection in memory: bytes of the wire go in and come out. Knows no socket.

A client's side resumes the session of an earlier one, which costs both sides less than a handshake in full (RFC 8446 section 2.2,
RFC 5077). To read a session out of a connection and to give it to another one takes some 0.2 ms each, so one is kept and given to
all connections until a backend no longer takes it.
"""
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Protocol
from weakref import WeakKeyDictionary

from ...errors import of_tls

MAX_NAMES = 64      #: names of a context whose sessions are kept
MIN_AGE = 0.1       #: [seconds] that a session is given to others before another one takes its place
#: connections in a row that were given a session and did not resume it, after which it is not tried any more; those that begin
#: while the first one is under way are among them
MAX_VAIN = 1000

#: the random of a ServerHello that wants another ClientHello (RFC 8446 section 4.1.3)
RETRY = bytes.fromhex('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c')


class End(Enum):
    """How a direction ends."""

    CLOSED = 'close_notify and FIN'
    NOTIFIED = 'close_notify; the connection stays open'
    CUT = 'FIN without close_notify'
    DAMAGED = 'a record of which a byte is another one, and FIN'
    CLEAR = 'bytes that are not encrypted, and FIN'


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


explain = of_tls


# -- sessions that are resumed

@dataclass(slots=True)
class Kept:
    """What is kept for a name.

    Attributes:
        session: What the next connection resumes; None: nothing.
        since: When it was kept, on the monotonic clock [s].
        vain: Connections that it was given to since one has resumed it.
    """

    session: ssl.SSLSession | None = None
    since: float = float('-inf')
    vain: int = 0


_kept: 'WeakKeyDictionary[ssl.SSLContext, dict[str, Kept]]' = WeakKeyDictionary()


def resumable(context: ssl.SSLContext, name: str | None) -> ssl.SSLSession | None:
    """Return the session that a connection may resume; None: it makes its handshake in full.

    Args:
        context: Of the client; a session belongs to the context that it was made with.
        name: The server that is asked for.
    """
    names = _kept.get(context)
    kept = names.get(name or '') if names else None
    if kept is None or kept.session is None:
        return None
    kept.vain += 1
    if kept.vain > MAX_VAIN:
        kept.session = None
    return kept.session


def session_of(tls: ssl.SSLObject) -> ssl.SSLSession | None:
    """Return the session of a connection; None: it has none, since its handshake has failed in the midst."""
    try:
        return tls.session
    except ValueError:      # i2d() failed
        return None


def keep(tls: ssl.SSLObject) -> None:
    """Let later connections resume the session of one that ends.

    Args:
        tls: A client's side; with TLS 1.3 its tickets have come once it has read something.
    """
    names, name = _kept.setdefault(tls.context, {}), tls.server_hostname or ''
    kept = names.get(name)
    if kept is None:
        if len(names) >= MAX_NAMES:
            return
        kept = names[name] = Kept()
    if tls.session_reused:
        kept.vain = 0
    elif kept.vain <= MAX_VAIN and (now := time.monotonic()) - kept.since >= MIN_AGE:
        session = session_of(tls)
        kept.session = session if session is not None and (session.has_ticket or session.id) else None
        kept.since = now


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
