"""Clients that have been accepted and have no session yet: they wait for a connection to the backend.

Knows of its proxy what ``ArrivalHost`` names.
"""
import logging
from collections.abc import Sized
from typing import Protocol

from ..address import Address
from ..errors import BackendError
from ..net import sockets
from ..net.connect import Connecting
from ..net.loop import PLUGIN_ERRORS
from ..net.pool import Pool
from ..net.sockets import RawSocket
from ..spec import ProxySpec
from ..wire.toxics import ProxyToxics
from .rate_limited_log import RateLimitedLog
from .stats import Stats

logger = logging.getLogger(__name__)


class ArrivalHost(Protocol):
    """What arrivals ask of their proxy."""

    stats: Stats
    toxics: ProxyToxics

    @property
    def spec(self) -> ProxySpec: ...
    @property
    def backend(self) -> Address: ...
    @property
    def sessions(self) -> Sized: ...
    def arrived(self, number: int, client: RawSocket, backend: RawSocket, peer: str, address: Address) -> None: ...
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
        self._number = 0
        self._refused, self._unreachable = RateLimitedLog(logger), RateLimitedLog(logger)

    def __len__(self) -> int:
        return len(self._waiting)

    def accept(self, client: RawSocket, peer: str) -> None:
        """Take a client in, or refuse it."""
        host, limit = self._host, self._host.spec.max_connections
        if limit and len(host.sessions) + len(self) >= limit:
            host.stats.refused += 1
            self._refused.warning('%s has its %d connections and refuses %s', host.spec.name, limit, peer)
            sockets.refuse(client)
            return
        host.stats.accepted += 1
        self._number += 1
        kept = self._pool.take() if len(self._pool) else None
        if kept is not None:
            host.arrived(self._number, client, kept, peer, host.backend)
        else:
            self._connect(self._number, client, peer)

    def _connect(self, number: int, client: RawSocket, peer: str) -> None:
        host, address = self._host, self._host.backend
        connecting: Connecting | None = None

        def done(backend: RawSocket | None, error: BackendError | None) -> None:
            if connecting is not None:
                self._waiting.pop(connecting, None)
            if backend is not None:
                host.arrived(number, client, backend, peer, address)
            else:
                self._cannot_connect(client, error)

        try:
            delay = host.toxics.opening_delay(number) if host.toxics else 0.0
        except PLUGIN_ERRORS:
            return host.failed('a toxic', number, client)
        made = Connecting(address, host.spec.timeout, done, delay)
        if not made.ended:
            connecting = made
            self._waiting[made] = client
        return None

    def _cannot_connect(self, client: RawSocket, error: BackendError | None) -> None:
        self._host.stats.backend_errors += 1
        self._unreachable.warning('%s: %s', self._host.spec.name, error)
        sockets.refuse(client)
        self._host.emptied()

    def abort(self) -> None:
        """Refuse all that wait."""
        for connecting, client in list(self._waiting.items()):
            connecting.cancel()
            sockets.refuse(client)
        self._waiting.clear()
