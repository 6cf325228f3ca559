"""The fleet of a process with workers: every change is checked here, spread to all of them, and taken back where one refuses."""
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple, TypeVar

import msgspec

from ..address import Address, written
from ..errors import VaurienError
from ..net.sockets import SocketAddress
from ..outputs.times import Counted
from ..proxies.exchanges import Exchanges
from ..proxies.fleet import Fleet
from ..proxies.journal import Fault
from ..proxies.proxy import Proxy
from ..proxies.validated import Validated
from ..spec import ProxyDefaults, ProxySpec
from .alone import check_proxy, refuse
from .crew import Crew
from .frames import Frame, Row
from .paths import Paths
from .proxy import ProxyOfWorkers

REFRESH_TIMEOUT = 0.5   #: [seconds] that a reader waits for counts; after that it gets those of some 0.1 s ago

logger = logging.getLogger(__name__)
Prepared = TypeVar('Prepared')
Done = TypeVar('Done')


class Before(NamedTuple):
    """What a proxy was."""

    proxy: Proxy
    now: Validated
    bound: Address
    started: bool


class Mirror(Fleet):
    """A fleet whose sessions are in workers.

    Args:
        crew: The workers.
        seed, defaults: As for ``Fleet``.

    Attributes:
        gathered: Writes the journal; None: nothing does.
    """

    def __init__(self, crew: Crew, seed: int | None = None, defaults: ProxyDefaults | None = None) -> None:
        super().__init__(seed, defaults)
        self.exchanges = Exchanges(self._mark)
        self.gathered: Any = None
        self.crew, self._within = crew, False
        self._paths = Paths()
        self.proxy_class: Any = partial(ProxyOfWorkers, crew, self._paths)
        crew.told, crew.left, crew.places = self._told, self._left, lambda: self._paths.descriptors
        self.workers: Any = crew

    @property
    def proxies_of_workers(self) -> Mapping[str, ProxyOfWorkers]:
        """The proxies."""
        return self.proxies     # type: ignore[return-value]

    # -- what workers tell

    def _told(self, number: int, frame: Frame) -> None:
        if frame.kind == 'rows':
            for row in msgspec.convert(frame.data, list[Row]):
                proxy = self.proxies_of_workers.get(row.proxy)
                if proxy is not None:
                    proxy.add(number, row)
        elif frame.kind == 'times' and self.times is not None:
            for counted in msgspec.convert(frame.data, list[Counted]):
                proxy = self.proxies_of_workers.get(counted[0][0])
                if proxy is not None and frame.id >= proxy.since:
                    self.times.add(counted)
        elif frame.kind == 'lines' and self.gathered is not None:
            self.gathered.take(frame.id, frame.data)
        elif frame.kind == 'faults':
            faults, lost = frame.data
            self.journal.count += lost
            for fault in msgspec.convert(faults, list[Fault]):
                self.journal.take(fault)

    def _left(self, number: int) -> tuple[int, dict[str, int]]:
        proxies = self.proxies_of_workers
        accepted = {name: proxy.sums.accepted(number) for name, proxy in proxies.items()}
        return sum(proxy.sums.lose(number) for proxy in proxies.values()), accepted

    def refresh(self) -> None:
        with suppress(VaurienError):
            self.crew.ask('count', timeout=REFRESH_TIMEOUT)

    def _mark(self, test: str) -> None:
        self.plan.mark(test)
        self.crew.mark(test)

    # -- changing

    def check_alone(self, what: str) -> None:
        raise refuse(what, f'{self.crew.workers} workers')

    def validate(self, spec: ProxySpec, place: SocketAddress | None = None) -> Validated:
        check_proxy(spec)
        return super().validate(spec, place)

    def _commit(self, prepare: Callable[[], Prepared], commit: Callable[[Prepared], Done]) -> Done:
        def both(prepared: Prepared) -> Done:
            kept = dict(self.proxies), dict(self._created), dict(self._configured)
            before = [Before(proxy, proxy.now, proxy.bound, proxy.started) for proxy in self.proxies.values()]
            self._within = True
            try:
                done = commit(prepared)
                self._within = False
                try:
                    self._spread()
                except BaseException:
                    self._take_back(kept, before)
                    raise
            finally:
                self._within = False
                self._settle()
            return done
        return super()._commit(prepare, both)

    def _settle(self) -> None:
        self._paths.keep({proxy.bound.host for proxy in self.proxies.values() if proxy.started and proxy.bound.unix})
        if self.gathered is not None:
            self.gathered.settle(self.crew.version)

    def _spread(self) -> None:
        self.crew.become([told(proxy) for proxy in self.proxies.values()])
        self.crew.ports = frozenset(proxy.bound.port for proxy in self.proxies.values() if proxy.started)

    def _take_back(self, kept: tuple[dict[str, Proxy], dict[str, ProxySpec], dict[str, ProxySpec]], before: list[Before]) -> None:
        there = {one.proxy for one in before}
        for proxy in self.proxies.values():
            if proxy not in there:
                proxy.stop_listening()
        self._created, self._configured = kept[1:]
        self.proxies.clear()
        self.proxies.update(kept[0])
        changed = [one for one in before if one.proxy.now is not one.now or one.proxy.bound != one.bound
                   or one.proxy.started != one.started]
        for one in changed:
            one.proxy.stop_listening()
        for one in changed:
            one.proxy.restore(one.now, one.bound)

    def disable(self, name: str) -> None:
        with self._committing:
            self.check_open()
            self.get(name).drop()
            self.change(name, enabled=False)

    def remove(self, name: str) -> None:
        super().remove(name)
        if not self._within:
            with self._committing, suppress(VaurienError):     # nothing can be refused of that
                self._spread()
            self._settle()

    # -- ending

    def drain(self, grace: float) -> int:
        self.stopping = True
        for proxy in self.proxies.values():
            proxy.stop_listening()
        self._settle()
        cut = self.crew.drain(grace)
        self.close()
        return cut

    def close(self) -> int:
        cut = sum(len(proxy.sessions) for proxy in self.proxies.values())
        self.crew.close()
        super().close()
        self._settle()
        return cut


def told(proxy: Proxy) -> ProxySpec:
    """Return what workers are told of a proxy: the place that is held for them, in numbers."""
    spec = proxy.spec
    if not proxy.started:
        return spec
    where = proxy.bound if proxy.listen.host else Address('', proxy.bound.port)     # all interfaces, in both families
    return msgspec.structs.replace(spec, proxy=written(spec.proxy, where))
