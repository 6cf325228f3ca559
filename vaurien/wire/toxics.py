"""The toxics of one proxy: from specs to stages on the lanes of its sessions. Knows sessions by their streams only."""
from collections.abc import Iterable
from random import Random
from typing import Any, Protocol

from ..errors import ConfigError
from ..links import STREAMS
from ..net.stream import Stream
from ..spec import ToxicSpec
from ..toxics import TOXICS, Toxic
from ..toxics.trial import try_to_make
from .chain import Chain, Link
from .stage import ANYTHING


class Wired(Protocol):
    """What the toxics need of a session; a direction is ``downstream`` or ``upstream``."""

    number: int
    ended: bool

    def outlet(self, direction: str) -> Stream: ...
    def outlet_lost(self, direction: str, error: OSError) -> None: ...
    def end_direction(self, direction: str) -> None: ...
    def end(self, reset: bool = False) -> None: ...
    def toxic_failed(self, toxic: Any) -> None: ...


class Wear:
    """One toxic of a proxy.

    Args:
        spec: What it should be; its name is settled here.
        cls: Its class.
        settings: Its settings, shared by all sessions; changed in place.

    Attributes:
        direction: Of the lanes it is on.
        updates: How often it was updated; each time it is drawn anew where it is active.
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

    def inherit(self, old: 'Wear') -> None:
        """Take the place of what it was: the objects at work go on with its settings."""
        self.updates = old.updates + (self.spec != old.spec)
        if self.cls is old.cls:
            old.settings.clear()
            old.settings.update(self.settings)
            self.settings, self.shared = old.settings, old.shared

    def takes_over(self, old: 'Wear') -> bool:
        """Say whether the objects at work can go on."""
        return self.cls is old.cls and self.direction == old.direction


def settle_toxic(spec: ToxicSpec) -> Wear:
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
    return Wear(spec.named(), cls, settings)


def settle_toxics(specs: Iterable[ToxicSpec]) -> dict[str, Wear]:
    """Check the toxics of a proxy, and return them by name, in order.

    Raises:
        ConfigError: As for ``settle_toxic``, or two have the same name.
    """
    result: dict[str, Wear] = {}
    for spec in specs:
        wear = settle_toxic(spec)
        if wear.spec.name in result:
            raise ConfigError('toxic', wear.spec.name, 'a name that no other toxic of the proxy has')
        result[wear.spec.name] = wear
    return result


class Wire:
    """The toxics of one proxy, and where they are at work.

    Args:
        seed: What the generators are made from.
        name: The proxy's name.
        toxics: The checked toxics.
    """

    def __init__(self, seed: int, name: str, toxics: dict[str, Wear]) -> None:
        self._seed, self._name = seed, name
        self.toxics = toxics

    def __bool__(self) -> bool:
        return bool(self.toxics)

    def opening_delay(self, number: int) -> float:
        """Return the seconds that a session waits before its backend is connected."""
        return sum(max(0.0, wear.cls.opening_delay(wear.settings)) for wear in self.toxics.values()
                   if wear.cls.opens and self._is_active(number, wear))

    def attach(self, session: Wired) -> None:
        """Put the toxics that are active in a new session on its lanes."""
        for wear in self.toxics.values():
            self._draw(session, wear)

    # -- changing: on open sessions too, at once, and without waiting for anybody

    def change(self, toxics: dict[str, Wear], sessions: Iterable[Wired]) -> None:
        """Become another set of toxics. Those that are as they were are left alone."""
        before, self.toxics = self.toxics, toxics
        for name in toxics.keys() & before.keys():
            toxics[name].inherit(before[name])
        changed = [name for name in {**before, **toxics}
                   if name not in toxics or name not in before or toxics[name].spec != before[name].spec]
        for session in list(sessions):
            for name in changed:
                self._change(session, before.get(name), toxics.get(name))

    def redraw(self, name: str, sessions: Iterable[Wired]) -> None:
        """Begin a toxic anew, and draw anew where it is active: it was updated, to what it was."""
        wear = self.toxics[name]
        wear.updates += 1
        for session in list(sessions):
            self._change(session, wear, wear)

    def _change(self, session: Wired, old: Wear | None, new: Wear | None) -> None:
        if old is not None and (new is None or not new.takes_over(old)):
            self._remove(session, old, ends=old.cls.ends_when_removed)
        if new is not None:
            self._draw(session, new)

    def _draw(self, session: Wired, wear: Wear) -> None:
        """Let a toxic be at work in a session, or not."""
        if wear.cls.opens or session.ended:
            return
        chain: Chain | None = session.outlet(wear.direction).through
        at_work = chain is not None and wear.spec.name in chain
        if not self._is_active(session.number, wear):
            self._remove(session, wear)
        elif at_work and chain is not None:
            chain.restart(wear.spec.name)
        else:
            self._add(session, wear)

    def _is_active(self, number: int, wear: Wear) -> bool:
        """Draw whether a toxic is active in a session: once, and again when it is updated."""
        toxicity = wear.spec.toxicity
        if toxicity >= 1 or toxicity <= 0:
            return toxicity >= 1
        return Random(f'{self._key(number, wear)}/{wear.updates}').random() < toxicity

    def _key(self, number: int, wear: Wear) -> str:
        return f'{self._seed}/{self._name}/{number}/{wear.spec.name}'

    def _add(self, session: Wired, wear: Wear) -> None:
        direction, name = wear.direction, wear.spec.name
        stream = session.outlet(direction)
        if stream.closed:
            return
        link = Link(Random(self._key(session.number, wear)), lambda: session.end_direction(direction),
                    lambda: session.end(reset=True))
        try:
            toxic = wear.cls(wear.settings, link, wear.shared)
        except ANYTHING:
            session.toxic_failed(wear.cls)
            return
        if stream.through is None:
            stream.through = Chain(stream, session.toxic_failed, lambda error: session.outlet_lost(direction, error))
        names = list(self.toxics)
        stream.through.add(name, toxic, names[:names.index(name)])

    @staticmethod
    def _remove(session: Wired, wear: Wear, ends: bool = False) -> None:
        stream = session.outlet(wear.direction)
        chain: Chain | None = stream.through
        if chain is None or wear.spec.name not in chain:
            return
        chain.remove(wear.spec.name)
        if ends:
            session.end_direction(wear.direction)
        elif not chain and not stream.closed and not chain.finishing:
            stream.through = None
