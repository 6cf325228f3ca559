"""What all steps are given. Knows no step."""
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ...protocols.effects.words import Effects
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
        must_tolerate: Whether a failure that is worth another try may not end a test.
    """

    runner: Runner
    protocols: Mapping[str, str]
    effects: Mapping[str, Effects]
    options: Sequence[str]
    command: Sequence[str]
    limit: float
    level: int = 1
    must_tolerate: bool = False
