"""Makes a fleet what a source wants, one version after the other, and reports what became of each. Knows no source."""
import logging
from collections.abc import Callable
from typing import Any

import gevent
from gevent.event import Event
from gevent.lock import RLock

from ..errors import in_words
from ..net.breath import Breath
from ..plans.entry import Entry
from ..protocols import Protocol
from ..proxies.fleet import Fleet
from ..registry import IMPORT_ERRORS
from ..spec import FaultSpec, tls_sides
from .halt import Halt
from .wanted import Report, Seen, Wanted, is_older

logger = logging.getLogger(__name__)


class Follower:
    """Applies what is wanted to a fleet.

    A ``Wanted`` is applied whole or not at all, in the order in which they come; one that was applied, or refused, is not looked
    at again. Proxies that were made by others than the source are left alone.

    Args:
        fleet: What is to become what is wanted.
        told: Called with the report of each that was given to ``offer``; None: nothing is.
    """

    def __init__(self, fleet: Fleet, told: Callable[[Report], None] | None = None) -> None:
        self._fleet, self._told = fleet, told
        self._halt = Halt(fleet)
        self._healed = False
        self._seen: Seen | None = None
        self._applied: Wanted | None = None
        self._plan: tuple[FaultSpec, ...] | None = None     # the newest that was in force
        self._lock = RLock()
        self._newest: Wanted | None = None      # of those that were offered, and not looked at yet
        self._offered = Event()
        self._greenlet: Any = None

    @property
    def wanted(self) -> Wanted | None:
        """What is in force, also while it is healed; None: nothing was applied yet."""
        return self._applied

    @property
    def halted(self) -> bool:
        """Whether all faults are suspended."""
        return self._halt.on

    # -- one after the other

    def become(self, wanted: Wanted) -> Report:
        """Make the fleet what is wanted, before this returns.

        Raises:
            ConfigError, OSError, StoppingError: It is refused; nothing has changed.
        """
        with self._lock:
            known = self._known(wanted)
            if known is not None:
                return known
            report = self._become(wanted)
            self._applied, self._seen = wanted, Seen(wanted, report)
            return report

    def apply(self, wanted: Wanted) -> Report:
        """Make the fleet what is wanted, before this returns, and say what came of it; nothing is raised where it is refused."""
        with self._lock:
            try:
                return self.become(wanted)
            except IMPORT_ERRORS as error:  # plugins are imported and made: it may be anything
                report = Report(version=wanted.version, applied=False, error=in_words(error))
                self._seen = Seen(wanted, report)
                return report

    def _known(self, wanted: Wanted) -> Report | None:
        """Return the report of what needs no look; None: it does."""
        if self._seen is None:
            return None
        seen = self._seen
        if wanted == seen.wanted and (seen.report.applied or seen.report.error):
            return seen.report
        if is_older(wanted.version, seen.wanted.version):
            return overtaken(wanted)
        return None

    def _become(self, wanted: Wanted) -> Report:
        fleet, before = self._fleet, self._applied
        # checked first, and put in force when the proxies are: no client comes in between
        plan = self._check_plan(wanted) if wanted.plan not in (None, self._plan) else None
        was_on = self._halt.on
        if wanted.halted:
            self._halt.begin()
        try:
            done = fleet.reconcile(wanted.specs)
        except BaseException:
            if not was_on:
                self._halt.end()
            raise
        if self._halt.on:
            said = {} if before is None else {spec.name: spec for spec in before.specs}
            self._halt.keep(spec for spec in wanted.specs if said.get(spec.name) != spec)
        if plan is not None:
            fleet.plan.adopt(plan)
            self._plan = wanted.plan
        if wanted.defaults is not None:
            fleet.defaults = wanted.defaults
        if not (wanted.halted or self._healed):
            self._halt.end()
        return Report(version=wanted.version, applied=True, created=tuple(done.created), changed=tuple(done.changed),
                      removed=tuple(done.removed))

    def _check_plan(self, wanted: Wanted) -> list[Entry]:
        if wanted.plan:
            self._fleet.check_alone('plan')
        sides = {proxy.name: (proxy.protocol, *proxy.tls_sides) for proxy in self._fleet.proxies.values()}
        gone = () if self._applied is None else self._applied.specs
        for spec in gone:
            sides.pop(spec.name, None)
        sides.update({spec.name: (Protocol.get(spec.protocol), *tls_sides(spec)) for spec in wanted.specs})
        return self._fleet.plan.prepare(wanted.plan or (), 'plan', list(sides.items()))

    def check(self, wanted: Wanted) -> str:
        """Return why the fleet cannot become what is wanted, as far as that can be known before; empty: nothing is known."""
        breathe = Breath()
        try:
            for spec in wanted.specs:
                breathe()
                self._fleet.validate(spec)
            self._check_plan(wanted)
        except IMPORT_ERRORS as error:
            return in_words(error)
        return ''

    # -- as they come

    def offer(self, wanted: Wanted) -> None:
        """Have the fleet made what is wanted soon, and return at once; what another one overtakes before is never applied."""
        overtook, self._newest = self._newest, wanted
        if overtook is not None:
            self._tell(overtaken(overtook))
        self._offered.set()
        if self._greenlet is None:
            self._greenlet = gevent.spawn(self._follow)

    def _follow(self) -> None:
        while self._offered.wait():
            self._offered.clear()
            wanted, self._newest = self._newest, None
            if wanted is not None:
                self._tell(self.apply(wanted))

    def _tell(self, report: Report) -> None:
        if self._told is not None:
            self._told(report)

    def close(self) -> None:
        """Apply nothing more of what was offered."""
        if self._greenlet is not None:
            self._greenlet.kill()
            self._greenlet = None

    # -- without its source

    def heal(self) -> None:
        """Suspend all faults until ``resume``, whatever is wanted meanwhile; bytes are relayed on, and nothing is forgotten."""
        with self._lock:
            self._healed = True
            self._halt.begin()

    def resume(self) -> None:
        """Put the faults in force again that are wanted now; where they are wanted to be halted, they stay so.

        Raises:
            ConfigError, OSError, StoppingError: They cannot be, and stay suspended.
        """
        with self._lock:
            self._healed = False
            if self._applied is None or not self._applied.halted:
                self._halt.end()


def overtaken(wanted: Wanted) -> Report:
    """Return the report of one that is not looked at."""
    return Report(version=wanted.version, applied=False, overtaken=True)
