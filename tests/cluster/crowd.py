"""A cluster's members in all places, what is asked of them, and when each has become that. Knows no failure."""
import contextlib
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.support.etcd import Cable, Etcds
from tests.support.faked_clock import FakedClock
from tests.support.lateness import Lateness
from tests.support.namespaces import Namespace
from tests.support.unit_of_time import PATIENCE
from vaurien.clusters.asking import Asking
from vaurien.clusters.where import find_cluster

from .hosting import Simulating
from .real import Place, Real, begun
from .relaying import Relaying
from .table import Row

WAIT = 10 * PATIENCE    #: [s] for what has to happen in the end, with as many members as cores can bear


class Crowd:
    """The members of one cluster.

    Args:
        etcd: Its etcd.
        name: Its name.
        ttl: Seconds without etcd after which members heal.

    Attributes:
        near: Real members that have nothing between them and etcd.
        far: Those in a namespace.
        cabled: Those at cables.
        stepped: Those with a clock of their own.
        distance: The namespace; None: there is none.
        cables: The cables, one for each member of etcd.
        clock: The clock; None: there is none.
        relaying: What goes through the real ones; None: nothing.
    """

    def __init__(self, etcd: Etcds, name: str, ttl: int) -> None:
        self.etcd, self.url, self.name, self.ttl = etcd, etcd.url(name), name, ttl
        self.near: list[Real] = []
        self.far: list[Real] = []
        self.cabled: list[Real] = []
        self.stepped: list[Real] = []
        self.simulating: Simulating | None = None
        self.distance: Namespace | None = None
        self.cables: list[Cable] = []
        self.clock: FakedClock | None = None
        self._lateness = Lateness()
        self.relaying: Relaying | None = None

    @property
    def real(self) -> list[Real]:
        """All real members."""
        return [*self.near, *self.far, *self.cabled, *self.stepped]

    @property
    def count(self) -> int:
        """How many members there are."""
        return len(self.real) + (self.simulating.count if self.simulating else 0)

    @contextlib.contextmanager
    def asking(self, **more: Any) -> Iterator[Asking]:
        """Ask as a person does; arguments as ``Asking`` has them."""
        asking = Asking(find_cluster(self.url), **{'timeout': PATIENCE, **more})
        try:
            yield asking
        finally:
            asking.close()

    # -- when

    def turned(self, faulty: bool, since: float, real: 'Sequence[Real] | None' = None, simulated: bool = True) -> list[float]:
        """Wait until members have faults, or none, and return after how many seconds each was first seen so.

        Args:
            faulty: Which of both.
            since: The moment to count from; it has to be before anything was done for it.
            real: These of the real ones; None: all. They are asked one after the other by a session, again and again.
            simulated: Whether also the simulated ones.
        """
        left, took = list(self.real if real is None else real), list[float]()
        while left:
            for member in list(left):
                if member.faulty is faulty:
                    took.append(time.monotonic() - since)
                    left.remove(member)
            assert time.monotonic() - since < WAIT, f'{"not " * (not faulty)}faulty: {[member.name for member in left]} are not'
        if simulated and self.simulating:
            took += self._times(since, 'turned', since, faulty)
        return took

    def reached(self, revision: int, since: float) -> list[float]:
        """Wait until the simulated ones have applied a revision, and return after how many seconds each has."""
        return self._times(since, 'reached', revision)

    def _times(self, since: float, *question: Any) -> list[float]:
        assert self.simulating is not None
        while not all(moments := self.simulating.times(*question)):
            assert time.monotonic() - since < WAIT, f'{question}: {moments.count(0.0)} of {len(moments)} have not'
            time.sleep(0.05)
        return [moment - since for moment in moments]

    def healed(self) -> dict[str, int]:
        """Return how often each of the real ones has healed itself so far."""
        return {member.name: member.process.log.count('all faults are suspended') for member in self.real}

    def listed(self) -> None:
        """Wait until all are in the list, have applied what is wanted and refuse nothing of it."""
        began = time.monotonic()
        with self.asking(kept=False) as asking:
            while True:
                state, members = asking.state(), asking.members()
                wanted = sorted(known.id for known in state.orders)
                good = [seen for seen in members
                        if seen.applied and sorted(seen.applied.orders) == wanted and not seen.applied.refused]
                if len(good) == len(members) == self.count:
                    return
                assert time.monotonic() - began < WAIT, f'{len(good)} of {len(members)}, expected {self.count}'
                time.sleep(0.5)

    # -- rows

    def row(self, what: str, took: Sequence[float] = (), claim: float | None = None, note: str = '') -> Row:
        """Make a row, with what was relayed and how late all were since the last one."""
        relayed = self.relaying.take() if self.relaying else ()
        late = max(self._lateness.take(), self.simulating.late() if self.simulating else 0.0)
        return Row(what, took, claim, late, *([relayed] if relayed else []), note=note)

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """Relay through all real members, and see how late the machine is."""
        self.relaying = Relaying(self.real)
        thread = threading.Thread(target=self._lateness.measure, daemon=True)
        thread.start()
        try:
            self.relaying.start()
            yield
        finally:
            self.relaying.close()
            self._lateness.close()
            thread.join()


@contextlib.contextmanager
def crowd(etcd: Etcds, name: str, ttl: int, real: int = 0, simulated: int = 0, proxies: int = 1,
          distance: Namespace | None = None, cabled: int = 0, clock: bool = False) -> Iterator[Crowd]:
    """Have a cluster's members until the end of the block.

    Args:
        etcd, name, ttl: As ``Crowd``.
        real: How many are real; of these some are at cables, a tenth is in the namespace, and one has a clock of its own.
        simulated: How many are not.
        proxies: How many proxies each of these has.
        distance: The namespace.
        cabled: How many are at cables.
        clock: Whether one has a clock of its own.

    Raises:
        MissingServer: There is no libfaketime.
    """
    made = Crowd(etcd, name, ttl)
    with contextlib.ExitStack() as ending:
        def some(kind: str, count: int, place: Place) -> list[Real]:
            return ending.enter_context(begun([f'{kind}{number}' for number in range(count)], place, ttl))
        if simulated:
            made.simulating = Simulating(made.url, simulated, proxies, 2 if simulated > 1 else 1, ttl)
            ending.callback(made.simulating.close)
        if distance is not None:
            made.distance = distance
            made.far = some('far', max(1, real // 10), Place(etcd.url(name, host=distance.near), distance.inside))
        if cabled:
            made.cables = [Cable(port) for port in etcd.ports]
            for cable in made.cables:
                ending.callback(cable.close)
            made.cabled = some('cabled', cabled, Place(etcd.url(name, ports=[cable.port for cable in made.cables])))
        if clock:
            made.clock = FakedClock(Path(ending.enter_context(tempfile.TemporaryDirectory(prefix='vaurien-'))))
            made.stepped = some('stepped', 1, Place(made.url, env=made.clock.environment))
        made.near = some('near', max(0, real - len(made.real)), Place(made.url))
        if made.simulating:
            made.simulating.ready()
        made.listed()
        with made.working():
            made.row('')    # how late all were while they began is of no interest
            yield made
