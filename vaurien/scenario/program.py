"""A scenario as it is played: its phases one after the other, each with what the proxies become and when. All is checked here,
before the first begins. Knows specs, and no proxy.
"""
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from msgspec import UNSET, UnsetType

from ..errors import ConfigError, UnknownPluginError
from ..options import known
from ..plans.globs import Glob
from ..plans.grammar import make_fault
from ..plans.plan import make_entries
from ..protocols import Protocol
from ..spec import FaultSpec, ProxyDefaults, ProxySpec, tls_sides
from .conditions import become, mix_of, wire_of
from .duration import in_words, read_duration
from .model import MAX_PLAYED, Conditions, Phase, Ramp, Scenario, Until

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
        one_round = [stage for number, phase in enumerate(scenario.phase, 1) for stage in self._stages(phase, number)]
        if len(one_round) * scenario.repeat > MAX_PLAYED:
            raise ConfigError(f'{label} repeat', scenario.repeat, f'at most {MAX_PLAYED} phases in all')
        self.stages = one_round if scenario.repeat == 1 else \
            [stage._replace(name=f'{stage.name} #{turn}') for turn in range(1, scenario.repeat + 1) for stage in one_round]

    @property
    def seconds(self) -> float:
        """How long it takes, at the most."""
        return sum(stage.seconds for stage in self.stages)

    def _stages(self, phase: Phase, number: int) -> Iterator[Stage]:
        name = f'phase {number}' if phase.name is UNSET else str(phase.name)
        where = f'{self._label} [[phase]] {number}' + ('' if phase.name is UNSET else f' ({name})')
        for proxy in phase.on:
            if proxy not in self._before:
                raise ConfigError(f'{where} on', proxy, known(proxy, self._before))
        seconds = read_duration(phase.duration, f'{where} for') * self._scale
        stage = Stage(name, seconds, self._condition(phase.until, where), self._steps(phase, seconds, where), summary(phase),
                      self._plan(phase, f'{where} plan'))
        if phase.repeat > MAX_PLAYED:
            raise ConfigError(f'{where} repeat', phase.repeat, f'at most {MAX_PLAYED} phases in all')
        for turn in range(1, phase.repeat + 1):
            yield stage if phase.repeat == 1 else stage._replace(name=f'{name} {turn}')

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
        ramps = any(layer.ramp != Ramp() for layer in (phase, *phase.on.values()))
        count = phase.steps if ramps else 1
        steps = tuple(Step(seconds * number / count, self._specs(phase, number / max(1, count - 1), where))
                      for number in range(count))
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
        found = {}
        for name, before in self._before.items():
            layers: list[Conditions] = [phase, *([phase.on[name]] if name in phase.on else [])]
            found[name] = become(before, layers, progress, f'{where} on.{name}' if name in phase.on else where)
        return found


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


def summary(phase: Phase) -> str:
    """Say in a line what holds in a phase."""
    planned = f'a plan of {len(phase.plan)}' if phase.plan else ''
    own = ', '.join(filter(None, (conditions_in_words(phase), planned)))
    found = [own, *(f'{name}: {conditions_in_words(part)}' for name, part in phase.on.items())]
    return '; '.join(filter(None, found)) or 'as it was before'


def conditions_in_words(found: Conditions) -> str:
    """Say in a few words what holds."""
    words = []
    if found.down is not UNSET:
        words.append({False: 'up', 'hang': 'hangs'}.get(found.down, 'down'))
    if found.mix is not UNSET:
        words.append(f'mix {found.mix}' if isinstance(found.mix, str) else 'a mix')
    if found.link is not UNSET:
        words.append(f'link {found.link}')
    if found.toxics is not UNSET:
        words.append('toxics ' + (', '.join(toxic if isinstance(toxic, str) else toxic.type for toxic in found.toxics) or 'none'))
    ramps: dict[str, Any] = {**found.ramp.mix, **found.ramp.toxics, **found.ramp.settings}
    words += [f'ramp of {name}' for name in ramps]
    words += [f'settings of {name}' for name in found.settings]
    return ', '.join(words)


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
            toxics=wire_of(table.toxics, table.link, where)))
    return found


def describe(stage: Stage) -> str:
    """Say how long a stage lasts and what holds in it."""
    return f'{in_words(stage.seconds)}{" at most" if stage.until else ""}: {stage.summary}'
