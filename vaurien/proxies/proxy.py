"""One proxy: where it listens, its sessions, and what it becomes when it is changed. Knows no other proxy."""
import logging
from collections.abc import Iterator
from itertools import islice

from gevent.event import Event

from ..address import Address
from ..net import sockets
from ..net.listener import Listener
from ..net.loop import PLUGIN_ERRORS
from ..net.pool import Pool
from ..net.sockets import RawSocket, SocketAddress
from ..net.stream import Stream
from ..plans.entry import Applied
from ..plans.plan import Plan
from ..plans.planned import Planned
from ..plans.steps import ProxyPlan
from ..protocols.base import BaseProtocol, Exchange
from ..relay.session import Session
from ..relay.toxic_view import ToxicView
from ..wire.toxics import ProxyToxics, check_toxics
from .arrivals.greeting import Greeting
from .arrivals.numbers import ALONE, Share
from .arrivals.waiting import Arrivals
from .exchanges import Exchanges, session_for
from .journal import Journal
from .rate_limited_log import RateLimitedLog
from .stats import Stats
from .unapplied import Unapplied
from .validated import Being, Validated

logger = logging.getLogger(__name__)


class Proxy(Being):
    """One listening address, and the sessions that came in through it.

    Args:
        wanted: What it should be.
        seed: What the generators of its sessions are made from.
        journal: Where faults are written down; None: one of its own.
        plan: What is meant for certain exchanges; None: nothing.
        exchanges: Who follows its exchanges; None: nobody.
        share: Which of its sessions this process has.

    Attributes:
        now: What it is.
        bound: Where it listens, with the real port; while it is disabled, where it will.
        toxics: The toxics of its sessions.
        sessions: The open ones, by number.
        pool: Idle connections to the backend.
        stats: What it has counted.
        unapplied: Why faults are not applied.
    """

    def __init__(self, wanted: Validated, seed: int = 0, journal: Journal | None = None, plan: Plan | None = None,
                 exchanges: Exchanges | None = None, share: Share = ALONE) -> None:
        self._plan, self.share = plan, share
        self.now, self.bound, self.seed = wanted, wanted.listen, seed
        self.journal = journal if journal is not None else Journal()
        self.exchanges = exchanges if exchanges is not None else Exchanges()
        self.toxics = ProxyToxics(seed, wanted.spec.name, wanted.toxics)
        self.pool = Pool(wanted.spec.pool_max_size, wanted.spec.pool_timeout)
        self.stats, self.unapplied = Stats(), Unapplied()
        self._count_uses()
        self.sessions: dict[int, Session] = {}
        self.arrivals = Arrivals(self, self.pool)
        self._empty = Event()
        self._cannot_accept = RateLimitedLog(logger)
        self._listener = Listener(self.arrivals.accept, self._accept_failed)

    # -- what it is

    @property
    def address(self) -> str:
        """Where it listens, as text."""
        return str(self.bound)

    @property
    def planned(self) -> ProxyPlan | None:
        """What the plan has for it; None: nothing."""
        return None if self._plan is None else self._plan.of(self.now.spec.name, self.now.protocol)

    @property
    def summary(self) -> str:
        """What it does, in a line: where it connects to, what is spoken, and what goes wrong."""
        spec, names = self.spec, ', '.join(toxic.spec.name for toxic in self.toxics.attached.values())
        toxics = f', toxics {names}' if names else ''
        return f'backend {spec.backend}, protocol {spec.protocol}, behavior {self.chaos}{toxics}'

    @property
    def started(self) -> bool:
        """Whether it listens."""
        return self._listener.started

    # -- changing

    def start(self) -> None:
        """Begin to listen.

        Raises:
            OSError: The address cannot be listened on.
        """
        self._listen(self._open(self.now))
        self.exchanges.proxy_changed(self)

    def change(self, wanted: Validated) -> None:
        """Become what another spec says, or stay as it was.

        Open sessions go on: they keep their connections, and draw from the new mix from their next exchange on. Only another
        protocol, or not being enabled, ends them. What was drawn before a change is not taken back.

        Raises:
            OSError: The new address cannot be listened on; nothing has changed.
        """
        spec, before = wanted.spec, self.now
        moves = spec.listens and (not self.started or wanted.listen != before.listen)
        listener = self._open(wanted) if moves else None
        # from here on nothing fails
        self.now = wanted._replace(chaos=before.chaos) if wanted.same_chaos(before) else wanted
        self._count_uses()
        self._change_sessions(before)
        self.pool.become(spec.pool_max_size, spec.pool_timeout, same_backend=wanted.backend == before.backend)
        if listener is not None:
            self._listen(listener)
        if not spec.listens:
            self._listener.close()
            if wanted.listen != before.listen:
                self.bound = wanted.listen      # the port that it had is not the one that it comes back to
        if wanted.protocol is not before.protocol or not spec.enabled:
            self._end_all()

    def _listen(self, listener: RawSocket) -> None:
        self.bound = self._listener.listen(listener)
        if self.now.opening is not None:
            self.now.opening.warn(self.name, self.bound)

    def _open(self, wanted: Validated) -> RawSocket:
        return sockets.listen(self._where(wanted), wanted.spec.backlog, together=not self.share.alone)

    def _where(self, wanted: Validated) -> SocketAddress:
        """Return where to listen: one that was told to pick a port comes back where it was, as its clients know it by that."""
        assert wanted.place is not None, 'a proxy that is to listen was looked up a place'
        return sockets.at_port(wanted.place, self.bound.port) if wanted.listen == self.listen else wanted.place

    def _change_sessions(self, before: Validated) -> None:
        """Let open sessions draw from the mix as it is now, and put the toxics on their lanes."""
        if self.chaos is not before.chaos:
            self.exchanges.proxy_changed(self)
            for session in self.sessions.values():
                if session.proxy is self:   # and no tunnel
                    session.draws.change(self.chaos)
        self.toxics.change(self.now.toxics, self._views())

    def _count_uses(self) -> None:
        """Count what the entries of the mix come to; those that were there before go on with their counts."""
        uses = self.chaos.uses
        uses.update({at: self.unapplied.uses.take(use) for at, use in uses.items()})
        self.unapplied.uses.forget(len(uses))

    def _views(self) -> Iterator[ToxicView]:
        """Give the open sessions as toxics see them; acting on one may end it."""
        return (ToxicView(session) for session in list(self.sessions.values()) if session.proxy is self)

    def plan_changed(self) -> None:
        """Let open sessions look their exchanges up in the plan as it is now."""
        for session in list(self.sessions.values()):
            session.plan_changed()

    def redraw(self, toxic: str) -> None:
        """Begin a toxic again on open sessions: it was updated, to what it was."""
        self.toxics.redraw(toxic, self._views())

    def restore(self, before: Validated, bound: Address) -> None:
        """Take a change back: become again what it was, where it was; also where the system had picked the port.

        Raises:
            OSError: Something else listens there by now.
        """
        if self.bound != bound:
            self._listener.close()
        self.now, self.bound = self.now._replace(listen=before.listen), bound
        self.change(before._replace(toxics=check_toxics(before.spec.toxics)))   # those at work have become others

    # -- what its parts report

    def _accept_failed(self, error: OSError) -> None:
        self.stats.accept_errors += 1
        self._cannot_accept.warning('%s cannot accept: %s', self.name, error)

    def arrived(self, number: int, client: RawSocket, backend: RawSocket, peer: str, address: Address) -> None:
        """Make a session of a client and its connection to the backend."""
        timeout, stream = self.now.spec.timeout, self.exchanges.stream
        self.paired(number, stream(client, timeout), stream(backend, timeout), peer, address)

    def paired(self, number: int, client: Stream, backend: Stream, peer: str, address: Address,
               protocol: BaseProtocol | None = None) -> None:
        """Make a session of two streams; whether it is recorded was decided when they were made."""
        made, now = session_for(client, backend), self.now
        try:
            session = made(self, number, client, backend, protocol or now.protocol(now.settings), peer, address)
        except PLUGIN_ERRORS:
            return self.failed(f'protocol {self.protocol.name}', number, client.detach(), backend.detach())
        self.sessions[number] = self.exchanges.met(now.spec.name, session)
        session.start()
        return None

    def failed(self, what: str, number: int, *socks: RawSocket) -> None:
        """Reset a client that has no session yet: a plugin raised, and that is being handled; the others live on."""
        logger.exception('session %d of %s is reset: %s raised', number, self.name, what)
        self.stats.handler_errors += 1
        for sock in socks:
            sockets.refuse(sock)
        self.emptied()

    def session_failed(self, session: Session) -> None:
        """Count a session that is reset because a plugin raised."""
        self.stats.handler_errors += 1

    def relayed_unread(self, session: Session) -> None:
        """Count a session of which nothing is read from here on."""
        self.unapplied.relayed_unread(session)

    def session_ended(self, session: Session) -> None:
        """Forget a session and keep its counts."""
        self.sessions.pop(session.number, None)
        self.stats.add(session.draws.count, session.client, session.backend)
        if not self.sessions:
            self.emptied()

    def keep(self, backend: RawSocket, address: Address) -> None:
        """Keep a connection for the next client, if it leads to where the proxy still connects to."""
        if address == self.backend:
            self.pool.put(backend)
        else:
            backend.close()

    def fault(self, session: Session | Greeting, exchange: Exchange, kind: str) -> None:
        """Count a fault and write it down."""
        drawn, use = exchange.drawn, self.chaos.uses.get(id(exchange.behavior))
        if use is not None:
            use.applied += 1
        entry = drawn.entry if isinstance(drawn, Planned) else None
        self.stats.faults[drawn.name, kind] += 1
        fault = self.journal.add(self.name, session.number, exchange.number, drawn.name, kind, exchange.name,
                                 0 if entry is None else entry.number)
        if entry is not None:
            entry.met(Applied(fault.time, fault.proxy, fault.session, fault.exchange, fault.request))

    def totals(self) -> tuple[int, int, int]:
        """Return the exchanges, the bytes from clients and those from the backend, of ended and of open sessions."""
        return self.stats.received(self.sessions.values())

    def sent(self) -> tuple[int, int]:
        """Return the bytes sent to backends and to clients, of ended and of open sessions."""
        return self.stats.sent(self.sessions.values())

    def sessions_after(self, number: int, limit: int) -> list[Session]:
        """Return open sessions with greater numbers than this, by number, at most so many."""
        return list(islice((session for at, session in self.sessions.items() if at > number), limit))

    # -- ending

    @property
    def empty(self) -> bool:
        """Whether it has no session, and no client waits for one."""
        return not self.sessions and not len(self.arrivals)

    def emptied(self) -> None:
        """Tell those who wait for it if nothing is left."""
        if self.empty:
            self._empty.set()

    def wait_empty(self, timeout: float | None) -> bool:
        """Wait until no session is left; False when ``timeout`` seconds have passed first."""
        if self.empty:
            return True
        self._empty.clear()
        return bool(self._empty.wait(timeout))

    def stop_listening(self) -> None:
        """Stop accepting; sessions go on."""
        self._listener.close()

    def abort(self) -> int:
        """End all sessions with a reset, and return how many there were."""
        return self._end_all()

    def _end_all(self) -> int:
        count = len(self.sessions) + len(self.arrivals)
        self.arrivals.abort()
        for session in list(self.sessions.values()):
            session.abort()
        self.pool.clear()
        self.emptied()
        return count

    def drop(self) -> None:
        """Close the connections of all sessions now."""
        for session in list(self.sessions.values()):
            session.drop()
        self.abort()    # what has no backend yet

    def stop(self, timeout: float | None = None) -> None:
        """Stop listening, let sessions end for ``timeout`` seconds (None: not at all), and reset the rest."""
        self.stop_listening()
        if timeout:
            self.wait_empty(timeout)
        self.abort()
