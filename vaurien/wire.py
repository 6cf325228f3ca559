"""The toxics of one proxy: from specs to stages on the lanes of its sessions. Knows sessions by their streams only."""
import logging
from collections.abc import Iterable
from random import Random
from typing import Any, Protocol

import msgspec

from .chain import Chain, Link
from .errors import ConfigError
from .spec import STREAMS, ToxicSpec
from .stream import Stream
from .toxics import Toxic
from .toxics.base import Toxic as BaseToxic
from .toxics.base import clean

logger = logging.getLogger(__name__)


class Wired(Protocol):
    """What the toxics need of a session."""

    number: int
    ended: bool

    def outlet(self, stream: str) -> Stream: ...
    def end_direction(self, stream: str) -> None: ...
    def end(self, reset: bool = False) -> None: ...
    def toxic_failed(self, toxic: BaseToxic) -> None: ...


class Wear:
    """One toxic of a proxy.

    Args:
        spec: What it should be; its name is settled here.
        cls: Its class.
        settings: Its settings, shared by all sessions; changed in place.
    """

    __slots__ = ('spec', 'cls', 'settings', 'shared')

    def __init__(self, spec: ToxicSpec, cls: type[BaseToxic], settings: dict[str, Any]) -> None:
        self.spec, self.cls, self.settings = spec, cls, settings
        self.shared: dict[str, Any] = {}


def settle_toxic(spec: ToxicSpec) -> Wear:
    """Check a toxic's spec.

    Raises:
        UnknownPluginError: There is no toxic of this type.
        ConfigError: A value does not fit.
    """
    cls = Toxic.get(spec.type)
    if spec.stream not in STREAMS:
        raise ConfigError('stream', spec.stream, f'one of {", ".join(STREAMS)}')
    if not 0 <= spec.toxicity <= 1:
        raise ConfigError('toxicity', spec.toxicity, 'a number from 0 to 1')
    settings = clean(cls, spec.attributes)
    return Wear(msgspec.structs.replace(spec, name=spec.name or f'{spec.type}_{spec.stream}'), cls, settings)


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
        return sum(wear.cls.opening_delay(wear.settings) for wear in self.toxics.values()
                   if wear.cls.opens and self._random(number, wear).random() < wear.spec.toxicity)

    def attach(self, session: Wired) -> None:
        """Put the toxics that are active in a new session on its lanes."""
        for wear in self.toxics.values():
            self._maybe_add(session, wear)

    def change(self, toxics: dict[str, Wear], sessions: Iterable[Wired]) -> None:
        """Become another set of toxics, on open sessions too; at once, and without waiting for anybody."""
        before, self.toxics = self.toxics, toxics
        for name, wear in toxics.items():
            old = before.get(name)
            if old is not None and old.cls is wear.cls:
                old.settings.clear()    # the objects at work share it
                old.settings.update(wear.settings)
                wear.settings, wear.shared = old.settings, old.shared
        for session in list(sessions):
            for name, old in before.items():
                new = toxics.get(name)
                if new is None or new.spec != old.spec:
                    self._change(session, old, new)
            for name, wear in toxics.items():
                if name not in before and not session.ended:
                    self._maybe_add(session, wear)

    def _change(self, session: Wired, old: Wear, new: Wear | None) -> None:
        stays = new is not None and new.cls is old.cls and new.spec.stream == old.spec.stream
        if stays and new is not None and self._is_active(session, new):
            chain = self._chain(session, old.spec.stream)
            if chain is not None and old.spec.name in chain:
                chain.restart(old.spec.name)
            else:
                self._add(session, new)
            return
        self._remove(session, old)
        if new is not None and not stays and not session.ended:
            self._maybe_add(session, new)

    def _maybe_add(self, session: Wired, wear: Wear) -> None:
        if not wear.cls.opens and self._is_active(session, wear):
            self._add(session, wear)

    def _is_active(self, session: Wired, wear: Wear) -> bool:
        """Draw whether a toxic is active in a session: once, and again when it is changed."""
        return wear.spec.toxicity >= 1 or self._random(session.number, wear).random() < wear.spec.toxicity

    def _random(self, number: int, wear: Wear) -> Random:
        return Random(f'{self._seed}/{self._name}/{number}/{wear.spec.name}/{wear.spec.toxicity}')

    @staticmethod
    def _chain(session: Wired, stream: str) -> Chain | None:
        chain: Chain | None = session.outlet(stream).through
        return chain

    def _add(self, session: Wired, wear: Wear) -> None:
        name, direction = wear.spec.name, wear.spec.stream
        stream = session.outlet(direction)
        if stream.closed:
            return
        if stream.through is None:
            stream.through = Chain(stream, session.toxic_failed)
        random = Random(f'{self._seed}/{self._name}/{session.number}/{name}')
        link = Link(random, lambda: session.end_direction(direction), lambda: session.end(reset=True))
        stream.through.add(name, wear.cls(wear.settings, link, wear.shared))

    def _remove(self, session: Wired, wear: Wear) -> None:
        stream = session.outlet(wear.spec.stream)
        chain = self._chain(session, wear.spec.stream)
        if chain is None or wear.spec.name not in chain:
            return
        chain.remove(wear.spec.name)
        if wear.cls.ends_when_removed:
            session.end_direction(wear.spec.stream)
        elif not chain and not stream.closed and not chain.finishing:
            stream.through = None
