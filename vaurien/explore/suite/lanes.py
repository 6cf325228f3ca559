"""Lanes: where tests run in several processes at once, each of these has proxies of its own. Starts nothing.

So it is known which test asks, as with one process, and a fault is met by the test that it is meant for alone.
"""
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ...spec import FaultSpec
from ..model.records import Run
from .channel import Message
from .watching import Watching

if TYPE_CHECKING:
    from ...proxies.fleet import Fleet
    from .limits import Limits


class Lane(NamedTuple):
    """The proxies of one process that runs tests.

    Args:
        fleet: The proxies.
        environ: What tells the process of them.
    """

    fleet: 'Fleet'
    environ: Mapping[str, str]


class Lanes:
    """All of them, by what the processes are called; they are made when they are asked for, and stay until the end.

    Args:
        make: Makes one.
    """

    def __init__(self, make: Callable[[], Lane]) -> None:
        self._make = make
        self._lanes: dict[str, Lane] = {}
        self._watched: dict[str, Watching] = {}     # those of this run
        self._plan: Sequence[FaultSpec] = ()
        self._beside = self._over = False

    def __len__(self) -> int:
        """How many processes have run tests in this run."""
        return len(self._watched)

    def begin(self, plan: Sequence[FaultSpec], beside: bool) -> None:
        """Begin a run.

        Args:
            plan: Its faults.
            beside: The processes get the addresses of the backends, and not those of proxies.
        """
        self._watched, self._plan, self._beside, self._over = {}, plan, beside, False
        for lane in self._lanes.values():
            lane.fleet.plan.replace(plan)

    def end(self) -> None:
        """End a run."""
        for watching in self._watched.values():
            watching.stop()
        for lane in self._lanes.values():
            lane.fleet.plan.replace(())

    def told(self, worker: str, message: Message) -> Message:
        """Take in what a process tells.

        Args:
            worker: What it is called.
            message: What it says.

        Raises:
            KeyError, TypeError, ValueError: It makes no sense.
        """
        if worker not in self._watched:
            self._enter(worker)
        watching = self._watched[worker]
        if message.get('do') == 'gone':
            if not self._over:
                watching.vanished()
            return {}
        answer = watching.told(message)
        return answer if message.get('do') != 'hello' or self._beside else {'environ': dict(self._lanes[worker].environ)}

    def _enter(self, worker: str) -> None:
        if worker not in self._lanes:
            self._lanes[worker] = self._make()
            self._lanes[worker].fleet.plan.replace(self._plan)
        watching = self._watched[worker] = Watching(self._lanes[worker].fleet)
        watching.start()

    def look(self, limits: 'Limits', grace: float) -> bool:
        """Return whether the run has to be ended: a test takes too long, or no process has begun one for too long."""
        busy = [watching for watching in self._watched.values() if watching.now is not None]
        looked = [watching.look(limits, grace) for watching in busy or self._watched.values()]
        self._over = any(looked) if busy else all(looked)
        return self._over

    def added(self, run: Run) -> Run:
        """Return what a run has shown, with what was seen here.

        Tests that were on when it had to be ended because of another one are not in it: they have to run again.
        """
        for watching in self._watched.values():
            if self._over and watching.now is not None and not watching.now.late:
                watching.now = None
        runs = [run, *(watching.result(run.status, run.output) for watching in self._watched.values())]
        return run._replace(tests={name: tested for one in runs for name, tested in one.tests.items()},
                            outside=tuple(exchange for one in runs for exchange in one.outside))
