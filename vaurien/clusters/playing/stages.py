"""From a scenario to what a cluster is asked for, one after the other. All that needs no member to be known is checked here."""
from typing import NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from ...errors import ConfigError
from ...options import Bounded, Option, convert
from ...spec import MAX_NAME, ProxySpec
from ...words.phases.conditions import in_phase
from ...words.phases.duration import in_words, read_duration
from ...words.phases.model import MAX_SCALE, MIN_SCALE, Phase, Scenario
from ...words.phases.turns import in_order, progress_of, summary

ENDS = 'requests', 'faults', 'errors_above', 'errors_below'     #: what ends a phase before its time where one process plays it
SCALE = Option('What all times are multiplied with', Bounded(float, MIN_SCALE, MAX_SCALE), 1.0)


class Stage(NamedTuple):
    """A phase as it is played.

    Args:
        name: How it is called; turns of one phase have names of their own.
        seconds: How long it lasts.
        phase: What members are asked for, under the name that it has in the file.
        progress: How far its ramps are in each of its steps, which last equally long.
    """

    name: str
    seconds: float
    phase: Phase
    progress: list[float]

    def __str__(self) -> str:
        return f'{self.name}, {in_words(self.seconds)}: {summary(self.phase)}'


def make_stages(scenario: Scenario, label: str, scale: float = 1.0) -> list[Stage]:
    """Return the phases of a scenario as they are played.

    Args:
        scenario: The scenario.
        label: How the user knows its file.
        scale: What all times are multiplied with.

    Raises:
        ConfigError: It has proxies of its own or an ``until``, or what a phase says cannot be read.
    """
    scale = convert('scale', SCALE, scale)
    if scenario.proxy:
        raise ConfigError(f'{label} [[proxy]]', scenario.proxy[0].name,
                          'no proxy of its own over a cluster: phases are about those that its members have')

    def make(phase: Phase, name: str, where: str) -> Stage:
        if not isinstance(phase.until, UnsetType):
            ends = [key for key in ENDS if getattr(phase.until, key) is not UNSET]
            raise ConfigError(f'{where} until', ', '.join(ends), 'no until over a cluster, where phases end by their time alone')
        seconds, progress = read_duration(phase.duration, f'{where} for') * scale, progress_of(phase)
        for proxy in ('', *phase.on):
            for way in (progress[0], progress[-1]):
                in_phase(ProxySpec(name=proxy), phase, way, where)
        return Stage(name, seconds, msgspec.structs.replace(phase, name=name[:MAX_NAME]), progress)
    return in_order(scenario, label, make, lambda stage, name: stage._replace(name=name))


def later(stages: list[Stage]) -> tuple[Phase, ...]:
    """Return the phases after the first one, each once."""
    first, *others = {id(stage.phase): stage.phase for stage in stages}.values()
    return tuple(others)
