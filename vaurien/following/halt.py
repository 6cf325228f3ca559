"""Suspends all faults of a fleet, and puts them back. Knows proxies by their specs, and no source."""
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from ..proxies.fleet import Fleet
from ..proxies.proxy import Proxy
from ..proxies.refusals import without_faults
from ..spec import BehaviorSpec, ProxySpec, ToxicSpec


class Kept(NamedTuple):
    """What goes wrong in a proxy once it may again.

    Args:
        proxy: The proxy; another one that has come under its name does not get it.
        mix, toxics: Its faults.
    """

    proxy: Proxy
    mix: tuple[BehaviorSpec, ...]
    toxics: tuple[ToxicSpec, ...]


class Halt:
    """While it is on, nothing is injected and no wire is impaired; sessions and their bytes go on.

    What is meant for certain requests stays in the plan, with its counts, and is not applied.

    Args:
        fleet: The proxies.

    Attributes:
        on: Whether it is on.
    """

    def __init__(self, fleet: Fleet) -> None:
        self._fleet, self.on = fleet, False
        self._kept: dict[str, Kept] = {}

    def begin(self) -> None:
        """Suspend all faults; from here on the fleet takes no new ones. Once more: nothing.

        Raises:
            OSError, StoppingError: As for ``Fleet.become``; nothing has changed.
        """
        if self.on:
            return
        fleet = self._fleet
        kept = {name: Kept(proxy, proxy.spec.mix, proxy.spec.toxics) for name, proxy in fleet.proxies.items()}
        fleet.halted = True
        try:
            fleet.become([without_faults(proxy.spec) for proxy in fleet.proxies.values()])
        except BaseException:
            fleet.halted = False
            raise
        self.on, self._kept = True, kept
        fleet.plan.halt(True)

    def keep(self, specs: Iterable[ProxySpec]) -> None:
        """Remember the faults of proxies that a source has said something else of meanwhile; they come with ``end``."""
        self._kept.update({spec.name: Kept(self._fleet.proxies[spec.name], spec.mix, spec.toxics) for spec in specs})

    def end(self) -> None:
        """Put all faults back. Where it is not on: nothing.

        Raises:
            ConfigError, OSError, StoppingError: As for ``Fleet.become``; all of them stay suspended.
        """
        if not self.on:
            return
        fleet = self._fleet
        fleet.halted = False
        try:
            fleet.become([msgspec.structs.replace(kept.proxy.spec, mix=kept.mix, toxics=kept.toxics)
                          for name, kept in self._kept.items() if fleet.proxies.get(name) is kept.proxy])
        except BaseException:
            fleet.halted = True
            raise
        self.on, self._kept = False, {}
        fleet.plan.halt(False)
