"""What all steps are given. Knows no step."""
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from ...protocols.effects.words import Effects
from ...protocols.kinds import CATEGORIES
from ..findings import Hit
from ..suite.kinds import SERVED
from ..suite.runner import Runner


class Given(NamedTuple):
    """What is explored.

    Args:
        runner: Makes runs.
        protocols: What the proxies speak.
        effects: What requests do, by proxy.
        options: What says on a command line where the backends are.
        command: The command.
        limit: Seconds that each test may take in any case.
        level: What is tried: 1, 2 or 3.
        only: Shapes of requests that are tried; empty: all.
        classes: Letters of the classes that are tried.
        must_tolerate: Whether a failure that is worth another try may not end a test.
        handshakes: How the proxies have their clients' TLS, as ``handshake_of`` says.
    """

    runner: Runner
    protocols: Mapping[str, str]
    effects: Mapping[str, Effects]
    options: Sequence[str]
    command: Sequence[str]
    limit: float
    level: int = 1
    only: Sequence[str] = ()
    classes: str = ''.join(CATEGORIES)
    must_tolerate: bool = False
    handshakes: Mapping[str, str] = MappingProxyType({})

    @property
    def again(self) -> list[str]:
        """The options of an exploration that finds the same."""
        suite = self.runner.suite
        served = ['--ready', suite.ready, '--drive', suite.drive] if suite.kind == SERVED else []
        state = ['--state', self.runner.state] if self.runner.state else []
        return [*self.options, *served, *state, '--limit', f'{self.limit:g}', '--level', f'{self.level}']

    def alone(self, hit: Hit) -> list[str]:
        """Return the command with the one test that shows a verdict."""
        return self.runner.suite.narrowed(hit.where or hit.point.place.test)
