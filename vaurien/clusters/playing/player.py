"""Plays the stages of a scenario on the members of a cluster, one after the other, and says what comes of it."""
import threading
from collections.abc import Callable, Iterator, Sequence
from time import monotonic
from typing import Any, NamedTuple, TypeVar

from ...errors import VaurienError
from ...words.phases.model import Phase
from ..asking import Asked, Asking, TakenError, reason
from ..compose import called
from ..etcd.errors import EtcdError, UnreachableError
from ..model import Members, Order
from ..seen import Outcome, RefusedError, in_short, is_meant, made_of, trouble
from .stages import Stage, later

LOOK, MEMBERS_LOOK = 0.5, 1.0   #: [seconds] between two looks at whether it goes on, and at who has joined
RETRY = 0.2     #: [seconds] before etcd is asked again that was out of reach
#: why a phase, or the whole, has ended
TIME, STOPPED, FAILED = 'time', 'stopped', 'failed'
T = TypeVar('T')


class UnplayableError(RefusedError):
    """A member cannot apply a phase, or has not said anything; all of the scenario was taken back."""

    def __str__(self) -> str:
        return f'{self.message}; all of it was taken back'


class Played(NamedTuple):
    """What became of a phase.

    Args:
        name: The phase.
        seconds: How long it was in force.
        members: Those that have applied it, with those that joined meanwhile.
        ended: Why it has ended: ``time``, ``stopped`` or ``failed``.
    """

    name: str
    seconds: float
    members: tuple[str, ...]
    ended: str


class Options(NamedTuple):
    """How it is played.

    Args:
        members: On which members.
        replace: End what others have asked for there.
        partly: Go on where only some members can apply a phase.
        note: What others are told who look.
        timeout: Seconds that members may take to say what became of a phase.
    """

    members: Members = Members()
    replace: bool = False
    partly: bool = False
    note: str = ''
    timeout: float = 10.0


class Playing:
    """Plays a scenario once.

    Args:
        asking: Asks the cluster, under a lease that is kept alive.
        stages: What is played.
        options: How.
        stop: Set to end it; None: nothing does.

    Attributes:
        played: What became of the phases that have begun.
    """

    def __init__(self, asking: Asking, stages: Sequence[Stage], options: Options, stop: threading.Event | None = None) -> None:
        self._asking, self._stages, self._options = asking, list(stages), options
        self._stop = stop or threading.Event()
        self._asked: Asked | None = None
        self._revision, self._looked = 0, 0.0
        self._applied: dict[str, int] = {}
        self.played: list[Played] = []

    def play(self) -> Iterator[dict[str, Any]]:
        """Play all phases, and end what was asked for, however it ends.

        Returns:
            What happens, as it happens: ``event`` is ``phase``, ``applied`` or ``joined``, and in the end ``end``; ``text`` says
            it in a line.

        Raises:
            UnplayableError: A member cannot apply a phase, or says nothing.
            TakenError: Somebody has halted the cluster, has ended the order, or wants something else there.
            VaurienError: The lease is lost. Each of them is raised after ``end``.
        """
        ended, failed = TIME, None
        try:
            for number, stage in enumerate(self._stages, 1):
                yield told('phase', f'phase {number} of {len(self._stages)}, {stage}', phase=stage.name, number=number,
                           seconds=stage.seconds)
                yield from self._play(stage, number == 1)
                if self._stop.is_set():
                    ended = STOPPED
                    break
        except VaurienError as error:
            ended, failed = FAILED, error
        finally:
            note = self._end(failed is not None)
        yield told('end', note or str(failed or f'the scenario has ended: {ended}'), ended=ended,
                   phases=[played._asdict() for played in self.played])
        if failed is not None:
            raise failed

    def _play(self, stage: Stage, first: bool) -> Iterator[dict[str, Any]]:
        began, ended = monotonic(), FAILED
        self._applied = {}
        try:
            for at, progress in enumerate(stage.progress, 1):
                end = began + stage.seconds * at / len(stage.progress)
                if 1 < at < len(stage.progress) and monotonic() > end:
                    continue    # members took longer than this step lasts
                found = self._become(stage, progress, first and at == 1)
                if at == 1:
                    yield told('applied', f'  {in_force(found)}', phase=stage.name, **found._asdict())
                yield from self._wait(end)
            ended = STOPPED if self._stop.is_set() else TIME
        finally:
            self.played.append(Played(stage.name, round(monotonic() - began, 3), tuple(sorted(self._applied)), ended))

    def _become(self, stage: Stage, progress: float, first: bool) -> Outcome:
        """Ask for a step of a phase, and see what members make of it."""
        asking, options = self._asking, self._options
        order = asking.order(options.members, note=options.note, phase=stage.phase, progress=progress,
                             later=later(self._stages) if first else ())
        if self._asked is None:
            self._asked = asking.ask(order, options.replace)
            self._revision = self._asked.revision
        else:
            self._revision = self._change(self._asked.id, order)
        name, revision = self._asked.id, self._revision
        found = self._patiently(lambda: asking.outcome(name, revision, options.members, options.timeout, self._stop))
        self._applied.update(found.applied)
        if not self._stop.is_set():
            self._judge(stage.phase, found if first else found._replace(missing=()))
        return found

    def _change(self, name: str, order: Order) -> int:
        return self._patiently(lambda: self._asking.change(name, order))

    def _patiently(self, ask: Callable[[], T]) -> T:
        """Ask etcd, again and again while it is out of reach, for as long as the lease may live."""
        while True:
            try:
                return ask()
            except UnreachableError:
                if self._asking.lost or self._stop.wait(RETRY):
                    raise

    def _judge(self, phase: Phase, found: Outcome) -> None:
        problem = trouble(found, {})
        if problem and not (self._options.partly and found.applied):
            raise UnplayableError(f'{called(phase)}: {problem}', found)

    # -- while a phase lasts

    def _wait(self, end: float) -> Iterator[dict[str, Any]]:
        """Wait until a time of the monotonic clock, and tell who joins meanwhile."""
        while not self._stop.is_set():
            yield from self._look()
            left = end - monotonic()
            if left <= 0 or self._stop.wait(min(left, LOOK)):
                return

    def _look(self) -> Iterator[dict[str, Any]]:
        """Find out whether it goes on, and who has joined."""
        assert self._asked is not None
        if self._asking.lost:
            raise VaurienError(f'the scenario has ended: {self._asking.lost}')
        name = self._asked.id
        try:
            state = self._asking.state()
            if state.halted is not None:
                raise TakenError(f'{state.halted.by} has halted the cluster{reason(state.halted)}: the scenario has ended')
            if not any(known.id == name for known in state.orders):
                raise TakenError(f'order {name} was ended by somebody else: the scenario has ended')
            if monotonic() - self._looked >= MEMBERS_LOOK:
                yield from self._joined(name)
                self._looked = monotonic()
        except EtcdError:
            return      # its lease tells when that is too much

    def _joined(self, name: str) -> Iterator[dict[str, Any]]:
        found = made_of(name, {seen.name: seen.applied for seen in self._asking.members()
                               if is_meant(self._options.members, seen) and seen.applied is not None
                               and seen.applied.revision >= self._revision})
        new = sorted(found.applied.keys() - self._applied.keys())
        self._applied.update(found.applied)
        if new:
            yield told('joined', f'  joined, and applied by {in_short(new)}', members=new)
        if found.refused:
            self._judge(self._stages[len(self.played)].phase, found)

    def _end(self, failed: bool) -> str:
        """End what was asked for; where that cannot be said, return what ends it."""
        if self._asked is None:
            return ''
        try:
            if failed:
                self._asking.take_back(self._asked)
            else:
                self._asking.end([self._asked.id])
        except EtcdError as error:
            return f'{error}; members end the scenario by themselves within {self._asking.ttl} s'
        return ''


def told(event: str, text: str, **data: Any) -> dict[str, Any]:
    """Make a piece of what happens."""
    return {'event': event, 'text': text, **data}


def in_force(found: Outcome) -> str:
    """Say who has applied a phase, and who has not."""
    silent = f'; no word from {in_short(found.silent)}' if found.silent else ''
    refused = ''.join(f'; {who} refuses: {why}' for who, why in sorted(found.refused.items()))
    return f'applied by {in_short(sorted(found.applied)) or "nobody"}{silent}{refused}'
