"""The toxics of one proxy: from specs to stages on the lanes of its sessions. Knows of a session what ``SessionView`` names."""
from collections.abc import Iterable
from random import Random
from typing import Any, Protocol

from ..errors import ConfigError
from ..links import STREAMS
from ..net.loop import PLUGIN_ERRORS
from ..net.stream import Stream
from ..spec import ToxicSpec
from ..toxics import TOXICS, Toxic
from ..toxics.trial import try_to_make
from .behind import Behind
from .chain import Chain
from .handle import ToxicHandle


class SessionView(Protocol):
    """What the toxics need of a session; a direction is ``downstream`` or ``upstream``."""

    @property
    def number(self) -> int: ...
    @property
    def ended(self) -> bool: ...
    def outlet(self, direction: str) -> Stream: ...
    def outlet_lost(self, direction: str, error: OSError) -> None: ...
    def finish_direction(self, direction: str) -> None: ...
    def abort(self) -> None: ...
    def toxic_failed(self, toxic: Any) -> None: ...


class AttachedToxic:
    """One toxic of a proxy.

    Args:
        spec: What it should be; its name is settled here.
        cls: Its class.
        settings: Its settings, shared by all sessions; changed in place.

    Attributes:
        direction: Of the lanes it is on.
        updates: How often it was updated; each time it is drawn again where it is active.
        shared: What its objects share.
    """

    __slots__ = ('spec', 'cls', 'settings', 'shared', 'updates')

    def __init__(self, spec: ToxicSpec, cls: type[Toxic], settings: dict[str, Any]) -> None:
        self.spec, self.cls, self.settings = spec, cls, settings
        self.updates = 0
        self.shared: dict[str, Any] = {}

    @property
    def direction(self) -> str:
        return self.spec.stream.lower()

    def inherit(self, old: 'AttachedToxic') -> None:
        """Take the place of what it was: the objects at work go on with its settings."""
        self.updates = old.updates + (self.spec != old.spec)
        if self.cls is old.cls:
            old.settings.clear()
            old.settings.update(self.settings)
            self.settings, self.shared = old.settings, old.shared

    def takes_over(self, old: 'AttachedToxic') -> bool:
        """Return whether the objects at work can go on."""
        return self.settings is old.settings and self.direction == old.direction


def check_toxic(spec: ToxicSpec) -> AttachedToxic:
    """Check a toxic's spec. Its stream may be in capitals, and a toxicity below 0 or above 1 means 0 or 1.

    Raises:
        UnknownPluginError: There is no toxic of this type.
        ConfigError: A value does not fit.
        RegistrationError: It cannot be made.
    """
    cls = TOXICS.get(spec.type)
    if spec.stream.lower() not in STREAMS:
        raise ConfigError('stream', spec.stream, f'one of {", ".join(STREAMS)}')
    settings = TOXICS.settle(cls, spec.attributes)
    try_to_make(cls, settings)
    return AttachedToxic(spec.named(), cls, settings)


def check_toxics(specs: Iterable[ToxicSpec]) -> dict[str, AttachedToxic]:
    """Check the toxics of a proxy, and return them by name, in order.

    Raises:
        ConfigError: As for ``check_toxic``, or two have the same name.
    """
    result: dict[str, AttachedToxic] = {}
    for spec in specs:
        attached = check_toxic(spec)
        if attached.spec.name in result:
            raise ConfigError('toxic', attached.spec.name, 'a name that no other toxic of the proxy has')
        result[attached.spec.name] = attached
    return result


#: toxics by name, and how often each had been updated
Before = dict[str, tuple[AttachedToxic, int]]


class ProxyToxics:
    """The toxics of one proxy, and where they are at work.

    Args:
        seed: What the generators are made from.
        name: The proxy's name.
        toxics: The checked toxics.
    """

    def __init__(self, seed: int, name: str, toxics: dict[str, AttachedToxic]) -> None:
        self._seed, self._name = seed, name
        self._behind: Behind[SessionView, Before] = Behind(self._catch_up)
        self._set(toxics)

    def _set(self, toxics: dict[str, AttachedToxic]) -> None:
        names = list(toxics)
        self.attached = toxics
        self._before = {name: frozenset(names[:place]) for place, name in enumerate(names)}     # those that stand before each

    def __bool__(self) -> bool:
        return bool(self.attached)

    def opening_delay(self, number: int) -> float:
        """Return the seconds that a session waits before its backend is connected."""
        return sum(max(0.0, attached.cls.opening_delay(attached.settings)) for attached in self.attached.values()
                   if attached.cls.opens and self._is_active(number, attached))

    def attach(self, session: SessionView) -> None:
        """Put the toxics that are active in a new session on its lanes."""
        for attached in self.attached.values():
            self._draw(session, attached)

    def set(self, session: SessionView, attached: AttachedToxic, on: bool, at_once: bool = False) -> bool:
        """Put a toxic that is not of the proxy on one session, after those that are, or take it off.

        Args:
            session: The session.
            attached: The toxic; put on again it stays as it is.
            on: Whether it is to be at work.
            at_once: What it holds goes on when it is taken off; False: it stays as long as it holds something.

        Returns:
            Whether it is at work now.
        """
        chain, name = _chain_of(session.outlet(attached.direction)), attached.spec.name
        there = chain is not None and name in chain
        if on and not (there or session.ended):
            self._add(session, attached)
        elif not on and there and chain is not None and (at_once or chain.is_empty(name)):
            self._remove(session, attached, ends=attached.cls.ends_when_removed)
            return False
        return on or there

    # -- changing: on open sessions too, and without waiting

    def _told(self) -> Before:
        return {name: (attached, attached.updates) for name, attached in self.attached.items()}

    def change(self, toxics: dict[str, AttachedToxic], sessions: Iterable[SessionView]) -> None:
        """Become another set of toxics. Those that are as they were are left alone."""
        before, told = self.attached, self._told()
        self._set(toxics)
        for name in toxics.keys() & before.keys():
            toxics[name].inherit(before[name])
        changed = [name for name in {**before, **toxics}
                   if name not in toxics or name not in before or toxics[name].spec != before[name].spec]
        if changed:
            self._behind.add(sessions, told, len(changed))

    def redraw(self, name: str, sessions: Iterable[SessionView]) -> None:
        """Begin a toxic again, and draw again where it is active: it was updated, to what it was."""
        told = self._told()
        self.attached[name].updates += 1
        self._behind.add(sessions, told, 1)

    def wait(self) -> None:
        """Wait until all sessions have what was changed; thousands take a while."""
        self._behind.wait()

    def _catch_up(self, session: SessionView, before: Before) -> None:
        """Let a session have the toxics as they are now.

        Args:
            session: The session.
            before: What it has: the toxics, and how often each had been updated.
        """
        for name in () if session.ended else {**before, **self.attached}:
            old, updates = before.get(name, (None, 0))
            new = self.attached.get(name)
            if old is None or new is None or new.settings is not old.settings or new.updates != updates:
                self._change(session, old, new)

    def _change(self, session: SessionView, old: AttachedToxic | None, new: AttachedToxic | None) -> None:
        if old is not None and (new is None or not new.takes_over(old)):
            self._remove(session, old, ends=old.cls.ends_when_removed)
        if new is not None:
            self._draw(session, new)

    def _draw(self, session: SessionView, attached: AttachedToxic) -> None:
        """Let a toxic be at work in a session, or not."""
        if attached.cls.opens or session.ended:
            return
        chain = _chain_of(session.outlet(attached.direction))
        at_work = chain is not None and attached.spec.name in chain
        if not self._is_active(session.number, attached):
            self._remove(session, attached)
        elif at_work and chain is not None:
            chain.restart(attached.spec.name)
        else:
            self._add(session, attached)

    def _is_active(self, number: int, attached: AttachedToxic) -> bool:
        """Draw whether a toxic is active in a session: once, and again when it is updated."""
        toxicity = attached.spec.toxicity
        if toxicity >= 1 or toxicity <= 0:
            return toxicity >= 1
        return Random(f'{self._key(number, attached)}/{attached.updates}').random() < toxicity

    def _key(self, number: int, attached: AttachedToxic) -> str:
        return f'{self._seed}/{self._name}/{number}/{attached.spec.name}'

    def _add(self, session: SessionView, attached: AttachedToxic) -> None:
        direction, name = attached.direction, attached.spec.name
        stream = session.outlet(direction)
        if stream.closed:
            return
        handle = ToxicHandle(Random(self._key(session.number, attached)), lambda: session.finish_direction(direction),
                             session.abort)
        try:
            toxic = attached.cls(attached.settings, handle, attached.shared)
        except PLUGIN_ERRORS:
            session.toxic_failed(attached.cls)
            return
        chain = _chain_of(stream)
        if chain is None:
            chain = stream.through = Chain(stream, session.toxic_failed, lambda error: session.outlet_lost(direction, error))
        chain.add(name, toxic, self._before.get(name, self.attached.keys()))

    @staticmethod
    def _remove(session: SessionView, attached: AttachedToxic, ends: bool = False) -> None:
        stream = session.outlet(attached.direction)
        chain = _chain_of(stream)
        if chain is None or attached.spec.name not in chain:
            return
        if chain.remove(attached.spec.name).swallowed or ends:
            session.finish_direction(attached.direction)
        elif not chain and not stream.closed and not chain.finishing:
            stream.through = None


def _chain_of(stream: Stream) -> Chain | None:
    """Return the chain in front of a stream; None: there is none."""
    return stream.through if isinstance(stream.through, Chain) else None
