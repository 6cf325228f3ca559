"""What a request gets that a plan means: a behavior, or a toxic on the session's wire. Knows a session by what it may be asked.

To the lanes it is a behavior like those of a mix.
"""
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from ..behaviors.dummy import DUMMY
from ..protocols.base import Behavior, Exchange
from ..wire.toxics import AttachedToxic
from ..words.matching import Matcher
from .entry import Entry


class Wire(Protocol):
    """A session, as toxics of a plan are put on it; ``vaurien.relay.session.Session`` is one."""

    def set_toxic(self, attached: AttachedToxic, on: bool, at_once: bool = False) -> bool: ...


class Planned:
    """What is applied to one exchange.

    Args:
        entry: The entry of the plan that says so; None: none does, and a toxic of an earlier request is to be taken off.
        behavior: What is applied; DUMMY where a toxic is.
        toxic: The toxic that is put on before the message of its direction is handed on.
        over: Toxics of earlier requests that are taken off likewise.
        later: Called with one of these that still holds something, and has to be taken off later.
    """

    __slots__ = ('entry', 'toxic', '_behavior', '_over', '_later')

    def __init__(self, entry: Entry | None, behavior: Behavior, toxic: AttachedToxic | None = None,
                 over: Iterable[AttachedToxic] = (), later: Callable[[AttachedToxic], None] = lambda toxic: None) -> None:
        self.entry, self.toxic, self._behavior = entry, toxic, behavior
        self._over, self._later = over, later

    # -- what every behavior has

    @property
    def name(self) -> str:
        """The name that the journal shows."""
        return self._behavior.name if self.toxic is None else self.toxic.cls.name

    @property
    def settings(self) -> Mapping[str, Any]:
        """The values of its options."""
        return self._behavior.settings

    @property
    def match(self) -> Matcher | None:
        """None: the plan has matched."""
        return None

    @property
    def inline(self) -> bool:
        """Whether it never waits."""
        return self._behavior.inline

    @property
    def reports(self) -> bool:
        """Whether it says itself what was injected."""
        return self.toxic is None and (self._behavior.reports or self._behavior is DUMMY)

    @property
    def pauses(self) -> bool:
        """Whether all that it waits for is known before; toxics are put on and taken off before a wait."""
        return self._behavior.pauses and self.toxic is None and not self._over

    @property
    def once(self) -> bool:
        """Never: toxics are put on and taken off for the response too."""
        return False

    def pause(self, protocol: Any, exchange: Exchange, to_backend: bool) -> float:
        """Return for how long a message waits before it acts [s]."""
        return self._behavior.pause(protocol, exchange, to_backend)

    def on_before_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> bool:
        """Act before a message is handed on."""
        self._on_wire(protocol.session, 'upstream' if to_backend else 'downstream')
        if self._behavior is DUMMY:
            return True
        owed = getattr(protocol, 'owed', None)
        passes = self._behavior.on_before_handle(protocol, source, dest, to_backend)
        if to_backend:
            self._settle(protocol, owed)
        return bool(passes)

    def on_after_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> bool:
        """Act after a message was handed on."""
        return bool(self._behavior.on_after_handle(protocol, source, dest, to_backend))

    # -- its own

    def _settle(self, protocol: Any, before: tuple[Behavior, str] | None) -> None:
        """Let no later request get what was meant for this one, and the mix owe what it owed.

        Args:
            protocol: The session's protocol object.
            before: What was owed before this exchange.
        """
        owed = getattr(protocol, 'owed', None)
        if owed is not None and owed[0] is self:
            if self.entry is None:
                protocol.owed = self._behavior, owed[1]
            elif protocol.exchange(True).failure is None:   # it did not fit; else it has begun, and is to go on
                protocol.owed = before
        elif owed is None and before is not None and before[0] is not self:
            protocol.owed = before

    def _on_wire(self, session: Wire, direction: str) -> None:
        for toxic in self._over:
            if toxic.direction == direction and session.set_toxic(toxic, on=False):
                self._later(toxic)      # what it holds is of a request that it is meant for
        if self.toxic is not None and self.toxic.direction == direction:
            session.set_toxic(self.toxic, on=True)
