"""Clients that have been accepted and have no session yet: they wait for a connection to the backend.

Knows of its proxy what ``ArrivalHost`` names.
"""
import logging
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol

from ...address import Address
from ...errors import BackendError
from ...net import sockets
from ...net.connect import Begun, Connecting, at_once
from ...net.loop import PLUGIN_ERRORS
from ...net.pool import Pool
from ...net.sockets import RawSocket
from ...net.stream import Stream
from ...protocols.base import BaseProtocol
from ...wire.toxics import ProxyToxics
from ..door.tunnels import TUNNELS, TunnelHost, Tunnels
from ..exchanges import Exchanges
from ..rate_limited_log import RateLimitedLog
from ..stats import Stats
from .greeted import Greeted, record_greeting, record_hello, record_refused
from .greeting import Greeting, GreetingHost, is_expected, name_of
from .numbers import Share

if TYPE_CHECKING:
    from ...net.tls.terms import Terms
    from ..door.opening import Opening
    from ..validated import Validated
    from .forward import ForwardArrival
    from .tls import TlsArrival

logger = logging.getLogger(__name__)


UNREAD = 'tcp'  #: the protocol whose bytes may be those of TLS that is relayed
Done = Callable[[RawSocket | None, BackendError | None], None]


class ArrivalHost(TunnelHost, GreetingHost, Protocol):
    """What arrivals ask of their proxy."""

    stats: Stats
    toxics: ProxyToxics
    exchanges: Exchanges
    share: Share

    @property
    def backend(self) -> Address: ...
    @property
    def tls(self) -> 'Terms | None': ...
    @property
    def now(self) -> 'Validated': ...
    @property
    def settings(self) -> dict[str, Any]: ...
    def arrived(self, number: int, client: RawSocket, backend: RawSocket, peer: str, address: Address) -> None: ...
    def paired(self, number: int, client: Stream, backend: Stream, peer: str, address: Address,
               protocol: BaseProtocol | None = None) -> None: ...
    def failed(self, what: str, number: int, *socks: RawSocket) -> None: ...
    def emptied(self) -> None: ...


class Arrivals:
    """Connects clients to the backend, and gives each its number; those beyond the limit are refused.

    Args:
        host: The proxy.
        pool: Idle connections to the backend that are used first.
    """

    def __init__(self, host: ArrivalHost, pool: Pool) -> None:
        self._host, self._pool = host, pool
        self._waiting: dict[Connecting, RawSocket] = {}
        self._greeting: set[TlsArrival | ForwardArrival] = set()
        share = host.share
        self._number = share.last(host.spec.name)
        self._tunnel, self._step = TUNNELS + share.worker - share.workers, share.workers
        self._refused, self._unreachable = RateLimitedLog(logger), RateLimitedLog(logger)
        self._cannot_greet, self._asked_in_vain = RateLimitedLog(logger), RateLimitedLog(logger)
        self._tunnels = Tunnels(host)

    def __len__(self) -> int:
        return len(self._waiting) + len(self._greeting)

    def accept(self, client: RawSocket, peer: str) -> None:
        """Take a client in, or refuse it."""
        host = self._host
        now = host.now
        spec = now.spec
        if spec.max_connections and len(host.sessions) + len(self) >= spec.max_connections:
            host.stats.refused += 1
            self._refused.warning('%s has its %d connections and refuses %s', spec.name, spec.max_connections, peer)
            sockets.refuse(client)
            return None
        host.stats.accepted += 1
        if now.opening is not None:
            return self._ask(now.opening, client, peer)
        self._number += self._step
        if now.tls is not None or is_expected(host) or host.exchanges.greetings and spec.protocol == UNREAD:
            return self._greet(now.tls, client, peer)
        kept = self._pool.take() if len(self._pool) else None
        if kept is not None:
            host.arrived(self._number, client, kept, peer, now.backend)
        else:
            self._connect(self._number, client, peer)
        return None

    def _connect(self, number: int, client: RawSocket, peer: str) -> None:
        host, address = self._host, self._host.now.backend
        backend, begun = (None, None) if host.toxics.attached else at_once(address)     # a toxic may let it wait
        if backend is not None:
            return host.arrived(number, client, backend, peer, address)
        connecting: Connecting | None = None

        def done(backend: RawSocket | None, error: BackendError | None) -> None:
            if connecting is not None:
                self._waiting.pop(connecting, None)
            if backend is not None:
                host.arrived(number, client, backend, peer, address)
            else:
                self._cannot_connect(client, error)

        try:
            made = self.connect(number, done, begun=begun)
        except PLUGIN_ERRORS:
            return host.failed('a toxic', number, client)
        if made is not None:
            connecting = made
            self._waiting[made] = client
        return None

    def connect(self, number: int, done: Done, address: Address | None = None, begun: Begun | None = None) -> Connecting | None:
        """Connect to the backend for a session, or to another address, perhaps from what is begun; None: it is done already."""
        host = self._host
        made = Connecting(address or host.backend, host.spec.timeout, done,
                          host.toxics.opening_delay(number) if host.toxics else 0.0, begun)
        return None if made.ended else made

    def _cannot_connect(self, client: RawSocket, error: BackendError | None) -> None:
        self._host.stats.backend_errors += 1
        self._unreachable.warning('%s: %s', self._host.spec.name, error)
        sockets.refuse(client)
        self._host.emptied()

    # -- clients of a proxy that speaks TLS on a side

    def _greet(self, terms: 'Terms | None', client: RawSocket, peer: str) -> None:
        from .tls import TlsArrival  # it is slow to import, and most proxies have no use for it
        host = self._host
        arrival = TlsArrival(self, terms, self._number, client, peer, host.backend, host.spec.timeout)
        self._greeting.add(arrival)
        try:
            arrival.start()
        except PLUGIN_ERRORS:
            self.broken(arrival)

    def broken(self, arrival: 'TlsArrival', waits: 'ForwardArrival | None' = None) -> None:
        """Reset a client where a plugin raises, which is being handled.

        Args:
            arrival, waits: As for ``greeted``.
        """
        self._greeting.discard(waits or arrival)
        (waits or arrival).abort()
        self._host.failed('TLS', arrival.number)

    @property
    def recorded(self) -> bool:
        """Whether sessions that begin now are recorded."""
        return self._host.exchanges.followed

    def met(self, arrival: 'TlsArrival', client: Stream, backend: Stream) -> None:
        """Hand a client over to its session."""
        self._greeting.discard(arrival)
        self._host.paired(arrival.number, client, backend, arrival.peer, arrival.address)
        self.decided(arrival, accepted=True)

    def decided(self, arrival: 'TlsArrival', accepted: bool) -> None:
        """Record a handshake that was made to fail, if it was one; its session ends where the client has not taken it."""
        if arrival.fails is not None and self.recorded:
            record_greeting(self._host.exchanges, self._greeted(arrival, arrival.fails), accepted)

    def greeting(self, arrival: 'TlsArrival') -> Greeting | None:
        """Draw for a client's handshake; None: it goes on as it would."""
        host = self._host
        made = Greeting(host, arrival.number, arrival.hello, host.exchanges.mark) if is_expected(host) else None
        if made is not None and made.kind:
            return made
        if host.exchanges.greetings:
            record_hello(host.exchanges, host.spec.name, arrival.number, name_of(arrival.hello), monotonic() - arrival.started,
                         arrival.sent)
        return None

    def greeted(self, arrival: 'TlsArrival', waits: 'ForwardArrival | None' = None) -> None:
        """Forget a client whose handshake was made to fail, or that has left before there was one.

        Args:
            arrival: The client.
            waits: How it is known here, where it has come to a forward proxy.
        """
        self._greeting.discard(waits or arrival)
        if arrival.fails is not None and self.recorded:
            record_refused(self._host.exchanges, self._greeted(arrival, arrival.fails))
        self._host.emptied()

    def _greeted(self, arrival: 'TlsArrival', greeting: Greeting) -> Greeted:
        return Greeted(self._host.spec.name, arrival.peer, greeting, monotonic() - arrival.started, arrival.sent)

    def client_failed(self, arrival: 'TlsArrival', reason: str) -> None:
        """Forget a client that has not come as far as a session."""
        self._greeting.discard(arrival)
        self._cannot_greet.warning('%s: no TLS with the client %s: %s', self._host.spec.name, arrival.peer, reason)
        self._host.emptied()

    def backend_failed(self, arrival: 'TlsArrival', error: BackendError) -> None:
        """Count a client that was reset since the backend cannot be reached, or is not the one that it should be."""
        self._greeting.discard(arrival)
        self._host.stats.backend_errors += 1
        self._unreachable.warning('%s: %s', self._host.spec.name, error)
        self._host.emptied()

    def end_silent(self) -> int:
        """Reset the clients that are told nothing by a handshake that was made to hang, and return how many there were."""
        silent = [arrival for arrival in self._greeting if arrival.silent]
        for arrival in silent:
            arrival.abort()
        return len(silent)

    # -- clients of a forward proxy

    def _ask(self, opening: 'Opening', client: RawSocket, peer: str) -> None:
        from .forward import ForwardArrival  # most proxies have no use for it
        arrival = ForwardArrival(self, opening, client, peer, self._host.spec.timeout)
        self._greeting.add(arrival)
        arrival.start()

    def connect_asked(self, arrival: 'ForwardArrival', done: Done) -> Connecting | None:
        """Connect to where a client wants to be connected to; None: it is done already, or the client is gone."""
        if arrival.entry is None:   # no toxic is about it, and the others' numbers are as without it
            self._tunnel += self._step
            arrival.number = self._tunnel
            made = Connecting(arrival.address, self._host.spec.timeout, done)
            return None if made.ended else made
        self._number += self._step
        arrival.number = self._number
        try:
            return self.connect(arrival.number, done, arrival.address)
        except PLUGIN_ERRORS:
            self._greeting.discard(arrival)
            arrival.abort()
            self._host.failed('a toxic', arrival.number)
            return None

    def entered(self, arrival: 'ForwardArrival', client: Stream, backend: Stream) -> None:
        """Hand a client of a forward proxy over to its session."""
        from ...protocols.http import Intercepted  # most proxies are none
        self._greeting.discard(arrival)
        where = arrival.peer, arrival.address
        settings = {**self._host.settings, 'keep_alive': False} if arrival.single else self._host.settings
        if arrival.entry is not None:
            self._host.paired(arrival.number, client, backend, *where, Intercepted(settings, arrival.origin))
        elif arrival.single:    # its headers had to be read anyway; what it is answered has to say that the connection ends
            self._tunnels.open(arrival.number, client, backend, *where, Intercepted(settings))
        else:
            self._tunnels.open(arrival.number, client, backend, *where)

    def refused(self, arrival: 'ForwardArrival', why: object) -> None:
        """Forget a client of a forward proxy that has not come as far as a session."""
        self._greeting.discard(arrival)
        name = self._host.spec.name
        if not why:
            logger.debug('%s: %s has left before it was connected', name, arrival.peer)
        elif not isinstance(why, BackendError):
            self._asked_in_vain.warning('%s: %s is not connected: %s', name, arrival.peer, why)
        elif arrival.entry is None:
            logger.info('%s: %s', name, why)
        else:
            self._host.stats.backend_errors += 1
            self._unreachable.warning('%s: %s', name, why)
        self._host.emptied()

    def abort(self) -> None:
        """Refuse all that wait."""
        for arrival in list(self._greeting):
            arrival.abort()
        self._greeting.clear()
        for connecting, client in list(self._waiting.items()):
            connecting.cancel()
            sockets.refuse(client)
        self._waiting.clear()
