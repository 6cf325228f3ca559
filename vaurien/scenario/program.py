"""A scenario as it is played: its phases one after the other, each with what the proxies become and when. All is checked here,
before the first begins. Knows specs, and no proxy.
"""
from collections.abc import Callable
from typing import Any, NamedTuple

from msgspec import UNSET, UnsetType

from ..config.toxics import read_toxic
from ..errors import ConfigError, UnknownPluginError
from ..options import known
from ..plans.globs import Glob
from ..plans.grammar import make_fault
from ..plans.plan import make_entries
from ..protocols import Protocol
from ..spec import FaultSpec, ProxyDefaults, ProxySpec, tls_sides
from ..words.phases.conditions import in_phase, mix_of, wire_of
from ..words.phases.duration import in_words, read_duration
from ..words.phases.model import Phase, Scenario, Until
from ..words.phases.turns import in_order, progress_of, summary

Check = Callable[[ProxySpec], Any]  #: raises where a spec cannot be what a proxy is
Specs = dict[str, ProxySpec]    #: by the name of the proxy


class Condition(NamedTuple):
    """What ends a phase before its time; times in seconds. None: that does not matter."""

    requests: int | None = None
    faults: int | None = None
    errors_above: float | None = None
    errors_below: float | None = None
    over: float = 1.0
    after: float = 0.0


class Step(NamedTuple):
    """What proxies become, so many seconds after the phase has begun."""

    at: float
    specs: Specs


class Stage(NamedTuple):
    """A phase as it is played.

    Args:
        name: How the report calls it.
        seconds: How long it lasts, at the most.
        until: What ends it earlier; None: nothing.
        steps: What the proxies become; the first at once.
        summary: What holds, in a line.
        plan: What single requests get meanwhile.
    """

    name: str
    seconds: float
    until: Condition | None
    steps: tuple[Step, ...]
    summary: str
    plan: tuple[FaultSpec, ...] = ()


class Program:
    """All stages of a scenario.

    Args:
        scenario: The scenario.
        before: What the proxies are before it, by name.
        check: Raises ``ConfigError`` where a proxy cannot become what it should.
        label: How the user knows the file.
        scale: What all times are multiplied with.

    Attributes:
        name: What the report is about.

    Raises:
        ConfigError: A proxy, a name or a value does not fit.
    """

    def __init__(self, scenario: Scenario, before: Specs, check: Check, label: str, scale: float = 1.0) -> None:
        self._before, self._check, self._label, self._scale = before, check, label, scale
        self.name = scenario.name or label
        self.stages: list[Stage] = in_order(scenario, label, self._stage, lambda stage, name: stage._replace(name=name))

    @property
    def seconds(self) -> float:
        """How long it takes, at the most."""
        return sum(stage.seconds for stage in self.stages)

    def _stage(self, phase: Phase, name: str, where: str) -> Stage:
        for proxy in phase.on:
            if proxy not in self._before:
                raise ConfigError(f'{where} on', proxy, known(proxy, self._before))
        seconds = read_duration(phase.duration, f'{where} for') * self._scale
        return Stage(name, seconds, self._condition(phase.until, where), self._steps(phase, seconds, where), summary(phase),
                     self._plan(phase, f'{where} plan'))

    def _condition(self, until: Until | UnsetType, where: str) -> Condition | None:
        if isinstance(until, UnsetType):
            return None
        counted = 'requests', 'faults', 'errors_above', 'errors_below'
        values: dict[str, Any] = {key: getattr(until, key) for key in counted if getattr(until, key) is not UNSET}
        if not values:
            raise ConfigError(f'{where} until', {}, 'requests, faults, errors_above or errors_below in it')
        after = 0.0 if until.after is None else read_duration(until.after, f'{where} until.after')
        over = read_duration(until.over, f'{where} until.over')
        return Condition(**values, over=over * self._scale, after=after * self._scale)

    def _steps(self, phase: Phase, seconds: float, where: str) -> tuple[Step, ...]:
        ways = progress_of(phase)
        steps = tuple(Step(seconds * number / len(ways), self._specs(phase, way, where)) for number, way in enumerate(ways))
        for step in (steps[0], steps[-1]):  # what is between two values that are allowed is allowed
            for name, spec in step.specs.items():
                checked(spec, self._check, f'{where} on.{name}' if name in phase.on else where)
        return steps

    def _plan(self, phase: Phase, where: str) -> tuple[FaultSpec, ...]:
        found = tuple(make_fault(fault, f'{where}[{number}]') for number, fault in enumerate(phase.plan))
        for number, fault in enumerate(found):
            if not any(map(Glob(fault.proxy).matches, self._before)):
                raise ConfigError(f'{where}[{number}] proxy', fault.proxy, known(fault.proxy, self._before))
        sides = {name: (Protocol.get(spec.protocol), *tls_sides(spec)) for name, spec in self._before.items()}
        make_entries(found, list(sides.items()), where)
        return found

    def _specs(self, phase: Phase, progress: float, where: str) -> Specs:
        return {name: in_phase(before, phase, progress, where, read_toxic) for name, before in self._before.items()}


def checked(spec: ProxySpec, check: Check, where: str) -> ProxySpec:
    """Return a spec that a proxy can be.

    Raises:
        ConfigError: It cannot; the message says where that stands.
    """
    try:
        check(spec)
    except UnknownPluginError as error:
        raise ConfigError(f'{where} {error.kind}', error.name, known(str(error.name), error.known)) from None
    except ConfigError as error:
        raise ConfigError(f'{where} {error.option}', error.value, error.reason) from None
    return spec


def make_proxies(scenario: Scenario, defaults: ProxyDefaults, label: str) -> list[ProxySpec]:
    """Make the specs of a scenario's own proxies.

    Args:
        scenario: The scenario.
        defaults: What proxies are made with of which nothing else is said.
        label: How the user knows the file.

    Raises:
        ConfigError: A mix, a toxic or a link cannot be read.
    """
    found = []
    for number, table in enumerate(scenario.proxy, 1):
        where = f'{label} [[proxy]] {number} ({table.name})'
        found.append(defaults.make(
            name=table.name, proxy=table.proxy, backend=table.backend, protocol=table.protocol,
            protocol_settings=table.protocol_settings, mix=mix_of(table.mix, f'{where} mix'), settings=table.settings,
            toxics=wire_of(table.toxics, table.link, where, read_toxic)))
    return found


def describe(stage: Stage) -> str:
    """Say how long a stage lasts and what holds in it."""
    return f'{in_words(stage.seconds)}{" at most" if stage.until else ""}: {stage.summary}'
