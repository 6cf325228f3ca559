"""The sessions of a forward proxy that nothing happens to: no behavior, no toxic and no plan is about them, nor a journal."""
from typing import Protocol

from ...address import Address
from ...net.sockets import RawSocket
from ...net.stream import Stream
from ...plans.steps import ProxyPlan
from ...protocols.base import BaseProtocol, Exchange
from ...protocols.tcp import TCP
from ...relay.chaos import Chaos
from ...relay.session import Session
from ...spec import ProxySpec
from ...wire.toxics import ProxyToxics

NO_CHAOS = Chaos((), {}, TCP)
NO_TOXICS = ProxyToxics(0, '', {})
TUNNELS = 10 ** 9   #: sessions with a greater number are tunnels: what is drawn for the others depends on theirs
SETTINGS = {'keep_alive': True}     #: the end of one direction is not that of the other


class TunnelHost(Protocol):
    """What tunnels ask of their proxy."""

    sessions: dict[int, Session]

    @property
    def spec(self) -> ProxySpec: ...
    def session_ended(self, session: Session) -> None: ...
    def session_failed(self, session: Session) -> None: ...


class Tunnel(Session):
    """A session that passes unread; what it carries counts as no exchange."""

    __slots__ = ()

    @property
    def exchanges(self) -> int:
        return 0


class Tunnels:
    """Makes sessions that pass unread; to these it is what a proxy is to others.

    Args:
        proxy: The proxy whose sessions they are.
    """

    seed, toxics, chaos = 0, NO_TOXICS, NO_CHAOS
    planned: ProxyPlan | None = None

    def __init__(self, proxy: TunnelHost) -> None:
        self._proxy = proxy

    @property
    def spec(self) -> ProxySpec:
        """What the proxy should be."""
        return self._proxy.spec

    def open(self, number: int, client: Stream, backend: Stream, peer: str, address: Address,
             protocol: BaseProtocol | None = None) -> None:
        """Pass on what comes, from here on.

        Args:
            number, client, backend, peer, address: Of the session.
            protocol: What passes it on; None: whatever comes passes as it is.
        """
        session = self._proxy.sessions[number] = Tunnel(self, number, client, backend, protocol or TCP(SETTINGS), peer, address)
        session.start()

    def session_ended(self, session: Session) -> None:
        """Let the proxy forget a session."""
        self._proxy.session_ended(session)

    def session_failed(self, session: Session) -> None:
        """Let the proxy count a session that is reset because of a bug."""
        self._proxy.session_failed(session)

    def relayed_unread(self, session: Session) -> None:
        """Say nothing: all of them are."""

    def fault(self, session: Session, exchange: Exchange, kind: str) -> None:
        """Say nothing: there are none."""

    def keep(self, backend: RawSocket, address: Address) -> None:
        """Keep no connection."""
        backend.close()
