"""A client's TLS handshake, to which behaviors of a mix or a plan are applied before there is a session.

Knows what the client has asked for, and no socket. It is drawn from a generator of its own, and only where a kind of the
handshake was named: whatever is drawn in the session stays what it was.
"""
from collections.abc import Mapping
from random import Random
from typing import Any, Protocol

from ...behaviors.dummy import DUMMY
from ...mix import generator
from ...plans.planned import Planned
from ...plans.steps import SessionPlan
from ...protocols.base import BaseProtocol, Behavior, Exchange
from ...protocols.failure import Failure
from ...protocols.tls_kinds import HANDSHAKE
from ...relay.draws import DrawnFor


class GreetingHost(DrawnFor, Protocol):
    """What a handshake asks of its proxy."""

    @property
    def protocol(self) -> type[BaseProtocol]: ...
    @property
    def settings(self) -> Mapping[str, Any]: ...
    def fault(self, session: Any, exchange: Exchange, kind: str) -> None: ...


class Greeting:
    """One handshake; to behaviors it is the protocol object of its session.

    Args:
        host: The proxy.
        number: The session's number.
        hello: What the client asks for; it has a ``name``, which is empty where the client gives none.
        mark: The test that is on.

    Attributes:
        handshake: The exchange.
        kind: What fails; empty: nothing does.
        failure: The same as bytes, and an end.
        applied: It was done to the client.
    """

    owed = None

    def __init__(self, host: GreetingHost, number: int, hello: Any, mark: str = '') -> None:
        self._host, self.number, self.mark = host, number, mark
        self.kind, self.applied = '', False
        self.failure = Failure()
        self.handshake = Exchange(name_of(hello).encode(), HANDSHAKE, note=hello)
        behavior = self._choose()
        self.handshake.behavior = behavior
        if behavior is not DUMMY:
            behavior.on_before_handle(self, None, None, True)

    def _choose(self) -> Behavior:
        host, exchange = self._host, self.handshake
        chosen: Behavior = DUMMY
        if host.chaos.greeting:
            drawn = host.chaos.draw(self._generator(''))
            if id(drawn) in host.chaos.greeting and host.chaos.meant(drawn, exchange):
                chosen = drawn
        if host.planned is None:
            return chosen
        return SessionPlan(host.planned, self.number, host.protocol(host.settings)).choose(exchange, chosen)

    def _generator(self, what: str) -> Random:
        return generator(self._host.seed, self._host.spec.name, self.number, f'/{HANDSHAKE}{what}')

    def apply(self) -> str:
        """Count it, as it is done to the client now, and return what fails."""
        self.applied = True
        self._host.fault(self, self.handshake, self.kind)
        return self.kind

    def miss(self, reason: str) -> None:
        """Record why it cannot be done."""
        drawn = self.handshake.drawn
        if isinstance(drawn, Planned) and drawn.entry is not None:
            drawn.entry.missed(reason)

    # -- what behaviors ask of a protocol

    @property
    def session(self) -> 'Greeting':
        """Itself."""
        return self

    def exchange(self, to_backend: bool) -> Exchange:
        """Return the handshake."""
        return self.handshake

    def random(self, to_backend: bool) -> Random:
        """Return the generator of the bytes that are made for it."""
        return self._generator('/0')

    def spoils(self) -> bool:
        """Return False: no random bytes are put into it."""
        return False

    def fail(self, source: Any, dest: Any, kind: str | None = None) -> bool:
        """Let it fail; of the kinds that a word means, with the first one of the handshake."""
        protocol = self._host.protocol
        for name in protocol.kinds_named(kind or ''):
            row = protocol.kind(name)
            if HANDSHAKE in row.stages:
                self.kind, self.failure = name, row.build(self, self.handshake) or self.failure
                return False
        return True


def name_of(hello: Any) -> str:
    """Return what a handshake is called, by what its client asks for."""
    return f'{HANDSHAKE} {hello.name}'.strip()


def is_expected(host: GreetingHost) -> bool:
    """Return whether a handshake is to be looked at: something was named that may happen to it."""
    return bool(host.chaos.greeting) or host.planned is not None and host.planned.greets
