"""Plays a scenario: lets proxies become what its phases say, when they say it, and puts back what was there. Knows the fleet."""
import time
from collections.abc import Callable
from typing import Any

import msgspec
from gevent.event import Event

from ..errors import VaurienError, in_words
from ..plans.entry import Entry
from ..proxies.fleet import Fleet
from ..proxies.journal import Fault
from ..proxies.refusals import AlreadyPlayedError
from ..words.phases.conditions import CHANGED, is_down
from .counts.recorder import Planned, Played, Recorder
from .program import Program, Specs, Stage, describe

LOOK = 0.02     #: [s] between two looks at what ends a phase before its time
#: why a phase, or the whole, has ended
TIME, UNTIL, STOPPED, FAILED = 'time', 'until', 'stopped', 'failed'

Counts = tuple[int, int, int]


class Player:
    """Plays a program once.

    Args:
        fleet: The proxies.
        program: What is played.
        tell: Called with a line for each phase.

    Raises:
        AlreadyPlayedError: Another scenario changes these proxies.

    Attributes:
        recorder: What has happened.
        name: What the report is about.
        began: When it began [s since 1970].
        trouble: Why a phase could not be applied, or what was there before not be put back; empty: neither.
        missed: Phases that ended by their time though there was something that was to end them.
        unmet: Whether an entry of a phase's plan was applied to no request.
    """

    def __init__(self, fleet: Fleet, program: Program, tell: Callable[[str], Any]) -> None:
        if fleet.scenario is not None:
            raise AlreadyPlayedError(fleet.scenario)
        fleet.scenario = program.name
        self._fleet, self._program, self._tell = fleet, program, tell
        self.recorder, self.name = Recorder(), program.name
        self.began, self.trouble = time.time(), ''
        self.missed: list[str] = []
        self.unmet = False
        self._counts: dict[str, Counts] = {}
        fleet.exchanges.follow(self.recorder.exchange)
        fleet.journal.follow(self._fault)

    def _fault(self, fault: Fault) -> None:
        self.recorder.fault(fault.proxy, f'{fault.behavior} {fault.kind}'.strip())

    def close(self) -> None:
        """Count no more, and let others play."""
        self._fleet.scenario = None
        self._fleet.exchanges.unfollow(self.recorder.exchange)
        self._fleet.journal.unfollow(self._fault)

    def play(self, stop: Event) -> str:
        """Play all phases, and put back what was there before, however they end.

        Args:
            stop: Set to end it.

        Returns:
            Why it has ended: ``TIME``, ``STOPPED`` or ``FAILED``, which ``trouble`` tells more of.
        """
        before = {name: proxy.spec for name, proxy in self._fleet.proxies.items()}
        self.began, why, stages = time.time(), TIME, self._program.stages
        try:
            for number, stage in enumerate(stages, 1):
                self._tell(f'phase {number} of {len(stages)}, {stage.name}, {describe(stage)}')
                why = self._play(stage, stop)
                if why in (STOPPED, FAILED):
                    break
        finally:
            self._put_back(before)
        return FAILED if self.trouble else why if why == STOPPED else TIME

    def _play(self, stage: Stage, stop: Event) -> str:
        self._counts = self._count()
        down = (name for name, spec in stage.steps[0].specs.items() if is_down(spec))
        played = self.recorder.begin(stage.name, stage.until, down)
        entries: list[Entry] = []
        try:
            entries += self._fleet.plan.add(stage.plan, 'plan')
            why = self._play_steps(stage, stop)
        except VaurienError as error:
            why = self._fails(stage.name, error)
        finally:
            self._fleet.plan.take_back(entries)
        played.plan = tuple(Planned(entry.text, entry.matched, entry.applied, entry.why_not) for entry in entries)
        self.unmet = self.unmet or any(not entry.applied for entry in entries)
        self._count_connections(played)
        self.recorder.end(why)
        if stage.until is not None and why == TIME:
            self.missed.append(stage.name)
        return why

    def _play_steps(self, stage: Stage, stop: Event) -> str:
        start = time.monotonic()
        for step, end in zip(stage.steps, [*(step.at for step in stage.steps[1:]), stage.seconds], strict=True):
            why = self._become(step.specs, stage.name) or self._wait(start + end, stage, stop)
            if why != TIME:
                return why
        return TIME

    def _fails(self, what: str, error: Exception) -> str:
        """Record that something cannot be applied; return why that ends the phase."""
        self.trouble = self.trouble or f'{what} cannot be applied: {in_words(error)}'
        return FAILED

    def _wait(self, end: float, stage: Stage, stop: Event) -> str:
        """Wait until a time of the monotonic clock, or what ends the phase."""
        while (left := end - time.monotonic()) > 0:
            if stop.wait(left if stage.until is None else min(left, LOOK)):
                return STOPPED
            if stage.until is not None and self.recorder.met(stage.until):
                return UNTIL
        return STOPPED if stop.is_set() else TIME

    # -- what proxies become

    def _become(self, wanted: Specs, what: str) -> str:
        """Change all proxies, or none; return why that ends the phase."""
        try:
            self._fleet.become([spec for name in wanted if (spec := self._changed(name, wanted)) is not None])
        except (VaurienError, OSError) as error:
            return self._fails(what, error)
        return ''

    def _changed(self, name: str, wanted: Specs) -> Any:
        """Return what a proxy is to become; None: it is that already. What a phase does not change is as others have made it."""
        now = self._fleet.get(name).spec
        fields = {field: getattr(wanted[name], field) for field in CHANGED}
        found = msgspec.structs.replace(now, **fields)
        return None if found == now else found

    def _put_back(self, before: Specs) -> None:
        there = {name: spec for name, spec in before.items() if name in self._fleet.proxies}
        if self._become(there, 'what was there before') != FAILED:
            return
        for name in there:      # one of them cannot be what it was: that is no reason for the others
            self._become({name: there[name]}, name)

    # -- connections

    def _count(self) -> dict[str, Counts]:
        return {name: (proxy.stats.accepted, proxy.stats.refused, proxy.stats.backend_errors)
                for name, proxy in self._fleet.proxies.items()}

    def _count_connections(self, played: Played) -> None:
        for name, counts in self._count().items():
            tally, old = played.proxies[name], self._counts.get(name, (0, 0, 0))
            tally.accepted, tally.refused, tally.unreachable = (now - then for now, then in zip(counts, old, strict=True))
