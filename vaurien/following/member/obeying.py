"""Makes of the orders of a cluster what a follower applies, and finds those that it cannot. Knows no etcd."""
from collections.abc import Collection, Iterable

import msgspec
from gevent.lock import RLock

from ...clusters.choice import Self, chosen
from ...clusters.compose import about, called, missing, ordered, plan_of, with_standing
from ...clusters.model import Applied, Order
from ...clusters.state import Known, State
from ...errors import ConfigError
from ...plans.grammar import make_fault
from ...spec import FaultSpec, ProxySpec
from ...words.phases.turns import progress_of
from ..follower import Follower
from ..wanted import Report, Wanted


class Obeying:
    """What a member is by itself, and by the orders that concern it.

    Args:
        follower: Makes the process what is wanted; nothing else may give it anything.
        base: What the process is by itself.
        me: The member.
    """

    def __init__(self, follower: Follower, base: Wanted, me: Self) -> None:
        self._follower, self._base, self.me = follower, base, me
        self._version = 1
        self._changing = RLock()    # applying may wait, for workers
        self._in_force: list[Known] = []
        self._checked: dict[tuple[str, int], str] = {}     # why later phases cannot be applied, by order and its revision
        self._suspended = False

    @property
    def base(self) -> Wanted:
        """What the process is by itself."""
        return self._base

    def rebase(self, base: Wanted) -> Report:
        """Be something else by itself, with the same orders.

        Raises:
            ConfigError, OSError, StoppingError: It is refused; nothing has changed.
        """
        with self._changing:
            plan = self._base.plan if base.plan is None else base.plan
            before, self._base = self._base, msgspec.structs.replace(base, plan=plan)
            try:
                return self._follower.become(self._wanted(self._specs, self._in_force, self._halted))
            except BaseException:
                self._base = before
                raise

    _standing: State | None = None
    _halted = False

    @property
    def _specs(self) -> tuple[ProxySpec, ...]:
        return with_standing(self._base.specs, self._standing.proxies if self._standing else (), self.me)[0]

    def become(self, state: State, over: Collection[str] = ()) -> Applied:
        """Become what is wanted, as far as it can be, and say what could not.

        An order that cannot be applied is left out, whole; what the others want is in force.

        Args:
            state: What is wanted.
            over: Ids of orders whose time is over, whether or not etcd has them still.
        """
        with self._changing:
            return self._become(state, over)

    def _become(self, state: State, over: Collection[str]) -> Applied:
        revision, bad = state.revision, dict(state.bad)     # more may be wanted by the time when this is applied
        self._standing, self._halted = state, state.halted is not None
        specs, refused = with_standing(self._base.specs, state.proxies, self.me)
        orders = [known for known in state.orders if known.id not in over and chosen(known.order.members, self.me)]
        orders = self._without_unplayable(specs, orders, refused)
        error = self._try(specs, orders)
        if error:
            orders = self._some(specs, orders, refused)
        self._in_force = orders
        lacking = {known.id: names for known in orders if (names := missing(known.order, specs))}
        return Applied(revision=revision, orders={known.id: about(known.order, specs) for known in orders},
                       refused={**bad, **refused}, missing=lacking, halted=self._halted)

    def suspend(self, on: bool) -> str:
        """Let backends be up that are down by orders, or down again, as their other faults are suspended, or in force again.

        Returns:
            Why that could not be done; empty: it was.
        """
        with self._changing:
            self._suspended = on
            if not any(known.order.phase is not None for known in self._in_force):
                return ''
            return self._try(self._specs, self._in_force)

    def _without_unplayable(self, specs: tuple[ProxySpec, ...], orders: list[Known], refused: dict[str, str]) -> list[Known]:
        """Return orders without those of which a later phase cannot be applied, and note why; each is looked at once."""
        before, self._checked = self._checked, {}
        for known in orders:
            if known.order.later:
                key = known.id, known.changed
                self._checked[key] = before[key] if key in before else self._later(specs, known)
        wrong = {name: error for (name, _), error in self._checked.items() if error}
        refused.update(wrong)
        return [known for known in orders if known.id not in wrong]

    def _later(self, specs: tuple[ProxySpec, ...], known: Known) -> str:
        """Return why a later phase of an order cannot be applied; empty: all can be."""
        for phase in known.order.later:
            for progress in {0.0, progress_of(phase)[-1]}:  # what is between two values that are allowed is allowed
                trial = msgspec.structs.replace(known.order, phase=phase, progress=progress, later=())
                try:
                    error = self._follower.check(self._wanted(specs, [known._replace(order=trial)], False))
                except ConfigError as refused:
                    error = str(refused)
                if error:
                    return error if error.startswith(called(phase)) else f'{called(phase)}: {error}'
        return ''

    def _some(self, specs: tuple[ProxySpec, ...], orders: list[Known], refused: dict[str, str]) -> list[Known]:
        """Apply what can be applied, beginning with what is in force already, and note why the rest cannot."""
        there = {(known.id, known.changed) for known in self._in_force}
        kept = [known for known in orders if (known.id, known.changed) in there]
        if self._try(specs, kept):
            kept = []
            if error := self._try(specs, kept):     # it is no order's fault, but that of a proxy
                refused.update({spec.name: error for spec in specs if spec not in self._base.specs} or {'': error})
                specs = self._base.specs
                self._try(specs, kept)
        for known in orders:
            if known in kept:
                continue
            trial = sorted([*kept, known], key=lambda one: (one.created, one.id))
            error = self._try(specs, trial)
            if error:
                refused[known.id] = error
            else:
                kept = trial
        return kept

    def _try(self, specs: Iterable[ProxySpec], orders: Iterable[Known]) -> str:
        """Apply orders, and return why that was refused; empty: it was not."""
        try:
            wanted = self._wanted(tuple(specs), orders, self._halted)
        except ConfigError as error:
            return str(error)
        report = self._follower.apply(wanted)
        return '' if report.applied else report.error or 'it was not applied'

    def _wanted(self, specs: tuple[ProxySpec, ...], orders: Iterable[Known], halted: bool) -> Wanted:
        asked = [known.order for known in orders]
        self._version += 1
        return Wanted(version=self._version, specs=ordered(specs, asked, halted or self._suspended), defaults=self._base.defaults,
                      halted=halted, plan=(*(self._base.plan or ()), *entries(asked)))


def entries(orders: Iterable[Order]) -> list[FaultSpec]:
    """Read the entries of the plan of all orders, in their order.

    Raises:
        ConfigError: One is none.
    """
    return [make_fault(entry, 'plan') for order in orders for entry in plan_of(order)]
