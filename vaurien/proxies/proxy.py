"""Accepts clients and connects them to the backend. Knows one proxy's spec and its sessions, and no other proxy."""
import logging
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from gevent.event import Event
from gevent.server import StreamServer

from ..address import Address, parse_address
from ..errors import BackendError
from ..net import sockets
from ..net.connect import Connecting
from ..net.pool import Pool
from ..net.sockets import RawSocket
from ..net.stream import Stream
from ..plugins import protocol_settings
from ..protocols import Protocol
from ..protocols.base import BaseProtocol, Exchange
from ..relay.chaos import Chaos
from ..relay.lane import ANYTHING
from ..relay.session import Session
from ..spec import ProxySpec
from ..wire.toxics import Wear, Wire, settle_toxics
from .journal import Journal
from .stats import Stats

logger = logging.getLogger(__name__)

#: [seconds] without accepting after it has failed; short, as descriptors come back whenever a session ends
REST = 0.05


class Seldom:
    """Logs a warning once a second at most, and how many were left out."""

    def __init__(self) -> None:
        self._next, self._left_out = 0.0, 0

    def warning(self, text: str, *args: Any) -> None:
        """Log it, or count it."""
        now = time.monotonic()
        if now < self._next:
            self._left_out += 1
            return
        more = f' ({self._left_out} more like it)' if self._left_out else ''
        self._next, self._left_out = now + 1.0, 0
        logger.warning(text + '%s', *args, more)


class Plan(NamedTuple):
    """What a spec comes to once everything in it has been checked; nothing of it is in force yet."""

    spec: ProxySpec
    listen: Address
    backend: Address
    protocol: type[BaseProtocol]
    settings: dict[str, Any]
    chaos: Chaos
    toxics: dict[str, Wear]


def find_backend(text: str) -> Address:
    """Read the address of a backend."""
    return parse_address(text, 'backend')


class Proxy(StreamServer):
    """One listening address, and the sessions that came in through it.

    Args:
        spec: What it should be.
        seed: What the generators of its sessions are made from.
        journal: Where faults are written down; None: one of its own.
        find: Makes an address of the backend that a spec names.

    Raises:
        ConfigError: A value of the spec does not fit.
    """

    #: accepts in a row before other events have their turn
    max_accept = 64

    def __init__(self, spec: ProxySpec, seed: int = 0, journal: Journal | None = None,
                 find: Callable[[str], Address] = find_backend) -> None:
        self.seed, self._find = seed, find
        self.journal = journal if journal is not None else Journal()
        plan = self.plan(spec)
        self._adopt(plan)
        self.wire = Wire(seed, spec.name, plan.toxics)
        self.idle = Pool(spec.pool_max_size, spec.pool_timeout)
        self.stats = Stats()
        self.sessions: dict[int, Session] = {}
        self._connecting: dict[Connecting, RawSocket] = {}
        self._number = 0
        self._seldom = {what: Seldom() for what in ('refused', 'backend', 'accept')}
        self._empty = Event()
        self._empty.set()
        super().__init__((self.listen.host, self.listen.port or 0), self._never)
        self._bind(self.listen)

    def _bind(self, bound: Address) -> None:
        self.bound = bound          #: where it listens, with the real port
        self.address = str(bound)

    @property
    def name(self) -> str:
        """How the fleet, the seed and the logs know it."""
        return self.spec.name

    # -- changing

    def plan(self, spec: ProxySpec) -> Plan:
        """Check everything that a spec says; nothing changes.

        Raises:
            ConfigError: A value does not fit.
        """
        protocol = Protocol.get(spec.protocol)
        return Plan(spec, parse_address(spec.proxy, 'proxy'), self._find(spec.backend), protocol,
                    protocol_settings(protocol, spec.protocol_settings), Chaos(spec.mix, spec.settings, protocol),
                    settle_toxics(spec.toxics))

    def _adopt(self, plan: Plan) -> None:
        self.spec, self.listen, self.backend, self.protocol, self.settings, self.chaos, _ = plan

    def change(self, spec: ProxySpec) -> None:
        """Become what another spec says, or stay as it was.

        Open sessions go on: they keep their connections, and meet the new mix from their next draw on. Only another protocol,
        or not being enabled, ends them. What was drawn before a change is not taken back.

        Raises:
            ConfigError: A value does not fit; nothing has changed.
            OSError: The new address cannot be listened on; nothing has changed.
        """
        plan, before = self.plan(spec), self.spec
        moves = spec.enabled and (not self.started or plan.listen != self.listen)
        # a proxy that was told to pick a port and was disabled comes back where it was: its clients know it by that port
        where = plan.listen._replace(port=self.bound.port) if plan.listen == self.listen else plan.listen
        listener = sockets.listen(where, spec.backlog) if moves else None
        same_behaviors = (spec.mix, spec.settings, spec.protocol) == (before.mix, before.settings, before.protocol)
        if same_behaviors:
            plan = plan._replace(chaos=self.chaos)  # with what its behaviors have counted
        if plan.backend != self.backend:
            self.idle.clear()
        self.idle.size, self.idle.timeout = spec.pool_max_size, spec.pool_timeout
        other_protocol, elsewhere = plan.protocol is not self.protocol, plan.listen != self.listen
        self._adopt(plan)
        self.wire.change(plan.toxics, self.sessions.values())
        if listener is not None:
            self.close()
            self.socket = listener
            self._bind(sockets.bound_address(listener))
            self.start()
        if not spec.enabled:
            self.close()
            if elsewhere:
                self._bind(plan.listen)     # the port that it had is not the one that it comes back to
        if other_protocol or not spec.enabled:
            self.cut()

    @staticmethod
    def _never(*_: Any) -> None:
        raise AssertionError('do_handle handles')

    # -- accepting

    def set_spawn(self, spawn: Any) -> None:
        """Spawn nothing: a session costs no greenlet."""
        self._spawn = None

    def init_socket(self) -> None:
        if not hasattr(self, 'socket'):
            self.socket = sockets.listen(self.listen, self.spec.backlog)
            self._bind(sockets.bound_address(self.socket))

    def close(self) -> None:
        """Stop listening; sessions go on."""
        self._stop_event.set()      # type: ignore[attr-defined]
        self.stop_accepting()
        listener = self.__dict__.pop('socket', None)
        if listener is not None:
            listener.close()
            sockets.remove_path(self.bound)

    def do_read(self) -> tuple[RawSocket, str] | None:    # type: ignore[override]
        try:
            return sockets.accept(self.socket)
        except OSError as error:
            self.stats.accept_errors += 1
            self._seldom['accept'].warning('%s cannot accept: %s', self.spec.name, error)
            self._rest()
            return None

    def _rest(self) -> None:
        """Accept nothing for a while: what made it fail would fail at once again."""
        self.stop_accepting()
        self._timer: Any = self.loop.timer(REST)
        self._timer.start(self._accept_again)

    def _accept_again(self) -> None:
        if self.started:
            self.start_accepting()

    def do_handle(self, client: RawSocket, peer: str) -> None:
        limit = self.spec.max_connections
        if limit and len(self.sessions) + len(self._connecting) >= limit:
            self.stats.refused += 1
            self._seldom['refused'].warning('%s has its %d connections and refuses %s', self.spec.name, limit, peer)
            sockets.refuse(client)
            return
        self.stats.accepted += 1
        self._number += 1
        kept = self.idle.take() if len(self.idle) else None
        if kept is not None:
            self._open(self._number, client, kept, peer, self.backend)
        else:
            self._connect(self._number, client, peer)

    def _connect(self, number: int, client: RawSocket, peer: str) -> None:
        connecting: Connecting | None = None

        def done(backend: RawSocket | None, error: BackendError | None) -> None:
            if connecting is not None:
                self._connecting.pop(connecting, None)
            if backend is not None:
                self._open(number, client, backend, peer, address)
            else:
                self._unreachable(client, error)
                self._check_empty()

        address = self.backend
        try:
            delay = self.wire.opening_delay(number) if self.wire else 0.0
        except ANYTHING:
            return self._failed('a toxic', number, client)
        made = Connecting(address, self.spec.timeout, done, delay)
        if not made.ended:
            connecting = made
            self._connecting[made] = client
            self._empty.clear()
        return None

    def _unreachable(self, client: RawSocket, error: BackendError | None) -> None:
        self.stats.backend_errors += 1
        self._seldom['backend'].warning('%s: %s', self.spec.name, error)
        sockets.refuse(client)

    def _open(self, number: int, client: RawSocket, backend: RawSocket, peer: str, address: Address) -> None:
        timeout = self.spec.timeout
        try:
            session = Session(self, number, Stream(client, timeout), Stream(backend, timeout),
                              self.protocol(self.settings), peer, address)
        except ANYTHING:
            return self._failed(f'protocol {self.protocol.name}', number, client, backend)
        self.sessions[number] = session
        self._empty.clear()
        session.start()
        return None

    def _failed(self, what: str, number: int, *socks: RawSocket) -> None:
        """A plugin raised before there was a session: its client is reset, the others live on."""
        logger.exception('session %d of %s is reset: %s raised', number, self.spec.name, what)
        self.stats.handler_errors += 1
        for sock in socks:
            sockets.refuse(sock)
        self._check_empty()

    # -- what sessions tell

    def session_ended(self, session: Session) -> None:
        """Forget a session and keep its counts."""
        stats = self.stats
        self.sessions.pop(session.number, None)
        from_client, from_backend = session.transferred
        stats.from_client += from_client
        stats.from_backend += from_backend
        stats.to_client += session.client.sent
        stats.to_backend += session.backend.sent
        stats.exchanges += session.exchanges
        self._check_empty()

    def fault(self, session: Session, exchange: Exchange, kind: str) -> None:
        """Count a fault and write it down."""
        behavior = exchange.behavior.name
        self.stats.faults[behavior, kind] += 1
        self.journal.add(self.spec.name, session.number, exchange.number, behavior, kind, exchange.name)

    def totals(self) -> tuple[int, int, int]:
        """Return the exchanges, the bytes from clients and those from the backend, of ended and of open sessions."""
        stats = self.stats
        exchanges, from_client, from_backend = stats.exchanges, stats.from_client, stats.from_backend
        for session in self.sessions.values():
            exchanges += session.exchanges
            from_client += session.client.received
            from_backend += session.backend.received
        return exchanges, from_client, from_backend

    # -- ending

    def _check_empty(self) -> None:
        if not self.sessions and not self._connecting:
            self._empty.set()

    def wait_empty(self, timeout: float | None) -> bool:
        """Wait until no session is left; False when ``timeout`` seconds have passed first."""
        self._check_empty()
        return bool(self._empty.wait(timeout))

    def cut(self) -> int:
        """End all sessions with a reset, and say how many there were."""
        count = len(self.sessions) + len(self._connecting)
        for connecting, client in list(self._connecting.items()):
            connecting.cancel()
            sockets.refuse(client)
        self._connecting.clear()
        for session in list(self.sessions.values()):
            session.end(reset=True)
        self.idle.clear()
        self._check_empty()
        return count

    def hang_up(self) -> None:
        """End all sessions with FIN, at once."""
        for session in list(self.sessions.values()):
            session.drop()
        self.cut()      # what has no backend yet

    def stop(self, timeout: float | None = None) -> None:
        """Stop listening, let sessions end for ``timeout`` seconds (None: not at all), and cut the rest."""
        self.close()
        if timeout:
            self.wait_empty(timeout)
        self.cut()
